use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::Path;

/// The path of memprof from the user's crate: `::memprof`, or the path in `crate = path`.
///
/// A path that begins with `::` is not captured by a module or a type of the user that has the same name.
pub(crate) struct Root(TokenStream);

impl Root {
    pub(crate) fn new(path: Option<&Path>) -> Self {
        Self(path.map_or_else(|| quote_spanned!(Span::mixed_site()=> ::memprof), ToTokens::to_token_stream))
    }

    pub(crate) fn public(&self) -> &TokenStream {
        &self.0
    }

    /// The module with all the names that generated code may use.
    pub(crate) fn private(&self) -> TokenStream {
        let root = &self.0;
        quote_spanned!(Span::mixed_site()=> #root::__private)
    }

    /// The same module, for a macro that asks for its file and line: the compiler takes the location of its first
    /// token, so all tokens are moved there.
    pub(crate) fn private_at(&self, span: Span) -> TokenStream {
        let root = relocated(self.0.clone(), span);
        quote_spanned!(span=> #root::__private)
    }
}

fn relocated(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token: TokenTree| {
            token.set_span(span);
            token
        })
        .collect()
}

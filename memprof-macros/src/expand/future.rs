use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, Ident, Pat, PatType, Signature};

use super::body::{Param, braced, enclosed, with_items};
use super::output::future as future_of;
use super::typed::Typed;
use crate::item::{Body, Function, place};
use crate::limits::LimitArgs;
use crate::params::{NamedBy, Names, never_drops, of_locals, rebind, rebind_all};
use crate::root::Root;

/// An `async fn`, rewritten into the function that the compiler makes of it. It returns the tracked future itself,
/// which stores the arguments once. These tokens belong to edition 2024, whatever the user's edition, so its type
/// captures all lifetimes, like that of an `async fn`.
///
/// The type of an async block cannot be written on it, and without it `?` has no error type, `return Box::new(x)` no
/// trait object and a closure no arguments. So `output` stands for the type: it is tied to that of the function, and
/// the block's type is tied to it.
///
/// *Input*
/// ```text
/// async fn fetch(self, mut url: String, (a, b): Pair) -> Result<Page, Error> { … }
/// ```
/// *Output*
/// ```text
/// fn fetch(self, url: String, __argument2: Pair) -> impl Future<Output = Result<Page, Error>> {
///     let (output,) = ((::memprof::__private::output)(),);
///     if (::memprof::__private::never)() {
///         return (::memprof::__private::returned)(output);
///     }
///     (::memprof::__private::tracked)(output, { …; &SITE }, async move {
///         if (::memprof::__private::never)() {
///             return (::memprof::__private::value)(output);
///         }
///         let _ = &self;
///         match url { mut url => {
///             let __argument2 = __argument2;
///             let (a, b) = __argument2;
///             { ({ … }) }
///         } }
///     })
/// }
/// ```
///
/// With `stays_async` another macro needs an `async fn`. Then the compiler's own future encloses the tracked one, and
/// stores the arguments a second time.
///
/// *Output*
/// ```text
/// async fn fetch(self, url: String, (a, b): Pair) -> Result<Page, Error> {
///     let (output,) = ((::memprof::__private::output)(),);
///     if (::memprof::__private::never)() {
///         return (::memprof::__private::value)(output);
///     }
///     (::memprof::__private::tracked)(output, { …; &SITE }, async move {
///         …
///         match url { mut url => { … } }
///     })
///     .await
/// }
/// ```
pub(crate) fn tracked(
    function: Function,
    site: &TokenStream,
    limits: &LimitArgs,
    named_by: NamedBy,
    stays_async: bool,
    root: &Root,
) -> TokenStream {
    let Function { attrs, vis, mut sig, body: Body { inner_attrs, block } } = function;
    let there = place(&sig);
    let block = with_items(block, limits, root);
    let typed = Typed::new(&sig, &block, there, root);
    // Other macros may name the parameters: they keep their patterns.
    let params = if named_by == NamedBy::OtherMacros {
        rebind_all(&mut sig, named_by, &block).into_iter().map(Param::Name).collect()
    } else {
        captured(&mut sig, named_by, &block)
    };
    let (expected, body) = (typed.of_block(), enclosed(&params, typed.body(&block), block.span()));
    let code = braced(quote_spanned!(Span::mixed_site()=> #expected #body), block.span());
    // The block begins at the brace of the body: coverage counts none of it as the function's own region, which is the
    // signature.
    let code = quote_spanned!(block.span_open()=> async move #code);
    let future = typed.future(limits.wrap(), site, &code);
    let future = if stays_async {
        typed.returned(&typed.of_async_function(), &quote_spanned!(Span::mixed_site()=> #future.await))
    } else {
        typed.returned(&typed.of_function(), &future)
    };
    if !stays_async {
        sig.asyncness = None;
        sig.output = future_of(&sig, &block, &root.private());
    }
    let body = braced(quote_spanned!(Span::mixed_site()=> #inner_attrs #future), block.span());
    quote!(#(#attrs)* #vis #sig #body)
}

/// Moves every argument that may need dropping into the future, used or not, and there into locals in their order, as
/// the compiler does for an `async fn`.
fn captured(sig: &mut Signature, named_by: NamedBy, body: &Group) -> Vec<Param> {
    let here = Span::mixed_site();
    let mut names = Names::of(body);
    sig.inputs
        .iter_mut()
        .enumerate()
        .map(|(at, input)| match input {
            // It cannot be bound again. If only parts of it are used, all of it must still be captured.
            FnArg::Receiver(receiver) => {
                let (receiver, attrs) = (&receiver.self_token, of_locals(&receiver.attrs));
                Param::Stmts(quote_spanned!(here=> #attrs let _ = &#receiver;))
            }
            FnArg::Typed(param) if stays(param) => Param::Stmts(TokenStream::new()),
            FnArg::Typed(param) => match rebind(param, named_by, &mut names) {
                Some(rebound) => Param::Name(rebound),
                None => Param::Stmts(pattern(param, names.free(format!("__argument{at}"), here))),
            },
        })
        .collect()
}

/// True if moving a parameter makes no difference.
fn stays(param: &PatType) -> bool {
    matches!(&*param.pat, Pat::Ident(name) if name.mutability.is_none() && name.subpat.is_none())
        && never_drops(&param.ty)
}

/// A parameter that is a pattern: it gets a name, and the pattern is bound as a local.
fn pattern(param: &mut PatType, name: Ident) -> TokenStream {
    let here = Span::mixed_site();
    let cfgs = param.attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    let attrs = of_locals(&param.attrs);
    let pattern = &param.pat;
    let place = here.located_at(pattern.span());
    // `_` binds nothing, but lints complain about it in a `let`.
    let (local, parts) = if binds_mutably(pattern.to_token_stream()) {
        // With this name rustc does not check if it must be `mut`.
        let local = format_ident!("_{name}", span = here);
        (quote_spanned!(place=> mut #local), quote_spanned!(place=> #attrs let #pattern = #local;))
    } else if matches!(**pattern, Pat::Wild(_)) {
        (name.to_token_stream(), TokenStream::new())
    } else {
        (name.to_token_stream(), quote_spanned!(place=> #attrs let #pattern = #name;))
    };
    let stmts = quote_spanned!(place=> #(#cfgs)* let #local = #name; #parts);
    param.attrs.retain(|attr| !attr.path().is_ident("expect"));
    *param.pat = Pat::Verbatim(name.to_token_stream());
    stmts
}

/// True if a pattern contains a `ref mut`, or a macro that may.
fn binds_mutably(pattern: TokenStream) -> bool {
    let mut after_ref = false;
    pattern.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => std::mem::replace(&mut after_ref, ident == "ref") && ident == "mut",
        TokenTree::Group(group) => binds_mutably(group.stream()),
        TokenTree::Punct(punct) => punct.as_char() == '!',
        TokenTree::Literal(_) => false,
    })
}

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Path};

use super::body::{UsersBody, braced, call, enclosed};
use crate::args::{InnerAllocator, MainArgs};
use crate::item::{Body, Function, ends_in};
use crate::root::Root;

/// The program's `main`.
///
/// *Input*
/// ```text
/// fn main() -> Result<(), Error> { … }
/// ```
/// *Output*
/// ```text
/// fn main() -> Result<(), Error> {
///     const _: () = {
///         #[global_allocator]
///         static MEMPROF_ALLOCATOR: AllocationTracker<System> = AllocationTracker::system();
///     };
///     let &_ = &(::memprof::__private::main_start)(MainOptions { config: None, allocator: "system", … });
///     { ({ … }) }
/// }
/// ```
///
/// If a runtime's attribute stands below ours, the whole `main` that it generates becomes the body: the profile starts
/// before the runtime and ends after it.
///
/// *Input*
/// ```text
/// #[tokio::main]
/// async fn main() { … }
/// ```
/// *Output*
/// ```text
/// fn main() {
///     …
///     match () {
///         () => {
///             #[tokio::main]
///             async fn main() { … }
///             main()
///         }
///     }
/// }
/// ```
pub(crate) fn profiled(function: Function, args: &MainArgs) -> TokenStream {
    let Function { attrs, vis, sig, body: Body { inner_attrs, block } } = function;
    let start = start(args, sig.ident.span(), &Root::new(args.krate.as_ref()));
    let here = Span::mixed_site();
    let nested = if sig.asyncness.is_some() { has_runtime(&attrs) } else { attrs.iter().any(takes_over) };
    if !nested {
        let braces = block.span();
        let enclosed = enclosed(&[], UsersBody::Value(block), braces);
        let body = braced(quote_spanned!(here=> #inner_attrs #start #enclosed), braces);
        return quote_spanned!(here=> #(#attrs)* #vis #sig #body);
    }
    // `#[cfg]`, lint levels and documentation belong to the program's `main`.
    let (outer, inner): (Vec<_>, Vec<_>) = attrs.iter().partition(|attr| is_inert(attr));
    let (unsafety, abi, output) = (&sig.safety, &sig.abi, &sig.output);
    let (fn_token, ident) = (&sig.fn_token, &sig.ident);
    // One pair of braces, as the user wrote them: rustc would warn about a second one.
    let code = block.stream();
    let inner_body = braced(quote_spanned!(here=> #inner_attrs #code), block.span());
    let body =
        braced(quote_spanned!(here=> #start match () { () => { #(#inner)* #sig #inner_body #ident() } }), block.span());
    quote_spanned!(here=> #(#outer)* #vis #unsafety #abi #fn_token #ident() #output #body)
}

/// `main` in a build without profiling: unchanged. The allocator in the arguments is mentioned, because otherwise the
/// compiler would warn about an unused static.
pub(crate) fn unprofiled(tokens: TokenStream, args: &MainArgs) -> TokenStream {
    let Some(InnerAllocator::Static(path)) = &args.allocator else { return tokens };
    let here = Span::mixed_site();
    quote_spanned!(here=> #tokens const _: fn() = || { let _ = &#path; };)
}

/// The statements before the body: the allocator and the start of the profile.
fn start(args: &MainArgs, there: Span, root: &Root) -> TokenStream {
    let here = Span::mixed_site();
    let private = root.private();
    let (installed, allocator) = installed(args.allocator.as_ref(), root);
    let config = match &args.config {
        Some(path) => quote_spanned!(here=> #private::Option::Some(#path)),
        None => quote_spanned!(here=> #private::Option::None),
    };
    let options = quote_spanned!(here=> #private::MainOptions {
        config: #config, allocator: #allocator, version: #private::option_env!("CARGO_PKG_VERSION")
    });
    let started = call(quote_spanned!(here=> #private::main_start), options, there);
    let bound = quote_spanned!(there=> let &_ = &#started;);
    quote_spanned!(here=> #installed #bound)
}

/// The global allocator and its name in the report. The static has a name that no program uses, because the user's path
/// is resolved next to it.
fn installed(allocator: Option<&InnerAllocator>, root: &Root) -> (TokenStream, String) {
    let here = Span::mixed_site();
    let private = root.private();
    let (inner, made, name) = match allocator {
        None | Some(InnerAllocator::System) => {
            (quote_spanned!(here=> #private::System), quote_spanned!(here=> system()), "system".to_owned())
        }
        Some(InnerAllocator::Jemalloc(_)) => {
            let jemalloc = root.public();
            let jemalloc = quote_spanned!(here=> #jemalloc::Jemalloc);
            (jemalloc.clone(), quote_spanned!(here=> new(#jemalloc)), "jemalloc".to_owned())
        }
        Some(InnerAllocator::Static(path)) => {
            let borrowed = quote_spanned!(here=> #private::Borrowed);
            // "Not an allocator" then points at the path.
            let there = here.located_at(path.span());
            let reference = quote_spanned!(there=> &#path);
            (borrowed.clone(), quote_spanned!(here=> new(#borrowed(#reference))), name_of(path))
        }
        Some(InnerAllocator::None) => return (TokenStream::new(), "none".to_owned()),
    };
    let installed = quote_spanned! {here=>
        const _: () = {
            #[global_allocator]
            static MEMPROF_ALLOCATOR: #private::AllocationTracker<#inner> = #private::AllocationTracker::#made;
        };
    };
    (installed, name)
}

/// `crate :: ALLOC` without the spaces.
fn name_of(path: &Path) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}

/// True if an attribute of an async `main` may start a runtime for it: any that is not known to do something else.
pub(crate) fn has_runtime(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| !is_inert(attr) && !wraps_only(attr))
}

/// True if an attribute of a `main` that is not async still changes the whole function, so that the profile must
/// enclose it.
fn takes_over(attr: &Attribute) -> bool {
    !is_inert(attr) && (ends_in(attr.path(), "main") || wraps_only(attr))
}

/// Attribute macros that leave an async function async.
fn wraps_only(attr: &Attribute) -> bool {
    ends_in(attr.path(), "track_memory") || ends_in(attr.path(), "instrument")
}

/// Attributes that only the compiler and its tools read. A `cfg_attr` may contain any attribute.
fn is_inert(attr: &Attribute) -> bool {
    if attr.path().is_ident("cfg_attr") {
        return !attr.meta.to_token_stream().into_iter().any(|token| token.to_string().contains("main"));
    }
    is_of_tools(attr.path())
}

/// Attributes that only the compiler and its tools read, by name.
pub(super) fn is_of_tools(path: &Path) -> bool {
    const INERT: [&str; 16] = [
        "allow",
        "cfg",
        "cold",
        "deny",
        "deprecated",
        "doc",
        "expect",
        "export_name",
        "forbid",
        "inline",
        "link_section",
        "must_use",
        "no_mangle",
        "optimize",
        "unsafe",
        "warn",
    ];
    const TOOLS: [&str; 4] = ["clippy", "diagnostic", "rustfmt", "rust_analyzer"];
    let Some(first) = path.segments.first() else { return true };
    if path.segments.len() == 1 {
        INERT.iter().any(|name| first.ident == name)
    } else {
        TOOLS.iter().any(|name| first.ident == name)
    }
}

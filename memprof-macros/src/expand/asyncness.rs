use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, ReturnType, Signature, Token, Type};

use super::main::is_of_tools;
use super::typed::is_opaque;

/// Whether an `async fn` with these attributes must stay one.
///
/// An output with `impl Trait` need not be kept from the compiler's own remarks: a closure in it would not know what is
/// expected.
pub(crate) fn stays(attrs: &[Attribute], sig: &Signature) -> bool {
    let wanted = if is_opaque(&sig.output) { is_read_by_others } else { wants_async };
    attrs.iter().any(|attr| wanted(&attr.meta)) || never_returns(sig)
}

/// True if an attribute may be a macro that reads the function.
pub(crate) fn is_read_by_others(meta: &Meta) -> bool {
    let path = meta.path();
    !path.is_ident("must_use") && !path.is_ident("expect") && wants_async(meta)
}

/// True if an attribute must see an `async fn`: any that is not known to be read by the compiler and its tools alone.
/// On a block it may be one that rewrites the functions in it, such as `#[async_trait]`.
pub(crate) fn wants_async(meta: &Meta) -> bool {
    // Of these the compiler and Clippy take note, and say other things of an `async fn` than of a function that returns
    // a future: `#[must_use]` holds for what comes out of the future.
    let path = meta.path();
    if path.is_ident("must_use") || path.is_ident("expect") {
        return true;
    }
    match meta {
        Meta::List(list) if path.is_ident("cfg_attr") => {
            match list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) {
                Ok(metas) => metas.iter().skip(1).any(wants_async),
                Err(_) => true,
            }
        }
        _ => !is_of_tools(path),
    }
}

/// `impl Future<Output = !>` is no stable Rust.
fn never_returns(sig: &Signature) -> bool {
    matches!(&sig.output, ReturnType::Type(_, ty) if matches!(**ty, Type::Never(_)))
}

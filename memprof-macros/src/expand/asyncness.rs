use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, ReturnType, Signature, Token, Type};

use super::main::is_of_tools;
use super::typed::is_opaque;

/// True if an `async fn` with these attributes must stay one.
///
/// An output such as `Vec<impl Fn(u8)>` keeps its `async fn` only for attributes that read the signature: rewritten, a
/// closure in the output would have no expected type.
pub(crate) fn stays(attrs: &[Attribute], sig: &Signature) -> bool {
    let wanted = if is_opaque(&sig.output) { is_read_by_others } else { wants_async };
    attrs.iter().any(|attr| wanted(&attr.meta)) || never_returns(sig)
}

/// True if an attribute may be a macro that reads the function.
pub(crate) fn is_read_by_others(meta: &Meta) -> bool {
    let path = meta.path();
    !path.is_ident("must_use") && !path.is_ident("expect") && wants_async(meta)
}

/// True if an attribute must see an `async fn`: any that is not known to be read by the compiler and its tools only. On
/// a block it may be one that rewrites the functions in it, such as `#[async_trait]`.
pub(crate) fn wants_async(meta: &Meta) -> bool {
    // The compiler and Clippy interpret these differently for an `async fn` and for a function that returns a future:
    // `#[must_use]` applies to the output of the future.
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

/// `impl Future<Output = !>` is not stable Rust.
fn never_returns(sig: &Signature) -> bool {
    matches!(&sig.output, ReturnType::Type(_, ty) if matches!(**ty, Type::Never(_)))
}

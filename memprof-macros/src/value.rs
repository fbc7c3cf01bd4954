//! The value of one argument.

use proc_macro2::{Ident, Span, TokenStream};
use syn::{Error, LitStr, Result};

/// Sets an argument, and reports one that is given twice. The value comes unchecked, so that the second one is reported
/// as such even if it is invalid.
pub(crate) fn set_once<T>(slot: &mut Option<T>, key: &Ident, value: Result<T>) -> Result<()> {
    if slot.is_some() {
        return Err(Error::new(key.span(), format!("`{key}` is given twice; keep one of them")));
    }
    *slot = Some(value?);
    Ok(())
}

pub(crate) fn needs_value(key: &Ident) -> Error {
    Error::new(key.span(), format!("`{key}` needs a value; arguments are written `key = value`"))
}

pub(crate) fn text(key: &Ident, value: Option<TokenStream>) -> Result<LitStr> {
    let value = value.ok_or_else(|| needs_value(key))?;
    let span = place(key, &value);
    let text = syn::parse2::<LitStr>(value)
        .map_err(|_| Error::new(span, format!("`{key}` takes a string in quotes, such as `{key} = \"…\"`")))?;
    if text.value().trim().is_empty() {
        return Err(Error::new(text.span(), format!("`{key}` is empty; write a string or omit `{key}`")));
    }
    Ok(text)
}

/// The first token of the value, or the key if the value is empty.
pub(crate) fn place(key: &Ident, value: &TokenStream) -> Span {
    value.clone().into_iter().next().map_or_else(|| key.span(), |token| token.span())
}

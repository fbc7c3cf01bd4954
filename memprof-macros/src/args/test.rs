use proc_macro2::{Ident, TokenStream};
use syn::{Error, LitInt, LitStr, Path, Result};

use super::{Argument, needs_value, no_value, path, place, set_once, split, unknown};
use crate::mistakes::Mistakes;
use crate::size;

/// The arguments of `#[memprof::test]`, sizes in bytes.
#[derive(Default)]
pub(crate) struct TestArgs {
    pub(crate) max_allocated: Option<u64>,
    pub(crate) max_peak: Option<u64>,
    pub(crate) max_net: Option<u64>,
    pub(crate) max_count: Option<u64>,
    pub(crate) no_leaks: Option<Ident>,
    /// The number of turns, and the key.
    pub(crate) repeat: Option<(u32, Ident)>,
    pub(crate) growth: Option<(u64, Ident)>,
    pub(crate) krate: Option<Path>,
    /// Set if the attribute has moved itself below that of a runtime, which makes the function a test.
    pub(crate) is_moved: Option<Ident>,
}

/// An argument that only generated code has.
pub(crate) const MOVED: &str = "__moved";

const TEST_KEYS: &str = "use `max_allocated`, `max_peak` or `max_net` with a size, such as `max_peak = \"1 MiB\"`, \
                         `max_count = 10`, `no_leaks`, `repeat = 50`, `growth = 0` or `crate = path`";

impl TestArgs {
    pub(crate) fn parse(tokens: TokenStream, mistakes: &mut Mistakes) -> Self {
        let mut args = Self::default();
        for argument in split(tokens) {
            let set = argument.and_then(|Argument { key, value }| match key.to_string().as_str() {
                "max_allocated" => set_once(&mut args.max_allocated, &key, bytes(&key, value)),
                "max_peak" => set_once(&mut args.max_peak, &key, bytes(&key, value)),
                "max_net" => set_once(&mut args.max_net, &key, bytes(&key, value)),
                "max_count" => set_once(&mut args.max_count, &key, count(&key, value)),
                "no_leaks" => set_once(&mut args.no_leaks, &key, no_value(&key, value)),
                "repeat" => set_once(&mut args.repeat, &key, repeat(&key, value)),
                "growth" => set_once(&mut args.growth, &key, growth(&key, value)),
                MOVED => set_once(&mut args.is_moved, &key, no_value(&key, value)),
                "crate" => set_once(&mut args.krate, &key, path(&key, value)),
                _ => Err(unknown(&key, TEST_KEYS)),
            });
            set.unwrap_or_else(|error| mistakes.add(error));
        }
        if let (Some((_, key)), None) = (&args.growth, &args.repeat) {
            mistakes.at(key.span(), "`growth` needs the number of turns beside it, such as `repeat = 50`");
        }
        args
    }
}

fn bytes(key: &Ident, value: Option<TokenStream>) -> Result<u64> {
    let value = value.ok_or_else(|| needs_value(key))?;
    let span = place(key, &value);
    let literal = syn::parse2::<LitStr>(value)
        .map_err(|_| Error::new(span, format!("`{key}` takes a size in quotes, such as `{key} = \"64 KiB\"`")))?;
    size::bytes(&literal)
}

fn count(key: &Ident, value: Option<TokenStream>) -> Result<u64> {
    let value = value.ok_or_else(|| needs_value(key))?;
    let span = place(key, &value);
    let number = syn::parse2::<LitInt>(value).and_then(|literal| literal.base10_parse());
    number.map_err(|_| Error::new(span, format!("`{key}` takes a number of blocks, such as `{key} = 10`")))
}

/// The number of turns. One turn cannot show growth.
fn repeat(key: &Ident, value: Option<TokenStream>) -> Result<(u32, Ident)> {
    let value = value.ok_or_else(|| needs_value(key))?;
    let span = place(key, &value);
    let number = syn::parse2::<LitInt>(value).and_then(|literal| literal.base10_parse()).ok();
    let number = number.filter(|number| (2..=1_000_000).contains(number)).ok_or_else(|| {
        Error::new(span, format!("`{key}` takes a number of turns from 2 to 1,000,000, such as `{key} = 50`"))
    })?;
    Ok((number, key.clone()))
}

/// Bytes a turn: a number, or a size in quotes.
fn growth(key: &Ident, value: Option<TokenStream>) -> Result<(u64, Ident)> {
    let value = value.ok_or_else(|| needs_value(key))?;
    let span = place(key, &value);
    if let Ok(literal) = syn::parse2::<LitStr>(value.clone()) {
        return Ok((size::bytes(&literal)?, key.clone()));
    }
    let number = syn::parse2::<LitInt>(value).and_then(|literal| literal.base10_parse());
    let number = number.map_err(|_| {
        Error::new(
            span,
            format!("`{key}` takes the bytes that each turn may keep, such as `{key} = 0` or `{key} = \"1 KiB\"`"),
        )
    })?;
    Ok((number, key.clone()))
}

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
    pub(crate) krate: Option<Path>,
    /// Set if the attribute has moved itself below that of a runtime, which makes the function a test.
    pub(crate) is_moved: Option<Ident>,
}

/// An argument that only generated code has.
pub(crate) const MOVED: &str = "__moved";

const TEST_KEYS: &str = "use `max_allocated`, `max_peak` or `max_net` with a size, such as `max_peak = \"1 MiB\"`, \
                         `max_count = 10`, `no_leaks` or `crate = path`";

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
                MOVED => set_once(&mut args.is_moved, &key, no_value(&key, value)),
                "crate" => set_once(&mut args.krate, &key, path(&key, value)),
                _ => Err(unknown(&key, TEST_KEYS)),
            });
            set.unwrap_or_else(|error| mistakes.add(error));
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

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::{Error, LitStr, Path, Result};

use crate::limits::LimitArgs;
use crate::mistakes::Mistakes;
use crate::value::{needs_value, place, set_once, text};

mod test;

pub(crate) use test::{MOVED, TestArgs};

/// The arguments of `#[track_memory]`.
#[derive(Default)]
pub(crate) struct TrackArgs {
    pub(crate) name: Option<LitStr>,
    pub(crate) krate: Option<Path>,
    pub(crate) skip: Option<Ident>,
    pub(crate) limits: LimitArgs,
}

/// The arguments of `#[memprof::main]`.
#[derive(Default)]
pub(crate) struct MainArgs {
    pub(crate) allocator: Option<InnerAllocator>,
    pub(crate) config: Option<LitStr>,
    pub(crate) krate: Option<Path>,
}

/// The allocator that the tracker of `#[memprof::main]` forwards to.
pub(crate) enum InnerAllocator {
    System,
    /// Keeps its span, because the feature is checked later.
    Jemalloc(Span),
    /// Another static of the program.
    Static(Path),
    /// No allocator is installed.
    None,
}

const TRACK_KEYS: &str = "use `name = \"…\"`, `max_allocated`, `max_peak`, `max_net = \"64 KiB\"`, `max_count = 10`, \
`max_per_item = \"320 B\"`, `items = points.len()`, `on_violation = \"panic\"`, `window = \"process\"`, `crate = path` or `skip`";
const MAIN_KEYS: &str =
    "use `allocator = system`, `jemalloc`, `none` or the path of a static, `config = \"…\"` or `crate = path`";
const ALLOCATORS: &str =
    "use `system`, `jemalloc`, `none` or the path of a static, such as `crate::ALLOC` or `self::alloc`";

impl TrackArgs {
    pub(crate) fn parse(tokens: TokenStream, mistakes: &mut Mistakes) -> Self {
        let mut args = Self::default();
        for argument in split(tokens) {
            let set = argument.and_then(|Argument { key, value }| match key.to_string().as_str() {
                "name" => set_once(&mut args.name, &key, text(&key, value)),
                "crate" => set_once(&mut args.krate, &key, path(&key, value)),
                "skip" => set_once(&mut args.skip, &key, no_value(&key, value)),
                _ => args.limits.set(&key, &value).unwrap_or_else(|| Err(unknown(&key, TRACK_KEYS))),
            });
            set.unwrap_or_else(|error| mistakes.add(error));
        }
        args.limits.check().unwrap_or_else(|error| mistakes.add(error));
        args
    }
}

impl MainArgs {
    pub(crate) fn parse(tokens: TokenStream, mistakes: &mut Mistakes) -> Self {
        let mut args = Self::default();
        for argument in split(tokens) {
            let set = argument.and_then(|Argument { key, value }| match key.to_string().as_str() {
                "allocator" => set_once(&mut args.allocator, &key, allocator(&key, value)),
                "config" => set_once(&mut args.config, &key, text(&key, value)),
                "crate" => set_once(&mut args.krate, &key, path(&key, value)),
                _ => Err(unknown(&key, MAIN_KEYS)),
            });
            set.unwrap_or_else(|error| mistakes.add(error));
        }
        args
    }
}

/// One `key = value` or `key` whose value is not yet parsed.
struct Argument {
    key: Ident,
    value: Option<TokenStream>,
}

/// Splits at the commas first, so that a mistake in one argument does not hide those in the next.
fn split(tokens: TokenStream) -> Vec<Result<Argument>> {
    let mut arguments = Vec::new();
    let mut piece = Vec::new();
    for token in tokens {
        if is_punct(&token, ',') {
            arguments.push(argument(&piece, token.span()));
            piece.clear();
        } else {
            piece.push(token);
        }
    }
    if !piece.is_empty() {
        arguments.push(argument(&piece, Span::call_site()));
    }
    arguments
}

fn argument(piece: &[TokenTree], comma: Span) -> Result<Argument> {
    match piece {
        [] => Err(Error::new(comma, "an argument is missing before this comma; remove the comma")),
        [TokenTree::Ident(key), equals, value @ ..] if is_punct(equals, '=') => {
            Ok(Argument { key: key.clone(), value: Some(value.iter().cloned().collect()) })
        }
        [TokenTree::Ident(key)] => Ok(Argument { key: key.clone(), value: None }),
        [TokenTree::Ident(key), ..] => Err(needs_value(key)),
        [other, ..] => Err(Error::new(other.span(), "arguments are written `key = value`")),
    }
}

fn unknown(key: &Ident, keys: &str) -> Error {
    Error::new(key.span(), format!("unknown argument `{key}`; {keys}"))
}

fn no_value(key: &Ident, value: Option<TokenStream>) -> Result<Ident> {
    match value {
        None => Ok(key.clone()),
        Some(value) => Err(Error::new(place(key, &value), format!("`{key}` takes no value; write `{key}` alone"))),
    }
}

fn path(key: &Ident, value: Option<TokenStream>) -> Result<Path> {
    let value = value.ok_or_else(|| needs_value(key))?;
    let span = place(key, &value);
    Path::parse_mod_style
        .parse2(value)
        .map_err(|_| Error::new(span, format!("`{key}` takes a path without quotes, such as `{key} = some::memprof`")))
}

fn allocator(key: &Ident, value: Option<TokenStream>) -> Result<InnerAllocator> {
    let value = value.ok_or_else(|| needs_value(key))?;
    let span = place(key, &value);
    let path =
        Path::parse_mod_style.parse2(value).map_err(|_| Error::new(span, format!("not an allocator; {ALLOCATORS}")))?;
    let Some(word) = path.get_ident() else { return Ok(InnerAllocator::Static(path)) };
    Ok(match word.to_string().as_str() {
        "system" => InnerAllocator::System,
        "jemalloc" => InnerAllocator::Jemalloc(word.span()),
        "none" => InnerAllocator::None,
        // Statics are written in capitals: a lower-case word is more likely a misspelling of one of the three above.
        other if other.starts_with(char::is_lowercase) => {
            return Err(Error::new(word.span(), format!("unknown allocator `{other}`; {ALLOCATORS}")));
        }
        _ => InnerAllocator::Static(path),
    })
}

fn is_punct(token: &TokenTree, what: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == what)
}

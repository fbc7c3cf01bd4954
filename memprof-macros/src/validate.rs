use syn::spanned::Spanned;
use syn::{Attribute, Meta, Signature};

use crate::args::Allocator;
use crate::classify::Kind;
use crate::expand::{Build, has_runtime};
use crate::item::{Function, Item, ends_in};
use crate::mistakes::Mistakes;

/// The rules of `#[track_memory]`.
pub(crate) fn tracked(item: &Item, mistakes: &mut Mistakes) {
    match item {
        Item::Function(function) => tracked_function(function, mistakes),
        Item::WithoutBody(sig) => without_body(sig, mistakes),
        Item::Unreadable(error) => unreadable(error, mistakes),
        Item::Other(kind, span) => mistakes.at(*span, tracked_other(*kind)),
    }
}

fn tracked_function(function: &Function, mistakes: &mut Mistakes) {
    if let Some(token) = &function.sig.constness {
        mistakes.at(
            token.span,
            "a `const fn` cannot be tracked: it may run in the compiler, where no scope can be entered; \
             remove `const`, or track the function that calls it",
        );
    }
    if let Some(variadic) = &function.sig.variadic {
        mistakes.at(
            variadic.dots.span(),
            "a function with C's variable arguments cannot be tracked; track the function that calls it",
        );
    }
    for attr in &function.attrs {
        if is_naked(attr) {
            mistakes.at(
                attr.path().span(),
                "a naked function cannot be tracked: its body is one piece of assembly; track the function that calls it",
            );
        }
        if ends_in(attr.path(), "track_memory") {
            mistakes.at(attr.path().span(), "this function is tracked twice; keep one `#[track_memory]`");
        }
    }
}

fn without_body(sig: &Signature, mistakes: &mut Mistakes) {
    let advice = if sig.receiver().is_some() {
        "a trait method without a body cannot be tracked; put the attribute on the method in each implementation"
    } else {
        "a function without a body cannot be tracked; in a trait, put the attribute on the function in each implementation, \
         and for a foreign function, track the Rust function that calls it"
    };
    mistakes.at(sig.ident.span(), advice);
}

fn tracked_other(kind: Kind) -> String {
    match kind {
        Kind::SafeForeignFunction => {
            "a foreign function cannot be tracked: its body is elsewhere; track the Rust function that calls it".into()
        }
        Kind::Container("an `extern` block") => {
            "an `extern` block cannot be tracked; track the Rust functions that call what it declares".into()
        }
        Kind::Container(what) => {
            format!("{what} cannot be tracked as a whole; put the attribute on the functions inside it")
        }
        Kind::Expression(_) | Kind::Let => format!(
            "{} cannot be tracked, only functions can; open a scope instead, for the rest of a block: \
             `let _scope = memprof::scope!(\"name\");`",
            kind.words()
        ),
        Kind::Function | Kind::Other(_) => {
            format!(
                "{} cannot be tracked, only functions can; put the attribute on the functions that use it",
                kind.words()
            )
        }
    }
}

/// The rules of `#[memprof::main]`.
pub(crate) fn main(item: &Item, mistakes: &mut Mistakes) {
    match item {
        Item::Function(function) => main_function(function, mistakes),
        Item::WithoutBody(sig) => {
            mistakes.at(sig.ident.span(), "`#[memprof::main]` needs the `main` function with its body");
        }
        Item::Unreadable(error) => unreadable(error, mistakes),
        Item::Other(kind, span) => mistakes
            .at(*span, format!("`#[memprof::main]` belongs on the program's `fn main`, not on {}", kind.words())),
    }
}

fn main_function(Function { attrs, sig, .. }: &Function, mistakes: &mut Mistakes) {
    if sig.ident != "main" {
        mistakes.at(
            sig.ident.span(),
            format!(
                "`#[memprof::main]` belongs on the program's `fn main`; to see `{}` in the report, use `#[memprof::track_memory]`",
                sig.ident
            ),
        );
    }
    if let Some(token) = &sig.constness {
        mistakes.at(token.span, "`main` under `#[memprof::main]` cannot be `const`; remove `const`");
    }
    if let Some(first) = sig.inputs.first() {
        mistakes.at(first.span(), "`main` takes no parameters; read the arguments with `std::env::args()`");
    }
    if !sig.generics.params.is_empty() {
        mistakes.at(sig.generics.params.span(), "`main` cannot be generic; remove the parameters in `<…>`");
    }
    if let Some(token) = &sig.asyncness
        && !has_runtime(attrs)
    {
        mistakes.at(
            token.span,
            "an async `main` needs a runtime; write the runtime's attribute, such as `#[tokio::main]`, below `#[memprof::main]`",
        );
    }
    for attr in attrs.iter().filter(|attr| is_memprof_main(attr)) {
        mistakes.at(attr.path().span(), "`main` is profiled twice; keep one `#[memprof::main]`");
    }
}

/// What was asked for must be built in.
pub(crate) fn allocator(allocator: Option<&Allocator>, build: Build, mistakes: &mut Mistakes) {
    if let Some(Allocator::Jemalloc(span)) = allocator
        && !build.jemalloc
    {
        mistakes.at(
            *span,
            "`allocator = jemalloc` needs memprof's feature `jemalloc`; in Cargo.toml write \
             `memprof = { version = \"…\", features = [\"jemalloc\"] }`",
        );
    }
}

fn unreadable(error: &syn::Error, mistakes: &mut Mistakes) {
    mistakes.at(error.span(), format!("memprof cannot read this function's signature: {error}"));
}

/// `#[naked]` and `#[unsafe(naked)]`.
fn is_naked(attr: &Attribute) -> bool {
    attr.path().is_ident("naked")
        || attr.path().is_ident("unsafe")
            && matches!(&attr.meta, Meta::List(list) if list.tokens.to_string() == "naked")
}

fn is_memprof_main(attr: &Attribute) -> bool {
    let segments = &attr.path().segments;
    segments.len() == 2 && segments[0].ident == "memprof" && segments[1].ident == "main"
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Self::Function => "a function",
            Self::SafeForeignFunction => "a foreign function",
            Self::Let => "a `let` statement",
            Self::Container(what) | Self::Expression(what) | Self::Other(what) => what,
        }
    }
}

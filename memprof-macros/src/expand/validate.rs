use proc_macro2::{Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::{Attribute, Meta, Signature};

use super::{Build, has_runtime, makes_a_test};
use crate::args::{InnerAllocator, TestArgs, TrackArgs};
use crate::classify::ItemKind;
use crate::item::{Block, Function, Item, Members, ends_in};
use crate::mistakes::Mistakes;
use crate::returned::Returned;

/// The rules of `#[track_memory]`.
pub(crate) fn tracked(item: &Item, args: &TrackArgs, mistakes: &mut Mistakes) {
    if args.skip.is_some() {
        return skipped(item, args, mistakes);
    }
    match item {
        Item::Function(function) => tracked_function(function, mistakes),
        Item::Block(block) => tracked_block(block, args, mistakes),
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
    }
    if let Some(error) = Returned::of(function).and_then(|mut returned| returned.mistake()) {
        mistakes.add(error);
    }
    once("this function", &function.attrs, mistakes);
}

/// True if a function in a tracked block is tracked. The other functions of a block are left unchanged: a block is
/// given the attribute so that one need not look at each function in it.
pub(crate) fn can_be_tracked(function: &Function) -> bool {
    let mut mistakes = Mistakes::default();
    tracked_function(function, &mut mistakes);
    mistakes.into_error().is_none()
}

fn once(what: &str, attrs: &[Attribute], mistakes: &mut Mistakes) {
    for attr in attrs.iter().filter(|attr| ends_in(attr.path(), "track_memory")) {
        mistakes.at(attr.path().span(), format!("{what} is tracked twice; keep one `#[track_memory]`"));
    }
}

fn tracked_block(block: &Block, args: &TrackArgs, mistakes: &mut Mistakes) {
    if let Some(name) = &args.name {
        mistakes.at(
            name.span(),
            "a block has many functions and cannot give them one name; put `#[track_memory(name = \"…\")]` on the \
             functions inside it",
        );
    }
    if let Some(key) = args.limits.first() {
        mistakes.at(
            key.span(),
            format!("`{key}` is for one function; put `#[track_memory({key} = …)]` on the functions inside the block"),
        );
    }
    once("this block", &block.attrs, mistakes);
    if let Some(span) = block.of_global_allocator() {
        mistakes.at(
            span,
            "a global allocator cannot be tracked: its functions run inside each allocation; remove the attribute, its \
             allocations are counted without it",
        );
    }
    let Some(Members { members, .. }) = &block.body else {
        return without_contents(block.kind, block.span, mistakes);
    };
    // Most likely the implementations should be tracked.
    let mut items = members.iter().map(|member| &member.item);
    if block.kind == "a trait"
        && items.clone().any(|item| matches!(item, Some(Item::WithoutBody(_))))
        && items.all(|item| matches!(item, Some(Item::WithoutBody(_) | Item::Other(ItemKind::Other(_), _))))
    {
        mistakes.at(
            block.span,
            "no method of this trait has a body, so there is nothing to track; put the attribute on the implementations",
        );
    }
    readable(block, mistakes);
}

/// `mod name;`, also in a tracked module: the compiler does not pass the contents of the file to an attribute.
fn without_contents(what: &str, span: Span, mistakes: &mut Mistakes) {
    mistakes.at(
        span,
        format!(
            "{what} without its body cannot be tracked: the attribute cannot see its functions; write it with its body, \
             or put the attribute on the functions and blocks in its file"
        ),
    );
}

/// Reports functions that cannot be parsed: they cannot be tracked, and must not be skipped silently.
fn readable(block: &Block, mistakes: &mut Mistakes) {
    for member in block.body.iter().flat_map(|body| &body.members) {
        match &member.item {
            // Without a body it is not tracked anyway.
            Some(Item::Unreadable(_)) if ends_in_semicolon(&member.tokens) => {}
            Some(Item::Unreadable(error)) => mistakes.at(
                error.span(),
                format!(
                    "memprof cannot read this function's signature: {error}; if the compiler accepts it, put \
                     `#[track_memory(skip)]` on the function"
                ),
            ),
            Some(Item::Block(block)) if block.body.is_none() && block.kind == "a module" => {
                without_contents(block.kind, block.span, mistakes);
            }
            Some(Item::Block(block)) => readable(block, mistakes),
            _ => {}
        }
    }
}

fn ends_in_semicolon(tokens: &TokenStream) -> bool {
    matches!(tokens.clone().into_iter().last(), Some(TokenTree::Punct(last)) if last.as_char() == ';')
}

/// The rules of `#[track_memory(skip)]`, which is allowed on all items of a tracked block.
fn skipped(item: &Item, args: &TrackArgs, mistakes: &mut Mistakes) {
    if let Some(skip) = &args.skip
        && (args.name.is_some() || args.krate.is_some() || args.limits.first().is_some())
    {
        mistakes.at(skip.span(), "`skip` cannot be combined with other arguments; keep one of them");
    }
    match item {
        Item::Function(function) => once("this function", &function.attrs, mistakes),
        Item::Block(block) => once("this block", &block.attrs, mistakes),
        Item::Other(ItemKind::ExternBlock, _) | Item::WithoutBody(_) | Item::Unreadable(_) => {}
        Item::Other(kind, span) => {
            mistakes.at(*span, format!("{} is never tracked; remove `#[track_memory(skip)]`", kind.words()));
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

fn tracked_other(kind: ItemKind) -> String {
    match kind {
        ItemKind::SafeForeignFunction => {
            "a foreign function cannot be tracked: its body is elsewhere; track the Rust function that calls it".into()
        }
        ItemKind::ExternBlock => {
            "an `extern` block cannot be tracked; track the Rust functions that call its functions".into()
        }
        ItemKind::Expression(_) | ItemKind::Let => format!(
            "{} cannot be tracked, only functions can; open a scope instead, for the rest of a block: \
             `let _scope = memprof::scope!(\"name\");`",
            kind.words()
        ),
        ItemKind::Function | ItemKind::Block(_) | ItemKind::Other(_) => format!(
            "{} cannot be tracked, only functions can; put the attribute on the functions that use it",
            kind.words()
        ),
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
        Item::Block(block) => main_on_other_item(block.kind, block.span, mistakes),
        Item::Other(kind, span) => main_on_other_item(kind.words(), *span, mistakes),
    }
}

fn main_on_other_item(what: &str, span: Span, mistakes: &mut Mistakes) {
    mistakes.at(span, format!("`#[memprof::main]` belongs on the program's `fn main`, not on {what}"));
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
    for attr in attrs.iter().filter(|attr| is_memprof(attr, "main")) {
        mistakes.at(attr.path().span(), "`main` is profiled twice; keep one `#[memprof::main]`");
    }
}

/// The rules of `#[memprof::test]`.
pub(crate) fn test(item: &Item, args: &TestArgs, mistakes: &mut Mistakes) {
    let function = match item {
        Item::Function(function) => function,
        Item::Unreadable(error) => return unreadable(error, mistakes),
        Item::WithoutBody(sig) => {
            return mistakes.at(sig.ident.span(), "a test needs a body; put `#[memprof::test]` on a function with one");
        }
        Item::Block(block) => {
            let what = block.kind;
            return mistakes.at(block.span, format!("{what} is not a test; put `#[memprof::test]` on a test function"));
        }
        Item::Other(kind, span) => {
            let what = kind.words();
            return mistakes.at(*span, format!("{what} is not a test; put `#[memprof::test]` on a test function"));
        }
    };
    if let Some(token) = &function.sig.asyncness
        && args.is_moved.is_none()
        && !function.attrs.iter().any(makes_a_test)
    {
        mistakes.at(
            token.span,
            "an async test needs a runtime; write the runtime's attribute, such as `#[tokio::test]`, beside `#[memprof::test]`",
        );
    }
    if let (Some(_), Some(input)) = (&args.repeat, function.sig.inputs.first()) {
        mistakes.at(input.span(), "a repeated test takes no parameters: each turn would need its own; omit `repeat`");
    }
    for attr in function.attrs.iter().filter(|attr| is_memprof(attr, "test")) {
        mistakes.at(attr.path().span(), "this test is measured twice; keep one `#[memprof::test]`");
    }
}

/// Checks that the requested allocator is built in.
pub(crate) fn allocator(allocator: Option<&InnerAllocator>, build: Build, mistakes: &mut Mistakes) {
    if let Some(InnerAllocator::Jemalloc(span)) = allocator
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

/// `#[memprof::name]`
fn is_memprof(attr: &Attribute, name: &str) -> bool {
    let segments = &attr.path().segments;
    segments.len() == 2 && segments[0].ident == "memprof" && segments[1].ident == name
}

impl ItemKind {
    fn words(self) -> &'static str {
        match self {
            Self::Function => "a function",
            Self::SafeForeignFunction => "a foreign function",
            Self::Let => "a `let` statement",
            Self::ExternBlock => "an `extern` block",
            Self::Block(what) | Self::Expression(what) | Self::Other(what) => what,
        }
    }
}

//! Generation of the new function.

mod asyncness;
mod block;
mod body;
mod function;
mod future;
#[cfg(test)]
mod future_tests;
mod main;
mod output;
mod returned;
mod test;
#[cfg(test)]
mod tests;
mod typed;
mod validate;

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::{FnArg, LitStr};

use crate::args::{MainArgs, TestArgs, TrackArgs};
use crate::classify::flat;
use crate::expected::{ease, eased};
use crate::item::split_docs;
use crate::item::{Function, Item};
use crate::mistakes::Mistakes;
use crate::params::NamedBy;
use crate::returned::Returned;
use crate::root::Root;
use crate::{fallback, size};

pub(crate) use main::has_runtime;
pub(crate) use test::makes_a_test;

/// The features of this build. The checks are the same in every build.
#[derive(Clone, Copy)]
pub(crate) struct Build {
    pub(crate) profiling: bool,
    pub(crate) jemalloc: bool,
}

impl Build {
    pub(crate) fn this() -> Self {
        Self { profiling: cfg!(feature = "profiling"), jemalloc: cfg!(feature = "jemalloc") }
    }
}

pub(crate) fn track_memory(args: TokenStream, tokens: TokenStream, build: Build) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let args = TrackArgs::parse(args, &mut mistakes);
    let (docs, undocumented) = split_docs(flat(&tokens));
    let item = Item::of(undocumented);
    validate::tracked(&item, &args, &mut mistakes);
    if let Some(error) = mistakes.into_error() {
        return fallback::tracked(tokens, &item, &error);
    }
    if !build.profiling || args.skip.is_some() {
        return tokens;
    }
    let root = Root::new(args.krate.as_ref());
    let tracked = match item {
        Item::Function(function) => tracked_function(*function, &args, Position::Alone, &root),
        Item::Block(block) => block::tracked(*block, false, &root),
        _ => return tokens,
    };
    docs.into_iter().chain(tracked).collect()
}

/// Position of the attribute relative to a function.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    /// On the function.
    Alone,
    /// On a block around it. `stays_async`: another attribute of the block requires an `async fn`.
    Around { stays_async: bool },
}

fn tracked_function(mut function: Function, args: &TrackArgs, place: Position, root: &Root) -> TokenStream {
    let limits = &args.limits;
    let stays_async = place == Position::Around { stays_async: true };
    let site = body::site(&function.sig, args.name.as_ref(), limits, root);
    ease_all(&mut function);
    let read = stays_async || function.attrs.iter().any(|attr| asyncness::is_read_by_others(&attr.meta));
    let named_by = if read { NamedBy::OtherMacros } else { NamedBy::TheBody };
    if function.sig.asyncness.is_some() {
        let stays_async = stays_async || asyncness::stays(&function.attrs, &function.sig);
        return future::tracked(function, &site, limits, named_by, stays_async, root);
    }
    match Returned::of(&function) {
        Some(returned) => returned::tracked(function, returned, &site, limits, place == Position::Alone, root),
        None => function::tracked(function, named_by, &site, limits, root),
    }
}

/// Relaxes expectations of lints that would be unfulfilled because the function is tracked.
fn ease_all(function: &mut Function) {
    ease(&mut function.attrs);
    for input in &mut function.sig.inputs {
        match input {
            FnArg::Receiver(receiver) => ease(&mut receiver.attrs),
            FnArg::Typed(param) => ease(&mut param.attrs),
        }
    }
    let inner = std::mem::take(&mut function.body.inner_attrs);
    function.body.inner_attrs = eased(inner);
}

pub(crate) fn main(args: TokenStream, tokens: TokenStream, build: Build) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let args = MainArgs::parse(args, &mut mistakes);
    let item = Item::read(&tokens);
    validate::allocator(args.allocator.as_ref(), build, &mut mistakes);
    validate::main(&item, &mut mistakes);
    if let Some(error) = mistakes.into_error() {
        return fallback::main(tokens, &item, &error);
    }
    match item {
        Item::Function(function) if build.profiling => main::profiled(*function, &args),
        _ => main::unprofiled(tokens, &args),
    }
}

pub(crate) fn test(args: TokenStream, tokens: TokenStream, build: Build) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let given = args.clone();
    let args = TestArgs::parse(args, &mut mistakes);
    let item = Item::read(&tokens);
    validate::test(&item, &args, &mut mistakes);
    if let Some(error) = mistakes.into_error() {
        return fallback::tracked(tokens, &item, &error);
    }
    match item {
        Item::Function(function) if build.profiling => match test::runner(&function) {
            Some(index) => test::moved(*function, index, given, &args),
            None => test::measured(*function, &args),
        },
        Item::Function(function) => test::unmeasured(&function.attrs, tokens),
        _ => tokens,
    }
}

/// A size in quotes as a number of bytes; anything else unchanged.
pub(crate) fn number_of_bytes(tokens: TokenStream) -> TokenStream {
    let visible: TokenStream = flat(&tokens).into_iter().collect();
    match syn::parse2::<LitStr>(visible) {
        Ok(literal) => match size::bytes(&literal) {
            Ok(bytes) => quote_spanned!(literal.span()=> #bytes),
            Err(error) => fallback::compile_errors(&error),
        },
        Err(_) => tokens,
    }
}

//! Writes the new function.

mod body;
mod function;
mod future;
mod main;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use crate::args::{MainArgs, TrackArgs};
use crate::item::Item;
use crate::mistakes::Mistakes;
use crate::root::Root;
use crate::{fallback, validate};

pub(crate) use main::has_runtime;

/// How this crate was built. The checks are the same in every build.
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
    let item = Item::read(&tokens);
    validate::tracked(&item, &mut mistakes);
    if let Some(error) = mistakes.into_error() {
        return fallback::tracked(tokens, &item, &error);
    }
    match item {
        Item::Function(function) if build.profiling => {
            let root = Root::new(args.krate.as_ref());
            let site = body::site(&function.sig, args.name.as_ref(), &root);
            match function.sig.asyncness {
                None => function::tracked(*function, &site, &root),
                Some(_) => future::tracked(*function, &site, &root),
            }
        }
        _ => tokens,
    }
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

//! The output of a tracked function as a type that generated code passes on, so that it need not be written twice. The
//! compiler then knows the expected types of closures, `?` and `return` in a body, even if the output is an `impl
//! Trait`, which cannot be written there.

use super::future::{Counted, FirstPoll, Tracked, Windowed};
use crate::tracker::Site;
use std::marker::PhantomData;

/// Output of a tracked function.
///
/// Invariant, so that the compiler unifies both types as soon as it sees them.
#[derive(Debug)]
pub struct Output<R>(PhantomData<fn(R) -> R>);

impl<R> Clone for Output<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Output<R> {}

/// A type that is not yet known.
#[inline(always)]
pub fn output<R>() -> Output<R> {
    Output(PhantomData)
}

/// Always false: condition of a `return` that only exists for the type of its value.
#[inline(always)]
pub const fn never() -> bool {
    false
}

/// Never called: gives its type to the function that returns it.
#[inline(always)]
pub fn value<R>(_: Output<R>) -> R {
    std::process::abort()
}

/// Never called: gives its type to the function that returns it.
#[inline(always)]
pub fn returned<F, R, W: FirstPoll>(_: Output<R>) -> Tracked<F, R, W> {
    std::process::abort()
}

/// The value, unchanged; its type is expected to be the output's.
#[inline(always)]
pub fn typed<R>(_: Output<R>, value: R) -> R {
    value
}

/// A tracked async block with this output.
#[inline(always)]
pub fn tracked<F: Future<Output = R>, R>(_: Output<R>, site: &'static Site, future: F) -> Tracked<F, R> {
    Tracked::of_block(site, future)
}

/// As [`tracked`], for a function with `window = "process"`.
#[inline(always)]
pub fn windowed<F: Future<Output = R>, R>(_: Output<R>, site: &'static Site, future: F) -> Tracked<F, R, Windowed> {
    Tracked::of_block(site, future)
}

/// As [`tracked`], for a function with items.
#[inline(always)]
pub fn counted<F: Future<Output = R>, R>(_: Output<R>, site: &'static Site, future: F) -> Tracked<F, R, Counted<()>> {
    Tracked::of_block(site, future)
}

/// As [`windowed`], for a function with items.
#[inline(always)]
pub fn counted_windowed<F: Future<Output = R>, R>(
    _: Output<R>,
    site: &'static Site,
    future: F,
) -> Tracked<F, R, Counted<Windowed>> {
    Tracked::of_block(site, future)
}

/// Return value of a function whose signature says `Future`, for generated code: tracked if it is a future.
///
/// The compiler prefers an inherent method to a trait's, and skips it if its bounds do not hold. So `tracked` gives a
/// [`Tracked`] for a future. [`Itself`] returns anything else unchanged: a value of another trait of that name, or a
/// user's mistake, for which the compiler then gives the same error as without the attribute.
#[derive(Debug)]
pub struct Perhaps<F>(pub &'static Site, pub F);

impl<F: Future> Perhaps<F> {
    /// The future, tracked.
    #[inline]
    pub fn tracked(self) -> Tracked<F, F::Output> {
        Tracked::new(self.0, self.1)
    }

    /// As [`tracked`](Self::tracked), for a function with `window = "process"`.
    #[inline]
    pub fn windowed(self) -> Tracked<F, F::Output, Windowed> {
        Tracked::windowed(self.0, self.1)
    }

    /// As [`tracked`](Self::tracked), for a function with items.
    #[inline]
    pub fn counted(self, items: usize) -> Tracked<F, F::Output, Counted<()>> {
        Tracked::counted(self.0, self.1).with_items(items)
    }

    /// As [`windowed`](Self::windowed), for a function with items.
    #[inline]
    pub fn counted_windowed(self, items: usize) -> Tracked<F, F::Output, Counted<Windowed>> {
        Tracked::counted_windowed(self.0, self.1).with_items(items)
    }
}

/// A number of items.
#[inline(always)]
pub const fn number(items: usize) -> usize {
    items
}

/// Anything else, unchanged.
pub trait Itself: Sized {
    #[doc(hidden)]
    type Value;
    #[doc(hidden)]
    fn tracked(self) -> Self::Value;
    #[doc(hidden)]
    fn windowed(self) -> Self::Value {
        self.tracked()
    }
    #[doc(hidden)]
    fn counted(self, _items: usize) -> Self::Value {
        self.tracked()
    }
    #[doc(hidden)]
    fn counted_windowed(self, _items: usize) -> Self::Value {
        self.tracked()
    }
}

impl<F> Itself for Perhaps<F> {
    type Value = F;
    #[inline]
    fn tracked(self) -> F {
        self.1
    }
}

/// The trait `Future` in the function's signature, as a trait object.
#[diagnostic::on_unimplemented(
    message = "memprof tracks only futures of the trait `core::future::Future`, and this is another trait of that name",
    label = "another `Future`",
    note = "remove the attribute here, and put it on the functions that do the work"
)]
pub trait IsFuture {}

impl IsFuture for dyn Future<Output = ()> {}

/// Compiles only for [`IsFuture`].
pub const fn is_future<F: IsFuture + ?Sized>() {}

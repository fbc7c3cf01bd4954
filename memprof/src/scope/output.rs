//! The output of a tracked function as a type that generated code carries from one place to another, so that it need
//! not be written twice. Closures, `?` and `return` in a body then know what is expected of them, also where the type
//! is an `impl Trait`, which cannot be written there.

use super::future::{Tracked, Window, Windowed};
use crate::tracker::Site;
use std::marker::PhantomData;

/// Output of a tracked function.
///
/// Invariant, so that the compiler takes both for one and the same type as soon as it sees them.
#[derive(Debug)]
pub struct Output<R>(PhantomData<fn(R) -> R>);

impl<R> Clone for Output<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Output<R> {}

/// A type that is not known yet.
#[inline(always)]
pub fn output<R>() -> Output<R> {
    Output(PhantomData)
}

/// Never true: stands before a `return` that is there for the type of what it returns.
#[inline(always)]
pub const fn never() -> bool {
    false
}

/// Never called: gives its type to what it is returned from.
#[inline(always)]
pub fn value<R>(_: Output<R>) -> R {
    std::process::abort()
}

/// Never called: gives its type to what it is returned from.
#[inline(always)]
pub fn returned<F, R, W: Window>(_: Output<R>) -> Tracked<F, R, W> {
    std::process::abort()
}

/// A value as it is: its type is expected to be the output's.
#[inline(always)]
pub fn typed<R>(_: Output<R>, value: R) -> R {
    value
}

/// A tracked future with this output.
#[inline(always)]
pub fn tracked<F: Future<Output = R>, R>(_: Output<R>, site: &'static Site, future: F) -> Tracked<F, R> {
    Tracked::new(site, future)
}

/// The same for a function with `window = "process"`.
#[inline(always)]
pub fn windowed<F: Future<Output = R>, R>(_: Output<R>, site: &'static Site, future: F) -> Tracked<F, R, Windowed> {
    Tracked::windowed(site, future)
}

/// What a function returns that says `Future` of it, for generated code: tracked where it is one.
///
/// An inherent method is taken before one of a trait, and is passed over where its bounds do not hold. So `tracked`
/// gives a [`Tracked`] for a future, and by [`Itself`] anything else as it is: a value of another trait of that name,
/// or a mistake of the user's, of which the compiler then says what it says without the attribute.
#[derive(Debug)]
pub struct Perhaps<F>(pub &'static Site, pub F);

impl<F: Future> Perhaps<F> {
    /// A future, tracked.
    #[inline]
    pub fn tracked(self) -> Tracked<F, F::Output> {
        Tracked::new(self.0, self.1)
    }

    /// The same for a function with `window = "process"`.
    #[inline]
    pub fn windowed(self) -> Tracked<F, F::Output, Windowed> {
        Tracked::windowed(self.0, self.1)
    }
}

/// Anything else, as it is.
pub trait Itself: Sized {
    #[doc(hidden)]
    type Value;
    #[doc(hidden)]
    fn tracked(self) -> Self::Value;
    #[doc(hidden)]
    fn windowed(self) -> Self::Value {
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

/// The trait `Future` that the function's signature means, as a trait object.
#[diagnostic::on_unimplemented(
    message = "memprof tracks only futures of the trait `core::future::Future`, and this is another trait of that name",
    label = "another `Future`",
    note = "remove the attribute here, and put it on the functions that do the work"
)]
pub trait IsFuture {}

impl IsFuture for dyn Future<Output = ()> {}

/// Compiles only for [`IsFuture`].
pub const fn is_future<F: IsFuture + ?Sized>() {}

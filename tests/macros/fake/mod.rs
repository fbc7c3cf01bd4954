//! A stand-in for memprof that writes down what generated code asks of it. `#[track_memory(crate = crate::fake)]`
//! uses it.

#![allow(dead_code)] // Each test file uses its part.

use std::cell::RefCell;

thread_local! {
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn log(event: impl Into<String>) {
    LOG.with_borrow_mut(|log| log.push(event.into()));
}

/// The log since the last call, in one line.
pub(crate) fn taken() -> String {
    LOG.take().join(", ")
}

/// A value that says when it is dropped.
pub(crate) struct Noisy(pub(crate) &'static str);

impl Drop for Noisy {
    fn drop(&mut self) {
        log(format!("drop {}", self.0));
    }
}

macro_rules! fake_site {
    ($name:literal) => {{
        static SITE: $crate::fake::__private::Site =
            $crate::fake::__private::Site::named($name, ::std::file!(), ::std::line!());
        &SITE
    }};
    () => {{
        struct Marker;
        static SITE: $crate::fake::__private::Site =
            $crate::fake::__private::Site::function(::std::any::type_name::<Marker>, ::std::file!(), ::std::line!());
        &SITE
    }};
}

pub(crate) mod __private {
    pub(crate) use fake_site as site;

    use super::log;
    pub(crate) use core::future::Future;
    pub(crate) use core::option::Option;
    use std::marker::PhantomData;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    pub(crate) struct Site {
        name: Name,
        file: &'static str,
        line: u32,
    }

    enum Name {
        Given(&'static str),
        Marker(fn() -> &'static str),
    }

    impl Site {
        pub(crate) const fn named(name: &'static str, file: &'static str, line: u32) -> Self {
            Self { name: Name::Given(name), file, line }
        }
        pub(crate) const fn function(marker: fn() -> &'static str, file: &'static str, line: u32) -> Self {
            Self { name: Name::Marker(marker), file, line }
        }
        pub(crate) fn name(&self) -> &'static str {
            match self.name {
                Name::Given(name) => name,
                Name::Marker(marker) => marker(),
            }
        }
    }

    thread_local! {
        pub(crate) static LAST: std::cell::Cell<Option<&'static Site>> = const { std::cell::Cell::new(None) };
    }

    /// Name, file and line of the site that was entered last on this thread.
    pub(crate) fn last_site() -> (&'static str, &'static str, u32) {
        let site = LAST.get().expect("a site was entered");
        (site.name(), site.file, site.line)
    }

    pub(crate) struct Guard;

    impl Drop for Guard {
        fn drop(&mut self) {
            log("exit");
        }
    }

    pub(crate) fn enter(site: &'static Site) -> Guard {
        LAST.set(Some(site));
        log("enter");
        Guard
    }

    pub(crate) struct Tracked<F, R> {
        site: &'static Site,
        future: Option<Pin<Box<F>>>,
        output: Output<R>,
    }

    impl<F: Future<Output = R>, R> Tracked<F, R> {
        pub(crate) fn new(site: &'static Site, future: F) -> Self {
            Self { site, future: Some(Box::pin(future)), output: output() }
        }
    }

    impl<F: Future<Output = R>, R> Future for Tracked<F, R> {
        type Output = R;
        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
            let _scope = enter(self.site);
            self.future.as_mut().expect("polled before it is dropped").as_mut().poll(context)
        }
    }

    impl<F, R> Drop for Tracked<F, R> {
        fn drop(&mut self) {
            let _scope = enter(self.site);
            self.future = None;
        }
    }

    pub(crate) struct Output<R>(PhantomData<fn(R) -> R>);

    impl<R> Clone for Output<R> {
        fn clone(&self) -> Self {
            *self
        }
    }

    impl<R> Copy for Output<R> {}

    pub(crate) fn output<R>() -> Output<R> {
        Output(PhantomData)
    }

    pub(crate) fn never() -> bool {
        false
    }

    pub(crate) fn value<R>(_: Output<R>) -> R {
        std::process::abort()
    }

    pub(crate) fn returned<F, R>(_: Output<R>) -> Tracked<F, R> {
        std::process::abort()
    }

    pub(crate) fn typed<R>(_: Output<R>, value: R) -> R {
        value
    }

    pub(crate) fn tracked<F: Future<Output = R>, R>(_: Output<R>, site: &'static Site, future: F) -> Tracked<F, R> {
        Tracked::new(site, future)
    }

    /// The real one also passes on what is no future.
    pub(crate) struct Perhaps<F>(pub(crate) &'static Site, pub(crate) F);

    impl<F: Future> Perhaps<F> {
        pub(crate) fn tracked(self) -> Tracked<F, F::Output> {
            Tracked::new(self.0, self.1)
        }
    }

    pub(crate) trait Itself {}

    pub(crate) trait IsFuture {}
    impl IsFuture for dyn Future<Output = ()> {}
    pub(crate) const fn is_future<F: IsFuture + ?Sized>() {}
}

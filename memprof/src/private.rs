//! The only names that generated code uses. Not public API: it changes without notice.
#![allow(missing_docs)]
// STUB of the real engine, with the signatures that generated code relies on.

pub use core::any::type_name;
pub use core::option::Option;
pub use core::{file, line};

/// One annotated function or named block.
#[derive(Debug)]
pub struct Site { pub name: Name, pub file: &'static str, pub line: u32 }
#[derive(Debug)]
pub enum Name { Given(&'static str), Marker(fn() -> &'static str) }

impl Site {
    pub const fn named(name: &'static str, file: &'static str, line: u32) -> Self { Self { name: Name::Given(name), file, line } }
    /// `marker` gives `type_name` of an item declared inside the function's body.
    pub const fn function(marker: fn() -> &'static str, file: &'static str, line: u32) -> Self { Self { name: Name::Marker(marker), file, line } }
}

#[must_use = "a scope ends when its guard is dropped: bind it with `let _scope = …`"]
#[derive(Debug)]
pub struct Guard(());
impl Drop for Guard { fn drop(&mut self) {} }
/// Sync functions and named blocks.
#[inline]
pub fn enter(_site: &'static Site) -> Guard { Guard(()) }

/// The future of a tracked `async fn`.
pub struct Tracked<F> { future: F }
impl<F: Future> Tracked<F> {
    pub fn new(_site: &'static Site, future: F) -> Self { Self { future } }
}
impl<F: Future> Future for Tracked<F> {
    type Output = F::Output;
    fn poll(self: core::pin::Pin<&mut Self>, cx: &mut core::task::Context<'_>) -> core::task::Poll<F::Output> {
        // SAFETY: the field is never moved out of the pinned struct (stub).
        unsafe { self.map_unchecked_mut(|s| &mut s.future) }.poll(cx)
    }
}

/// What `#[memprof::main]` was given.
#[derive(Debug)]
pub struct MainOptions { pub config: Option<&'static str>, pub allocator: &'static str }
/// Writes the report when it is dropped.
#[must_use]
#[derive(Debug)]
pub struct MainProfile(());
impl Drop for MainProfile { fn drop(&mut self) {} }
pub fn main_start(_options: MainOptions) -> MainProfile { MainProfile(()) }

/// `AllocationTracker` over System; `static A: Tracker<System> = Tracker::system();`
pub use std::alloc::System;
#[derive(Debug)]
pub struct AllocationTracker<A = System>(A);
impl AllocationTracker<System> { pub const fn system() -> Self { Self(System) } }
impl<A> AllocationTracker<A> { pub const fn new(inner: A) -> Self { Self(inner) } }
/// `allocator = path::To::ALLOC`: `AllocationTracker<Borrowed>::new(Borrowed(&path::To::ALLOC))`
pub struct Borrowed(pub &'static (dyn std::alloc::GlobalAlloc + Sync));
// SAFETY: forwards (stub).
unsafe impl<A: std::alloc::GlobalAlloc> std::alloc::GlobalAlloc for AllocationTracker<A> {
    unsafe fn alloc(&self, l: std::alloc::Layout) -> *mut u8 { unsafe { self.0.alloc(l) } }
    unsafe fn dealloc(&self, p: *mut u8, l: std::alloc::Layout) { unsafe { self.0.dealloc(p, l) } }
}
// SAFETY: forwards (stub).
unsafe impl std::alloc::GlobalAlloc for Borrowed {
    unsafe fn alloc(&self, l: std::alloc::Layout) -> *mut u8 { unsafe { self.0.alloc(l) } }
    unsafe fn dealloc(&self, p: *mut u8, l: std::alloc::Layout) { unsafe { self.0.dealloc(p, l) } }
}

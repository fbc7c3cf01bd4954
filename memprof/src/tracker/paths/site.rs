//! A site: one annotated function or named block. There is one static for each in the source, not for each generic
//! instance.

use super::future_size::FutureSize;
use super::limits::Limits;
use std::sync::atomic::AtomicI64;

/// Origin of a site's name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SiteName {
    /// As the user wrote it.
    Given(&'static str),
    /// `type_name` of an item declared in the function's body. Called when a report is written, never before.
    Marker(fn() -> &'static str),
}

/// One annotated function or named block.
#[derive(Debug)]
pub struct Site {
    pub(crate) name: SiteName,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    /// Scratch memory for the sum of the site's nodes when nothing may be allocated (out of memory). Nobody else uses
    /// it.
    pub(crate) scratch: AtomicI64,
    /// Number of the measurement of which it is the root, from 1; 0: it is a function or a block.
    pub(crate) measurement: u8,
    /// Limits of each call, if the function has a budget or a window.
    pub(crate) limits: Option<Limits>,
    /// Size of its futures, if they are large.
    pub(crate) future: FutureSize,
}

impl Site {
    /// A site with a name of the user's choice.
    pub const fn named(name: &'static str, file: &'static str, line: u32) -> Self {
        Self::new(SiteName::Given(name), file, line)
    }

    /// The site of a function; `marker` gives the `type_name` of an item inside its body.
    pub const fn function(marker: fn() -> &'static str, file: &'static str, line: u32) -> Self {
        Self::new(SiteName::Marker(marker), file, line)
    }

    const fn new(name: SiteName, file: &'static str, line: u32) -> Self {
        Self { name, file, line, scratch: AtomicI64::new(0), measurement: 0, limits: None, future: FutureSize::new() }
    }

    /// The root of a measurement.
    pub(crate) const fn of_measurement(number: u8) -> Self {
        Self { measurement: number, ..Self::named("memprof::testing", file!(), line!()) }
    }

    /// The same site, with limits for each call.
    pub const fn with_limits(self, limits: Limits) -> Self {
        Self { limits: Some(limits), ..self }
    }

    /// The name before it is cleaned up. Does not allocate.
    pub(crate) fn raw_name(&self) -> &'static str {
        match self.name {
            SiteName::Given(name) => name,
            SiteName::Marker(marker) => marker(),
        }
    }
}

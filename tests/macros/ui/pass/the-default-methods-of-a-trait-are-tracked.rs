#![deny(warnings)]

use std::pin::pin;
use std::task::Poll;

use memprof::track_memory;
use memprof_tests::{Profile, calls, poll};

#[track_memory]
pub(crate) trait Search<Key = Vec<u8>>
where
    Key: Default,
{
    const LIMIT: usize = { 10 };
    type Item: Clone;

    fn find(&self, key: Key) -> Option<Self::Item>;

    fn first(&self) -> Option<Self::Item> {
        self.find(Key::default())
    }

    fn boxed(self: Box<Self>) -> usize
    where
        Self: Sized,
    {
        Self::LIMIT
    }

    async fn later(&self) -> Option<Self::Item> {
        self.first().clone()
    }

    #[track_memory(skip)]
    fn skipped(&self) {}

    #[track_memory(name = "has a name")]
    fn named(&self) {}
}

struct Everything;

impl Search for Everything {
    type Item = u8;

    fn find(&self, key: Vec<u8>) -> Option<u8> {
        Some(key.len() as u8)
    }
}

struct Nothing;

impl Search<u32> for Nothing {
    type Item = ();

    fn find(&self, _: u32) -> Option<()> {
        None
    }

    fn first(&self) -> Option<()> {
        None
    }
}

/// A trait with nothing to track, which is no mistake.
#[track_memory]
trait Marker: Sized {}

impl Marker for Nothing {}

fn is_marker<T: Marker>(value: T) -> T {
    value
}

fn main() {
    let profile = Profile::start();
    let object: &dyn Fn() -> Option<u8> = &|| Everything.first();
    assert_eq!(object(), Some(0));
    assert_eq!(is_marker(Nothing).first(), None);
    assert_eq!((Box::new(Everything).boxed(), Box::new(Nothing).boxed()), (10, 10));
    assert_eq!(poll(pin!(Everything.later())), Poll::Ready(Some(0)));
    Everything.skipped();
    Everything.named();
    let report = profile.report();
    assert_eq!(calls(&report, module_path!()), ["Search::first: 2", "Search::boxed: 2", "Search::later: 1"]);
    assert!(report.functions.iter().any(|row| row.name == "has a name" && row.calls == 1));
}

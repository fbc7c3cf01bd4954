#![deny(warnings, missing_docs)]
//! A crate whose documentation is demanded.

use std::pin::pin;
use std::task::Poll;

use memprof::track_memory;
use memprof_tests::{Profile, calls, poll};

macro_rules! untouched {
    ($name:ident) => {
        pub(crate) fn $name() {}
    };
}

#[track_memory]
pub mod index {
    //! Documented inside.
    #![allow(dead_code)]

    use memprof::track_memory;
    use std::{collections::HashMap, fmt};

    /// Items that are no functions, but hold what looks like one.
    pub type Build = fn() -> usize;
    const BUILD: Build = free;
    static TABLE: [Build; 1] = [{
        fn within() -> usize {
            1
        }
        within
    }];
    const LESS: bool = 1 < 2;
    struct Unit;
    struct Tuple<T>(T, fn() -> T)
    where
        T: Clone;
    enum Choice {
        One { build: Build },
    }
    union Either {
        one: u8,
        two: u8,
    }
    extern crate std as again;
    unsafe extern "C" {
        fn abs(number: i32) -> i32;
    }
    untouched!(from_a_macro);
    untouched! { from_braces }
    macro_rules! inner {
        ($name:ident) => {
            fn $name() {}
        };
    }
    inner!(never_called);
    macro_rules! another ( () => { 1 }; );

    /// Free.
    pub fn free() -> usize {
        const fn one() -> usize {
            another!()
        }
        usize::from(BUILD as usize == 0) + one() + TABLE[0]() + usize::from(LESS)
    }

    /// Not to be tracked.
    pub const fn constant() -> u8 {
        1
    }

    /// A foreign function's wrapper.
    pub extern "C" fn absolute(number: i32) -> i32 {
        from_a_macro();
        from_braces();
        unsafe { abs(number) }
    }

    /// A type.
    #[derive(Default)]
    pub struct Index {
        names: HashMap<String, u8>,
    }

    impl Index {
        /// Adds.
        pub fn add(&mut self, name: &str) -> &mut Self {
            self.names.insert(name.to_owned(), constant());
            self
        }
    }

    /// Has a default in braces.
    pub struct Wide<const N: usize = { 1 + 1 }>;

    /// Braces that are not the block's.
    impl Index
    where
        Wide<{ 1 + 1 }>: Sized,
    {
        /// Likewise.
        pub fn constrained(_: fn() -> Vec<u8>) -> [u8; 1 + 1]
        where
            Wide<{ 1 + 1 }>: Sized,
        {
            [0; 2]
        }
    }

    impl fmt::Display for Index {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{}", self.names.len())
        }
    }

    #[track_memory(skip)]
    impl Index {
        /// Skipped with its whole block.
        pub fn skipped(&self) {}
    }

    #[track_memory]
    impl Index {
        /// Tracked by the attribute of its block.
        pub fn tracked_once(&self) {}
    }

    /// A trait.
    pub trait Search {
        /// Required.
        fn find(&self) -> bool;

        /// By default.
        fn lost(&self) -> bool {
            !self.find()
        }
    }

    impl Search for Index {
        #[track_memory(skip)]
        fn find(&self) -> bool {
            true
        }
    }

    /// In a module.
    pub mod deeper {
        /// Deeper.
        pub async fn still() -> u8 {
            super::constant()
        }
    }

    #[cfg(any())]
    mod gone {
        fn gone() -> Missing {}
    }

    /// Not in this module.
    #[track_memory(skip)]
    pub mod left {
        /// Skipped.
        pub fn skipped() {}

        /// Tracked all the same.
        #[memprof::track_memory]
        pub fn tracked() {}
    }
}

fn main() {
    use index::Search;

    let profile = Profile::start();
    assert_eq!((index::free(), index::absolute(-3)), (3, 3));
    let mut names = index::Index::default();
    assert_eq!(names.add("a").add("b").to_string(), "2");
    assert_eq!(index::Index::constrained(Vec::new), [0; 2]);
    names.skipped();
    names.tracked_once();
    assert!(!names.lost());
    assert_eq!(poll(pin!(index::deeper::still())), Poll::Ready(1));
    index::left::skipped();
    index::left::tracked();
    assert_eq!(
        calls(&profile.report(), module_path!()),
        [
            "index::free: 1",
            "index::absolute: 1",
            "index::Index::add: 2",
            "index::Index::constrained: 1",
            "index::Index::fmt: 1",
            "index::Index::tracked_once: 1",
            "index::Search::lost: 1",
            "index::deeper::still: 1",
            "index::left::tracked: 1",
        ]
    );
}

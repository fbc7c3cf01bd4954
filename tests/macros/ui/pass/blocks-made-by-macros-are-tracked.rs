#![deny(warnings)]

use memprof::track_memory;
use memprof_tests::{Profile, calls};

struct Type;

macro_rules! methods {
    ($(#[$attr:meta])* $type:ty => $($vis:vis fn $name:ident() -> $output:ty $body:block)*) => {
        #[track_memory]
        $(#[$attr])*
        impl $type {
            $($vis fn $name() -> $output $body)*
        }
    };
}

methods! {
    #[allow(dead_code)]
    Type =>
    fn private() -> u8 { 1 }
    pub(crate) fn of_crate() -> [u8; 2] { [2; 2] }
}

macro_rules! items {
    (in $name:ident: $($item:item)*) => {
        #[track_memory]
        mod $name {
            $(#[inline] $item)*
        }
    };
    ($block:item) => {
        #[track_memory]
        $block
    };
}

items! {
    impl Type {
        fn whole_block() {}
    }
}

items! {
    in module:
    pub(super) fn first() {}
    pub(super) const fn second() {}
    pub(super) fn third() {}
}

fn main() {
    let profile = Profile::start();
    assert_eq!((Type::private(), Type::of_crate()), (1, [2, 2]));
    Type::whole_block();
    module::first();
    module::second();
    module::third();
    assert_eq!(
        calls(&profile.report(), module_path!()),
        ["Type::private: 1", "Type::of_crate: 1", "Type::whole_block: 1", "module::first: 1", "module::third: 1"]
    );
}

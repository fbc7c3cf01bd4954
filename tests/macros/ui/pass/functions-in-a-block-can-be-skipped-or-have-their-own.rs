#![deny(warnings)]

use memprof::track_memory;
use memprof_tests::{Profile, calls};

struct Type;

#[track_memory]
impl Type {
    fn tracked(&self) {}

    #[track_memory(skip)]
    fn skipped(&self) {}

    #[memprof::track_memory(skip)]
    const fn skipped_const(&self) {}

    #[inline]
    #[memprof::track_memory()]
    #[must_use]
    fn its_own(&self) -> u8 {
        1
    }

    #[cfg_attr(all(), track_memory(skip))]
    fn skipped_if_true(&self) {}

    #[cfg_attr(any(), track_memory(skip))]
    fn skipped_if_false(&self) {}

    /// Tracked once, whichever holds.
    #[cfg_attr(all(), inline, track_memory)]
    #[cfg_attr(any(), must_use, memprof::track_memory(skip))]
    fn its_own_if_true(&self) {}

    #[cfg_attr(any(), must_use)]
    fn something_else(&self) {}
}

/// Outside of a block `skip` leaves the function as it was.
#[track_memory(skip)]
fn alone() {}

#[track_memory(skip)]
trait Trait {
    #[track_memory(skip)]
    fn required(&self);

    fn by_default(&self) {}
}

impl Trait for Type {
    fn required(&self) {}
}

fn main() {
    let profile = Profile::start();
    Type.tracked();
    Type.skipped();
    Type.skipped_const();
    assert_eq!(Type.its_own(), 1);
    Type.skipped_if_true();
    Type.skipped_if_false();
    Type.its_own_if_true();
    Type.something_else();
    alone();
    Type.required();
    Type.by_default();
    assert_eq!(
        calls(&profile.report(), module_path!()),
        [
            "Type::tracked: 1",
            "Type::its_own: 1",
            "Type::skipped_if_false: 1",
            "Type::its_own_if_true: 1",
            "Type::something_else: 1",
        ]
    );
}

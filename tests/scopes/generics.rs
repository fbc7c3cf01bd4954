//! One row for each function in the source: for all instances of a generic one together, for each implementation of a
//! trait apart.

use memprof::track_memory;
use memprof_tests::{Block, Flow, Profile, function, own};

fn row(size: u64, count: u64) -> Flow {
    Flow::new((size, count), (size, count))
}

#[track_memory]
fn generic<T>(_: T) {
    drop(Block::new(size_of::<T>()));
}

#[track_memory]
fn sized<const N: usize>() {
    drop(Block::new(N));
}

#[track_memory]
fn of_any(value: impl AsRef<str>) {
    drop(Block::new(value.as_ref().len()));
}

#[test]
fn all_instances_are_one_row() {
    let profile = Profile::start();
    generic(1u8);
    generic(1u64);
    generic([0u8; 1000]);
    generic("sixteen");
    sized::<5>();
    sized::<50>();
    of_any("abc");
    of_any(String::from("abcd"));
    let report = profile.report();
    let generic = function(&report, "scopes::generics::generic");
    assert_eq!((generic.calls, own(generic)), (4, row(1 + 8 + 1000 + 16, 4)));
    assert_eq!(own(function(&report, "scopes::generics::sized")), row(55, 2));
    let of_any = function(&report, "scopes::generics::of_any");
    // The string that it was given is its own to free.
    assert_eq!((of_any.calls, own(of_any)), (2, Flow::new((7, 2), (11, 3))));
}

struct Plain;
struct Boxed<T>(T);

impl Plain {
    #[track_memory]
    fn method(&self) {
        drop(Block::new(1));
    }

    #[track_memory]
    fn associated() {
        drop(Block::new(2));
    }
}

impl<T> Boxed<T> {
    #[track_memory]
    fn method(&self) {
        drop(Block::new(3));
    }
}

impl Boxed<u8> {
    #[track_memory]
    fn only_of_bytes(&self) {
        drop(Block::new(4));
    }
}

trait Works {
    fn work(&self);

    #[track_memory]
    fn by_default(&self) {
        drop(Block::new(1000));
    }
}

impl Works for Plain {
    #[track_memory]
    fn work(&self) {
        drop(Block::new(5));
    }
}

impl<T> Works for Boxed<T> {
    #[track_memory]
    fn work(&self) {
        drop(Block::new(60));
    }
}

trait WorksToo {
    fn work(&self);
}

impl WorksToo for Plain {
    #[track_memory]
    fn work(&self) {
        drop(Block::new(700));
    }
}

#[test]
fn methods_and_implementations_have_rows_of_their_own() {
    let profile = Profile::start();
    Plain.method();
    Plain::associated();
    Boxed(1u8).method();
    Boxed("text").method();
    Boxed(1u8).only_of_bytes();
    Works::work(&Plain);
    WorksToo::work(&Plain);
    Boxed(1u8).work();
    Boxed(()).work();
    (&Boxed(1u16) as &dyn Works).work();
    Plain.by_default();
    Boxed(1u8).by_default();
    let report = profile.report();
    let check = |name: &str, size, count| assert_eq!(own(function(&report, name)), row(size, count), "{name}");
    check("scopes::generics::Plain::method", 1, 1);
    check("scopes::generics::Plain::associated", 2, 1);
    check("scopes::generics::Boxed::method", 6, 2);
    check("scopes::generics::Boxed<u8>::only_of_bytes", 4, 1);
    // Two functions of the same short name: both say which trait's they are.
    check("<scopes::generics::Plain as scopes::generics::Works>::work", 5, 1);
    check("<scopes::generics::Plain as scopes::generics::WorksToo>::work", 700, 1);
    check("scopes::generics::Boxed::work", 180, 3);
    check("scopes::generics::Works::by_default", 2000, 2);
}

struct Whole<T>(T);

#[track_memory]
impl<T: AsRef<[u8]>> Whole<T> {
    fn method(&self) {
        drop(Block::new(self.0.as_ref().len()));
    }

    #[track_memory(skip)]
    fn skipped(&self) {
        drop(Block::new(20));
        self.method();
    }
}

#[track_memory]
impl<T> Works for Whole<T> {
    fn work(&self) {
        drop(Block::new(3));
    }
}

#[track_memory]
impl<T> WorksToo for Whole<T> {
    fn work(&self) {
        drop(Block::new(4));
    }
}

#[track_memory]
trait ByDefault {
    fn work(&self) {
        drop(Block::new(50));
    }
}

impl<T> ByDefault for Whole<T> {}

impl ByDefault for Plain {}

#[test]
fn functions_of_a_block_have_the_rows_they_would_have_alone() {
    let profile = Profile::start();
    Whole([1; 1]).method();
    Whole([1; 2]).method();
    Whole("three").skipped();
    Works::work(&Whole(1));
    WorksToo::work(&Whole(1));
    ByDefault::work(&Whole(1));
    ByDefault::work(&Plain);
    let report = profile.report();
    let check = |name: &str, size, count| assert_eq!(own(function(&report, name)), row(size, count), "{name}");
    check("scopes::generics::Whole::method", 8, 3);
    check("<scopes::generics::Whole as scopes::generics::Works>::work", 3, 1);
    check("<scopes::generics::Whole as scopes::generics::WorksToo>::work", 4, 1);
    check("scopes::generics::ByDefault::work", 100, 2);
    assert!(!report.functions.iter().any(|row| row.name.ends_with("skipped")));
}

mod left {
    #[memprof::track_memory]
    pub(super) fn twin() {
        drop(memprof_tests::Block::new(10));
    }
}

mod right {
    #[memprof::track_memory]
    pub(super) fn twin() {
        drop(memprof_tests::Block::new(200));
    }

    #[memprof::track_memory(name = "the same name")]
    pub(super) fn named() {
        drop(memprof_tests::Block::new(3000));
    }
}

#[track_memory(name = "the same name")]
fn named() {
    drop(Block::new(40_000));
}

#[test]
fn names_that_collide() {
    let profile = Profile::start();
    left::twin();
    right::twin();
    right::named();
    named();
    for size in [1, 2] {
        let _first = memprof::scope!("twins");
        let _second = memprof::scope!("twins");
        drop(Block::new(size));
    }
    let report = profile.report();
    assert_eq!(own(function(&report, "scopes::generics::left::twin")), row(10, 1));
    assert_eq!(own(function(&report, "scopes::generics::right::twin")), row(200, 1));
    // Names that the user gave are left as they are; the place tells the rows apart.
    let rows = |name: &str| {
        let rows = report.functions.iter().filter(|row| row.name == name);
        rows.map(|row| (own(row).allocated, row.line)).collect::<Vec<_>>()
    };
    let same = rows("the same name");
    assert_eq!(same.iter().map(|row| row.0).collect::<Vec<_>>(), [40_000, 3000]);
    assert_ne!(same[0].1, same[1].1);
    assert_eq!(rows("twins").iter().map(|row| row.0).collect::<Vec<_>>(), [0, 3]);
}

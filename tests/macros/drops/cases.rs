//! Compiled with edition 2024 (`tests/macros/drops`) and with edition 2021 (`tests/edition2021`).

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use memprof::track_memory;

use crate::fake::{Noisy, log, taken};

/// The same function twice: as it stands, and tracked. The second must do what the first does.
macro_rules! twice {
    ($(#[$attr:meta])* $function:item) => {
        #[allow(unused, clippy::all)]
        mod plain {
            use super::*;
            $(#[$attr])* $function
        }
        #[allow(unused, clippy::all)]
        mod tracked {
            use super::*;
            #[track_memory(crate = crate::fake)]
            $(#[$attr])* $function
        }
    };
}

fn without_scopes(events: &str) -> String {
    events.split(", ").filter(|event| !matches!(*event, "enter" | "exit")).collect::<Vec<_>>().join(", ")
}

/// Polls once.
fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn parameters_that_are_names_are_dropped_in_the_scope_and_in_their_order() {
    twice! {
        pub(crate) fn f(_a: Noisy, mut b: Noisy, c: Noisy) {
            let _local = Noisy("local");
            b.0 = "changed b";
            let _ = &c;
            log("body");
        }
    }
    plain::f(Noisy("a"), Noisy("b"), Noisy("c"));
    let plain = taken();
    tracked::f(Noisy("a"), Noisy("b"), Noisy("c"));
    let tracked = taken();
    assert_eq!(tracked, "enter, body, drop local, drop c, drop changed b, drop a, exit");
    assert_eq!(without_scopes(&tracked), plain);
}

#[test]
fn a_parameter_nobody_uses_is_dropped_in_the_scope() {
    #[track_memory(crate = crate::fake)]
    fn consume(_rows: Noisy) {}
    consume(Noisy("rows"));
    assert_eq!(taken(), "enter, drop rows, exit");
}

#[test]
fn self_by_value_is_dropped_after_the_scope() {
    struct Type(#[allow(dead_code)] Noisy);
    impl Type {
        #[track_memory(crate = crate::fake)]
        fn consume(self, _a: Noisy) {
            log("body");
        }
        #[track_memory(crate = crate::fake)]
        fn consume_as_a_local(self, _a: Noisy) {
            let _this = self;
            log("body");
        }
    }
    Type(Noisy("self")).consume(Noisy("a"));
    assert_eq!(taken(), "enter, body, drop a, exit, drop self");
    Type(Noisy("self")).consume_as_a_local(Noisy("a"));
    assert_eq!(taken(), "enter, body, drop self, drop a, exit");
}

#[test]
#[allow(clippy::toplevel_ref_arg)]
fn patterns_are_dropped_after_the_scope() {
    #[track_memory(crate = crate::fake)]
    fn f((_a, _): (Noisy, Noisy), _: Noisy, ref _c: Noisy, d @ Noisy(_): Noisy, _e: Noisy) {
        let _ = &d;
        log("body");
    }
    f((Noisy("a"), Noisy("rest")), Noisy("b"), Noisy("c"), Noisy("d"), Noisy("e"));
    assert_eq!(taken(), "enter, body, drop e, exit, drop d, drop c, drop b, drop a, drop rest");
}

#[allow(dead_code)]
struct Pair(Noisy, Noisy);

/// Parameters in every mixture: a plain function, the same tracked, and both as `async fn`.
#[test]
#[allow(clippy::toplevel_ref_arg)]
fn parameters_are_dropped_in_rusts_order() {
    fn noisy(name: &'static str) -> Noisy {
        Noisy(name)
    }
    fn pair() -> (Noisy, Noisy) {
        (noisy("l"), noisy("r"))
    }
    macro_rules! table {
        ($($name:ident($($pattern:pat_param => $ty:ty = $value:expr),*);)*) => {
            #[allow(unused, clippy::all)]
            mod plain {
                use super::*;
                $(pub(super) fn $name($($pattern: $ty),*) { log("body"); })*
                pub(super) mod later { use super::*; $(pub(in super::super) async fn $name($($pattern: $ty),*) { log("body"); })* }
            }
            #[allow(unused, clippy::all)]
            mod tracked {
                use super::*;
                $(#[track_memory(crate = crate::fake)] pub(super) fn $name($($pattern: $ty),*) { log("body"); })*
                pub(super) mod later {
                    use super::*;
                    $(#[track_memory(crate = crate::fake)] pub(in super::super) async fn $name($($pattern: $ty),*) { log("body"); })*
                }
                pub(super) mod must {
                    use super::*;
                    $(#[track_memory(crate = crate::fake)] #[must_use] pub(in super::super) async fn $name($($pattern: $ty),*) { log("body"); })*
                }
            }
            $({
                plain::$name($($value),*);
                let plain = taken();
                tracked::$name($($value),*);
                let tracked = taken();
                println!("{:20} {plain:45} {tracked}", stringify!($name));
                assert_eq!(without_scopes(&tracked), plain, stringify!($name));
                assert!(poll(pin!(plain::later::$name($($value),*))).is_ready());
                let plain = taken();
                assert!(poll(pin!(tracked::later::$name($($value),*))).is_ready());
                let tracked = taken();
                println!("{:20} {plain:45} {tracked}", concat!("async ", stringify!($name)));
                assert_eq!(without_scopes(&tracked), plain, concat!("async ", stringify!($name)));
                assert!(poll(pin!(tracked::must::$name($($value),*))).is_ready());
                assert_eq!(without_scopes(&taken()), plain, concat!("must use, async ", stringify!($name)));
            })*
        };
    }
    table! {
        names(x => Noisy = noisy("x"), mut y => Noisy = noisy("y"), _z => Noisy = noisy("z"));
        pattern_between(x => Noisy = noisy("x"), (l, r) => (Noisy, Noisy) = pair(), y => Noisy = noisy("y"));
        pattern_first((l, r) => (Noisy, Noisy) = pair(), x => Noisy = noisy("x"), y => Noisy = noisy("y"));
        pattern_last(x => Noisy = noisy("x"), y => Noisy = noisy("y"), (l, r) => (Noisy, Noisy) = pair());
        part_of_a_pattern(x => Noisy = noisy("x"), (l, _) => (Noisy, Noisy) = pair(), y => Noisy = noisy("y"));
        underscore(x => Noisy = noisy("x"), _ => Noisy = noisy("_"), y => Noisy = noisy("y"));
        only_underscores(_ => Noisy = noisy("a"), _ => Noisy = noisy("b"));
        by_reference(x => Noisy = noisy("x"), ref y => Noisy = noisy("y"), z => Noisy = noisy("z"));
        bound_twice(x => Noisy = noisy("x"), ref y @ Noisy(name) => Noisy = noisy("y"), z => Noisy = noisy("z"));
        fields(x => Noisy = noisy("x"), Pair(l, ..) => Pair = Pair(noisy("l"), noisy("r")), y => Noisy = noisy("y"));
        mutable_parts(x => Noisy = noisy("x"), (mut l, mut r) => (Noisy, Noisy) = pair(), mut y => Noisy = noisy("y"));
        references(x => Noisy = noisy("x"), _ => &Noisy = &std::mem::ManuallyDrop::new(noisy("never")), y => Noisy = noisy("y"));
        copies(x => Noisy = noisy("x"), (a, b) => (u8, bool) = (1, true), _ => [u64; 2] = [1, 2], y => Noisy = noisy("y"));
        slices(x => Noisy = noisy("x"), [l, r] => [Noisy; 2] = [noisy("l"), noisy("r")], y => Noisy = noisy("y"));
        two_patterns((a, _) => (Noisy, Noisy) = pair(), x => Noisy = noisy("x"), (_, b) => (Noisy, Noisy) = pair());
        parenthesized(x => Noisy = noisy("x"), (y) => Noisy = noisy("y"), z => Noisy = noisy("z"));
    }
}

#[test]
fn self_is_dropped_in_rusts_order() {
    macro_rules! twice {
        ($($function:item)*) => {
            #[allow(unused, clippy::all)]
            mod plain {
                use super::*;
                pub(super) struct Type(pub(super) Noisy);
                impl Type { $($function)* }
            }
            #[allow(unused, clippy::all)]
            mod tracked {
                use super::*;
                pub(super) struct Type(pub(super) Noisy);
                #[track_memory(crate = crate::fake)]
                impl Type { $($function)* }
            }
        };
    }
    twice! {
        pub(super) fn names(self, x: Noisy, y: Noisy) { log("body"); }
        pub(super) fn pattern(mut self, (l, r): (Noisy, Noisy), y: Noisy) { log("body"); }
        pub(super) fn underscore(self: Box<Self>, x: Noisy, _: Noisy, y: Noisy) { log("body"); }
    }
    macro_rules! run {
        ($type:path) => {{
            let new = || {
                use $type as Type;
                Type(Noisy("self"))
            };
            new().names(Noisy("x"), Noisy("y"));
            new().pattern((Noisy("l"), Noisy("r")), Noisy("y"));
            Box::new(new()).underscore(Noisy("x"), Noisy("_"), Noisy("y"));
            taken()
        }};
    }
    let (plain, tracked) = (run!(plain::Type), run!(tracked::Type));
    println!("{plain}\n{tracked}");
    assert_eq!(without_scopes(&tracked), plain);
}

#[test]
fn the_last_expression_may_borrow_from_a_parameter() {
    twice! {
        pub(crate) fn f(m: Mutex<Vec<u8>>) -> usize { m.lock().unwrap().len() }
    }
    assert_eq!(plain::f(Mutex::new(vec![1, 2])), tracked::f(Mutex::new(vec![1, 2])));
    taken();
}

#[test]
fn the_temporaries_of_the_last_expression_die_as_before_and_in_the_scope() {
    twice! {
        pub(crate) fn f(_param: Noisy) -> usize {
            let _local = Noisy("local");
            Noisy("temporary").0.len()
        }
    }
    plain::f(Noisy("param"));
    let plain = taken();
    tracked::f(Noisy("param"));
    let tracked = taken();
    assert_eq!(without_scopes(&tracked), plain);
    assert!(tracked.starts_with("enter, ") && tracked.ends_with("drop param, exit"), "{tracked}");
}

#[test]
fn every_way_out_ends_the_scope_last() {
    twice! {
        pub(crate) fn f(a: Noisy, way: u8) -> Result<u8, std::num::ParseIntError> {
            let _local = Noisy("local");
            for step in 0.. {
                match way {
                    0 => return Ok(step),
                    1 => drop("x".parse::<u8>()?),
                    2 => panic!("on purpose"),
                    _ => break,
                }
            }
            let _ = &a;
            Ok(9)
        }
    }
    for way in 0..=3 {
        let was = catch_unwind(AssertUnwindSafe(|| plain::f(Noisy("a"), way)));
        let plain = taken();
        let is = catch_unwind(AssertUnwindSafe(|| tracked::f(Noisy("a"), way)));
        assert_eq!(taken(), format!("enter, {plain}, exit"), "way {way}");
        assert_eq!(was.ok(), is.ok(), "way {way}");
    }
}

#[test]
fn an_async_function_enters_on_each_poll_and_drops_its_parameters_inside() {
    twice! {
        pub(crate) async fn f(a: Noisy, mut b: Noisy) -> usize {
            b.0 = "changed b";
            std::future::ready(()).await;
            let mut first = true;
            std::future::poll_fn(|_| if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }).await;
            log("body");
            a.0.len() + b.0.len()
        }
    }
    fn run(future: impl Future<Output = usize>) -> String {
        {
            let mut future = pin!(future);
            assert!(poll(future.as_mut()).is_pending());
            log("between");
            assert_eq!(poll(future.as_mut()), Poll::Ready(10));
        }
        taken()
    }
    let plain = run(plain::f(Noisy("a"), Noisy("b")));
    let tracked = run(tracked::f(Noisy("a"), Noisy("b")));
    assert_eq!(tracked, "enter, exit, between, enter, body, drop changed b, drop a, exit, enter, exit");
    assert_eq!(without_scopes(&tracked), plain);
}

#[test]
fn an_async_function_dropped_half_way_frees_in_its_scope() {
    #[track_memory(crate = crate::fake)]
    async fn f(_a: Noisy) {
        let _local = Noisy("local");
        std::future::pending::<()>().await;
    }
    {
        let mut future = pin!(f(Noisy("a")));
        assert!(poll(future.as_mut()).is_pending());
        log("dropped");
    }
    assert_eq!(taken(), "enter, exit, dropped, enter, drop local, drop a, exit");
}

#[test]
fn a_future_never_polled_frees_its_arguments_in_its_scope() {
    struct Type(#[allow(dead_code)] Noisy);
    impl Type {
        #[track_memory(crate = crate::fake)]
        async fn f(self, _a: Noisy, _: Noisy) {}
    }
    drop(Type(Noisy("self")).f(Noisy("a"), Noisy("b")));
    assert_eq!(taken(), "enter, drop self, drop a, drop b, exit");
}

#[test]
fn an_async_function_holds_all_its_arguments_and_drops_them_as_it_did() {
    macro_rules! twice {
        ($($function:item)*) => {
            #[allow(unused, clippy::all)]
            mod plain {
                use super::*;
                pub(crate) struct Type(pub(crate) Noisy, pub(crate) Noisy);
                impl Type { $($function)* }
            }
            mod tracked {
                use super::*;
                pub(crate) struct Type(pub(crate) Noisy, #[allow(dead_code)] pub(crate) Noisy);
                #[track_memory(crate = crate::fake)]
                impl Type { $($function)* }
            }
        };
    }
    twice! {
        pub(crate) async fn unused(self, (_a, _): (Noisy, Noisy), _: Noisy, mut _d: Noisy) {
            let _local = Noisy("local");
            std::future::ready(()).await;
            log("body");
        }
        pub(crate) async fn parts(mut self, ref _b @ Noisy(name): Noisy, _c: Noisy) -> usize {
            self.0 = Noisy("changed");
            drop(self.0);
            name.len() + Noisy("temporary").0.len()
        }
        pub(crate) async fn moved(self) -> usize {
            let this = self;
            this.0.0.len()
        }
    }
    macro_rules! run {
        ($type:path) => {{
            let new = || {
                use $type as Type;
                Type(Noisy("first"), Noisy("second"))
            };
            assert!(poll(pin!(new().unused((Noisy("a"), Noisy("b")), Noisy("c"), Noisy("d")))).is_ready());
            assert_eq!(poll(pin!(new().parts(Noisy("b"), Noisy("c")))), Poll::Ready(10));
            assert_eq!(poll(pin!(new().moved())), Poll::Ready(5));
            taken()
        }};
    }
    let plain = run!(plain::Type);
    let tracked = run!(tracked::Type);
    assert_eq!(without_scopes(&tracked), plain);
    assert_eq!(tracked.split("enter, exit").count(), 4, "something is dropped after the poll: {tracked}");
}

#[test]
fn what_makes_a_future_is_outside_of_its_scope() {
    #[track_memory(crate = crate::fake)]
    fn f(a: Noisy, b: Noisy) -> impl Future<Output = ()> {
        let _made = Noisy("local");
        drop(b);
        async move {
            let _a = a;
            log("body");
        }
    }
    let future = f(Noisy("a"), Noisy("b"));
    assert_eq!(taken(), "drop b, drop local");
    assert!(poll(pin!(future)).is_ready());
    assert_eq!(taken(), "enter, body, drop a, exit, enter, exit");
}

#[test]
fn an_async_last_expression_may_borrow_from_a_parameter() {
    #[track_memory(crate = crate::fake)]
    async fn f(m: Mutex<Vec<u8>>) -> usize {
        m.lock().unwrap().len()
    }
    assert_eq!(poll(pin!(f(Mutex::new(vec![1])))), Poll::Ready(1));
    taken();
}

#[test]
fn functions_of_a_block_drop_as_they_would_alone() {
    struct Type;
    #[track_memory(crate = crate::fake)]
    impl Type {
        fn consume(self, _a: Noisy) {
            log("body");
        }

        async fn later(self, _a: Noisy) {
            log("body");
        }

        #[track_memory(skip)]
        fn skipped(self, _a: Noisy) {
            log("body");
        }
    }
    Type.consume(Noisy("a"));
    assert_eq!(taken(), "enter, body, drop a, exit");
    assert!(poll(pin!(Type.later(Noisy("a")))).is_ready());
    assert_eq!(taken(), "enter, body, drop a, exit, enter, exit");
    Type.skipped(Noisy("a"));
    assert_eq!(taken(), "body, drop a");
}

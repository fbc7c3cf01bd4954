//! Without default features memprof does nothing: no file, output, dependency or input. Mistakes are still errors.

use std::fs;
use std::future::Future;
use std::pin::pin;
use std::process::Command;
use std::task::{Context, Poll, Waker};

#[test]
fn nothing_is_counted() {
    let (stats, mb) = memprof_off::stats_after_work();
    assert_eq!((stats, mb), (memprof::MemoryStats::default(), [0.0; 4]));
}

#[test]
fn reports_are_empty() {
    let report = memprof::Report::default();
    let mut written = Vec::new();
    report.write_json(&mut written).unwrap();
    assert_eq!((report.to_json().as_str(), written.as_slice(), report.violations().count()), ("{}", &b"{}\n"[..], 0));
}

#[test]
fn functions_do_what_they_did() {
    assert_eq!(memprof_off::sum(&[1, 2], 3), 7);
    let whole = memprof_off::whole::Type::new();
    assert_eq!((whole.skipped(), whole.doubled()), (1, 2));
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(pin!(whole.later()).poll(&mut context), Poll::Ready(1));
    assert_eq!(pin!(memprof_off::later("four".to_owned())).poll(&mut context), Poll::Ready(4));
    assert_eq!(pin!(memprof_off::later_itself("four".to_owned())).poll(&mut context), Poll::Ready(4));
    assert_eq!(memprof_off::later_boxed("four").as_mut().poll(&mut context), Poll::Ready(4));
    assert_eq!(memprof_off::elsewhere(&["a", "bc"]), 7);
    assert_eq!(pin!(memprof_off::named(std::future::ready(5))).poll(&mut context), Poll::Ready(5));
}

#[test]
fn a_program_runs_reads_nothing_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("memory_profile.toml"), "[wrong]").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_memprof-off"))
        .current_dir(folder.path())
        .env("MEMPROF_CONFIG", "no/such/file")
        .env("MEMPROF_ENABLED", "maybe")
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "true true true true true\n");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something was written");
}

#[test]
fn exit_exits() {
    let status = Command::new(env!("CARGO_BIN_EXE_memprof-off")).arg("exit").status().unwrap();
    assert_eq!(status.code(), Some(4));
}

#[test]
fn nothing_is_installed_and_nothing_costs() {
    // A guard that is nothing ends as nothing.
    assert!(!std::mem::needs_drop::<memprof::__private::Guard>());
    assert_eq!(size_of::<memprof::AllocationTracker>(), 0);
    assert_eq!(size_of::<memprof::Profiler>(), 0);
    assert_eq!(size_of::<memprof::Context>(), 0);
    assert_eq!((size_of::<memprof::Meter>(), size_of::<memprof::Label>()), (0, 0));
    assert_eq!(size_of_val(&memprof::track("nothing", std::future::ready(()))), size_of::<std::future::Ready<()>>());
}

#[memprof::test(repeat = 50, growth = 0)]
fn a_repeated_test_runs_once() {
    static TURNS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    assert_eq!(TURNS.fetch_add(1, std::sync::atomic::Ordering::Relaxed), 0);
    std::mem::forget(vec![1u8; 100]);
}

#[memprof::track_memory(items = points.len(), max_per_item = "1 B")]
fn with_items(points: &[u8]) -> Vec<u8> {
    memprof::items(points.len());
    points.repeat(100)
}

#[test]
fn items_are_not_counted() {
    assert_eq!(with_items(&[1, 2]).len(), 200);
}

#[memprof::test(max_allocated = "0 B", max_peak = "0 B", max_net = "0 B", max_count = 0, no_leaks)]
fn a_test_is_a_plain_test() {
    std::mem::forget(vec![1u8; 100]);
}

#[memprof::test]
#[should_panic(expected = "by itself")]
fn a_test_that_panics_panics() {
    panic!("by itself");
}

#[memprof::test]
#[test]
fn a_test_is_made_once() -> Result<(), std::fmt::Error> {
    static RUNS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    assert_eq!(RUNS.fetch_add(1, std::sync::atomic::Ordering::Relaxed), 0);
    Ok(())
}

#[test]
fn assertions_run_their_closures_and_check_nothing() {
    use memprof::testing::{assert_allocated, assert_baseline, assert_no_leaks, measure, measure_async};
    assert_eq!(assert_allocated!(== "0 B", || vec![1u8; 100].len(), "not {}", 0), 100);
    assert_eq!(assert_baseline!("no file", || vec![1u8; 100].len(), "not {}", 0), 100);
    let mut ran = false;
    assert_no_leaks!(|| {
        ran = true;
        std::mem::forget(vec![1u8; 100]);
    });
    assert!(ran);
    let measured = measure(|| vec![1u8; 100]);
    assert_eq!((measured.value.len(), measured.allocated_bytes, measured.functions.len()), (100, 0, 0));
    assert_eq!(measured.to_string(), "nothing was measured: memprof's feature `profiling` is off");
    let mut context = Context::from_waker(Waker::noop());
    let measured = pin!(measure_async(std::future::ready(5))).poll(&mut context);
    assert!(matches!(measured, Poll::Ready(measured) if measured.value == 5));
}

#[test]
fn no_other_crate_is_built_for_it() {
    // The attributes are built once for the build machine; the program itself gets no crate but memprof.
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--edges", "normal,no-proc-macro", "--package", "memprof", "--prefix", "none", "--offline"])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let crates: Vec<String> = String::from_utf8_lossy(&tree.stdout).lines().map(str::to_owned).collect();
    assert_eq!(crates.len(), 1, "{crates:#?}");
    assert!(crates[0].starts_with("memprof v"), "{crates:#?}");
}

#[test]
fn mistakes_in_the_attributes_are_still_errors() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

//! The program of the reports is this test.

use std::env::current_exe;
use std::hint::black_box;

use memprof::report::data::{AtLimit, LiveGroup};
use object::ObjectSymbol;

use super::*;

#[unsafe(no_mangle)]
extern "C" fn memprof_test_named(number: u64) -> u64 {
    black_box(number) + 1
}

/// Build id of this test, and the address of its function.
fn own() -> (String, u64) {
    let path = current_exe().unwrap();
    let bytes = fs::read(&path).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    assert_eq!(memprof_test_named(1), 2);
    let address = file.symbols().find(|symbol| symbol.name() == Ok("memprof_test_named")).unwrap().address();
    (build_id(File::open(&path).unwrap()).unwrap(), address)
}

/// A report at a limit of a program with this build id, in a module with this path.
fn report(module: &str, build: &str, address: u64) -> Report {
    let mut frame = Frame::default();
    frame.address = address + 1;
    frame.module = Some(format!("{module} (build {build})").into());
    let mut group = LiveGroup::default();
    group.stack = vec![frame];
    let mut report = Report::default();
    report.limit = Some(AtLimit::default());
    report.program.build = Some(build.to_owned());
    report.live.groups.push(group);
    report
}

fn function(report: &Report) -> Option<&str> {
    report.live.groups[0].stack[0].function.as_deref()
}

#[test]
fn the_program_is_found_by_its_build_id() {
    let (build, address) = own();
    let exe = current_exe().unwrap();
    let mut found = report(&exe.to_string_lossy(), &build, address);
    assert_eq!(named(&mut found, None), [""; 0]);
    assert_eq!(function(&found), Some("memprof_test_named"));
    let mut moved = report("/is/not/there", &build, address);
    let reasons = named(&mut moved, None);
    assert!(reasons[0].starts_with("cannot read /is/not/there: ") && reasons.len() == 1, "{reasons:?}");
    assert_eq!(function(&moved), None);
    assert_eq!(named(&mut moved, Some(&exe)), [""; 0]);
    assert_eq!(function(&moved), Some("memprof_test_named"));
}

#[test]
fn what_cannot_name_functions_is_told() {
    let (build, address) = own();
    let exe = current_exe().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    fs::write(&text, "no program").unwrap();
    for (program, build, reason) in [
        (Path::new("/dev/zero"), &*build, "it is not a file"),
        (folder.path(), &*build, "it is not a file"),
        (&text, &*build, "has no build id"),
        (&exe, "4f2a", "is another build than that of the report (4f2a)"),
    ] {
        let mut report = report("/is/not/there", build, address);
        let reasons = named(&mut report, Some(program));
        assert!(reasons.len() == 1 && reasons[0].contains(reason), "{reasons:?}");
        assert!(reasons[0].ends_with(AS_ADDRESSES) && function(&report).is_none(), "{reasons:?}");
    }
    // Without symbols the address is in no function.
    let mut nowhere = report(&exe.to_string_lossy(), &build, u64::MAX / 2);
    assert!(named(&mut nowhere, None)[0].contains("has no symbols"));
    let mut without = report(&exe.to_string_lossy(), &build, address);
    without.program.build = None;
    without.live.groups[0].stack[0].module = Some(exe.to_string_lossy().into_owned().into());
    assert!(named(&mut without, None)[0].contains("linked without a build id"));
}

#[test]
fn control_characters_of_a_path_are_not_shown() {
    let mut evil = report("/tmp/\u{1b}[31m\u{7}", "4f2a", 1);
    let reasons = named(&mut evil, None);
    assert!(!reasons[0].contains(char::is_control) && reasons[0].contains("u{1b}[31m"), "{reasons:?}");
}

//! The figures of a test in a process of its own, which `cargo memprof test` asks for by `MEMPROF_TEST`.
//!
//! The tests of `subjects` are measured by the others, which start this program again.

#[global_allocator]
static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();

/// Bytes by which [`subjects::marked`] shows its beginning and its end.
const MARK: i64 = 1_234_567;

mod subjects {
    use std::cell::RefCell;
    use std::hint::black_box;
    use std::thread;

    #[test]
    #[ignore = "measured by the tests below"]
    fn marked() {
        black_box(vec![0u8; super::MARK as usize]);
    }

    #[test]
    #[ignore = "measured by the tests below"]
    fn empty() {}

    #[test]
    #[ignore = "measured by the tests below"]
    fn one_block() {
        black_box(vec![0u8; 1_000_000]);
    }

    #[test]
    #[ignore = "measured by the tests below"]
    fn small() {
        let kept = black_box(vec![0u8; 10]);
        drop(black_box(vec![0u8; 20]));
        drop(black_box(vec![0u8; 5]));
        drop(kept);
    }

    #[test]
    #[ignore = "measured by the tests below"]
    fn grows() {
        let mut block = black_box(Vec::<u8>::with_capacity(100));
        block.reserve_exact(5_000);
        black_box(&block);
    }

    #[test]
    #[ignore = "measured by the tests below"]
    fn leaks() {
        black_box(Box::leak(vec![0u8; 777].into_boxed_slice()));
    }

    #[test]
    #[ignore = "measured by the tests below"]
    fn fills_a_thread_local() {
        thread_local!(static BLOCK: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) });
        BLOCK.with_borrow_mut(|block| *block = vec![0; 500]);
    }

    #[test]
    #[ignore = "measured by the tests below"]
    fn spawns() {
        // The blocks of the threads live at the same time.
        let barrier = std::sync::Barrier::new(4);
        thread::scope(|scope| {
            let work = || {
                let block = black_box(vec![0u8; 1_000_000]);
                barrier.wait();
                drop(block);
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
            // The scope itself does not wait until the threads have freed what the standard library keeps for them.
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
    }

    #[test]
    #[ignore = "measured by the tests below"]
    fn has_a_profile() {
        let mut config = memprof::Config::default();
        config.memory_profiling.dump_on_exit = false;
        let profiler = memprof::Profiler::start(config).expect("a profile starts");
        black_box(vec![0u8; 1_000_000]);
        let report = profiler.report();
        assert!(report.totals.allocated_bytes >= 1_000_000);
    }

    #[test]
    #[ignore = "measured by the tests below"]
    fn is_measured() {
        let measured = memprof::testing::measure(|| drop(black_box(vec![0u8; 1_000_000])));
        assert_eq!((measured.allocated_bytes, measured.peak_bytes), (1_000_000, 1_000_000));
    }

    #[test]
    #[ignore = "measured by the tests below"]
    fn has_no_variable() {
        assert_eq!(std::env::var_os("MEMPROF_TEST"), None);
    }

    #[cfg(unix)]
    #[test]
    #[ignore = "measured by the tests below"]
    fn forks() {
        // SAFETY: the child calls nothing but `exit`, which runs the handlers.
        unsafe {
            if libc::fork() == 0 {
                libc::exit(0);
            }
            libc::wait(std::ptr::null_mut());
        }
        black_box(vec![0u8; 1_000]);
    }
}

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Allocations and frees of the harness on the thread of a test.
#[derive(Debug)]
struct Harness {
    events_before: usize,
    /// Changes of the net from the block with the result on.
    after: Vec<i64>,
}

/// Figures as the process has written them.
#[derive(Debug)]
struct Written {
    figures: HashMap<String, i64>,
    is_installed: bool,
    changes: Vec<i64>,
}

/// Row of a test.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    allocated_bytes: i64,
    allocated_count: i64,
    peak_bytes: i64,
    kept_bytes: i64,
}

fn arguments(name: &str) -> [&str; 5] {
    ["--exact", name, "--nocapture", "--test-threads=1", "--ignored"]
}

fn parse(text: &str) -> Written {
    let mut written = Written { figures: HashMap::new(), is_installed: false, changes: Vec::new() };
    for line in text.lines() {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        match name {
            "installed" => written.is_installed = value == "true",
            "after" => written.changes = value.split(' ').filter(|part| !part.is_empty()).map(number).collect(),
            _ => drop(written.figures.insert(name.to_owned(), number(value))),
        }
    }
    written
}

fn number(text: &str) -> i64 {
    text.parse().expect("a number")
}

fn run(subject: &str, events_before: usize, message_bytes: i64) -> Written {
    let folder = tempfile::tempdir().expect("a folder");
    let file: PathBuf = folder.path().join("figures");
    let output = Command::new(std::env::current_exe().expect("the program has a name"))
        .args(arguments(&format!("subjects::{subject}")))
        .env("MEMPROF_TEST", format!("{events_before},{message_bytes},{}", file.display()))
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{subject}: {output:?}");
    parse(&std::fs::read_to_string(file).expect("the process writes its figures"))
}

fn harness() -> Harness {
    let changes = run("marked", 0, 0).changes;
    let at = changes.iter().position(|change| *change == MARK).expect("the mark is there");
    assert_eq!(changes[at + 1], -MARK);
    // Blocks that both the main thread and that of the test may free are freed there or here.
    Harness { events_before: at, after: changes[at + 2..].to_vec() }
}

fn row(subject: &str, harness: &Harness, written: &Written) -> Row {
    let figure = |name: &str| written.figures[name];
    assert!(written.is_installed, "{subject}");
    let message = harness.after[0];
    // All frees after the test belong to the harness, but for those of thread-locals.
    let thread_locals = if subject == "fills_a_thread_local" { -500 } else { 0 };
    let after: i64 = written.changes.iter().sum::<i64>() - thread_locals;
    Row {
        allocated_bytes: figure("allocated_bytes") - message,
        allocated_count: figure("allocated_count") - 1,
        peak_bytes: figure("peak_bytes"),
        kept_bytes: figure("net_bytes") - after,
    }
}

fn measured(subject: &str) -> Row {
    let harness = harness();
    row(subject, &harness, &run(subject, harness.events_before, harness.after[0]))
}

const fn expected(allocated_bytes: i64, allocated_count: i64, peak_bytes: i64, kept_bytes: i64) -> Row {
    Row { allocated_bytes, allocated_count, peak_bytes, kept_bytes }
}

#[test]
fn rows_are_true_to_the_byte() {
    for (subject, row) in [
        ("empty", expected(0, 0, 0, 0)),
        ("one_block", expected(1_000_000, 1, 1_000_000, 0)),
        ("small", expected(35, 3, 30, 0)),
        ("grows", expected(5_100, 2, 5_000, 0)),
        ("leaks", expected(777, 1, 777, 777)),
        ("fills_a_thread_local", expected(500, 1, 500, 0)),
    ] {
        assert_eq!(measured(subject), row, "{subject}");
    }
}

#[test]
fn threads_of_a_test_are_part_of_it() {
    let row = measured("spawns");
    // The standard library allocates a little for each thread.
    assert!((4_000_000..4_004_000).contains(&row.allocated_bytes), "{row:?}");
    assert!((4_000_000..4_004_000).contains(&row.peak_bytes), "{row:?}");
    assert_eq!(row.kept_bytes, 0, "{row:?}");
}

#[test]
fn a_test_may_measure_itself() {
    assert_eq!(measured("is_measured").peak_bytes, 1_000_000);
    let row = measured("has_a_profile");
    assert!((1_000_000..2_000_000).contains(&row.allocated_bytes), "{row:?}");
    assert!((1_000_000..2_000_000).contains(&row.peak_bytes), "{row:?}");
}

#[test]
fn programs_of_a_test_are_no_tests() {
    measured("has_no_variable");
}

#[cfg(unix)]
#[test]
fn a_forked_child_writes_nothing() {
    assert_eq!(measured("forks"), expected(1_000, 1, 1_000, 0));
}

/// One process forks one for each test.
#[cfg(unix)]
#[test]
fn a_server_answers_for_each_test() {
    use std::io::{Read, Write};

    let folder = tempfile::tempdir().expect("a folder");
    let harness = harness();
    let mut server = Command::new(std::env::current_exe().expect("the program has a name"))
        .args(arguments("memprof-name-of-the-test"))
        .env("MEMPROF_TEST", format!("{},{},", harness.events_before, harness.after[0]))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let (mut to, mut from) = (server.stdin.take().expect("a pipe"), server.stdout.take().expect("a pipe"));
    let mut greeting = [0; 10];
    from.read_exact(&mut greeting).expect("a greeting");
    assert_eq!(&greeting, b"memprof 1\n");
    for (subject, bytes) in [("one_block", 1_000_000), ("small", 35), ("one_block", 1_000_000)] {
        let output = folder.path().join(subject);
        let request = format!("subjects::{subject}\0{}\0", output.display());
        to.write_all(&(request.len() as u32).to_ne_bytes()).expect("it is read");
        to.write_all(request.as_bytes()).expect("it is read");
        let mut answer = [0; 8];
        from.read_exact(&mut answer).expect("an answer");
        let word = |at: usize| u32::from_ne_bytes(answer[at..at + 4].try_into().expect("four bytes"));
        let mut figures = vec![0; word(4) as usize];
        from.read_exact(&mut figures).expect("figures");
        assert_eq!(word(0), 0, "{subject}");
        let written = parse(&String::from_utf8(figures).expect("text"));
        assert_eq!(row(subject, &harness, &written).allocated_bytes, bytes, "{subject}");
        let text = std::fs::read_to_string(output).expect("the output of the test");
        assert!(text.contains(&format!("test subjects::{subject} ... ok")), "{text}");
    }
    drop(to);
    assert!(server.wait().expect("it ends").success());
}

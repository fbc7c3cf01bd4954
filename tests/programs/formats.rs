//! The page and the other formats of the last report of a process.

use std::fs;

use super::{ALLOCATIONS, Ended, LEAKS, Program, program};

/// The file of each format, in alphabetical order.
const ALL: [&str; 8] = [
    "memory.dhat.json",
    "memory.folded",
    "memory.pb.gz",
    "memory.speedscope.json",
    "memory_flame.svg",
    "memory_functions.csv",
    "memory_report.html",
    "memory_report.md",
];

fn with_all(program: Program) -> Program {
    program.env("MEMPROF_FORMATS", "svg,csv,html,pprof,dhat,folded,speedscope,markdown")
}

/// The files of the formats in a folder, sorted.
fn formats(ended: &Ended, folder: &str) -> Vec<String> {
    let mut files = [ended.files(folder), ended.pages(folder)].concat();
    files.retain(|name| !name.contains("memory_allocations") && !name.contains("memory_leaks"));
    files.sort();
    files
}

/// Panics unless the page is a whole one.
fn expect_page(ended: &Ended, path: &str) {
    let text = fs::read_to_string(ended.work(path)).unwrap_or_else(|error| panic!("{path}: {error}: {}", ended.stderr));
    assert!(text.starts_with("<!doctype html>") && text.ends_with("</html>\n"), "{path}: {text}");
}

#[test]
fn the_page_stands_beside_the_reports_and_the_table_names_it() {
    let ended = program!("plain").run();
    ended.expect_status(0).expect_report();
    expect_page(&ended, "data/logs/memory_report.html");
    let line = ended.stderr.lines().find(|line| line.starts_with("as a page:   ")).unwrap();
    assert!(line.ends_with("memory_report.html"), "{line}");
}

#[test]
fn each_format_is_a_file_that_the_table_names() {
    let ended = with_all(program!("plain")).run();
    ended.expect_status(0);
    assert_eq!(formats(&ended, "work/data/logs"), ALL);
    for name in ALL {
        assert!(ended.stderr.lines().any(|line| line.ends_with(name)), "{name}: {}", ended.stderr);
        assert!(fs::metadata(ended.work(&format!("data/logs/{name}"))).unwrap().len() > 20, "{name} is empty");
    }
    assert_eq!(ended.files("tmp"), Vec::<String>::new());
}

#[test]
fn no_format_is_written_that_nobody_wants() {
    let ended = program!("plain").configured("[reporting]\nformats = []").run();
    ended.expect_status(0);
    assert_eq!(formats(&ended, "work/data"), Vec::<String>::new());
    assert!(ended.work(ALLOCATIONS).exists() && ended.work(LEAKS).exists() && !ended.stderr.contains("as a page"));
}

#[test]
fn the_page_has_the_name_that_it_was_given() {
    let settings = "[reporting]\nhtml_report = 'page of {program}.html'\nformats = ['html', 'folded']";
    let ended = program!("plain").configured(settings).run();
    ended.expect_status(0);
    assert_eq!(formats(&ended, "work/data/logs"), ["memory.folded", "page of plain.html"]);
}

#[test]
fn only_the_last_report_has_formats() {
    let ended = with_all(program!("twins").arg("write").configured("[reporting]\nevery_seconds = 1\nkeep = 5")).run();
    ended.expect_status(0);
    assert!(ended.work("data/logs/memory_allocations.0001.json").exists());
    assert_eq!(formats(&ended, "work/data/logs"), ALL);
    // A program that is killed after reports on demand has had no last one.
    let ended = program!(
        "twins",
        "\"$0\" write & until [ -e data/logs/memory_leaks.0001.txt ]; do sleep 0.01; done; kill -9 $!"
    )
    .env("MEMPROF_EVERY_SECONDS", "1")
    .run();
    assert!(ended.work(ALLOCATIONS).exists(), "{}", ended.stderr);
    assert_eq!(formats(&ended, "work/data/logs"), Vec::<String>::new());
}

#[test]
fn a_forked_child_has_formats_with_its_mark() {
    let ended = with_all(program!("forks").arg("return")).run();
    ended.expect_status(0);
    let pid: u32 =
        ended.stdout.split(' ').next().and_then(|pid| pid.parse().ok()).unwrap_or_else(|| panic!("{ended:?}"));
    let marked = |name: &str| match name.split_once('.') {
        Some((stem, end)) => format!("{stem}-{pid}.{end}"),
        None => name.to_owned(),
    };
    let mut expected: Vec<String> = ALL.iter().flat_map(|name| [(*name).to_owned(), marked(name)]).collect();
    expected.sort();
    assert_eq!(formats(&ended, "work/data/logs"), expected);
    expect_page(&ended, &format!("data/logs/memory_report-{pid}.html"));
}

#[test]
fn names_with_the_process_id_need_no_further_mark() {
    let settings = "[reporting]\nallocation_report = 'a-{pid}.json'\nleak_report = 'l-{pid}.txt'\nhtml_report = 'p-{pid}.html'\n\
                    formats = ['html', 'csv']";
    let ended = program!("forks").arg("return").configured(settings).run();
    ended.expect_status(0);
    let child: u32 = ended.stdout.split(' ').next().and_then(|pid| pid.parse().ok()).unwrap();
    let files = ended.files("work/data/logs");
    for name in ["a", "l", "p"] {
        assert_eq!(files.iter().filter(|file| file.starts_with(&format!("{name}-"))).count(), 2, "{files:?}");
    }
    assert!(files.contains(&format!("p-{child}.html")), "{files:?}");
    assert!(files.contains(&format!("memory_functions-{child}.csv")), "{files:?}");
    assert!(files.contains(&"memory_functions.csv".to_owned()), "{files:?}");
}

#[test]
fn programs_that_run_at_once_have_the_suffix_of_their_report() {
    let line = "for i in 1 2 3; do \"$0\" until-go & done; while [ $(ls ready-* | wc -l) -lt 3 ]; do sleep 0.01; done \
                2>/dev/null; touch go; wait";
    let ended = with_all(program!("twins", line)).run();
    ended.expect_status(0);
    assert_eq!(formats(&ended, "work/data/logs").len(), 3 * ALL.len());
    for suffix in ["", "-2", "-3"] {
        let report = ended.report(&ended.work(&format!("data/logs/memory_allocations{suffix}.json")));
        let dhat = fs::read_to_string(ended.work(&format!("data/logs/memory{suffix}.dhat.json"))).unwrap();
        assert!(dhat.contains(&format!("\"pid\":{},", report.program.pid)), "{suffix}: {dhat}");
        expect_page(&ended, &format!("data/logs/memory_report{suffix}.html"));
    }
}

#[test]
fn a_later_run_replaces_the_formats_of_an_earlier_one() {
    let ended =
        with_all(program!("plain", "\"$0\" 1 && cp data/logs/memory.folded first && \"$0\" 2 && \"$0\" 3")).run();
    ended.expect_status(0);
    assert_eq!(formats(&ended, "work/data/logs"), ALL);
    assert_ne!(fs::read(ended.work("first")).unwrap(), fs::read(ended.work("data/logs/memory.folded")).unwrap());
}

#[test]
fn overwriting_replaces_whatever_has_the_name() {
    let ended =
        with_all(program!("plain").env("MEMPROF_OVERWRITE", "1").file("work/data/logs/memory_report.html", "mine"));
    let ended = ended.run();
    ended.expect_status(0);
    assert_eq!(formats(&ended, "work/data/logs"), ALL);
    expect_page(&ended, "data/logs/memory_report.html");
}

#[test]
fn a_name_that_is_taken_meanwhile_stays() {
    let line = "\"$0\" until-go & until [ -e ready-$! ]; do sleep 0.01; done; mkdir -p data/logs; \
                echo mine >data/logs/memory_report.html; touch go; wait";
    let ended = program!("twins", line).run();
    ended.expect_status(0);
    assert_eq!(fs::read_to_string(ended.work("data/logs/memory_report.html")).unwrap(), "mine\n");
    expect_page(&ended, "data/logs/memory_report-2.html");
    assert!(ended.work(ALLOCATIONS).exists());
}

#[test]
fn a_format_that_cannot_be_at_its_place_goes_elsewhere_and_takes_nothing_with_it() {
    let ended = program!("plain").file("work/data/logs/memory_report.html/x", "a folder with the name").run();
    ended.expect_status(0);
    ended.report(&ended.work(ALLOCATIONS));
    let [page] = &ended.pages("tmp")[..] else { panic!("{:?}", ended.pages("tmp")) };
    assert!(page.starts_with("plain-") && ended.files("tmp").is_empty(), "{page}");
    let warning = ended.stderr.lines().find(|line| line.starts_with("warning: cannot write ")).unwrap();
    assert!(warning.contains("memory_report.html: this is a directory; written to "), "{warning}");
    // Nor there: the report and the table are all there is.
    let ended = program!("plain")
        .env("TMPDIR", "/proc/none")
        .file("work/data/logs/memory_report.html/x", "a folder with the name")
        .run();
    ended.expect_status(0);
    ended.report(&ended.work(ALLOCATIONS));
    let warning = ended.stderr.lines().find(|line| line.starts_with("warning: cannot write ")).unwrap();
    assert!(warning.contains("memory_report.html: this is a directory; nor /proc/none/plain-"), "{warning}");
    assert!(!ended.stderr.contains("as a page"), "{}", ended.stderr);
}

#[test]
fn a_folder_that_cannot_be_sends_all_of_them_elsewhere() {
    let ended = with_all(program!("plain").env("MEMPROF_OUTPUT_DIR", "/proc/no/such")).run();
    ended.expect_status(0);
    assert_eq!(formats(&ended, "tmp").len(), ALL.len(), "{}", ended.stderr);
    assert!(formats(&ended, "tmp").iter().all(|name| name.starts_with("plain-")));
}

#[test]
fn two_names_that_become_one_are_two_files() {
    let settings = "[reporting]\nleak_report = 'plain.html'\nhtml_report = '{program}.html'";
    let ended = program!("plain").configured(settings).run();
    ended.expect_status(0);
    assert_eq!(ended.files("work/data/logs"), ["memory_allocations.json", "plain.html"]);
    assert!(!fs::read_to_string(ended.work("data/logs/plain.html")).unwrap().starts_with('<'));
    assert_eq!(ended.pages("tmp").len(), 1);
    assert!(ended.stderr.contains("another report has this file name; written to "), "{}", ended.stderr);
}

#[test]
fn mistakes_in_formats_are_named() {
    let ended = program!("plain").env("MEMPROF_FORMATS", "pprof,speedscop").run();
    ended.expect_status(2).expect_nothing_written();
    assert_eq!(ended.stderr, "MEMPROF_FORMATS: has the unknown format `speedscop`; did you mean `speedscope`?\n");
}

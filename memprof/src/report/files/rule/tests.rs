//! Verdicts on existing files.

use super::NameVerdict::{Earlier, Ours, Replaceable, Taken, Unjudged};
use super::*;
use crate::os::process::identity::ProcessId;
use std::time::SystemTime;

const PATH: &str = "memory.json";

fn ours() -> Run {
    Run { process: ProcessId { place: Some(5), pid: 4711, started: Some(100) }, profile: 1 }
}

/// A report with this mark.
fn standing(run: Option<Run>, is_final: bool) -> Standing {
    let file = tempfile::NamedTempFile::new().unwrap();
    Standing {
        id: FileId::at(file.path()).unwrap(),
        mark: run.map(|run| Mark { run, is_final }),
        is_empty: false,
        is_own: true,
        mode: 0o644,
        modified: Some(SystemTime::UNIX_EPOCH),
    }
}

/// The verdicts if the file was noted, if another file was noted, and if nobody has looked.
fn verdicts(there: &Standing, is_final: bool) -> [NameVerdict; 3] {
    let noted = HashMap::from([(PathBuf::from(PATH), there.clone())]);
    let other = HashMap::from([(PathBuf::from(PATH), standing(Some(ours()), is_final))]);
    [Some(&noted), Some(&other), None].map(|noted| {
        let written = HashMap::new();
        let rule = Rule { ours: ours(), noted, written: &written, own_only: false, keep: 2, is_final: true };
        rule.judge(Path::new(PATH), there)
    })
}

#[test]
fn each_report_is_judged_by_its_run() {
    let with = |place, pid, started, profile| Some(Run { process: ProcessId { place, pid, started }, profile });
    for (what, run, is_final, expected) in [
        ("this profile", Some(ours()), false, [Ours, Ours, Ours]),
        ("an earlier profile of this process", with(Some(5), 4711, Some(100), 2), true, [Earlier, Earlier, Earlier]),
        ("one that has left no last report", with(Some(5), 4711, Some(100), 2), false, [Replaceable, Earlier, Earlier]),
        ("a process that had this number", with(Some(5), 4711, Some(99), 2), false, [Replaceable; 3]),
        ("another child of this profile", with(Some(5), 4711, Some(99), 1), true, [Earlier; 3]),
        ("the last report of a run", with(Some(5), 4712, Some(99), 2), true, [Replaceable, Taken, Taken]),
        ("the last report of another place", with(Some(6), 4711, Some(100), 2), true, [Replaceable, Taken, Unjudged]),
        ("a report in the middle, elsewhere", with(Some(6), 4711, Some(100), 2), false, [Unjudged, Taken, Unjudged]),
        ("a run that says nothing of itself", with(None, 4711, None, 2), false, [Unjudged, Taken, Unjudged]),
        ("no report", None, false, [Unjudged, Taken, Unjudged]),
    ] {
        assert_eq!(verdicts(&standing(run, is_final), is_final), expected, "{what}");
    }
}

#[test]
fn an_empty_file_holds_nothing() {
    let empty = Standing { is_empty: true, ..standing(None, false) };
    assert_eq!(verdicts(&empty, true), [Replaceable, Taken, Unjudged]);
}

#[test]
fn a_run_has_ended_if_its_last_report_was_there() {
    let run = Run { process: ProcessId { place: Some(6), pid: 1, started: Some(7) }, profile: 3 };
    let (numbered, last) = (standing(Some(run), false), standing(Some(run), true));
    let noted = HashMap::from([(PathBuf::from(PATH), numbered.clone()), (PathBuf::from("other"), last)]);
    let written = HashMap::new();
    let rule = Rule { ours: ours(), noted: Some(&noted), written: &written, own_only: false, keep: 2, is_final: false };
    assert_eq!(rule.judge(Path::new(PATH), &numbered), Replaceable);
}

#[test]
fn files_of_others_stay_where_anybody_may_make_some() {
    let theirs = Standing { is_own: false, ..standing(Some(ours()), true) };
    let written = HashMap::new();
    let rule = Rule { ours: ours(), noted: None, written: &written, own_only: true, keep: 2, is_final: true };
    assert_eq!(rule.judge(Path::new(PATH), &theirs), Taken);
    assert_eq!(rule.judge_text(Path::new(PATH), &Standing { mark: None, ..theirs }), Taken);
}

#[test]
fn so_many_stand_side_by_side() {
    let written = HashMap::new();
    let rule = |is_final| Rule { ours: ours(), noted: None, written: &written, own_only: false, keep: 2, is_final };
    let counts = |is_final, verdict| [1, 2, 3].map(|count| rule(is_final).is_too_many(verdict, count));
    assert_eq!(counts(false, Unjudged), [false, true, true]);
    assert_eq!(counts(true, Unjudged), [false, false, true]);
    assert_eq!(counts(true, Earlier), [false, true, true]);
    assert_eq!(counts(true, Taken), [false; 3]);
}

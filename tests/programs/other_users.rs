//! Obstacles from other users: configurations, links, variables. They do not decide what a program writes, or where.
//!
//! These tests act as several users, so that they need root; elsewhere they say so.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use super::{ALLOCATIONS, Ended, Program, program};

/// Two users: whose program it is, and who attacks it.
const VICTIM: u32 = 65_534;
const ATTACKER: u32 = 65_533;

/// A line for the shell, run as root, in which `"$0"` is the program and `as UID COMMAND` runs a command as a user.
/// `None`, with the reason, if this is impossible.
fn as_root(line: &str) -> Option<Program> {
    // SAFETY: the call has no preconditions.
    if unsafe { libc::geteuid() } != 0 {
        println!("skipped: root alone can act as several users");
        return None;
    }
    let line = format!(
        "as() {{ u=$1; shift; setpriv --reuid $u --regid $u --clear-groups \"$@\"; }}\nVICTIM={VICTIM} ATTACKER={ATTACKER}\n{line}"
    );
    let program = program!("outputs", &line);
    // A copy that everybody can run.
    let copy = program.root().join("program");
    fs::copy(env!("CARGO_BIN_EXE_outputs"), &copy).unwrap();
    let program = program.mode("program", 0o755).mode("", 0o755).mode("work", 0o777).mode("tmp", 0o1777);
    let asked = Command::new("setpriv").args(["--reuid", "65534"]).arg(&copy).output();
    if !asked.is_ok_and(|output| output.status.success()) {
        println!("skipped: another user may not run {}", copy.display());
        return None;
    }
    Some(program.env("P", copy))
}

fn owned(path: &Path, owner: u32, mode: u32) {
    chown(path, Some(owner), Some(owner)).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn reports_in(ended: &Ended, folder: &str) -> usize {
    ended.files(folder).iter().filter(|name| name.starts_with("memory_")).count()
}

#[test]
fn a_configuration_of_another_user_in_a_folder_above_is_passed_over() {
    // As in /tmp: everybody may make files, and nobody may remove those of others.
    for text in ["[reporting]\noutput_dir = '/tmp/elsewhere'", "[wrong]"] {
        let Some(program) = as_root("mkdir inner; chown $VICTIM inner; cd inner; as $VICTIM \"$P\" load work") else {
            return;
        };
        let program = program.file("work/memory_profile.toml", text).mode("work", 0o1777);
        for owner in [ATTACKER, 0] {
            chown(program.root().join("work/memory_profile.toml"), Some(owner), None).unwrap();
        }
        chown(program.root().join("work/memory_profile.toml"), Some(ATTACKER), None).unwrap();
        let ended = program.run();
        ended.expect_status(0);
        assert_eq!(reports_in(&ended, "work/inner/data/logs"), 2, "{}", ended.stderr);
        let report = ended.report(&ended.work("inner").join(ALLOCATIONS));
        let about = report.warnings.iter().filter(|text| text.contains("memory_profile.toml")).count();
        assert_eq!(about, 1, "{:?}", report.warnings);
    }
}

#[test]
fn a_configuration_counts_if_its_owner_may_decide() {
    // The owner of the file, of the working directory, the folder above, and whether it is taken.
    for (file, directory, above, mode, is_inside, is_taken) in [
        (VICTIM, VICTIM, 0, 0o755, false, true),
        (0, VICTIM, 0, 0o755, false, true),
        (ATTACKER, VICTIM, 0, 0o755, false, false),
        (ATTACKER, ATTACKER, 0, 0o755, false, true),
        (ATTACKER, VICTIM, ATTACKER, 0o755, false, false),
        // Above, a folder that others may write is not looked in, unless it is this user's.
        (0, VICTIM, 0, 0o1777, false, false),
        (VICTIM, VICTIM, 0, 0o1777, false, false),
        (VICTIM, VICTIM, VICTIM, 0o777, false, true),
        // In the working directory itself the owner of the file decides.
        (VICTIM, 0, 0, 0o1777, true, true),
        (ATTACKER, 0, 0, 0o1777, true, false),
        (ATTACKER, VICTIM, VICTIM, 0o777, true, false),
    ] {
        let inside = if is_inside { "." } else { "inner" };
        let line = format!("cd {inside}; as $VICTIM \"$P\" load work");
        let Some(program) = as_root(&line) else { return };
        let program =
            program.file("work/inner/x", "").file("work/memory_profile.toml", "[reporting]\nleak_report = 'taken'");
        let root = program.root().to_owned();
        owned(&root.join("work/memory_profile.toml"), file, 0o644);
        owned(&root.join("work/inner"), directory, 0o777);
        owned(&root.join("work"), above, mode);
        let ended = program.run();
        ended.expect_status(0);
        let case = format!("{file} {directory} {above} {mode:o} {is_inside}: {}", ended.stderr);
        let mut all = ended.files("work");
        all.extend(ended.files("tmp"));
        assert_eq!(all.iter().any(|name| name.ends_with("/taken")), is_taken, "{case} {all:?}");
        assert!(all.iter().any(|name| name.ends_with("memory_allocations.json")), "{case} {all:?}");
    }
}

#[test]
fn a_link_to_a_configuration_counts_if_both_do() {
    // Root's own file, which is no configuration: reading it would end the program.
    let line = "as $ATTACKER ln -s /etc/passwd memory_profile.toml; mkdir inner; chown $VICTIM inner; cd inner; as $VICTIM \"$P\" load work";
    let Some(program) = as_root(line) else { return };
    let ended = program.mode("work", 0o777).run();
    assert_eq!(reports_in(ended.expect_status(0), "work/inner/data/logs"), 2);
    let line = "as $ATTACKER sh -c 'echo [wrong] >wrong'; cd inner; ln -s ../wrong memory_profile.toml; as $VICTIM \"$P\" load work";
    let Some(program) = as_root(line) else { return };
    let program = program.file("work/inner/x", "");
    owned(&program.root().join("work/inner"), VICTIM, 0o755);
    let ended = program.run();
    assert_eq!(reports_in(ended.expect_status(0), "work/inner/data/logs"), 2);
    // The one that is named counts, whoever owns it.
    let Some(program) = as_root("as $VICTIM \"$P\" load work") else { return };
    let program = program.file("work/named", "[reporting]\noutput_dir = '../tmp/named'").env("MEMPROF_CONFIG", "named");
    owned(&program.root().join("work/named"), ATTACKER, 0o644);
    assert_eq!(reports_in(program.run().expect_status(0), "tmp/named"), 2);
}

#[test]
fn links_of_another_user_are_not_followed() {
    for (mode, sticky) in [(0o777, false), (0o1777, true)] {
        let line = "cd data/logs; for f in memory_allocations.json memory_leaks.txt jemalloc_statistics.txt; do \
                    as $ATTACKER ln -s ../../precious $f; done; cd ../..; as $VICTIM \"$P\" load work";
        let Some(program) = as_root(line) else { return };
        let program =
            program.file("work/data/logs/x", "").file("work/precious", "precious").mode("work/data/logs", mode);
        owned(&program.root().join("work/precious"), VICTIM, 0o600);
        let ended = program.run();
        ended.expect_status(0);
        assert_eq!(fs::read_to_string(ended.work("precious")).unwrap(), "precious");
        // The report stands where the link was, or beside it.
        let reports = [ended.files("work/data/logs"), ended.files("tmp")].concat();
        let written = reports.iter().filter(|name| name.contains("memory_") || name.ends_with(".txt"));
        assert!(written.count() >= 2, "{reports:?}");
        assert_eq!(ended.work(ALLOCATIONS).is_symlink(), sticky, "{reports:?}");
        let all = ended.files("work/data/logs");
        let name = if sticky { "memory_allocations-2.json" } else { "memory_allocations.json" };
        assert!(all.contains(&name.to_owned()), "{all:?}");
        ended.report(&ended.work("data/logs").join(name));
    }
}

#[test]
fn links_of_this_user_and_of_root_are_followed() {
    for owner in ["$VICTIM", "0"] {
        let line =
            format!("as {owner} ln -s ../../target data/logs/memory_allocations.json; as $VICTIM \"$P\" load work");
        let Some(program) = as_root(&line) else { return };
        let program = program.file("work/data/logs/x", "").file("work/target", "").mode("work/data/logs", 0o777);
        let ended = program.run();
        ended.expect_status(0);
        assert!(ended.work(ALLOCATIONS).is_symlink());
        ended.report(&ended.work("target"));
    }
}

#[test]
fn a_folder_that_is_another_users_link_is_an_error() {
    for folder in ["data", "data/logs"] {
        let line = format!(
            "mkdir -p $(dirname {folder}); chmod 777 $(dirname {folder}); \
                            as $ATTACKER ln -s \"$PWD/../tmp/home\" {folder}; as $VICTIM \"$P\" load work"
        );
        let Some(program) = as_root(&line) else { return };
        let program = program.file("tmp/home/x", "");
        owned(&program.root().join("tmp/home"), VICTIM, 0o755);
        let ended = program.run();
        ended.expect_status(0);
        assert_eq!(ended.files("tmp/home"), ["x"], "{}", ended.stderr);
        assert_eq!(ended.files("tmp").len(), 3, "{}", ended.stderr);
        assert!(ended.stderr.contains("is a link of another user"), "{}", ended.stderr);
    }
    // One in a folder of root's is root's affair.
    let Some(program) = as_root("ln -s ../tmp/home data; chown -h $ATTACKER data; as $VICTIM \"$P\" load work") else {
        return;
    };
    let program = program.file("tmp/home/x", "").mode("work", 0o755);
    owned(&program.root().join("tmp/home"), VICTIM, 0o755);
    assert_eq!(reports_in(program.run().expect_status(0), "tmp/home/logs"), 2);
}

#[test]
fn links_in_the_temporary_directory_are_not_followed() {
    let line = "cd ../tmp; as $ATTACKER ln -s ../work/precious program-$$-memory_allocations.json; cd ../work; \
                exec setpriv --reuid $VICTIM --regid $VICTIM --clear-groups \"$P\" load work";
    let Some(program) = as_root(line) else { return };
    let program = program.env("MEMPROF_OUTPUT_DIR", "/proc/none").file("work/precious", "precious");
    owned(&program.root().join("work/precious"), VICTIM, 0o600);
    let ended = program.run();
    ended.expect_status(0);
    assert_eq!(fs::read_to_string(ended.work("precious")).unwrap(), "precious");
    let files = ended.files("tmp");
    let report =
        files.iter().find(|name| name.ends_with("memory_allocations-2.json")).unwrap_or_else(|| panic!("{files:?}"));
    let report = ended.root().join("tmp").join(report);
    ended.report(&report);
    assert_eq!(fs::metadata(report).unwrap().permissions().mode() & 0o777, 0o600);
}

/// Makes the program one with more privileges than its user.
fn raised(line: &str, make: &str) -> Option<Program> {
    as_root(&format!("{make}; {line}"))
}

#[test]
fn a_set_user_id_program_obeys_nobody() {
    for make in ["chmod 4755 \"$P\"", "chmod 2755 \"$P\""] {
        let line = "as $VICTIM env MEMPROF_OUTPUT_DIR=\"$PWD/precious\" MEMPROF_CONFIG=/etc/shadow TMPDIR=\"$PWD/precious\" \
                    MEMPROF_ENABLED=1 \"$P\" load work middle";
        let Some(program) = raised(line, make) else { return };
        let program = program.file("work/precious/x", "").file("work/memory_profile.toml", "[wrong]");
        let ended = program.run();
        assert_eq!(ended.files("work"), ["memory_profile.toml", "precious/x"], "{make}: {}", ended.stderr);
        assert_eq!(ended.files("tmp"), Vec::<String>::new());
        assert!(!ended.stderr.contains("shadow") && !ended.stderr.contains("wrong"), "{}", ended.stderr);
    }
    // With the attribute: nothing is said, the status is the program's own.
    let line =
        "cp \"$0\" p; chmod 4755 p; as $VICTIM env MEMPROF_OUTPUT_DIR=\"$PWD/precious\" MEMPROF_CONFIG=/etc/shadow ./p";
    let Some(program) = as_root(line) else { return };
    drop(program);
    let line = line.replace("$0", env!("CARGO_BIN_EXE_plain"));
    let Some(program) = as_root(&line) else { return };
    let ended = program.run();
    ended.expect_status(0).expect_nothing_written();
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("the body ran: 5120\n", ""));
}

#[test]
fn a_set_user_id_program_has_a_report_by_its_own_call() {
    let Some(program) =
        raised("as $VICTIM env MEMPROF_OUTPUT_DIR=/proc/none \"$P\" own=owns work", "chmod 4755 \"$P\"")
    else {
        return;
    };
    let ended = program.run();
    ended.expect_status(0);
    assert_eq!(reports_in(&ended, "work/owns"), 2, "{}", ended.stderr);
    assert_eq!(fs::metadata(ended.work("owns/memory_leaks.txt")).unwrap().uid(), 0);
    // Where it cannot be there, no variable says where else.
    let line = "as $VICTIM env TMPDIR=\"$PWD/precious\" \"$P\" own=/proc/none work";
    let Some(program) = raised(line, "chmod 4755 \"$P\"") else { return };
    let ended = program.file("work/precious/x", "").run();
    ended.expect_status(0);
    assert_eq!(ended.files("work"), ["precious/x"]);
    for path in ended.stderr.split_whitespace().filter(|word| word.starts_with("/tmp/program-")) {
        let _ = fs::remove_file(path);
    }
    assert!(ended.stderr.contains("/tmp/program-"), "{}", ended.stderr);
}

#[test]
fn a_program_with_capabilities_says_that_it_writes_none() {
    for (executable, arguments) in [(env!("CARGO_BIN_EXE_plain"), ""), (env!("CARGO_BIN_EXE_outputs"), "load work")] {
        let line =
            format!("cp {executable} p; setcap cap_net_bind_service+ep p || exit 77; as $VICTIM ./p {arguments}");
        let Some(program) = as_root(&line) else { return };
        let ended = program.env("MEMPROF_OUTPUT_DIR", "out").file("work/memory_profile.toml", "[wrong]").run();
        if ended.status.code() == Some(77) {
            println!("skipped: this file system keeps no capabilities: {}", ended.stderr);
            return;
        }
        ended.expect_status(0).expect_nothing_written();
        let said = &ended.stderr;
        assert!(said.starts_with("memprof: no report is written: ") && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn what_another_users_program_has_left_in_a_shared_folder_stays_beside() {
    let line = "chmod 1777 .; as $ATTACKER \"$P\" load work; as $VICTIM \"$P\" load work; as $VICTIM \"$P\" load work";
    let Some(program) = as_root(line) else { return };
    let ended = program.env("MEMPROF_OUTPUT_DIR", ".").run();
    ended.expect_status(0);
    let owner = |name: &str| fs::metadata(ended.work(name)).unwrap().uid();
    assert_eq!((owner("memory_allocations.json"), owner("memory_allocations-2.json")), (ATTACKER, VICTIM));
    assert_eq!(ended.files("work").len(), 4, "{:?}", ended.files("work"));
    assert_eq!(ended.files("tmp"), Vec::<String>::new(), "{}", ended.stderr);
}

//! Groups as systems and containers show them.

use super::*;

/// `/proc/self/mountinfo` of a machine with v2, with v1, with both (v2 has no controller), and of containers.
const V2: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const V1: &str = "33 25 0:28 / /sys/fs/cgroup/memory rw,nosuid shared:9 - cgroup cgroup rw,memory\n\
    34 25 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:10 - cgroup cgroup rw,cpu,cpuacct\n";
const BOTH: &str = "31 25 0:27 / /sys/fs/cgroup/unified rw shared:8 - cgroup2 cgroup2 rw\n\
    33 25 0:28 / /sys/fs/cgroup/memory rw,nosuid shared:9 - cgroup cgroup rw,memory\n";
const CONTAINER_V1: &str =
    "900 890 0:28 /docker/0123 /sys/fs/cgroup/memory ro,nosuid master:9 - cgroup cgroup rw,memory\n";
const ELSEWHERE: &str = "30 23 0:26 / /mnt/a\\040b rw - cgroup2 none rw\n";

/// The limit and the folder, where files have these texts.
#[track_caller]
fn is_found(groups: &str, mounts: &str, files: &[(&str, &str)], expected: Option<(u64, &str)>) {
    let read = |path: &str| {
        assert!(!path.contains("/../") && !path.contains("//"), "{path}");
        files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned())
    };
    let found = limited_in(groups, mounts, &read);
    assert_eq!(found.as_ref().map(|group| (group.limit, group.folder.as_str())), expected, "{groups} {mounts}");
}

#[test]
fn the_lowest_limit_of_the_groups_above_applies() {
    let files = [
        ("/sys/fs/cgroup/a/b/memory.max", "max\n"),
        ("/sys/fs/cgroup/a/memory.max", "1000\n"),
        ("/sys/fs/cgroup/memory.max", "5000\n"),
    ];
    for mounts in [V2, ""] {
        is_found("0::/a/b\n", mounts, &files, Some((1000, "/sys/fs/cgroup/a")));
        is_found("0::/\n", mounts, &files, Some((5000, "/sys/fs/cgroup")));
        // A container: the path is the host's, or leads out of the namespace, and its own group is the root.
        is_found("0::/docker/0123\n", mounts, &files, Some((5000, "/sys/fs/cgroup")));
        is_found("0::/../../other\n", mounts, &files, Some((5000, "/sys/fs/cgroup")));
    }
    let equal = [("/sys/fs/cgroup/a/memory.max", "1000\n"), ("/sys/fs/cgroup/a/b/memory.max", "1000\n")];
    is_found("0::/a/b\n", V2, &equal, Some((1000, "/sys/fs/cgroup/a/b")));
    is_found("0::/a/b\n", V2, &[("/sys/fs/cgroup/a/b/memory.max", "max\n")], None);
}

#[test]
fn the_memory_controller_of_v1_counts() {
    let files = [
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ("/sys/fs/cgroup/memory/x/memory.limit_in_bytes", "700\n"),
        ("/sys/fs/cgroup/memory/x/y/memory.limit_in_bytes", "900\n"),
    ];
    let groups = "5:cpu,cpuacct:/x\n4:memory:/x/y\n0::/none\n";
    for mounts in [V1, BOTH, ""] {
        is_found(groups, mounts, &files, Some((700, "/sys/fs/cgroup/memory/x")));
        is_found("4:cpu,memory:/x\n", mounts, &files, Some((700, "/sys/fs/cgroup/memory/x")));
        is_found("4:memory:/\n", mounts, &files, None);
    }
}

#[test]
fn a_container_of_v1_finds_its_own_group_at_the_root() {
    let files = [
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "800"),
        ("/sys/fs/cgroup/memory/z/memory.limit_in_bytes", "600"),
    ];
    is_found("4:memory:/docker/0123\n", CONTAINER_V1, &files, Some((800, "/sys/fs/cgroup/memory")));
    is_found("4:memory:/docker/0123/z\n", CONTAINER_V1, &files, Some((600, "/sys/fs/cgroup/memory/z")));
    is_found("4:memory:/docker/01234\n", CONTAINER_V1, &files, Some((800, "/sys/fs/cgroup/memory")));
}

#[test]
fn the_hierarchy_may_be_mounted_anywhere() {
    is_found("0::/g\n", ELSEWHERE, &[("/mnt/a b/g/memory.max", "77\n")], Some((77, "/mnt/a b/g")));
    assert_eq!(unescaped("a\\040b\\134c\\9"), "a b\\c\\9");
}

#[test]
fn what_is_no_list_of_groups_has_no_limit() {
    for text in ["", "\n", "0", "0:", "5:cpu:/a", "0::", "::", "memory"] {
        is_found(text, V2, &[], None);
        is_found("0::/a\n", text, &[], None);
    }
    let limits = [("max\n", None), ("\n", None), ("-1\n", None), ("67108864\n", Some(67_108_864))];
    assert_eq!(limits.map(|(text, _)| limit_in(text)), limits.map(|(_, limit)| limit));
}

#[test]
fn held_memory_is_anonymous_and_shared() {
    let v2 = "anon 100\nfile 7000\nkernel 3\nshmem 20\nfile_mapped 5\n";
    assert_eq!(held_in(v2, Version::V2), Some(120));
    let v1 = "cache 9\nrss 1\nshmem 2\ntotal_cache 90\ntotal_rss 300\ntotal_shmem 40\n";
    assert_eq!(held_in(v1, Version::V1), Some(340));
    assert_eq!(held_in("cache 9\n", Version::V1), None);
}

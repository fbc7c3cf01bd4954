//! The control group of the process: its memory limit, and the memory that it uses.
//!
//! The files are those of cgroup v2 or of the memory controller of v1, wherever they are mounted. The path of the group
//! in `/proc/self/cgroup` begins at the root of the hierarchy, or of the process's namespace (then it can lead out of
//! it, as `/../a`). The mounted part begins at the root that `/proc/self/mountinfo` tells. A container often sees its
//! own group there, and no group above it.

/// The group with the lowest limit among the process's own and those above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LimitedGroup {
    /// Bytes.
    pub(crate) limit: u64,
    pub(crate) version: Version,
    /// Folder of its files.
    folder: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V2,
}

/// Limits from here on are none: v1 has the largest number of whole pages.
const NO_LIMIT: u64 = 1 << 62;

impl Version {
    /// The limit, as reports name it.
    pub(crate) fn source(self) -> &'static str {
        match self {
            Self::V1 => "cgroup v1 memory.limit_in_bytes",
            Self::V2 => "cgroup v2 memory.max",
        }
    }

    fn limit_file(self) -> &'static str {
        match self {
            Self::V1 => "memory.limit_in_bytes",
            Self::V2 => "memory.max",
        }
    }

    fn usage_file(self) -> &'static str {
        match self {
            Self::V1 => "memory.usage_in_bytes",
            Self::V2 => "memory.current",
        }
    }

    /// Lines of `memory.stat` about anonymous and shared memory, with that of the groups beneath.
    fn lines(self) -> [&'static str; 2] {
        match self {
            Self::V1 => ["total_rss ", "total_shmem "],
            Self::V2 => ["anon ", "shmem "],
        }
    }

    /// The usual folder of the hierarchy's root.
    fn usual_root(self) -> &'static str {
        match self {
            Self::V1 => "/sys/fs/cgroup/memory",
            Self::V2 => "/sys/fs/cgroup",
        }
    }
}

/// A hierarchy with the memory controller.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hierarchy {
    version: Version,
    /// Folder that it is mounted to.
    folder: String,
    /// The group whose folder that is.
    root: String,
}

/// The group with the lowest limit. `None`: none has a limit. Allocates.
pub(crate) fn limited() -> Option<LimitedGroup> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    limited_in(&read("/proc/self/cgroup")?, &read("/proc/self/mountinfo").unwrap_or_default(), &read)
}

/// The same, where the files have these texts.
fn limited_in(groups: &str, mounts: &str, read: &dyn Fn(&str) -> Option<String>) -> Option<LimitedGroup> {
    let all = groups.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let version = if controllers.is_empty() {
            Version::V2
        } else if controllers.split(',').any(|controller| controller == "memory") {
            Version::V1
        } else {
            return None;
        };
        lowest(&hierarchy(version, mounts), path, read)
    });
    all.min_by_key(|group| group.limit)
}

/// The group with the lowest limit, from the one with this path upwards.
fn lowest(hierarchy: &Hierarchy, path: &str, read: &dyn Fn(&str) -> Option<String>) -> Option<LimitedGroup> {
    let Hierarchy { version, folder, root } = hierarchy;
    let path = path.trim_end_matches('/');
    // A group outside the mounted part has no folder: the root of that part is the nearest.
    let is_outside = path.split('/').any(|part| part == "..");
    let beneath = if is_outside { "" } else { beneath(path, root.trim_end_matches('/')).unwrap_or(path) };
    let mut next = Some(beneath);
    let upwards = std::iter::from_fn(move || {
        let this = next?;
        next = this.rsplit_once('/').map(|(above, _)| above);
        Some(format!("{folder}{this}"))
    });
    let limited = |folder: String| {
        let limit = limit_in(&read(&format!("{folder}/{}", version.limit_file()))?)?;
        Some(LimitedGroup { limit, version: *version, folder })
    };
    // Of equal limits the innermost group's.
    upwards.filter_map(limited).min_by_key(|group| group.limit)
}

/// The rest of a path beneath a root.
fn beneath<'p>(path: &'p str, root: &str) -> Option<&'p str> {
    path.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A limit, as its file tells it. `None`: there is none.
fn limit_in(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|limit| *limit < NO_LIMIT)
}

/// The hierarchy of a version that is mounted, or where it usually is.
fn hierarchy(version: Version, mounts: &str) -> Hierarchy {
    let mut mounted = mounts.lines().filter_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        let mut kind = kind.split(' ');
        let has_memory = match (version, kind.next()?) {
            (Version::V2, "cgroup2") => true,
            (Version::V1, "cgroup") => kind.nth(1)?.split(',').any(|option| option == "memory"),
            _ => false,
        };
        let mut place = place.split(' ').skip(3);
        let (root, folder) = (unescaped(place.next()?), unescaped(place.next()?));
        has_memory.then_some(Hierarchy { version, folder, root })
    });
    let usual = Hierarchy { version, folder: version.usual_root().to_owned(), root: "/".to_owned() };
    mounted.next_back().unwrap_or(usual)
}

/// A path of `mountinfo`, in which a space is `\040`.
fn unescaped(path: &str) -> String {
    let mut parts = path.split('\\');
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code.zip(part.get(3..)) {
            Some((code, rest)) => {
                whole.push(char::from(code));
                whole.push_str(rest);
            }
            None => {
                whole.push('\\');
                whole.push_str(part);
            }
        }
    }
    whole
}

/// Figures of the limited group that are read while the program runs. Its files stay open.
pub(crate) mod repeated {
    use super::{LimitedGroup, Version, limit_in};
    use crate::os::files::kept::KeptFile;
    use std::ffi::CString;

    static LIMIT: KeptFile = KeptFile::new();
    static USAGE: KeptFile = KeptFile::new();
    static STAT: KeptFile = KeptFile::new();

    /// Opens the files of a group, instead of those of an earlier one. Allocates.
    pub(crate) fn open(group: &LimitedGroup) {
        let files =
            [(&LIMIT, group.version.limit_file()), (&USAGE, group.version.usage_file()), (&STAT, "memory.stat")];
        for (kept, name) in files {
            kept.forget();
            if let Ok(path) = CString::new(format!("{}/{name}", group.folder)) {
                kept.open(&path);
            }
        }
    }

    /// The present limit: it may be changed while the program runs. `None`: not known, or none any more.
    pub(crate) fn limit() -> Option<u64> {
        limit_in(LIMIT.read(&mut [0; 64])?)
    }

    /// Memory of the group as the kernel counts it, with cached files.
    pub(crate) fn usage() -> Option<u64> {
        USAGE.read(&mut [0; 64])?.trim().parse().ok()
    }

    /// Anonymous and shared memory of all processes in the group.
    pub(crate) fn held(version: Version) -> Option<u64> {
        let mut buffer = [0; 8192];
        super::held_in(STAT.read(&mut buffer)?, version)
    }
}

fn held_in(stat: &str, version: Version) -> Option<u64> {
    let [anonymous, shared] = version.lines().map(|name| {
        stat.lines().find_map(|line| line.strip_prefix(name)).and_then(|bytes| bytes.trim().parse::<u64>().ok())
    });
    Some(anonymous?.saturating_add(shared.unwrap_or(0)))
}

#[cfg(test)]
mod tests;

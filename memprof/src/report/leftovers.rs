//! What programs leave that are killed while they write a report: a file under a name of its own, never half a report
//! under the report's name.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::unfinished::{BEGINNING, END};

/// No report takes this long to write, so that whoever began the file is gone.
const AGE: Duration = Duration::from_secs(3600);

/// Removes such files from the folder. One that cannot be removed stays.
pub(crate) fn remove(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_one = name.to_str().is_some_and(|name| name.starts_with(BEGINNING) && name.ends_with(END));
        if is_one && is_old(&entry) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_old(entry: &fs::DirEntry) -> bool {
    let Ok(there) = entry.metadata() else { return false };
    // A clock that was set back makes a file of the future: it stays until it is old.
    there.is_file() && there.modified().ok().and_then(|time| time.elapsed().ok()).is_some_and(|age| age >= AGE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::time::SystemTime;

    #[test]
    fn the_old_ones_go_and_all_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str, age: Duration| {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        };
        make(".memprof-abc.tmp", AGE * 2);
        make(".memprof-new.tmp", AGE / 2);
        make(".memprof-abc.txt", AGE * 2);
        make("memprof-abc.tmp", AGE * 2);
        fs::create_dir(folder.path().join(".memprof-folder.tmp")).unwrap();
        remove(folder.path());
        let mut left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, [".memprof-abc.txt", ".memprof-folder.tmp", ".memprof-new.tmp", "memprof-abc.tmp"]);
        remove(Path::new("/no/such/folder"));
    }
}

//! A file that is being written and does not have its name yet.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use super::folder;
use super::run::random;
use super::standing::{FileId, Standing};
use crate::os::files::rename;
use crate::report::placeholder::insert;

/// Attempts to find a free name.
const TRIES: u32 = 100;

/// A complete file beside its place. It disappears if it never gets that place.
pub(super) struct Unfinished {
    folder: PathBuf,
    /// `None`: it has no name at all.
    path: Option<PathBuf>,
    file: File,
    id: FileId,
    /// Permissions of a new file here.
    mode: u32,
}

/// Result of an attempt to take a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Yes,
    /// Something else stands there now.
    No,
}

/// Set once an unnamed file could not be given a name: from then on none are created.
static ARE_REFUSED: AtomicBool = AtomicBool::new(false);

/// Creates a file with these contents and lets `work` give it its name.
pub(super) fn with_file<R>(
    folder: &Path,
    contents: &dyn Fn(&mut dyn Write) -> io::Result<()>,
    work: impl Fn(&mut Unfinished) -> io::Result<R>,
) -> io::Result<R> {
    let was_refused = ARE_REFUSED.load(Relaxed);
    match work(&mut Unfinished::new(folder, contents)?) {
        Err(_) if !was_refused && ARE_REFUSED.load(Relaxed) => work(&mut Unfinished::new(folder, contents)?),
        result => result,
    }
}

impl Unfinished {
    /// A new file with these contents in the folder. Existing files and targets of links are never opened.
    fn new(folder: &Path, contents: &dyn Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<Self> {
        let unnamed = if ARE_REFUSED.load(Relaxed) { None } else { rename::unnamed(folder, folder::MODE) };
        let (path, file) = match unnamed {
            Some(file) => (None, file),
            None => create(folder).map(|(path, file)| (Some(path), file))?,
        };
        let id = FileId::of(&file.metadata()?);
        let mut new = Self { folder: folder.to_owned(), path, file, id, mode: 0o600 };
        new.mode = new.close_to_others(folder)?;
        let mut out = BufWriter::with_capacity(1 << 16, &new.file);
        contents(&mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(new)
    }

    /// Its identity.
    pub(super) fn id(&self) -> FileId {
        self.id
    }

    /// Gives it a free name.
    pub(super) fn take(&mut self, path: &Path) -> io::Result<Taken> {
        self.set_mode(self.mode);
        let taken = match &self.path {
            Some(own) => rename::to_free(own, path),
            None => self.name(path),
        };
        match taken {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Taken::No),
            result => result.map(|()| self.has_its_name()),
        }
    }

    /// Gives it the name of another file, if that is still the expected one: `is_it` checks the file that had the name
    /// in the end. `is_ours`: no other program replaces that file.
    pub(super) fn replace(
        &mut self,
        path: &Path,
        before: Option<&Standing>,
        is_ours: bool,
        is_it: &dyn Fn(&Path) -> bool,
    ) -> io::Result<Taken> {
        self.set_mode_of(before);
        let own = self.own_name()?;
        match rename::exchange(&own, path) {
            Some(result) => result?,
            None if is_ours => return rename::over(&own, path).map(|()| self.has_its_name()),
            None => return self.replace_in_steps(&own, path, is_it),
        }
        if is_it(&own) {
            fs::remove_file(&own)?;
            return Ok(self.has_its_name());
        }
        // Another program was faster: it gets its name back.
        if let Some(result) = rename::exchange(&own, path) {
            result?;
        }
        if FileId::at(&own) == Some(self.id) {
            return Ok(Taken::No);
        }
        // A third program has rightly replaced ours meanwhile. Its report stays, under the name that ours had.
        self.has_its_name();
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "another program is replacing it at the same time"))
    }

    /// As [`replace`](Self::replace), on systems that cannot exchange two files: the other file is moved away, checked,
    /// and moved back if it is not the expected one.
    fn replace_in_steps(&mut self, own: &Path, path: &Path, is_it: &dyn Fn(&Path) -> bool) -> io::Result<Taken> {
        let away = path.with_file_name(random_name());
        rename::over(path, &away)?;
        if !is_it(&away) {
            // Another program was faster: its report gets its name back, or a similar one if that is taken meanwhile.
            if rename::to_free(&away, path).is_err() {
                rename::to_free(&away, &insert(path, &format!("-{:016x}", random())))?;
            }
            return Ok(Taken::No);
        }
        match rename::to_free(own, path) {
            // The name was taken meanwhile. That program would have replaced the earlier file, too.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let _ = fs::remove_file(&away);
                Ok(Taken::No)
            }
            Err(error) => {
                let _ = rename::to_free(&away, path);
                Err(error)
            }
            Ok(()) => {
                let _ = fs::remove_file(&away);
                Ok(self.has_its_name())
            }
        }
    }

    /// Gives it its name, even if a file has that name.
    pub(super) fn overwrite(&mut self, path: &Path, before: Option<&Standing>) -> io::Result<()> {
        self.set_mode_of(before);
        rename::over(&self.own_name()?, path)?;
        self.has_its_name();
        Ok(())
    }

    /// Copies the permissions of the replaced file.
    fn set_mode_of(&self, before: Option<&Standing>) {
        self.set_mode(match before {
            Some(before) if before.is_own => before.mode,
            Some(before) => before.mode & self.mode,
            None => self.mode,
        });
    }

    fn has_its_name(&mut self) -> Taken {
        // From now on another thread may have a file of that name.
        self.path = None;
        Taken::Yes
    }

    /// Gives a name to an unnamed file.
    fn name(&self, path: &Path) -> io::Result<()> {
        let result = rename::name(&self.file, path);
        if result.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::AlreadyExists) {
            ARE_REFUSED.store(true, Relaxed);
        }
        result
    }

    /// Gives an unnamed file a name of its own.
    fn own_name(&mut self) -> io::Result<PathBuf> {
        if let Some(path) = &self.path {
            return Ok(path.clone());
        }
        let path = self.folder.join(random_name());
        self.name(&path)?;
        self.path = Some(path.clone());
        Ok(path)
    }

    /// Removes other users' access until the final permissions are known. Returns the permissions of a new file in this
    /// folder.
    #[cfg(unix)]
    fn close_to_others(&self, folder: &Path) -> io::Result<u32> {
        let mode = std::os::unix::fs::MetadataExt::mode(&self.file.metadata()?) & 0o777;
        self.set_mode(0o600);
        Ok(if folder::is_shared(folder) { mode & 0o600 } else { mode })
    }

    #[cfg(not(unix))]
    fn close_to_others(&self, _folder: &Path) -> io::Result<u32> {
        Ok(0)
    }

    /// Some file systems have no permissions.
    #[cfg(unix)]
    fn set_mode(&self, mode: u32) {
        let _ = self.file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    }

    #[cfg(not(unix))]
    fn set_mode(&self, _mode: u32) {}
}

fn create(folder: &Path) -> io::Result<(PathBuf, File)> {
    let mut result = Err(io::ErrorKind::AlreadyExists.into());
    for _ in 0..TRIES {
        let path = folder.join(random_name());
        result = folder::new_file(&path).map(|file| (path, file));
        match &result {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            _ => break,
        }
    }
    result
}

/// A name that nobody can take in advance.
fn random_name() -> String {
    format!(".memprof-{:016x}.tmp", random())
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_text(folder: &Path, text: &str) -> Unfinished {
        Unfinished::new(folder, &|out| out.write_all(text.as_bytes())).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_without_its_name_is_removed_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let (mut first, mut second) = (with_text(folder.path(), "1"), with_text(folder.path(), "2"));
        let path = folder.path().join("report");
        assert_eq!(first.take(&path).unwrap(), Taken::Yes);
        assert_eq!(second.take(&path).unwrap(), Taken::No, "it is taken");
        // Wine keeps the name of a removed file until the file is closed.
        drop(first);
        // On systems without unnamed files it has a name.
        second.own_name().unwrap();
        assert_eq!(names(folder.path()).len(), 2);
        drop(second);
        assert_eq!(names(folder.path()), ["report"]);
        assert_eq!(fs::read_to_string(path).unwrap(), "1");
    }

    #[test]
    fn a_file_is_replaced_if_it_is_still_the_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        for in_steps in [false, true] {
            fs::write(&path, "old").unwrap();
            let id = FileId::at(&path);
            let replace = |file: &mut Unfinished, is_it: &dyn Fn(&Path) -> bool| {
                if in_steps {
                    let own = file.own_name().unwrap();
                    file.replace_in_steps(&own, &path, is_it).unwrap()
                } else {
                    file.replace(&path, None, false, is_it).unwrap()
                }
            };
            let mut new = with_text(folder.path(), "new");
            assert_eq!(replace(&mut new, &|_| false), Taken::No);
            assert_eq!((FileId::at(&path), fs::read_to_string(&path).unwrap().as_str()), (id, "old"), "it is back");
            // Another program takes the name between two steps.
            let other = |away: &Path| in_steps && fs::write(&path, "other").is_ok() && FileId::at(away) != id;
            if in_steps {
                assert_eq!(replace(&mut new, &other), Taken::No);
                assert_eq!(fs::read_to_string(&path).unwrap(), "other");
                let beside = names(folder.path()).into_iter().find(|name| name.starts_with("report-")).unwrap();
                assert_eq!(fs::read_to_string(folder.path().join(&beside)).unwrap(), "old", "nothing is lost");
                fs::remove_file(folder.path().join(beside)).unwrap();
            }
            let id = FileId::at(&path);
            assert_eq!(replace(&mut new, &|path| FileId::at(path) == id), Taken::Yes);
            assert_eq!(fs::read_to_string(&path).unwrap(), "new");
            drop(new);
            assert_eq!(names(folder.path()), ["report"]);
        }
    }
}

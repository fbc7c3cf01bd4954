//! Names that are taken only if they are free, and files that are exchanged.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

/// Renames the file at `from` to `to`, if nothing has that name: if two programs try, one succeeds.
///
/// # Errors
/// `AlreadyExists` if something has the name.
pub(crate) fn to_free(from: &Path, to: &Path) -> io::Result<()> {
    match system::rename(from, to, system::FREE) {
        Err(error) if is_not_known(&error) => {}
        result => return result,
    }
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // A file system without links. An empty file takes the name first.
        Err(_) => {
            File::create_new(to)?;
            over(from, to).inspect_err(|_| drop(fs::remove_file(to)))
        }
    }
}

/// A file without a name in a folder: it disappears if the process ends before it gets one. `None`: not supported here.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn unnamed(folder: &Path, mode: u32) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let file = File::options().write(true).custom_flags(libc::O_TMPFILE).mode(mode).open(folder).ok()?;
    // This path is the only way to give it a name.
    fs::read_link(path_of(&file)).is_ok().then_some(file)
}

/// Gives a file without a name one that is free.
///
/// # Errors
/// `AlreadyExists` if something has the name.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn name(file: &File, to: &Path) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    let to = std::ffi::CString::new(to.as_os_str().as_bytes())?;
    let from = std::ffi::CString::new(path_of(file))?;
    let here = libc::AT_FDCWD;
    // SAFETY: both strings end with 0 and live until the call returns.
    let result = unsafe { libc::linkat(here, from.as_ptr(), here, to.as_ptr(), libc::AT_SYMLINK_FOLLOW) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn path_of(file: &File) -> String {
    format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(file))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn unnamed(_folder: &Path, _mode: u32) -> Option<File> {
    None
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn name(_file: &File, _to: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Exchanges two files in one step. `None`: the system cannot do this.
pub(crate) fn exchange(one: &Path, other: &Path) -> Option<io::Result<()>> {
    match system::rename(one, other, system::EXCHANGE) {
        Err(error) if is_not_known(&error) => None,
        result => Some(result),
    }
}

/// Renames, and replaces an existing file of that name.
///
/// Windows does not replace a file while another process, such as a virus scanner, reads it: there the call is repeated
/// for half a second.
pub(crate) fn over(from: &Path, to: &Path) -> io::Result<()> {
    let mut tries = if cfg!(windows) { 100 } else { 1 };
    loop {
        tries -= 1;
        match fs::rename(from, to) {
            Err(refused) if tries > 0 && refused.kind() == io::ErrorKind::PermissionDenied => {
                std::thread::sleep(Duration::from_millis(5));
            }
            result => return result,
        }
    }
}

/// True if the system or the file system does not support this kind of renaming. A filter for system calls may return
/// EPERM, too.
fn is_not_known(error: &io::Error) -> bool {
    #[cfg(unix)]
    let unknown = [libc::EINVAL, libc::ENOSYS, libc::ENOTSUP, libc::EPERM];
    #[cfg(not(unix))]
    let unknown: [i32; 0] = [];
    error.kind() == io::ErrorKind::Unsupported || error.raw_os_error().is_some_and(|code| unknown.contains(&code))
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
mod system {
    use std::ffi::CString;
    use std::io;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    /// `RENAME_NOREPLACE`, or `RENAME_EXCL`.
    pub(super) const FREE: libc::c_uint = if cfg!(target_vendor = "apple") { 4 } else { 1 };
    /// `RENAME_EXCHANGE`, or `RENAME_SWAP`.
    pub(super) const EXCHANGE: libc::c_uint = 2;

    #[cfg(target_vendor = "apple")]
    unsafe extern "C" {
        fn renamex_np(from: *const libc::c_char, to: *const libc::c_char, how: libc::c_uint) -> libc::c_int;
    }

    pub(super) fn rename(from: &Path, to: &Path, how: libc::c_uint) -> io::Result<()> {
        let [from, to] = [from, to].map(|path| CString::new(path.as_os_str().as_bytes()));
        let (from, to) = (from?, to?);
        // The C library's function is younger than the systems that Rust supports.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        // SAFETY: both strings end with 0 and live until the call returns.
        let result = unsafe {
            let here = libc::AT_FDCWD;
            libc::syscall(libc::SYS_renameat2, here, from.as_ptr(), here, to.as_ptr(), how) == 0
        };
        #[cfg(target_vendor = "apple")]
        // SAFETY: both strings end with 0 and live until the call returns.
        let result = unsafe { renamex_np(from.as_ptr(), to.as_ptr(), how) == 0 };
        if result { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
mod system {
    use std::io;
    use std::path::Path;

    pub(super) const FREE: u32 = 0;
    pub(super) const EXCHANGE: u32 = 1;

    pub(super) fn rename(_from: &Path, _to: &Path, _how: u32) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &Path) -> String {
        fs::read_to_string(path).unwrap_or_else(|error| error.kind().to_string())
    }

    #[test]
    fn a_name_that_is_taken_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
        fs::write(&one, "1").unwrap();
        fs::write(&other, "2").unwrap();
        assert_eq!(to_free(&one, &other).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!((text(&one), text(&other)), ("1".to_owned(), "2".to_owned()));
        fs::remove_file(&other).unwrap();
        to_free(&one, &other).unwrap();
        assert_eq!((one.exists(), text(&other)), (false, "1".to_owned()));
    }

    #[test]
    fn of_many_that_take_one_name_one_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("report");
        let taken: usize = std::thread::scope(|threads| {
            let take = |number: usize| {
                let from = folder.path().join(number.to_string());
                fs::write(&from, number.to_string()).unwrap();
                usize::from(to_free(&from, &folder.path().join("report")).is_ok())
            };
            let threads: Vec<_> = (0..8).map(|number| threads.spawn(move || take(number))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!((taken, fs::read_dir(folder.path()).unwrap().count()), (1, 8));
        let winner = text(&to);
        assert!(!folder.path().join(&winner).exists(), "{winner} has both names");
    }

    #[test]
    fn files_are_exchanged_or_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
        fs::write(&one, "1").unwrap();
        fs::write(&other, "2").unwrap();
        if let Some(exchanged) = exchange(&one, &other) {
            exchanged.unwrap();
            assert_eq!((text(&one), text(&other)), ("2".to_owned(), "1".to_owned()));
            assert_eq!(
                exchange(&one, &folder.path().join("none")).unwrap().unwrap_err().kind(),
                io::ErrorKind::NotFound
            );
        }
        let last = text(&one);
        over(&one, &other).unwrap();
        assert_eq!((one.exists(), text(&other)), (false, last));
    }

    #[test]
    fn a_file_gets_its_name_last() {
        use std::io::Write;
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("report");
        let Some(mut file) = unnamed(folder.path(), 0o600) else { return };
        file.write_all(b"whole").unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        name(&file, &to).unwrap();
        assert_eq!(text(&to), "whole");
        assert_eq!(name(&file, &to).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}

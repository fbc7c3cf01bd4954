//! Signs in a program's environment that its figures are wanted. Nothing in here allocates: it may run in any tracked
//! function.

#[cfg(any(target_os = "linux", target_os = "android"))]
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// True if a variable `MEMPROF_…` is set, or a `memory_profile.toml` is in the working directory or above it. The file
/// alone does not count for tests and benchmarks: it is there for the program. None of it counts if the program has
/// more privileges than the user who has set it. The file is not looked for if the stack is small, or in a sandbox,
/// which may kill the process for it. A function of its own, so that the buffers are not on the stack of a tracked
/// call.
#[inline(never)]
pub(crate) fn are_figures() -> bool {
    if crate::os::process::privileges::are_raised() {
        return false;
    }
    match variables() {
        Signs::Against => false,
        Signs::For => true,
        Signs::None => can_look() && file::is_there() && !file::is_test(),
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn can_look() -> bool {
    /// Stack that the search for the file takes, doubled.
    const ENOUGH_STACK: usize = 64 * 1024;
    !is_in_own_sandbox() && crate::os::memory::stack_bounds::left().is_some_and(|left| left >= ENOUGH_STACK)
}

/// True if the program itself has filtered its system calls. A filter that was there when it began lets files be
/// opened, as the loader opens some: containers have one.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_in_own_sandbox() -> bool {
    is_filtered() && !WAS_FILTERED.load(Relaxed)
}

/// Set if system calls were filtered when the program, or the library, was loaded.
#[cfg(any(target_os = "linux", target_os = "android"))]
static WAS_FILTERED: AtomicBool = AtomicBool::new(false);

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_filtered() -> bool {
    // SAFETY: the call has no further arguments. 0: no filter; anything else is a filter, or an error.
    unsafe { libc::prctl(libc::PR_GET_SECCOMP, 0, 0, 0, 0) != 0 }
}

/// Records the state at the start of the program. Called by an initializer.
#[cfg(all(
    unix,
    not(target_feature = "crt-static"),
    any(target_env = "gnu", target_os = "android", target_vendor = "apple")
))]
pub(in crate::os) fn note_start() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    WAS_FILTERED.store(is_filtered(), Relaxed);
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn can_look() -> bool {
    true
}

enum Signs {
    None,
    For,
    Against,
}

#[cfg(unix)]
fn variables() -> Signs {
    unsafe extern "C" {
        #[cfg(not(target_vendor = "apple"))]
        static environ: *const *const libc::c_char;
    }
    let mut signs = Signs::None;
    // SAFETY: the system's list of strings that end with 0, which ends with null. Like every reader of the environment,
    // this relies on nobody changing it meanwhile.
    unsafe {
        #[cfg(target_vendor = "apple")]
        let mut next = (*libc::_NSGetEnviron()).cast_const().cast::<*const libc::c_char>();
        #[cfg(not(target_vendor = "apple"))]
        let mut next = environ;
        while !next.is_null() && !(*next).is_null() {
            let variable = std::ffi::CStr::from_ptr(*next).to_bytes();
            match variable.strip_prefix(b"MEMPROF_") {
                Some(b"ENABLED=0" | b"ENABLED=false") => return Signs::Against,
                Some(_) => signs = Signs::For,
                None => {}
            }
            next = next.add(1);
        }
    }
    signs
}

#[cfg(unix)]
mod file {
    /// Number of folders that are searched.
    const DEEPEST: usize = 16;
    const UP: &[u8] = b"../";
    const NAME: &[u8] = b"memory_profile.toml\0";

    /// True if the nearest file exists and does not say `enabled = false`.
    pub(super) fn is_there() -> bool {
        let mut path = [0u8; DEEPEST * UP.len() + NAME.len()];
        (0..DEEPEST).find_map(|up| {
            let text = UP.iter().cycle().take(up * UP.len()).chain(NAME);
            path.iter_mut().zip(text).for_each(|(place, byte)| *place = *byte);
            is_on(&path)
        }) == Some(true)
    }

    /// `None`: there is no such file.
    fn is_on(path: &[u8]) -> Option<bool> {
        let mut text = [0u8; 8192];
        // SAFETY: the path ends with 0, and the buffers are as long as the given lengths; all-zero is a valid `stat`.
        let read = unsafe {
            let file = libc::open(path.as_ptr().cast(), libc::O_RDONLY | libc::O_NONBLOCK | libc::O_CLOEXEC);
            if file < 0 {
                return None;
            }
            let mut there: libc::stat = std::mem::zeroed();
            // A file of another user says nothing about this program.
            let counts = libc::fstat(file, &raw mut there) == 0
                && (there.st_uid == 0 || there.st_uid == crate::os::process::privileges::user());
            let read = if counts { libc::read(file, text.as_mut_ptr().cast(), text.len()) } else { -1 };
            libc::close(file);
            read
        };
        let text = text.get(..usize::try_from(read).ok()?)?;
        Some(!text.split(|byte| *byte == b'\n').any(is_off))
    }

    /// True if a line switches profiling off.
    pub(super) fn is_off(line: &[u8]) -> bool {
        let value = line.trim_ascii().strip_prefix(b"enabled").map(<[u8]>::trim_ascii);
        let value = value.and_then(|rest| rest.strip_prefix(b"=")).map(<[u8]>::trim_ascii);
        value.is_some_and(|value| value.starts_with(b"false"))
    }

    /// True if this is a test, a documentation example or a benchmark of cargo.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn is_test() -> bool {
        let mut path = [0u8; 4096];
        // SAFETY: the link's name ends with 0, and the buffer is as long as the given length.
        let length = unsafe { libc::readlink(c"/proc/self/exe".as_ptr(), path.as_mut_ptr().cast(), path.len()) };
        let path = usize::try_from(length).ok().and_then(|length| path.get(..length)).unwrap_or_default();
        let mut parts = path.rsplit(|byte| *byte == b'/');
        let (name, folder) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        folder == b"deps" || name == b"rust_out" || folder.starts_with(b"rustdoctest")
    }

    /// Not known without an allocation: the file does not count.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn is_test() -> bool {
        true
    }
}

#[cfg(windows)]
fn variables() -> Signs {
    use windows_sys::Win32::System::Environment::{FreeEnvironmentStringsW, GetEnvironmentStringsW};
    // Names of variables have no case.
    let begins = |variable: &[u16], text: &[u8]| {
        let same = |(unit, byte): (&u16, &u8)| u8::try_from(*unit).is_ok_and(|unit| unit.eq_ignore_ascii_case(byte));
        variable.len() >= text.len() && variable.iter().zip(text).all(same)
    };
    let is = |variable: &[u16], text: &[u8]| variable.len() == text.len() && begins(variable, text);
    let mut signs = Signs::None;
    // SAFETY: the system's copy of all variables, each of which ends with 0, and the last of which is empty. It is
    // freed once, after its last use.
    unsafe {
        let all = GetEnvironmentStringsW();
        let mut next = all.cast_const();
        while !next.is_null() && *next != 0 {
            let length = (0..).take_while(|&at| *next.add(at) != 0).count();
            let variable = std::slice::from_raw_parts(next, length);
            if is(variable, b"MEMPROF_ENABLED=0") || is(variable, b"MEMPROF_ENABLED=false") {
                signs = Signs::Against;
                break;
            }
            if begins(variable, b"MEMPROF_") {
                signs = Signs::For;
            }
            next = next.add(length + 1);
        }
        if !all.is_null() {
            FreeEnvironmentStringsW(all);
        }
    }
    signs
}

#[cfg(not(any(unix, windows)))]
fn variables() -> Signs {
    Signs::None
}

#[cfg(not(unix))]
mod file {
    pub(super) fn is_there() -> bool {
        false
    }

    pub(super) fn is_test() -> bool {
        true
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::file::is_off;

    #[test]
    fn a_line_that_switches_profiling_off() {
        assert!(is_off(b"enabled = false") && is_off(b"  enabled=false # not now") && is_off(b"enabled\t= false\r"));
        assert!(!is_off(b"enabled = true") && !is_off(b"# enabled = false") && !is_off(b"enabled_too = false"));
    }
}

//! Properties of the terminal behind stderr: width and colours.

pub(crate) mod blocked_write;
pub(crate) mod stderr;

use std::io::IsTerminal;

/// Width of the terminal behind stderr in columns; `None` if stderr is not a terminal.
pub(crate) fn columns_of_stderr() -> Option<usize> {
    columns().filter(|columns| *columns > 0)
}

#[cfg(unix)]
fn columns() -> Option<usize> {
    let mut size = std::mem::MaybeUninit::<libc::winsize>::zeroed();
    // SAFETY: TIOCGWINSZ fills the structure it is given, and all-zero is a valid one.
    let size = unsafe {
        if libc::ioctl(libc::STDERR_FILENO, libc::TIOCGWINSZ as _, size.as_mut_ptr()) != 0 {
            return None;
        }
        size.assume_init()
    };
    Some(size.ws_col.into())
}

#[cfg(windows)]
fn columns() -> Option<usize> {
    use windows_sys::Win32::System::Console::{
        CONSOLE_SCREEN_BUFFER_INFO, GetConsoleScreenBufferInfo, GetStdHandle, STD_ERROR_HANDLE,
    };
    let mut info = CONSOLE_SCREEN_BUFFER_INFO::default();
    // SAFETY: the call fills the structure it is given and refuses a handle that is not a console.
    let done = unsafe { GetConsoleScreenBufferInfo(GetStdHandle(STD_ERROR_HANDLE), &mut info) };
    let window = info.srWindow;
    if done == 0 { None } else { usize::try_from(i32::from(window.Right) - i32::from(window.Left) + 1).ok() }
}

/// True if colours are to be written to stderr: on a terminal that supports them, unless the environment says
/// otherwise. `NO_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR`, `TERM` and `CI` have their usual meaning, in this order.
pub(crate) fn stderr_takes_colour() -> bool {
    let clicolor = anstyle_query::clicolor();
    if anstyle_query::no_color() {
        false
    } else if anstyle_query::clicolor_force() {
        true
    } else if clicolor == Some(false) || !std::io::stderr().is_terminal() {
        false
    } else {
        (anstyle_query::term_supports_color() || clicolor == Some(true) || anstyle_query::is_ci()) && shows_ansi()
    }
}

/// A Windows console shows colours once they are enabled. Other systems need no call.
fn shows_ansi() -> bool {
    anstyle_query::windows::enable_ansi_colors().unwrap_or(true) || anstyle_query::term_supports_ansi_color()
}

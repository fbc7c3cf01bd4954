//! A server of tests: a test program that waits before its main, and forks a process for each test.
//!
//! Starting a program costs some milliseconds, most of them in the loader; a fork of one that has not begun costs a
//! fraction. Requests come on the standard input, answers go to the standard output:
//!
//! ```text
//! greeting   memprof 1\n
//! request    length of the rest (u32), name of the test, 0, file for its output, 0
//! answer     status as `waitpid` has it (i32), length of the figures (u32), figures
//! ```
//!
//! Numbers are in the machine's byte order. The arguments of the program have [`PLACEHOLDER`] where the name of the
//! test belongs.

use std::ffi::{CStr, c_char, c_int};
use std::ptr::null_mut;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU8, AtomicU32};

/// Argument that stands for the name of the test.
const PLACEHOLDER: &CStr = c"memprof-name-of-the-test";
const GREETING: &[u8] = b"memprof 1\n";
/// Longest request, bytes.
const LONGEST_REQUEST: usize = 64 * 1024;
const LONGEST_ANSWER: usize = 4092;

/// Memory that a test shares with its server.
#[derive(Debug)]
pub(crate) struct AnswerPage {
    length: AtomicU32,
    text: [AtomicU8; LONGEST_ANSWER],
}

impl AnswerPage {
    /// Hands the figures to the server. Longer ones are left out.
    pub(super) fn write(&self, figures: &[u8]) {
        if figures.len() <= LONGEST_ANSWER {
            self.text.iter().zip(figures).for_each(|(to, from)| to.store(*from, Relaxed));
            self.length.store(figures.len() as u32, Release);
        }
    }
}

/// Answers requests until there are no more, which ends the process. Returns in the process of each test. `None`: it
/// cannot serve. For an initializer of a process with one thread, with its arguments.
pub(super) fn serve(arguments: *mut *const c_char) -> Option<&'static AnswerPage> {
    let name = placeholder(arguments)?;
    let page = map(size_of::<AnswerPage>(), libc::MAP_SHARED)?.cast::<AnswerPage>();
    // SAFETY: the mapping is as large, aligned to a page, all zero, and never unmapped.
    let page = unsafe { &*page };
    let request = map(LONGEST_REQUEST, libc::MAP_PRIVATE)?;
    let (input, output) = take_streams()?;
    if !write_all(output, GREETING) {
        exit(1);
    }
    loop {
        let Some(length) = read_request(input, request) else { exit(0) };
        page.length.store(0, Relaxed);
        // SAFETY: the process has one thread.
        match unsafe { libc::fork() } {
            -1 => {
                answer(output, -1, &[]);
            }
            0 => {
                // SAFETY: both were opened above, and nobody else knows them. `request` holds two strings, see
                // `read_request`, and is never unmapped; `name` is one of the program's arguments, which it has not
                // read.
                unsafe {
                    libc::close(input);
                    libc::close(output);
                    *name = request.cast_const().cast();
                    let file = request.add(CStr::from_ptr(*name).count_bytes() + 1);
                    if !redirect(file.cast_const().cast()) {
                        libc::_exit(126);
                    }
                }
                super::parent::end_with_parent();
                return Some(page);
            }
            child => {
                let status = wait(child);
                let figures = page.length.load(Acquire) as usize;
                if !answer(output, status, page.text.get(..figures).unwrap_or_default()) {
                    exit(1);
                }
            }
        }
        // SAFETY: the length is that of the request, and at most that of the mapping.
        unsafe { request.write_bytes(0, length) };
    }
}

/// The argument that stands for the name of the test.
fn placeholder(arguments: *mut *const c_char) -> Option<*mut *const c_char> {
    let mut next = arguments;
    // SAFETY: the system's list of strings, which ends with null.
    unsafe {
        while !(*next).is_null() {
            if CStr::from_ptr(*next) == PLACEHOLDER {
                return Some(next);
            }
            next = next.add(1);
        }
    }
    None
}

fn map(bytes: usize, sharing: c_int) -> Option<*mut u8> {
    // SAFETY: a new mapping, which no file and no other memory is behind.
    let start =
        unsafe { libc::mmap(null_mut(), bytes, libc::PROT_READ | libc::PROT_WRITE, sharing | libc::MAP_ANON, -1, 0) };
    (start != libc::MAP_FAILED).then_some(start.cast())
}

/// Moves the standard input and output to other numbers, which programs that a test runs do not inherit.
fn take_streams() -> Option<(c_int, c_int)> {
    // SAFETY: the calls take numbers and strings that end with 0 only.
    unsafe {
        let input = libc::fcntl(0, libc::F_DUPFD_CLOEXEC, 3);
        let output = libc::fcntl(1, libc::F_DUPFD_CLOEXEC, 3);
        let nothing = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
        let are_open = input >= 0 && output >= 0 && nothing >= 0;
        if !are_open || libc::dup2(nothing, 0) < 0 || libc::dup2(nothing, 1) < 0 {
            return None;
        }
        libc::close(nothing);
        Some((input, output))
    }
}

/// Makes a file the standard output and error of this process.
fn redirect(file: *const c_char) -> bool {
    // SAFETY: a string that ends with 0, and numbers.
    unsafe {
        let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC | libc::O_APPEND | libc::O_CLOEXEC;
        let output = libc::open(file, flags, 0o600);
        let done = output >= 0 && libc::dup2(output, 1) >= 0 && libc::dup2(output, 2) >= 0;
        libc::close(output);
        done
    }
}

/// Reads a request, two strings that end with 0. `None`: there are no more, or it is none.
fn read_request(input: c_int, request: *mut u8) -> Option<usize> {
    let mut length = [0; size_of::<u32>()];
    read_all(input, length.as_mut_ptr(), length.len())?;
    let length = u32::from_ne_bytes(length) as usize;
    if length > LONGEST_REQUEST {
        return None;
    }
    read_all(input, request, length)?;
    // SAFETY: the mapping is at least as long.
    let text = unsafe { std::slice::from_raw_parts(request, length) };
    let ends = text.iter().filter(|byte| **byte == 0).count();
    (ends == 2 && text.last() == Some(&0)).then_some(length)
}

/// Reads so many bytes. `None`: the end, or an error, came first.
fn read_all(input: c_int, to: *mut u8, bytes: usize) -> Option<()> {
    let mut done = 0;
    while done < bytes {
        // SAFETY: the caller's memory has `bytes` bytes.
        let read = unsafe { libc::read(input, to.add(done).cast(), bytes - done) };
        match usize::try_from(read) {
            Ok(0) => return None,
            Ok(read) => done += read,
            Err(_) if is_interrupted() => {}
            Err(_) => return None,
        }
    }
    Some(())
}

fn answer(output: c_int, status: c_int, figures: &[AtomicU8]) -> bool {
    let mut text = [0; LONGEST_ANSWER + 8];
    let length = (figures.len() as u32).to_ne_bytes();
    let bytes = figures.iter().map(|byte| byte.load(Relaxed));
    let all = status.to_ne_bytes().into_iter().chain(length).chain(bytes);
    text.iter_mut().zip(all).for_each(|(to, from)| *to = from);
    write_all(output, text.get(..8 + figures.len()).unwrap_or_default())
}

fn write_all(output: c_int, mut text: &[u8]) -> bool {
    while !text.is_empty() {
        // SAFETY: the slice is valid for its length.
        let written = unsafe { libc::write(output, text.as_ptr().cast(), text.len()) };
        match usize::try_from(written) {
            Ok(written) => text = text.get(written..).unwrap_or_default(),
            Err(_) if is_interrupted() => {}
            Err(_) => return false,
        }
    }
    true
}

fn wait(child: libc::pid_t) -> c_int {
    let mut status = 0;
    // SAFETY: the pointer is valid for the answer.
    while unsafe { libc::waitpid(child, &raw mut status, 0) } < 0 {
        if !is_interrupted() {
            return -1;
        }
    }
    status
}

fn is_interrupted() -> bool {
    std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted
}

fn exit(status: c_int) -> ! {
    // SAFETY: the call has no preconditions. Nothing that would be run at the end has begun.
    unsafe { libc::_exit(status) }
}

//! A terminal: a window of tmux.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Longest wait for a text.
const PATIENCE: Duration = Duration::from_secs(20);

/// True if there is tmux; if not, says that the test does nothing.
pub(crate) fn is_there() -> bool {
    let is_there = Command::new("tmux").arg("-V").output().is_ok_and(|output| output.status.success());
    if !is_there {
        println!("skipped: there is no tmux, which is the terminal of this test");
    }
    is_there
}

pub(crate) struct Terminal {
    name: String,
}

impl Terminal {
    /// Runs a command of the shell in a new terminal.
    pub(crate) fn run(command: &str, (columns, rows): (u16, u16)) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let terminal = Self { name: format!("memprof-{}-{number}", std::process::id()) };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        terminal.tmux(&["new-session", "-d", "-s", "top", "-x", &columns, "-y", &rows, command]);
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> Output {
        let mut tmux = Command::new("tmux");
        // No settings of the user, and none of a tmux around the test.
        tmux.args(["-u", "-f", "/dev/null", "-L", &self.name]).args(arguments).env_remove("TMUX");
        tmux.env("LC_ALL", "C.UTF-8").env("SHELL", "/bin/sh").output().unwrap()
    }

    /// Presses keys by the names that tmux gives them, each on its own.
    pub(crate) fn press(&self, keys: &[&str]) {
        for key in keys {
            assert!(self.tmux(&["send-keys", "-t", "top", key]).status.success());
            // `Esc` and a key at once would be `Alt` and the key.
            std::thread::sleep(Duration::from_millis(if *key == "Escape" { 150 } else { 20 }));
        }
    }

    /// Types a text.
    pub(crate) fn type_text(&self, text: &str) {
        assert!(self.tmux(&["send-keys", "-t", "top", "-l", text]).status.success());
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        assert!(self.tmux(&["resize-window", "-t", "top", "-x", &columns, "-y", &rows]).status.success());
    }

    /// The screen, without colours.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.tmux(&["capture-pane", "-p", "-t", "top"]).stdout).unwrap()
    }

    /// The screen, with the codes of its colours.
    pub(crate) fn coloured(&self) -> String {
        String::from_utf8(self.tmux(&["capture-pane", "-p", "-e", "-t", "top"]).stdout).unwrap()
    }

    /// Waits until the screen is so, and gives it.
    #[track_caller]
    pub(crate) fn until(&self, wanted: &str, is_so: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let text = self.text();
            if is_so(&text) {
                return text;
            }
            assert!(begun.elapsed() < PATIENCE, "no {wanted} on the screen:\n{text}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits for a text.
    #[track_caller]
    pub(crate) fn shows(&self, wanted: &str) -> String {
        self.until(wanted, |text| text.contains(wanted))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]);
    }
}

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{Ended, Program, Started, runnable};

/// A test run in the background may ignore some signals, and what it starts would, too.
pub(super) fn take_signals(command: &mut Command) {
    // SAFETY: between fork and exec nothing is called but what may be called there.
    unsafe {
        command.pre_exec(|| {
            for signal in [libc::SIGINT, libc::SIGQUIT, libc::SIGHUP] {
                libc::signal(signal, libc::SIG_DFL);
            }
            Ok(())
        });
    }
}

impl Program {
    /// A line for the shell, in which `"$0"` is the executable and `"$@"` are the arguments.
    pub fn in_shell(executable: &str, line: &str) -> Self {
        let (executable, script) = runnable(executable);
        let mut command = Command::new("sh");
        command.arg("-c").arg(line).arg(executable);
        Self::with(command, script)
    }

    /// Makes a symbolic link, and the folders above it.
    pub fn link(self, path: &str, target: &str) -> Self {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
        self
    }

    /// Runs it as the user `nobody`, to whom permissions apply, if the tests run as root. Everybody may read, and may
    /// write to the temporary directory.
    pub fn as_nobody(mut self) -> Self {
        // SAFETY: the call has no preconditions.
        if unsafe { libc::geteuid() } == 0 {
            self.command.uid(65_534).gid(65_534);
        }
        let mode = |path: PathBuf, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        mode(self.root().to_owned(), 0o755);
        mode(self.root().join("work"), 0o755);
        mode(self.root().join("tmp"), 0o777);
        self
    }

    /// Sets who may do what with a file or folder.
    pub fn mode(self, path: &str, mode: u32) -> Self {
        fs::set_permissions(self.root().join(path), fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    /// True if the system lets it start at all: `nobody` may not reach the executable.
    pub fn can_start(&mut self) -> bool {
        let mut asked = Command::new(self.command.get_program());
        asked.arg("--nothing").env_clear().env("MEMPROF_ENABLED", "0").current_dir(self.root().join("work"));
        asked.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // SAFETY: the call has no preconditions.
        if unsafe { libc::geteuid() } == 0 {
            asked.uid(65_534).gid(65_534);
        }
        asked.status().is_ok()
    }
}

impl Started {
    /// Sends it a signal.
    pub fn signal(&self, signal: i32) {
        // SAFETY: the process was started by this one, which has not waited for its end yet.
        assert_eq!(unsafe { libc::kill(self.child.id() as i32, signal) }, 0);
    }
}

impl Ended {
    /// Panics, with all that was said, unless it was ended by this signal.
    pub fn expect_signal(&self, signal: i32) -> &Self {
        let ended_by = self.status.signal();
        assert_eq!(ended_by, Some(signal), "{}\nstdout: {}\nstderr: {}", self.status, self.stdout, self.stderr);
        self
    }
}

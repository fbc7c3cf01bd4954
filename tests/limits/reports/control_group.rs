//! Control groups with a memory limit, of v1 or v2, where the machine lets the tests make them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A group with a limit. It is removed in the end.
pub(crate) struct Group {
    folder: PathBuf,
}

impl Group {
    /// A group with a limit of so many bytes. `None`, and the reason on stderr: none can be made here.
    pub(crate) fn new(limit: u64) -> Option<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("memprof-test-{}-{}", std::process::id(), MADE.fetch_add(1, Relaxed));
        let made = Self::v1(&name, limit).or_else(|v1| Self::v2(&name, limit).map_err(|v2| format!("{v1}; {v2}")));
        made.inspect_err(|reason| eprintln!("skipped: no control group can be made here: {reason}")).ok()
    }

    fn v1(name: &str, limit: u64) -> Result<Self, String> {
        let group = Self::make(&Path::new("/sys/fs/cgroup/memory").join(name))?;
        group.set("memory.limit_in_bytes", &limit.to_string())?;
        // Without an account of swap there is no such file.
        let _ = group.set("memory.memsw.limit_in_bytes", &limit.to_string());
        Ok(group)
    }

    fn v2(name: &str, limit: u64) -> Result<Self, String> {
        let root = Path::new("/sys/fs/cgroup");
        let _ = fs::write(root.join("cgroup.subtree_control"), "+memory");
        let group = Self::make(&root.join(name))?;
        group.set("memory.max", &limit.to_string())?;
        let _ = group.set("memory.swap.max", "0");
        Ok(group)
    }

    fn make(folder: &Path) -> Result<Self, String> {
        fs::create_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn set(&self, file: &str, value: &str) -> Result<(), String> {
        let path = self.folder.join(file);
        // Not created: in a folder that is no group there is no such file.
        let write = || {
            let mut file = fs::OpenOptions::new().write(true).open(&path)?;
            std::io::Write::write_all(&mut file, value.as_bytes())
        };
        write().map_err(|error: std::io::Error| format!("{}: {error}", path.display()))
    }

    /// The file that processes write their number to, to enter the group.
    pub(crate) fn processes(&self) -> String {
        self.folder.join("cgroup.procs").display().to_string()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The last process may not be gone yet.
        for _ in 0..100 {
            if fs::remove_dir(&self.folder).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

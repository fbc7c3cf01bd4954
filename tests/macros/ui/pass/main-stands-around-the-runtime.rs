//! The profile starts before the runtime and ends after it is gone, whichever attribute is above.
#![forbid(unsafe_code)]
#![deny(warnings)]

use std::sync::Mutex;

static LOG: Mutex<Vec<&str>> = Mutex::new(Vec::new());

fn log(event: &'static str) {
    LOG.lock().unwrap().push(event);
}

fn taken() -> String {
    std::mem::take(&mut *LOG.lock().unwrap()).join(", ")
}

/// In place of memprof: says when the profile starts and ends.
mod fake {
    pub mod __private {
        pub use std::option::Option;
        pub use std::option_env;

        pub struct MainOptions {
            pub config: Option<&'static str>,
            pub allocator: &'static str,
            pub version: Option<&'static str>,
        }

        pub struct MainProfile;

        pub fn main_start(options: MainOptions) -> MainProfile {
            crate::log("start");
            assert_eq!((options.config, options.allocator), (Some("a file"), "none"));
            MainProfile
        }

        impl Drop for MainProfile {
            fn drop(&mut self) {
                crate::log("end");
            }
        }
    }
}

/// Is dropped with the runtime, whose task holds it.
struct InATask;

impl Drop for InATask {
    fn drop(&mut self) {
        log("runtime gone");
    }
}

async fn body() {
    log("body");
    let held = InATask;
    tokio::spawn(async move {
        let _held = held;
        std::future::pending::<()>().await;
    });
    tokio::task::yield_now().await;
}

mod above {
    #[memprof::main(allocator = none, config = "a file", crate = crate::fake)]
    #[tokio::main]
    pub async fn main() -> Result<(), std::num::ParseIntError> {
        super::body().await;
        "1".parse::<u8>()?;
        Ok(())
    }
}

mod below {
    #[tokio::main(flavor = "current_thread")]
    #[memprof::main(allocator = none, config = "a file", crate = crate::fake)]
    pub async fn main() -> Result<(), std::num::ParseIntError> {
        super::body().await;
        "1".parse::<u8>()?;
        Ok(())
    }
}

mod above_with_attributes {
    /// Documented.
    #[memprof::main(allocator = none, config = "a file", crate = crate::fake)]
    #[cfg(all())]
    #[tokio::main(flavor = "multi_thread", worker_threads = 1)]
    #[allow(unused_variables)]
    pub async fn main() {
        #![allow(unused_mut)]
        let mut unused = 1;
        super::body().await;
    }
}

mod behind_cfg_attr {
    #[memprof::main(allocator = none, config = "a file", crate = crate::fake)]
    #[cfg_attr(all(), tokio::main)]
    pub async fn main() {
        super::body().await;
    }
}

mod under_another_name {
    use tokio::main as entry_point;

    #[memprof::main(allocator = none, config = "a file", crate = crate::fake)]
    #[entry_point]
    pub async fn main() {
        super::body().await;
    }
}

mod without_a_runtime {
    #[memprof::main(allocator = none, config = "a file", crate = crate::fake)]
    pub fn main() {
        super::log("body");
        let _local = super::InATask;
    }
}

mod tracked_too {
    use memprof::track_memory;

    #[memprof::main(allocator = none, config = "a file", crate = crate::fake)]
    #[track_memory]
    pub fn main() -> u8 {
        super::log("body");
        1
    }
}

fn main() {
    const ALL: &str = "start, body, runtime gone, end";
    above::main().unwrap();
    assert_eq!(taken(), ALL);
    below::main().unwrap();
    assert_eq!(taken(), ALL);
    above_with_attributes::main();
    assert_eq!(taken(), ALL);
    behind_cfg_attr::main();
    assert_eq!(taken(), ALL);
    under_another_name::main();
    assert_eq!(taken(), ALL);
    without_a_runtime::main();
    assert_eq!(taken(), ALL);
    assert_eq!(tracked_too::main(), 1);
    assert_eq!(taken(), "start, body, end");
}

//! A program that does what its first argument says.

use std::time::Duration;

use memprof::track_memory;

#[track_memory]
fn read_orders(n: usize) -> Vec<String> {
    (0..n).map(|number| format!("order {number}")).collect()
}

#[memprof::main]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = arguments.get(1).and_then(|number| number.parse().ok()).unwrap_or(1_000);
    let orders = read_orders(number);
    println!("{arguments:?} {} {:?}", orders.len(), std::env::var("CARGO_PKG_VERSION"));
    match arguments.first().map(String::as_str) {
        Some("fail") => std::process::exit(7),
        Some("abort") => std::process::abort(),
        Some("child") => {
            let program = std::env::current_exe().unwrap();
            assert!(std::process::Command::new(program).arg("grandchild").status().unwrap().success());
        }
        #[cfg(unix)]
        Some("limit") => {
            let kept = read_orders(300_000);
            let report = std::path::Path::new(&arguments[1]).join("memory_leaks.limit-1.txt");
            while !std::fs::read_to_string(&report).is_ok_and(|text| text.contains("src/main.rs")) {
                std::thread::sleep(Duration::from_millis(10));
            }
            // As the kernel does when there is no memory left.
            let _ = std::process::Command::new("kill").args(["-9", &std::process::id().to_string()]).status();
            drop(kept);
        }
        Some("env") => println!("{:?}", std::env::var("SHOP")),
        Some("wait") => {
            std::fs::write(&arguments[2], "").unwrap();
            std::thread::sleep(Duration::from_secs(60));
        }
        #[cfg(feature = "broken")]
        Some("broken") => no_such_function(),
        _ => {}
    }
}

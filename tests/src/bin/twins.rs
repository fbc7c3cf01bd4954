//! A program that runs beside others of its kind in one folder.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

#[memprof::main]
fn main() {
    match std::env::args().nth(1).unwrap_or_default().as_str() {
        "until-go" => {
            std::fs::write(format!("ready-{}", std::process::id()), "").unwrap();
            while !Path::new("go").exists() {
                sleep(Duration::from_millis(1));
            }
        }
        "write" => {
            for _ in 0..3 {
                memprof::write_report().unwrap();
            }
            while !Path::new("data/logs/memory_leaks.0002.txt").exists() {
                sleep(Duration::from_millis(10));
            }
            memprof::write_report().unwrap();
        }
        other => panic!("unknown: {other}"),
    }
}

use memprof::track_memory;

mod reexports {
    pub use memprof as profiler;
}

#[track_memory(name = "by its name")]
fn named() -> u8 {
    1
}

#[track_memory(crate = reexports::profiler)]
fn through_another_crate() -> u8 {
    2
}

#[track_memory(crate = crate::reexports::profiler, name = "both",)]
async fn both() -> u8 {
    3
}

#[track_memory(crate = ::memprof)]
fn absolute() -> u8 {
    4
}

#[track_memory()]
fn nothing_in_parentheses() -> u8 {
    5
}

#[tokio::main]
async fn main() {
    assert_eq!(named() + through_another_crate() + both().await + absolute() + nothing_in_parentheses(), 15);
}

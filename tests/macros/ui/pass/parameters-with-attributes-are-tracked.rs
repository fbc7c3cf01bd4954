#![deny(warnings, unfulfilled_lint_expectations)]

use memprof::track_memory;

#[track_memory]
fn chosen(#[cfg(all())] number: u8, #[cfg(any())] number: Missing, #[cfg(any())] gone: Missing, last: u8) -> u8 {
    number + last
}

#[track_memory]
fn through_cfg_attr(#[cfg_attr(all(), cfg(any()))] gone: Missing, kept: u8) -> u8 {
    kept
}

#[track_memory]
fn lints(#[allow(unused_variables)] a: u8, #[expect(unused_variables)] b: u8, #[expect(unused_mut)] mut c: u8) -> u8 {
    c
}

#[track_memory]
async fn chosen_async(#[cfg(all())] mut number: u8, #[cfg(any())] gone: Missing) -> u8 {
    number += 1;
    number
}

struct Type;

impl Type {
    #[track_memory]
    fn method(#[cfg(all())] &self, #[cfg(all())] n: u8) -> u8 {
        n
    }
}

#[tokio::main]
async fn main() {
    assert_eq!(chosen(1, 2), 3);
    assert_eq!(through_cfg_attr(1), 1);
    assert_eq!(lints(1, 2, 3), 3);
    assert_eq!(chosen_async(1).await, 2);
    assert_eq!(Type.method(1), 1);
}

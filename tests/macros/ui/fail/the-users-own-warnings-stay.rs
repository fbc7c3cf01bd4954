#![deny(warnings)]

use memprof::track_memory;

#[track_memory]
fn parameters(unused: u8, mut never_changed: u8) -> u8 {
    never_changed
}

#[track_memory]
async fn parameters_async(unused: u8, mut never_changed: u8) -> u8 {
    never_changed
}

#[track_memory]
fn body() -> u8 {
    let unused = 1;
    return 1;
    2
}

#[track_memory]
fn dead() {}

fn main() {
    let _ = parameters(1, 2) + body();
    drop(parameters_async(1, 2));
}

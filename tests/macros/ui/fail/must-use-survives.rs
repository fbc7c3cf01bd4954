#![deny(unused_must_use)]

use memprof::track_memory;

#[track_memory]
#[must_use = "it is all there is"]
fn below() -> u8 {
    1
}

#[must_use]
#[track_memory]
fn above() -> u8 {
    2
}

#[track_memory]
#[must_use]
async fn later() -> u8 {
    3
}

#[track_memory]
async fn never_polled() {}

#[track_memory]
fn result() -> Result<(), ()> {
    Ok(())
}

fn main() {
    below();
    above();
    later();
    never_polled();
    result();
    let _ = async {
        later().await;
    };
}

#![deny(warnings)]

use memprof::track_memory;

#[track_memory]
fn sloppy(unused: u8) -> u8 {
    #![allow(unused_variables, unused_mut)]
    //! Documentation of the inner kind.
    let mut n = 1;
    n
}

#[track_memory]
async fn sloppy_async(unused: u8) -> u8 {
    #![allow(unused_variables)]
    let other = 2;
    1
}

#[tokio::main]
async fn main() {
    assert_eq!(sloppy(2), 1);
    assert_eq!(sloppy_async(2).await, 1);
}

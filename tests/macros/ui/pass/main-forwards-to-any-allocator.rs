#![forbid(unsafe_code)]
#![deny(warnings)]

mod arena {
    pub static ARENA: std::alloc::System = std::alloc::System;
}

#[memprof::main(allocator = arena::ARENA)]
fn main() {
    assert_eq!(vec![String::from("a")].concat(), "a");
}

#![allow(unused)]

use memprof::track_memory;

#[track_memory]
pub struct Struct {
    field: u8,
}

#[track_memory]
enum Enum {}

#[track_memory]
union Union {
    field: u8,
}

#[track_memory]
type Alias = u8;

#[track_memory]
const CONSTANT: u8 = 1;

#[track_memory]
pub(crate) static mut STATIC: u8 = 1;

#[track_memory]
use std::fmt;

#[track_memory]
extern crate std as standard;

#[track_memory]
macro_rules! makro {
    () => {};
}

struct Type;

impl Type {
    #[track_memory]
    const ASSOCIATED: u8 = 1;
}

fn main() {}

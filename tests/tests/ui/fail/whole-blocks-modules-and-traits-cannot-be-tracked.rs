use memprof::track_memory;

struct Type;

#[track_memory]
impl Type {
    fn method(&self) {}
}

#[track_memory]
unsafe impl Send for Type {}

#[track_memory]
mod module {}

#[track_memory]
pub trait Trait {
    fn method(&self);
}

fn main() {}

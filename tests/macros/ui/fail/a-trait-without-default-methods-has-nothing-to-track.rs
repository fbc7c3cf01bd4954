use memprof::track_memory;

#[track_memory]
pub trait Trait {
    const LIMIT: usize;
    type Item;
    fn method(&self) -> Self::Item;
    fn other(&self);
}

struct Type;

impl Trait for Type {
    const LIMIT: usize = 1;
    type Item = u8;
    fn method(&self) -> u8 {
        1
    }
    fn other(&self) {}
}

fn main() {
    Type.method();
    Type.other();
}

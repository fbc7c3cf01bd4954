use memprof::track_memory;

struct Type;

#[track_memory(name = "all of it")]
impl Type {
    fn method(&self) {}
}

#[track_memory(name = "the module", nam = "x")]
mod module {
    pub fn free() {}
}

fn main() {
    Type.method();
    module::free();
}

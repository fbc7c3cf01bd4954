use memprof::track_memory;

struct Type;

#[track_memory(name = "all of it")]
impl Type {
    #[track_memory(skip = 1)]
    fn method(&self) {}
}

fn main() {
    Type.method();
}

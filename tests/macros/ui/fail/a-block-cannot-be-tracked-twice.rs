use memprof::track_memory;

struct Type;

#[track_memory]
#[memprof::track_memory]
impl Type {
    fn method(&self) {}
}

#[track_memory(skip)]
#[track_memory]
fn skipped_and_tracked() {}

fn main() {
    Type.method();
    skipped_and_tracked();
}

use memprof::track_memory;

#[track_memory]
#[memprof::track_memory(name = "again")]
fn twice() {}

fn main() {
    twice();
}

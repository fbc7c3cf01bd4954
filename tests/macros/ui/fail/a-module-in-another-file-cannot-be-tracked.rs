use memprof::track_memory;

#[track_memory]
mod module;

fn main() {
    module::free();
}

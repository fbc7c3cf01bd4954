#[memprof::track_memory]
const fn constant() -> u8 {
    1
}

fn main() {
    constant();
}

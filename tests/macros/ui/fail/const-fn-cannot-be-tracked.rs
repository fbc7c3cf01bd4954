use memprof::track_memory;

#[track_memory]
const fn two() -> u8 {
    2
}

struct Type;

impl Type {
    #[track_memory]
    pub const fn three() -> u8 {
        3
    }
}

const FIVE: u8 = two() + Type::three();

fn main() {
    let _ = FIVE;
}

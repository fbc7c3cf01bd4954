use memprof::track_memory;

#[track_memory]
unsafe extern "C" fn print(_format: *const u8, _rest: ...) {}

unsafe extern "C" {
    #[track_memory]
    fn printf(format: *const u8, ...) -> i32;
}

fn main() {}

use memprof::track_memory;

unsafe extern "C" {
    #[track_memory]
    fn getpid() -> i32;

    #[track_memory]
    safe fn getppid() -> i32;

    #[track_memory]
    static environ: *const u8;
}

#[track_memory]
unsafe extern "C" {
    fn getuid() -> u32;
}

fn main() {}

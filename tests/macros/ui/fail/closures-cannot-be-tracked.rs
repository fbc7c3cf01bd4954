use memprof::track_memory;

fn main() {
    let plain = #[track_memory]
    || 1;
    let moving = #[track_memory]
    async move |n: u8| n;
    plain();
    let _ = moving;
}

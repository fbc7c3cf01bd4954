use memprof::track_memory;

fn main() {
    #[track_memory]
    let number = 1;
    #[track_memory]
    {
        drop(number);
    }
}

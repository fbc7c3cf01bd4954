use memprof::track_memory;

trait Trait {
    #[track_memory]
    fn method(&self) -> u8;

    #[track_memory]
    fn function();

    #[track_memory]
    async fn later(&self);
}

fn main() {}

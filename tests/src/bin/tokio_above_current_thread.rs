//! `#[memprof::main]` above a runtime of the flavor current_thread.

#[path = "shared/tasks.rs"]
mod tasks;

#[memprof::main]
#[tokio::main(flavor = "current_thread")]
#[memprof::track_memory]
async fn main() {
    #[memprof::track_memory]
    fn within_main() {
        drop(std::hint::black_box(vec![1u8; 100]));
    }
    within_main();
    tasks::all().await;
}

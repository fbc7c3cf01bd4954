use memprof::track_memory;

#[track_memory(max_allocated = "1 MiB", max_peak = "1.5 MB", max_net = "0 B", max_count = 1_000)]
fn all_limits() {}

#[track_memory(max_count = 0, on_violation = "report", name = "with a name")]
fn none_at_all() {}

#[track_memory(max_allocated = "64KiB", on_violation = "panic")]
async fn of_a_future() {}

#[track_memory(window = "process", max_peak = "1 GiB")]
async fn with_a_window() {}

struct Index<T>(T);

#[track_memory]
impl<T> Index<T> {
    #[track_memory(max_allocated = "1 KB", window = "process")]
    fn build(value: T) -> Self {
        Self(value)
    }
}

fn main() {
    all_limits();
    none_at_all();
    drop((of_a_future(), with_a_window()));
    let _ = Index::build(5).0;
}

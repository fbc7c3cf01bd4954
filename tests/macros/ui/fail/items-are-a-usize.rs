use memprof::track_memory;

#[track_memory(items = points.len() as u64)]
fn another_type(points: &[u8]) {
    let _ = points;
}

#[track_memory(items = missing.len())]
fn no_such_parameter(points: &[u8]) {
    let _ = points;
}

#[track_memory(items = "three")]
async fn of_a_future() {}

#[track_memory(items = 3u8)]
fn of_a_returned_future() -> impl Future<Output = ()> {
    async {}
}

fn main() {}

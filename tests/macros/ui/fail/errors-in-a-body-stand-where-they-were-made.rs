use memprof::track_memory;

#[track_memory]
fn wrong_type() -> u8 {
    "text"
}

#[track_memory]
fn nothing_returned() -> u8 {
    1;
}

#[track_memory]
async fn wrong_type_async() -> u8 {
    "text"
}

#[track_memory]
async fn nothing_returned_async() -> u8 {
    1;
}

#[track_memory]
fn moved(a: String) -> String {
    drop(a);
    a
}

#[track_memory]
fn not_mutable(a: String) {
    a.push('x');
}

#[track_memory]
fn half_typed(a: String) {
    a.
}

fn main() {}

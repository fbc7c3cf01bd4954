use memprof::track_memory;

#[track_memory(max_allocated = "1 Mb?")]
fn unknown_unit() {}

#[track_memory(max_peak = 1024)]
fn a_size_without_quotes() {}

#[track_memory(max_net = "64")]
fn no_unit() {}

#[track_memory(max_count = "10")]
fn a_count_in_quotes() {}

#[track_memory(max_count = 10, max_count = 11)]
fn given_twice() {}

#[track_memory(max_count = 10, on_violation = "abort")]
fn not_a_consequence() {}

#[track_memory(on_violation = "panic")]
fn nothing_to_violate() {}

#[track_memory(window = "thread")]
fn no_such_window() {}

#[track_memory(max_allocated)]
fn no_value() {}

#[track_memory(skip, max_count = 10)]
fn skipped() {}

struct Index;

#[track_memory(max_allocated = "1 MiB")]
impl Index {
    fn build() {}
}

fn main() {}

use memprof::track_memory;

#[track_memory(items = )]
fn no_expression() {}

#[track_memory(items)]
fn no_value() {}

#[track_memory(items = let x)]
fn a_statement() {}

#[track_memory(items = 1, items = 2)]
fn given_twice() {}

#[track_memory(max_per_item = 320)]
fn a_size_without_quotes() {}

struct Index;

#[track_memory(items = 3)]
impl Index {
    fn build() {}
}

fn main() {}

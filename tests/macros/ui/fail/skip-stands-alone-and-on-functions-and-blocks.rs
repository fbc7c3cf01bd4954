use memprof::track_memory;

#[track_memory(skip, name = "x")]
fn with_a_name() {}

#[track_memory(skip = true)]
fn with_a_value() {}

#[track_memory(skip, skip)]
fn repeated() {}

#[track_memory]
mod module {
    #[memprof::track_memory(skip)]
    pub struct Type;

    #[memprof::track_memory(skip, crate = memprof)]
    impl Type {}

    #[memprof::track_memory(skp)]
    pub fn misspelt() {}
}

fn main() {
    with_a_name();
    with_a_value();
    repeated();
    module::misspelt();
    let _ = module::Type;
}

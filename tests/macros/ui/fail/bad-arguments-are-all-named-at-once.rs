use memprof::track_memory;

#[track_memory(nam = "x")]
fn unknown() {}

#[track_memory("x")]
fn no_key() {}

#[track_memory(name)]
fn no_value() {}

#[track_memory(name("x"))]
fn call() {}

#[track_memory(name =)]
fn nothing_after() {}

#[track_memory(name = 1)]
fn number() {}

#[track_memory(name = LONG)]
fn constant() {}

#[track_memory(name = "  ")]
fn empty() {}

#[track_memory(name = "x" "y")]
fn two_values() {}

#[track_memory(name = "x", name = "y")]
fn repeated() {}

#[track_memory(crate = "memprof")]
fn quoted_path() {}

#[track_memory(, name = "x")]
fn comma() {}

#[track_memory = "x"]
fn as_a_value() {}

#[track_memory(budget = 1, name = 2, crate = 3, crate = memprof)]
const fn all_at_once() {}

fn main() {
    unknown();
    no_key();
    no_value();
    call();
    nothing_after();
    number();
    constant();
    empty();
    two_values();
    repeated();
    quoted_path();
    comma();
    all_at_once();
}

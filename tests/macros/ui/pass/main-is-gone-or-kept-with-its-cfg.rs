#[memprof::main]
#[cfg(any())]
fn main() -> Missing {}

#[memprof::main]
#[cfg(all())]
/// Documented.
#[allow(unused_variables)]
fn main() {
    let unused = 1;
}

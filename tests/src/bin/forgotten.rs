//! A program with a tracked function and without `#[memprof::main]`.

#[memprof::track_memory]
fn work() -> usize {
    std::hint::black_box(vec![1u8; 4096]).len()
}

fn main() {
    println!("{}", work() + work());
    std::thread::spawn(work).join().unwrap();
}

#[memprof::main]
fn main() -> ! {
    std::process::exit(vec![0][0])
}

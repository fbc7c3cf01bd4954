#[memprof::main]
struct Type;

#[memprof::main]
mod module {}

#[memprof::main]
fn start() {}

trait Trait {
    #[memprof::main]
    fn main();
}

fn main() {
    start();
}

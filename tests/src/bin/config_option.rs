//! A program that names its configuration file.

#[memprof::main(config = "settings/own.toml")]
fn main() {
    println!("the body ran");
}

fn main() {
    panic!("it is not run");
}

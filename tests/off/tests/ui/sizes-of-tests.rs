#[memprof::test(max_allocated = "1 Mb?")]
fn no_unit() {}

fn main() {
    memprof::testing::assert_allocated!(<= "1 Mb?", || ());
}

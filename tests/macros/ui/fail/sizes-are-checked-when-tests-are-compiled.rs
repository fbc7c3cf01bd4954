use memprof::testing::assert_allocated;

#[memprof::test(max_allocated = "1 Mb?")]
fn no_unit() {}

#[memprof::test(max_peak = "64", max_net = "much", max_count = "ten")]
fn no_sizes() {}

#[memprof::test(max_peak = 64, no_leaks = true, max_allocations = 3, max_net, no_leaks)]
fn other_mistakes() {}

fn main() {
    assert_allocated!(<= "1 Mb?", || ());
    assert_allocated!(<= "0.3 B", || ());
    assert_allocated!("64 KiB", || ());
}

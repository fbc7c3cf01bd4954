#[global_allocator]
static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();

#[test]
fn has_the_environment_of_cargo() {
    assert_eq!(std::env::var("CARGO_PKG_NAME").unwrap(), "shop");
    let folder = std::env::current_dir().unwrap();
    assert_eq!(std::env::var("CARGO_MANIFEST_DIR").unwrap(), folder.to_str().unwrap());
    assert_eq!(std::env::var_os("MEMPROF_TEST"), None);
}

#[test]
fn order_of_three() {
    assert_eq!(shop::order(3), [0, 1, 2]);
}

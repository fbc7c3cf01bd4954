#![forbid(unsafe_code)]

#[global_allocator]
static ALLOC: memprof::__private::AllocationTracker = memprof::__private::AllocationTracker::system();

#[memprof::main(allocator = none, crate = memprof)]
fn main() {
    assert_eq!(vec![1].len(), 1);
}

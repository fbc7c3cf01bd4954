use memprof::track_memory;

/// # Safety
/// `pointer` can be read.
#[track_memory]
unsafe fn read(pointer: *const u8) -> u8 {
    unsafe { *pointer }
}

/// # Safety
/// `pointer` can be read.
#[track_memory]
#[allow(unsafe_op_in_unsafe_fn)]
unsafe fn read_without_a_block(pointer: *const u8) -> u8 {
    *pointer
}

/// # Safety
/// `pointer` can be read.
#[track_memory]
#[allow(unsafe_op_in_unsafe_fn)]
async unsafe fn read_later(pointer: *const u8) -> u8 {
    *pointer
}

#[track_memory]
extern "C" fn add(a: i32, b: i32) -> i32 {
    a + b
}

#[track_memory]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn memprof_test_exported(a: i32) -> i32 {
    a + 1
}

unsafe trait Unsafe {
    unsafe fn get(&self) -> u8;
}

unsafe impl Unsafe for u8 {
    #[track_memory]
    unsafe fn get(&self) -> u8 {
        *self
    }
}

#[track_memory]
fn panics(why: &str) -> ! {
    panic!("{why}")
}

#[track_memory]
fn panics_in_a_statement() -> ! {
    panic!("{}", 1);
}

#[track_memory]
fn loops(limit: u32) -> ! {
    let mut n = 0;
    loop {
        n += 1;
        if n > limit {
            std::process::exit(0);
        }
    }
}

#[track_memory]
async fn loops_async(limit: u32) -> ! {
    loops(limit)
}

fn value_or_panic(value: Option<u8>) -> u8 {
    match value {
        Some(value) => value,
        None => panics("none"),
    }
}

#[tokio::main]
async fn main() {
    let byte = 7;
    assert_eq!(unsafe { read(&byte) }, 7);
    assert_eq!(unsafe { read_without_a_block(&byte) }, 7);
    assert_eq!(unsafe { read_later(&byte) }.await, 7);
    let pointer: extern "C" fn(i32, i32) -> i32 = add;
    assert_eq!(pointer(1, 2), 3);
    unsafe extern "C" {
        #[link_name = "memprof_test_exported"]
        fn exported(a: i32) -> i32;
    }
    assert_eq!(unsafe { exported(1) }, 2);
    assert_eq!(unsafe { 3_u8.get() }, 3);
    assert_eq!(value_or_panic(Some(1)), 1);
    assert!(std::panic::catch_unwind(|| value_or_panic(None)).is_err());
    assert!(std::panic::catch_unwind(|| panics_in_a_statement()).is_err());
    loops_async(3).await
}

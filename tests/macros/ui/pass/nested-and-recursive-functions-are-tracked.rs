use memprof::track_memory;

#[track_memory]
fn outer(n: u32) -> u32 {
    #[track_memory]
    fn inner(n: u32) -> u32 {
        struct Local(u32);
        impl Local {
            #[track_memory]
            fn get(self) -> u32 {
                self.0
            }
        }
        if n == 0 { 0 } else { 1 + inner(Local(n - 1).get()) }
    }
    let closure = |n| inner(n);
    closure(n)
}

#[track_memory]
fn even(n: u32) -> bool {
    n == 0 || odd(n - 1)
}

#[track_memory]
fn odd(n: u32) -> bool {
    n != 0 && even(n - 1)
}

#[track_memory]
async fn down(n: u32) -> u32 {
    if n == 0 { 0 } else { 1 + Box::pin(down(n - 1)).await }
}

#[tokio::main]
async fn main() {
    assert_eq!(outer(5), 5);
    assert!(even(10) && !odd(10));
    assert_eq!(down(5).await, 5);
}

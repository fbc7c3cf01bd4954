use memprof::track_memory;

#[track_memory]
fn free(n: usize) -> Vec<u8> {
    vec![1; n]
}

#[track_memory]
pub(crate) fn visible() -> &'static str {
    "visible"
}

struct Stack(Vec<u8>);

impl Stack {
    #[track_memory]
    fn new() -> Self {
        Self(Vec::new())
    }

    #[track_memory]
    fn push(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }
}

trait Sum {
    const START: u32;

    fn sum(&self) -> u32;

    #[track_memory]
    fn twice(&self) -> u32 {
        2 * self.sum() + Self::START
    }
}

impl Sum for Stack {
    const START: u32 = 1;

    #[track_memory]
    fn sum(&self) -> u32 {
        self.0.iter().copied().map(u32::from).sum()
    }
}

fn main() {
    assert_eq!(free(3), [1, 1, 1]);
    assert_eq!(visible(), "visible");
    let mut stack = Stack::new();
    stack.push(1).push(2);
    assert_eq!(stack.sum(), 3);
    assert_eq!(stack.twice(), 7);
    let by_pointer: fn(usize) -> Vec<u8> = free;
    assert_eq!(by_pointer(1), [1]);
    let object: &dyn Fn(usize) -> Vec<u8> = &free;
    assert!(object(0).is_empty());
}

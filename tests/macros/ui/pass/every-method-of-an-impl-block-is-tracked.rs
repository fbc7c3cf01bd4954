#![deny(warnings, missing_docs)]
//! A crate whose documentation is demanded.

use std::pin::pin;
use std::task::Poll;

use memprof::track_memory;
use memprof_tests::{Profile, calls, poll};

/// A stack.
#[derive(Clone)]
pub struct Stack<T, const N: usize>(Vec<T>);

/// The attributes of the block and of all that is in it stay.
#[track_memory]
#[cfg(all())]
#[expect(clippy::len_without_is_empty)]
impl<T: Clone, const N: usize> Stack<T, N>
where
    [T; N]: Sized,
{
    /// The constant in the braces is no body.
    pub const ROOM: [fn() -> Stack<u8, { 1 + 1 }>; 1] = [|| Stack(Vec::new())];

    /// Makes one.
    pub fn new() -> Self {
        #![allow(unused_variables)]
        let unused = 1;
        Self(Vec::new())
    }

    /// Cannot be tracked and is passed over.
    pub const fn room() -> usize {
        N
    }

    /// Pushes.
    #[must_use]
    pub fn push(mut self, value: T) -> Self {
        self.0.push(value);
        self
    }

    #[cfg(any())]
    fn gone() -> Missing {}

    fn twice<U>(&self, first: Stack<U, { 1 + 1 }>) -> (usize, Option<T>)
    where
        Stack<U, { 1 + 1 }>: Sized,
    {
        return (first.0.len() + self.0.len(), self.0.first().cloned());
    }

    /// Skipped.
    #[track_memory(skip)]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Pops.
    pub async fn pop(&mut self) -> Result<T, &'static str> {
        Ok(self.0.pop().ok_or("empty")?)
    }

    /// Has a name of its own.
    #[memprof::track_memory]
    pub fn own(&self) {}
}

/// A block for one type.
#[track_memory]
impl Stack<Stack<u8, 2>, 1> {
    fn depth(&self) -> usize {
        2
    }
}

struct Empty;

#[track_memory]
impl Empty {}

fn main() {
    let profile = Profile::start();
    let mut stack = Stack::<u8, 2>::new().push(1).push(2);
    assert_eq!(stack.twice(Stack::<u16, 2>::new()), (2, Some(1)));
    assert_eq!((stack.len(), Stack::<u8, 2>::room(), Stack::<u8, 2>::ROOM[0]().len()), (2, 2, 0));
    assert_eq!(poll(pin!(stack.pop())), Poll::Ready(Ok(2)));
    stack.own();
    assert_eq!(Stack::<Stack<u8, 2>, 1>::new().depth(), 2);
    let _ = Empty;
    assert_eq!(
        calls(&profile.report(), module_path!()),
        [
            "Stack::new: 3",
            "Stack::push: 2",
            "Stack::twice: 1",
            "Stack::pop: 1",
            "Stack::own: 1",
            "Stack<Stack<u8, 2>, 1>::depth: 1"
        ]
    );
}

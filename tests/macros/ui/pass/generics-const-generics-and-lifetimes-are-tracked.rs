use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;

use memprof::track_memory;

#[track_memory]
fn count<K: Hash + Eq, I>(keys: I) -> HashMap<K, usize>
where
    I: IntoIterator<Item = K>,
{
    let mut counts = HashMap::new();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    counts
}

#[track_memory]
fn filled<T: Copy, const N: usize>(value: T) -> [T; N] {
    [value; N]
}

#[track_memory]
fn longer<'a, 'b: 'a>(a: &'a str, b: &'b str) -> &'a str {
    if a.len() > b.len() { a } else { b }
}

#[track_memory]
fn first_mut(numbers: &mut Vec<u8>) -> &mut u8 {
    &mut numbers[0]
}

#[track_memory]
fn for_all<F>(f: F) -> String
where
    F: for<'a> Fn(&'a str) -> &'a str,
{
    f(&String::from(" x ")).to_owned()
}

struct Pair<'p, T: ?Sized, const N: usize>(&'p T, [u8; N]);

impl<'p, T: ?Sized + Debug, const N: usize> Pair<'p, T, N> {
    #[track_memory]
    fn get(&self) -> (&'p T, usize) {
        (self.0, N)
    }

    #[track_memory]
    fn show<U: Debug>(&self, other: U) -> String {
        format!("{:?} {:?} {:?}", self.0, self.1, other)
    }
}

fn main() {
    assert_eq!(count(["a", "b", "a"])["a"], 2);
    assert_eq!(filled::<_, 3>('x'), ['x'; 3]);
    assert_eq!(longer("aa", "b"), "aa");
    let mut numbers = vec![1, 2];
    *first_mut(&mut numbers) = 7;
    assert_eq!(numbers, [7, 2]);
    assert_eq!(for_all(str::trim), "x");
    let pair = Pair("text", [0; 2]);
    assert_eq!(pair.get(), ("text", 2));
    assert_eq!(pair.show(1), "\"text\" [0, 0] 1");
}

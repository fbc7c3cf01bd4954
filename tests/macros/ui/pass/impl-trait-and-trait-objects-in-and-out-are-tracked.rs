use std::fmt::Display;

use memprof::track_memory;

#[track_memory]
fn shown(values: impl IntoIterator<Item = impl Display>) -> impl Iterator<Item = String> {
    values.into_iter().map(|value| format!("<{value}>"))
}

#[track_memory]
fn borrowed<'a>(text: &'a str) -> impl Iterator<Item = char> + use<'a> {
    text.chars().rev()
}

#[track_memory]
fn adder(by: u8) -> impl Fn(u8) -> u8 + Clone {
    move |n| n + by
}

/// The last expression is coerced to the function's type, as it is without the attribute.
#[track_memory]
fn object(long: bool) -> Box<dyn Display> {
    if long {
        return Box::new(String::from("long"));
    }
    Box::new(1)
}

#[track_memory]
fn slice(which: bool) -> &'static [u8] {
    if which { &[1, 2] } else { &[] }
}

#[track_memory]
fn closure_pointer() -> fn(u8) -> u8 {
    |n| n + 1
}

#[track_memory]
fn inferred() -> Vec<u64> {
    "1 2".split(' ').map(|n| n.parse().unwrap()).collect()
}

fn main() {
    assert_eq!(shown([1, 2]).collect::<Vec<_>>(), ["<1>", "<2>"]);
    assert_eq!(borrowed("ab").collect::<String>(), "ba");
    assert_eq!(adder(2).clone()(1), 3);
    assert_eq!(object(true).to_string() + &object(false).to_string(), "long1");
    assert_eq!(slice(true).len() + slice(false).len(), 2);
    assert_eq!(closure_pointer()(1), 2);
    assert_eq!(inferred(), [1, 2]);
}

//! A program under load that serves. A thread of its own serves requests and forgets to free a part of each. The main
//! thread obeys the lines of its input and answers each with `done`:
//!
//! * `work N`: N calls of a function that allocates 1,000 bytes each, and frees them;
//! * `keep N`: N calls of a function that keeps 4,000 bytes each.
//!
//! It ends with its input.

use memprof::track_memory;
use std::hint::black_box;
use std::io::{self, Write};
use std::time::Duration;

#[track_memory]
fn work() {
    black_box(vec![1_u8; 1_000]);
}

#[track_memory]
fn keep(kept: &mut Vec<Vec<u8>>) {
    kept.push(vec![1_u8; 4_000]);
}

#[track_memory]
fn answer_request(number: usize) -> usize {
    parse(number) + render(number)
}

#[track_memory]
fn parse(number: usize) -> usize {
    let words: Vec<String> = (0..20).map(|word| format!("word {word} of request {number}")).collect();
    black_box(words).len()
}

#[track_memory]
fn render(number: usize) -> usize {
    black_box(vec![1_u8; 8_000 + 64 * (number % 500)]).len()
}

/// Never frees what it remembers.
#[track_memory]
fn remember(memory: &mut Vec<Vec<u8>>) {
    memory.push(vec![1_u8; 2_000]);
}

fn hostile() {
    let _outer = memprof::scope!("<img src=x onerror=document.title='hit'>");
    black_box(vec![1_u8; 500]);
    let _inner = memprof::scope!("\u{202e}gnp.exe\u{202c} </script><script>document.title='hit'</script>");
    black_box(vec![1_u8; 300]);
}

fn load() {
    let mut memory = Vec::new();
    for number in 0.. {
        let customer = if number % 3 == 0 { "<b>acme</b>" } else { "globex" };
        memprof::labelled("customer", customer, || {
            answer_request(number);
            remember(&mut memory);
        });
        hostile();
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[memprof::main]
fn main() {
    std::thread::spawn(load);
    let mut kept = Vec::with_capacity(10_000);
    for line in io::stdin().lines() {
        let line = line.expect("a line");
        let (command, number) = line.split_once(' ').expect("a command and a number");
        for _ in 0..number.parse().expect("a number") {
            match command {
                "work" => work(),
                "keep" => keep(&mut kept),
                other => panic!("{other}"),
            }
        }
        println!("done");
        io::stdout().flush().expect("the output is open");
    }
}

//! A program that is built with `panic = "abort"` and panics, in the way that its argument names.

use std::hint::black_box;
use std::thread;

use memprof::track_memory;

#[track_memory]
fn hold() -> Vec<u8> {
    black_box(vec![1u8; 34_567])
}

#[track_memory]
fn fail() {
    panic!("as it was told to");
}

/// Has a hook in the place of the one that is there, or in front of it.
fn hook(chained: bool) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        eprintln!("the program's own hook");
        if chained {
            before(info);
        }
    }));
}

#[memprof::main]
fn main() {
    assert!(cfg!(panic = "abort"));
    let _held = hold();
    match std::env::args().nth(1).unwrap_or_default().as_str() {
        "main" => fail(),
        "a thread" => drop(thread::spawn(fail).join()),
        "a chained hook" => {
            hook(true);
            fail();
        }
        "another hook" => {
            hook(false);
            fail();
        }
        "a hook that exits" => {
            std::panic::set_hook(Box::new(|_| std::process::exit(9)));
            fail();
        }
        other => println!("nothing to do: {other}"),
    }
}

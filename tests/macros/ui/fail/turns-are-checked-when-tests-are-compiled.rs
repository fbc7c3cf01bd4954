#[memprof::test(growth = 0)]
fn without_turns() {}

#[memprof::test(repeat = 1)]
fn one_turn() {}

#[memprof::test(repeat = "50", growth = -1)]
fn no_numbers() {}

#[memprof::test(repeat, growth = "many", repeat = 3)]
fn other_mistakes() {}

#[memprof::test(repeat = 10)]
fn with_parameters(number: u8) {
    let _ = number;
}

fn main() {}

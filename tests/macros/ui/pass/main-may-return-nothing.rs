#![forbid(unsafe_code)]
#![deny(warnings)]

#[memprof::main]
fn main() {
    #![allow(unused_variables)]
    let unused = 1;
    if std::env::args().count() > 100 {
        return;
    }
    assert_eq!(vec![1, 2].len(), 2);
}

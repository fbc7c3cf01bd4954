//! The cases of `drops.rs`, compiled with edition 2021.
#![allow(missing_docs)]

mod fake;

#[path = "drops/cases.rs"]
mod cases;

#[test]
fn this_file_is_edition_2021() {
    let gen = 2021; // A keyword from 2024 on.
    assert_eq!(gen, 2021);
}

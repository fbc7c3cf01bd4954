//! The cases of `tests/macros/drops` in edition 2021, where the temporaries of a block's last expression outlive
//! its locals.
#![allow(missing_docs)]

#[path = "../../macros/fake/mod.rs"]
mod fake;

#[path = "../../macros/drops/cases.rs"]
mod cases;

#[test]
fn this_is_edition_2021() {
    let gen = 2021; // A keyword from 2024 on.
    assert_eq!(gen, 2021);
}

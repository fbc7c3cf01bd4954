//! The cases of `tests/tests/drops.rs` in edition 2021, where the temporaries of a block's last expression outlive
//! its locals.
#![allow(missing_docs)]

#[path = "../../tests/fake/mod.rs"]
mod fake;

#[path = "../../tests/drops/cases.rs"]
mod cases;

#[test]
fn this_is_edition_2021() {
    let gen = 2021; // A keyword from 2024 on.
    assert_eq!(gen, 2021);
}

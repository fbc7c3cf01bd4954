//! A browser for tests of the page, and reports to show in it.
//!
//! `cargo test --manifest-path tests/browser/Cargo.toml` needs `chromium` and `chromedriver`. It leaves a picture of
//! each view in `browser-pictures` beneath the target folder.

mod busy;
mod driver;
mod fake;
mod page;
pub mod pairs;
mod proxy;
pub mod reports;

pub use busy::Busy;
pub use fake::Fake;
pub use page::Page;
pub use proxy::mount;

//! A browser for tests of the page, and reports to show in it.
//!
//! Needs `chromium` and `chromedriver`:
//!
//!     cargo test --manifest-path tests/browser/Cargo.toml
//!
//! A picture of each view is left in `browser-pictures` beneath the target folder.

mod driver;
mod page;
pub mod reports;

pub use page::Page;

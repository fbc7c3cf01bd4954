#![deny(warnings, missing_docs)]
//! A crate whose documentation is demanded.

use std::panic::Location;

use memprof::track_memory;

/// Documented.
#[track_memory]
#[inline(never)]
#[doc(alias = "alias")]
pub fn documented() {}

#[track_memory]
#[cfg(any())]
fn gone() -> Missing {}

#[cfg(any())]
#[track_memory]
fn gone_too() -> Missing {}

#[cfg_attr(all(), track_memory)]
fn through_cfg_attr() -> u8 {
    1
}

#[track_memory]
#[track_caller]
fn caller() -> &'static Location<'static> {
    Location::caller()
}

#[track_caller]
#[track_memory]
fn caller_above() -> &'static Location<'static> {
    Location::caller()
}

#[track_memory]
#[allow(unused_variables, clippy::needless_return)]
fn lint_levels() -> u8 {
    let unused = 1;
    return 2;
}

#[track_memory]
#[expect(unused_variables)]
fn expectations(parameter: u8) {
    let unused = 1;
}

#[cfg(target_arch = "x86_64")]
#[track_memory]
#[target_feature(enable = "sse4.2")]
fn with_sse42(n: u64) -> u64 {
    use std::arch::x86_64::_mm_crc32_u64;
    _mm_crc32_u64(0, n)
}

#[track_memory]
#[deprecated]
fn old() {}

#[track_memory]
#[cold]
#[must_use = "for the sake of it"]
fn cold() -> u8 {
    3
}

mod unit_tests {
    use memprof::track_memory;

    #[track_memory]
    #[test]
    fn below() {}

    #[test]
    #[track_memory]
    fn above() -> Result<(), std::num::ParseIntError> {
        "1".parse::<u8>()?;
        Ok(())
    }

    #[track_memory]
    #[tokio::test]
    async fn below_async() {}

    #[tokio::test]
    #[track_memory]
    async fn above_async() {}
}

fn main() {
    documented();
    assert_eq!(through_cfg_attr(), 1);
    let (line, location) = (line!(), caller());
    assert_eq!((location.line(), location.file()), (line, file!()));
    let (line, location) = (line!(), caller_above());
    assert_eq!(location.line(), line);
    assert_eq!(lint_levels(), 2);
    expectations(1);
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("sse4.2") {
        assert_eq!(unsafe { with_sse42(0) }, 0);
    }
    #[allow(deprecated)]
    old();
    assert_eq!(cold(), 3);
}

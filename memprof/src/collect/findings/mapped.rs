//! `mapped`: file-backed pages, which the system drops when it needs memory. The rule: at least 64 MB, and half of RSS.

use super::share;
use crate::report::data::{Finding, Report};
use crate::report::resident::{LARGE, MAPPED_SHARE};
use crate::size;

const KIND: &str = "mapped";
const ADVICE: &str = "Nothing to free: the system drops these pages when it needs memory.";

pub(super) fn of(report: &Report) -> Option<Finding> {
    let rss = report.os.rss_bytes?;
    let file = report.os.file_bytes.filter(|&file| file >= LARGE && file as f64 >= MAPPED_SHARE * rss as f64)?;
    Some(Finding {
        kind: KIND.into(),
        title: format!(
            "{} of RSS ({}) are file-backed pages, {}: not memory that the program holds",
            size::bytes(file),
            size::bytes(rss),
            size::share(file, rss),
        ),
        detail: size::exact(file),
        advice: ADVICE.into(),
        bytes: file,
        share: share(file, rss),
        exact: true,
        ..Finding::default()
    })
}

//! A page that opens by double-click.

use std::io;

use super::super::data::Report;

/// Writes the page.
pub(super) fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(
        b"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>memprof</title></head><body><pre>",
    )?;
    out.write_all(report.to_json().replace('&', "&amp;").replace('<', "&lt;").as_bytes())?;
    out.write_all(b"</pre></body></html>\n")
}

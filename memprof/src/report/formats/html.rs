//! `memory_report.html`: a page with the report and its viewer, in one file without anything from elsewhere.
//!
//! The page holds the [packed] report and the scripts of `html/viewer`, which make all of its elements. Its content
//! security policy allows its own style and scripts by their hashes, and nothing else: no text of a report can become
//! code.

mod packed;

use std::io;

use crate::report::Report;
use crate::report::data::field::Row;

/// Hash of [`STYLE`], as the policy takes it. A test holds it.
const STYLE_HASH: &str = "sha256-D//znoS/cm5fyabh5BiZNsmXAbGWgdTAwJCFRc4nliQ=";
/// Hash of [`THEME`].
const THEME_HASH: &str = "sha256-Eawh10I6TIWgBuBQDWMtIODI2pR4T4ys2lNmrwT2s4E=";
/// Hash of [`VIEWER`].
const VIEWER_HASH: &str = "sha256-I2ICBAQ3+S7vzFkAg3IdT3RIhwYYkynBKiP4e5i1zaY=";

/// Constants with the shortened text of parts of the viewer, between two texts. The compiler is told of the files.
macro_rules! viewer {
    ($($(#[$doc:meta])* $name:ident = $begin:literal, $($file:literal)*, $end:literal;)*) => {$(
        $(#[$doc])*
        const $name: &str =
            concat!($begin, memprof_macros::shortened!("src/report/formats/html/viewer" $($file)*), $end);
        const _: &[&str] =
            &[$(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/formats/html/viewer/", $file))),*];
    )*};
}

viewer! {
    STYLE = "", "page.css" "graph.css" "sections.css" "print.css", "";
    /// Runs before the first paint.
    THEME = "", "theme.js", "";
    /// The parts of the viewer are one script, in the order of their use.
    VIEWER = "(() => {\n\"use strict\";\n",
        "unpack.js" "units.js" "dom.js" "parts.js" "names.js" "state.js" "growth.js" "tree.js" "view_tree.js" "graph.js"
        "flame.js" "report_graph.js" "functions.js" "overview.js" "chart.js" "timeline.js" "live.js" "details.js" "help.js" "graph_keys.js"
        "page.js" "report.js",
        "})();\n";
}

#[cfg(feature = "compare")]
mod compare;
#[cfg(feature = "serve")]
mod running;
#[cfg(feature = "serve")]
pub(crate) use running::running_page;

/// A style and a script, and their hashes.
struct Viewer {
    title: &'static str,
    style: &'static str,
    style_hash: &'static str,
    script: &'static str,
    script_hash: &'static str,
    /// Sentence of a page without scripts.
    without_script: &'static str,
}

/// Writes the page of a report.
pub(super) fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let viewer = Viewer {
        title: "Memory report",
        style: STYLE,
        style_hash: STYLE_HASH,
        script: VIEWER,
        script_hash: VIEWER_HASH,
        without_script: "This page needs JavaScript to draw the report. The figures are also in \
            memory_allocations.json, and the live memory in memory_leaks.txt.",
    };
    viewer.write(report, out)
}

impl Viewer {
    /// Writes a page with data that the viewer knows.
    fn write(&self, data: &dyn Row, out: &mut dyn io::Write) -> io::Result<()> {
        self.write_head("", "", out)?;
        write!(out, "<script type=\"application/json\" id=\"report\">")?;
        packed::write(data, out)?;
        writeln!(out, "</script>")?;
        self.write_script(out)
    }

    /// Writes the page to its first script. `policy` begins with `; ` and names what else is allowed.
    fn write_head(&self, policy: &str, links: &str, out: &mut dyn io::Write) -> io::Result<()> {
        let Self { title, style, style_hash, script_hash, without_script, .. } = self;
        write!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
            <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src '{THEME_HASH}' \
            '{script_hash}'; style-src '{style_hash}'; img-src data:; base-uri 'none'; form-action 'none'{policy}\">\n\
            <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
            <meta name=\"color-scheme\" content=\"light dark\">\n{links}<title>{title}</title>\n\
            <style>{style}</style>\n<script>{THEME}</script>\n</head>\n<body>\n\
            <noscript>{without_script}</noscript>\n"
        )
    }

    fn write_script(&self, out: &mut dyn io::Write) -> io::Result<()> {
        write!(out, "<script>{}</script>\n</body>\n</html>\n", self.script)
    }
}

#[cfg(test)]
mod tests;

//! The page of a comparison: the viewer of a report, with other sections.

use std::io;

use super::Viewer;
use crate::compare::Diff;

/// Hash of [`STYLE`]. A test holds it.
const STYLE_HASH: &str = "sha256-g3uhGJ9bU+R1mclTS+Cwwk1zZvfFWBcroDPLOI2SngA=";
/// Hash of [`VIEWER`].
const VIEWER_HASH: &str = "sha256-FzQ+f+jRgfE2rezNAZJnQy4O8ShuST6Y7fVhFUporqU=";

viewer! {
    STYLE = "", "page.css" "graph.css" "sections.css" "print.css" "compare.css", "";
    /// The parts of the viewer are one script, in the order of their use.
    VIEWER = "(() => {\n\"use strict\";\n",
        "unpack.js" "units.js" "dom.js" "parts.js" "names.js" "state.js" "view_tree.js" "graph.js" "flame.js"
        "changes.js" "change_overview.js" "change_graph.js" "change_table.js" "help.js" "graph_keys.js" "page.js" "compare.js",
        "})();\n";
}

impl Diff {
    /// The comparison as a page: one file in UTF-8 that a browser opens, without anything from elsewhere.
    ///
    /// It shows the totals of both runs, the findings that came and went, the functions that changed and a graph of the
    /// call paths of both runs.
    ///
    /// ```
    /// use memprof::{Report, compare};
    ///
    /// let (old, new) = (Report::default(), Report::default());
    /// let page = compare::diff(&old, &new).to_html();
    /// assert!(page.starts_with(b"<!doctype html>"));
    /// ```
    pub fn to_html(&self) -> Vec<u8> {
        let mut page = Vec::new();
        // Writing to memory cannot fail.
        let _ = self.write_html(&mut page);
        page
    }

    /// Writes the page of [`to_html`](Self::to_html) to `out`.
    ///
    /// Makes many small writes: pass a [`std::io::BufWriter`].
    ///
    /// # Errors
    /// The error of `out`.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("memory_changes.html");
    /// use std::io::Write;
    ///
    /// let report = memprof::Report::default();
    /// let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    /// memprof::compare::diff(&report, &report).write_html(&mut file)?;
    /// file.flush()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write_html(&self, mut out: impl io::Write) -> io::Result<()> {
        let viewer = Viewer {
            title: "What changed",
            style: STYLE,
            style_hash: STYLE_HASH,
            script: VIEWER,
            script_hash: VIEWER_HASH,
            without_script: "This page needs JavaScript to draw the comparison of two reports.",
        };
        viewer.write(self, &mut out)
    }
}

#[cfg(test)]
mod tests;

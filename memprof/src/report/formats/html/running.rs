//! The page of a running program: the viewer of a report, which asks the server for its figures.

use super::Viewer;

/// Hash of [`STYLE`]. A test holds it.
const STYLE_HASH: &str = "sha256-fV7uHQEBOnT2Yl56o0WieqN/0WzMgdEyTQOEMnKh7ww=";
/// Hash of [`VIEWER`].
const VIEWER_HASH: &str = "sha256-UMALXeHAv6/eU269ZQXDF5CCZ8T3f55I4x+okIMqCmw=";

viewer! {
    STYLE = "", "page.css" "graph.css" "sections.css" "print.css" "running.css", "";
    /// The parts of the viewer are one script, in the order of their use.
    VIEWER = "(() => {\n\"use strict\";\n",
        "units.js" "dom.js" "parts.js" "state.js" "growth.js" "changes.js" "chart.js" "timeline.js"
        "running_readings.js" "running_feed.js" "running_table.js" "running_functions.js" "running_growth.js"
        "running_charts.js" "running_overview.js" "help.js" "page.js" "running.js",
        "})();\n";
}

/// The page. It has no figures of its own, and asks for those beneath its address.
pub(crate) fn running_page() -> Vec<u8> {
    let viewer = Viewer {
        title: "memprof",
        style: STYLE,
        style_hash: STYLE_HASH,
        script: VIEWER,
        script_hash: VIEWER_HASH,
        without_script: "This page needs JavaScript to follow the program. Without it: \
            <a href=\"report.json\">report.json</a>, <a href=\"metrics\">metrics</a>, \
            <a href=\"debug/pprof/\">debug/pprof/</a>.",
    };
    let mut page = Vec::new();
    // An icon of its own, or browsers would ask for one. Writing to memory cannot fail.
    let _ = viewer.write_head("; connect-src 'self'", "<link rel=\"icon\" href=\"data:,\">\n", &mut page);
    let _ = viewer.write_script(&mut page);
    page
}

#[cfg(test)]
mod tests;

//! valgrind's `dh_view.js`, run in node with as much of a page as it needs.

use std::path::Path;
use std::process::Command;

use memprof::Format;
use serde_json::Value;

use super::{FormatFile, output, reports};

/// Places of the viewer: that of Debian's package, and the usual ones.
const VIEWERS: [&str; 3] =
    ["/usr/libexec/valgrind/dh_view.js", "/usr/lib/valgrind/dh_view.js", "/usr/local/libexec/valgrind/dh_view.js"];

/// The viewer's reading of a file: its sums, and its text by each of its sort metrics.
fn view(file: &FormatFile) -> Option<Value> {
    let Some(viewer) = VIEWERS.iter().find(|viewer| Path::new(viewer).exists()) else {
        println!("skipped: valgrind's viewer is not here");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("formats/dh_view.mjs");
    let output = output(Command::new("node").arg(script).arg(viewer).arg(&file.path))?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn the_viewer_shows_the_totals() {
    for (name, report) in reports() {
        let Some(view) = view(&FormatFile::new(&report, Format::Dhat)) else { return };
        let totals = &report.totals;
        assert_eq!(view["totalBytes"], totals.allocated_bytes, "{name}");
        assert_eq!(view["totalBlocks"], totals.allocated_count, "{name}");
        assert_eq!(view["endBytes"], totals.net_bytes, "{name}");
        assert_eq!(view["endBlocks"], totals.net_count, "{name}");
        let views = view["views"].as_array().unwrap();
        assert!(views.len() >= 4, "{name}: {views:?}");
        for text in views.iter().map(|text| text.as_str().unwrap()) {
            assert!(text.contains(&format!("PID:     {}", report.program.pid)), "{name}: {text}");
            assert!(!text.contains("NaN") && !text.contains("undefined"), "{name}: {text}");
        }
        let allocating = report.functions.iter().filter(|function| function.self_allocated_bytes > 0);
        if let Some(largest) = allocating.max_by_key(|function| function.self_allocated_bytes) {
            assert!(views[0].as_str().unwrap().contains(&largest.name), "{name}: {}", views[0]);
        }
    }
}

//! Folded stacks, drawn by inferno.

use inferno::flamegraph;
use memprof::Format;
use memprof_viewers::reports;

#[test]
fn inferno_draws_every_line_and_the_total() {
    for (name, report) in reports() {
        let lines = report.to_format(Format::Folded);
        let mut picture = Vec::new();
        let mut options = flamegraph::Options::default();
        options.count_name = "bytes".into();
        flamegraph::from_reader(&mut options, lines.as_slice(), &mut picture).unwrap();
        let picture = String::from_utf8(picture).unwrap();
        // With separators: `all (1,713,448,061 bytes, 100%)`.
        let digits: String = picture.split("<title>all (").nth(1).unwrap().split(' ').next().unwrap().replace(',', "");
        assert_eq!(digits, report.totals.allocated_bytes.to_string(), "{name}");
    }
}

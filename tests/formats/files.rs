//! The files that a program leaves.

use memprof::Format;

use super::{report, runs};

#[test]
fn every_file_is_made_from_the_reading_in_the_json_report() {
    for (name, ended) in runs() {
        let report = report(ended);
        for format in Format::ALL.iter().filter(|format| **format != Format::Table) {
            let path = ended.work("data/logs").join(format.file_name());
            let file = std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {}: {error}", path.display()));
            assert!(file == report.to_format(*format), "{name}: {format} differs");
        }
    }
}

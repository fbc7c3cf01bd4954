//! Figures of one test, as its process wrote them.

use memprof::report::data::TestRow;

use super::harness::Harness;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Figures {
    /// True if memprof's allocator is the global one.
    pub(super) is_installed: bool,
    allocated_bytes: u64,
    allocated_count: u64,
    net_bytes: i64,
    peak_bytes: u64,
    threads: u64,
    /// Changes of the live bytes after the test, on its thread.
    after: Vec<i64>,
}

impl Figures {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut figures = Self::default();
        for line in text.lines() {
            let (name, value) = line.split_once(' ').unwrap_or((line, ""));
            match name {
                "installed" => figures.is_installed = value.parse().ok()?,
                "allocated_bytes" => figures.allocated_bytes = value.parse().ok()?,
                "allocated_count" => figures.allocated_count = value.parse().ok()?,
                "net_bytes" => figures.net_bytes = value.parse().ok()?,
                "peak_bytes" => figures.peak_bytes = value.parse().ok()?,
                "threads" => figures.threads = value.parse().ok()?,
                "after" => figures.after = value.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?,
                _ => {}
            }
        }
        text.contains("\nafter").then_some(figures)
    }

    /// The row of a test without what the harness has allocated, in a program whose tests have names like `path`.
    pub(super) fn row(&self, name: String, outcome: &str, path: &str, harness: &Harness) -> TestRow {
        let (bytes, count, net) = self.of_harness(path, harness);
        let mut row = TestRow::default();
        row.name = name;
        row.outcome = outcome.to_owned();
        row.allocated_bytes = self.allocated_bytes.saturating_sub(bytes);
        row.allocated_count = self.allocated_count.saturating_sub(count);
        row.peak_bytes = self.peak_bytes;
        row.peak_error_bytes = (self.threads <= 1).then_some(0);
        row.kept_bytes = self.net_bytes.saturating_sub(net);
        row
    }

    /// Allocated bytes and blocks of the harness after the test, and the change of the live bytes. Frees that are
    /// missing were made by the main thread; others are those of the test's thread-locals.
    fn of_harness(&self, path: &str, harness: &Harness) -> (u64, u64, i64) {
        let (mut bytes, mut count, mut net) = (0, 0, 0);
        let mut seen = self.after.iter().peekable();
        for expected in &harness.after {
            let expected = expected.bytes.saturating_add(expected.per_letter.saturating_mul(path.len() as i64));
            if seen.next_if(|change| **change == expected).is_some() {
                net += expected;
                if let Ok(allocated) = u64::try_from(expected) {
                    bytes += allocated;
                    count += 1;
                }
            }
        }
        (bytes, count, net)
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::Change;
    use super::*;

    fn row(text: &str) -> (u64, u64, u64, i64) {
        let change = |bytes, per_letter| Change { bytes, per_letter };
        let after = vec![change(9680, 0), change(-48, 0), change(-312, 0), change(-48, 0), change(0, -1)];
        let harness = Harness { before: 3, after };
        let row = Figures::parse(text).expect("figures").row("shop::a".into(), "passed", "tests::a", &harness);
        (row.allocated_bytes, row.allocated_count, row.peak_bytes, row.kept_bytes)
    }

    fn text(net: i64, after: &str) -> String {
        format!(
            "installed true\nallocated_bytes 9780\nallocated_count 2\nnet_bytes {net}\npeak_bytes 100\nafter{after}\n"
        )
    }

    #[test]
    fn the_harness_is_taken_off() {
        assert_eq!(row(&text(9264, " 9680 -48 -312 -48 -8")), (100, 1, 100, 0));
        assert_eq!(row(&text(9364, " 9680 -48 -312 -48 -8")), (100, 1, 100, 100));
    }

    #[test]
    fn frees_of_the_main_thread_are_missing() {
        assert_eq!(row(&text(9576, " 9680 -48 -48 -8")), (100, 1, 100, 0));
    }

    #[test]
    fn frees_of_thread_locals_are_the_tests() {
        assert_eq!(row(&text(9164, " 9680 -48 -312 -48 -8 -100")), (100, 1, 100, -100));
    }

    #[test]
    fn a_test_that_ends_the_process_has_no_harness_after_it() {
        assert_eq!(row(&text(7, "")), (9780, 2, 100, 7));
    }

    #[test]
    fn half_a_file_has_no_figures() {
        assert_eq!(Figures::parse("installed true\nallocated_bytes 9780\n"), None);
        assert_eq!(Figures::parse(""), None);
    }
}

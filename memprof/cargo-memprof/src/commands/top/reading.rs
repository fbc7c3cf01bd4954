//! The counters of one report, from which rates are made.

use std::collections::HashMap;

use memprof::__private::texts::without_trait;
use memprof::Report;
use memprof::report::data::Function;

/// Identity of a function in the reports of one program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct FunctionId {
    name: String,
    file: String,
    line: u32,
}

impl FunctionId {
    pub(super) fn of(row: &Function) -> Self {
        Self { name: row.name.clone(), file: row.file.clone(), line: row.line }
    }

    pub(super) fn is(&self, row: &Function) -> bool {
        self.line == row.line && self.name == row.name && self.file == row.file
    }

    /// The name gets that of a trait once another function has the same one.
    fn in_its_place(&self) -> Self {
        Self { name: without_trait(&self.name), file: self.file.clone(), line: self.line }
    }
}

/// Counters of a function, of what is outside of all functions, or of the process. They never fall.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) calls: u64,
    pub(super) own_bytes: u64,
    pub(super) own_count: u64,
    pub(super) total_bytes: u64,
}

/// Rates between two readings, per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rates {
    pub(super) calls: f64,
    pub(super) own_bytes: f64,
    pub(super) own_count: f64,
    pub(super) total_bytes: f64,
}

impl Counters {
    fn of(row: &Function) -> Self {
        Self {
            calls: row.calls,
            own_bytes: row.self_allocated_bytes,
            own_count: row.self_allocated_count,
            total_bytes: row.allocated_bytes,
        }
    }

    fn since(self, earlier: Self, seconds: f64) -> Rates {
        let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
        Rates {
            calls: rate(self.calls, earlier.calls),
            own_bytes: rate(self.own_bytes, earlier.own_bytes),
            own_count: rate(self.own_count, earlier.own_count),
            total_bytes: rate(self.total_bytes, earlier.total_bytes),
        }
    }
}

/// The counters of one report, and its moment by the program's own clock.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    pub(super) seconds: f64,
    process: Counters,
    outside: Counters,
    functions: HashMap<FunctionId, Counters>,
    /// The same by place. `None`: several functions stand there.
    by_place: HashMap<FunctionId, Option<Counters>>,
}

impl Reading {
    pub(super) fn of(report: &Report) -> Self {
        let whole = |bytes, count| Counters { calls: 0, own_bytes: bytes, own_count: count, total_bytes: bytes };
        let mut by_place = HashMap::new();
        for row in &report.functions {
            let place = by_place.entry(FunctionId::of(row).in_its_place());
            place.and_modify(|counters| *counters = None).or_insert(Some(Counters::of(row)));
        }
        Self {
            seconds: report.program.duration_seconds,
            process: whole(report.totals.allocated_bytes, report.totals.allocated_count),
            outside: whole(report.unattributed.self_allocated_bytes, report.unattributed.self_allocated_count),
            functions: report.functions.iter().map(|row| (FunctionId::of(row), Counters::of(row))).collect(),
            by_place,
        }
    }

    /// Time from an earlier reading. `None`: there is none.
    pub(super) fn seconds_since(&self, earlier: &Self) -> Option<f64> {
        Some(self.seconds - earlier.seconds).filter(|seconds| *seconds > 0.0 && seconds.is_finite())
    }

    pub(super) fn process_rates(&self, earlier: &Self) -> Option<Rates> {
        Some(self.process.since(earlier.process, self.seconds_since(earlier)?))
    }

    pub(super) fn outside_rates(&self, earlier: &Self) -> Option<Rates> {
        Some(self.outside.since(earlier.outside, self.seconds_since(earlier)?))
    }

    /// Rates of a function. A function that the earlier reading lacks had not been called.
    pub(super) fn rates(&self, id: &FunctionId, earlier: &Self) -> Option<Rates> {
        let seconds = self.seconds_since(earlier)?;
        let before = match earlier.functions.get(id) {
            Some(counters) => *counters,
            None => earlier.by_place.get(&id.in_its_place()).copied().unwrap_or(Some(Counters::default()))?,
        };
        Some(self.functions.get(id)?.since(before, seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str, line: u32, bytes: u64) -> Function {
        let mut row = Function::default();
        row.name = name.to_owned();
        row.file = "src/shop.rs".to_owned();
        row.line = line;
        row.calls = bytes / 100;
        row.self_allocated_bytes = bytes;
        row.self_allocated_count = bytes / 10;
        row.allocated_bytes = 2 * bytes;
        row
    }

    fn reading(seconds: f64, functions: Vec<Function>) -> Reading {
        let mut report = Report::default();
        report.program.duration_seconds = seconds;
        report.functions = functions;
        report.totals.allocated_bytes = (seconds * 1000.0) as u64;
        Reading::of(&report)
    }

    fn own(now: &Reading, earlier: &Reading, name: &str, line: u32) -> Option<f64> {
        now.rates(&FunctionId::of(&function(name, line, 0)), earlier).map(|rates| rates.own_bytes)
    }

    #[test]
    fn rates_are_differences_by_the_clock_of_the_program() {
        let earlier = reading(10.0, vec![function("shop::read", 1, 1000)]);
        let now = reading(14.0, vec![function("shop::read", 1, 3000), function("shop::new", 9, 400)]);
        let rates = now.rates(&FunctionId::of(&function("shop::read", 1, 0)), &earlier).unwrap();
        assert_eq!(rates, Rates { calls: 5.0, own_bytes: 500.0, own_count: 50.0, total_bytes: 1000.0 });
        assert_eq!(own(&now, &earlier, "shop::new", 9), Some(100.0));
        assert_eq!(now.process_rates(&earlier).unwrap().own_bytes, 1000.0);
        assert_eq!(own(&now, &earlier, "shop::gone", 1), None);
    }

    #[test]
    fn a_reading_that_is_not_later_makes_no_rate() {
        let one = reading(10.0, vec![function("shop::read", 1, 1000)]);
        for other in [10.0, 11.0, f64::INFINITY, f64::NAN].map(|seconds| reading(seconds, Vec::new())) {
            assert_eq!(own(&one, &other, "shop::read", 1), None);
            assert_eq!((one.process_rates(&other), one.outside_rates(&other)), (None, None));
        }
    }

    #[test]
    fn a_counter_that_falls_is_no_rate_below_zero() {
        let earlier = reading(1.0, vec![function("shop::read", 1, 1000)]);
        assert_eq!(own(&reading(2.0, vec![function("shop::read", 1, 10)]), &earlier, "shop::read", 1), Some(0.0));
    }

    #[test]
    fn a_function_that_gets_another_name_keeps_its_counters() {
        let earlier = reading(1.0, vec![function("A::read", 1, 1000), function("B::save", 7, 5)]);
        let now = reading(2.0, vec![function("<A as Shop>::read", 1, 1500), function("C::read", 1, 70)]);
        assert_eq!(own(&now, &earlier, "<A as Shop>::read", 1), Some(500.0));
        // One macro call makes several functions in one place: this one is new.
        assert_eq!(own(&now, &earlier, "C::read", 1), Some(70.0));
        // Of two functions in one place it is not known which one had the counters.
        let twins = reading(1.0, vec![function("<A as Car>::read", 1, 1000), function("<A as Ship>::read", 1, 5)]);
        assert_eq!(own(&now, &twins, "<A as Shop>::read", 1), None);
    }
}

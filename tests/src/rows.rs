//! Invariant 1, on a report that a program wrote.

use memprof::Report;

/// The columns of every kind of row.
type Columns = [u64; 4];

macro_rules! columns {
    ($rows:expr) => {
        $rows.iter().fold([0; 4], |sum: Columns, row| {
            // What a row says of itself must be true too.
            assert_eq!(row.self_net_bytes, row.self_allocated_bytes as i64 - row.self_deallocated_bytes as i64);
            plus(
                sum,
                [
                    row.self_allocated_bytes,
                    row.self_allocated_count,
                    row.self_deallocated_bytes,
                    row.self_deallocated_count,
                ],
            )
        })
    };
}

fn plus(a: Columns, b: Columns) -> Columns {
    std::array::from_fn(|column| a[column] + b[column])
}

/// Panics unless the rows of each table of the report sum to its totals, to the byte.
pub fn expect_adding_up(report: &Report) {
    let totals = &report.totals;
    let whole = [totals.allocated_bytes, totals.allocated_count, totals.deallocated_bytes, totals.deallocated_count];
    let outside = columns!([&report.unattributed]);
    assert_eq!(plus(columns!(report.functions), outside), whole, "functions");
    assert_eq!(plus(columns!(report.call_tree), outside), whole, "call tree");
    assert_eq!(columns!(report.threads), whole, "threads");
    assert_eq!(totals.net_bytes, totals.allocated_bytes as i64 - totals.deallocated_bytes as i64);
    assert!(totals.allocated_bytes >= totals.deallocated_bytes && totals.allocated_count >= totals.deallocated_count);
    assert!(totals.peak_bytes as i64 >= totals.net_bytes, "{totals:?}");
    for row in &report.functions {
        assert!(row.active <= row.calls, "{row:?}");
        assert!(row.self_allocated_bytes <= row.allocated_bytes, "{row:?}");
    }
    let live = &report.live;
    if live.exact {
        assert_eq!(live.not_tracked, Some(0));
        let groups: u64 = live.groups.iter().map(|group| group.bytes).sum();
        assert_eq!(live.estimated_bytes, Some(groups));
    }
}

/// The row of a function. Panics if there is none.
pub fn function<'a>(report: &'a Report, name: &str) -> &'a memprof::report::data::Function {
    report.functions.iter().find(|row| row.name == name).unwrap_or_else(|| {
        let names: Vec<&str> = report.functions.iter().map(|row| row.name.as_str()).collect();
        panic!("no function {name} among {names:?}")
    })
}

//! The lines above the table: the program, its heap, and its rates.

use memprof::__private::texts::{age, bytes, plural, printable};
use memprof::Report;

use super::columns::{UNKNOWN, rate};
use super::history::History;
use super::rows::{is_growing, net_rise};

/// The program: its name and version, its process, and the time since its start.
pub(super) fn program(report: &Report) -> [String; 3] {
    let program = &report.program;
    let version = program.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
    let host = program.host.as_deref().map(|host| format!(" on {host}")).unwrap_or_default();
    [
        printable(&format!("{}{version}", program.name)),
        printable(&format!("pid {}{host}", program.pid)),
        format!("running {}", age(program.duration_seconds)),
    ]
}

/// The heap, and what the system says of the process.
pub(super) fn heap(report: &Report) -> Vec<String> {
    let totals = &report.totals;
    let mut parts = vec![
        format!("live {} in {}", bytes(totals.net_bytes.into()), plural(totals.net_count.into(), "block")),
        format!("peak {}", bytes(totals.peak_bytes.into())),
        format!("RSS {}", report.os.rss_bytes.map_or(UNKNOWN.to_owned(), |rss| bytes(rss.into()))),
    ];
    if let Some(limit) = report.os.limit_bytes {
        let is_whole = report.os.limit_source.as_deref() == Some("physical memory");
        parts.push(format!("{} {}", if is_whole { "memory" } else { "limit" }, bytes(limit.into())));
    }
    parts
}

/// Rates of the process, and the cost of the profiler.
pub(super) fn rates(report: &Report, history: &History) -> Vec<String> {
    let rates = history.pair().and_then(|(now, earlier)| now.process_rates(earlier?));
    let allocating = rates.map_or_else(
        || format!("allocating {UNKNOWN}"),
        |rates| {
            format!("allocating {}/s in {} blocks/s", bytes(rates.own_bytes.round() as i128), rate(rates.own_count))
        },
    );
    vec![allocating, growth(report), format!("profiler {}", bytes(report.overhead.profiler_bytes.into()))]
}

fn growth(report: &Report) -> String {
    let net = net_rise(report);
    if report.live.tracked.is_none() && net.is_none() {
        return format!("growing {UNKNOWN}");
    }
    let rates = report.live.groups.iter().filter(|group| is_growing(group)).map(|group| group.bytes_per_second);
    let (count, rate) =
        rates.filter(|rate| rate.is_finite()).fold((0, 0.0), |(count, sum), rate| (count + 1, sum + rate));
    if let Some((_, net)) = net {
        return format!("growing {}/s", bytes((rate + net).round() as i128));
    }
    if count == 0 {
        return "nothing grows".into();
    }
    format!("growing {}/s in {}", bytes(rate.round() as i128), plural(count, "group"))
}

/// The reason why there are no figures. `None`: there are some.
pub(super) fn nothing(report: &Report) -> Option<&'static str> {
    if !report.allocator.installed {
        return Some("memprof's allocator is not installed in the program, so nothing is counted");
    }
    let is_enabled = report.settings.as_ref().is_none_or(|settings| settings.enabled);
    (!is_enabled).then_some("the program runs with `enabled = false`, so nothing is counted")
}

//! The section `peak` of a report, from the last picture.

use super::patiently;
use super::picture::{NodeFigures, Picture, ThreadInFlight};
use super::sums::PlaceSum;
use crate::collect::live::estimate::{Estimate, chance_of};
use crate::collect::live::readings::seconds;
use crate::collect::live::stacks::Stacks;
use crate::collect::merge::{Paths, address};
use crate::collect::request::Request;
use crate::collect::rows::thread_name;
use crate::collect::site_names::{SiteNames, name};
use crate::os::clock::Anchor;
use crate::report::data::{InFlight, LiveGroup, PeakFunction, PeakPicture};
use crate::sorted;
use crate::stack::StackId;
use crate::tracker::{PUBLISH_STEP, Site, each_ledger};
use std::cmp::Reverse;
use std::collections::HashMap;

/// Limit of the sums whose stacks get names. Further ones, the smallest, are grouped by call path alone.
const MOST_NAMED: usize = 2_000;
/// One allocation in so many may have found the table full.
const FEW: u64 = 100;
/// Blocks with at least this probability of a record are not missed.
const NEARLY_CERTAIN: f64 = 0.95;

/// A copy of the last picture.
#[derive(Debug)]
pub(crate) struct PeakCopy {
    ticks: u64,
    net: i64,
    /// The largest first.
    sums: Vec<PlaceSum>,
    nodes: Vec<NodeFigures>,
    threads: Vec<ThreadInFlight>,
    interval: u64,
    largest_interval: u64,
    not_recorded: u64,
}

impl PeakCopy {
    /// The last picture of this profile. `None`: there is none. Allocates: for reports.
    pub(crate) fn now() -> Option<Self> {
        // Threads in an allocation do not wait for this, so there may be allocations in it.
        let mut copy = patiently(|pictures| pictures.is_any.then(|| Self::of(&pictures.shown))).flatten()?;
        sorted::by_key(&mut copy.sums, |sum| (Reverse(sum.estimate.bytes()), sum.owner, sum.stack));
        Some(copy)
    }

    fn of(picture: &Picture) -> Self {
        Self {
            ticks: picture.ticks,
            net: picture.net(),
            sums: picture.sums.rows().to_vec(),
            nodes: picture.nodes.as_slice().to_vec(),
            threads: picture.threads.as_slice().to_vec(),
            interval: picture.interval,
            largest_interval: picture.largest_interval,
            not_recorded: picture.not_recorded,
        }
    }

    /// The stacks that get names.
    pub(crate) fn stacks(&self) -> impl Iterator<Item = StackId> {
        self.sums.iter().take(MOST_NAMED).map(|sum| sum.stack)
    }

    /// True if a block has a stack.
    pub(crate) fn has_stacks(&self) -> bool {
        self.sums.iter().any(|sum| sum.stack != 0)
    }
}

/// The group of a path and place.
struct PeakGroup {
    path: usize,
    stack: StackId,
    estimate: Estimate,
    largest: u64,
    oldest: u64,
    newest: u64,
}

/// Facts of a report that the section needs.
pub(crate) struct PeakReport<'r> {
    pub(crate) request: &'r Request,
    pub(crate) now: &'r Anchor,
    pub(crate) paths: &'r Paths,
    pub(crate) names: &'r SiteNames,
    /// Highest net of the process, bytes.
    pub(crate) process_peak: u64,
}

impl PeakReport<'_> {
    /// Allocations of the profile before the picture that found the table full.
    fn not_recorded(&self, copy: &PeakCopy) -> u64 {
        copy.not_recorded.saturating_sub(self.request.at_start().not_recorded)
    }
}

/// The section. `Err`: the reason why there is none, as a warning.
pub(crate) fn section(
    copy: Option<PeakCopy>,
    report: &PeakReport<'_>,
    stacks: &mut Stacks<'_>,
) -> Result<PeakPicture, String> {
    let Some(copy) = copy else { return Err("the peak has no picture: none could be taken".to_owned()) };
    check(&copy, report)?;
    let at_start = report.request.at_start().live.net_allocated as u64;
    let net = copy.net.max(0) as u64;
    let groups = groups(&copy, report.paths, stacks, net.saturating_sub(at_start));
    let functions = functions(&copy, &groups, report);
    let recorded = groups.iter().fold(Estimate::default(), |sum, group| sum.plus(group.estimate));
    let outside = groups.iter().filter(|group| group.path == 0).map(|group| group.estimate.bytes()).sum::<u64>();
    let retained: u64 = functions.iter().filter_map(|function| function.retained_bytes).sum();
    let is_exact = copy.largest_interval <= 1 && report.not_recorded(&copy) == 0;
    let unrecorded = net.saturating_sub(recorded.bytes());
    let age = report.request.started.age_seconds(copy.ticks, report.now);
    Ok(PeakPicture {
        seconds: seconds(copy.ticks, &report.request.started, report.now),
        net_bytes: copy.net,
        process_peak_bytes: report.process_peak.max(net),
        exact: is_exact,
        // If each block has a record, the rest. In a sample, blocks from before the start are taken to be live still.
        unattributed_bytes: if is_exact { net.saturating_sub(retained) } else { outside + unrecorded.min(at_start) },
        functions,
        groups: groups.iter().map(|group| row(group, &copy, age, report, stacks)).collect(),
        in_flight: in_flight(&copy, report),
    })
}

/// The reason why a picture is not shown.
fn check(copy: &PeakCopy, report: &PeakReport<'_>) -> Result<(), String> {
    let not_recorded = report.not_recorded(copy);
    let recorded = copy.sums.iter().fold(Estimate::default(), |sum, row| sum.plus(row.estimate));
    if not_recorded > recorded.count() / FEW {
        return Err(format!(
            "the peak has no picture: {} before it did not fit into the live table; raise max_tracked_allocations, or \
             set sample_interval_bytes to 0 for an estimate",
            crate::size::plural(not_recorded, "allocation"),
        ));
    }
    let below = report.process_peak.saturating_sub(copy.net.max(0) as u64);
    if below > report.process_peak / 2 && below > PUBLISH_STEP * each_ledger().count() as u64 {
        return Err(format!(
            "the peak of {} has no picture: it was over too soon, before the profile started, or a picture would have taken more \
             than overhead_budget_percent allows; the highest picture is of {}",
            crate::size::bytes(report.process_peak),
            crate::size::bytes(copy.net),
        ));
    }
    Ok(())
}

/// The groups, the largest first. `since_start`: net beyond that at the start of the profile, bytes.
fn groups(copy: &PeakCopy, paths: &Paths, stacks: &mut Stacks<'_>, since_start: u64) -> Vec<PeakGroup> {
    let mut groups: Vec<PeakGroup> = Vec::new();
    let mut of_place: HashMap<(usize, StackId), usize> = HashMap::new();
    for (rank, sum) in copy.sums.iter().enumerate() {
        // A node that is newer than the snapshot is not merged.
        let Some(&path) = paths.of_node.get(&sum.owner) else { continue };
        let stack = if rank < MOST_NAMED { stacks.first_alike(sum.stack) } else { 0 };
        let at = *of_place.entry((path, stack)).or_insert_with(|| {
            let (estimate, largest) = (Estimate::default(), 0);
            groups.push(PeakGroup { path, stack, estimate, largest, oldest: sum.oldest, newest: sum.newest });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(at) {
            group.estimate = group.estimate.plus(sum.estimate);
            group.largest = group.largest.max(sum.largest);
            group.oldest = group.oldest.min(sum.oldest);
            group.newest = group.newest.max(sum.newest);
        }
    }
    let found: u64 = groups.iter().map(|group| group.estimate.bytes()).sum();
    // As in `live`: so much can be live without a sample.
    let missed = since_start.saturating_sub(found).min(copy.interval);
    for group in &mut groups {
        let usual = group.estimate.bytes() / group.estimate.count().max(1);
        if copy.interval > 1 && chance_of(usual, copy.interval) < NEARLY_CERTAIN {
            group.estimate.may_miss(missed);
        }
        group.estimate = group.estimate.rounded();
    }
    sorted::by_key(&mut groups, |group| (Reverse(group.estimate.bytes()), group.path, group.stack));
    groups
}

fn row(group: &PeakGroup, copy: &PeakCopy, age: f64, report: &PeakReport<'_>, stacks: &Stacks<'_>) -> LiveGroup {
    let site = report.paths.all.get(group.path).and_then(|path| path.site);
    let bytes = group.estimate.bytes();
    let since = |ticks: u64| (report.request.started.age_seconds(ticks, report.now) - age).max(0.0);
    let oldest = since(group.oldest);
    LiveGroup {
        path: path_names(group.path, report),
        file: site.map(|site| site.file.to_owned()),
        line: site.map(|site| site.line),
        bytes,
        count: group.estimate.count(),
        error_bytes: error(group.estimate, copy),
        samples: group.estimate.samples(),
        effective_samples: group.estimate.effective(),
        largest_bytes: group.largest,
        oldest_seconds: oldest,
        newest_seconds: since(group.newest),
        bytes_per_second: bytes as f64 / oldest.max(1e-3),
        stack: stacks.frames(group.stack),
        ..LiveGroup::default()
    }
}

/// Names of the functions of a path, outermost first.
fn path_names(path: usize, report: &PeakReport<'_>) -> Vec<String> {
    let mut names: Vec<String> =
        report.paths.upwards(path).filter_map(|path| path.site).map(|site| name(report.names, site)).collect();
    names.reverse();
    names
}

/// The standard error; 0 without a block.
fn error(estimate: Estimate, copy: &PeakCopy) -> u64 {
    if estimate.samples() == 0 { 0 } else { estimate.error(copy.largest_interval) }
}

/// Sums of one function at the peak.
struct FunctionSum {
    site: &'static Site,
    retained: Estimate,
    net: i64,
    own_net: i64,
    active: u64,
}

/// The functions that held memory or had calls in flight, those that held most first.
fn functions(copy: &PeakCopy, groups: &[PeakGroup], report: &PeakReport<'_>) -> Vec<PeakFunction> {
    let paths = report.paths;
    let (mut net, mut active) = (vec![0_i64; paths.all.len()], vec![0_u64; paths.all.len()]);
    for figures in &copy.nodes {
        let Some(&path) = paths.of_node.get(&figures.node) else { continue };
        if let Some((net, active)) = net.get_mut(path).zip(active.get_mut(path)) {
            *net = net.wrapping_add(figures.net);
            *active += figures.active;
        }
    }
    let mut sums: Vec<FunctionSum> = Vec::new();
    let mut of_site: HashMap<usize, usize> = HashMap::new();
    for (index, path) in paths.all.iter().enumerate() {
        let Some(site) = path.site else { continue };
        let at = *of_site.entry(address(site)).or_insert_with(|| {
            sums.push(FunctionSum { site, retained: Estimate::default(), net: 0, own_net: 0, active: 0 });
            sums.len() - 1
        });
        if let Some(sum) = sums.get_mut(at) {
            sum.active += active.get(index).copied().unwrap_or(0);
            sum.own_net = sum.own_net.wrapping_add(net.get(index).copied().unwrap_or(0));
        }
    }
    let site_of = |path: usize| paths.all.get(path).and_then(|path| path.site);
    for group in groups {
        let at = site_of(group.path).and_then(|site| of_site.get(&address(site)));
        if let Some(sum) = at.and_then(|&at| sums.get_mut(at)) {
            sum.retained = sum.retained.plus(group.estimate);
        }
    }
    // Backwards, a path is complete when it is added to its caller.
    for (index, path) in paths.all.iter().enumerate().skip(1).rev() {
        let beneath = net.get(index).copied().unwrap_or(0);
        if let Some(above) = net.get_mut(path.parent) {
            *above = above.wrapping_add(beneath);
        }
    }
    for index in paths.outermost() {
        let at = site_of(index).and_then(|site| of_site.get(&address(site)));
        if let Some((sum, net)) = at.and_then(|&at| sums.get_mut(at)).zip(net.get(index)) {
            sum.net = sum.net.wrapping_add(*net);
        }
    }
    let mut rows: Vec<PeakFunction> = sums.iter().filter_map(|sum| function(sum, copy, report.names)).collect();
    sorted::by(&mut rows, |a, b| {
        let key = |row: &PeakFunction| (Reverse(row.retained_bytes), Reverse(row.net_bytes));
        key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
    });
    rows
}

/// The row of a function. `None`: it held nothing and had no calls in flight.
fn function(sum: &FunctionSum, copy: &PeakCopy, names: &SiteNames) -> Option<PeakFunction> {
    if sum.retained.samples() == 0 && (sum.net, sum.active) == (0, 0) {
        return None;
    }
    // Without a sample of it, nothing is known but that its own net is 0.
    let is_known = copy.largest_interval <= 1 || sum.retained.samples() > 0 || sum.own_net == 0;
    Some(PeakFunction {
        name: name(names, sum.site),
        retained_bytes: is_known.then(|| sum.retained.bytes()),
        retained_error_bytes: is_known.then(|| error(sum.retained, copy)),
        net_bytes: sum.net,
        active: sum.active,
    })
}

/// The threads with calls in flight.
fn in_flight(copy: &PeakCopy, report: &PeakReport<'_>) -> Vec<InFlight> {
    let row = |thread: &ThreadInFlight| {
        let path = path_names(*report.paths.of_node.get(&thread.node)?, report);
        let is_same = thread.ledger.threads_served.get() == thread.served;
        let name = if is_same { thread_name(thread.ledger) } else { "(a thread that is over)".to_owned() };
        (!path.is_empty()).then_some((thread.ledger.number.load(std::sync::atomic::Ordering::Relaxed), name, path))
    };
    let mut rows: Vec<(u32, String, Vec<String>)> = copy.threads.iter().filter_map(row).collect();
    sorted::by_key(&mut rows, |&(number, ..)| number);
    rows.into_iter().map(|(_, thread, path)| InFlight { thread, path }).collect()
}

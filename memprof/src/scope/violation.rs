//! The panic of a budget with `on_violation = "panic"`.

use super::site_name;
use crate::printable::Printable;
use crate::size;
use crate::tracker::{Figures, Site};

/// Panics if the site's budget asks for it and the thread is not already panicking. The call that exceeded the budget
/// is over, and none of its scopes is open.
#[cold]
#[inline(never)]
pub(super) fn panic_if_asked(site: &'static Site, figures: Figures) {
    if site.limits.is_some_and(|limits| limits.panics) && !std::thread::panicking() {
        panic!("{}", text(site, figures));
    }
}

/// The limits that a call exceeded, with its figures.
fn text(site: &Site, figures: Figures) -> String {
    let limits = site.limits.unwrap_or_default();
    let bytes = |key: &str, limit: Option<u64>, what: &str, figure: u64| {
        let limit = limit.filter(|&limit| figure > limit)?;
        Some(format!("{what} {} ({key} = {})", size::exact(figure), size::exact(limit)))
    };
    let count = |limit: Option<u64>| {
        let limit = limit.filter(|&limit| figures.count > limit)?;
        Some(format!("made {} (max_count = {})", size::plural(figures.count, "allocation"), size::count(limit)))
    };
    let beyond: Vec<String> = [
        bytes("max_allocated", limits.max_allocated, "allocated", figures.allocated),
        bytes("max_peak", limits.max_peak, "rose above its start by", figures.peak),
        bytes("max_net", limits.max_net, "kept", figures.net.max(0) as u64),
        count(limits.max_count),
        limits.max_per_item.filter(|_| limits.excess_per_item(&figures)).map(|limit| {
            let (kept, items) = (size::exact(figures.net), size::plural(figures.items, "item"));
            format!("kept {kept} for {items} (max_per_item = {})", size::exact(limit))
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    let name = site_name::path(site).short;
    let (name, file) = (Printable(&name), Printable(site.file));
    format!("a call of `{name}` ({file}:{}) exceeded its memory budget: it {}", site.line, beyond.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracker::Limits;

    #[test]
    fn the_text_names_each_limit_that_was_exceeded_and_no_other() {
        static SITE: Site = Site::named("load", "src/load.rs", 7)
            .with_limits(Limits::NOTHING.max_allocated(1024).max_net(0).max_count(9).max_per_item(100));
        let figures = Figures { allocated: 3072, count: 2, peak: 99, net: 512, items: 5 };
        assert_eq!(
            text(&SITE, figures),
            "a call of `load` (src/load.rs:7) exceeded its memory budget: it allocated 3.0 KB (3,072 bytes) \
             (max_allocated = 1.0 KB (1,024 bytes)), kept 512 bytes (max_net = 0 bytes), kept 512 bytes for 5 items \
             (max_per_item = 100 bytes)"
        );
    }
}

//! Scopes for futures that one did not write.

use super::Tracked;
use crate::tracker::{Site, SiteName};
use std::panic::Location;
use std::sync::OnceLock;

/// Places in the source and names that can be told apart. What comes beyond is charged to one visible row.
const MAX_SITES: usize = 512;

/// Stands for all names beyond the bound.
static OTHER_NAMES: Site = Site::named("(other names)", "", 0);

/// The sites, where their hash leads to or after it. They are no heap memory: a profile shows none of this.
static SITES: [OnceLock<Site>; MAX_SITES] = [const { OnceLock::new() }; MAX_SITES];

/// Charges what a future does to `name`: a row in the report like that of a tracked `async fn`.
///
/// For futures one did not write, where `#[track_memory]` cannot stand. Each name at each line of the source is one row;
/// beyond 512 of them the rest is in a row `(other names)`.
///
/// ```
/// # mod client { pub async fn get(_: &str) -> String { "a page".repeat(100) } }
/// async fn fetch(url: &str) -> String {
///     memprof::track("client::get", client::get(url)).await
/// }
/// # let mut page = std::pin::pin!(fetch(""));
/// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// # assert!(page.as_mut().poll(&mut context).is_ready());
/// ```
///
/// It is one call, from the first poll to completion or drop. Cost: the name is looked up when the future is made, some
/// tens of nanoseconds; each poll costs as much as a tracked call. The future grows by at most 64 bytes and is neither
/// boxed nor allocated for.
#[track_caller]
pub fn track<F: Future>(name: &'static str, future: F) -> impl Future<Output = F::Output> + use<F> {
    Tracked::new(site(name, Location::caller()), future)
}

fn site(name: &'static str, place: &'static Location<'static>) -> &'static Site {
    let is_it = |site: &Site| {
        // The addresses of equal texts can differ between two instances of one generic function.
        let same_name = matches!(site.name, SiteName::Given(its) if its == name);
        same_name && site.line == place.line() && site.file == place.file()
    };
    let first = hash(name, place.line()) % MAX_SITES;
    let (before, from_first) = SITES.split_at(first);
    let in_turn = from_first.iter().chain(before);
    in_turn
        .map(|site| site.get_or_init(|| Site::named(name, place.file(), place.line())))
        .find(|site| is_it(site))
        .unwrap_or(&OTHER_NAMES)
}

/// FNV-1a.
fn hash(name: &str, line: u32) -> usize {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    let hash = name.bytes().chain(line.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325, mix);
    (hash ^ (hash >> 32)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_at_a_place_is_one_site_and_the_table_has_an_end() {
        let place = Location::caller();
        let one = site("one", place);
        assert!(std::ptr::eq(one, site("one", place)));
        assert!(!std::ptr::eq(one, site("two", place)) && !std::ptr::eq(one, site("one", Location::caller())));
        for number in 0..MAX_SITES {
            site(Box::leak(number.to_string().into_boxed_str()), place);
        }
        assert!(std::ptr::eq(site("late", place), &OTHER_NAMES));
        assert!(std::ptr::eq(site("one", place), one));
    }
}

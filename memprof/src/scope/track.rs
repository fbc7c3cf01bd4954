//! Sites of `track`: scopes for futures from other crates.

use super::Tracked;
use crate::tracker::{Site, SiteName};
use std::panic::Location;
use std::sync::OnceLock;

/// Limit of sites, one for each source position and name. All others are charged to one row of their own.
const MAX_SITES: usize = 512;

/// Site of all names beyond the limit.
static OTHER_NAMES: Site = Site::named("(other names)", "", 0);

/// The sites, each at its hash or after it. They are no heap memory, so that a profile shows none of this.
static SITES: [OnceLock<Site>; MAX_SITES] = [const { OnceLock::new() }; MAX_SITES];

/// Charges a future to `name`: a row in the report like that of a tracked `async fn`.
///
/// For futures of other crates, where `#[track_memory]` cannot stand. Each name at each source line has one row. Beyond
/// 512 rows the others are charged to the row `(other names)`.
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
/// One call lasts from the first poll to completion or drop. Cost: looking up the name takes some tens of nanoseconds
/// when the future is made; each poll costs as much as a tracked call. The future grows by at most 64 bytes and is
/// neither boxed nor allocated.
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

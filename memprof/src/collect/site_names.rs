//! Names of sites, as in reports.

use super::merge::{Paths, address};
use crate::scope::site_name;
use crate::tracker::Site;
use std::collections::HashMap;

/// Name of each site, by its address.
pub(crate) type SiteNames = HashMap<usize, String>;

/// Names all sites. Two sites with the same name get the names of their traits.
pub(crate) fn names(paths: &Paths) -> SiteNames {
    let all: HashMap<usize, site_name::FunctionPath> =
        paths.all.iter().filter_map(|path| path.site).map(|site| (address(site), site_name::path(site))).collect();
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for path in all.values() {
        *uses.entry(&path.short).or_default() += 1;
    }
    all.iter()
        .map(|(&site, path)| {
            let alone = uses.get(path.short.as_str()).is_none_or(|&uses| uses == 1);
            (site, if alone { path.short.clone() } else { path.with_trait.clone() })
        })
        .collect()
}

/// Name of a path's function.
pub(crate) fn name(names: &SiteNames, site: &'static Site) -> String {
    names.get(&address(site)).cloned().unwrap_or_default()
}

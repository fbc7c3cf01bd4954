//! Sorting rows for reports.
//!
//! `slice::sort` is compiled for each type and each key, about 2 % of this crate each time, and a report sorts a dozen
//! short lists. Here a single copy of it sorts only the indices of the rows.

use std::cmp::Ordering;

/// Sorts by a key; the sort is stable.
pub(crate) fn by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    by(items, |one, other| key(one).cmp(&key(other)));
}

/// Sorts by comparing; the sort is stable.
pub(crate) fn by<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let partners = partners(items.len(), &|one, other| match (items.get(one), items.get(other)) {
        (Some(one), Some(other)) => compare(one, other),
        _ => Ordering::Equal,
    });
    for (place, partner) in partners.into_iter().enumerate() {
        items.swap(place, partner);
    }
}

/// The place with which each place, one after the other, exchanges its item, so that the items come into their order.
fn partners(length: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..length).collect();
    places.sort_by(|one, other| compare(*one, *other));
    for at in 0..length {
        let place_of = |place: usize| places.get(place).copied().unwrap_or(at);
        let mut from = place_of(at);
        // The item has left its place when that one got its own.
        while from < at {
            from = place_of(from);
        }
        if let Some(place) = places.get_mut(at) {
            *place = from;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_is_lost_and_equals_stay_in_their_order() {
        let mut rows: Vec<(u32, String)> = (0..1000).map(|n| (n * 7919 % 13, format!("{n:04}"))).collect();
        let mut expected = rows.clone();
        expected.sort_by_key(|row| row.0);
        super::by_key(&mut rows, |row| row.0);
        assert_eq!(rows, expected);
        super::by(&mut rows, |one, other| other.1.cmp(&one.1));
        assert!(rows.is_sorted_by(|one, other| one.1 > other.1) && rows.len() == 1000);
    }
}

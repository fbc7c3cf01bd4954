//! Rows of both reports that are about the same thing.

use std::collections::HashMap;
use std::hash::Hash;

/// A row of the old report, of the new one, or of both.
pub(super) type Pair<T> = (Option<T>, Option<T>);

/// Pairs the rows with the same key, in the order of the new report; those that only the old one has follow. Rows of
/// one report with the same key are told apart by their order.
pub(super) fn pairs<T: Copy, K: Eq + Hash>(old: &[T], new: &[T], key: impl Fn(T) -> K) -> Vec<Pair<T>> {
    let mut positions: HashMap<(K, usize), usize> = HashMap::new();
    let mut pairs: Vec<Pair<T>> = Vec::with_capacity(new.len());
    let mut counts = HashMap::new();
    for row in new {
        positions.insert((key(*row), next(&mut counts, key(*row))), pairs.len());
        pairs.push((None, Some(*row)));
    }
    counts.clear();
    for row in old {
        let position = positions.get(&(key(*row), next(&mut counts, key(*row))));
        match position.and_then(|position| pairs.get_mut(*position)) {
            Some(pair) => pair.0 = Some(*row),
            None => pairs.push((Some(*row), None)),
        }
    }
    pairs
}

/// Number of earlier rows with this key.
fn next<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: K) -> usize {
    let count = counts.entry(key).or_default();
    *count += 1;
    *count - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_with_the_same_key_are_paired_in_their_order() {
        let rows = pairs(&["a", "b", "a", "d"], &["c", "a", "a", "a"], |row| row);
        assert_eq!(
            rows,
            [
                (None, Some("c")),
                (Some("a"), Some("a")),
                (Some("a"), Some("a")),
                (None, Some("a")),
                (Some("b"), None),
                (Some("d"), None)
            ]
        );
    }
}

//! The check of a captured stack: the words that must not have changed.

use super::rule::word_at;

/// A word of the stack from which a frame's registers were read, and its value.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SlotCheck {
    pub(super) slot: usize,
    pub(super) value: usize,
}

/// Checks that are made together.
pub(super) const TOGETHER: usize = 4;

/// So many checks.
pub(super) type CheckGroup = [SlotCheck; TOGETHER];

/// Repeats the last of the first `count` checks to the end of its group. Returns the number of groups.
pub(super) fn fill_up(checks: &mut [SlotCheck], count: usize) -> usize {
    if let Some(&last) = count.checked_sub(1).and_then(|last| checks.get(last)) {
        let end = count.next_multiple_of(TOGETHER);
        checks.iter_mut().take(end).skip(count).for_each(|check| *check = last);
    }
    count.div_ceil(TOGETHER)
}

/// Number of checks, from the first on, whose slots are at or above `low` and unchanged. The slots descend.
///
/// # Safety
/// The slots are aligned and on this thread's stack; those from `low` on are in use.
#[inline(always)]
pub(super) unsafe fn unchanged(groups: &[CheckGroup], low: usize) -> usize {
    // SAFETY: guaranteed by the caller.
    let is_changed = |check: &SlotCheck| unsafe { word_at(check.slot) } != check.value;
    // PERF: computed where the loop ends, or it would count.
    let before = |group: &CheckGroup| (group.as_ptr().addr() - groups.as_ptr().addr()) / size_of::<SlotCheck>();
    // PERF: four instructions for each word, and two or four for a group.
    for group in groups {
        let [first, second, third, fourth] = group;
        if fourth.slot < low {
            return before(group) + group.iter().take_while(|check| check.slot >= low && !is_changed(check)).count();
        }
        if is_changed(first) {
            return before(group);
        }
        if is_changed(second) {
            return before(group) + 1;
        }
        if is_changed(third) {
            return before(group) + 2;
        }
        if is_changed(fourth) {
            return before(group) + 3;
        }
    }
    groups.len() * TOGETHER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_changed_word_is_found_and_nothing_below_the_stack_pointer_counts() {
        // Like a stack: the outermost word has the highest address.
        let mut words: [usize; 11] = std::array::from_fn(|number| number * 3);
        let low = (&raw const words).expose_provenance();
        let slot = |number: usize| low + number * size_of::<usize>();
        for count in 0..=words.len() {
            let mut checks = [SlotCheck::default(); 12];
            for (check, number) in checks.iter_mut().zip((0..words.len()).rev()).take(count) {
                *check = SlotCheck { slot: slot(number), value: words[number] };
            }
            let groups = fill_up(&mut checks, count);
            assert_eq!(groups, count.div_ceil(TOGETHER));
            let groups = &checks.as_chunks().0[..groups];
            // SAFETY: the slots are words of this test.
            let unchanged = |low: usize| unsafe { unchanged(groups, low) };
            assert_eq!((unchanged(0), unchanged(low)), (groups.len() * TOGETHER, groups.len() * TOGETHER));
            for changed in 0..count {
                let number = words.len() - 1 - changed;
                words[number] += 1;
                assert_eq!((unchanged(0), unchanged(slot(0))), (changed, changed), "{changed} of {count}");
                words[number] -= 1;
                assert_eq!(unchanged(slot(number + 1)).min(count), changed, "{changed} of {count}");
            }
        }
    }
}

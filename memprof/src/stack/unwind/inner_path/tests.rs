use super::*;

/// A function whose stack pointer is at these words, and checks of some of them, outermost first.
fn captured(words: &[usize], used: usize) -> (Registers, Vec<SlotCheck>) {
    let low = words.as_ptr().expose_provenance();
    let check = |(number, &value): (usize, &usize)| SlotCheck { slot: low + number * size_of::<usize>(), value };
    let checks: Vec<SlotCheck> = words.iter().enumerate().take(used).map(check).collect();
    (Registers { stack: low, address: 7, frame: 9 }, checks.into_iter().rev().collect())
}

fn find(paths: &mut [InnerPath; PATHS], start: Registers, joinable: usize, serial: u32) -> Option<StackId> {
    // SAFETY: the slots are words of this thread's tests.
    unsafe { InnerPath::find(paths, start, joinable, |number| (number == 3).then_some(serial)) }
}

const END: JoinedFrame = JoinedFrame { joined: 3, serial: 5 };

#[test]
fn a_path_is_found_while_its_words_and_its_end_are_the_same() {
    let mut paths = [InnerPath::default(); PATHS];
    for used in 1..=WORDS {
        let mut words: Vec<usize> = (100..100 + WORDS).collect();
        let (start, checks) = captured(&words, used);
        InnerPath::remember(&mut paths, (start, true), &checks, END, 42, used);
        assert_eq!(find(&mut paths, start, 3, 5), Some(42));
        assert_eq!(find(&mut paths, start, 2, 5), None, "the frame that it joins has changed");
        assert_eq!(find(&mut paths, start, 3, 6), None, "it is another frame");
        assert_eq!(find(&mut paths, Registers { frame: 1, ..start }, 3, 5), None);
        assert_eq!(find(&mut paths, Registers { address: 1, ..start }, 3, 5), None);
        for changed in 0..used {
            *words.get_mut(changed).unwrap() += 1;
            assert_eq!(find(&mut paths, start, 3, 5), None, "word {changed} of {used}");
            *words.get_mut(changed).unwrap() -= 1;
        }
        assert_eq!(find(&mut paths, start, 3, 5), Some(42));
        // The paths of the next turn are of another vector.
        paths = [InnerPath::default(); PATHS];
    }
}

#[test]
fn a_frame_pointer_that_is_not_used_does_not_matter() {
    let mut paths = [InnerPath::default(); PATHS];
    let words = [1; 4];
    let (start, checks) = captured(&words, 4);
    InnerPath::remember(&mut paths, (start, false), &checks, END, 42, 0);
    assert_eq!(find(&mut paths, Registers { frame: 1, ..start }, 3, 5), Some(42));
}

#[test]
fn paths_that_are_too_long_are_not_remembered_and_others_are_replaced_in_turns() {
    let mut paths = [InnerPath::default(); PATHS];
    let words = [1; WORDS + 1];
    let (start, checks) = captured(&words, WORDS + 1);
    InnerPath::remember(&mut paths, (start, true), &checks, END, 42, 0);
    assert_eq!(find(&mut paths, start, 3, 5), None);
    let of = |serial: u32| JoinedFrame { joined: 3, serial };
    for turn in 0..=WAYS {
        InnerPath::remember(&mut paths, (start, true), &checks[..1], of(turn as u32), turn as StackId, turn);
    }
    for turn in 0..=WAYS {
        let found = (turn > 0).then_some(turn as StackId);
        assert_eq!(find(&mut paths, start, 3, turn as u32), found);
    }
}

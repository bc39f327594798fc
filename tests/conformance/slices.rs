//! Slices: elements, views that overlap or do not, append and copy.

use crate::check::{clean, racy};
use crate::steps::together;
use deadheat::prelude::*;

type Slice = SharedSlice<i32>;

fn four() -> Slice {
    SharedSlice::named("slice", vec![1, 2, 3, 4])
}

/// Two elements, with room for two more behind them.
fn with_room() -> Slice {
    four().slice(..2)
}

#[test]
fn different_elements() {
    // Elements are distinct locations.
    clean(|| {
        together(
            four(),
            [
                |s| s.set(0, 7),
                |s| s.set(1, 7),
                |s| {
                    s.update(3, |n| *n += s.get(2));
                },
            ],
        );
    });
}

#[test]
fn one_element() {
    // A read and a write of it.
    racy(&["slice"], || {
        together(
            four(),
            [|s| s.set(2, 7), |s| assert!(s.with(2, |n| *n > 0))],
        );
    });
}

#[test]
fn elements_of_one_byte() {
    // They are distinct as much as wide ones.
    clean(|| {
        together(
            SharedSlice::named("bytes", vec![0u8; 8]),
            [
                |s| (0..8).step_by(2).for_each(|i| s.set(i, 1)),
                |s| (1..8).step_by(2).for_each(|i| s.set(i, 1)),
            ],
        );
    });
}

#[test]
fn update_and_replace_write_their_element() {
    // They conflict even where they leave it as it was.
    racy(&["update", "replace"], || {
        let slices = (
            SharedSlice::named("update", vec![0]),
            SharedSlice::named("replace", vec![0]),
        );
        together(
            slices,
            [
                |(update, replace)| {
                    update.update(0, |_| ());
                    assert_eq!(replace.replace(0, 0), 0);
                },
                |(update, replace)| {
                    assert_eq!(update.get(0), 0);
                    assert_eq!(replace.get(0), 0);
                },
            ],
        );
    });
}

#[test]
fn sub_slices_that_overlap() {
    // The views 0..3 and 2.. share element 2 of the backing array.
    racy(&["slice"], || {
        together(
            four(),
            [
                |s| {
                    let view = s.slice(..3);
                    (0..view.len()).for_each(|i| view.set(i, 7));
                },
                |s| s.slice(2..).set(0, 7),
            ],
        );
    });
}

#[test]
fn sub_slices_that_do_not_overlap() {
    // Each goroutine has half of the backing array.
    clean(|| {
        let all = together(
            four(),
            [
                |s| {
                    let view = s.slice(..2);
                    (0..view.len()).for_each(|i| view.set(i, 7));
                },
                |s| {
                    let view = s.slice(2..);
                    (0..view.len()).for_each(|i| view.set(i, 8));
                },
            ],
        );
        assert_eq!(all.to_vec(), [7, 7, 8, 8]);
    });
}

#[test]
fn a_view_of_a_view() {
    // 1.. of 1.. begins at element 2.
    racy(&["slice"], || {
        together(
            four(),
            [|s| s.slice(1..).slice(1..).set(0, 7), |s| s.set(2, 8)],
        );
    });
}

#[test]
fn a_view_outlives_the_slice() {
    // The view's element 0 is the clone's element 3; the join orders the two writes.
    clean(|| {
        let all = four();
        let view = all.slice(3..);
        let writer = go(move || view.set(0, 7));
        writer.join().unwrap();
        all.set(3, 8);
    });
}

#[test]
fn two_appends_where_there_is_room() {
    // Both write element 2 of the one backing array.
    racy(&["slice"], || {
        let append: fn(&Slice) = |s| assert_eq!(s.append(7).len(), 3);
        together(with_room(), [append, append]);
    });
}

#[test]
fn two_appends_where_there_is_no_room() {
    // Each makes a backing array of its own; the old one is read only.
    clean(|| {
        let append: fn(&Slice) = |s| {
            let longer = s.append(7);
            longer.set(0, 9);
            assert_eq!(longer.to_vec(), [9, 2, 3, 4, 7]);
        };
        together(four(), [append, append]);
    });
}

#[test]
fn append_without_room_reads_all_elements() {
    // It copies them to the new backing array.
    racy(&["slice"], || {
        together(
            four(),
            [|s| assert_eq!(s.append(7).len(), 5), |s| s.set(3, 8)],
        );
    });
}

#[test]
fn append_with_room_reads_no_element() {
    // It writes behind them, and leaves them where they are.
    clean(|| {
        together(
            with_room(),
            [|s| assert_eq!(s.append(7).len(), 3), |s| s.set(1, 8)],
        );
    });
}

#[test]
fn append_with_room_writes_what_a_longer_view_reads() {
    // The room behind the one view is element 2 of the other.
    racy(&["slice"], || {
        together(
            four(),
            [
                |s| assert_eq!(s.slice(..2).append(7).len(), 3),
                |s| assert!(s.get(2) > 0),
            ],
        );
    });
}

#[test]
fn appends_under_a_lock() {
    // The slice itself, a variable, is kept under the lock with its elements.
    clean(|| {
        let append: fn(&Mutex<Slice>) = |slice| {
            for n in 0..4 {
                let mut slice = slice.lock();
                let longer = slice.append(n);
                *slice = longer;
            }
        };
        let slice = together(Mutex::new(with_room()), [append, append]);
        assert_eq!(slice.lock().to_vec().len(), 10);
    });
}

#[test]
fn a_slice_kept_in_a_variable() {
    // Assigning the longer slice writes the variable, whatever becomes of the elements.
    racy(&["variable"], || {
        let append: fn(&Shared<Slice>) = |variable| variable.set(variable.get().append(7));
        together(Shared::named("variable", four()), [append, append]);
    });
}

#[test]
fn writing_the_new_array_and_reading_the_old() {
    // After it has grown the two share nothing.
    clean(|| {
        let old = four();
        let new = old.append(5);
        together(
            (old, new),
            [
                |(_, new)| new.set(0, 9),
                |(old, _)| assert_eq!(old.get(0), 1),
            ],
        );
    });
}

#[test]
fn copy_reads_its_source() {
    // It conflicts with a write of any element that is copied.
    racy(&["source"], || {
        let target = SharedSlice::named("target", vec![0; 4]);
        together(
            (SharedSlice::named("source", vec![1, 2, 3, 4]), target),
            [
                |(source, target)| assert_eq!(target.copy_from(source), 4),
                |(source, _)| source.set(3, 7),
            ],
        );
    });
}

#[test]
fn copy_writes_its_target() {
    // It conflicts with a read of any element that is overwritten.
    racy(&["target"], || {
        let target = SharedSlice::named("target", vec![0; 4]);
        together(
            (SharedSlice::named("source", vec![1, 2, 3, 4]), target),
            [
                |(source, target)| assert_eq!(target.copy_from(source), 4),
                |(_, target)| assert!(target.get(1) < 3),
            ],
        );
    });
}

#[test]
fn copies_of_one_source() {
    // Both read it, and each writes a target of its own.
    clean(|| {
        let copy: fn(&Slice) = |source| {
            let target = SharedSlice::new(vec![0; 4]);
            assert_eq!(target.copy_from(source), 4);
        };
        together(four(), [copy, copy, copy]);
    });
}

#[test]
fn copy_touches_no_more_than_the_shorter_has() {
    // Two elements are copied; the others on either side are free.
    clean(|| {
        let short = SharedSlice::named("short", vec![8, 9]);
        together(
            (four(), short),
            [
                |(long, short)| assert_eq!(long.copy_from(short), 2),
                |(long, _)| long.set(2, 7),
            ],
        );
    });
}

#[test]
fn a_slice_copied_onto_itself() {
    // One goroutine's accesses are ordered, overlap or not.
    clean(|| {
        together(
            four(),
            [|s| {
                assert_eq!(s.slice(1..).copy_from(s), 3);
                assert_eq!(s.to_vec(), [1, 1, 2, 3]);
            }],
        );
    });
}

#[test]
fn to_vec_reads_all_elements() {
    // It conflicts with a write of the last.
    racy(&["slice"], || {
        together(
            four(),
            [|s| assert_eq!(s.to_vec().len(), 4), |s| s.set(3, 7)],
        );
    });
}

#[test]
fn to_vec_of_a_view_reads_that_view_only() {
    // Elements 1 and 2, not those around them.
    clean(|| {
        together(
            four(),
            [
                |s| assert_eq!(s.slice(1..3).to_vec(), [2, 3]),
                |s| s.set(0, 7),
                |s| s.set(3, 7),
            ],
        );
    });
}

#[test]
fn length_and_capacity_are_the_views_own() {
    // A view is a value: asking it touches no element.
    clean(|| {
        together(
            with_room(),
            [
                |s| assert_eq!((s.len(), s.capacity(), s.is_empty()), (2, 4, false)),
                |s| s.set(0, 7),
                |s| assert_eq!(s.append(8).len(), 3),
            ],
        );
    });
}

/// Workers square their parts of one slice; the whole is read after the join.
fn squares(parts: [std::ops::Range<usize>; 3]) {
    let all = SharedSlice::named("numbers", (0..9).collect::<Vec<i32>>());
    let workers = parts.map(|range| {
        let part = all.slice(range);
        go(move || (0..part.len()).for_each(|i| part.update(i, |n| *n *= *n)))
    });
    for worker in workers {
        worker.join().unwrap();
    }
    assert_eq!(all.to_vec().len(), 9);
}

#[test]
fn work_divided_among_goroutines() {
    // The parts meet without a common element.
    clean(|| squares([0..3, 3..6, 6..9]));
}

#[test]
fn work_divided_off_by_one() {
    // The second part begins with the first one's last element.
    racy(&["numbers"], || squares([0..3, 2..6, 6..9]));
}

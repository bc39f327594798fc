//! Two words that change together, of which one is exchanged.

use crate::explore;
use deadheat_engine::model::pair::Pairs;
use loom::sync::Arc;
use loom::thread;

const OLD: [u64; 2] = [1, 2];

/// A pair that has [`OLD`], and one that has nothing.
fn pairs() -> Arc<Pairs> {
    let pairs = Pairs::default();
    assert!(pairs.replace(0, [0, 0], OLD));
    Arc::new(pairs)
}

/// Runs `one` beside `other`, each on a thread, and gives what they give and the pairs.
fn beside(
    one: impl FnOnce(&Pairs) -> bool + 'static,
    other: impl FnOnce(&Pairs) -> bool,
) -> (bool, bool, Arc<Pairs>) {
    let pairs = pairs();
    let shared = pairs.clone();
    let one = thread::spawn(move || one(&shared));
    let other = other(&pairs);
    (one.join().unwrap(), other, pairs)
}

#[test]
fn of_two_that_replace_the_same_one_does() {
    explore(3, || {
        let (one, other, pairs) = beside(
            |pairs| pairs.replace(0, OLD, [3, 4]),
            |pairs| pairs.replace(0, OLD, [5, 6]),
        );
        assert!(one != other);
        let new = if one { [3, 4] } else { [5, 6] };
        assert_eq!(pairs.look(0), (new, true));
    });
}

#[test]
fn what_is_renewed_is_not_replaced_as_it_was() {
    explore(3, || {
        let (renewed, replaced, pairs) = beside(
            |pairs| pairs.renew(0, OLD, 3),
            |pairs| pairs.replace(0, OLD, [5, 6]),
        );
        assert!(renewed != replaced);
        let new = if renewed { [3, 2] } else { [5, 6] };
        assert_eq!(pairs.look(0), (new, true));
    });
}

#[test]
fn who_expected_another_second_word_leaves_what_was_there() {
    explore(3, || {
        let (failed, mut renewed, pairs) = beside(
            |pairs| pairs.replace(0, [1, 9], [5, 6]),
            |pairs| pairs.renew(0, OLD, 3),
        );
        assert!(!failed);
        if !renewed {
            assert_eq!(pairs.look(0), (OLD, true));
            renewed = pairs.renew(0, OLD, 3);
        }
        assert!(renewed);
        assert_eq!(pairs.look(0), ([3, 2], true));
    });
}

#[test]
fn what_is_still_there_was_there_at_one_moment() {
    explore(3, || {
        let (replaced, _, _) = beside(
            |pairs| pairs.replace(0, OLD, [3, 4]) && pairs.replace(0, [3, 4], [5, 4]),
            |pairs| {
                let (seen, is_still) = pairs.look(0);
                assert!(
                    !is_still || [OLD, [3, 4], [5, 4]].contains(&seen),
                    "{seen:?}"
                );
                is_still
            },
        );
        assert!(replaced);
    });
}

#[test]
fn of_two_that_put_something_in_a_half_and_look_at_the_other_one_sees_it() {
    explore(3, || {
        let (one, other, _) = beside(
            |pairs| pairs.replace(0, OLD, [3, 4]) && pairs.look(1).0[0] != 0,
            |pairs| pairs.replace(1, [0, 0], [5, 6]) && pairs.look(0).0[0] != OLD[0],
        );
        assert!(one || other);
    });
}

#[test]
fn of_one_that_renews_and_one_that_replaces_the_other_half_one_sees_it() {
    explore(3, || {
        let (one, other, _) = beside(
            |pairs| pairs.renew(0, OLD, 3) && pairs.look(1).0[0] != 0,
            |pairs| pairs.replace(1, [0, 0], [5, 6]) && pairs.look(0).0[0] != OLD[0],
        );
        assert!(one || other);
    });
}

#[test]
fn what_is_put_in_a_pair_is_not_lost_where_it_is_given_back() {
    explore(3, || {
        let (is_put, _, pairs) = beside(
            |pairs| pairs.replace(1, [0, 0], [5, 6]),
            |pairs| pairs.give_back(1),
        );
        let expected = if is_put { [5, 6] } else { [0, 0] };
        assert_eq!(pairs.look(1), (expected, true));
    });
}

#[test]
fn who_expected_something_in_an_empty_pair_leaves_nothing_where_it_is_given_back() {
    explore(3, || {
        let (is_put, _, pairs) = beside(
            |pairs| pairs.replace(1, [0, 9], [5, 6]),
            |pairs| pairs.give_back(1) && pairs.replace(1, [0, 0], [7, 8]),
        );
        assert!(!is_put);
        let (seen, is_still) = pairs.look(1);
        assert!(is_still && [[0, 0], [7, 8]].contains(&seen), "{seen:?}");
    });
}

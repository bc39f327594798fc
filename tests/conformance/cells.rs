//! Cells: what each operation counts as, and what becomes of a cell in its life.

use crate::check::{clean, racy};
use crate::common::until;
use crate::steps::{Steps, together};
use deadheat::prelude::*;
use std::sync::Arc;

fn cell() -> Shared<i32> {
    Shared::named("cell", 0)
}

#[test]
fn get_and_with_read() {
    // Reads never conflict.
    clean(|| {
        together(
            cell(),
            [
                |cell| assert_eq!(cell.get(), 0),
                |cell| assert!(cell.with(|n| *n == 0)),
                |cell| assert_eq!(cell.get(), 0),
            ],
        );
    });
}

#[test]
fn set_writes() {
    // It conflicts with a read.
    racy(&["cell"], || {
        together(cell(), [|cell| cell.set(1), |cell| assert!(cell.get() < 2)]);
    });
}

#[test]
fn with_reads_what_another_writes() {
    // It conflicts with a write.
    racy(&["cell"], || {
        together(
            cell(),
            [|cell| cell.set(1), |cell| assert!(cell.with(|n| *n < 2))],
        );
    });
}

#[test]
fn update_with_mut_and_replace_write() {
    // Each of them conflicts with a read, even where it leaves the value as it was.
    racy(&["update", "with_mut", "replace"], || {
        let cells = ["update", "with_mut", "replace"].map(|name| Shared::named(name, 0));
        together(
            cells,
            [
                |[update, with_mut, replace]| {
                    update.update(|_| ());
                    with_mut.with_mut(|_| ());
                    assert_eq!(replace.replace(0), 0);
                },
                |[update, with_mut, replace]| {
                    assert_eq!(update.get(), 0);
                    assert_eq!(with_mut.get(), 0);
                    assert_eq!(replace.get(), 0);
                },
            ],
        );
    });
}

#[test]
fn two_blind_writes() {
    // That nobody reads makes them no less of a race.
    racy(&["cell"], || {
        together(cell(), [|cell| cell.set(1), |cell| cell.set(1)]);
    });
}

#[test]
fn looking_at_the_cell_and_not_at_its_value() {
    // Its address and its Debug form are not the value.
    clean(|| {
        together(
            cell(),
            [
                |cell| cell.set(1),
                |cell| assert!(!cell.as_ptr().is_null()),
                |cell| assert!(format!("{cell:?}").contains("cell")),
            ],
        );
    });
}

#[test]
fn a_cell_without_a_name() {
    // It is found all the same, and goes by its type.
    racy(&["Shared<Option<u8>>"], || {
        together(
            Shared::<Option<u8>>::default(),
            [
                |cell| cell.set(Some(1)),
                |cell| cell.update(|value| *value = None),
            ],
        );
    });
}

#[test]
fn many_read_and_one_writes_after_the_join() {
    // The end of every reader comes before the write.
    clean(|| {
        let read: fn(&_) = |cell: &Shared<i32>| assert_eq!(cell.get(), 0);
        let cell = together(cell(), [read; 40]);
        cell.set(1);
    });
}

#[test]
fn many_read_and_one_writes_before_the_last_join() {
    // All readers but one are joined; that one's read must be remembered among all.
    racy(&["cell"], || {
        let cell = Arc::new(cell());
        let mut readers: Vec<_> = (0..40)
            .map(|_| {
                let cell = Arc::clone(&cell);
                go(move || assert!(cell.get() < 2))
            })
            .collect();
        let left_out = readers.swap_remove(17);
        for reader in readers {
            reader.join().unwrap();
        }
        cell.set(1);
        left_out.join().unwrap();
    });
}

#[test]
fn read_then_increment_by_two() {
    // Neither goroutine's accesses are ordered with the other's.
    racy(&["cell"], || {
        let add: fn(&_) = |cell: &Shared<i32>| cell.set(cell.get() + 1);
        together(cell(), [add, add]);
    });
}

#[test]
fn moved_into_an_arc_after_its_first_use() {
    // What was done at the old place came before the goroutines' start, as did the move.
    clean(|| {
        let cell = cell();
        cell.set(1);
        let read: fn(&_) = |cell: &Shared<i32>| assert_eq!(cell.get(), 1);
        together(cell, [read, read]);
    });
}

#[test]
fn moved_into_an_arc_and_raced_on_there() {
    // The cell is watched where it lies.
    racy(&["cell"], || {
        let cell = cell();
        cell.set(1);
        let write: fn(&_) = |cell: &Shared<i32>| cell.set(2);
        together(cell, [write, write]);
    });
}

#[test]
fn handed_from_goroutine_to_goroutine_by_joins() {
    // Each holder's accesses come before its end, and that before the next one's start.
    clean(|| {
        let mut cell = cell();
        for _ in 0..5 {
            let holder = go(move || {
                cell.update(|n| *n += 1);
                cell
            });
            cell = holder.join().unwrap();
        }
        assert_eq!(cell.into_inner(), 5);
    });
}

#[test]
fn cells_of_a_growing_vector() {
    // The vector moves its cells when it grows, with nobody else at them.
    clean(|| {
        let mut cells = Vec::with_capacity(1);
        for n in 0..20 {
            cells.push(Shared::named("grown", n));
            cells.iter().for_each(|cell| cell.update(|n| *n += 1));
        }
        let read: fn(&_) = |cells: &Vec<Shared<i32>>| {
            assert!(cells.iter().all(|cell| cell.get() == 20));
        };
        together(cells, [read, read]);
    });
}

#[test]
fn each_goroutine_has_an_element_of_a_vector_of_cells() {
    // Neighbouring cells are distinct.
    clean(|| {
        let cells: Vec<_> = (0..3u8).map(|n| Shared::named("element", n)).collect();
        together(
            cells,
            [
                |cells| cells[0].set(7),
                |cells| cells[1].set(7),
                |cells| cells[2].set(7),
            ],
        );
    });
}

#[test]
fn two_goroutines_have_one_element_of_a_vector_of_cells() {
    // An index that is off by one.
    racy(&["second"], || {
        let cells = ["first", "second", "third"].map(|name| Shared::named(name, 0u8));
        together(
            Vec::from(cells),
            [
                |cells| cells[..=1].iter().for_each(|cell| cell.set(7)),
                |cells| cells[1..].iter().for_each(|cell| cell.set(7)),
            ],
        );
    });
}

/// A struct of cells.
#[derive(Debug)]
struct Session {
    user: Shared<&'static str>,
    hits: Shared<u32>,
}

impl Session {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            user: Shared::named("user", "nobody"),
            hits: Shared::named("hits", 0),
        })
    }
}

#[test]
fn different_cells_of_one_struct() {
    // Each field is a location of its own.
    clean(|| {
        together(
            Session::new(),
            [
                |session| session.user.set("somebody"),
                |session| session.hits.set(1),
            ],
        );
    });
}

#[test]
fn one_cell_of_a_struct() {
    // Only the field that both use is raced on.
    racy(&["hits"], || {
        together(
            Session::new(),
            [
                |session| {
                    session.user.set("somebody");
                    session.hits.update(|n| *n += 1);
                },
                |session| session.hits.update(|n| *n += 1),
            ],
        );
    });
}

#[test]
fn made_and_dropped_again_and_again() {
    // Cells that come and go at the same addresses are different cells.
    clean(|| {
        let churn: fn(&()) = |()| {
            for n in 0..20 {
                let here = Shared::new(n);
                let there = Box::new(Shared::new(n));
                here.set(there.get());
                yield_now();
                there.set(here.get());
            }
        };
        together((), [churn, churn, churn, churn]);
    });
}

#[test]
fn dropped_by_one_goroutine_and_made_by_the_next() {
    // The allocator gives the freed address to the next goroutine, which nothing orders.
    clean(|| {
        let relay: fn(&(Steps, u32)) = |(steps, _)| {
            let cell = Box::new(Shared::new([0u64; 8]));
            cell.update(|words| words[0] += 1);
            drop(cell);
            steps.reach(1);
        };
        together(
            (Steps::new(), 0),
            [relay, |(steps, _)| {
                steps.wait(1);
                let cell = Box::new(Shared::new([0u64; 8]));
                cell.set([1; 8]);
                assert_eq!(cell.get(), [1; 8]);
            }],
        );
    });
}

#[test]
fn one_cell_stays_while_others_come_and_go() {
    // The turmoil around it hides nothing.
    racy(&["kept"], || {
        let churn: fn(&_) = |kept: &Shared<i32>| {
            for n in 0..5 {
                let passing = Box::new(Shared::new(n));
                assert_eq!(passing.replace(1), n);
            }
            kept.update(|n| *n += 1);
            for n in 0..5 {
                let passing = Box::new(Shared::new(n));
                assert_eq!(passing.replace(2), n);
            }
        };
        together(Shared::named("kept", 0), [churn, churn]);
    });
}

#[test]
fn a_cell_without_bytes() {
    // Its operations race as those of any other.
    racy(&["nothing"], || {
        together(
            Shared::named("nothing", ()),
            [|cell| cell.set(()), |cell| cell.set(())],
        );
    });
}

#[test]
fn cells_without_bytes_side_by_side() {
    // They are distinct all the same.
    clean(|| {
        together(
            [Shared::named("one", ()), Shared::named("other", ())],
            [|[one, _]| one.set(()), |[_, other]| other.set(())],
        );
    });
}

type Large = Shared<[u64; 500]>;

#[test]
fn a_large_cell_is_one_location() {
    // An update of one element is an access to the whole value.
    racy(&["large"], || {
        together(
            Box::new(Large::named("large", [0; 500])),
            [
                |large| large.update(|words| words[0] = 1),
                |large| large.with(|words| assert_eq!(words[499], 0)),
            ],
        );
    });
}

#[test]
fn large_cells_side_by_side() {
    // One ends where the other begins.
    clean(|| {
        let cells = [Large::new([0; 500]), Large::new([0; 500])];
        together(
            Box::new(cells),
            [
                |cells| cells[0].update(|words| words.fill(1)),
                |cells| cells[1].update(|words| words.fill(1)),
            ],
        );
    });
}

#[test]
fn a_cell_used_within_another() {
    // Reads of both, in the same order of nesting.
    clean(|| {
        let read: fn(&_) = |(outer, inner): &(Shared<i32>, Shared<i32>)| {
            assert_eq!(outer.with(|n| *n + inner.get()), 3);
        };
        let cells = (Shared::named("outer", 1), Shared::named("inner", 2));
        together(cells, [read, read]);
    });
}

#[test]
fn a_cell_written_within_another() {
    // What keeps the outer cell's memory whole is no lock: it orders nothing.
    racy(&["inner"], || {
        let write: fn(&_) = |(outer, inner): &(Shared<i32>, Shared<i32>)| {
            outer.with(|n| inner.set(*n));
        };
        let cells = (Shared::named("outer", 1), Shared::named("inner", 2));
        together(cells, [write, write]);
    });
}

#[test]
fn a_vector_that_is_raced_on_stays_whole() {
    // Racy, but each change is one step to the memory: nothing is lost and nothing breaks.
    racy(&["list"], || {
        let push: fn(&_) = |list: &Shared<Vec<String>>| {
            for n in 0..20 {
                list.update(|list| list.push(n.to_string()));
            }
        };
        let list = together(Shared::named("list", Vec::new()), [push, push, push]);
        let sum: usize = list.with(|list| list.iter().map(|n| n.parse::<usize>().unwrap()).sum());
        assert_eq!(sum, 3 * 190);
    });
}

#[test]
fn the_loop_variable_is_captured_by_reference() {
    // The next turn writes what the goroutine of the turn before reads.
    racy(&["i"], || {
        let i = Arc::new(Shared::named("i", 0));
        let mut readers = Vec::new();
        while i.get() < 3 {
            let i_too = Arc::clone(&i);
            readers.push(go(move || assert!(i_too.get() <= 3)));
            i.update(|i| *i += 1);
        }
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

#[test]
fn the_loop_variable_is_captured_by_value() {
    // Each turn has a variable of its own, written before the goroutine starts.
    clean(|| {
        let readers: Vec<_> = (0..3)
            .map(|n| {
                let i = Shared::named("i", 0);
                i.set(n);
                go(move || assert_eq!(i.get(), n))
            })
            .collect();
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

#[test]
fn the_error_variable_is_shared_with_a_goroutine() {
    // Parent and child both assign what one of them meant to be local.
    racy(&["err"], || {
        let err = Arc::new(Shared::named("err", Ok::<(), String>(())));
        let child = Arc::clone(&err);
        let child = go(move || child.set(Err("the child's".to_owned())));
        err.set(Ok(()));
        assert!(err.get().is_ok() || err.get().is_err());
        child.join().unwrap();
    });
}

#[test]
fn the_error_is_returned_by_the_goroutine() {
    // The value comes by the join, the parent's variable stays its own.
    clean(|| {
        let err = Shared::named("err", Ok::<(), String>(()));
        let child = go(|| Err("the child's".to_owned()));
        err.set(Ok(()));
        err.set(child.join().unwrap());
        assert!(err.get().is_err());
    });
}

/// Counts, when it is dropped, in a cell.
struct Farewell(Arc<Shared<i32>>);

impl Drop for Farewell {
    fn drop(&mut self) {
        self.0.update(|n| *n += 1);
    }
}

/// Two cells whose values say farewell to one log.
type Guests = (Shared<Option<Farewell>>, Shared<Option<Farewell>>);

fn guests() -> Guests {
    let log = Arc::new(Shared::named("log", 0));
    let guest = |name| Shared::named(name, Some(Farewell(Arc::clone(&log))));
    (guest("one"), guest("other"))
}

#[test]
fn destructors_of_replaced_values_share_a_cell() {
    // Who sets a cell runs the old value's destructor, with all its accesses.
    racy(&["log"], || {
        together(
            guests(),
            [
                |(one, _)| one.set(None),
                |(_, other)| {
                    other.set(None);
                },
            ],
        );
    });
}

#[test]
fn destructors_of_replaced_values_under_a_lock() {
    // They run before the guard is dropped.
    clean(|| {
        together(
            (guests(), Mutex::new(())),
            [
                |((one, _), lock)| {
                    let _guard = lock.lock();
                    one.set(None);
                },
                |((_, other), lock)| {
                    let _guard = lock.lock();
                    other.set(None);
                },
            ],
        );
    });
}

#[test]
fn the_last_owner_is_found_by_its_count() {
    // Arc's count orders memory, but the detector is not told: the cell is not accessed again.
    clean(|| {
        let cell = Arc::new(cell());
        let other = Arc::clone(&cell);
        let user = go(move || other.set(1));
        until(|| Arc::strong_count(&cell) == 1);
        assert_eq!(Arc::into_inner(cell).unwrap().into_inner(), 1);
        user.join().unwrap();
    });
}

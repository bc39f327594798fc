//! Which bytes an access is about: neighbours, overlaps, ranges, and memory without a name.

use crate::check::{clean, racy};
use crate::steps::{Steps, together};
use deadheat::prelude::*;
use deadheat::{go, raw};
use std::ptr::{from_ref, read};
use std::sync::Arc;

const RAW: &[&str] = &["raw memory"];

/// Memory that is annotated, and never touched.
#[repr(align(256))]
struct Buffer([u8; 1024]);

impl Buffer {
    fn new() -> Self {
        Self([0; 1024])
    }

    fn at(&self, offset: usize) -> *const u8 {
        from_ref(&self.0[offset])
    }
}

#[repr(C)]
struct Fields {
    flags: u8,
    level: u8,
    port: u16,
    count: u32,
}

static EMPTY: Fields = Fields {
    flags: 0,
    level: 0,
    port: 0,
    count: 0,
};

#[test]
fn adjacent_bytes() {
    // Distinct bytes are distinct locations, also within one machine word.
    clean(|| {
        together(
            Buffer::new(),
            [
                |buffer| raw::write(buffer.at(0)),
                |buffer| raw::write(buffer.at(1)),
                |buffer| raw::write(buffer.at(2)),
            ],
        );
    });
}

#[test]
fn one_byte() {
    // Two unordered writes of one location.
    racy(RAW, || {
        together(
            Buffer::new(),
            [
                |buffer| raw::write(buffer.at(1)),
                |buffer| raw::write(buffer.at(1)),
            ],
        );
    });
}

#[test]
fn adjacent_fields_of_one_word() {
    // Fields are distinct, however small.
    clean(|| {
        together(
            &EMPTY,
            [
                |fields| raw::write(&raw const fields.flags),
                |fields| raw::write(&raw const fields.level),
                |fields| raw::write(&raw const fields.port),
                |fields| raw::write(&raw const fields.count),
            ],
        );
    });
}

#[test]
fn a_field_and_the_struct_that_it_is_in() {
    // A copy of a struct reads all its fields.
    racy(RAW, || {
        together(
            &EMPTY,
            [
                |fields| raw::write(&raw const fields.port),
                |fields| raw::read(from_ref::<Fields>(fields)),
            ],
        );
    });
}

#[test]
fn accesses_of_different_sizes_overlap() {
    // They share byte 6.
    racy(RAW, || {
        together(
            Buffer::new(),
            [
                |buffer| raw::write(buffer.at(4).cast::<u32>()),
                |buffer| raw::read(buffer.at(6)),
            ],
        );
    });
}

#[test]
fn accesses_of_different_sizes_side_by_side() {
    // Bytes 4 to 7 and byte 8; then bytes 2 and 3.
    clean(|| {
        together(
            Buffer::new(),
            [
                |buffer| raw::write(buffer.at(4).cast::<u32>()),
                |buffer| raw::write(buffer.at(8)),
                |buffer| raw::write(buffer.at(2).cast::<u16>()),
            ],
        );
    });
}

#[test]
fn an_unaligned_access_reaches_into_the_next_word() {
    // Eight bytes from 5 on include byte 12.
    racy(RAW, || {
        together(
            Buffer::new(),
            [
                |buffer| raw::write(buffer.at(5).cast::<u64>()),
                |buffer| raw::read(buffer.at(12)),
            ],
        );
    });
}

#[test]
fn an_unaligned_access_ends_within_the_next_word() {
    // Eight bytes from 5 on are neither byte 4 nor byte 13.
    clean(|| {
        together(
            Buffer::new(),
            [
                |buffer| raw::write(buffer.at(5).cast::<u64>()),
                |buffer| raw::write(buffer.at(13)),
                |buffer| raw::write(buffer.at(4)),
            ],
        );
    });
}

#[test]
fn a_range_and_a_byte_within() {
    // A range conflicts with an access to any of its bytes.
    racy(RAW, || {
        together(
            Buffer::new(),
            [
                |buffer| raw::read_range(buffer.at(3), 600),
                |buffer| raw::write(buffer.at(602)),
            ],
        );
    });
}

#[test]
fn a_range_and_the_bytes_around_it() {
    // A range of n values has n values, not one more on either side.
    clean(|| {
        together(
            Buffer::new(),
            [
                |buffer| raw::read_range(buffer.at(3), 600),
                |buffer| raw::write(buffer.at(2)),
                |buffer| raw::write(buffer.at(603)),
            ],
        );
    });
}

#[test]
fn two_ranges_that_touch() {
    // The one ends where the other begins, in the midst of a word.
    clean(|| {
        together(
            Buffer::new(),
            [
                |buffer| raw::write_range(buffer.at(1), 299),
                |buffer| raw::write_range(buffer.at(300), 299),
            ],
        );
    });
}

#[test]
fn two_ranges_that_share_a_byte() {
    // One byte is enough.
    racy(RAW, || {
        together(
            Buffer::new(),
            [
                |buffer| raw::write_range(buffer.at(1), 300),
                |buffer| raw::write_range(buffer.at(300), 299),
            ],
        );
    });
}

#[test]
fn a_range_of_wide_values() {
    // Its length is in values: four of four bytes reach byte 15.
    racy(RAW, || {
        together(
            Buffer::new(),
            [
                |buffer| raw::write_range(buffer.at(0).cast::<u32>(), 4),
                |buffer| raw::read(buffer.at(15)),
            ],
        );
    });
}

#[test]
fn overlapping_ranges_that_are_read() {
    // Reads do not conflict.
    clean(|| {
        together(
            Buffer::new(),
            [
                |buffer| raw::read_range(buffer.at(0), 500),
                |buffer| raw::read_range(buffer.at(200), 500),
                |buffer| raw::read(buffer.at(300).cast::<u64>()),
            ],
        );
    });
}

#[test]
fn interleaved_bytes() {
    // Even and odd offsets do not meet, though every word has both.
    clean(|| {
        together(
            Buffer::new(),
            [
                |buffer| (0..64).step_by(2).for_each(|i| raw::write(buffer.at(i))),
                |buffer| (1..64).step_by(2).for_each(|i| raw::write(buffer.at(i))),
            ],
        );
    });
}

#[test]
fn nothing_is_accessed_by_an_empty_range() {
    // No bytes, no conflict; nor has a value of size zero any.
    clean(|| {
        together(
            Buffer::new(),
            [
                |buffer| raw::write_range(buffer.at(0), 64),
                |buffer| raw::write_range(buffer.at(8), 0),
                |buffer| raw::write(buffer.at(8).cast::<()>()),
            ],
        );
    });
}

#[test]
fn halves_written_apart_and_read_together_after_the_join() {
    // The whole is read after the end of both writers.
    clean(|| {
        let buffer = together(
            Buffer::new(),
            [
                |buffer| raw::write_range(buffer.at(0), 512),
                |buffer| raw::write_range(buffer.at(512), 512),
            ],
        );
        raw::read_range(buffer.at(0), 1024);
    });
}

#[test]
fn halves_written_apart_and_read_together_after_one_join() {
    // The other writer may be at it still.
    racy(RAW, || {
        let buffer = Arc::new(Buffer::new());
        let [one, other] = [0, 512].map(|from| {
            let buffer = Arc::clone(&buffer);
            go(move || raw::write_range(buffer.at(from), 512))
        });
        one.join().unwrap();
        raw::read_range(buffer.at(0), 1024);
        other.join().unwrap();
    });
}

#[test]
fn memory_that_was_reset_has_no_history() {
    // What lies there from then on is another variable.
    clean(|| {
        together(
            (Buffer::new(), Steps::new()),
            [
                |(buffer, steps)| {
                    raw::write_range(buffer.at(0), 100);
                    steps.reach(1);
                },
                |(buffer, steps)| {
                    steps.wait(1);
                    raw::reset_range(buffer.at(0), 100);
                    raw::write_range(buffer.at(0), 100);
                },
            ],
        );
    });
}

#[test]
fn memory_that_was_reset_in_part() {
    // Byte 99 keeps its history.
    racy(RAW, || {
        together(
            (Buffer::new(), Steps::new()),
            [
                |(buffer, steps)| {
                    raw::write_range(buffer.at(0), 100);
                    steps.reach(1);
                },
                |(buffer, steps)| {
                    steps.wait(1);
                    raw::reset_range(buffer.at(0), 99);
                    raw::write_range(buffer.at(0), 100);
                },
            ],
        );
    });
}

#[test]
fn memory_used_anew_races_anew() {
    // A reset forgets the past, not the future.
    racy(RAW, || {
        let buffer = Arc::new(Buffer::new());
        raw::write_range(buffer.at(0), 16);
        raw::reset_range(buffer.at(0), 16);
        let other = Arc::clone(&buffer);
        let writer = go(move || raw::write(other.at(9)));
        raw::write(buffer.at(9));
        writer.join().unwrap();
    });
}

#[test]
fn raw_accesses_under_a_lock() {
    // Annotated memory is ordered by the same edges as cells.
    clean(|| {
        let write: fn(&_) = |(buffer, lock): &(Buffer, Mutex<()>)| {
            let _guard = lock.lock();
            raw::read_range(buffer.at(0), 64);
            raw::write_range(buffer.at(0), 64);
        };
        together((Buffer::new(), Mutex::new(())), [write, write, write]);
    });
}

#[derive(Clone, Default)]
#[repr(C)]
struct Point {
    x: u32,
    y: u32,
}

fn y_of(point: &Shared<Point>) -> *const u32 {
    // SAFETY: the cell's address is that of a `Point`; only a field's address is computed.
    unsafe { &raw const (*point.as_ptr()).y }
}

/// A cell that was used already, where it lies.
fn point() -> Box<Shared<Point>> {
    let point = Box::new(Shared::named("point", Point::default()));
    point.set(Point { x: 1, y: 1 });
    point
}

#[test]
fn a_struct_is_copied_while_a_field_is_written() {
    // The copy reads all of the struct, the field among it.
    racy(&["point"], || {
        together(
            point(),
            [
                |point| {
                    let Point { x, y } = point.get();
                    assert_eq!(x, y);
                },
                |point| raw::write(y_of(point)),
            ],
        );
    });
}

#[test]
fn fields_of_a_cell_are_written_apart() {
    // By themselves they are distinct locations.
    clean(|| {
        together(
            point(),
            [
                |point| raw::write(y_of(point)),
                |point| raw::write(point.as_ptr().cast::<u32>()),
            ],
        );
    });
}

#[test]
fn a_struct_is_copied_while_a_field_is_read() {
    // Reads of different sizes.
    clean(|| {
        together(
            point(),
            [
                |point| assert_eq!(point.get().x, 1),
                |point| {
                    raw::read(y_of(point));
                    // SAFETY: the field lives as long as the cell, and nobody writes it.
                    assert_eq!(unsafe { read(y_of(point)) }, 1);
                },
            ],
        );
    });
}

#[test]
fn a_field_is_written_before_the_cell_is_first_used() {
    // The cell is one from when it was made, not from its first access through itself.
    racy(&["point"], || {
        together(
            (Shared::named("point", Point::default()), Steps::new()),
            [
                |(point, steps)| {
                    raw::write(y_of(point));
                    steps.reach(1);
                },
                |(point, steps)| {
                    steps.wait(1);
                    let _ = point.get();
                },
            ],
        );
    });
}

//! Engine and oracle agree on the sequence that the bytes give. See `fuzz/README.md`.

#![no_main]

use deadheat_oracle::compare::compare;
use deadheat_oracle::event::Sequence;
use deadheat_oracle::sequence::sequence;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let events = sequence(bytes);
    if let Err(difference) = compare(&events) {
        panic!("{difference}\non{:?}", Sequence(events));
    }
});

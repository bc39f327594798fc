//! On sequences that a fuzzer has found, each of which takes the engine or the oracle where no
//! other does, the two agree. This is the body of the fuzz target; `fuzz/README.md` says how the
//! sequences are found.

use deadheat_oracle::compare::compare;
use deadheat_oracle::corpus::unpack;
use deadheat_oracle::event::Sequence;
use deadheat_oracle::sequence::sequence;

const CORPUS: &[u8] = include_bytes!("../../../fuzz/engine.corpus");

#[test]
fn engine_and_oracle_agree_on_the_corpus() {
    let mut races = 0;
    for bytes in unpack(CORPUS) {
        let events = sequence(bytes);
        match compare(&events) {
            Ok(tally) => races += usize::from(tally.races > 0),
            Err(difference) => panic!("{difference}\non{:?}", Sequence(events)),
        }
    }
    assert!(races > 500, "{races} sequences race");
}

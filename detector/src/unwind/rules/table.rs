//! Which return address has which rule: what the tables were asked for already.
//!
//! An entry is one word, read and written as one, so it is always whole and nobody waits. The
//! address is hashed by a multiplication that can be undone; some bits of the hash say in which
//! line of the table the entry is, the others stand in the entry. So an entry belongs to exactly one
//! address. A line that is full loses an entry, which costs another look into the tables.

use super::rule::{BITS, Rule};
use std::sync::atomic::{AtomicU64, Ordering};

/// User space has no higher addresses, unless it asks for them.
const ADDRESS_BITS: u32 = 48;
const LINE_BITS: u32 = 11;
const TAG_BITS: u32 = ADDRESS_BITS - LINE_BITS;
const _: () = assert!(TAG_BITS + BITS <= u64::BITS);

/// 128 KiB, of which what is touched is in memory.
pub(super) struct Table {
    lines: [Line; 1 << LINE_BITS],
}

/// As long as a line of the processor's cache.
#[repr(align(64))]
struct Line([AtomicU64; 8]);

impl Table {
    pub(super) const fn new() -> Self {
        Self {
            lines: [const { Line([const { AtomicU64::new(0) }; 8]) }; 1 << LINE_BITS],
        }
    }

    /// The rule of `ip`, if it is here.
    #[inline]
    pub(super) fn get(&self, ip: usize) -> Option<Rule> {
        let (line, tag) = place(ip)?;
        let Line(entries) = &self.lines[line];
        let found = entries.iter().map(|entry| entry.load(Ordering::Relaxed));
        found
            .take_while(|entry| *entry != 0)
            .find(|entry| entry >> BITS == tag)
            .map(Rule::unpack)
    }

    /// Keeps the rule of `ip`.
    pub(super) fn insert(&self, ip: usize, rule: Rule) {
        let Some((line, tag)) = place(ip) else { return };
        let Line(entries) = &self.lines[line];
        let new = tag << BITS | rule.pack();
        for entry in entries {
            let placed = entry.compare_exchange(0, new, Ordering::Relaxed, Ordering::Relaxed);
            match placed {
                Ok(_) => return,
                Err(there) if there >> BITS == tag => return,
                Err(_) => {}
            }
        }
        // Which one goes need not be fair, only not always the same.
        entries[tag as usize % entries.len()].store(new, Ordering::Relaxed);
    }
}

/// The line of an address, and what tells it from all others there.
#[inline]
fn place(ip: usize) -> Option<(usize, u64)> {
    let hash = (ip as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hash = hash & ((1 << ADDRESS_BITS) - 1);
    let line = (hash >> TAG_BITS) as usize;
    let tag = hash & ((1 << TAG_BITS) - 1);
    (ip >> ADDRESS_BITS == 0).then_some((line, tag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unwind::rules::rule::Register;

    fn rule(number: usize) -> Rule {
        Rule::Above {
            register: Register::Stack,
            words: number % (1 << 18),
            saved: 0,
        }
    }

    #[test]
    fn an_entry_is_found_by_its_address_only() {
        static TABLE: Table = Table::new();
        // More than the table holds, so that lines overflow.
        let addresses = || (0..1 << 15).map(|i| 0x5555_5550_0000 + 7 * i);
        for (i, ip) in addresses().enumerate() {
            TABLE.insert(ip, rule(i));
            assert_eq!(TABLE.get(ip), Some(rule(i)));
        }
        let mut kept = 0;
        for (i, ip) in addresses().enumerate() {
            if let Some(found) = TABLE.get(ip) {
                assert_eq!(found, rule(i), "{ip:x}");
                kept += 1;
            }
        }
        assert!(kept > 1 << 13, "{kept}");
    }

    #[test]
    fn addresses_outside_of_user_space_are_not_kept() {
        static TABLE: Table = Table::new();
        TABLE.insert(1 << 48 | 5, rule(1));
        assert_eq!(TABLE.get(1 << 48 | 5), None);
        assert_eq!(TABLE.get(5), None);
    }
}

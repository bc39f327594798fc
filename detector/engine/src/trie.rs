//! Maps from thread indices to words, as tries that share what they have in common.
//!
//! A leaf holds the words of eight adjacent indices, an inner node sixteen children; a trie is as
//! high as its largest index needs. A node that several tries refer to is copied before it is
//! changed, so that taking a copy of a whole map is one reference more.
//!
//! A node may have an *origin*: an epoch of which whoever knows it, or a later one of its generation, knows all that
//! the node says.
//! Where clocks are joined, it prunes what is known already, as the shape of a tree clock does
//! (Mathur, Tunç, Pavlogiannis and Viswanathan, ASPLOS 2022), without giving up sharing.
//!
//! A thread makes its nodes with its present epoch as their origin. What several threads left at a
//! sync object is no single one's knowledge, and its nodes are made without. The first thread that
//! takes such nodes over gives them its own epoch, for all who share them: from its next release on,
//! that tells whoever hears of it that they have nothing new.

use crate::pool::{Index, Kind, Need, Node, Pool, WORDS};
use crate::primitive::{AtomicU64, Ordering};

const LEAF_BITS: u32 = 3;
const INNER_BITS: u32 = 4;
const CHILDREN: usize = 1 << INNER_BITS;
/// No trie of 28-bit indices is higher.
const MAX_HEIGHT: u32 = 7;

/// Where and on whose behalf nodes are made.
#[derive(Clone, Copy)]
pub(crate) struct Maker<'a> {
    pub(crate) pool: &'a Pool,
    /// The origin of nodes made; 0 for none.
    pub(crate) origin: u64,
    pub(crate) shard: usize,
    pub(crate) need: Need,
}

fn covered_bits(height: u32) -> u32 {
    LEAF_BITS + INNER_BITS * height
}

fn covers(height: u32, key: u32) -> bool {
    height >= MAX_HEIGHT || key >> covered_bits(height) == 0
}

fn child_of(key: u32, height: u32) -> usize {
    (key >> covered_bits(height - 1)) as usize % CHILDREN
}

fn height_of(node: &Node) -> u32 {
    match node.kind() {
        Kind::Inner => node.link().min(MAX_HEIGHT),
        _ => 0,
    }
}

/// The word of `key`; 0 where there is none.
#[inline]
pub(crate) fn get(pool: &Pool, root: Index, key: u32) -> u64 {
    place(pool, root, key).map_or(0, |word| word.load(Ordering::Relaxed))
}

/// Where the word of `key` is, if the leaf for it is there.
#[inline]
pub(crate) fn place(pool: &Pool, root: Index, key: u32) -> Option<&AtomicU64> {
    if root == 0 {
        return None;
    }
    let mut node = pool.node(root);
    let mut height = height_of(node);
    if !covers(height, key) {
        return None;
    }
    while height > 0 {
        let child = node.child(child_of(key, height));
        if child == 0 {
            return None;
        }
        node = pool.node(child);
        height -= 1;
    }
    Some(&node.words[(key as usize) % WORDS])
}

/// Calls `f` with every key and non-zero word, in order, until it returns `false`.
pub(crate) fn all(pool: &Pool, root: Index, mut f: impl FnMut(u32, u64) -> bool) -> bool {
    root == 0 || all_below(pool, root, height_of(pool.node(root)), 0, &mut f)
}

fn all_below(
    pool: &Pool,
    index: Index,
    height: u32,
    key: u32,
    f: &mut impl FnMut(u32, u64) -> bool,
) -> bool {
    let node = pool.node(index);
    if height == 0 {
        return (0..WORDS).all(|i| match node.word(i) {
            0 => true,
            word => f(key + i as u32, word),
        });
    }
    (0..CHILDREN).all(|i| match node.child(i) {
        0 => true,
        child => {
            let key = key + ((i as u32) << covered_bits(height - 1));
            all_below(pool, child, height - 1, key, f)
        }
    })
}

impl Maker<'_> {
    /// The trie `root` with at least `word` at `key`. Consumes the reference to `root` and gives one to the
    /// result; `None`, with nothing consumed, where there is no memory.
    pub(crate) fn put(&self, root: Index, key: u32, word: u64) -> Option<Index> {
        if root == 0 {
            return self.path(lowest(key), key, word);
        }
        let grown = self.grow(root, lowest(key))?;
        let node = self.pool.node(grown);
        // A claimed root cannot be retained from elsewhere while what it leads to changes.
        let unique = node.claim();
        let result = self.put_below(grown, height_of(node), key, word, unique);
        if unique {
            node.unclaim();
        }
        match result {
            None => self.ungrow(grown, root),
            Some(_) if unique => {}
            Some(_) => self.pool.release(grown, self.shard),
        }
        result
    }

    /// Changes the node in place where it is `unique`, else makes a changed copy.
    fn put_below(
        &self,
        index: Index,
        height: u32,
        key: u32,
        word: u64,
        unique: bool,
    ) -> Option<Index> {
        let index = if unique { index } else { self.copy(index)? };
        let node = self.pool.node(index);
        node.set_origin(self.origin);
        if height == 0 {
            let i = key as usize % WORDS;
            node.set_word(i, word.max(node.word(i)));
            return Some(index);
        }
        let i = child_of(key, height);
        let child = node.child(i);
        let changed = if child == 0 {
            self.path(height - 1, key, word)
        } else {
            let unique = unique && self.pool.node(child).is_unique();
            self.put_below(child, height - 1, key, word, unique)
        };
        match changed {
            Some(changed) => {
                node.set_child(i, changed);
                if changed != child {
                    self.pool.release(child, self.shard);
                }
                Some(index)
            }
            None => {
                if !unique {
                    self.pool.release(index, self.shard);
                }
                None
            }
        }
    }

    fn new_node(&self, height: u32) -> Option<(Index, &Node)> {
        let kind = if height == 0 { Kind::Leaf } else { Kind::Inner };
        let (index, node) = self.pool.take_for(self.need, kind, height, self.shard)?;
        node.set_origin(self.origin);
        (0..WORDS).for_each(|i| node.set_word(i, 0));
        Some((index, node))
    }

    fn copy(&self, index: Index) -> Option<Index> {
        let from = self.pool.node(index);
        let (copy, node) = self
            .pool
            .take_for(self.need, from.kind(), from.link(), self.shard)?;
        for i in 0..WORDS {
            node.set_word(i, from.word(i));
        }
        if from.kind() == Kind::Inner {
            (0..CHILDREN).for_each(|i| self.pool.retain(node.child(i)));
        }
        Some(copy)
    }

    /// A trie of this height with one word in it.
    fn path(&self, height: u32, key: u32, word: u64) -> Option<Index> {
        let (mut below, leaf) = self.new_node(0)?;
        leaf.set_word(key as usize % WORDS, word);
        for height in 1..=height {
            below = self.above(below, height, child_of(key, height))?;
        }
        Some(below)
    }

    /// An inner node whose child `i` is `below`; releases it where there is no memory.
    fn above(&self, below: Index, height: u32, i: usize) -> Option<Index> {
        match self.new_node(height) {
            Some((index, node)) => {
                node.set_child(i, below);
                Some(index)
            }
            None => {
                self.pool.release(below, self.shard);
                None
            }
        }
    }

    /// The same trie, at least this high. Consumes the reference to it; `None`, with nothing
    /// consumed, where there is no memory.
    fn grow(&self, root: Index, height: u32) -> Option<Index> {
        let mut grown = root;
        let origin = self.pool.node(root).origin();
        for height in height_of(self.pool.node(root)) + 1..=height {
            let Some((index, node)) = self.new_node(height) else {
                self.ungrow(grown, root);
                return None;
            };
            node.set_origin(origin);
            node.set_child(0, grown);
            grown = index;
        }
        Some(grown)
    }

    /// Gives the reference to `root` back that `grown` took.
    fn ungrow(&self, grown: Index, root: Index) {
        if grown != root {
            self.pool.retain(root);
            self.pool.release(grown, self.shard);
        }
    }

    /// One more reference to a trie that becomes part of one of this maker's.
    ///
    /// Nodes in it that have no origin get the maker's, as the maker knows all of it from now on.
    /// Nobody changes them at the same time: a node is changed in place only where it has a single
    /// reference, and so has all above it, and here the caller has one to `root`, or to what leads
    /// there. Whoever changes it later gives it another origin.
    fn take_over(&self, root: Index) -> Index {
        self.pool.retain(root);
        if self.origin != 0 {
            self.give_origin(root);
        }
        root
    }

    /// Nodes below one that has an origin have one, too: they are looked at no more.
    fn give_origin(&self, index: Index) {
        let node = self.pool.node(index);
        if index == 0 || node.origin() != 0 {
            return;
        }
        if node.kind() == Kind::Inner {
            (0..CHILDREN).for_each(|i| self.give_origin(node.child(i)));
        }
        node.set_origin(self.origin);
    }

    /// The trie with the larger word of both everywhere. `left_knows` and `right_knows` say
    /// whether all that a node of this origin says is in the other one. Consumes the reference to
    /// `left`; `None`, with nothing consumed, where there is no memory.
    pub(crate) fn join(
        &self,
        left: Index,
        right: Index,
        left_knows: &dyn Fn(u64) -> bool,
        right_knows: &dyn Fn(u64) -> bool,
    ) -> Option<Index> {
        if right == 0 || left == right {
            return Some(left);
        }
        if left == 0 {
            return Some(self.take_over(right));
        }
        let height = height_of(self.pool.node(right));
        let grown = self.grow(left, height)?;
        let join = Join {
            maker: self,
            left_knows,
            right_knows,
        };
        let Some(joined) = join.at(grown, height_of(self.pool.node(grown)), right, height) else {
            self.ungrow(grown, left);
            return None;
        };
        let result = match joined {
            Joined::Left | Joined::Same => return Some(grown),
            Joined::Right => self.take_over(right),
            Joined::New(index) => index,
        };
        self.pool.release(grown, self.shard);
        Some(result)
    }

    /// The trie with the smaller word of both everywhere; both references stay the caller's.
    pub(crate) fn meet(&self, left: Index, right: Index) -> Option<Index> {
        if left == 0 || right == 0 {
            return Some(0);
        }
        let (low, high) = if height_of(self.pool.node(left)) <= height_of(self.pool.node(right)) {
            (left, right)
        } else {
            (right, left)
        };
        let height = height_of(self.pool.node(low));
        let mut high = high;
        while height_of(self.pool.node(high)) > height {
            high = self.pool.node(high).child(0);
            if high == 0 {
                return Some(0);
            }
        }
        self.meet_at(low, high, height)
    }

    fn meet_at(&self, left: Index, right: Index, height: u32) -> Option<Index> {
        if left == right {
            self.pool.retain(left);
            return Some(left);
        }
        let (a, b) = (self.pool.node(left), self.pool.node(right));
        let (index, node) = self.new_node(height)?;
        if height == 0 {
            (0..WORDS).for_each(|i| node.set_word(i, a.word(i).min(b.word(i))));
            return Some(index);
        }
        for i in 0..CHILDREN {
            if a.child(i) != 0 && b.child(i) != 0 {
                match self.meet_at(a.child(i), b.child(i), height - 1) {
                    Some(child) => node.set_child(i, child),
                    None => {
                        self.pool.release(index, self.shard);
                        return None;
                    }
                }
            }
        }
        Some(index)
    }
}

/// The height of the lowest trie that can hold `key`.
fn lowest(key: u32) -> u32 {
    (0..MAX_HEIGHT)
        .find(|&height| covers(height, key))
        .unwrap_or(MAX_HEIGHT)
}

/// How two nodes join.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joined {
    /// They are one node.
    Same,
    /// The left one says it all.
    Left,
    /// The right one says it all.
    Right,
    /// Neither does; this new one does.
    New(Index),
}

struct Join<'a> {
    maker: &'a Maker<'a>,
    left_knows: &'a dyn Fn(u64) -> bool,
    right_knows: &'a dyn Fn(u64) -> bool,
}

impl Join<'_> {
    /// Joins `left` and the trie `right`, which is not higher.
    fn at(&self, left: Index, height: u32, right: Index, right_height: u32) -> Option<Joined> {
        if left == right {
            return Some(Joined::Same);
        }
        let pool = self.maker.pool;
        let (a, b) = (pool.node(left), pool.node(right));
        if b.origin() != 0 && (self.left_knows)(b.origin()) {
            return Some(Joined::Left);
        }
        if height == right_height {
            if a.origin() != 0 && (self.right_knows)(a.origin()) {
                return Some(Joined::Right);
            }
            return if height == 0 {
                self.leaves(a, b)
            } else {
                self.inner(a, b, height)
            };
        }
        // What is right lies below the first child.
        let child = a.child(0);
        let joined = if child == 0 {
            Joined::Right
        } else {
            self.at(child, height - 1, right, right_height)?
        };
        match joined {
            Joined::Left | Joined::Same => Some(Joined::Left),
            Joined::Right if child == 0 => {
                let mut below = self.maker.take_over(right);
                for height in right_height + 1..height {
                    below = self.maker.above(below, height, 0)?;
                }
                self.with_first_child(left, below)
            }
            Joined::Right => self.with_first_child(left, self.maker.take_over(right)),
            Joined::New(below) => self.with_first_child(left, below),
        }
    }

    fn with_first_child(&self, left: Index, child: Index) -> Option<Joined> {
        let pool = self.maker.pool;
        let Some(copy) = self.maker.copy(left) else {
            pool.release(child, self.maker.shard);
            return None;
        };
        let node = pool.node(copy);
        pool.release(node.child(0), self.maker.shard);
        node.set_child(0, child);
        node.set_origin(self.maker.origin);
        Some(Joined::New(copy))
    }

    fn leaves(&self, a: &Node, b: &Node) -> Option<Joined> {
        let (mut left, mut right) = (true, true);
        for i in 0..WORDS {
            left &= a.word(i) >= b.word(i);
            right &= a.word(i) <= b.word(i);
        }
        Some(match (left, right) {
            (true, _) => Joined::Left,
            (false, true) => Joined::Right,
            (false, false) => {
                let (index, node) = self.maker.new_node(0)?;
                (0..WORDS).for_each(|i| node.set_word(i, a.word(i).max(b.word(i))));
                Joined::New(index)
            }
        })
    }

    fn inner(&self, a: &Node, b: &Node, height: u32) -> Option<Joined> {
        let mut joined = [Joined::Same; CHILDREN];
        for i in 0..CHILDREN {
            let child = match (a.child(i), b.child(i)) {
                (left, right) if left == right => Some(Joined::Same),
                (_, 0) => Some(Joined::Left),
                (0, _) => Some(Joined::Right),
                (left, right) => self.at(left, height - 1, right, height - 1),
            };
            let Some(child) = child else {
                self.discard(&joined);
                return None;
            };
            joined[i] = child;
        }
        let all = |side| joined.iter().all(|&j| j == side || j == Joined::Same);
        if all(Joined::Left) {
            return Some(Joined::Left);
        }
        if all(Joined::Right) {
            return Some(Joined::Right);
        }
        let Some((index, node)) = self.maker.new_node(height) else {
            self.discard(&joined);
            return None;
        };
        for (i, &joined) in joined.iter().enumerate() {
            let child = match joined {
                Joined::New(child) => child,
                Joined::Right => self.maker.take_over(b.child(i)),
                Joined::Left | Joined::Same => {
                    self.maker.pool.retain(a.child(i));
                    a.child(i)
                }
            };
            node.set_child(i, child);
        }
        Some(Joined::New(index))
    }

    fn discard(&self, joined: &[Joined]) {
        for &joined in joined {
            if let Joined::New(index) = joined {
                self.maker.pool.release(index, self.maker.shard);
            }
        }
    }
}

/// The origins of all nodes.
#[cfg(all(test, not(loom)))]
pub(crate) fn origins(pool: &Pool, root: Index) -> impl Iterator<Item = u64> {
    let mut nodes = alloc::vec::Vec::from([root]);
    core::iter::from_fn(move || {
        let node = pool.node(nodes.pop()?);
        if node.kind() == Kind::Inner {
            let children = (0..CHILDREN).map(|i| node.child(i));
            nodes.extend(children.filter(|&child| child != 0));
        }
        Some(node.origin())
    })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::source::Source;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::vec::Vec;

    type Map = BTreeMap<u32, u64>;

    fn pool() -> Pool {
        Pool::new(&Source::default(), 1 << 24).unwrap()
    }

    fn maker(pool: &Pool) -> Maker<'_> {
        Maker {
            pool,
            origin: 0,
            shard: 0,
            need: Need::Knowledge,
        }
    }

    fn listed(pool: &Pool, root: Index) -> Vec<(u32, u64)> {
        let mut found = Vec::new();
        all(pool, root, |key, word| {
            found.push((key, word));
            true
        });
        found
    }

    fn made(pool: &Pool, map: &Map) -> Index {
        let put = |root, (&key, &word): (&u32, &u64)| maker(pool).put(root, key, word);
        map.iter().try_fold(0, put).unwrap()
    }

    fn keys() -> impl Strategy<Value = u32> {
        prop_oneof![4 => 0u32..40, 2 => 0u32..3000, 1 => 0u32..1 << 28]
    }

    fn maps() -> impl Strategy<Value = Map> {
        prop::collection::btree_map(keys(), 1u64..9, 0..40)
    }

    fn nobody(_: u64) -> bool {
        false
    }

    proptest! {
        #[test]
        fn a_copy_keeps_what_it_had(first in maps(), then in prop::collection::vec((keys(), 1u64..9), 0..20)) {
            let pool = pool();
            let root = made(&pool, &first);
            pool.retain(root);
            let (mut changed, mut expected) = (root, first.clone());
            for (key, word) in then {
                changed = maker(&pool).put(changed, key, word).unwrap();
                let known = expected.entry(key).or_default();
                *known = word.max(*known);
                prop_assert_eq!(get(&pool, changed, key), expected[&key]);
            }
            prop_assert_eq!(listed(&pool, root), first.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(listed(&pool, changed), expected.into_iter().collect::<Vec<_>>());
            pool.release(root, 0);
            pool.release(changed, 0);
            prop_assert_eq!(pool.in_use(), 0);
        }

        #[test]
        fn join_and_meet_are_bounds(a in maps(), b in maps()) {
            let pool = pool();
            let (left, right) = (made(&pool, &a), made(&pool, &b));
            let met = maker(&pool).meet(left, right).unwrap();
            let joined = maker(&pool).join(left, right, &nobody, &nobody).unwrap();
            let keys: Vec<u32> = a.keys().chain(b.keys()).copied().collect();
            let at = |map: &Map, key| map.get(&key).copied().unwrap_or(0);
            for key in keys {
                prop_assert_eq!(get(&pool, joined, key), at(&a, key).max(at(&b, key)));
                prop_assert_eq!(get(&pool, met, key), at(&a, key).min(at(&b, key)));
            }
            prop_assert_eq!(listed(&pool, joined).len(), a.keys().chain(b.keys()).collect::<std::collections::BTreeSet<_>>().len());
            for root in [joined, right, met] {
                pool.release(root, 0);
            }
            prop_assert_eq!(pool.in_use(), 0);
        }

        #[test]
        fn what_is_taken_over_gets_the_makers_origin(a in maps(), b in maps()) {
            let pool = pool();
            let of_thread = Maker { origin: 7, ..maker(&pool) };
            let put = |root, (&key, &word): (&u32, &u64)| of_thread.put(root, key, word);
            let (left, right) = (a.iter().try_fold(0, put).unwrap(), made(&pool, &b));
            let joined = of_thread.join(left, right, &nobody, &nobody).unwrap();
            if joined != 0 {
                prop_assert!(origins(&pool, joined).all(|origin| origin == 7));
            }
            pool.release(joined, 0);
            pool.release(right, 0);
            prop_assert_eq!(pool.in_use(), 0);
        }

        #[test]
        fn without_memory_nothing_changes(a in maps(), b in maps(), key in keys(), spare in 0u32..6) {
            let measure = pool();
            let _ = (made(&measure, &a), made(&measure, &b));
            let pool = Pool::new(&Source::default(), measure.in_use() as u32 + 1 + spare).unwrap();
            let (left, right) = (made(&pool, &a), made(&pool, &b));
            let left = match maker(&pool).join(left, right, &nobody, &nobody) {
                Some(joined) => joined,
                None => {
                    prop_assert_eq!(listed(&pool, left), a.into_iter().collect::<Vec<_>>());
                    left
                }
            };
            let right = maker(&pool).put(right, key, 7).unwrap_or(right);
            pool.release(left, 0);
            pool.release(right, 0);
            prop_assert_eq!(pool.in_use(), 0);
        }
    }

    #[test]
    fn joining_versions_of_one_trie_visits_what_differs() {
        let pool = pool();
        let map: Map = (0..5000).map(|key| (key, 1)).collect();
        let root = made(&pool, &map);
        pool.retain(root);
        let newer = maker(&pool).put(root, 77, 2).unwrap();
        let before = pool.in_use();
        let joined = maker(&pool).join(root, newer, &nobody, &nobody).unwrap();
        assert_eq!(joined, newer, "the newer version is shared, not copied");
        assert_eq!(
            pool.in_use(),
            before - 4,
            "the older one's own path is gone"
        );
    }
}

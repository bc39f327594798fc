//! The calling-context tree: every distinct call stack, as one small number.
//!
//! A node is a frame under its caller's node, so stacks that begin alike share their
//! beginnings, and an access record can afford to keep the stack it was made with
//! (Ammons, Ball and Larus, PLDI 1997). Where calls and returns are observed, a thread keeps its
//! present node; where they are not, a stack is captured and folded in. Frames are stored raw.
//!
//! The tree takes no lock. Nodes are only ever added, to chains by hash, and the number of nodes
//! is bounded: where it is reached, a stack ends at the innermost caller that is known, and
//! [`ContextTree::shortened`] counts it.

use crate::array::{Array, Zeroable};
use crate::notes::Notes;
use crate::pool::{ensure, free};
use crate::primitive::{AtomicPtr, AtomicU32, AtomicU64, Ordering};
use crate::source::{PAGE, Source};
use crate::table::hash;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use core::panic::Location;

/// A node of a [`ContextTree`]: a call stack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct NodeId(u32);

impl NodeId {
    pub(crate) const BITS: u32 = 28;
    /// The empty stack.
    pub const ROOT: Self = Self(0);

    /// The node that [`Self::number`] gave `number` for, in the same tree.
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        Self::from_bits(u64::from(number))
    }

    /// The node as a number, for whoever keeps it outside of Rust.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    pub(crate) fn bits(self) -> u64 {
        u64::from(self.0)
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits as u32 & ((1 << Self::BITS) - 1))
    }
}

/// One step of a calling context.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Frame {
    /// A return address, or another number of less than 62 bits that says where a call was made.
    Return(usize),
    /// Calls are left out here, between one and the same one made again before it returned: see
    /// [`ContextTree::child_folding_recursion`].
    LeftOut,
    /// The place in the source that an operation was written at.
    Site(Site),
    /// The number of bytes that an access was made with.
    Size(usize),
    /// A lock that was held, which stands between an access's size and the locks taken later.
    Lock(HeldLock),
}

/// A lock that a thread holds, by the place at which it was taken.
///
/// Which lock it is does not matter to a race: had both sides held one and the same, one unlock would
/// have ordered them, unless both held it to read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct HeldLock {
    /// How it is held.
    pub mode: LockMode,
    /// Where it was taken.
    pub taken: Site,
}

/// How a lock is held.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LockMode {
    /// A lock that only one holds.
    Mutex,
    /// A readers-writer lock, with other readers.
    Read,
    /// A readers-writer lock, alone.
    Write,
}

impl LockMode {
    /// How many low bits of a word it takes. Places in the source are aligned to as much.
    const BITS: u32 = 2;

    fn bits(self) -> u64 {
        match self {
            Self::Mutex => 0,
            Self::Read => 1,
            Self::Write => 2,
        }
    }

    fn from_bits(bits: u64) -> Self {
        match bits & ((1 << Self::BITS) - 1) {
            0 => Self::Mutex,
            1 => Self::Read,
            _ => Self::Write,
        }
    }
}

const _: () = assert!(align_of::<Location<'static>>() >= 1 << LockMode::BITS);

const TAG_SHIFT: u32 = 62;

/// No address, nor any number that says where a call was made.
const LEFT_OUT: u64 = (1 << TAG_SHIFT) - 1;

impl Frame {
    fn word(self) -> u64 {
        let (tag, value) = match self {
            Self::Return(address) => (0, address as u64),
            Self::LeftOut => (0, LEFT_OUT),
            Self::Site(site) => (1, site.word()),
            Self::Size(size) => (2, size as u64),
            Self::Lock(lock) => (3, lock.taken.word() | lock.mode.bits()),
        };
        tag << TAG_SHIFT | value & ((1 << TAG_SHIFT) - 1)
    }

    fn from_word(word: u64) -> Self {
        let value = (word & ((1 << TAG_SHIFT) - 1)) as usize;
        match word >> TAG_SHIFT {
            0 if value as u64 == LEFT_OUT => Self::LeftOut,
            0 => Self::Return(value),
            // SAFETY: words with this tag are made by `word`, of a site.
            1 => Self::Site(unsafe { Site::from_word(value) }),
            2 => Self::Size(value),
            _ => Self::Lock(HeldLock {
                mode: LockMode::from_bits(value as u64),
                // SAFETY: words with this tag are made by `word`, of a site and a mode.
                taken: unsafe { Site::from_word(value & !((1 << LockMode::BITS) - 1)) },
            }),
        }
    }
}

/// A place in the source, compared by identity.
#[derive(Clone, Copy, Debug)]
pub struct Site(pub &'static Location<'static>);

impl Site {
    fn word(self) -> u64 {
        core::ptr::from_ref(self.0).expose_provenance() as u64
    }

    /// # Safety
    ///
    /// `word` is what [`Self::word`] gave; addresses have less than 62 bits.
    unsafe fn from_word(word: usize) -> Self {
        let location = core::ptr::with_exposed_provenance::<Location<'static>>(word);
        // SAFETY: the caller says that it was made from a static reference.
        Self(unsafe { &*location })
    }
}

impl PartialEq for Site {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.0, other.0)
    }
}

impl Eq for Site {}

impl Hash for Site {
    fn hash<H: Hasher>(&self, state: &mut H) {
        core::ptr::from_ref(self.0).hash(state);
    }
}

#[derive(Default)]
struct Node {
    caller: AtomicU32,
    /// The next node with this hash.
    next: AtomicU32,
    frame: AtomicU64,
}

// SAFETY: zero bytes are numbers.
unsafe impl Zeroable for Node {}

const BUCKET_BITS: u32 = 20;
/// The buckets of a page, and the pages.
const PAGE_BUCKETS: usize = PAGE / size_of::<u32>();
const PAGES: usize = (1 << BUCKET_BITS) / PAGE_BUCKETS;
/// So many buckets are near each other.
const GROUP: usize = 8;
/// Nodes in a near bucket after which others go to the far one.
const MANY: usize = 4;
const CHUNK_BITS: u32 = 16;
const CHUNK: usize = 1 << CHUNK_BITS;
const CHUNKS: usize = 1 << (NodeId::BITS - CHUNK_BITS);
/// The default bound on the number of nodes: 1 GiB of them.
pub const DEFAULT_LIMIT: u32 = 1 << 26;

/// So many nodes are made before recursion is folded: half a megabyte of them.
pub const FOLDED_FROM: u32 = 1 << 15;
/// The bit of a caller that says: an entry of a call that was folded; the next node has the earlier call's.
const FOLDED: u32 = 1 << 31;
/// How far up a stack the earlier call is looked for.
const FARTHEST: usize = 1024;

/// What came of looking for a node.
enum Looked {
    Found(u32),
    /// It is not there, and would go to the bucket of this number, which begins with that node.
    Room(usize, u32),
}

/// All call stacks that a detector has seen.
pub struct ContextTree {
    buckets: Array<AtomicU32>,
    /// In which pages of these there may be nodes.
    notes: Notes<{ PAGES / 64 }>,
    chunks: Array<AtomicPtr<Node>>,
    used: AtomicU32,
    shortened: AtomicU64,
    limit: u32,
    source: Source,
}

impl Default for ContextTree {
    /// # Panics
    ///
    /// Where there is no memory for the tree's tables.
    fn default() -> Self {
        Self::new(&Source::default(), DEFAULT_LIMIT).expect("memory for the tables of call stacks")
    }
}

impl ContextTree {
    /// A tree of up to `limit` nodes; `None` where there is no memory for its tables.
    #[must_use]
    pub fn new(source: &Source, limit: u32) -> Option<Self> {
        Some(Self {
            buckets: Array::new(1 << BUCKET_BITS, source)?,
            notes: Notes::new(),
            chunks: Array::new(CHUNKS, source)?,
            used: AtomicU32::new(1),
            shortened: AtomicU64::new(0),
            limit: limit.clamp(1, (CHUNKS * CHUNK) as u32),
            source: *source,
        })
    }

    /// The number of distinct call stacks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.used.load(Ordering::Relaxed) as usize
    }

    /// Whether there is no call stack but the empty one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 1
    }

    /// How often a frame was left out because the tree was full.
    #[must_use]
    pub fn shortened(&self) -> u64 {
        self.shortened.load(Ordering::Relaxed)
    }

    fn node(&self, id: u32) -> &Node {
        let chunk = self.chunks[id as usize >> CHUNK_BITS].load(Ordering::Acquire);
        assert!(!chunk.is_null(), "the node was made by this tree");
        // SAFETY: the chunk has this many nodes and lives as long as the tree.
        unsafe { &*chunk.add(id as usize & (CHUNK - 1)) }
    }

    /// The node of `frame` called from `caller`; `caller` itself where the tree is full.
    pub fn child(&self, caller: NodeId, frame: Frame) -> NodeId {
        self.child_of(caller, frame.word())
    }

    fn child_of(&self, caller: NodeId, word: u64) -> NodeId {
        match self.find_or_add([(caller.0, word)]) {
            Some(id) => NodeId(id),
            None => {
                self.shortened.fetch_add(1, Ordering::Relaxed);
                caller
            }
        }
    }

    /// As [`Self::child`], for callers that keep the node of each frame that has not returned, and do not ask
    /// [`Self::caller`] for it: once the tree has [`FOLDED_FROM`] nodes, a call that is made again while it has
    /// not returned, from the same place in the program, has the node of the earlier one, with a
    /// [`Frame::LeftOut`] on top. The stacks of a recursion with several ways down would otherwise be as many as
    /// there are ways.
    pub fn child_folding_recursion(&self, caller: NodeId, frame: Frame) -> NodeId {
        let word = frame.word();
        if let Looked::Found(found) = self.look(caller.0, word) {
            return NodeId(found);
        }
        if self.len() < FOLDED_FROM as usize {
            return self.child_of(caller, word);
        }
        if let Looked::Found(found) = self.look(caller.0 | FOLDED, word) {
            return NodeId(self.node(found + 1).frame.load(Ordering::Relaxed) as u32);
        }
        let Some(earlier) = self.earlier(caller, word) else {
            return self.child_of(caller, word);
        };
        let NodeId(earlier) = self.child(NodeId(earlier), Frame::LeftOut);
        // Where there is no room for the entry, the way is gone again the next time.
        let _ = self.find_or_add([(caller.0 | FOLDED, word), (0, earlier.into())]);
        NodeId(earlier)
    }

    /// The innermost call of `word` that `node` has not returned from, some way up.
    fn earlier(&self, NodeId(node): NodeId, word: u64) -> Option<u32> {
        let caller = |id: &u32| match self.node(*id).caller.load(Ordering::Relaxed) {
            0 => None,
            caller => Some(caller),
        };
        let mut stack = core::iter::successors(Some(node).filter(|id| *id != 0), caller);
        let mut near = stack.by_ref().take(FARTHEST);
        near.find(|id| self.node(*id).frame.load(Ordering::Relaxed) == word)
    }

    /// The bucket of a call near those of its caller's other calls: one cache line has all of them.
    fn near(caller: u32, word: u64) -> usize {
        let group = (caller & !FOLDED) as usize * GROUP;
        let place = (hash(word) >> (u64::BITS - GROUP.ilog2())) as usize;
        (group + place) % (1 << BUCKET_BITS)
    }

    /// The bucket of a call anywhere: a caller may have many.
    fn far(caller: u32, word: u64) -> usize {
        let hash = hash(word ^ u64::from(caller).rotate_right(u32::BITS));
        (hash >> (u64::BITS - BUCKET_BITS)) as usize
    }

    /// The first node of a bucket.
    #[inline]
    fn first_in(&self, bucket: usize) -> u32 {
        if !self.notes.has(bucket / PAGE_BUCKETS) {
            return 0;
        }
        self.buckets[bucket].load(Ordering::Acquire)
    }

    /// Puts the node `id` in front of the `first` one of a bucket, unless that is not the first any more.
    fn put_in_front(&self, bucket: usize, first: u32, id: u32) -> bool {
        let head = &self.buckets[bucket];
        self.notes.bring(bucket / PAGE_BUCKETS, head);
        self.node(id).next.store(first, Ordering::Relaxed);
        head.compare_exchange(first, id, Ordering::Release, Ordering::Relaxed)
            .is_ok()
    }

    /// Looks for the node of this caller and frame. It is in the far bucket only if the near one had many when it came.
    #[inline]
    fn look(&self, caller: u32, word: u64) -> Looked {
        match self.look_in(Self::near(caller, word), caller, word) {
            (Looked::Room(..), length) if length >= MANY => {
                self.look_in(Self::far(caller, word), caller, word).0
            }
            (looked, _) => looked,
        }
    }

    /// The same, in a bucket; and how many nodes that has, where this is none of them.
    #[inline]
    fn look_in(&self, bucket: usize, caller: u32, word: u64) -> (Looked, usize) {
        let first = self.first_in(bucket);
        let (mut id, mut length) = (first, 0);
        while id != 0 {
            let node = self.node(id);
            if node.frame.load(Ordering::Relaxed) == word
                && node.caller.load(Ordering::Relaxed) == caller
            {
                return (Looked::Found(id), length);
            }
            id = node.next.load(Ordering::Relaxed);
            length += 1;
        }
        (Looked::Room(bucket, first), length)
    }

    /// The node of the first of the `parts`, a caller and a frame; if it is not there, it is made, and the others behind
    /// it. `None` where there is no room.
    fn find_or_add<const N: usize>(&self, parts: [(u32, u64); N]) -> Option<u32> {
        let (caller, word) = parts[0];
        let mut made = None;
        loop {
            let (bucket, first) = match self.look(caller, word) {
                // Where another thread has added it just now, what was made is never used.
                Looked::Found(id) => return Some(id),
                Looked::Room(bucket, first) => (bucket, first),
            };
            let id = match made {
                Some(id) => id,
                None => *made.insert(self.new_nodes(parts)?),
            };
            if self.put_in_front(bucket, first, id) {
                return Some(id);
            }
        }
    }

    /// So many nodes behind each other, with these callers and frames.
    fn new_nodes<const N: usize>(&self, parts: [(u32, u64); N]) -> Option<u32> {
        let count = N as u32;
        let next = |used| (used + count <= self.limit).then_some(used + count);
        let first = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
            .ok()?;
        for (id, (caller, word)) in (first..).zip(parts) {
            ensure(&self.chunks[id as usize >> CHUNK_BITS], CHUNK, &self.source)?;
            let node = self.node(id);
            node.caller.store(caller, Ordering::Relaxed);
            node.frame.store(word, Ordering::Relaxed);
        }
        Some(first)
    }

    /// The node that `node` was called from.
    #[must_use]
    pub fn caller(&self, node: NodeId) -> NodeId {
        match node {
            NodeId::ROOT => NodeId::ROOT,
            NodeId(id) => NodeId(self.node(id).caller.load(Ordering::Relaxed)),
        }
    }

    /// The innermost frame of `node`; the empty stack has none.
    #[must_use]
    pub fn frame(&self, node: NodeId) -> Option<Frame> {
        let NodeId(id) = node;
        (id != 0).then(|| Frame::from_word(self.node(id).frame.load(Ordering::Relaxed)))
    }

    /// The frames of `node`, innermost first.
    #[must_use]
    pub fn frames(&self, node: NodeId) -> Vec<Frame> {
        let mut frames = Vec::new();
        let NodeId(mut id) = node;
        while id != 0 {
            let node = self.node(id);
            frames.push(Frame::from_word(node.frame.load(Ordering::Relaxed)));
            id = node.caller.load(Ordering::Relaxed);
        }
        frames
    }
}

impl Drop for ContextTree {
    fn drop(&mut self) {
        for chunk in self.chunks.iter() {
            // SAFETY: chunks are made by `ensure` with this length and source.
            unsafe { free(chunk, CHUNK, &self.source) };
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn equal_stacks_share_a_node_and_give_their_frames_back() {
        let tree = ContextTree::default();
        let site = Frame::Site(Site(Location::caller()));
        let main = tree.child(NodeId::ROOT, Frame::Return(1));
        let left = tree.child(main, Frame::Return(2));
        let right = tree.child(main, site);
        assert_ne!(left, right);
        assert_eq!(left, tree.child(main, Frame::Return(2)));
        assert_ne!(left, tree.child(main, Frame::Size(2)));
        assert_eq!(tree.frames(right), [site, Frame::Return(1)]);
        assert_eq!(tree.caller(right), main);
        assert_eq!(tree.frame(right), Some(site));
        assert_eq!(tree.frame(NodeId::ROOT), None);
        assert_eq!(NodeId::from_number(right.number()), right);
        assert_eq!(tree.frames(NodeId::ROOT), []);
    }

    #[test]
    fn locks_are_kept_apart_by_place_and_mode() {
        let tree = ContextTree::default();
        let taken = Site(Location::caller());
        for mode in [LockMode::Mutex, LockMode::Read, LockMode::Write] {
            let lock = Frame::Lock(HeldLock { mode, taken });
            let node = tree.child(NodeId::ROOT, lock);
            assert_eq!(tree.frames(node), [lock]);
        }
        assert_eq!(tree.len(), 4);
    }

    #[test]
    fn a_full_tree_shortens_stacks_and_counts() {
        let tree = ContextTree::new(&Source::default(), 3).unwrap();
        let a = tree.child(NodeId::ROOT, Frame::Return(1));
        let b = tree.child(a, Frame::Return(2));
        assert_eq!(tree.child(b, Frame::Return(3)), b);
        assert_eq!(tree.child(a, Frame::Return(2)), b);
        assert_eq!(tree.shortened(), 1);
    }

    #[test]
    fn a_recursion_with_many_ways_down_stays_small_and_others_stay_exact() {
        let tree = ContextTree::default();
        let call = |node, site| tree.child_folding_recursion(node, Frame::Return(site));
        let main = call(NodeId::ROOT, 1);
        let down = |way: u32| {
            (0..24).fold(main, |node, level| {
                let inner = call(node, 2 + (way >> level & 1) as usize);
                call(inner, 4)
            })
        };
        // Few ways are all kept.
        let kept = down(0b1011);
        assert_eq!(tree.frames(kept).len(), 49);
        let all = || (0..1 << 17).for_each(|way| assert_ne!(down(way), main));
        all();
        let len = tree.len();
        assert!(len < 4 * FOLDED_FROM as usize, "{len}");
        assert_eq!(down(0b1011), kept);
        // It was folded, is again the same, and has no call twice.
        let folded = down(0xaa_aaaa);
        assert_eq!(down(0xaa_aaaa), folded);
        let frames = tree.frames(folded);
        assert!(frames.len() < 49);
        assert_eq!(frames[..2], [Frame::LeftOut, Frame::Return(4)]);
        all();
        assert_eq!(tree.len(), len, "what was folded is found again");
        // What calls nothing again is exact.
        let deep = (100..200).fold(main, call);
        let frames = tree.frames(deep).into_iter().rev();
        let expected = core::iter::once(1).chain(100..200).map(Frame::Return);
        assert!(frames.eq(expected));
    }

    #[test]
    fn calls_of_one_caller_are_near_each_other_and_many_spread() {
        let tree = ContextTree::default();
        let main = tree.child(NodeId::ROOT, Frame::Return(1));
        (2..100_000).for_each(|site| {
            tree.child(main, Frame::Return(site));
        });
        let lengths = (0..tree.buckets.len()).map(|bucket| {
            let (_, length) = tree.look_in(bucket, u32::MAX, 0);
            length
        });
        let lengths: Vec<_> = lengths.filter(|length| *length > 0).collect();
        assert_eq!(lengths.iter().sum::<usize>(), tree.len() - 1);
        assert!(lengths.len() > 90_000, "{}", lengths.len());
        assert!(lengths.iter().all(|length| *length <= 2 * MANY));
    }

    #[test]
    fn threads_agree_on_nodes() {
        let tree = ContextTree::default();
        let fold = || {
            let step = |node, i| tree.child(node, Frame::Return(i % 7));
            (0..300usize).fold(NodeId::ROOT, step)
        };
        std::thread::scope(|scope| {
            let nodes: [_; 4] = core::array::from_fn(|_| scope.spawn(fold));
            let nodes = nodes.map(|thread| thread.join().unwrap());
            assert!(
                nodes
                    .iter()
                    .all(|node| tree.frames(*node) == tree.frames(nodes[0]))
            );
            assert!(nodes.iter().all(|node| *node == nodes[0]));
        });
    }
}

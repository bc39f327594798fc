//! A walk that is remembered, and how the next one is made from it.
//!
//! What a step does depends on the frame that it starts from and on one or two words of the stack:
//! the return address below the caller's frame and, where the callee has changed it, the caller's frame
//! pointer. So where a walk comes to a frame that the last one had, and these words are what they
//! were, its caller is what it was. To see that takes two comparisons for a frame, where a step takes
//! a look-up of its rule, and the stack's node is known without a look into the tree.
//!
//! Nothing is taken for granted: a frame that was left and entered again is the same frame if its words
//! are the same, and another one if they are not. Two things may differ that change nothing:
//!
//! - Addresses on the stack are kept as distances from its end, so that what runs on another stack,
//!   but in the same frames, is the same walk.
//! - The register for frame pointers mostly holds something else, which differs each time. It is
//!   compared only where a frame further out is found by it.

use super::rule::{Caller, Rule, WORD};
use super::{Frame, RULES, learn, registers};
use crate::context::{self, NodeId};
use crate::stack::Operation;
use crate::unwind::{Bounds, MAX_FRAMES};
use smallvec::SmallVec;
use std::ops::Range;
use std::ptr::with_exposed_provenance;

/// A frame of a walk. Addresses are distances from the stack's end.
#[derive(Clone, Copy)]
struct Step {
    ip: usize,
    sp: usize,
    bp: usize,
    /// Where the caller's frame pointer is kept; 0 where it is this one's.
    saved: usize,
    /// Whether the caller is found by `bp`.
    uses_bp: bool,
    /// Whether any frame further out is.
    needs_bp: bool,
    /// The stack up to this frame.
    node: NodeId,
    /// How many words are read on the way from this frame outwards.
    words: usize,
}

impl Step {
    /// The step from `frame`, whose rule is `rule`, to its caller, if it has one.
    fn new(frame: Frame, (rule, caller): (Rule, Option<Frame>), end: usize) -> Self {
        let saved = caller.map(|caller| rule.saved_at(caller.sp));
        Self {
            ip: frame.ip,
            sp: frame.sp.wrapping_sub(end),
            bp: frame.bp.wrapping_sub(end),
            saved: match saved {
                None | Some(0) => 0,
                Some(address) => address.wrapping_sub(end),
            },
            uses_bp: rule.uses_bp(),
            needs_bp: true,
            node: NodeId::ROOT,
            words: 0,
        }
    }

    fn is(&self, frame: Frame, end: usize) -> bool {
        self.ip == frame.ip
            && self.sp == frame.sp.wrapping_sub(end)
            && (!self.needs_bp || self.bp == frame.bp.wrapping_sub(end))
    }

    /// The caller's frame pointer, where this frame's is `bp`.
    ///
    /// # Safety
    ///
    /// This must be a frame of a live stack that ends at `end`.
    #[inline]
    unsafe fn callers_bp(&self, bp: usize, end: usize) -> usize {
        match self.saved {
            0 => bp,
            // SAFETY: the rule of this frame, which is live, says that it is there.
            saved => unsafe { word(saved.wrapping_add(end)) },
        }
    }
}

/// The word at `address`.
///
/// # Safety
///
/// It must lie on a live stack, aligned.
#[inline]
unsafe fn word(address: usize) -> usize {
    // SAFETY: by the caller.
    unsafe { with_exposed_provenance::<usize>(address).read() }
}

/// The last walk of some stack.
#[derive(Default)]
pub(in crate::unwind) struct LastWalk {
    /// Outermost first.
    steps: Vec<Step>,
    /// What is read on the way between them, outermost first, too: so that what a walk has in common with the
    /// next one stays.
    words: Vec<Word>,
    /// The operation at which it began, and the node of that; `None` where the steps are not those of
    /// the whole stack.
    last: Option<(Operation, NodeId)>,
}

/// A word that a walk reads.
struct Word {
    /// Its distance from the stack's end.
    at: usize,
    /// What is there.
    value: usize,
    /// All bits where that is a distance, too, as a frame pointer is; none where it is an address.
    relative: usize,
}

impl Word {
    /// What is read in `callee`'s frame of its caller's: the frame pointer, where something is found by it, and
    /// where to return to.
    fn between(caller: &Step, callee: &Step) -> impl Iterator<Item = Self> {
        let saved = Self {
            at: callee.saved,
            value: caller.bp,
            relative: usize::MAX,
        };
        let returns = Self {
            at: caller.sp.wrapping_sub(WORD),
            value: caller.ip,
            relative: 0,
        };
        let is_needed = caller.needs_bp && callee.saved != 0;
        is_needed.then_some(saved).into_iter().chain([returns])
    }

    /// # Safety
    ///
    /// It must lie on a live stack that ends at `end`.
    #[inline]
    unsafe fn is_still(&self, end: usize) -> bool {
        // SAFETY: by the caller.
        let now = unsafe { word(self.at.wrapping_add(end)) };
        now.wrapping_sub(end & self.relative) == self.value
    }
}

/// Frames that the last walk did not have, innermost first.
type Inner = SmallVec<[Step; 32]>;

/// With so many frames a walk need not go on: those that are left out are few.
const ENOUGH: usize = 2 * MAX_FRAMES;

impl LastWalk {
    /// The node of `operation` on the current stack; `child` makes nodes. `None` where there was
    /// something on the stack that rules cannot say.
    #[inline(never)]
    pub(in crate::unwind) fn node(
        &mut self,
        bounds: Bounds<'_>,
        operation: Operation,
        child: impl Fn(NodeId, context::Frame) -> NodeId,
    ) -> Option<NodeId> {
        let mut frame = Frame::default();
        // SAFETY: the place to write to is valid and has the layout that the function expects.
        unsafe { registers(&mut frame) };
        if let Some((last, node)) = self.last
            && last == operation
            // SAFETY: the frame is this function's, which does not return meanwhile.
            && unsafe { self.is_still(frame, bounds) }
        {
            return Some(node);
        }
        let mut inner = Inner::new();
        // SAFETY: as above.
        let kept = unsafe { self.walk(frame, bounds, &mut inner) }?;
        // The outermost frames of a deep stack are left out, as of a walk that is not remembered.
        let is_whole = kept + inner.len() < MAX_FRAMES;
        let node = if is_whole {
            self.replace(kept, &inner, bounds, &child)
        } else {
            let steps = inner.iter().chain(self.steps[..kept].iter().rev());
            let outside =
                steps.filter(|step| bounds.has_outside(step.sp.wrapping_add(bounds.stack.end)));
            let outside: SmallVec<[&Step; 32]> = outside.take(MAX_FRAMES).collect();
            let add = |node, step: &Step| child(node, context::Frame::Return(step.ip));
            outside.into_iter().rev().fold(NodeId::ROOT, add)
        };
        let node = operation.on(node, child);
        self.last = is_whole.then_some((operation, node));
        Some(node)
    }

    /// Whether the walk from `frame` on is the last one, whole.
    ///
    /// # Safety
    ///
    /// `frame` must be one of a live stack.
    #[inline]
    unsafe fn is_still(&self, frame: Frame, bounds: Bounds<'_>) -> bool {
        let end = bounds.stack.end;
        let (Some(innermost), Some(outermost)) = (self.steps.last(), self.steps.first()) else {
            return false;
        };
        let outermost = Frame {
            ip: outermost.ip,
            sp: outermost.sp.wrapping_add(end),
            // Where it is not what it was, it is not needed.
            bp: outermost.bp.wrapping_add(end),
        };
        bounds.stack.contains(&frame.sp)
            && innermost.is(frame, end)
            // SAFETY: the caller's frame is live, and so, as long as all words are as they were, are those
            // that they lead to, which say that the next word is there.
            && self.words.iter().rev().all(|word| unsafe { word.is_still(end) })
            // SAFETY: as above.
            && matches!(unsafe { step(outermost, bounds) }, Some((_, None)))
    }

    /// Makes the outermost `kept` frames and `inner` the last walk. Gives its node.
    fn replace(
        &mut self,
        kept: usize,
        inner: &[Step],
        bounds: Bounds<'_>,
        child: &impl Fn(NodeId, context::Frame) -> NodeId,
    ) -> NodeId {
        self.steps.truncate(kept);
        let last = self.steps.last();
        let mut node = last.map_or(NodeId::ROOT, |step| step.node);
        let mut needs_bp = last.is_some_and(|step| step.needs_bp);
        self.words.truncate(last.map_or(0, |step| step.words));
        for step in inner.iter().rev() {
            if bounds.has_outside(step.sp.wrapping_add(bounds.stack.end)) {
                node = child(node, context::Frame::Return(step.ip));
            }
            needs_bp = step.uses_bp || step.saved == 0 && needs_bp;
            if let Some(caller) = self.steps.last() {
                self.words.extend(Word::between(caller, step));
            }
            self.steps.push(Step {
                needs_bp,
                node,
                words: self.words.len(),
                ..*step
            });
        }
        node
    }

    /// Walks from `frame` on. Gives how many frames of the last walk are the outermost ones of this
    /// one, and leaves the others in `inner`.
    ///
    /// # Safety
    ///
    /// `frame` must be one of a live stack.
    unsafe fn walk(&self, frame: Frame, bounds: Bounds<'_>, inner: &mut Inner) -> Option<usize> {
        if !bounds.stack.contains(&frame.sp) {
            return Some(0);
        }
        let end = bounds.stack.end;
        let mut frame = frame;
        // Those of the last walk that may come yet.
        let mut known = self.steps.len();
        loop {
            let distance = frame.sp.wrapping_sub(end);
            while known > 0 && self.steps[known - 1].sp < distance {
                known -= 1;
            }
            let is_known = known > 0 && self.steps[known - 1].is(frame, end);
            let (at, from) = if is_known {
                // SAFETY: the frame is live, as the caller says, or as the step before says.
                unsafe { self.follow(known - 1, frame, end) }
            } else {
                (known, frame)
            };
            // SAFETY: as above; and of those that were followed each is the caller of the one before.
            let step = unsafe { step(from, bounds) }?;
            if is_known {
                if at == 0 && step.1.is_none() {
                    return Some(known);
                }
                // SAFETY: as above.
                unsafe { self.copy(at + 1..known, frame.bp, end, inner) };
                known = at;
            }
            inner.push(Step::new(from, step, end));
            match step {
                (_, Some(caller)) if inner.len() < ENOUGH => frame = caller,
                _ => return Some(0),
            }
        }
    }

    /// The outermost step that the stack still leads to from step `at`, which is `frame`, and the frame
    /// that it is now.
    ///
    /// # Safety
    ///
    /// `frame` must be one of a live stack that ends at `end`.
    #[inline]
    unsafe fn follow(&self, at: usize, frame: Frame, end: usize) -> (usize, Frame) {
        let (mut at, mut bp) = (at, frame.bp);
        while at > 0 {
            let (callee, caller) = (&self.steps[at], &self.steps[at - 1]);
            // SAFETY: the rule of the callee's frame, which is live, says that the caller's stack pointer
            // is this, and that the return address is below it.
            let ip = unsafe { word(caller.sp.wrapping_add(end).wrapping_sub(WORD)) };
            // SAFETY: as above.
            let callers_bp = unsafe { callee.callers_bp(bp, end) };
            if ip != caller.ip || caller.needs_bp && callers_bp.wrapping_sub(end) != caller.bp {
                break;
            }
            (at, bp) = (at - 1, callers_bp);
        }
        let (ip, sp) = (self.steps[at].ip, self.steps[at].sp.wrapping_add(end));
        (at, Frame { ip, sp, bp })
    }

    /// Appends steps that were followed from the innermost one on, whose frame pointer is `bp`, as they
    /// are now.
    ///
    /// # Safety
    ///
    /// They must be frames of a live stack that ends at `end`.
    unsafe fn copy(&self, steps: Range<usize>, bp: usize, end: usize, inner: &mut Inner) {
        let mut bp = bp;
        for step in self.steps[steps].iter().rev() {
            inner.push(Step {
                bp: bp.wrapping_sub(end),
                ..*step
            });
            // SAFETY: by the caller.
            bp = unsafe { step.callers_bp(bp, end) };
        }
    }
}

/// The rule of `frame`, and its caller, if it has one within the bounds; `None` where rules cannot
/// say.
///
/// # Safety
///
/// `frame` must be one of a live stack.
#[inline]
unsafe fn step(frame: Frame, bounds: Bounds<'_>) -> Option<(Rule, Option<Frame>)> {
    let rule = RULES.get(frame.ip).unwrap_or_else(|| learn(frame.ip));
    let is_within = |sp| bounds.stack.contains(&sp);
    // SAFETY: by the caller.
    let caller = match unsafe { rule.caller(frame) } {
        Caller::Frame(caller) if caller.ip != 0 && is_within(caller.sp) => Some(caller),
        Caller::Unknown => return None,
        Caller::Stack(sp) if is_within(sp) => return None,
        Caller::Frame(_) | Caller::Stack(_) | Caller::None => None,
    };
    Some((rule, caller))
}

//! Tree clocks: clocks that remember from whom, and when, each component was learned.
//!
//! After Mathur, Tunç, Pavlogiannis and Viswanathan, *A Tree Clock Data Structure for Causal
//! Orderings in Concurrent Executions*, ASPLOS 2022. A clock is a tree whose root is its owner. A
//! node says the time of a thread, and at which time of its parent's thread it was learned;
//! children stand in the order in which they were learned, the latest first. Two facts prune a
//! join:
//!
//! - Who knows a node's time knows all that hangs below it.
//! - Who knows a time of the parent's knows all children that were learned no later, and those
//!   stand last.
//!
//! So a join, and a copy to an object that knows nothing else, visit the components that change
//! and a number of others in proportion.
//!
//! What the paper leaves open is filled in as follows:
//!
//! - *Merging.* A tree has one owner, and what several threads left at a wait group has none. Such
//!   an object is a thread of its own: it gets a number, and its time advances with each merge.
//! - *Replacing.* What was left on a channel by somebody else need not be known to who replaces
//!   it. Then the tree is copied whole. The paper's locks never need that.
//! - *Many threads.* The paper indexes arrays by thread. Here nodes lie close together, and an
//!   array that reaches up to the largest known thread tells where; the root stands apart, so that
//!   a thread that knows only old ones has a short array. Times have 32 bits.

use crate::{Clocks, Component};

const NONE: u32 = u32::MAX;
/// The root's place among the nodes.
const ROOT: u32 = 0;

#[derive(Clone, Copy)]
struct Node {
    thread: u32,
    time: u32,
    /// The time of the parent's thread when it learned this one.
    learned: u32,
    parent: u32,
    /// The child that was learned last.
    first: u32,
    /// The siblings that were learned next before, and next after.
    next: u32,
    previous: u32,
}

impl Node {
    fn new(thread: u32, time: u32) -> Self {
        Self {
            thread,
            time,
            learned: 0,
            parent: NONE,
            first: NONE,
            next: NONE,
            previous: NONE,
        }
    }
}

/// A tree clock. The root is always the first of its nodes.
#[derive(Clone)]
struct Tree {
    nodes: Vec<Node>,
    /// Where a thread's node lies; 0, which is the root's place, where there is none.
    places: Vec<u32>,
}

/// What a walk through a tree works with, kept from one to the next.
#[derive(Default)]
struct Scratch {
    path: Vec<Step>,
    /// Nodes of the other tree that are to be taken over, children before their parents.
    found: Vec<u32>,
}

/// A node on the path of a walk.
struct Step {
    node: u32,
    /// The child that is next.
    child: u32,
    /// The time that the other side knows of the node's thread.
    known: u32,
}

impl Tree {
    fn new(thread: u32, time: u32) -> Self {
        Self {
            nodes: vec![Node::new(thread, time)],
            places: Vec::new(),
        }
    }

    fn root(&self) -> &Node {
        &self.nodes[ROOT as usize]
    }

    fn tick(&mut self) {
        let root = &mut self.nodes[ROOT as usize];
        root.time = root.time.checked_add(1).expect("times fit 32 bits");
    }

    fn place(&self, thread: u32) -> Option<u32> {
        if self.root().thread == thread {
            return Some(ROOT);
        }
        let place = self.places.get(thread as usize).copied();
        place.filter(|&place| place != ROOT)
    }

    fn time_of(&self, thread: u32) -> u32 {
        let place = self.place(thread);
        place.map_or(0, |place| self.nodes[place as usize].time)
    }

    fn knows(&self, node: &Node) -> bool {
        self.time_of(node.thread) >= node.time
    }

    fn set_place(&mut self, thread: u32, place: u32) {
        let thread = thread as usize;
        if self.places.len() <= thread {
            self.places.resize(thread + 1, ROOT);
        }
        self.places[thread] = place;
    }

    /// Where the node of `thread` lies, which is made if there is none.
    fn make_place(&mut self, thread: u32) -> u32 {
        self.place(thread).unwrap_or_else(|| {
            let place = self.nodes.len() as u32;
            self.nodes.push(Node::new(thread, 0));
            self.set_place(thread, place);
            place
        })
    }

    /// Makes `thread` the owner. Who owned the tree before keeps its children, and hangs nowhere.
    fn set_owner(&mut self, thread: u32) {
        if self.root().thread == thread {
            return;
        }
        let former = self.root().thread;
        let place = self.make_place(thread);
        self.detach(place);
        self.nodes.swap(ROOT as usize, place as usize);
        self.set_place(former, place);
        self.places[thread as usize] = ROOT;
        for place in [ROOT, place] {
            let mut child = self.nodes[place as usize].first;
            while child != NONE {
                self.nodes[child as usize].parent = place;
                child = self.nodes[child as usize].next;
            }
        }
    }

    /// Takes a node, with what hangs below it, from its parent.
    fn detach(&mut self, place: u32) {
        let Node {
            parent,
            next,
            previous,
            ..
        } = self.nodes[place as usize];
        if parent == NONE {
            return;
        }
        match previous {
            NONE => self.nodes[parent as usize].first = next,
            previous => self.nodes[previous as usize].next = next,
        }
        if next != NONE {
            self.nodes[next as usize].previous = previous;
        }
        let node = &mut self.nodes[place as usize];
        (node.parent, node.next, node.previous) = (NONE, NONE, NONE);
    }

    /// Hangs a node that hangs nowhere below `parent`, as the one learned last.
    fn attach(&mut self, place: u32, parent: u32, learned: u32) {
        let first = core::mem::replace(&mut self.nodes[parent as usize].first, place);
        if first != NONE {
            self.nodes[first as usize].previous = place;
        }
        let node = &mut self.nodes[place as usize];
        (node.parent, node.next, node.learned) = (parent, first, learned);
    }

    /// Finds the nodes of `other` that this tree is to take over: those that it does not know,
    /// and that of `moved`.
    fn find(&self, other: &Self, moved: Option<u32>, scratch: &mut Scratch) {
        let Scratch { path, found } = scratch;
        found.clear();
        path.push(self.enter(other, ROOT));
        while let Some(step) = path.last_mut() {
            let place = step.child;
            if place == NONE {
                found.push(step.node);
                path.pop();
                continue;
            }
            let child = &other.nodes[place as usize];
            step.child = child.next;
            if self.knows(child) {
                if moved == Some(child.thread) {
                    found.push(place);
                }
                if child.learned <= step.known {
                    step.child = NONE;
                }
            } else {
                path.push(self.enter(other, place));
            }
        }
    }

    fn enter(&self, other: &Self, node: u32) -> Step {
        let Node { thread, first, .. } = other.nodes[node as usize];
        Step {
            node,
            child: first,
            known: self.time_of(thread),
        }
    }

    /// Takes the nodes found over, from the root down, and of each one's children first those
    /// that were learned first. The topmost one hangs nowhere afterwards, or is the root.
    fn take_over(&mut self, other: &Self, scratch: &Scratch) {
        for &from in scratch.found.iter().rev() {
            let node = other.nodes[from as usize];
            let place = self.make_place(node.thread);
            self.nodes[place as usize].time = node.time;
            self.detach(place);
            if node.parent != NONE {
                let parent = other.nodes[node.parent as usize].thread;
                let parent = self.place(parent).expect("it was taken over before");
                self.attach(place, parent, node.learned);
            }
        }
    }

    /// Learns what `other` knows; the present time was not released yet.
    fn join(&mut self, other: &Self, scratch: &mut Scratch) {
        if self.knows(other.root()) {
            return;
        }
        self.find(other, None, scratch);
        self.take_over(other, scratch);
        let top = self.place(other.root().thread).expect("it was taken over");
        let now = self.root().time;
        self.attach(top, ROOT, now);
    }

    /// Becomes a copy of `other`.
    fn copy(&mut self, other: &Self, scratch: &mut Scratch) {
        if !other.knows(self.root()) {
            self.nodes.clone_from(&other.nodes);
            self.places.clone_from(&other.places);
            return;
        }
        // Nothing is known here that is not known there.
        let owner = self.root().thread;
        self.find(other, Some(owner), scratch);
        self.set_owner(other.root().thread);
        self.take_over(other, scratch);
    }
}

/// Numbers threads, and objects that were merged to.
#[derive(Default)]
pub struct Trees {
    numbers: u32,
    scratch: Scratch,
}

/// A thread's clock.
pub struct Thread(Tree);

/// A sync object's clock.
#[derive(Default)]
pub struct Var {
    tree: Option<Tree>,
    /// Whether the tree's owner is the object itself.
    merged: bool,
}

impl Trees {
    fn next(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers - 1
    }
}

impl Clocks for Trees {
    const NAME: &'static str = "tree";
    type Thread = Thread;
    type Var = Var;
    type Epoch = Component;

    fn new() -> Self {
        Self::default()
    }

    fn first_thread(&mut self) -> Thread {
        Thread(Tree::new(self.next(), 1))
    }

    fn fork(&mut self, Thread(parent): &mut Thread) -> Thread {
        let mut tree = Tree::new(self.next(), 1);
        tree.join(parent, &mut self.scratch);
        parent.tick();
        Thread(tree)
    }

    fn acquire(&mut self, Thread(thread): &mut Thread, var: &Var) {
        if let Some(tree) = &var.tree {
            thread.join(tree, &mut self.scratch);
        }
    }

    fn release(&mut self, Thread(thread): &mut Thread, var: &mut Var) {
        match &mut var.tree {
            Some(tree) => tree.copy(thread, &mut self.scratch),
            None => var.tree = Some(thread.clone()),
        }
        var.merged = false;
        thread.tick();
    }

    fn release_merge(&mut self, thread: &mut Thread, var: &mut Var) {
        let tree = match &mut var.tree {
            Some(tree) if var.merged || !thread.0.knows(tree.root()) => tree,
            _ => return self.release(thread, var),
        };
        if var.merged {
            tree.tick();
        } else {
            // Another number each time: what this one knows is not all that an earlier one knew.
            let left = core::mem::replace(tree, Tree::new(self.numbers, 1));
            self.numbers += 1;
            tree.join(&left, &mut self.scratch);
            var.merged = true;
        }
        tree.join(&thread.0, &mut self.scratch);
        thread.0.tick();
    }

    fn step(&mut self, Thread(thread): &Thread) -> Component {
        Component {
            thread: thread.root().thread as usize,
            time: u64::from(thread.root().time),
        }
    }

    fn knows(&self, Thread(thread): &Thread, epoch: Component) -> bool {
        u64::from(thread.time_of(epoch.thread as u32)) >= epoch.time
    }
}

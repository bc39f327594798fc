//! From raw frames to functions and lines, when a report is made.
//!
//! Frames of this toolkit, of the standard library and of the machinery that starts a closure
//! are left out: a reader wants the own program. Files of the workspace are shown relative to its root.

use crate::context::{ContextTree, Frame, HeldLock, NodeId, Site};
use crate::report::{Position, StackFrame};
use crate::unwind;
use std::ffi::c_void;
use std::ops::Range;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The call stack `node`, innermost frame first.
pub(crate) fn stack(tree: &ContextTree, node: NodeId) -> Vec<StackFrame> {
    named(tree.frames(node))
}

/// The names of `raw` frames, innermost first.
pub(crate) fn named(raw: impl IntoIterator<Item = Frame>) -> Vec<StackFrame> {
    let mut site = None;
    let mut frames = Vec::new();
    for frame in raw {
        match frame {
            Frame::Size(_) | Frame::Lock(_) => {}
            Frame::Site(innermost) => site = Some(position(innermost.0)),
            Frame::Return(ip) => resolve(ip, &mut frames),
            Frame::LeftOut => frames.push(StackFrame {
                function: StackFrame::LEFT_OUT.to_owned(),
                at: None,
            }),
        }
    }
    if let Some(site) = site {
        start_at(&mut frames, site);
    }
    if frames.iter().any(is_users) {
        frames.retain(|frame| is_users(frame) || frame.is_left_out());
    }
    frames.dedup_by(|frame, before| frame.is_left_out() && before.is_left_out());
    frames
}

/// Whether a frame is the program's own.
fn is_users(frame: &StackFrame) -> bool {
    !frame.is_left_out() && !is_machinery(&frame.function) && !is_std(frame)
}

/// A thread's stack, captured by itself, and not named yet: for messages about what threads do.
///
/// Capturing needs little room on the stack that is captured; naming needs much, and can be
/// done elsewhere.
#[derive(Clone, Debug)]
pub struct RawStack {
    addresses: Box<[usize]>,
    site: Option<&'static Location<'static>>,
}

impl RawStack {
    /// The caller's stack within `bounds` (see [`crate::thread::Thread::set_stack`]), with `site`,
    /// if there is one, as its innermost place.
    #[must_use]
    pub fn here(bounds: &Range<usize>, site: Option<&'static Location<'static>>) -> Self {
        Self {
            addresses: unwind::walk(bounds).as_slice().into(),
            site,
        }
    }

    /// The frames, innermost first.
    #[must_use]
    pub fn frames(&self) -> Vec<StackFrame> {
        let site = self.site.map(|site| Frame::Site(Site(site)));
        let returns = self.addresses.iter().map(|&ip| Frame::Return(ip));
        named(site.into_iter().chain(returns))
    }
}

/// The number of bytes of the access that `node` describes.
pub(crate) fn access_size(tree: &ContextTree, node: NodeId) -> usize {
    let mut sizes = tree
        .frames(node)
        .into_iter()
        .filter_map(|frame| match frame {
            Frame::Size(size) => Some(size),
            _ => None,
        });
    sizes.next().unwrap_or(0)
}

/// The locks that were held at the access that `node` describes, the one taken last first.
pub(crate) fn locks(tree: &ContextTree, node: NodeId) -> Vec<HeldLock> {
    let frames = tree.frames(node).into_iter();
    let locks = frames.map_while(|frame| match frame {
        Frame::Lock(lock) => Some(lock),
        _ => None,
    });
    locks.collect()
}

/// A place in the source, relative to the workspace.
pub(crate) fn position(location: &'static Location<'static>) -> Position {
    let file = Path::new(location.file());
    if file.is_relative() {
        workspace_root(file);
    }
    Position {
        file: shown_path(file),
        line: location.line(),
        column: location.column(),
    }
}

/// The functions that a return address belongs to, those that were inlined first.
pub(crate) fn functions(ip: usize) -> Vec<String> {
    let mut frames = Vec::new();
    resolve(ip, &mut frames);
    frames.into_iter().map(|frame| frame.function).collect()
}

/// The variable that symbols have at `address`, without the hash of its name.
pub(crate) fn variable(address: usize) -> Option<String> {
    let mut found = None;
    // Whoever resolves takes addresses for return addresses, and looks at the byte before.
    backtrace::resolve((address + 1) as *mut c_void, |symbol| {
        // Where a function is, there is no variable, and where a line is, there is code.
        if symbol.lineno().is_none() && found.is_none() {
            found = symbol.name().map(|name| format!("{name:#}"));
        }
    });
    found
}

fn resolve(ip: usize, frames: &mut Vec<StackFrame>) {
    let before = frames.len();
    backtrace::resolve(ip as *mut c_void, |symbol| {
        let function = match symbol.name() {
            Some(name) => format!("{name:#}"),
            None => StackFrame::UNNAMED.to_owned(),
        };
        let at = symbol
            .filename()
            .zip(symbol.lineno())
            .map(|(file, line)| Position {
                file: shown_path(file),
                line,
                column: symbol.colno().unwrap_or(0),
            });
        frames.push(StackFrame { function, at });
    });
    if frames.len() == before {
        frames.push(StackFrame {
            function: StackFrame::UNNAMED.to_owned(),
            at: None,
        });
    }
}

/// Drops the frames inside the operation that was called at `site`, and places what is then
/// the innermost one: a call site has a column where debug information may have none.
fn start_at(frames: &mut Vec<StackFrame>, site: Position) {
    let calls = |frame: &StackFrame| {
        let at = frame.at.as_ref();
        at.is_some_and(|at| at.file == site.file && at.line == site.line)
            && !is_machinery(&frame.function)
    };
    let first = frames
        .iter()
        .position(calls)
        .or_else(|| frames.iter().position(is_users));
    frames.drain(..first.unwrap_or(frames.len()));
    match frames.first_mut() {
        None => frames.push(StackFrame {
            function: StackFrame::UNNAMED.to_owned(),
            at: Some(site),
        }),
        Some(frame) => {
            if frame
                .at
                .as_ref()
                .is_none_or(|at| at.file == site.file && at.line == site.line)
            {
                frame.at = Some(site);
            }
        }
    }
}

/// Whether a frame is the standard library's: by its file, or, where the library was built without debug
/// information, by its function. One of a trait may be the trait's crate's.
fn is_std(frame: &StackFrame) -> bool {
    if let Some(at) = &frame.at {
        return at.file.starts_with("/rustc/") || at.file.contains("/rustlib/src/");
    }
    let path = frame.function.trim_start_matches(['<', '&']);
    let of_std = ["alloc::", "core::", "std::"];
    of_std.iter().any(|name| path.starts_with(name)) && !path.contains(" as ")
}

/// Crates and modules whose functions are not the user's: this toolkit, stack switching,
/// and what lies between a thread's start and a closure.
const MACHINERY: [&str; 17] = [
    "deadheat_detector::",
    "deadheat_runtime::",
    "deadheat_instrument::",
    "deadheat_tsan::",
    "deadheat::__private::",
    "backtrace::",
    "corosensei::",
    "stack_init_trampoline",
    "core::ops::function::",
    "core::panic::unwind_safe::",
    "alloc::boxed::Box<",
    "std::panic::",
    "std::panicking::",
    "std::sys::backtrace::",
    "__rust_try",
    "std::thread::",
    "__libc_start_",
];

fn is_machinery(function: &str) -> bool {
    let path = function.trim_start_matches(['<', '&']);
    MACHINERY.iter().any(|prefix| path.starts_with(prefix))
}

fn shown_path(path: &Path) -> String {
    let inside = ROOT
        .get()
        .and_then(|root| path.strip_prefix(root).ok())
        .unwrap_or(path);
    inside.to_string_lossy().into_owned()
}

/// Where the source file is that a [`position`] calls `file`.
pub(crate) fn source_path(file: &str) -> PathBuf {
    ROOT.get()
        .map_or_else(|| file.into(), |root| root.join(file))
}

/// The folder that relative source paths start from: the workspace's root.
static ROOT: OnceLock<PathBuf> = OnceLock::new();

/// Finds the root from a source file that is named relative to it: tests run in the folder of
/// their package, which is the root or lies below it.
fn workspace_root(file: &Path) {
    if ROOT.get().is_some() {
        return;
    }
    let Ok(here) = std::env::current_dir() else {
        return;
    };
    if let Some(root) = here.ancestors().find(|folder| folder.join(file).is_file()) {
        let _ = ROOT.set(root.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::{Operation, capture};
    use crate::unwind::{Bounds, Walks};

    #[test]
    fn machinery_is_told_from_the_users_functions() {
        for hidden in [
            "deadheat_instrument::cell::Shared<T>::get",
            "<deadheat_instrument::cell::Shared<u64>>::get",
            "core::ops::function::FnOnce::call_once",
            "std::panicking::try",
        ] {
            assert!(is_machinery(hidden), "{hidden}");
        }
        for shown in [
            "bank::transfer",
            "<bank::Bank as deadheat_runtime::X>::f",
            "deadheat_app::main",
        ] {
            assert!(!is_machinery(shown), "{shown}");
        }
    }

    #[test]
    fn frames_of_the_standard_library_are_known_without_their_files() {
        let is_std = |function: &str| {
            let function = function.to_owned();
            is_std(&StackFrame { function, at: None })
        };
        assert!(is_std("<alloc::raw_vec::RawVecInner>::try_allocate_in"));
        assert!(is_std("std::io::stdio::_print"));
        assert!(!is_std(
            "<alloc::vec::Vec<bank::Till> as bank::Count>::count"
        ));
        assert!(!is_std("stdx::f"));
        assert!(!is_std(StackFrame::UNNAMED));
    }

    #[test]
    fn the_innermost_frame_is_the_call_site() {
        let tree = ContextTree::default();
        let here = Location::caller();
        let everywhere = Bounds {
            stack: &(0..usize::MAX),
            from: 0,
        };
        let access = Operation {
            size: Some(4),
            ..Operation::at(here)
        };
        let node = capture(&tree, &Walks::default(), everywhere, access);
        assert_eq!(access_size(&tree, node), 4);
        let frames = stack(&tree, node);
        // Everything of this crate is machinery, so what is left is the test harness.
        assert!(!frames.is_empty());
        assert!(
            frames
                .iter()
                .all(|frame| !frame.function.starts_with("deadheat_detector::")),
            "{frames:#?}"
        );
    }

    #[test]
    fn what_is_left_out_is_said_once() {
        let left_out = |frames: &[Frame]| {
            let frames = named(frames.iter().copied());
            frames.iter().filter(|frame| frame.is_left_out()).count()
        };
        let here = || Frame::Site(crate::context::Site(Location::caller()));
        assert_eq!(left_out(&[here()]), 0);
        assert_eq!(
            left_out(&[Frame::LeftOut, Frame::LeftOut, Frame::Return(1)]),
            1
        );
        let apart = [
            Frame::LeftOut,
            Frame::Return(1),
            Frame::LeftOut,
            Frame::Return(2),
        ];
        assert_eq!(left_out(&apart), 2);
    }

    #[test]
    fn a_site_is_shown_even_without_frames() {
        let tree = ContextTree::default();
        let here = Location::caller();
        let node = tree.child(NodeId::ROOT, Frame::Site(crate::context::Site(here)));
        let frames = stack(&tree, node);
        let at = frames[0].at.as_ref().unwrap();
        assert_eq!((at.line, at.column), (here.line(), here.column()));
        assert!(at.file.ends_with("symbolize.rs"));
    }
}

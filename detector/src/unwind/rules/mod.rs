//! Walking by rules that are kept: [`rule`] is what the unwind tables say of a return address,
//! [`table`] is where it is kept, [`objects`] finds and reads the tables. [`last`] remembers whole walks.

mod last;
mod objects;
mod rule;
mod table;
#[cfg(test)]
mod tests;

use super::Visitor;
pub(super) use last::LastWalk;
use rule::{Caller, Rule};
use table::Table;

/// What code said about itself: the same for all detectors in the process.
static RULES: Table = Table::new();

/// What tells a frame: the registers at the moment when its callee has returned.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Frame {
    ip: usize,
    sp: usize,
    bp: usize,
}

/// Visits the current stack, from the frame of this function on; `false` where there was
/// something on it that rules cannot say.
#[inline(never)]
pub(super) fn walk(visitor: &mut Visitor<'_>) -> bool {
    let mut frame = Frame::default();
    // SAFETY: the place to write to is valid and has the layout that the function expects.
    unsafe { registers(&mut frame) };
    while visitor.visit(frame.ip, frame.sp) {
        let rule = RULES.get(frame.ip).unwrap_or_else(|| learn(frame.ip));
        // SAFETY: the frame is this function's, which does not return meanwhile, or the caller of
        // one that is on this stack.
        match unsafe { rule.caller(frame) } {
            Caller::Frame(caller) => frame = caller,
            Caller::Stack(sp) => return !visitor.bounds.stack.contains(&sp),
            Caller::None => return true,
            Caller::Unknown => return false,
        }
    }
    true
}

#[cold]
#[inline(never)]
fn learn(ip: usize) -> Rule {
    let rule = objects::rule(ip);
    RULES.insert(ip, rule);
    rule
}

/// Writes the instruction, stack and frame pointers as its caller has them once this has returned.
#[unsafe(naked)]
unsafe extern "sysv64" fn registers(frame: *mut Frame) {
    core::arch::naked_asm!(
        // The return address is on top of the stack, and is taken off on return.
        "mov rax, [rsp]",
        "mov [rdi], rax",
        "lea rax, [rsp + 8]",
        "mov [rdi + 8], rax",
        "mov [rdi + 16], rbp",
        "ret",
    );
}

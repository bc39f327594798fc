//! What the compiler calls.
//!
//! Where an access was made is its return address, which only assembly can read: each of these is a
//! naked function that passes it on, in the register behind the arguments, to a function in Rust.
//!
//! - [`flow`]: the module's constructor, functions entered and left, annotations;
//! - [`plain`]: reads and writes of a fixed size;
//! - [`range`]: `memcpy` and its kind, ranges;
//! - [`atomic`]: atomic operations and fences;
//! - [`rwlock`]: locks for readers and writers that are made of them.

/// Functions that know their caller: `fn name[register](arguments; site) { … }`, where the register is
/// the one that the C calling convention has for an argument after the others.
macro_rules! with_site {
    ($($(#[$attribute:meta])* fn $name:ident [$register:literal]
        ($($argument:ident: $type:ty),*; $site:ident) $(-> $result:ty)? $body:block)*) => {
        $(const _: () = {
            $(#[$attribute])*
            #[unsafe(naked)]
            unsafe extern "C" fn $name($($argument: $type),*) $(-> $result)? {
                std::arch::naked_asm!(
                    concat!("mov ", $register, ", [rsp]"),
                    "jmp {}",
                    sym body,
                )
            }
            unsafe extern "C" fn body($($argument: $type,)* $site: usize) $(-> $result)? $body
        };)*
    };
}
pub(crate) use with_site;

mod atomic;
pub(crate) use atomic::ordering;
mod flow;
mod plain;
pub(crate) mod range;
pub(crate) mod rwlock;

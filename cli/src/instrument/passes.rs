//! What the compiler is told to insert.
//!
//! LLVM's pass `tsan` makes calls of atomic accesses everywhere, and of plain ones in functions that
//! have the attribute `sanitize_thread`, which `forceattrs` gives to all. `tsan-module` has each
//! object start the library. Reads and writes that are volatile have calls of their own, because
//! Rust's seqlocks are made of them.

/// Which accesses become calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Accesses {
    /// Atomic ones, and fences: all that orders anything.
    Atomic,
    /// Plain ones, too.
    All,
}

impl Accesses {
    /// The passes, as LLVM's pipeline is written.
    fn pipeline(self) -> &'static str {
        match self {
            Self::Atomic => "tsan-module,function(tsan)",
            Self::All => "forceattrs,tsan-module,function(tsan)",
        }
    }

    /// Options of LLVM that the passes look at.
    fn options(self) -> &'static [&'static str] {
        const VOLATILE: &str = "-tsan-distinguish-volatile";
        match self {
            Self::Atomic => &[VOLATILE],
            Self::All => &[VOLATILE, "-force-attribute=sanitize_thread"],
        }
    }

    /// Arguments of rustc, and of rustdoc.
    pub(crate) fn for_rustc(self) -> Vec<String> {
        let options = self.options().iter();
        let mut arguments: Vec<_> = options
            .map(|option| format!("-Cllvm-args={option}"))
            .collect();
        arguments.push(format!("-Cpasses={}", self.pipeline()));
        arguments
    }

    /// Arguments of LLVM's linker, which then compiles bitcode with these passes and no others.
    pub(crate) fn for_linker(self) -> Vec<String> {
        let options = self.options().iter();
        let mut arguments: Vec<_> = options
            .flat_map(|option| ["-mllvm".to_owned(), (*option).to_owned()])
            .collect();
        arguments.push(format!("--lto-newpm-passes={}", self.pipeline()));
        arguments
    }
}

//! An object of the standard library, compiled again from the bitcode that it carries.
//!
//! The toolchain brings LLVM's linker, which compiles bitcode on its way; here it is asked to run our
//! passes over it, and to link nothing.

use super::passes::Accesses;
use super::toolchain::Toolchain;
use crate::error::UserError;
use crate::shown::Shown;
use object::{Object, ObjectSection};
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The section that holds it.
const SECTION: &str = ".llvmbc";

/// The bitcode in an object file; `None` for one without, and for what is no object file.
pub(crate) fn of(object: &[u8]) -> Option<Vec<u8>> {
    let object = object::File::parse(object).ok()?;
    let section = object.section_by_name(SECTION)?;
    let data = section.data().ok()?;
    (!data.is_empty()).then(|| data.to_vec())
}

/// LLVM's linker.
#[derive(Clone, Debug)]
pub(crate) struct Compiler {
    program: PathBuf,
    arguments: Vec<OsString>,
    /// Where it finds LLVM.
    libraries: PathBuf,
}

impl Compiler {
    /// The linker that the toolchain brings, or one in the path that knows this LLVM's bitcode.
    pub(crate) fn find(toolchain: &Toolchain) -> Option<Self> {
        let libraries = toolchain.sysroot.join("lib");
        if let Some(program) = toolchain.tool("rust-lld") {
            return Some(Self {
                program,
                arguments: ["-flavor", "gnu"].map(OsString::from).to_vec(),
                libraries,
            });
        }
        let names = [format!("ld.lld-{}", toolchain.llvm), "ld.lld".to_owned()];
        let path = std::env::var_os("PATH").unwrap_or_default();
        let all = names.iter().flat_map(|name| {
            let folders = std::env::split_paths(&path);
            folders.map(move |folder| folder.join(name))
        });
        let mut found = all.filter(|program| program.is_file());
        let program = found.find(|program| version(program) >= Some(toolchain.llvm))?;
        Some(Self {
            program,
            arguments: Vec::new(),
            libraries,
        })
    }

    /// Compiles `bitcode` with calls for `accesses`; works in `folder`, where it leaves nothing.
    pub(crate) fn compile(
        &self,
        bitcode: &[u8],
        accesses: Accesses,
        folder: &Path,
    ) -> Result<Vec<u8>, UserError> {
        let cannot = |why: &dyn std::fmt::Display| {
            UserError::new(format!(
                "the standard library cannot be instrumented: {why}"
            ))
        };
        let scratch = tempfile::tempdir_in(folder).map_err(|error| cannot(&error))?;
        let input = scratch.path().join("in.bc");
        let object = scratch.path().join("out.o");
        fs::write(&input, bitcode).map_err(|error| cannot(&error))?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).arg("-r");
        command.args(accesses.for_linker());
        command.arg(&input).arg("-o").arg(&object);
        command.env("LD_LIBRARY_PATH", &self.libraries);
        let output = command
            .output()
            .map_err(|error| cannot(&format!("{self} does not start: {error}")))?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(cannot(&format!("{self}: {}", why.trim())));
        }
        fs::read(&object).map_err(|error| cannot(&error))
    }
}

impl fmt::Display for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown::path(&self.program).fmt(f)
    }
}

/// The major version of an LLD.
fn version(program: &Path) -> Option<u32> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let after = text.split("LLD ").nth(1)?;
    after.split('.').next()?.parse().ok()
}

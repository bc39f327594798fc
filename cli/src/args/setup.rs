//! The commands that set something up.

use crate::exit;
use clap::Args;
use clap_complete::Shell;
use std::path::PathBuf;

/// The arguments of `deadheat init`.
#[derive(Args, Debug)]
#[command(after_help = exit::help())]
pub(crate) struct InitArgs {
    /// The crate's folder, which has its Cargo.toml.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) folder: PathBuf,

    /// Where the sources of Deadheat are, if they are not to come from crates.io.
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Option<PathBuf>,
}

/// The arguments of `deadheat doctor`.
#[derive(Args, Debug)]
#[command(after_help = exit::help())]
pub(crate) struct DoctorArgs {
    /// The crate's folder, which may choose a toolchain.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) folder: PathBuf,
}

/// The arguments of `deadheat completions`.
#[derive(Args, Debug)]
#[command(after_help = exit::help())]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

/// The arguments of `deadheat man`.
#[derive(Args, Debug)]
#[command(after_help = exit::help())]
pub(crate) struct ManArgs {
    /// Where the pages of all commands are written, in place of those that are there.
    #[arg(value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

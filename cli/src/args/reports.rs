//! The commands that read saved reports.

use crate::exit;
use crate::format::FormatName;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// The arguments of `deadheat report`.
#[derive(Args, Debug)]
#[command(after_help = exit::help())]
pub(crate) struct ReportArgs {
    /// Files that `test` or `run` have saved, and folders of such files; `-` is the standard input [default: what the last `deadheat test` of this folder's crate has saved].
    #[arg(value_name = "FILE|DIR")]
    pub(crate) files: Vec<PathBuf>,

    /// How they are printed [default: terminal on a terminal, else text].
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<FormatName>,

    /// Short for `--format html`.
    #[arg(long, conflicts_with = "format")]
    pub(crate) html: bool,

    /// Where they are written, in place of what is there; `-` is the standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Known races, as `deadheat baseline` writes them: only others are printed at length. If this option is given, the exit code is 66 where there are others [default: `baseline` of the configuration].
    #[arg(long, value_name = "FILE", env = "DEADHEAT_BASELINE")]
    pub(crate) baseline: Option<PathBuf>,

    /// Whether the format `terminal` has colours; `auto` asks the terminal and NO_COLOR.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColourChoice,
}

/// When to use colours.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub(crate) enum ColourChoice {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// In files and pipes, too.
    Always,
    /// Nowhere.
    Never,
}

/// The arguments of `deadheat explain`.
#[derive(Args, Debug)]
#[command(after_help = exit::help())]
pub(crate) struct ExplainArgs {
    /// The race's fingerprint, or the beginning of it; every report says it.
    #[arg(value_name = "RACE", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) race: String,

    /// Where to look for it, as for `deadheat report`.
    #[arg(value_name = "FILE|DIR")]
    pub(crate) files: Vec<PathBuf>,
}

/// The arguments of `deadheat baseline`.
#[derive(Args, Debug)]
#[command(after_help = exit::help())]
pub(crate) struct BaselineArgs {
    /// Where to look for races, as for `deadheat report`. Those that a suppression matches are left out.
    #[arg(value_name = "FILE|DIR")]
    pub(crate) files: Vec<PathBuf>,

    /// Where they are written, in place of what is there; notes there are kept [default: `baseline` of the configuration, else deadheat-baseline.toml].
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Keep the races that are there already, though no report has them.
    #[arg(long)]
    pub(crate) keep: bool,
}

/// The arguments of `deadheat merge`.
#[derive(Args, Debug)]
#[command(after_help = exit::help())]
pub(crate) struct MergeArgs {
    /// The report files of the parts, and folders of such files; `-` is the standard input.
    #[arg(value_name = "FILE|DIR", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// Where all their lines are written, in place of what is there; `-` is the standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

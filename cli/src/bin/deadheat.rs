//! `deadheat`.

use std::process::ExitCode;

fn main() -> ExitCode {
    deadheat_cli::main(deadheat_cli::Program::Deadheat, std::env::args_os())
}

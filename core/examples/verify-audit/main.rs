//! Checks an audit in JSON Lines, as `exportAudit` gives it:
//! `cargo run -p holdpoint-core --example verify-audit FILE`.
//!
//! A line for each run, and one for all of them. It ends with 1 at what is not as it was written.
#![allow(clippy::print_stdout, reason = "it is a program, and this is what it has to say")]

mod verify;

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: verify-audit FILE");
        return ExitCode::from(2);
    };
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::from(2);
        }
    };
    let report = verify::verify(&text);
    for line in &report.lines {
        println!("{line}");
    }
    if report.is_intact { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

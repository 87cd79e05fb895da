//! `cargo xtask fuzz`: the targets of `core/fuzz`, each for some minutes.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::tools::{self, Workspace};

/// What there is to look at: the programs of `core/fuzz`.
pub(crate) const TARGETS: [&str; 7] =
    ["sse", "responses", "chat", "messages", "plan", "journal", "json"];

/// Looks at one target, or at each in turn, up to the first finding.
///
/// What was tried is kept among the builds, so that the next time goes on from there. The corpus in
/// the repository and the fixtures are read and not changed.
pub(crate) fn run(workspace: &Workspace, target: Option<&str>, minutes: u64) -> Result<()> {
    let program = match workspace.find("cargo-fuzz") {
        Some(program) => program,
        None => workspace.install("cargo-fuzz", CARGO_FUZZ)?,
    };
    for name in TARGETS.into_iter().filter(|name| target.is_none_or(|target| target == *name)) {
        println!("\n== {name}: {minutes} min");
        look(workspace, &program, name, minutes)?;
    }
    Ok(())
}

/// Cargo on the properties as an ordinary library, with the corpus as its test.
pub(crate) fn cargo(workspace: &Workspace, command: &str) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args([command, "--locked", "--manifest-path", MANIFEST]);
    cargo.arg("--target-dir").arg(workspace.target.join("fuzz/check"));
    cargo
}

fn look(workspace: &Workspace, program: &Path, target: &str, minutes: u64) -> Result<()> {
    let fuzz = workspace.root.join("core/fuzz");
    let work = workspace.target.join("fuzz");
    let [tried, found] = ["tried", "found"].map(|kind| work.join(kind).join(target));
    for directory in [&tried, &found] {
        fs::create_dir_all(directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
    }
    let fixtures = match target {
        "journal" => "../tests/fixtures/journal/v1".to_owned(),
        "sse" => "../tests/fixtures/stream/chat".to_owned(),
        "plan" | "json" => ["corpus/", target].concat(),
        api => format!("../tests/fixtures/stream/{api}"),
    };
    let mut command = Command::new(program);
    command.current_dir(&workspace.root);
    // The instrumentation is one of the compiler's unstable switches, and all that this is for is to
    // need no second compiler. There is no unsafe code for a sanitizer to look at.
    command.env("RUSTC_BOOTSTRAP", "1").args(["fuzz", "run", "--sanitizer", "none"]);
    command.args(["--features", "libfuzzer"]);
    command.arg("--fuzz-dir").arg(&fuzz).arg("--target-dir").arg(work.join("build"));
    command.arg(target).args([tried, fuzz.join("corpus").join(target), fuzz.join(fixtures)]);
    let artifacts = format!("-artifact_prefix={}{}", found.display(), std::path::MAIN_SEPARATOR);
    let seconds = format!("-max_total_time={}", minutes * 60);
    command.arg("--").args([artifacts, seconds]).args(LIMITS);
    tools::run(&mut command).with_context(|| {
        format!("what was found is in {}; keep it in core/fuzz/corpus/{target}", found.display())
    })
}

/// The workspace of the targets.
pub(crate) const MANIFEST: &str = "core/fuzz/Cargo.toml";

/// The version that is installed.
const CARGO_FUZZ: &str = "0.13.2";

/// Longer inputs find nothing more, and one that takes seconds is a finding.
const LIMITS: [&str; 4] =
    ["-max_len=16384", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"];

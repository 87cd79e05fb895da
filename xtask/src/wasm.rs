//! The widget as a browser loads it: cargo, then wasm-bindgen, then wasm-opt.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cache::Cache;
use crate::glue;
use crate::names;
use crate::tools::{self, Workspace};

/// Files by their path below the root of the page; the order is that of the paths.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The name of the JavaScript that wasm-bindgen writes.
pub(crate) const GLUE: &str = "holdpoint_wasm.js";
/// The name of the wasm that the glue loads.
pub(crate) const WASM: &str = "holdpoint_wasm_bg.wasm";

/// The version of wasm-opt, as `xtask/tools/package.json` pins it.
const BINARYEN: &str = "132.0.0";
const PACKAGE: &str = include_str!("../tools/package.json");
const PACKAGE_LOCK: &str = include_str!("../tools/package-lock.json");

/// What rustc turns on for wasm32 without being asked. `-g` keeps the names of functions, from
/// which `size` tells who spends what; they are taken out before the file is shipped.
///
/// Nothing is inlined here: equal functions that stay apart compress to a twentieth less, though
/// they are a little longer as they are. `-Oz` is run twice because the first leaves it new work.
/// No address of ours is below 1,024, where the linker puts nothing.
const WASM_OPT: [&str; 12] = [
    "-Oz",
    "-Oz",
    "--always-inline-max-function-size=0",
    "--one-caller-inline-max-function-size=0",
    "--low-memory-unused",
    "-g",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// How the widget is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// As it is shipped.
    Release,
    /// With a standard library compiled for size, in which a panic ends without a message.
    Small,
    /// Without wasm-opt, for the loop of edit and reload.
    Quick,
}

/// A built widget.
pub(crate) struct Widget {
    /// The glue, the wasm, and whatever modules of ours the glue imports.
    pub(crate) files: Files,
    /// The same wasm with the names of its functions.
    pub(crate) named: Vec<u8>,
}

/// Builds the widget.
pub(crate) fn build(workspace: &Workspace, build: Build) -> Result<Widget> {
    let compiled = compile(workspace, build)?;
    let mut files = bind(workspace, &compiled)?;
    let bound = files.remove(WASM).context("wasm-bindgen wrote no wasm")?;
    let glue = files.remove(GLUE).context("wasm-bindgen wrote no JavaScript")?;
    let (bound, glue) = glue::shorten(&bound, &String::from_utf8(glue)?)?;
    files.insert(GLUE.into(), glue.into_bytes());
    let optimizer = if build == Build::Quick { None } else { optimizer(workspace) };
    let named = match optimizer {
        Some(script) => {
            let flags = WASM_OPT.join(" ");
            Cache::open(workspace)?.get(
                if build == Build::Small { "small.wasm" } else { "widget.wasm" },
                &[BINARYEN.as_bytes(), flags.as_bytes(), &bound],
                || optimize(workspace, &script, &bound),
            )?
        }
        None => bound,
    };
    files.insert(WASM.into(), names::without_custom_sections(&named)?);
    Ok(Widget { files, named })
}

fn compile(workspace: &Workspace, build: Build) -> Result<PathBuf> {
    workspace.ensure_wasm_target()?;
    let mut command = workspace.cargo();
    command.args(["build", "--locked", "--package", "holdpoint", "--lib"]);
    command.args(["--profile", "widget", "--target", "wasm32-unknown-unknown"]);
    let mut flags = workspace.short_paths()?;
    // The loop of SHA-256 is as fast as anyone notices here, and a fifth of its unrolled form.
    flags.push("--cfg=sha2_backend_soft=\"compact\"".into());
    let mut target = workspace.target.clone();
    if build == Build::Small {
        workspace.ensure_rust_src()?;
        // A directory of its own, because the other flags would evict the ordinary build.
        target.push("small");
        command.arg("--target-dir").arg(&target);
        command.args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"]);
        command.env("RUSTC_BOOTSTRAP", "1");
        flags.extend(
            [
                "-Zunstable-options",
                "-Cpanic=immediate-abort",
                "-Zlocation-detail=none",
                "-Zfmt-debug=none",
            ]
            .map(Into::into),
        );
    }
    // This form of the variable allows spaces in a path.
    command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    tools::run(&mut command)?;
    Ok(target.join("wasm32-unknown-unknown/widget/holdpoint.wasm"))
}

fn bind(workspace: &Workspace, compiled: &Path) -> Result<Files> {
    let directory = workspace.work().join("bindgen");
    clear(&directory)?;
    let stem = GLUE.trim_end_matches(".js");
    let mut args: Vec<_> =
        ["wasm-bindgen", "--target", "web", "--no-typescript", "--remove-producers-section"]
            .map(Into::into)
            .to_vec();
    args.extend(["--out-name".into(), stem.into(), "--out-dir".into()]);
    args.extend([directory.clone().into_os_string(), compiled.as_os_str().to_owned()]);
    wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(args).context("wasm-bindgen failed")?;
    read_tree(&directory)
}

/// The path of wasm-opt's script, installed by npm on first use; without Node there is none, and
/// a line says so.
fn optimizer(workspace: &Workspace) -> Option<PathBuf> {
    match install_optimizer(workspace) {
        Ok(script) => Some(script),
        Err(reason) => {
            eprintln!("note: no wasm-opt, so the wasm is larger than it need be: {reason:#}");
            None
        }
    }
}

fn install_optimizer(workspace: &Workspace) -> Result<PathBuf> {
    tools::find("node").context("Node is not installed")?;
    let home = workspace.tools().join("npm");
    let script = home.join("node_modules/binaryen/bin/wasm-opt");
    let locked = home.join("package-lock.json");
    if script.is_file() && fs::read_to_string(&locked).is_ok_and(|lock| lock == PACKAGE_LOCK) {
        return Ok(script);
    }
    let npm = tools::find("npm").context("npm is not installed")?;
    clear(&home)?;
    fs::write(home.join("package.json"), PACKAGE)?;
    fs::write(locked, PACKAGE_LOCK)?;
    eprintln!("installing binaryen {BINARYEN} for wasm-opt");
    let quiet = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    tools::run(Command::new(npm).args(quiet).current_dir(&home))?;
    Ok(script)
}

fn optimize(workspace: &Workspace, script: &Path, wasm: &[u8]) -> Result<Vec<u8>> {
    let before = workspace.work().join("before.wasm");
    let after = workspace.work().join("after.wasm");
    fs::write(&before, wasm)?;
    let mut command = Command::new("node");
    tools::run(command.arg(script).args(WASM_OPT).arg(&before).arg("-o").arg(&after))?;
    fs::read(&after).context("wasm-opt wrote nothing")
}

/// Makes a directory that is there and empty.
pub(crate) fn clear(directory: &Path) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)
            .with_context(|| format!("cannot remove {}", directory.display()))?;
    }
    fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))
}

/// Reads every file below a directory.
pub(crate) fn read_tree(directory: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        let entries =
            fs::read_dir(&next).with_context(|| format!("cannot list {}", next.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let Some(name) = path.strip_prefix(directory)?.to_str() else {
                bail!("{} has a name that is not UTF-8", path.display());
            };
            let name = name.replace(std::path::MAIN_SEPARATOR, "/");
            let bytes =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.insert(name, bytes);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn optimizer_is_pinned_to_one_version_everywhere() {
        let pinned = format!("\"binaryen\": \"{BINARYEN}\"");
        assert!(PACKAGE.contains(&pinned) && PACKAGE_LOCK.contains(&pinned));
    }

    #[test]
    fn lock_file_leaves_the_registry_to_the_user() {
        assert!(!PACKAGE_LOCK.contains("http"));
    }
}

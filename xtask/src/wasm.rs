//! The widget as a browser loads it: cargo, then the cut in two, wasm-bindgen, wasm-opt, esbuild.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use crate::cache::Cache;
use crate::glue;
use crate::names;
use crate::npm::{self, Npm};
use crate::tools::{self, Workspace};

/// Files by their path below the root of the page; the order is that of the paths.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The name of the JavaScript that wasm-bindgen writes.
pub(crate) const GLUE: &str = "holdpoint_wasm.js";
/// The name of the wasm that the glue loads.
pub(crate) const WASM: &str = "holdpoint_wasm_bg.wasm";
/// The name of the JavaScript that fetches what comes later.
const LATER_LOADER: &str = "holdpoint_later.js";

/// What rustc turns on for wasm32 without being asked. `-g` keeps the names of functions, from
/// which `size` tells who spends what; they are taken out before the file is shipped.
///
/// Nothing is inlined here: equal functions that stay apart compress to a twentieth less, though
/// they are a little longer as they are. `-Oz` is run twice because the first leaves it new work.
/// No address of ours is below 1,024, where the linker puts nothing.
const WASM_OPT: [&str; 13] = [
    "-q",
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
    /// As it is shipped: cut in two, with a standard library compiled for size, in which a panic
    /// ends without a message.
    Release,
    /// In one piece and not optimised, for the loop of edit and reload.
    Quick,
}

/// A built widget.
pub(crate) struct Widget {
    /// The glue, the wasm, what comes later, and whatever modules of ours the glue imports.
    pub(crate) files: Files,
    /// The wasm files with the names of their functions.
    pub(crate) named: Files,
}

/// Builds the widget.
pub(crate) fn build(workspace: &Workspace, build: Build) -> Result<Widget> {
    let what: &[&str] = match build {
        Build::Release => &["--package", "holdpoint", "--lib", "--features", "split"],
        Build::Quick => &["--package", "holdpoint", "--lib"],
    };
    let compiled = compile(workspace, build, what)?.join("holdpoint.wasm");
    if build == Build::Quick {
        return Ok(Widget { files: bind(workspace, &compiled, GLUE)?, named: Files::new() });
    }
    let mut later = split(workspace, &compiled)?;
    let main = later.remove(WASM).context("there is no wasm left after the cut")?;
    let main_path = workspace.work().join(WASM);
    fs::write(&main_path, main)?;
    let mut files = bind(workspace, &main_path, GLUE)?;
    files.append(&mut later);

    let main = files.remove(WASM).context("wasm-bindgen wrote no wasm")?;
    let script = files.remove(GLUE).context("wasm-bindgen wrote no JavaScript")?;
    let (main, script) = glue::shorten_imports(&main, &String::from_utf8(script)?)?;
    files.insert(GLUE.into(), script.into());
    let npm = Npm::install(workspace);
    if let Some(npm) = &npm {
        bundle(workspace, npm, &mut files)?;
    }
    let script = String::from_utf8_lossy(&files[GLUE]).into_owned();
    files.insert(WASM.into(), glue::without_unused_exports(&main, &script)?);

    let mut named = Files::new();
    for (name, bytes) in files.iter_mut().filter(|(name, _)| is_wasm(name)) {
        if let Some(npm) = &npm {
            let flags = WASM_OPT.join(" ");
            let input: [&[u8]; 3] = [npm::VERSIONS.as_bytes(), flags.as_bytes(), bytes];
            *bytes = Cache::open(workspace)?
                .get(&format!("named+{name}"), &input, || optimize(workspace, npm, bytes))?;
        }
        let shipped = names::without_custom_sections(bytes)?;
        named.insert(name.clone(), std::mem::replace(bytes, shipped));
    }
    Ok(Widget { files, named })
}

/// Builds a page's own program with the widget in it. It is compiled as the widget is, so that what
/// both are made of is compiled once; its script is named after the package.
pub(crate) fn build_app(workspace: &Workspace, package: &str) -> Result<Files> {
    let compiled = compile(workspace, Build::Release, &["--package", package, "--bin", package])?;
    bind(workspace, &compiled.join([package, ".wasm"].concat()), &[package, ".js"].concat())
}

/// Compiles a package to wasm, and gives the directory that it is in.
fn compile(workspace: &Workspace, build: Build, what: &[&str]) -> Result<PathBuf> {
    workspace.ensure_wasm_target()?;
    let mut command = workspace.cargo();
    command.args(["build", "--locked"]).args(what);
    command.args(["--profile", "widget", "--target", "wasm32-unknown-unknown"]);
    let mut flags = workspace.short_paths()?;
    // The loop of SHA-256 is as fast as anyone notices here, and a fifth of its unrolled form.
    flags.push("--cfg=sha2_backend_soft=\"compact\"".into());
    let mut target = workspace.target.clone();
    if build == Build::Release {
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
                // The cut follows the calls from function to function by the linker's own notes.
                "-Clink-args=--emit-relocs",
            ]
            .map(Into::into),
        );
    }
    // This form of the variable allows spaces in a path.
    command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    tools::run(&mut command)?;
    Ok(target.join("wasm32-unknown-unknown/widget"))
}

/// Cuts off what is reached only through the functions that come later.
fn split(workspace: &Workspace, compiled: &Path) -> Result<Files> {
    let directory = workspace.work().join("split");
    clear(&directory)?;
    let compiled = fs::read(compiled)?;
    let (main, glue, loader) =
        (directory.join(WASM), format!("./{GLUE}"), format!("./{LATER_LOADER}"));
    let mut options = wasm_split_cli_support::Options::new(&compiled);
    options.output_dir = &directory;
    options.main_out_path = &main;
    options.main_module = &glue;
    options.link_name = &loader;
    wasm_split_cli_support::transform(options)
        .map_err(|error| anyhow!("the wasm cannot be cut: {error:?}"))?;
    let mut files = read_tree(&directory)?;
    let parts: Vec<_> =
        files.keys().filter(|name| *name != WASM && is_wasm(name)).cloned().collect();
    for part in parts {
        let bytes = files.remove(&part).unwrap_or_default();
        let name = format!("holdpoint_{}", part.trim_start_matches("split_"));
        if let Some(loader) = files.get_mut(LATER_LOADER) {
            *loader = String::from_utf8_lossy(loader).replace(&part, &name).into_bytes();
        }
        files.insert(name, bytes);
    }
    Ok(files)
}

/// Whether a file is wasm.
pub(crate) fn is_wasm(name: &str) -> bool {
    name.ends_with(".wasm")
}

fn bind(workspace: &Workspace, compiled: &Path, script: &str) -> Result<Files> {
    let directory = workspace.work().join("bindgen");
    clear(&directory)?;
    let stem = script.trim_end_matches(".js");
    let mut args: Vec<_> = [
        "wasm-bindgen",
        "--target",
        "web",
        "--no-typescript",
        "--remove-producers-section",
        // The part that comes later is linked to the first one by its table and memory.
        "--keep-lld-exports",
    ]
    .map(Into::into)
    .to_vec();
    args.extend(["--out-name".into(), stem.into(), "--out-dir".into()]);
    args.extend([directory.clone().into_os_string(), compiled.as_os_str().to_owned()]);
    wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(args).context("wasm-bindgen failed")?;
    read_tree(&directory)
}

/// Makes one short script of the glue and what it imports, without what the loader does not take.
fn bundle(workspace: &Workspace, npm: &Npm, files: &mut Files) -> Result<()> {
    let directory = workspace.work().join("bundle");
    clear(&directory)?;
    let scripts: Vec<_> = files.keys().filter(|name| name.ends_with(".js")).cloned().collect();
    for name in scripts {
        let path = directory.join(&name);
        fs::create_dir_all(path.parent().unwrap_or(&directory))?;
        fs::write(path, files.remove(&name).unwrap_or_default())?;
    }
    let entry = directory.join("entry.js");
    fs::write(&entry, format!("export {{ default, Agent, version }} from \"./{GLUE}\";\n"))?;
    files.insert(GLUE.into(), minified(npm, &["--bundle"], &entry)?);
    Ok(())
}

/// A script, or a sheet, without what is only for its readers.
pub(crate) fn minified(npm: &Npm, flags: &[&str], path: &Path) -> Result<Vec<u8>> {
    let mut command = npm.esbuild();
    command.args(["--format=esm", "--minify", "--target=es2022", "--log-level=error"]);
    Ok(tools::output(command.args(flags).arg(path))?.into_bytes())
}

fn optimize(workspace: &Workspace, npm: &Npm, wasm: &[u8]) -> Result<Vec<u8>> {
    let before = workspace.work().join("before.wasm");
    let after = workspace.work().join("after.wasm");
    fs::write(&before, wasm)?;
    tools::run(npm.wasm_opt().args(WASM_OPT).arg(&before).arg("-o").arg(&after))?;
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

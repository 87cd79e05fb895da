//! `cargo xtask test examples`: each example, built with the package as npm packs it, does the same in
//! a browser: it answers, holds, survives a reload, acts once, and leaves nothing when it goes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::browser::Browser;
use crate::dist::{self, check};
use crate::npm;
use crate::page;
use crate::smoke::{self, Visit};
use crate::tools::{self, Workspace};
use crate::wasm::{self, Files};

/// What every example has to do.
const PROBE: &str = "tests/examples/probe.js";

/// An example: a directory below `examples`.
struct Example {
    name: &'static str,
    made: Made,
    /// What the build is told.
    env: &'static [(&'static str, &'static str)],
    policy: &'static str,
}

/// How a page is made of an example.
#[derive(Clone, Copy, PartialEq)]
enum Made {
    /// It is served beside the files of the package.
    AsItIs,
    /// By `npm run build`, into this directory.
    ByNpm(&'static str),
    /// It is a program of this workspace, with the widget in it.
    ByCargo(&'static str),
}
use Made::{AsItIs, ByCargo, ByNpm};

const PLAIN: Example = Example { name: "html", made: AsItIs, env: &[], policy: "" };

const EXAMPLES: [Example; 8] = [
    PLAIN,
    Example { name: "strict-csp", policy: check::STRICT, ..PLAIN },
    // Only React's development build mounts everything twice.
    Example { name: "react", made: ByNpm("dist"), env: &[("NODE_ENV", "development")], ..PLAIN },
    Example { name: "vue", made: ByNpm("dist"), ..PLAIN },
    Example { name: "svelte", made: ByNpm("dist"), ..PLAIN },
    Example { name: "angular", made: ByNpm("dist/browser"), ..PLAIN },
    Example { name: "next", made: ByNpm("out"), env: &[("NEXT_TELEMETRY_DISABLED", "1")], ..PLAIN },
    Example { name: "leptos", made: ByCargo("holdpoint-example-leptos"), ..PLAIN },
];

/// Runs the examples that are named, or all; whether some were left out. Where they were asked for,
/// what cannot be installed is an error.
pub(crate) fn run(
    workspace: &Workspace,
    chromium: &Browser,
    named: &[String],
    is_asked_for: bool,
) -> Result<bool> {
    if tools::find("node").is_none() || tools::find("npm").is_none() {
        ensure!(!is_asked_for, "the package is packed by npm, which is not installed");
        println!("skipped: all examples (there is no npm to pack the package with)");
        return Ok(true);
    }
    let tarball = check::pack(workspace, &dist::build(workspace)?)?;
    let project = workspace.work().join("examples");
    wasm::clear(&project)?;
    fs::write(project.join("package.json"), "{ \"private\": true }\n")?;
    let package = check::install(&tarball, &project)?;
    let probe = fs::read_to_string(workspace.root.join(PROBE))?;

    let mut left_out = false;
    for example in EXAMPLES {
        let name = example.name;
        if !named.is_empty() && !named.iter().any(|other| other == name) {
            continue;
        }
        let files =
            match example.page(workspace, &package).with_context(|| format!("example {name}"))? {
                Ok(files) => files,
                Err(error) if !is_asked_for => {
                    println!("skipped: {name} ({error:#})");
                    left_out = true;
                    continue;
                }
                Err(error) => return Err(error),
            };
        let html = fs::read_to_string(files.join("index.html"))?;
        let visit = Visit { files: &files, html: &html, policy: example.policy, probe: &probe };
        smoke::visit(workspace, chromium, visit).with_context(|| format!("example {name}"))?;
        println!("{name}: answers, holds, goes on after a reload, acts once");
    }
    Ok(left_out)
}

impl Example {
    /// The directory of the page, ready to be served; the inner error is why its packages cannot be had.
    fn page(&self, workspace: &Workspace, package: &Files) -> Result<Result<PathBuf>> {
        let mut sources = sources(&workspace.root.join("examples").join(self.name))?;
        let home = workspace.tools().join("examples").join(self.name);
        let built = match self.made {
            AsItIs => {
                let mut files = package.clone();
                files.extend(sources);
                page::write(&files, &home)?;
                return Ok(Ok(home));
            }
            ByCargo(program) => {
                let html = sources.remove("index.html").context("there is no index.html")?;
                page::write(&app(workspace, program, &String::from_utf8(html)?)?, &home)?;
                return Ok(Ok(home));
            }
            ByNpm(built) => built,
        };
        let [versions, lock] = ["package.json", "package-lock.json"].map(|name| {
            let text = sources.get(name).with_context(|| format!("there is no {name}"))?;
            without_ours(text)
        });
        let (versions, lock) = (versions?, lock?);
        let modules = match npm::example(&home, &versions, &lock) {
            Ok(modules) => modules,
            Err(error) => return Ok(Err(error)),
        };
        page::write(package, &modules.join("holdpoint"))?;
        clear_but(&home, &["node_modules", "package.json", "package-lock.json"])?;
        sources.retain(|name, _| !name.starts_with("package"));
        page::write_over(&sources, &home)?;
        let npm = tools::find("npm").context("npm is not installed")?;
        let mut build = Command::new(npm);
        build.args(["run", "--silent", "build"]).envs(self.env.iter().copied());
        tools::run(build.current_dir(&home))?;
        Ok(Ok(home.join(built)))
    }
}

/// A program and its page, as Trunk would put them together.
fn app(workspace: &Workspace, program: &str, html: &str) -> Result<Files> {
    let mut files = wasm::build_app(workspace, program)?;
    let start = format!("import start from \"./{program}.js\";\nawait start();\n");
    files.insert("start.js".into(), start.into());
    let html = page::without_trunk(html)? + "<script type=\"module\" src=\"/start.js\"></script>\n";
    files.insert("index.html".into(), html.into());
    Ok(files)
}

/// The files of an example as they are in the repository, without what was installed or built there.
fn sources(directory: &Path) -> Result<Files> {
    let mut files = Files::new();
    for entry in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || MADE.contains(&name.as_str()) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            let below = wasm::read_tree(&entry.path())?;
            files.extend(below.into_iter().map(|(path, bytes)| (format!("{name}/{path}"), bytes)));
        } else {
            files.insert(name, fs::read(entry.path())?);
        }
    }
    Ok(files)
}

/// What an example's own tools make in it.
const MADE: [&str; 3] = ["node_modules", "dist", "out"];

/// A manifest or a lock file without our own package: that comes from the tarball.
fn without_ours(text: &[u8]) -> Result<String> {
    let mut manifest: Value = serde_json::from_slice(text)?;
    if let Some(packages) = manifest["packages"].as_object_mut() {
        packages.retain(|path, _| path != "../../dist" && path != "node_modules/holdpoint");
    }
    for at in ["/dependencies", "/packages//dependencies"] {
        if let Some(dependencies) = manifest.pointer_mut(at).and_then(Value::as_object_mut) {
            dependencies.remove("holdpoint");
        }
    }
    Ok(serde_json::to_string_pretty(&manifest)? + "\n")
}

/// Removes what an earlier build has left.
fn clear_but(directory: &Path, kept: &[&str]) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if kept.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_package_is_taken_out_of_manifest_and_lock() {
        let manifest = br#"{"dependencies":{"holdpoint":"file:../../dist","vue":"3.5.45"}}"#;
        assert!(!without_ours(manifest).unwrap().contains("holdpoint"));
        let lock = br#"{"packages":{"":{"dependencies":{"holdpoint":"file:../../dist"}},
            "../../dist":{"name":"holdpoint"},"node_modules/holdpoint":{"link":true}}}"#;
        assert!(!without_ours(lock).unwrap().contains("holdpoint"));
    }

    #[test]
    fn lock_files_of_the_examples_leave_the_registry_to_the_user() {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("examples");
        for example in EXAMPLES.iter().filter(|example| matches!(example.made, ByNpm(_))) {
            let lock = examples.join(example.name).join("package-lock.json");
            assert!(!fs::read_to_string(lock).unwrap().contains("://"), "{}", example.name);
        }
    }
}

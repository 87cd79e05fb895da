//! What comes from npm, each package with what it needs, pinned by a lock file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::tools::{self, Workspace};
use crate::wasm::clear;

/// The versions, as `xtask/tools/package.json` pins them.
pub(crate) const VERSIONS: &str = include_str!("../tools/package.json");

/// Packages that are installed together.
struct Pinned {
    /// The directory among the tools.
    home: &'static str,
    what: &'static str,
    versions: &'static str,
    lock: &'static str,
}

const TOOLS: Pinned = Pinned {
    home: "npm",
    what: "wasm-opt and esbuild",
    versions: VERSIONS,
    lock: include_str!("../tools/package-lock.json"),
};

const AIMOCK: Pinned = Pinned {
    home: "aimock",
    what: "aimock",
    versions: include_str!("../../tests/e2e/aimock/package.json"),
    lock: include_str!("../../tests/e2e/aimock/package-lock.json"),
};

const CORPORA: Pinned = Pinned {
    home: "corpora",
    what: "axe-core and the fixtures of DOMPurify",
    versions: include_str!("../../tests/e2e/corpora/package.json"),
    lock: include_str!("../../tests/e2e/corpora/package-lock.json"),
};

const WEBHOOKS: Pinned = Pinned {
    home: "webhooks",
    what: "standardwebhooks",
    versions: include_str!("../../tests/clients/webhooks/package.json"),
    lock: include_str!("../../tests/clients/webhooks/package-lock.json"),
};

const PACKAGE: Pinned = Pinned {
    home: "package",
    what: "publint, attw, TypeScript and Vite",
    versions: include_str!("../../tests/package/tools/package.json"),
    lock: include_str!("../../tests/package/tools/package-lock.json"),
};

const DOCS: Pinned = Pinned {
    home: "docs",
    what: "CSpell and the library of CycloneDX",
    versions: include_str!("../../tests/docs/tools/package.json"),
    lock: include_str!("../../tests/docs/tools/package-lock.json"),
};

/// What checks the pages, in the packages that it comes in, installed on first use.
pub(crate) fn docs(workspace: &Workspace) -> Result<PathBuf> {
    DOCS.install(workspace)
}

/// The packages of an example, installed where its project goes; gives the directory of them all.
pub(crate) fn example(home: &Path, versions: &str, lock: &str) -> Result<PathBuf> {
    install(home, "the packages of an example", versions, lock)
}

/// What checks our own package, in the packages that it comes in, installed on first use.
pub(crate) fn package(workspace: &Workspace) -> Result<PathBuf> {
    PACKAGE.install(workspace)
}

/// The library of Standard Webhooks, in the packages that it comes in, installed on first use.
pub(crate) fn webhooks(workspace: &Workspace) -> Result<PathBuf> {
    WEBHOOKS.install(workspace)
}

/// What others test with, in the packages that it comes in, installed on first use.
pub(crate) fn corpora(workspace: &Workspace) -> Result<PathBuf> {
    CORPORA.install(workspace)
}

/// The script of aimock, for `node`, installed on first use.
pub(crate) fn aimock(workspace: &Workspace) -> Result<PathBuf> {
    Ok(AIMOCK.install(workspace)?.join("@copilotkit/aimock/dist/cli.js"))
}

/// Installed build tools.
pub(crate) struct Npm {
    modules: PathBuf,
}

impl Npm {
    /// Installs the tools on first use; without Node there are none, and a line says so.
    pub(crate) fn install(workspace: &Workspace) -> Option<Self> {
        match TOOLS.install(workspace) {
            Ok(modules) => Some(Self { modules }),
            Err(reason) => {
                eprintln!("note: no wasm-opt, so the widget is larger than it need be: {reason:#}");
                None
            }
        }
    }

    /// A command that runs `wasm-opt`.
    pub(crate) fn wasm_opt(&self) -> Command {
        self.script("binaryen/bin/wasm-opt")
    }

    /// A command that runs `esbuild`.
    pub(crate) fn esbuild(&self) -> Command {
        self.script("esbuild/bin/esbuild")
    }

    fn script(&self, path: &str) -> Command {
        let mut command = Command::new("node");
        command.arg(self.modules.join(path));
        command
    }
}

impl Pinned {
    /// Installs the packages where they are not, and gives the directory of them all.
    fn install(&self, workspace: &Workspace) -> Result<PathBuf> {
        install(&workspace.tools().join(self.home), self.what, self.versions, self.lock)
    }
}

fn install(home: &Path, what: &str, versions: &str, lock: &str) -> Result<PathBuf> {
    tools::find("node").context("Node is not installed")?;
    let modules = home.join("node_modules");
    let locked = home.join("package-lock.json");
    if modules.is_dir() && fs::read_to_string(&locked).is_ok_and(|other| other == lock) {
        return Ok(modules);
    }
    let npm = tools::find("npm").context("npm is not installed")?;
    clear(home)?;
    fs::write(home.join("package.json"), versions)?;
    fs::write(&locked, lock)?;
    eprintln!("installing {what}");
    // With a Node that is too old for them they are refused here, and not found broken later.
    let flags = ["--ignore-scripts", "--engine-strict", "--no-audit", "--no-fund"];
    let mut command = Command::new(npm);
    command.arg("ci").args(flags).arg("--loglevel=error").current_dir(home);
    let installed = tools::run(&mut command);
    if installed.is_err() {
        // What is half there must not pass for installed the next time.
        clear(home)?;
    }
    installed.map(|()| modules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_locked_to_one_version() {
        for Pinned { versions, lock, .. } in [TOOLS, AIMOCK, CORPORA, WEBHOOKS, PACKAGE, DOCS] {
            let versions: serde_json::Value = serde_json::from_str(versions).unwrap();
            for (name, version) in versions["dependencies"].as_object().unwrap() {
                let locked = format!("\"{name}\": {version}");
                assert!(lock.contains(&locked), "{name}");
            }
        }
    }

    #[test]
    fn lock_files_leave_the_registry_to_the_user() {
        for Pinned { lock, what, .. } in [TOOLS, AIMOCK, CORPORA, WEBHOOKS, PACKAGE, DOCS] {
            assert!(!lock.contains("://"), "{what}");
        }
    }
}

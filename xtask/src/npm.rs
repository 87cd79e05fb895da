//! The build tools that come from npm: wasm-opt and esbuild, pinned by a lock file.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::tools::{self, Workspace};
use crate::wasm::clear;

/// The versions, as `xtask/tools/package.json` pins them.
pub(crate) const VERSIONS: &str = include_str!("../tools/package.json");
const LOCK: &str = include_str!("../tools/package-lock.json");

/// Installed tools.
pub(crate) struct Npm {
    modules: PathBuf,
}

impl Npm {
    /// Installs the tools on first use; without Node there are none, and a line says so.
    pub(crate) fn install(workspace: &Workspace) -> Option<Self> {
        match Self::try_install(workspace) {
            Ok(npm) => Some(npm),
            Err(reason) => {
                eprintln!("note: no wasm-opt, so the widget is larger than it need be: {reason:#}");
                None
            }
        }
    }

    fn try_install(workspace: &Workspace) -> Result<Self> {
        tools::find("node").context("Node is not installed")?;
        let home = workspace.tools().join("npm");
        let modules = home.join("node_modules");
        let locked = home.join("package-lock.json");
        if modules.is_dir() && fs::read_to_string(&locked).is_ok_and(|lock| lock == LOCK) {
            return Ok(Self { modules });
        }
        let npm = tools::find("npm").context("npm is not installed")?;
        clear(&home)?;
        fs::write(home.join("package.json"), VERSIONS)?;
        eprintln!("installing wasm-opt and esbuild");
        let quiet = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
        fs::write(&locked, LOCK)?;
        let installed = tools::run(Command::new(npm).args(quiet).current_dir(&home));
        if installed.is_err() {
            // What is half there must not pass for installed the next time.
            clear(&home)?;
        }
        installed.map(|()| Self { modules })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_locked_to_one_version() {
        let versions: serde_json::Value = serde_json::from_str(VERSIONS).unwrap();
        for (name, version) in versions["dependencies"].as_object().unwrap() {
            let locked = format!("\"{name}\": {version}");
            assert!(LOCK.contains(&locked), "{name}");
        }
    }

    #[test]
    fn lock_file_leaves_the_registry_to_the_user() {
        assert!(!LOCK.contains("http"));
    }
}

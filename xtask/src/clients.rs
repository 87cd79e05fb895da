//! Others' code before the proxy and the worker, mostly in Python: an environment of its own, both
//! built, and the programs of `tests/clients`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::browser::apt_install;
use crate::cache::fingerprint;
use crate::npm;
use crate::tools::{self, Workspace};

/// An environment with all that `requirements.txt` names.
pub(crate) struct Python {
    program: PathBuf,
    scripts: PathBuf,
}

impl Python {
    /// Finds the environment, or makes it where it is missing or of other requirements.
    pub(crate) fn ready(workspace: &Workspace) -> Result<Self> {
        let scripts = workspace.root.join("tests/clients");
        let requirements = scripts.join("requirements.txt");
        let wanted = fs::read(&requirements)
            .with_context(|| format!("cannot read {}", requirements.display()))?;
        let wanted = fingerprint(&[&wanted]);
        let home = workspace.tools().join("clients");
        let bin = home.join(if cfg!(windows) { "Scripts" } else { "bin" });
        let program = bin.join(format!("python{}", env::consts::EXE_SUFFIX));
        let made_of = home.join("requirements.key");
        if !fs::read_to_string(&made_of).is_ok_and(|made_of| made_of == wanted) {
            make(&home).context("make an environment of Python (Debian: python3, python3-venv)")?;
            eprintln!("installing others' programs in Python");
            let mut pip = Command::new(&program);
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
            // A wheel runs no code of its package here; each of these has one.
            pip.args(["--only-binary=:all:", "--requirement"]).arg(&requirements);
            tools::run(&mut pip)?;
            fs::write(&made_of, wanted)
                .with_context(|| format!("cannot write {}", made_of.display()))?;
        }
        Ok(Self { program, scripts })
    }

    /// The interpreter, for tests that start programs of `tests/clients` themselves.
    pub(crate) fn interpreter(&self) -> &Path {
        &self.program
    }

    /// A program of `tests/clients`, which finds the proxy and the worker where they were just built.
    pub(crate) fn command(&self, workspace: &Workspace) -> Result<Command> {
        let mut command = Command::new(&self.program);
        let mut build = workspace.cargo();
        build.args(["build", "--locked"]);
        for (variable, name) in
            [("HOLDPOINT_PROXY", "holdpoint-proxy"), ("HOLDPOINT_WORKER", "holdpoint-worker")]
        {
            build.args(["--package", name]);
            let program = format!("{name}{}", env::consts::EXE_SUFFIX);
            command.env(variable, workspace.target.join("debug").join(program));
        }
        tools::run(&mut build)?;
        match npm::webhooks(workspace) {
            Ok(modules) => command.env("HOLDPOINT_WEBHOOKS", modules),
            Err(reason) => {
                println!("skipped: Standard Webhooks for Node ({reason:#})");
                command.env_remove("HOLDPOINT_WEBHOOKS")
            }
        };
        command.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(&self.scripts);
        // All of it is on this machine.
        for name in ["http_proxy", "https_proxy", "all_proxy"] {
            command.env_remove(name).env_remove(name.to_uppercase());
        }
        Ok(command)
    }
}

fn make(home: &Path) -> Result<()> {
    let create = || {
        let python = tools::find("python3").or_else(|| tools::find("python"));
        let python = python.context("there is no python3")?;
        tools::run(Command::new(python).args(["-m", "venv", "--clear"]).arg(home))
    };
    create().or_else(|_| apt_install(&["python3", "python3-venv"]).and_then(|()| create()))
}

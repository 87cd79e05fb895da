//! Where the workspace is, how another program is run, and how one is found.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The workspace as cargo sees it from the current directory.
pub(crate) struct Workspace {
    /// The directory of the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target directory, wherever the user has put it.
    pub(crate) target: PathBuf,
    /// The version that every package shares.
    pub(crate) version: String,
    /// The address of the repository, for the package of the widget.
    pub(crate) repository: String,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn locate() -> Result<Self> {
        let mut command = cargo();
        command.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
        let metadata: Value =
            serde_json::from_str(&output(&mut command)?).context("cargo metadata is not JSON")?;
        let widget = metadata["packages"]
            .as_array()
            .and_then(|packages| packages.iter().find(|package| package["name"] == "holdpoint"))
            .context("the workspace has no package `holdpoint`")?;
        let text = |value: &Value, key: &str| {
            value[key]
                .as_str()
                .map(str::to_owned)
                .with_context(|| format!("no `{key}` in cargo metadata"))
        };
        Ok(Self {
            root: text(&metadata, "workspace_root")?.into(),
            target: text(&metadata, "target_directory")?.into(),
            version: text(widget, "version")?,
            repository: text(widget, "repository")?,
        })
    }

    /// A cargo command in the root of the workspace.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root);
        command
    }

    /// Where tools are installed: beside the builds, so that nothing outside is touched.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// Where the steps of a build keep their results.
    pub(crate) fn work(&self) -> PathBuf {
        self.target.join("xtask")
    }

    /// Finds a program on the `PATH` or among the installed tools.
    pub(crate) fn find(&self, name: &str) -> Option<PathBuf> {
        find(name).or_else(|| executable(&self.tools().join("bin"), name))
    }

    /// Installs a crate's program among the tools and returns its path.
    pub(crate) fn install(&self, krate: &str, version: &str) -> Result<PathBuf> {
        eprintln!("installing {krate} {version}: this takes some minutes, once");
        let mut command = self.cargo();
        command.args(["install", "--locked", "--version", version, "--root"]);
        // It runs once or twice: what its author spends on a fast program is time lost here.
        for (setting, value) in [("LTO", "off"), ("CODEGEN_UNITS", "16"), ("OPT_LEVEL", "1")] {
            command.env(format!("CARGO_PROFILE_RELEASE_{setting}"), value);
        }
        run(command.arg(self.tools()).arg(krate))?;
        executable(&self.tools().join("bin"), krate)
            .with_context(|| format!("{krate} was installed but is not to be found"))
    }

    /// Adds the wasm target to the toolchain where it is missing.
    pub(crate) fn ensure_wasm_target(&self) -> Result<()> {
        let installed = self.sysroot()?.join("lib/rustlib").join(WASM_TARGET).is_dir();
        if installed { Ok(()) } else { self.rustup(&["target", "add", WASM_TARGET]) }
    }

    /// Adds the source of the standard library to the toolchain where it is missing.
    pub(crate) fn ensure_rust_src(&self) -> Result<()> {
        let installed = self.sysroot()?.join("lib/rustlib/src/rust/library").is_dir();
        if installed { Ok(()) } else { self.rustup(&["component", "add", "rust-src"]) }
    }

    /// Flags of rustc that leave this machine's directories out of the messages of panics: the wasm
    /// is smaller, and the same wherever it is built.
    pub(crate) fn short_paths(&self) -> Result<Vec<String>> {
        let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| {
            env::var_os(if cfg!(windows) { "USERPROFILE" } else { "HOME" })
                .map(|home| Path::new(&home).join(".cargo"))
        });
        let sources = home.map(|home| home.join("registry/src"));
        let registries = sources.as_deref().and_then(|sources| sources.read_dir().ok());
        let registries = registries.into_iter().flatten().flatten().map(|entry| entry.path());
        let library = self.sysroot()?.join("lib/rustlib/src/rust");
        let directories = registries.chain([library, self.root.clone()]);
        Ok(directories.map(|path| format!("--remap-path-prefix={}=", path.display())).collect())
    }

    fn sysroot(&self) -> Result<PathBuf> {
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let mut command = Command::new(rustc);
        let printed = output(command.args(["--print", "sysroot"]).current_dir(&self.root))?;
        Ok(printed.trim().into())
    }

    fn rustup(&self, args: &[&str]) -> Result<()> {
        run(Command::new("rustup").args(args).current_dir(&self.root))
            .with_context(|| format!("`rustup {}` is needed first", args.join(" ")))
    }
}

/// Runs a command with the terminal as its own; failing is an error that names the command.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start `{}`", words(command)))?;
    if status.success() { Ok(()) } else { bail!("`{}` ended with {status}", words(command)) }
}

/// Runs a command and returns what it prints.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{}`", words(command)))?;
    if !output.status.success() {
        bail!("`{}` ended with {}", words(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}` is not UTF-8", words(command)))
}

/// Finds a program on the `PATH`.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).find_map(|directory| executable(&directory, name))
}

fn executable(directory: &Path, name: &str) -> Option<PathBuf> {
    let path = directory.join(format!("{name}{}", env::consts::EXE_SUFFIX));
    path.is_file().then_some(path)
}

fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // `cargo run` tells this process which package it is. Some build scripts watch these very
    // variables, and would run again whenever the same crate is built from here and from a shell.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    command
}

fn words(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words: Vec<_> = [program]
        .into_iter()
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    words.join(" ")
}

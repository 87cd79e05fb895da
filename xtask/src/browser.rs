//! The browsers that tests run in: found, or installed where this machine allows it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::tools::{self, Workspace};

/// The version of geckodriver that the tests were written against.
const GECKODRIVER: &str = "0.37.1";

/// What the runner of wasm tests reads, in the order in which it prefers them.
const DRIVERS: [&str; 4] = ["CHROMEDRIVER", "GECKODRIVER", "SAFARIDRIVER", "MSEDGEDRIVER"];

/// A browser and the program that drives it.
pub(crate) struct Browser {
    pub(crate) program: PathBuf,
    pub(crate) driver: PathBuf,
}

/// The browsers of this machine.
pub(crate) struct Browsers {
    pub(crate) chromium: Browser,
    /// Firefox is tested where geckodriver is at hand: Debian does not have it.
    pub(crate) firefox: Option<Browser>,
}

impl Browsers {
    /// Finds Chromium, which is a must, and Firefox, which is one only on demand.
    pub(crate) fn find(workspace: &Workspace, firefox: bool) -> Result<Self> {
        Ok(Self { chromium: chromium(workspace)?, firefox: find_firefox(workspace, firefox)? })
    }

    /// Tells a command where the browsers are.
    pub(crate) fn describe_to(&self, command: &mut Command) {
        command.env("CHROME", &self.chromium.program).env("CHROMEDRIVER", &self.chromium.driver);
        for name in ["FIREFOX", "GECKODRIVER"] {
            command.env_remove(name);
        }
        if let Some(firefox) = &self.firefox {
            command.env("FIREFOX", &firefox.program).env("GECKODRIVER", &firefox.driver);
        }
    }
}

/// Finds Chromium and its driver, and installs them on a Debian where this is root.
pub(crate) fn chromium(workspace: &Workspace) -> Result<Browser> {
    if let Some(found) = find_chromium(workspace) {
        return Ok(found);
    }
    apt_install(&["chromium", "chromium-driver"])
        .and_then(|()| find_chromium(workspace).context("installed, but not to be found"))
        .context("install Chromium and chromedriver (Debian: chromium, chromium-driver)")
}

/// Finds Chromium and its driver where they are installed.
pub(crate) fn find_chromium(workspace: &Workspace) -> Option<Browser> {
    let programs = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let mac = Path::new("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
    let program = named("CHROME")
        .or_else(|| programs.iter().find_map(|name| tools::find(name)))
        .or_else(|| mac.is_file().then(|| mac.to_owned()))?;
    let driver = named("CHROMEDRIVER").or_else(|| workspace.find("chromedriver"))?;
    Some(Browser { program, driver })
}

fn find_firefox(workspace: &Workspace, demanded: bool) -> Result<Option<Browser>> {
    let find = || {
        named("FIREFOX").or_else(|| tools::find("firefox")).or_else(|| tools::find("firefox-esr"))
    };
    let driver = named("GECKODRIVER").or_else(|| workspace.find("geckodriver"));
    if !demanded {
        return Ok(find().zip(driver).map(|(program, driver)| Browser { program, driver }));
    }
    let program = match find() {
        Some(program) => program,
        None => apt_install(&["firefox-esr"])
            .and_then(|()| find().context("installed, but not to be found"))
            .context("install Firefox (Debian: firefox-esr)")?,
    };
    let driver = match driver {
        Some(driver) => driver,
        None => workspace.install("geckodriver", GECKODRIVER)?,
    };
    Ok(Some(Browser { program, driver }))
}

/// Installs PostgreSQL where there is none, on a Debian where this is root.
pub(crate) fn ensure_postgres() -> Result<()> {
    let is_there = Path::new("/usr/lib/postgresql").exists() || tools::find("initdb").is_some();
    if is_there { Ok(()) } else { apt_install(&["postgresql"]) }
}

/// Installs packages on a Debian where this is root.
pub(crate) fn apt_install(packages: &[&str]) -> Result<()> {
    let apt = tools::find("apt-get").context("there is no apt-get to install it with")?;
    if tools::output(Command::new("id").arg("-u"))?.trim() != "0" {
        bail!("only root may install it");
    }
    eprintln!("installing {}", packages.join(" and "));
    let get = || {
        let mut command = Command::new(&apt);
        command.args(["--quiet", "--quiet"]).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    tools::run(get().arg("update"))?;
    tools::run(get().args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

/// Tells a command of one driver and of no other, because the runner takes the first it finds.
pub(crate) fn only_driver(command: &mut Command, variable: &str, driver: &Path) {
    for other in DRIVERS {
        command.env_remove(other);
    }
    command.env(variable, driver);
}

/// A path from the environment.
fn named(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Runs the tests in a wasm file, in the one browser that the environment names, else in Chromium.
pub(crate) fn run_wasm_tests(workspace: &Workspace, args: Vec<OsString>) -> Result<()> {
    let drivers: Vec<_> =
        DRIVERS.into_iter().filter_map(|name| Some((name, named(name)?))).collect();
    if drivers.len() == 1 {
        // `cargo test --quiet` passes its flag on, and the runner does not know it.
        let args = args.into_iter().filter(|argument| argument != "--quiet");
        let args = [OsString::from("wasm-bindgen-test-runner")].into_iter().chain(args);
        return wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(args);
    }
    // The runner reads its environment: it is told of one driver by starting this again.
    let mut command = Command::new(env::current_exe()?);
    let (variable, driver) = match drivers.into_iter().next() {
        Some(first) => first,
        None => ("CHROMEDRIVER", chromium(workspace)?.driver),
    };
    only_driver(&mut command, variable, &driver);
    tools::run(command.arg("wasm-test-runner").args(args))
}

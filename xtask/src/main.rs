//! `cargo xtask`: Holdpoint's set-up, build, test, bench and distribution, with nothing to install
//! first but rustup. Each command has a file of its own; `tools` and `cache` serve them all.
#![expect(clippy::print_stdout, reason = "a command-line tool answers on its standard output")]

mod bench;
mod browser;
mod cache;
mod clients;
mod demo;
mod dist;
mod docs;
mod examples;
mod fuzz;
mod glue;
mod names;
mod npm;
mod page;
mod size;
mod smoke;
mod test;
mod tools;
mod wasm;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::builder::PossibleValuesParser;

use tools::Workspace;

/// Sets up, builds, checks and ships Holdpoint.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Xtask {
    /// Build the widget and serve the demo bank.
    Demo {
        /// Where to listen [default: $HOLDPOINT_ADDR, else 127.0.0.1:8787].
        #[arg(long, value_name = "HOST:PORT")]
        addr: Option<String>,
        /// Instead of the page: a worker, with an invoice that waits for an approval.
        #[arg(long = "async")]
        asynchronous: bool,
    },
    /// Run every check, or only the parts named.
    Test {
        #[arg(value_name = "NAME", value_parser = PossibleValuesParser::new(test::names()))]
        parts: Vec<String>,
        /// Install what is missing to test in Firefox too.
        #[arg(long)]
        firefox: bool,
        /// Arguments for the runner of the parts named, such as a filter.
        #[arg(last = true, requires = "parts")]
        args: Vec<String>,
    },
    /// Measure the widget in a real browser, the proxy beside nginx (`proxy`, `half-open`), and the
    /// worker beside a peer (`worker`).
    Bench {
        /// The benches to run; all of them when none is named.
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
    /// Look for bytes that what reads bytes does not stand.
    Fuzz {
        /// What to look at; all of it, one after the other, when nothing is named.
        #[arg(value_name = "TARGET", value_parser = PossibleValuesParser::new(fuzz::TARGETS))]
        target: Option<String>,
        /// How long to look at each.
        #[arg(long, value_name = "N", default_value_t = 10)]
        minutes: u64,
    },
    /// Take the picture of the README.
    Screenshot,
    /// Take a picture of each state of the widget, for `docs/gallery/`.
    Gallery {
        /// The states to take anew, by name; all of them when nothing is named.
        #[arg(value_name = "STATE")]
        scenes: Vec<String>,
    },
    /// Show what a first load weighs, and who spends it.
    Size,
    /// Build the package for npm in `dist/`.
    Dist {
        /// Instead: build it twice, in two directories, and see that it is the same.
        #[arg(long)]
        verify: bool,
    },
    /// Build the site of the documentation in `target/docs`.
    Docs,
    /// Write `docs/element.md` anew, from the types of the element.
    Reference,
    /// Build all of the demo page but its HTML, for a development server such as Trunk.
    BuildPage {
        /// The directory to fill [default: $TRUNK_STAGING_DIR].
        #[arg(long, value_name = "DIR")]
        into: Option<PathBuf>,
    },
    /// Run the tests in a wasm file: `.cargo/config.toml` names this as the runner of wasm32.
    #[command(hide = true, disable_help_flag = true)]
    WasmTestRunner {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    match run(Xtask::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Xtask) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::locate()?;
    match command {
        Xtask::Demo { addr, asynchronous: false } => demo::run(&workspace, addr)?,
        Xtask::Demo { addr, asynchronous: true } => demo::run_async(&workspace, addr)?,
        Xtask::Test { parts, firefox, args } => {
            return test::run(&workspace, &parts, firefox, &args);
        }
        Xtask::Bench { names } => bench::run(&workspace, &names)?,
        Xtask::Fuzz { target, minutes } => fuzz::run(&workspace, target.as_deref(), minutes)?,
        Xtask::Gallery { scenes } => bench::gallery(&workspace, &scenes)?,
        Xtask::Screenshot => bench::screenshot(&workspace)?,
        Xtask::Size => size::run(&workspace)?,
        Xtask::Dist { verify: false } => dist::run(&workspace)?,
        Xtask::Dist { verify: true } => dist::verify::run(&workspace)?,
        Xtask::Docs => docs::run(&workspace)?,
        Xtask::Reference => dist::reference::write(&workspace)?,
        Xtask::BuildPage { into } => page::build_into(&workspace, into)?,
        Xtask::WasmTestRunner { args } => browser::run_wasm_tests(&workspace, args)?,
    }
    Ok(ExitCode::SUCCESS)
}

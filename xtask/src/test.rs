//! `cargo xtask test`: every check, one part after the other.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use crate::browser::{self, Browsers};
use crate::clients::Python;
use crate::dist;
use crate::docs;
use crate::examples;
use crate::fuzz;
use crate::npm;
use crate::page;
use crate::size;
use crate::smoke;
use crate::tools::{self, Workspace};

/// The version that `cargo xtask test deny` installs.
const CARGO_DENY: &str = "0.20.2";

/// One part: its name, what it shows, and how it is run.
struct Part {
    name: &'static str,
    shows: &'static str,
    run: fn(&Context<'_>) -> Result<Outcome>,
}

/// What a part that did not fail has to say.
enum Outcome {
    Passed,
    Skipped(&'static str),
}

/// What the parts are run with.
struct Context<'a> {
    workspace: &'a Workspace,
    /// Whether Firefox was asked for.
    firefox: bool,
    /// Whether the parts were named, and not all of them meant.
    named: bool,
    /// Arguments for the runner of a part.
    args: &'a [String],
}

/// The parts: the quick ones first, so that a slip is told before the browsers start.
const PARTS: [Part; 15] = [
    Part { name: "fmt", shows: "the source is formatted", run: fmt },
    Part { name: "lints", shows: "clippy has nothing to say, natively and for wasm", run: lints },
    Part { name: "deny", shows: "licences, sources and advisories of what we use", run: deny },
    Part { name: "core", shows: "what decides: plans, policy, runs, journals", run: core },
    Part { name: "native", shows: "the other packages, outside a browser", run: native },
    Part { name: "worker", shows: "jobs and decisions, on both databases, killed", run: worker },
    Part {
        name: "clients",
        shows: "others' clients and servers meet the proxy and the worker",
        run: clients,
    },
    Part {
        name: "schemathesis",
        shows: "random requests find no fault of the servers",
        run: random,
    },
    Part { name: "web", shows: "the widget's parts, in headless browsers", run: web },
    Part { name: "build", shows: "the page builds and the widget starts in it", run: build },
    Part {
        name: "package",
        shows: "the package is installed, built and opened as others do it",
        run: package,
    },
    Part { name: "docs", shows: "the pages are true: links, words, code, codes", run: docs },
    Part {
        name: "examples",
        shows: "the examples of each framework, with the package, in a browser",
        run: examples,
    },
    Part { name: "e2e", shows: "the whole, as a person meets it in a browser", run: e2e },
    Part { name: "size", shows: "a first load has not grown; the budget is said", run: size },
];

/// The names of the parts, in order.
pub(crate) fn names() -> Vec<&'static str> {
    PARTS.iter().map(|part| part.name).collect()
}

/// Runs the parts named, or all of them, up to the first that fails.
pub(crate) fn run(
    workspace: &Workspace,
    parts: &[String],
    firefox: bool,
    args: &[String],
) -> Result<ExitCode> {
    let context = Context { workspace, firefox, named: !parts.is_empty(), args };
    let wanted = |part: &&Part| parts.is_empty() || parts.iter().any(|name| name == part.name);
    let mut passed = 0;
    let mut skipped = Vec::new();
    let mut failed = None;
    let mut wanted = PARTS.iter().filter(wanted);
    for part in wanted.by_ref() {
        println!("\n== {}: {}", part.name, part.shows);
        match (part.run)(&context) {
            Ok(Outcome::Passed) => passed += 1,
            Ok(Outcome::Skipped(reason)) => skipped.push(format!("{} ({reason})", part.name)),
            Err(error) => {
                failed = Some(format!("{}: {error:#}", part.name));
                break;
            }
        }
    }
    println!();
    if !skipped.is_empty() {
        println!("skipped: {}", skipped.join(", "));
    }
    if let Some(reason) = &failed {
        println!("failed: {reason}");
        let left: Vec<_> = wanted.map(|part| part.name).collect();
        if !left.is_empty() {
            println!("not run: {}", left.join(", "));
        }
    }
    println!("{passed} passed, {} failed", usize::from(failed.is_some()));
    Ok(if failed.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Context<'_> {
    fn cargo(&self, args: &[&str]) -> Result<Outcome> {
        tools::run(self.workspace.cargo().args(args))?;
        Ok(Outcome::Passed)
    }

    fn cargo_test(&self, args: &[&str]) -> std::process::Command {
        let mut command = self.workspace.cargo();
        command.args(["test", "--locked"]).args(args).arg("--").args(self.args);
        command
    }

    fn browsers(&self) -> Result<Browsers> {
        let browsers = Browsers::find(self.workspace, self.firefox)?;
        if browsers.firefox.is_none() {
            println!("skipped: Firefox (there is no geckodriver; --firefox installs it)");
        }
        Ok(browsers)
    }

    fn page(&self) -> Result<PathBuf> {
        page::build(self.workspace)
    }
}

fn fmt(context: &Context<'_>) -> Result<Outcome> {
    context.cargo(&["fmt", "--manifest-path", fuzz::MANIFEST, "--check"])?;
    context.cargo(&["fmt", "--all", "--check"])
}

fn lints(context: &Context<'_>) -> Result<Outcome> {
    let deny = ["--", "-D", "warnings"];
    let native = ["clippy", "--locked", "--workspace", "--all-targets"];
    context.cargo(&[&native[..], &deny].concat())?;
    tools::run(fuzz::cargo(context.workspace, "clippy").arg("--all-targets").args(deny))?;
    context.workspace.ensure_wasm_target()?;
    let wasm = ["clippy", "--locked", "--package", "holdpoint", "--lib", "--tests"];
    context.cargo(&[&wasm[..], &["--target", "wasm32-unknown-unknown"], &deny].concat())
}

fn deny(context: &Context<'_>) -> Result<Outcome> {
    let workspace = context.workspace;
    let program = match workspace.find("cargo-deny") {
        Some(program) => program,
        None if context.named => workspace.install("cargo-deny", CARGO_DENY)?,
        None => return Ok(Outcome::Skipped("no cargo-deny; `cargo xtask test deny` installs it")),
    };
    let deny = |args: &[&str]| {
        let mut command = std::process::Command::new(&program);
        command.args(["--locked", "--workspace"]).args(args).current_dir(&workspace.root);
        tools::run(&mut command)
    };
    deny(&["check", "--hide-inclusion-graph", "bans", "licenses", "sources"])?;
    if deny(&["fetch", "db"]).is_err() {
        println!("skipped: advisories (their database could not be fetched)");
        return Ok(Outcome::Passed);
    }
    deny(&["check", "--disable-fetch", "advisories"])?;
    Ok(Outcome::Passed)
}

fn core(context: &Context<'_>) -> Result<Outcome> {
    tools::run(&mut context.cargo_test(&["--package", "holdpoint-core"]))?;
    tools::run(fuzz::cargo(context.workspace, "test").arg("--").args(context.args))?;
    Ok(Outcome::Passed)
}

fn native(context: &Context<'_>) -> Result<Outcome> {
    let mut others = vec!["--workspace"];
    for package in ["holdpoint-core", "holdpoint-e2e", "holdpoint-worker"] {
        others.extend(["--exclude", package]);
    }
    tools::run(&mut context.cargo_test(&others))?;
    Ok(Outcome::Passed)
}

fn worker(context: &Context<'_>) -> Result<Outcome> {
    // The tests find a PostgreSQL by themselves, and say in one line where there is none.
    if let Err(error) = browser::ensure_postgres() {
        println!("PostgreSQL is not installed: {error:#}");
    }
    let mut command = context.cargo_test(&["--package", "holdpoint-worker"]);
    match Python::ready(context.workspace) {
        Ok(python) => command.env("HOLDPOINT_PYTHON", python.interpreter()),
        Err(reason) => {
            println!("skipped: tools over MCP ({reason:#})");
            command.env_remove("HOLDPOINT_PYTHON")
        }
    };
    tools::run(&mut command)?;
    Ok(Outcome::Passed)
}

fn clients(context: &Context<'_>) -> Result<Outcome> {
    let python = match python(context)? {
        Ok(python) => python,
        Err(skipped) => return Ok(skipped),
    };
    let mut command = python.command(context.workspace)?;
    command.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).args(context.args);
    tools::run(&mut command)?;
    Ok(Outcome::Passed)
}

fn random(context: &Context<'_>) -> Result<Outcome> {
    let python = match python(context)? {
        Ok(python) => python,
        Err(skipped) => return Ok(skipped),
    };
    let count = env::var("HOLDPOINT_RANDOM_REQUESTS").unwrap_or_else(|_| "1000".into());
    for program in ["schema.py", "worker_schema.py"] {
        tools::run(python.command(context.workspace)?.arg(program).arg(&count))?;
    }
    Ok(Outcome::Passed)
}

/// The environment of the clients. Where it cannot be had, and was not asked for by name, the part
/// is left out.
fn python(context: &Context<'_>) -> Result<Result<Python, Outcome>> {
    match Python::ready(context.workspace) {
        Ok(python) => Ok(Ok(python)),
        Err(error) if !context.named => {
            println!("{error:#}");
            Ok(Err(Outcome::Skipped("no Python environment with the clients could be made")))
        }
        Err(error) => Err(error),
    }
}

fn web(context: &Context<'_>) -> Result<Outcome> {
    context.workspace.ensure_wasm_target()?;
    let browsers = context.browsers()?;
    let drivers =
        [("CHROMEDRIVER", Some(&browsers.chromium)), ("GECKODRIVER", browsers.firefox.as_ref())];
    for (variable, browser) in drivers {
        let Some(browser) = browser else { continue };
        let target = ["--target", "wasm32-unknown-unknown", "--test", "web"];
        let mut command = context.cargo_test(&[&["--package", "holdpoint"], &target[..]].concat());
        browser::only_driver(&mut command, variable, &browser.driver);
        // The limit is for a browser that hangs; a busy machine is not one.
        tools::run(command.env("WASM_BINDGEN_TEST_TIMEOUT", "180"))?;
    }
    Ok(Outcome::Passed)
}

fn build(context: &Context<'_>) -> Result<Outcome> {
    let page = context.page()?;
    smoke::check(context.workspace, &browser::chromium(context.workspace)?, &page)?;
    println!("the widget starts in {}", page.display());
    Ok(Outcome::Passed)
}

fn package(context: &Context<'_>) -> Result<Outcome> {
    let modules = match npm::package(context.workspace) {
        Ok(modules) => modules,
        Err(error) if !context.named => {
            println!("{error:#}");
            return Ok(Outcome::Skipped("what checks the package could not be installed from npm"));
        }
        Err(error) => return Err(error),
    };
    dist::check::run(context.workspace, &modules, &browser::chromium(context.workspace)?)?;
    Ok(Outcome::Passed)
}

fn docs(context: &Context<'_>) -> Result<Outcome> {
    let tools = npm::package(context.workspace)
        .and_then(|package| Ok((package, npm::docs(context.workspace)?)));
    let (package, pages) = match tools {
        Ok(tools) => tools,
        Err(error) if !context.named => {
            println!("{error:#}");
            return Ok(Outcome::Skipped("what checks the pages could not be installed from npm"));
        }
        Err(error) => return Err(error),
    };
    let chromium = browser::chromium(context.workspace)?;
    docs::check::run(context.workspace, &docs::check::Tools { package, pages, chromium })?;
    Ok(Outcome::Passed)
}

fn examples(context: &Context<'_>) -> Result<Outcome> {
    let chromium = browser::chromium(context.workspace)?;
    let left_out = examples::run(context.workspace, &chromium, context.args, context.named)?;
    Ok(if left_out {
        Outcome::Skipped("some of them need Node, npm and its registry")
    } else {
        Outcome::Passed
    })
}

fn e2e(context: &Context<'_>) -> Result<Outcome> {
    let browsers = context.browsers()?;
    let page = context.page()?;
    let mut command = context.cargo_test(&["--package", "holdpoint-e2e"]);
    browsers.describe_to(&mut command);
    // Each with the variable that names it; where one cannot be had, its tests say so and pass.
    let python = Python::ready(context.workspace);
    let optional = [
        ("MCP", "HOLDPOINT_PYTHON", python.map(|python| python.interpreter().to_owned())),
        ("aimock", "HOLDPOINT_AIMOCK", npm::aimock(context.workspace)),
        ("axe-core, DOMPurify", "HOLDPOINT_CORPORA", npm::corpora(context.workspace)),
    ];
    for (what, variable, found) in optional {
        match found {
            Ok(path) => command.env(variable, path),
            Err(reason) => {
                println!("skipped: {what} ({reason:#})");
                command.env_remove(variable)
            }
        };
    }
    tools::run(command.env("HOLDPOINT_E2E_DIST", page))?;
    Ok(Outcome::Passed)
}

fn size(context: &Context<'_>) -> Result<Outcome> {
    size::run(context.workspace)?;
    Ok(Outcome::Passed)
}

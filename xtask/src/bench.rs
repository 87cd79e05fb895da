//! `cargo xtask bench`, `cargo xtask screenshot` and `cargo xtask gallery`: programs of `tests/e2e`, on the page as it is
//! shipped, those of the proxy, and that of the worker.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::browser::{Browsers, apt_install, ensure_postgres};
use crate::clients::Python;
use crate::page;
use crate::tools::{self, Workspace};

/// The benches that need no browser.
const OF_PROXY: [&str; 2] = ["proxy", "half-open"];

const OF_WORKER: &str = "worker";

/// Runs the benches.
pub(crate) fn run(workspace: &Workspace, names: &[String]) -> Result<()> {
    let of_worker = names.iter().any(|name| name == OF_WORKER);
    let (of_proxy, in_browser): (Vec<_>, Vec<_>) = names
        .iter()
        .filter(|name| *name != OF_WORKER)
        .cloned()
        .partition(|name| OF_PROXY.contains(&name.as_str()));
    if of_worker || names.is_empty() {
        worker(workspace)?;
    }
    if names.is_empty() || !in_browser.is_empty() {
        self::in_browser(workspace, "bench", &in_browser)?;
    }
    let of_proxy = if names.is_empty() { OF_PROXY.map(String::from).to_vec() } else { of_proxy };
    if of_proxy.is_empty() { Ok(()) } else { load(workspace, &of_proxy) }
}

/// Builds the release of the worker and measures it beside a peer on one PostgreSQL.
fn worker(workspace: &Workspace) -> Result<()> {
    ensure_postgres().context("install PostgreSQL (Debian: postgresql)")?;
    let python = Python::ready(workspace)?;
    let package = ["--release", "--locked", "--package", "holdpoint-worker"];
    tools::run(workspace.cargo().arg("build").args(package))?;
    let program = format!("holdpoint-worker{}", env::consts::EXE_SUFFIX);
    let mut command = std::process::Command::new(python.interpreter());
    command.env("HOLDPOINT_WORKER", workspace.target.join("release").join(program));
    command.arg(workspace.root.join("tests/clients/worker_bench.py"));
    command.args(env::var("HOLDPOINT_BENCH_JOBS"));
    println!("\n== {OF_WORKER}");
    tools::run(&mut command)
}

/// Builds the release of the proxy and puts it under load, beside nginx.
fn load(workspace: &Workspace, names: &[String]) -> Result<()> {
    let package = ["--release", "--locked", "--package", "holdpoint-proxy"];
    tools::run(workspace.cargo().arg("build").args(package))?;
    let mut build = workspace.cargo();
    build.args(["bench", "--no-run", "--bench", "load", "--message-format", "json"]);
    let messages = tools::output(build.args(&package[1..]))?;
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let is_load = |message: &Value| message["target"]["name"] == "load";
    let program =
        messages.filter(is_load).find_map(|it| Some(it["executable"].as_str()?.to_owned()));
    let program = program.context("cargo names no program of the bench")?;
    let work = workspace.work().join("load");
    fs::create_dir_all(&work).with_context(|| format!("cannot create {}", work.display()))?;
    for name in names {
        let mut command = std::process::Command::new(&program);
        let proxy = format!("holdpoint-proxy{}", env::consts::EXE_SUFFIX);
        command.env("HOLDPOINT_PROXY", workspace.target.join("release").join(proxy));
        command.env("HOLDPOINT_BENCH_WORK", &work).arg(name);
        if name == "proxy" {
            command.env("HOLDPOINT_NGINX", nginx()?);
        }
        println!("\n== {name}");
        tools::run(&mut command)?;
    }
    Ok(())
}

/// Finds nginx, and installs it on a Debian where this is root.
fn nginx() -> Result<PathBuf> {
    // Where Debian has it is not on everyone's path.
    let find = || {
        let usual = PathBuf::from("/usr/sbin/nginx");
        tools::find("nginx").or_else(|| usual.is_file().then_some(usual))
    };
    match find() {
        Some(program) => Ok(program),
        None => apt_install(&["nginx-light"])
            .and_then(|()| find().context("installed, but not to be found"))
            .context("install nginx (Debian: nginx-light)"),
    }
}

/// Takes the picture of the README.
pub(crate) fn screenshot(workspace: &Workspace) -> Result<()> {
    let picture = workspace.root.join("docs/screenshot.png");
    in_browser(workspace, "screenshot", &[picture.display().to_string()])
}

/// Takes the pictures of the gallery: all of them, or those of the states named.
pub(crate) fn gallery(workspace: &Workspace, scenes: &[String]) -> Result<()> {
    let directory = workspace.root.join("docs/gallery").display().to_string();
    in_browser(workspace, "gallery", &[&[directory], scenes].concat())
}

/// Runs a program of `tests/e2e`.
///
/// The harness itself is an ordinary debug build: it drives a browser, and what is measured, the
/// widget, is the release in that browser.
fn in_browser(workspace: &Workspace, program: &str, args: &[String]) -> Result<()> {
    let browsers = Browsers::find(workspace, false)?;
    let page = page::build(workspace)?;
    let mut command = workspace.cargo();
    command.args(["run", "--quiet", "--locked", "--package", "holdpoint-e2e", "--bin", program]);
    browsers.describe_to(&mut command);
    tools::run(command.env("HOLDPOINT_E2E_DIST", page).arg("--").args(args))
}

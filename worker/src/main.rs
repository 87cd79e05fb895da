//! The worker as a program: configured by the environment and a file, stopped by a signal.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use holdpoint_proxy::{chain, listen};
use holdpoint_worker::{Config, Worker};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> ExitCode {
    log();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            for line in chain(&*error).lines() {
                let _ = writeln!(std::io::stderr(), "holdpoint-worker: {line}");
            }
            ExitCode::from(2)
        }
    }
}

fn log() {
    let levels = std::env::var("RUST_LOG").ok().and_then(|levels| levels.parse().ok());
    let levels = levels.unwrap_or_else(|| {
        Targets::new().with_default(tracing::Level::INFO).with_target("sqlx", tracing::Level::WARN)
    });
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    tracing_subscriber::registry().with(lines).with(levels).init();
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::from_env()?;
    let addr = config.proxy.addr;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let worker = Worker::open(config).await?;
        let (listener, stop) = listen("holdpoint-worker", addr).await?;
        worker.run(listener, stop).await?;
        Ok(())
    })
}

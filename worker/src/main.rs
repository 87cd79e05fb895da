//! The worker as a program: configured by the environment and a file, stopped by a signal.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use holdpoint_worker::{Config, Worker};
use tokio::net::TcpListener;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> ExitCode {
    log();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut lines = error.to_string();
            let mut cause = error.source();
            while let Some(error) = cause {
                lines.push_str(&format!(": {error}"));
                cause = error.source();
            }
            for line in lines.lines() {
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
        let listener = TcpListener::bind(addr)
            .await
            .map_err(|error| format!("cannot listen on {addr}: {error}"))?;
        let stop = stopped()?;
        // Whoever started the program waits for this line; it names the port that was taken.
        let line = format!("holdpoint-worker listening on http://{}/\n", listener.local_addr()?);
        let mut stdout = std::io::stdout();
        stdout.write_all(line.as_bytes())?;
        stdout.flush()?;
        worker.run(listener, stop).await?;
        Ok(())
    })
}

/// Done at ctrl-c, and where there is such a signal at the request to terminate.
fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate())?
    };
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    })
}

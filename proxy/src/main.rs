//! The proxy as a program: configured by the environment, stopped by a signal.

mod log;

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use holdpoint_proxy::{App, Config, Service, Worker, listen, serve_on};
use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> ExitCode {
    match log().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            for line in error.to_string().lines() {
                let _ = writeln!(std::io::stderr(), "holdpoint-proxy: {line}");
            }
            ExitCode::from(2)
        }
    }
}

fn log() -> Result<log::Output, Box<dyn std::error::Error>> {
    let levels = std::env::var("RUST_LOG").ok().and_then(|levels| levels.parse().ok());
    let levels = levels.unwrap_or_else(|| Targets::new().with_default(tracing::Level::INFO));
    let output = log::Output::new()?;
    let lines = tracing_subscriber::fmt::layer().with_writer(output.clone());
    let registry = tracing_subscriber::registry().with(levels);
    // A person reads a terminal; anything else is read by a program.
    if std::io::stderr().is_terminal() {
        registry.with(lines).init();
    } else {
        registry.with(lines.fmt_fields(log::Pairs).event_format(log::Lines)).init();
    }
    Ok(output)
}

/// Answers on as many threads as there are processors, each with a runtime and connections to the
/// upstream of its own. Their lines of the log are written when they have nothing else to do, which
/// is within a millisecond: under load that is one call of the system for a dozen of them.
fn run(output: log::Output) -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::from_env()?;
    let addr = config.addr;
    let app = App::new(config)?;
    let end = CancellationToken::new();
    let threads = std::thread::available_parallelism()?.get();
    let (workers, threads): (Vec<_>, Vec<_>) = (0..threads)
        .map(|_| {
            let mut runtime = Builder::new_current_thread();
            let runtime = runtime.enable_all().on_thread_park(log::flush).build()?;
            let worker = Worker::new(runtime.handle().clone(), app.service()?);
            let (end, output) = (end.clone(), output.clone());
            let answer = move || {
                output.hold();
                runtime.block_on(end.cancelled_owned());
            };
            Ok((worker, std::thread::spawn(answer)))
        })
        .collect::<Result<Vec<_>, Box<dyn std::error::Error>>>()?
        .into_iter()
        .unzip();
    Builder::new_current_thread().enable_all().build()?.block_on(accept(addr, &workers))?;
    end.cancel();
    for thread in threads {
        thread.join().map_err(|_| "a thread of the server has panicked")?;
    }
    Ok(())
}

async fn accept(
    addr: SocketAddr,
    workers: &[Worker<Service>],
) -> Result<(), Box<dyn std::error::Error>> {
    let (listener, stop) = listen("holdpoint-proxy", addr).await?;
    serve_on(listener, workers, stop).await;
    Ok(())
}

//! The proxy under load, beside nginx at the same job and beside no proxy at all:
//! `cargo xtask bench proxy` and `cargo xtask bench half-open`.
//!
//! The upstream and the callers are this process; the proxy and nginx are processes of their own.
#![expect(clippy::print_stdout, reason = "a bench answers on its standard output")]

mod caller;
mod figures;
mod half_open;
mod servers;
mod upstream;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use figures::{Row, median, percentile};
use servers::{Nginx, Proxy, Server};
use upstream::Upstream;

#[tokio::main]
async fn main() -> Result<()> {
    // `cargo bench` adds a flag of its own.
    match std::env::args().nth(1).as_deref() {
        Some("proxy") => proxy().await,
        Some("half-open") => half_open::run().await,
        _ => bail!("expected `proxy` or `half-open`; run this by `cargo xtask bench`"),
    }
}

/// The three ways to the upstream, in each round one after the other, so that what else the machine
/// does meets all of them.
async fn proxy() -> Result<()> {
    let upstream = Upstream::start().await?;
    let proxy = Proxy::start(&upstream)?;
    let nginx = Nginx::start(&upstream)?;
    let ways: [(&str, &dyn Server); 3] =
        [("direct", &upstream), ("holdpoint-proxy", &proxy), ("nginx", &nginx)];

    let mut latencies = [const { Vec::new() }; 3];
    let mut rates = [const { Vec::new() }; 3];
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        for (way, (_, server)) in ways.iter().enumerate() {
            let mut found = caller::latencies(server.addr(), STREAMS, MEASURED_FOR).await?;
            found.sort_unstable();
            latencies[way].push((percentile(&found, 0.5), percentile(&found, 0.99)));
            rates[way].push(caller::rate(server.addr(), CONNECTIONS, MEASURED_FOR).await?);
        }
    }
    let mut memory = [0.0; 3];
    let mut held = [0; 3];
    for (way, (_, server)) in ways.iter().enumerate() {
        let before = server.rss_kib()?;
        let streams = caller::hold(server.addr(), STREAMS_HELD).await?;
        held[way] = streams.len();
        memory[way] = (server.rss_kib()?.saturating_sub(before)) as f64 / held[way].max(1) as f64;
        drop(streams);
    }
    let rows: Vec<Row<'_>> = ways
        .iter()
        .enumerate()
        .map(|(way, (name, _))| Row {
            name,
            p50: median(latencies[way].iter().map(|found| found.0)),
            p99: median(latencies[way].iter().map(|found| found.1)),
            rate: median(rates[way].iter().copied()),
            held: held[way],
            kib: memory[way],
        })
        .collect();
    figures::print(&rows, STREAMS, ROUNDS);
    Ok(())
}

/// A path that the bench may write to, and the program that it measures.
fn from_env(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os(name).with_context(|| format!("no {name}; run `cargo xtask`"))?;
    Ok(path.into())
}

const ROUNDS: usize = 5;

/// Open at once while latency is measured; each has ten events a second.
const STREAMS: usize = 1000;

const STREAMS_HELD: usize = 5000;

const CONNECTIONS: usize = 64;

const MEASURED_FOR: Duration = Duration::from_secs(4);

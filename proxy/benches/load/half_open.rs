//! Ten thousand sockets that begin a request and never end it, and callers who do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::caller;
use crate::figures::percentile;
use crate::servers::{Proxy, Server};
use crate::upstream::Upstream;

/// Measures live callers alone, then beside the silent ones. A call that fails is an error.
pub(crate) async fn run() -> Result<()> {
    let upstream = Upstream::start().await?;
    let proxy = Proxy::start(&upstream)?;
    let addr = proxy.addr();
    let before = (calls(addr, MEASURED_BEFORE).await?, proxy.rss_kib()?);

    let held = Arc::new(AtomicU64::new(0));
    let mut silent = JoinSet::new();
    for _ in 0..SOCKETS {
        silent.spawn(keep_half_open(addr, Arc::clone(&held)));
    }
    while held.load(Ordering::Relaxed) < SOCKETS {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    eprintln!("{SOCKETS} sockets were opened");
    let during = (calls(addr, MEASURED_DURING).await?, proxy.rss_kib()?);
    silent.shutdown().await;

    let ms = |calls: &[u64], part| percentile(calls, part) / 1e6;
    println!("| live callers | calls | p50, ms | p99, ms | proxy's RSS, MiB |");
    println!("|---|---:|---:|---:|---:|");
    for (name, (calls, rss)) in [("alone", &before), ("beside 10,000 silent sockets", &during)] {
        let (p50, p99) = (ms(calls, 0.5), ms(calls, 0.99));
        println!("| {name} | {} | {p50:.2} | {p99:.2} | {} |", calls.len(), rss / 1024);
    }
    println!("\nno call failed; the silent ones connected {} times", held.load(Ordering::Relaxed));
    Ok(())
}

/// A socket that is closed by the proxy comes back after a while.
async fn keep_half_open(addr: SocketAddr, count: Arc<AtomicU64>) {
    loop {
        if let Ok(mut socket) = TcpStream::connect(addr).await {
            let _ = socket.write_all(b"POST /v1/responses HTTP/1.1\r\nhost: 127.0.0.1\r\nx-").await;
            count.fetch_add(1, Ordering::Relaxed);
            let _ = socket.read(&mut [0; 64]).await;
        }
        tokio::time::sleep(RETURN_AFTER).await;
    }
}

/// New connections one after the other from each live caller; the times of their calls, sorted.
async fn calls(addr: SocketAddr, measured_for: Duration) -> Result<Vec<u64>> {
    let end = Instant::now() + measured_for;
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let start = Instant::now();
                match tokio::time::timeout(GIVEN_UP_AFTER, caller::once(addr)).await {
                    Ok(answered) => answered?,
                    Err(_) => bail!("a live caller was not answered"),
                }
                times.push(start.elapsed().as_nanos() as u64);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(caller) = callers.join_next().await {
        times.extend(caller??);
    }
    times.sort_unstable();
    Ok(times)
}

const SOCKETS: u64 = 10_000;

const CALLERS: usize = 10;

const RETURN_AFTER: Duration = Duration::from_secs(5);

const GIVEN_UP_AFTER: Duration = Duration::from_secs(5);

const MEASURED_BEFORE: Duration = Duration::from_secs(10);

const MEASURED_DURING: Duration = Duration::from_secs(60);

//! Callers that measure: as little code as can be between the socket and the clock.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::servers::TOKEN;
use crate::upstream::now_ns;

/// How long each event of so many open streams was on its way, in nanoseconds.
pub(crate) async fn latencies(
    addr: SocketAddr,
    streams: usize,
    measured_for: Duration,
) -> Result<Vec<u64>> {
    let open = hold(addr, streams).await?;
    // The opening is over and its bustle too.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let end = Instant::now() + measured_for;
    let mut readers = JoinSet::new();
    for stream in open {
        readers.spawn(read_until(stream, end));
    }
    let mut found = Vec::new();
    while let Some(latencies) = readers.join_next().await {
        found.extend(latencies??);
    }
    Ok(found)
}

async fn read_until(mut stream: TcpStream, end: Instant) -> Result<Vec<u64>> {
    let mut found = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    // What came while the others were being opened is not measured.
    while stream.try_read(&mut buffer).is_ok_and(|read| read > 0) {}
    loop {
        let read = match tokio::time::timeout_at(end.into(), stream.read(&mut buffer)).await {
            Ok(read) => read?,
            Err(_) => return Ok(found),
        };
        let now = now_ns();
        if read == 0 {
            bail!("a stream ended");
        }
        for place in memmem::find_iter(&buffer[..read], b"\"at\":") {
            let digits = buffer[place + 5..read].iter().take_while(|byte| byte.is_ascii_digit());
            let at = digits.fold(0, |at, digit| at * 10 + u64::from(digit - b'0'));
            // A number that is cut at the end of the piece is too small to be a time.
            if buffer[..read].ends_with(b"\n") && at <= now {
                found.push(now - at);
            }
        }
    }
}

/// Opens streams and gives those that have had an event.
pub(crate) async fn hold(addr: SocketAddr, streams: usize) -> Result<Vec<TcpStream>> {
    let mut open = Vec::with_capacity(streams);
    while open.len() < streams {
        let mut opening = JoinSet::new();
        for _ in 0..OPENED_AT_ONCE.min(streams - open.len()) {
            opening.spawn(begin(addr));
        }
        while let Some(stream) = opening.join_next().await {
            open.push(stream??);
        }
    }
    Ok(open)
}

async fn begin(addr: SocketAddr) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    stream.write_all(&request(true)).await?;
    let mut read = Vec::new();
    while memmem::find(&read, b"data:").is_none() {
        if stream.read_buf(&mut read).await? == 0 {
            bail!("a stream was refused: {}", String::from_utf8_lossy(&read));
        }
    }
    Ok(stream)
}

/// Requests in a second over so many connections that are kept.
pub(crate) async fn rate(
    addr: SocketAddr,
    connections: usize,
    measured_for: Duration,
) -> Result<f64> {
    let start = Instant::now();
    let end = start + measured_for;
    let mut callers = JoinSet::new();
    for _ in 0..connections {
        callers.spawn(async move {
            let mut stream = TcpStream::connect(addr).await?;
            stream.set_nodelay(true)?;
            let (request, mut count) = (request(false), 0_u64);
            let mut answer = Vec::with_capacity(4096);
            while Instant::now() < end {
                exchange(&mut stream, &request, &mut answer).await?;
                count += 1;
            }
            Ok::<_, anyhow::Error>(count)
        });
    }
    let mut count = 0;
    while let Some(caller) = callers.join_next().await {
        count += caller??;
    }
    Ok(count as f64 / start.elapsed().as_secs_f64())
}

/// One request on a connection of its own.
pub(crate) async fn once(addr: SocketAddr) -> Result<()> {
    let mut stream = TcpStream::connect(addr).await?;
    exchange(&mut stream, &request(false), &mut Vec::new()).await
}

async fn exchange(stream: &mut TcpStream, request: &[u8], answer: &mut Vec<u8>) -> Result<()> {
    stream.write_all(request).await?;
    answer.clear();
    while !is_whole(answer)? {
        if stream.read_buf(answer).await? == 0 {
            bail!("a connection was closed");
        }
    }
    Ok(())
}

/// Whether an answer is there to its last byte, by its length or its last chunk.
fn is_whole(answer: &[u8]) -> Result<bool> {
    let Some(head) = memmem::find(answer, b"\r\n\r\n") else { return Ok(false) };
    if !answer.starts_with(b"HTTP/1.1 200") {
        bail!("refused: {}", String::from_utf8_lossy(answer));
    }
    let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
    match text.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()) {
        Some(length) => Ok(answer.len() - head - 4 >= length.trim().parse()?),
        None => Ok(answer.ends_with(b"\r\n0\r\n\r\n")),
    }
}

/// A request of the size that a short conversation has.
fn request(stream: bool) -> Vec<u8> {
    let input = "What is the balance, and can fifty of it go to Alice? ".repeat(12);
    let body = format!(
        r#"{{"model":"gpt-5","input":[{{"role":"user","content":"{input}"}}],"stream":{stream}}}"#
    );
    format!(
        "POST /v1/responses HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

const OPENED_AT_ONCE: usize = 200;

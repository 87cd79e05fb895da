//! A server in a process of its own, which ends with the test that started it.

use std::process::Stdio;

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A running server on this machine.
pub(crate) struct Program {
    /// Where it listens, without a path.
    pub(crate) url: String,
    _process: Child,
}

impl Program {
    /// Starts it and waits until it says on which port it listens. One that ends at once is started
    /// again: a port that was free when it looked may be another's by the time that it listens.
    pub(crate) async fn start(command: &mut Command) -> Result<Self> {
        let mut started = Self::start_once(command).await;
        for _ in 1..STARTS_MAX {
            if started.is_ok() {
                break;
            }
            started = Self::start_once(command).await;
        }
        started
    }

    async fn start_once(command: &mut Command) -> Result<Self> {
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        let mut process = command
            // Some end when their input does, so also when a test is killed.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let output = process.stdout.take().with_context(|| format!("{name} has no output"))?;
        let mut lines = BufReader::new(output).lines();
        let port = loop {
            let line = lines.next_line().await?;
            let line = line.with_context(|| format!("{name} ended before it listened"))?;
            if let Some(port) = port_in(&line) {
                break port;
            }
        };
        // It would block if nobody read on.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Program { url: format!("http://127.0.0.1:{port}"), _process: process })
    }
}

const STARTS_MAX: usize = 3;

/// The port in the line by which a server says that it listens.
fn port_in(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once("on port ").or_else(|| line.split_once("127.0.0.1:"))?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|port| *port != 0)
}

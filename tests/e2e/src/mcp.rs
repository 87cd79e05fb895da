//! An MCP server of another origin, made with the Python SDK: `tests/clients/mcp_server.py`.

use std::io::Write;

use anyhow::Result;
use serde_json::Value;
use tokio::process::Command;

use crate::program::Program;

/// A running server, which ends with this value.
pub struct McpServer(Program);

impl McpServer {
    /// Starts one that pages may call, on a port or on any (0); none, and one clear line, where there
    /// is no Python with the SDK.
    ///
    /// # Errors
    ///
    /// It is there and does not start.
    pub async fn start(port: &str, arguments: &[&str]) -> Result<Option<Self>> {
        let Some(python) = std::env::var_os("HOLDPOINT_PYTHON") else {
            writeln!(std::io::stderr(), "not run: MCP (HOLDPOINT_PYTHON names no interpreter)")?;
            return Ok(None);
        };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../clients/mcp_server.py");
        let mut command = Command::new(python);
        command.arg(script).args(arguments).env("PORT", port).env("PYTHONDONTWRITEBYTECODE", "1");
        Ok(Some(McpServer(Program::start(&mut command).await?)))
    }

    /// The address that a page names.
    pub fn url(&self) -> String {
        format!("{}/mcp", self.0.url)
    }

    /// The port.
    pub fn port(&self) -> &str {
        self.0.url.rsplit(':').next().unwrap_or_default()
    }

    /// What was called so far.
    ///
    /// # Errors
    ///
    /// The server is gone.
    pub async fn calls(&self) -> Result<Vec<Value>> {
        let calls = crate::browser::client()?.get(format!("{}/calls", self.0.url)).send().await?;
        Ok(serde_json::from_str(&calls.text().await?)?)
    }
}

//! MCP servers: one of another origin, made with the Python SDK (`tests/clients/mcp_server.py`), and odd
//! ones of the page's own origin, which do what that SDK never does.

use std::io::Write;

use anyhow::Result;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
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

/// Servers that have their tools on two pages, and answer a call as the address says: `answers`, `fails`
/// (500), `refuses`, `errs`, `asks` for more, `ends` before its answer, or is `old`.
pub fn odd() -> Router {
    Router::new().route("/odd-mcp/{kind}", post(answer))
}

async fn answer(Path(kind): Path<String>, Json(request): Json<Value>) -> Response {
    let result = |result: Value| {
        Json(json!({ "jsonrpc": "2.0", "id": request["id"], "result": result })).into_response()
    };
    let error = |code: i32| {
        let error = json!({ "code": code, "message": "the odd one says no" });
        Json(json!({ "jsonrpc": "2.0", "id": request["id"], "error": error })).into_response()
    };
    let tool = |name: &str| {
        let properties =
            json!({ "amount": { "type": "number" }, "recipient": { "type": "string" } });
        let schema = json!({ "type": "object", "properties": properties });
        json!({ "name": name, "description": name, "inputSchema": schema })
    };
    match (request["method"].as_str(), &*kind) {
        (Some("initialize"), kind) => {
            let version = if kind == "old" { "2024-10-07" } else { "2025-06-18" };
            result(json!({ "protocolVersion": version, "capabilities": { "tools": {} } }))
        }
        (Some("tools/list"), _) if request["params"]["cursor"] == "second" => {
            result(json!({ "tools": [tool("transfer")] }))
        }
        (Some("tools/list"), _) => {
            result(json!({ "tools": [tool("deposit")], "nextCursor": "second" }))
        }
        (Some("tools/call"), "fails") => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        (Some("tools/call"), "refuses") => error(-32602),
        (Some("tools/call"), "errs") => error(-32000),
        (Some("tools/call"), "asks") => result(json!({ "resultType": "input_required" })),
        (Some("tools/call"), "ends") => {
            ([(CONTENT_TYPE, "text/event-stream")], ": nothing\n\n").into_response()
        }
        (Some("tools/call"), _) => {
            let content = json!([{ "type": "text", "text": "it is done" }]);
            result(json!({ "content": content }))
        }
        _ => StatusCode::ACCEPTED.into_response(),
    }
}

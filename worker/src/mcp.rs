//! Tools of MCP servers over streamable HTTP. What a server says of its tools is not trusted: its
//! hints make a call stricter and never easier, and a tool that is not what it was when it was
//! listed is not called.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use holdpoint_core::json::{Map, put};
use holdpoint_core::object;
use holdpoint_core::run::ToolOutcome;
use reqwest::{Client, Url};
use rmcp::model::{CallToolRequestParams, CallToolResult, ErrorCode, JsonObject, Tool};
use rmcp::service::{RoleClient, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ServiceError, ServiceExt};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::config::{Endpoint, ToolEndpoint, Workflow};
use crate::patterns::toolbox;
use crate::tools::Clients;

/// A server with tools for a workflow.
pub struct McpServer {
    /// Where it is.
    pub url: Url,
    /// What it wants to know its callers by.
    pub token: Option<SecretString>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Which of its tools are offered; all of them where none is named.
    pub tools: Vec<String>,
    /// What the operator says of a tool, as `approval` does of any other; by the tool's name.
    pub approval: Map<String, Value>,
}

/// Why the tools of a server cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("workflow {workflow}: the MCP server {url}: {message}")]
pub struct McpError {
    workflow: String,
    url: Url,
    message: String,
}

impl fmt::Debug for McpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("McpServer").field(&self.url.as_str()).finish()
    }
}

/// Adds what its servers offer to the tools of a workflow.
pub(crate) async fn add_tools(workflow: &mut Workflow, clients: &Clients) -> Result<(), McpError> {
    for server in workflow.mcp.clone() {
        let failed = |message: String| McpError {
            workflow: workflow.name.clone(),
            url: server.url.clone(),
            message,
        };
        let listed = async {
            let session = server.session(clients).await?;
            session.list_all_tools().await.map_err(|error| error.to_string())
        };
        let listed = tokio::time::timeout(server.timeout, listed).await;
        let listed = listed.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        let listed = listed.map_err(failed)?;
        let names: Vec<_> = listed.iter().map(|tool| tool.name.as_ref()).collect();
        let mut wanted = server.tools.iter().chain(server.approval.keys());
        if let Some(missing) = wanted.find(|name| !names.contains(&name.as_str())) {
            return Err(failed(format!("it has no tool {missing}; it has {}", names.join(", "))));
        }
        for tool in listed {
            let name = tool.name.to_string();
            if !server.tools.is_empty() && !server.tools.contains(&name) {
                continue;
            }
            let definition = server.definition(&tool);
            match toolbox().register(&definition) {
                Ok(_) => {}
                // A server may have tools that nobody asked for; one that is named must be usable.
                Err(error) if server.tools.is_empty() && !server.approval.contains_key(&name) => {
                    let (url, code) = (&server.url, error.code);
                    tracing::warn!(%url, name, code, error.message, "a tool is left out");
                    continue;
                }
                Err(error) => return Err(failed(format!("tool {name}: {}", error.message))),
            }
            if workflow.tools.contains_key(&name) {
                return Err(failed(format!(
                    "tool {name}: the workflow has another one of that name"
                )));
            }
            let endpoint = ToolEndpoint {
                definition,
                quorums: Default::default(),
                at: Endpoint::Mcp(Arc::clone(&server)),
                timeout: server.timeout,
            };
            workflow.tools.insert(name, endpoint);
        }
    }
    Ok(())
}

impl McpServer {
    /// A tool as the core knows it. Only what makes a call stricter is taken from the server's
    /// hints: that a tool changes nothing, or may be called twice, is for the operator to know.
    fn definition(&self, tool: &Tool) -> Value {
        let mut definition = object! {
            "name": &*tool.name,
            "description": tool.description.as_deref().unwrap_or_default(),
            "inputSchema": Value::Object((*tool.input_schema).clone()),
        };
        let hints = tool.annotations.as_ref();
        let is_destructive = hints.and_then(|hints| hints.destructive_hint) == Some(true);
        let approval = self.approval.get(&*tool.name);
        let Value::Object(fields) = &mut definition else { return definition };
        if let Some(title) = &tool.title {
            put(fields, "title", title.as_str().into());
        }
        if is_destructive {
            put(fields, "annotations", object! { "destructiveHint": true });
        }
        match approval {
            Some(Value::String(word)) if word == "never" && is_destructive => {
                put(fields, "approval", "always".into());
            }
            Some(approval) => put(fields, "approval", approval.clone()),
            None => {}
        }
        definition
    }

    async fn session(&self, clients: &Clients) -> Result<RunningService<RoleClient, ()>, String> {
        let client: &Client = clients.of(&self.url).ok_or("there is no client")?;
        let mut config = StreamableHttpClientTransportConfig::with_uri(self.url.as_str())
            // A call that a server forgot with its session is not sent once more by itself.
            .reinit_on_expired_session(false);
        if let Some(token) = &self.token {
            config = config.auth_header(token.expose_secret());
        }
        let transport = StreamableHttpClientTransport::with_client(client.clone(), config);
        ().serve(transport).await.map_err(|error| error.to_string())
    }

    /// As a call of any tool: the outcome; or what to take for it if nothing better comes, and
    /// whether the call may have arrived. `about` is told beside the arguments.
    pub(crate) async fn call(
        &self,
        clients: &Clients,
        tool: &ToolEndpoint,
        arguments: &Value,
        about: Value,
    ) -> Result<ToolOutcome, (ToolOutcome, bool)> {
        let name = tool.definition.get("name").and_then(Value::as_str).unwrap_or_default();
        let ready = async {
            let session = self.session(clients).await.ok()?;
            let tools = session.list_all_tools().await.ok()?;
            Some((session, tools))
        };
        let ready = tokio::time::timeout(self.timeout, ready).await.ok().flatten();
        let Some((session, tools)) = ready else {
            return Err((ToolOutcome::Failed("the tool cannot be reached".to_owned()), false));
        };
        let now = tools.iter().find(|now| now.name == name).map(|now| self.definition(now));
        // Its words may change; what it takes, and whether someone is asked, may not.
        let same = |now: &Value| {
            ["inputSchema", "annotations"].iter().all(|it| now.get(it) == tool.definition.get(it))
        };
        if !now.as_ref().is_some_and(same) {
            let changed = "the tool is not what it was when the worker started; it was not called";
            return Ok(ToolOutcome::Failed(changed.to_owned()));
        }
        let mut call = CallToolRequestParams::new(name.to_owned())
            .with_arguments(arguments.as_object().cloned().unwrap_or_default());
        call.meta = Some(JsonObject::from_iter([("holdpoint/call".to_owned(), about)]).into());
        let answer = tokio::time::timeout(tool.timeout, session.call_tool(call)).await;
        let unknown = |message: &str| Err((ToolOutcome::Unknown(message.to_owned()), true));
        match answer {
            Ok(Ok(result)) => Ok(outcome(result)),
            // These are said of a request before anything is done for it.
            Ok(Err(ServiceError::McpError(error))) if is_refusal(error.code) => {
                Ok(ToolOutcome::Failed(format!("the tool refused: {}", error.message)))
            }
            Ok(Err(ServiceError::McpError(_))) => unknown("the tool failed"),
            Ok(Err(_)) => unknown("the connection to the tool broke"),
            Err(_) => unknown("the tool did not answer in time"),
        }
    }
}

fn is_refusal(code: ErrorCode) -> bool {
    [
        ErrorCode::INVALID_REQUEST,
        ErrorCode::METHOD_NOT_FOUND,
        ErrorCode::INVALID_PARAMS,
        ErrorCode::PARSE_ERROR,
    ]
    .contains(&code)
}

/// What a tool says of itself: that it failed is an answer, as a refusal is.
fn outcome(result: CallToolResult) -> ToolOutcome {
    let texts: Vec<&str> =
        result.content.iter().filter_map(|it| Some(it.as_text()?.text.as_str())).collect();
    let text = texts.join("\n");
    if result.is_error == Some(true) {
        return ToolOutcome::Failed(text.chars().take(2000).collect());
    }
    let whole = texts.len() == result.content.len();
    match result.structured_content {
        Some(value) => ToolOutcome::Succeeded(value),
        None if whole => {
            ToolOutcome::Succeeded(holdpoint_core::json::read(&text).unwrap_or(Value::String(text)))
        }
        // Pictures and the like are told as they came.
        None => match serde_json::to_value(&result.content) {
            Ok(content) => ToolOutcome::Succeeded(content),
            Err(_) => ToolOutcome::Succeeded(Value::String(text)),
        },
    }
}

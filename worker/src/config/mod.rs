//! What the operator decides: a file for what is no secret, the environment for the rest. All of it
//! is checked before anything starts, and all faults are told at once.

mod channels;
mod file;
mod read;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use holdpoint_core::run::Mode;
use holdpoint_core::schema::Schema;
use holdpoint_core::stream::Api;
use holdpoint_core::tool::Toolbox;
use lettre::message::Mailbox;
use reqwest::Url;
use secrecy::SecretString;
use serde_json::Value;

pub use crate::channels::{Channel, Mail, Push, Slack, SlackSecret, Webhook};

use crate::mcp::McpServer;
use crate::patterns::toolbox;
use crate::signature::Signer;
use crate::triggers::Schedule;

/// Everything that a worker does not find in a request or in its store.
#[derive(Clone, Debug)]
pub struct Config {
    /// The proxy's own part: the address, and the way to the model.
    pub proxy: holdpoint_proxy::Config,
    /// Where the store is: `sqlite:…` or `postgres://…`.
    pub database_url: String,
    /// Under which address people reach this server.
    pub public_url: Url,
    /// Who may ask and decide: each name with a token.
    pub tokens: Vec<(String, SecretString)>,
    /// Who may send jobs with a signature: each name with its secret.
    pub senders: Vec<(String, Arc<Signer>)>,
    /// What proves that a press of a button comes from Slack.
    pub slack_secret: Option<SlackSecret>,
    /// What pushes are signed with; without it, a key of the store's own.
    pub push_key: Option<SecretString>,
    /// People who decide, by the name of their token.
    pub approvers: BTreeMap<String, Approver>,
    /// Where notices go, by name.
    pub channels: BTreeMap<String, Channel>,
    /// What can be asked for, by name.
    pub workflows: BTreeMap<String, Arc<Workflow>>,
    /// Runs that are carried on at once.
    pub runs_max: usize,
    /// How long a worker may be silent before its runs are taken over.
    pub lease: Duration,
    /// Before each further attempt at a notice.
    pub pauses: Vec<Duration>,
}

/// A person who decides.
#[derive(Clone, Debug)]
pub struct Approver {
    /// As people are shown it.
    pub name: String,
    /// Their id in Slack: `U…`, or `T…/U…` where they must be of one workspace.
    pub slack: Option<String>,
    /// Where they get mail.
    pub email: Option<Mailbox>,
}

/// Whom to ask when nobody decides.
#[derive(Clone, Debug)]
pub struct Escalation {
    /// How long after the call was held.
    pub after: Duration,
    /// Where.
    pub channels: Vec<String>,
}

/// One kind of job.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// Its name.
    pub name: String,
    /// How the model says what to do.
    pub mode: Mode,
    /// The provider's name of the model.
    pub model: String,
    /// The wire format of the upstream.
    pub api: Api,
    /// What the model is told of its work.
    pub instructions: String,
    /// The request to the model, with `{name}` for a field of the input.
    pub prompt: Option<String>,
    /// What the input must be.
    pub input: Option<Schema>,
    /// The tools, by name.
    pub tools: BTreeMap<String, ToolEndpoint>,
    /// Servers with more tools, which are listed when the worker starts.
    pub mcp: Vec<Arc<McpServer>>,
    /// Where is told, and after a `|` whom.
    pub channels: Vec<String>,
    /// How long after a call was held its approvers are reminded.
    pub reminders: Vec<Duration>,
    /// Whom else to ask later.
    pub escalation: Option<Escalation>,
    /// Who may decide.
    pub approvers: Vec<String>,
    /// Who may ask; everyone with a token or a signature where none is named.
    pub requesters: Vec<String>,
    /// Whether whoever asked may not decide.
    pub not_requester: bool,
    /// How many of the approvers a call needs, where its rule does not say.
    pub quorum: usize,
    /// Whether rows of the inbox may ask for it.
    pub inbox: bool,
    /// When it starts by itself.
    pub schedules: Vec<Arc<Schedule>>,
}

/// A tool and where it is.
#[derive(Clone, Debug)]
pub struct ToolEndpoint {
    /// Its definition, as in a page.
    pub definition: Value,
    /// How many approvers a call needs, by the id of the rule that asks for them.
    pub quorums: BTreeMap<String, usize>,
    /// Where it is called.
    pub at: Endpoint,
    /// How long a call may take before nobody knows whether it happened.
    pub timeout: Duration,
}

/// Where a tool is called.
#[derive(Clone, Debug)]
pub enum Endpoint {
    /// A server of its own, which checks the signature.
    Http {
        /// Which.
        url: Url,
        /// How a call is signed.
        signer: Arc<Signer>,
    },
    /// One of the tools of a server.
    Mcp(Arc<McpServer>),
}

impl Config {
    /// How people are shown someone.
    pub(crate) fn shown<'a>(&'a self, name: &'a str) -> &'a str {
        self.approvers.get(name).map_or(name, |it| it.name.as_str())
    }

    /// Reads the variables of the process and the file that they name; `docs/worker.md` has both.
    ///
    /// # Errors
    ///
    /// All faults at once; see [`Config::read`].
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// Reads the variables through a function, and the file that `HOLDPOINT_WORKER_CONFIG` names.
    ///
    /// # Errors
    ///
    /// Everything that cannot be used: a file that is no TOML or has an unknown field; a workflow
    /// with a tool that is not understood, or with a channel, an approver or a requester that does
    /// not exist; a secret that is not there; and the proxy's own faults.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let path = variable("HOLDPOINT_WORKER_CONFIG").filter(|path| !path.is_empty());
        let text = match &path {
            None => Err("HOLDPOINT_WORKER_CONFIG: expected the path of a TOML file".to_owned()),
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| format!("HOLDPOINT_WORKER_CONFIG: cannot read {path}: {error}")),
        };
        match text {
            Ok(text) => Self::parse(&text, variable),
            Err(fault) => Err(ConfigError { faults: vec![fault] }),
        }
    }

    /// As [`Config::read`], with the text of the file.
    ///
    /// # Errors
    ///
    /// As [`Config::read`].
    pub fn parse(
        text: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        read::Reader::new(variable).config(text)
    }
}

impl Workflow {
    /// Whether someone may ask for it.
    pub(crate) fn is_asked_by(&self, name: &str) -> bool {
        self.requesters.is_empty() || self.requesters.iter().any(|it| it == name)
    }

    /// Whether someone may decide in it.
    pub(crate) fn is_decided_by(&self, name: &str) -> bool {
        self.approvers.iter().any(|it| it == name)
    }

    /// Every address that its tools have.
    pub(crate) fn urls(&self) -> impl Iterator<Item = &Url> {
        let tools = self.tools.values().filter_map(|tool| match &tool.at {
            Endpoint::Http { url, .. } => Some(url),
            Endpoint::Mcp(_) => None,
        });
        tools.chain(self.mcp.iter().map(|server| &server.url))
    }

    /// Its tools, compiled. The definitions were checked when they were read.
    #[must_use]
    pub fn toolbox(&self) -> Toolbox {
        let mut tools = toolbox();
        for tool in self.tools.values() {
            // INVARIANT: a definition that is not understood is no configuration.
            let _ = tools.register(&tool.definition);
        }
        tools
    }

    /// What the model is asked: the prompt with the input's fields, or the input as it is.
    #[must_use]
    pub fn text(&self, input: &Value) -> String {
        let canonical = holdpoint_core::json::canonical(input);
        let Some(prompt) = &self.prompt else { return canonical };
        let mut text = String::new();
        let mut rest = prompt.as_str();
        // Each place is filled once: what stands in a field is never looked at for places again.
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let field = after.split_once('}').and_then(|(name, after)| {
                let value = if name == "input" { Some(input) } else { input.get(name) };
                value.map(|value| (value, after))
            });
            match field {
                Some((Value::String(value), after)) => {
                    text.push_str(value);
                    rest = after;
                }
                Some((value, after)) => {
                    text.push_str(&holdpoint_core::json::canonical(value));
                    rest = after;
                }
                None => {
                    text.push('{');
                    rest = after;
                }
            }
        }
        text.push_str(rest);
        text
    }
}

/// As Standard Webhooks advise; about three days in all.
pub(crate) const PAUSES_S: [u64; 9] =
    [5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600];

/// Everything that cannot be used; one line each when displayed.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError {
    /// The faults, each with the place where it stands.
    pub faults: Vec<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.faults.join("\n"))
    }
}

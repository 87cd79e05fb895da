//! Variables and file, one by one. What cannot be used becomes a fault and the rest is read on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use holdpoint_core::run::Mode;
use holdpoint_core::schema::Schema;
use holdpoint_core::stream::Api;
use reqwest::Url;
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::channels::SLACK_SECRET;
use super::file::{File, McpFile, ToolFile, WorkflowFile, unique};
use super::{
    Approver, Channel, Config, ConfigError, Endpoint, PAUSES_S, SlackSecret, ToolEndpoint, Workflow,
};
use crate::mcp::McpServer;
use crate::patterns::{Regress, toolbox};
use crate::signature::Signer;
use crate::triggers::{REQUESTERS, Schedule};

pub(super) struct Reader<V> {
    variable: V,
    faults: Vec<String>,
}

impl<V: Fn(&str) -> Option<String>> Reader<V> {
    pub(super) fn new(variable: V) -> Self {
        Self { variable, faults: Vec::new() }
    }

    pub(super) fn config(mut self, text: &str) -> Result<Config, ConfigError> {
        let proxy = holdpoint_proxy::Config::read(|name| (self.variable)(name));
        if let Err(error) = &proxy {
            self.faults.extend(error.to_string().lines().map(str::to_owned));
        }
        let tokens = self.tokens();
        let senders = self.senders();
        let names = tokens.iter().map(|(name, _)| name).chain(senders.iter().map(|(name, _)| name));
        for name in names.filter(|name| REQUESTERS.contains(&name.as_str())) {
            self.faults.push(format!("the name {name} is that of jobs which nobody sends"));
        }
        if tokens.is_empty() {
            self.fault("HOLDPOINT_WORKER_TOKENS: expected a token, else nobody can decide".into());
        }
        let file = match toml::from_str::<File>(text) {
            Ok(file) => file,
            Err(error) => {
                self.fault(format!("the file: {}", error.to_string().trim_end()));
                return Err(ConfigError { faults: self.faults });
            }
        };
        let approvers = file.approvers.into_iter().map(|it| (it.id.clone(), self.approver(it)));
        let approvers = approvers.collect::<Vec<_>>();
        let approvers = unique(approvers, "approver", &mut self.faults);
        self.each_of_slack_once(&approvers);
        for id in approvers.keys().filter(|id| !tokens.iter().any(|(name, _)| name == *id)) {
            let message = format!("approver {id}: expected a token in HOLDPOINT_WORKER_TOKENS");
            self.faults.push(message);
        }
        let channels = file.channels.into_iter().map(|it| (it.name.clone(), self.channel(it)));
        let channels = channels.collect::<Vec<_>>();
        let channels = unique(channels, "channel", &mut self.faults);
        let known = Known {
            approvers: &approvers,
            channels: &channels,
            names: &{
                let senders = senders.iter().map(|(name, _)| name);
                tokens.iter().map(|(name, _)| name).chain(senders).cloned().collect::<Vec<_>>()
            },
        };
        let workflows = file.workflows.into_iter();
        let workflows =
            workflows.map(|it| (it.name.clone(), self.workflow(it, &known))).collect::<Vec<_>>();
        let workflows = unique(workflows, "workflow", &mut self.faults);
        if workflows.is_empty() {
            self.fault("the file: expected a [[workflow]]".into());
        }
        let public_url = self.public_url(proxy.as_ref().ok().map(|proxy| proxy.addr));
        let runs_max = self.number("HOLDPOINT_RUNS", 64);
        let lease = Duration::from_millis(self.number("HOLDPOINT_LEASE_MS", 30_000) as u64);
        let pauses = self.pauses();
        let database_url = self.value("HOLDPOINT_DATABASE_URL");
        let slack_secret = self.value(SLACK_SECRET).map(|it| SlackSecret::new(&it));
        let push_key = self.push_key();
        match (proxy, public_url) {
            (Ok(proxy), Some(public_url)) if self.faults.is_empty() => Ok(Config {
                proxy,
                database_url: database_url.unwrap_or_else(|| DATABASE.to_owned()),
                public_url,
                tokens,
                senders,
                slack_secret,
                push_key,
                approvers,
                channels: channels.into_iter().filter_map(|(k, v)| Some((k, v?))).collect(),
                workflows: workflows.into_iter().map(|(k, v)| (k, Arc::new(v))).collect(),
                runs_max,
                lease,
                pauses,
            }),
            _ => Err(ConfigError { faults: self.faults }),
        }
    }

    pub(super) fn value(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    pub(super) fn fault(&mut self, fault: String) {
        self.faults.push(fault);
    }

    fn number(&mut self, name: &str, default: usize) -> usize {
        match self.value(name).map(|value| value.parse()) {
            None => default,
            Some(Ok(number)) if number > 0 => number,
            Some(_) => {
                self.fault(format!("{name}: expected a whole number above 0"));
                default
            }
        }
    }

    fn pauses(&mut self) -> Vec<Duration> {
        let Some(text) = self.value("HOLDPOINT_NOTICE_PAUSES_S") else {
            return PAUSES_S.map(Duration::from_secs).to_vec();
        };
        let pauses = text.split(',').map(|pause| pause.trim().parse().map(Duration::from_secs));
        pauses.collect::<Result<_, _>>().unwrap_or_else(|_| {
            self.fault(
                "HOLDPOINT_NOTICE_PAUSES_S: expected whole seconds, as in 5,300,1800".into(),
            );
            Vec::new()
        })
    }

    /// `NAME=VALUE,…`; a value is not shown, being a secret or nearly one.
    fn pairs(&mut self, variable: &str, expected: &str) -> Vec<(String, String)> {
        let text = self.value(variable).unwrap_or_default();
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        let mut pairs: Vec<(String, String)> = Vec::new();
        for item in items {
            match item.split_once('=') {
                Some((name, value))
                    if !name.is_empty() && pairs.iter().all(|(other, _)| other != name) =>
                {
                    pairs.push((name.to_owned(), value.to_owned()));
                }
                _ => self.faults.push(format!("{variable}: expected {expected}, each name once")),
            }
        }
        pairs
    }

    fn tokens(&mut self) -> Vec<(String, SecretString)> {
        let expected = "NAME=TOKEN,… with tokens of 16 characters or more";
        let pairs = self.pairs("HOLDPOINT_WORKER_TOKENS", expected);
        if pairs.iter().any(|(_, token)| token.len() < 16) {
            self.fault(format!("HOLDPOINT_WORKER_TOKENS: expected {expected}"));
        }
        pairs.into_iter().map(|(name, token)| (name, token.into())).collect()
    }

    fn senders(&mut self) -> Vec<(String, Arc<Signer>)> {
        let pairs = self.pairs("HOLDPOINT_WEBHOOK_SECRETS", "NAME=whsec_…,…");
        let mut senders = Vec::new();
        for (name, secret) in pairs {
            match Signer::new(&secret) {
                Ok(signer) => senders.push((name, Arc::new(signer))),
                Err(message) => self.fault(format!("HOLDPOINT_WEBHOOK_SECRETS {name}: {message}")),
            }
        }
        senders
    }

    /// What signs, from a variable of its own or from the common one.
    pub(super) fn signer(&mut self, variable: Option<&str>, place: &str) -> Option<Arc<Signer>> {
        let variable = variable.unwrap_or("HOLDPOINT_SIGNING_SECRET");
        let made = match self.value(variable) {
            Some(secret) => Signer::new(&secret),
            None => Err("it is not set"),
        };
        made.map(Arc::new)
            .map_err(|message| self.fault(format!("{place}: {variable}: {message}")))
            .ok()
    }

    pub(super) fn url(&mut self, text: &str, place: &str) -> Option<Url> {
        let url = Url::parse(text).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https") && url.has_host() && url.password().is_none()
        });
        if url.is_none() {
            self.fault(format!("{place}: expected an http(s) URL without a password in `url`"));
        }
        url
    }

    fn public_url(&mut self, addr: Option<std::net::SocketAddr>) -> Option<Url> {
        match self.value("HOLDPOINT_PUBLIC_URL") {
            Some(text) => self.url(&text, "HOLDPOINT_PUBLIC_URL"),
            None => Url::parse(&format!("http://{}/", addr?)).ok(),
        }
    }

    fn workflow(&mut self, file: WorkflowFile, known: &Known<'_>) -> Workflow {
        let place = format!("workflow {}", file.name);
        let mode = match file.mode.as_str() {
            "" | "tools" => Mode::Tools,
            "plan" => Mode::Plan,
            _ => {
                self.fault(format!("{place}: expected mode to be \"tools\" or \"plan\""));
                Mode::Tools
            }
        };
        let api = if file.api.is_empty() { "responses" } else { &file.api };
        let api = Api::named(api).unwrap_or_else(|| {
            let expected = "expected api to be \"responses\", \"chat\" or \"messages\"";
            self.fault(format!("{place}: {expected}"));
            Api::Responses
        });
        for (what, names, known) in [
            ("approver", &file.approvers, known.approvers.keys().collect::<Vec<_>>()),
            ("channel", &file.channels, known.channels.keys().collect()),
            ("channel", &file.escalate_to, known.channels.keys().collect()),
            ("requester", &file.requesters, known.names.iter().collect()),
        ] {
            for name in names.iter().filter(|name| !known.contains(name)) {
                self.fault(format!("{place}: there is no {what} {name}"));
            }
        }
        if file.approvers.is_empty() {
            self.fault(format!("{place}: expected approvers, else nobody could decide"));
        }
        let input = file.input_schema.as_ref().and_then(|schema| {
            Schema::compile(schema, &Regress)
                .map_err(|unsupported| {
                    for fault in unsupported {
                        self.fault(format!("{place}: input_schema{}: {fault}", fault.path));
                    }
                })
                .ok()
        });
        let channels = self.addressed(&file.channels, &file, known, &place);
        let reminders = self.reminders(&file, &place);
        let escalation = self.escalation(&file, known, &place);
        // Whoever asks does not count where they may not decide.
        let asks = |it: &&String| file.requesters.is_empty() || file.requesters.contains(*it);
        let lost = file.not_requester && file.approvers.iter().any(|it| asks(&it));
        let approvers_max = file.approvers.len() - usize::from(lost && file.approvers.len() > 1);
        let quorum = file.quorum.unwrap_or(1);
        self.check_quorum(quorum, approvers_max, &place);
        let tools = file.tools.into_iter();
        let tools =
            tools.filter_map(|tool| self.tool(tool, &place, approvers_max)).collect::<Vec<_>>();
        let mut workflow = Workflow {
            schedules: Vec::new(),
            mcp: file.mcp.into_iter().filter_map(|it| self.mcp(it, &place)).collect(),
            inbox: file.inbox,
            mode,
            api,
            input,
            tools: unique(tools, &format!("{place}: tool"), &mut self.faults),
            name: file.name,
            model: file.model,
            instructions: file.instructions,
            prompt: file.prompt,
            channels,
            reminders,
            escalation,
            approvers: file.approvers,
            requesters: file.requesters,
            not_requester: file.not_requester,
            quorum,
        };
        for it in file.schedules {
            let input = it.input.unwrap_or_else(|| Value::Object(Map::new()));
            let violations = workflow.violations(&input);
            for violation in &violations {
                self.fault(format!("{place}: schedule {:?}: input{violation}", it.cron));
            }
            let zone = it.zone.as_deref().unwrap_or("UTC");
            match Schedule::new(&workflow.name, &it.cron, zone, input) {
                Ok(schedule) => workflow.schedules.push(Arc::new(schedule)),
                Err(fault) => self.fault(format!("{place}: schedule: {fault}")),
            }
        }
        workflow
    }

    fn check_quorum(&mut self, quorum: usize, approvers_max: usize, place: &str) {
        if quorum == 0 || quorum > approvers_max.max(1) {
            let most = approvers_max.max(1);
            self.fault(format!("{place}: expected a quorum of 1 to {most}, or more approvers"));
        }
    }

    /// Takes what a rule says of its quorum out of a definition, which is the core's otherwise.
    fn quorums(
        &mut self,
        definition: &mut Map<String, Value>,
        approvers_max: usize,
        place: &str,
    ) -> BTreeMap<String, usize> {
        let rules = definition.get_mut("approval").and_then(Value::as_array_mut);
        let mut quorums = BTreeMap::new();
        for rule in rules.into_iter().flatten().filter_map(Value::as_object_mut) {
            let Some(quorum) = rule.remove("quorum") else { continue };
            let quorum = quorum.as_u64().and_then(|it| usize::try_from(it).ok()).unwrap_or(0);
            let id = rule.get("id").and_then(Value::as_str).unwrap_or_default();
            self.check_quorum(quorum, approvers_max, &format!("{place}: rule {id}"));
            quorums.insert(id.to_owned(), quorum);
        }
        quorums
    }

    fn tool(
        &mut self,
        mut file: ToolFile,
        place: &str,
        approvers_max: usize,
    ) -> Option<(String, ToolEndpoint)> {
        let name = file.definition.get("name").and_then(Value::as_str).unwrap_or_default();
        let place = format!("{place}: tool {name}");
        for unknown in file.definition.keys().filter(|key| !TOOL_FIELDS.contains(&key.as_str())) {
            self.faults.push(format!("{place}: there is no field {unknown}"));
        }
        let name = name.to_owned();
        let quorums = self.quorums(&mut file.definition, approvers_max, &place);
        let definition = Value::Object(file.definition);
        if let Err(error) = toolbox().register(&definition) {
            self.fault(format!("{place}: {}: {}", error.code, error.message));
        }
        let url = self.url(&file.url, &place);
        let signer = self.signer(file.secret_env.as_deref(), &place);
        let timeout = Duration::from_secs(file.timeout_s.unwrap_or(30).max(1));
        let at = Endpoint::Http { url: url?, signer: signer? };
        Some((name, ToolEndpoint { definition, quorums, at, timeout }))
    }

    fn mcp(&mut self, file: McpFile, place: &str) -> Option<Arc<McpServer>> {
        let place = format!("{place}: mcp");
        let token = file.token_env.as_deref().map(|variable| match self.value(variable) {
            Some(token) => Some(SecretString::from(token)),
            None => {
                self.fault(format!("{place}: {variable}: it is not set"));
                None
            }
        });
        let url = self.url(&file.url, &place)?;
        Some(Arc::new(McpServer {
            url,
            token: token.flatten(),
            timeout: Duration::from_secs(file.timeout_s.unwrap_or(30).max(1)),
            tools: file.tools,
            approval: file.approval,
        }))
    }
}

/// What a workflow may name.
pub(super) struct Known<'a> {
    pub(super) approvers: &'a BTreeMap<String, Approver>,
    pub(super) channels: &'a BTreeMap<String, Option<Channel>>,
    names: &'a [String],
}

const DATABASE: &str = "sqlite://holdpoint.db?mode=rwc";

const TOOL_FIELDS: [&str; 7] =
    ["name", "title", "description", "inputSchema", "annotations", "approval", "undoable"];

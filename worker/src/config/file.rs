//! The file as it is written.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default, rename = "approver")]
    pub(super) approvers: Vec<ApproverFile>,
    #[serde(default, rename = "channel")]
    pub(super) channels: Vec<ChannelFile>,
    #[serde(default, rename = "workflow")]
    pub(super) workflows: Vec<WorkflowFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApproverFile {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) slack: Option<String>,
    pub(super) email: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChannelFile {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) url: Option<String>,
    pub(super) secret_env: Option<String>,
    pub(super) channel: Option<String>,
    pub(super) token_env: Option<String>,
    pub(super) api_url: Option<String>,
    pub(super) from: Option<String>,
    pub(super) url_env: Option<String>,
    pub(super) contact: Option<String>,
    pub(super) services: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkflowFile {
    pub(super) name: String,
    #[serde(default)]
    pub(super) mode: String,
    pub(super) model: String,
    #[serde(default)]
    pub(super) api: String,
    #[serde(default)]
    pub(super) instructions: String,
    pub(super) prompt: Option<String>,
    pub(super) input_schema: Option<Value>,
    #[serde(default)]
    pub(super) channels: Vec<String>,
    #[serde(default)]
    pub(super) remind_after_s: Vec<u64>,
    pub(super) escalate_after_s: Option<u64>,
    #[serde(default)]
    pub(super) escalate_to: Vec<String>,
    #[serde(default)]
    pub(super) approvers: Vec<String>,
    #[serde(default)]
    pub(super) requesters: Vec<String>,
    #[serde(default)]
    pub(super) not_requester: bool,
    pub(super) quorum: Option<usize>,
    #[serde(default)]
    pub(super) inbox: bool,
    #[serde(default, rename = "schedule")]
    pub(super) schedules: Vec<ScheduleFile>,
    #[serde(default)]
    pub(super) mcp: Vec<McpFile>,
    #[serde(default, rename = "tool")]
    pub(super) tools: Vec<ToolFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScheduleFile {
    pub(super) cron: String,
    pub(super) zone: Option<String>,
    pub(super) input: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct McpFile {
    pub(super) url: String,
    pub(super) token_env: Option<String>,
    pub(super) timeout_s: Option<u64>,
    #[serde(default)]
    pub(super) tools: Vec<String>,
    #[serde(default)]
    pub(super) approval: Map<String, Value>,
}

#[derive(Deserialize)]
pub(super) struct ToolFile {
    pub(super) url: String,
    pub(super) secret_env: Option<String>,
    pub(super) timeout_s: Option<u64>,
    /// The fields that a tool has in a page.
    #[serde(flatten)]
    pub(super) definition: Map<String, Value>,
}

/// Names of a list in order, with a fault for each that is there twice.
pub(super) fn unique<T>(
    items: Vec<(String, T)>,
    what: &str,
    faults: &mut Vec<String>,
) -> BTreeMap<String, T> {
    let mut unique = BTreeMap::new();
    for (name, item) in items {
        if name.is_empty() || name.contains(['|', '\n']) {
            faults.push(format!("{what} {name:?}: expected a name without | and line breaks"));
            continue;
        }
        match unique.entry(name) {
            Entry::Vacant(place) => {
                place.insert(item);
            }
            Entry::Occupied(place) => {
                faults.push(format!("{what} {}: it is there twice", place.key()))
            }
        }
    }
    unique
}

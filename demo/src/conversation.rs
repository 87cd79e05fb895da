//! What a request says: who asked for what, which tools there are, what has happened since.

use serde_json::Value;

/// One request, as far as the stand-in cares.
pub(crate) struct Conversation<'a> {
    /// How many input items there are; ids are made from it.
    pub(crate) items: usize,
    /// The person's last message.
    pub(crate) ask: String,
    /// What became of the calls made since then, oldest first, each in the shape that the results of
    /// a plan have: `action`, `arguments`, `status`, and `result` or the reason why there is none.
    pub(crate) results: Vec<Value>,
    /// Whether the answer must be a plan in JSON.
    pub(crate) plan: bool,
    /// What is wrong with the answer just given, if it was sent back: issues with a `tool` and a
    /// `message`, as far as they can be read.
    pub(crate) faults: Option<Vec<Value>>,
    /// How often an answer was sent back since the person's message.
    pub(crate) reports: usize,
    request: &'a Value,
}

impl<'a> Conversation<'a> {
    pub(crate) fn read(request: &'a Value) -> Self {
        let mut conversation = Conversation {
            items: 1,
            ask: String::new(),
            results: Vec::new(),
            plan: request["text"]["format"]["type"] == "json_schema",
            faults: None,
            reports: 0,
            request,
        };
        match &request["input"] {
            Value::String(text) => conversation.ask.clone_from(text),
            Value::Array(items) => {
                conversation.items = items.len();
                let asked = conversation.read_ask(items);
                conversation.read_since(&items[asked..]);
            }
            _ => {}
        }
        conversation
    }

    /// Whether the request offers a tool: in its list, or as a name in the schema of the plan.
    pub(crate) fn offers(&self, tool: &str) -> bool {
        let listed = self.request["tools"]
            .as_array()
            .is_some_and(|tools| tools.iter().any(|offered| offered["name"] == tool));
        listed || names(&self.request["text"]["format"]["schema"], tool)
    }

    /// Finds the person's last message and gives the index after it.
    fn read_ask(&mut self, items: &[Value]) -> usize {
        let is_ask =
            |item: &Value| item["role"] == "user" && !is_notice(&text_of(&item["content"]));
        match items.iter().rposition(is_ask) {
            Some(index) => {
                self.ask = text_of(&items[index]["content"]);
                index + 1
            }
            None => 0,
        }
    }

    fn read_since(&mut self, items: &[Value]) {
        let mut answered = false;
        for item in items {
            if item["type"] == "function_call_output" {
                let call = items.iter().find(|call| {
                    call["type"] == "function_call" && call["call_id"] == item["call_id"]
                });
                self.results.extend(call.and_then(|call| from_output(call, &item["output"])));
                let report = parse(&text_of(&item["output"])).unwrap_or_default();
                if report["status"] == "invalid" {
                    self.send_back(&report);
                }
            } else if item["role"] == "assistant" || item["type"] == "function_call" {
                answered = true;
                self.faults = None;
            } else if item["role"] == "developer" || item["role"] == "user" {
                let text = text_of(&item["content"]);
                match text.strip_prefix(PLAN_RESULTS) {
                    Some(rest) => self.results = from_plan(rest),
                    None if self.plan && answered => {
                        let report = text.find('{').and_then(|start| parse(text.get(start..)?));
                        self.send_back(&report.unwrap_or_default());
                    }
                    None => {}
                }
            }
        }
    }

    /// Every call of an answer that is sent back gets the same report, which counts once.
    fn send_back(&mut self, report: &Value) {
        self.reports += usize::from(self.faults.is_none());
        self.faults = Some(report["issues"].as_array().cloned().unwrap_or_default());
    }
}

/// Whether a message is Holdpoint's own, and not the person's.
fn is_notice(text: &str) -> bool {
    NOTICES.iter().any(|notice| text.starts_with(notice))
}

/// A message in parts, each either the person's or Holdpoint's: some formats have both in one.
pub(crate) fn paragraphs(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut apart = true;
    for paragraph in text.split("\n\n") {
        match parts.last_mut().filter(|_| !apart && !is_notice(paragraph)) {
            Some(part) => {
                part.push_str("\n\n");
                part.push_str(paragraph);
            }
            None => parts.push(paragraph.to_owned()),
        }
        apart = is_notice(paragraph);
    }
    parts
}

const NOTICES: [&str; 5] = [
    PLAN_RESULTS,
    "Earlier turns of this conversation",
    "The plan is not valid.",
    "The person stopped this.",
    "This ended without an answer:",
];

/// How the message with a plan's results begins.
const PLAN_RESULTS: &str = "Results of the plan";

/// The text of a message: a string, or the texts of its parts.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

/// Whether a JSON Schema names the tool, as a `const` or in an `enum`.
fn names(schema: &Value, tool: &str) -> bool {
    match schema {
        Value::String(name) => name == tool,
        Value::Array(values) => values.iter().any(|value| names(value, tool)),
        Value::Object(fields) => fields.values().any(|value| names(value, tool)),
        _ => false,
    }
}

/// A call and its output item. The output is JSON in a string, or plain words.
///
/// Where the fault is another call's, there is nothing to tell of this one.
fn from_output(call: &Value, output: &Value) -> Option<Value> {
    let text = text_of(output);
    let output = parse(&text).unwrap_or(Value::String(text));
    let issues = output["issues"].as_array();
    let is_other = |issue: &Value| issue["tool"].is_string() && issue["tool"] != call["name"];
    if output["status"] == "invalid" && issues.is_some_and(|issues| issues.iter().all(is_other)) {
        return None;
    }
    // A result of a tool may have a status of its own, so only words of ours count as one.
    let told = output["status"].as_str().is_some_and(|status| STATUSES.contains(&status));
    let failed = output["error"].is_string();
    let mut result = Value::Null;
    if told || failed {
        result = output;
    } else {
        result["result"] = output;
    }
    if !told {
        result["status"] = if failed { "failed" } else { "succeeded" }.into();
    }
    result["action"] = call["name"].clone();
    result["arguments"] = call["arguments"].as_str().and_then(parse).unwrap_or_default();
    Some(result)
}

/// The array that follows the words, whatever stands between or behind.
fn from_plan(text: &str) -> Vec<Value> {
    let array = text.find('[').zip(text.rfind(']'));
    match array.and_then(|(start, end)| parse(text.get(start..=end)?)) {
        Some(Value::Array(results)) => results,
        _ => Vec::new(),
    }
}

fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

const STATUSES: [&str; 9] = [
    "succeeded",
    "failed",
    "denied",
    "answered",
    "expired",
    "cancelled",
    "skipped",
    "in_doubt",
    "invalid",
];

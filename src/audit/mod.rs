//! The audit: what was proposed, seen, decided and done, a row for each fact, read off the entries
//! themselves.
//!
//! It goes by the stored form and not by the types of core, so that an entry that a newer version
//! wrote, or one that cannot be trusted, still has its row.

mod csv;

use holdpoint_core::id::Timestamp;
use holdpoint_core::json::{canonical, read};
use holdpoint_core::sorted::Sorted;
use serde_json::Value;

pub use csv::to_csv;

/// One fact.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fact {
    /// The run.
    pub run: String,
    /// The entry's place in it.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// The kind of record; a call that was proposed is `proposed`.
    pub kind: String,
    /// The call that it is about.
    pub call: String,
    /// The call's tool.
    pub tool: String,
    /// The page's sentence for the call, else the tool's name for people; of a run, its request.
    pub what: String,
    /// What it says: the verdict, the decision, the outcome.
    pub says: String,
    /// The rule that asked, a reason, an error.
    pub because: String,
    /// Who: a name, else an id.
    pub by: String,
    /// Where they decided, as in `card` or `script`.
    pub channel: String,
    /// Whether a real press of a key or button made it; of nobody's act, nothing.
    pub trusted: Option<bool>,
    /// What was shown, or what a decision is bound to.
    pub digest: String,
    /// The entry's hash.
    pub hash: String,
}

/// Which facts are meant; what is empty means all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// From then on.
    pub since: Timestamp,
    /// The kind.
    pub kind: String,
    /// The tool.
    pub tool: String,
    /// What it says, such as `approve` or `deny`.
    pub says: String,
    /// Words that stand somewhere in it, whatever their case.
    pub text: String,
}

impl Filter {
    /// The filter of `{ kind, tool, decision, text }`, and a point in time in milliseconds.
    pub fn of(filter: &Value, since: u64) -> Self {
        let text =
            |name: &str| filter.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            since: Timestamp::from_millis(since),
            kind: text("kind"),
            tool: text("tool"),
            says: text("decision"),
            text: text("text").to_ascii_lowercase(),
        }
    }

    /// Whether a fact is meant.
    pub fn admits(&self, fact: &Fact) -> bool {
        let is = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        fact.at >= self.since
            && is(&self.kind, &fact.kind)
            && is(&self.tool, &fact.tool)
            && is(&self.says, &fact.says)
            && (self.text.is_empty() || fact.contains(&self.text))
    }
}

impl Fact {
    fn contains(&self, text: &str) -> bool {
        [&self.what, &self.tool, &self.says, &self.because, &self.by, &self.call, &self.run]
            .iter()
            .any(|field| field.to_ascii_lowercase().contains(text))
    }
}

/// The facts of a run's entries, in order.
pub fn facts<'a>(entries: impl IntoIterator<Item = &'a str>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut calls = Sorted::default();
    for text in entries {
        let Ok(entry) = read(text) else {
            facts.push(Fact { kind: "unreadable".to_owned(), ..Fact::default() });
            continue;
        };
        let (kind, record) = match &entry["record"] {
            Value::Object(fields) => {
                fields.iter().next().map_or(("", &Value::Null), |(k, v)| (&**k, v))
            }
            word => (word.as_str().unwrap_or_default(), &Value::Null),
        };
        let number = |name: &str| entry[name].as_u64().unwrap_or_default();
        let mut fact = Fact {
            run: words(&entry["run"]),
            seq: number("seq"),
            at: Timestamp::from_millis(number("at")),
            kind: kind.to_owned(),
            hash: words(&entry["hash"]),
            ..Fact::default()
        };
        match kind {
            "answered" => add_answer(&mut facts, &mut calls, fact, &record["planned"]),
            _ => {
                fact.read(record);
                if let Some((tool, what)) = calls.get(&fact.call) {
                    (fact.tool, fact.what) = (String::clone(tool), String::clone(what));
                }
                facts.push(fact);
            }
        }
    }
    facts
}

type Calls = Sorted<String, (String, String)>;

/// What the model said, and each call that it proposed.
fn add_answer(facts: &mut Vec<Fact>, calls: &mut Calls, answer: Fact, planned: &Value) {
    let (says, planned) = variant(planned);
    let actions = planned.get("actions").and_then(Value::as_array);
    for action in actions.into_iter().flatten() {
        let ruling = &action["ruling"];
        let what =
            if action["summary"].is_string() { &action["summary"] } else { &action["title"] };
        let fact = Fact {
            kind: "proposed".to_owned(),
            call: words(&action["id"]),
            tool: words(&action["tool"]),
            what: words(what),
            says: words(&ruling["verdict"]),
            because: [words(&ruling["rule"]), words(&ruling["because"])].join(": "),
            digest: words(&action["digest"]),
            ..answer.clone()
        };
        calls.insert(fact.call.clone(), (fact.tool.clone(), fact.what.clone()));
        facts.push(fact);
    }
    if actions.is_none_or(Vec::is_empty) {
        let what = planned.as_str().unwrap_or_default().to_owned();
        facts.push(Fact { says: says.to_owned(), what, ..answer });
    }
}

impl Fact {
    /// Takes what records have in common by its name.
    fn read(&mut self, record: &Value) {
        self.call = words(&record["call"]);
        self.digest = words(&record["digest"]);
        if self.kind == "started" {
            self.what = words(&record["text"]);
        }
        for name in ["decision", "outcome", "settlement"] {
            if let Some(value) = record.get(name) {
                let (says, held) = variant(value);
                says.clone_into(&mut self.says);
                let reason = held.get("reason").or_else(|| held.get("note"));
                self.because = match (held, reason) {
                    (_, Some(reason)) => words(reason),
                    (Value::String(why), None) => why.clone(),
                    _ => String::new(),
                };
            }
        }
        if let Some(by) = record.get("by") {
            let name = words(&by["name"]);
            self.by = if name.is_empty() { words(&by["id"]) } else { name };
            self.channel = words(&by["channel"]);
            self.trusted = by["trusted"].as_bool();
        }
    }
}

/// The name of a variant and what it holds.
fn variant(value: &Value) -> (&str, &Value) {
    match value {
        Value::Object(fields) if fields.len() == 1 => {
            fields.iter().next().map_or(("", value), |(name, held)| (name, held))
        }
        word => (word.as_str().unwrap_or_default(), &Value::Null),
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => canonical(other),
    }
}

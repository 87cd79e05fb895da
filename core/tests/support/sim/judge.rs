//! The judge: it sees what the model proposed, what a person clicked, what reached the outside
//! world and what is on the disk, and shares no code with the machine that it judges but the
//! digest. I1 and so on are the numbers of the invariants.

use std::collections::{BTreeMap, BTreeSet};

use holdpoint_core::json::digest;
use serde_json::{Map, Value, json};

/// An invariant that was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub invariant: &'static str,
    pub what: String,
}

pub fn violation<T>(invariant: &'static str, what: impl Into<String>) -> Result<T, Violation> {
    Err(Violation { invariant, what: what.into() })
}

fn ensure(
    holds: bool,
    invariant: &'static str,
    what: impl FnOnce() -> String,
) -> Result<(), Violation> {
    if holds { Ok(()) } else { violation(invariant, what()) }
}

/// A call as the model proposed it, with what the bank itself says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    pub tool: String,
    pub arguments: Value,
    /// A person must decide.
    pub needs_person: bool,
    /// No one may allow it.
    pub forbidden: bool,
    /// The bank takes it any number of times and does it once.
    pub repeatable: bool,
}

/// How far a call is, by the journal alone.
#[derive(Clone, Debug, PartialEq)]
enum Stage {
    /// No one decided.
    Proposed,
    /// It was approved, or may be repeated.
    Free,
    /// It was started and has not come back.
    Open,
    /// Nobody knows.
    Doubt,
    /// It is over, with the word that the model must read.
    Over(&'static str),
}

#[derive(Clone, Debug)]
struct Case {
    stage: Stage,
    proposal: Proposal,
    action: Value,
    /// What will run: what was proposed, or what the person made of it.
    arguments: Value,
    since: Option<u64>,
    /// Until when it may be decided, where someone asked for more time.
    until: Option<u64>,
    /// Its time ran out, and nobody has asked for it anew.
    lapsed: bool,
    /// Before this it may still be taken back.
    not_before: Option<u64>,
    attempts: u64,
    key: Option<String>,
    provider: Option<String>,
}

#[derive(Clone, Default)]
pub struct Judge {
    in_order: bool,
    /// What the model proposed and may be carried out, by call.
    proposals: BTreeMap<String, Proposal>,
    /// What a person wanted to run when they clicked, by call.
    clicks: BTreeMap<String, Vec<Value>>,
    cases: BTreeMap<String, Case>,
    /// The calls of the newest turn, in order.
    turn: Vec<String>,
    cancelled: bool,
    /// What a person denied: tool and arguments.
    denied: Vec<(String, Value)>,
    /// What was about to be done: call, attempt and key, as they are on the disk.
    intents: BTreeSet<(String, u64, String)>,
    /// What the outside world saw, by call and attempt.
    seen: BTreeMap<(String, u64), u32>,
    /// How many entries were judged.
    read: usize,
}

impl Judge {
    pub fn new(in_order: bool) -> Self {
        Self { in_order, ..Self::default() }
    }

    /// The model has answered, and this of it may be carried out. Of earlier answers nothing more
    /// may.
    pub fn proposed(&mut self, proposals: BTreeMap<String, Proposal>) {
        self.proposals = proposals;
    }

    /// The calls of the newest turn, in the model's order.
    pub fn turn(&self) -> &[String] {
        &self.turn
    }

    /// Whether all of these were judged.
    pub fn is_up_to_date(&self, texts: &[String]) -> bool {
        self.read == texts.len()
    }

    pub fn clicked(&mut self, call: &str, arguments: &Value) {
        self.clicks.entry(call.to_owned()).or_default().push(arguments.clone());
    }

    /// Whether the world saw a call at all.
    pub fn happened(&self, call: &str) -> bool {
        self.seen.iter().any(|((seen, _), count)| seen == call && *count > 0)
    }

    /// Judges what has come to the disk since the last time.
    pub fn read(&mut self, durable: &[String]) -> Result<(), Violation> {
        while let Some(text) = durable.get(self.read) {
            let Ok(entry) = serde_json::from_str::<Value>(text) else {
                return violation("I10", "an entry is not JSON");
            };
            ensure(entry["seq"] == json!(self.read), "I10", || format!("a gap at {}", self.read))?;
            let at = entry["at"].as_u64().unwrap_or_default();
            match &entry["record"] {
                Value::Object(record) => {
                    for (kind, fields) in record {
                        self.entry(kind, fields, at)?;
                    }
                }
                kind => self.entry(kind.as_str().unwrap_or_default(), &Value::Null, at)?,
            }
            self.admit(at);
            self.read += 1;
        }
        Ok(())
    }

    /// Judges a tool call at the moment at which the outside world sees it.
    pub fn performed(
        &mut self,
        (call, attempt, key): (&str, u64, &str),
        tool: &str,
        arguments: &Value,
    ) -> Result<(), Violation> {
        let name = format!("{call} attempt {attempt}");
        let intent = (call.to_owned(), attempt, key.to_owned());
        ensure(self.intents.contains(&intent), "I2", || format!("{name} without an intent"))?;
        let seen = self.seen.entry((call.to_owned(), attempt)).or_default();
        *seen += 1;
        ensure(*seen == 1, "I1", || format!("{name} reached the world twice"))?;
        let Some(case) = self.cases.get(call) else {
            return violation("I17", format!("{name} is of no valid answer"));
        };
        let stopped = ["denied", "expired", "cancelled", "skipped"];
        let over = matches!(case.stage, Stage::Over(word) if stopped.contains(&word));
        // A frozen tab may still look something up that a later holder has given up.
        ensure(!over || case.reads(), "I5", || format!("{name} was stopped: {:?}", case.stage))?;
        let same = case.proposal.tool == tool && case.arguments == *arguments;
        ensure(same, "I4", || format!("{name} ran with {arguments}"))
    }

    /// Judges what the model is about to be told.
    pub fn told(&self, told: &BTreeMap<String, Vec<Value>>) -> Result<(), Violation> {
        for (call, case) in &self.cases {
            let Stage::Over(word) = case.stage else {
                return violation("I8", format!("the model is asked while {call} is open"));
            };
            let key = case.provider.as_deref().unwrap_or(call);
            let Some([told]) = told.get(key).map(Vec::as_slice) else {
                return violation("I8", format!("{call} has not one answer"));
            };
            // A success may be told as the tool's own result, which has no status.
            let status = told.get("status").map_or("succeeded", |s| s.as_str().unwrap_or("?"));
            ensure(status == word, "I8", || format!("{call} is {word}, and told {told}"))?;
        }
        Ok(())
    }

    fn entry(&mut self, kind: &str, fields: &Value, at: u64) -> Result<(), Violation> {
        match kind {
            "started" => return ensure(self.read == 0, "I10", || "started twice".to_owned()),
            "answered" => return self.answered(fields),
            "cancelled" => {
                self.cancelled = true;
                for case in self.cases.values_mut() {
                    case.stage = match case.stage {
                        // An earlier attempt may have happened.
                        Stage::Free if case.attempts > 0 && !case.reads() => Stage::Doubt,
                        Stage::Proposed | Stage::Free => Stage::Over("cancelled"),
                        _ => continue,
                    };
                }
                return Ok(());
            }
            "resumed" => {
                let cancelled = self.cancelled;
                for case in self.cases.values_mut().filter(|case| case.stage == Stage::Open) {
                    case.stage = match case.proposal.repeatable {
                        true if !cancelled => Stage::Free,
                        true if case.reads() => Stage::Over("failed"),
                        _ => Stage::Doubt,
                    };
                }
                return Ok(());
            }
            "handed_over" => {
                let is_open = |case: &Case| matches!(case.stage, Stage::Open | Stage::Doubt);
                let is_busy = self.cases.values().any(is_open);
                return ensure(!is_busy, "I1", || "handed over with a call under way".to_owned());
            }
            _ => {}
        }
        let call = fields["call"].as_str().unwrap_or_default();
        let turn_comes = self.turn_comes(call);
        let clicks = self.clicks.get(call).map_or(&[][..], Vec::as_slice);
        let Some(case) = self.cases.get_mut(call) else {
            return violation("I17", format!("{kind} for {call}, which no answer holds"));
        };
        let bad = |invariant, what: &str| {
            violation(invariant, format!("{kind} for {call}: {what}, {:?}", case.stage))
        };
        let of_held = ["decided", "expired", "viewed", "extended", "reasked"].contains(&kind);
        match kind {
            _ if of_held && case.stage != Stage::Proposed => return bad("I6", "decided"),
            _ if of_held && !turn_comes => return bad("I6", "it is not its turn"),
            "viewed" if fields["digest"] != case.digest(&case.arguments) => {
                return bad("I3", "another digest");
            }
            "viewed" => {}
            "extended" => {
                case.until = fields["until"].as_u64();
                case.lapsed = false;
            }
            "reasked" => {
                let action = &fields["action"];
                if action["arguments"] != case.arguments || action["id"] != case.action["id"] {
                    return bad("I4", "asked about something else");
                }
                case.action = action.clone();
                (case.since, case.until, case.lapsed) = (Some(at), None, false);
            }
            "taken_back" => {
                // By its rules it was free, or a person had approved it; now a person decides.
                let was_free = match case.stage {
                    Stage::Free => true,
                    Stage::Proposed => !case.proposal.needs_person && turn_comes,
                    _ => false,
                };
                if !was_free || case.attempts > 0 || case.not_before.is_none() {
                    return bad("I6", "there is nothing to take back");
                }
                case.stage = Stage::Proposed;
                case.proposal.needs_person = true;
                case.arguments = case.proposal.arguments.clone();
                (case.since, case.until, case.not_before) = (Some(at), None, None);
            }
            "decided" if fields["decision"].get("answer").is_some() => {
                case.stage = Stage::Over("answered");
            }
            "decided" => {
                let Some(approved) = fields["decision"].get("approve") else {
                    case.stage = Stage::Over("denied");
                    let what = (case.proposal.tool.clone(), case.proposal.arguments.clone());
                    self.denied.push(what);
                    return Ok(());
                };
                let arguments = approved.get("arguments").unwrap_or(&case.arguments).clone();
                if !clicks.contains(&arguments) {
                    return bad("I4", "nobody clicked for these arguments");
                }
                if fields["digest"] != case.digest(&arguments) {
                    return bad("I3", "another digest");
                }
                if case.lapsed || case.deadline().is_some_and(|deadline| at >= deadline) {
                    return bad("I3", "too late");
                }
                case.arguments = arguments;
                case.stage = Stage::Free;
                case.not_before = case.window().map(|window| at + window);
            }
            "expired" => {
                if case.deadline().is_none_or(|deadline| at < deadline) {
                    return bad("I6", "too early");
                }
                if case.lapsed {
                    return bad("I6", "expired twice");
                }
                match case.action["ruling"]["on_expiry"].as_str() {
                    Some("ask-again") => case.lapsed = true,
                    _ => case.stage = Stage::Over("expired"),
                }
            }
            "tool_started" => {
                if case.proposal.forbidden {
                    return bad("I5", "the bank forbids it");
                }
                if self.cancelled {
                    return bad("I3", "the run was cancelled");
                }
                match case.stage {
                    Stage::Free => {}
                    Stage::Proposed if !case.proposal.needs_person && turn_comes => {}
                    Stage::Proposed => return bad("I3", "nobody approved"),
                    Stage::Over(_) => return bad("I5", "it is over"),
                    Stage::Open | Stage::Doubt => return bad("I7", "started again"),
                }
                if case.attempts == 0 && case.not_before.is_some_and(|end| at < end) {
                    return bad("I5", "it can still be taken back");
                }
                let attempt = fields["attempt"].as_u64().unwrap_or_default();
                let key = fields["key"].as_str().unwrap_or_default();
                if attempt != case.attempts + 1 {
                    return bad("I1", "attempts do not count on");
                }
                if case.key.as_deref().is_some_and(|known| known != key) {
                    return bad("I9", "another key");
                }
                if self.intents.iter().any(|(other, _, used)| other != call && used == key) {
                    return bad("I9", "the key of another call");
                }
                self.intents.insert((call.to_owned(), attempt, key.to_owned()));
                case.key = Some(key.to_owned());
                case.attempts = attempt;
                case.stage = Stage::Open;
            }
            "tool_finished" => {
                let attempt = fields["attempt"].as_u64().unwrap_or_default();
                if !matches!(case.stage, Stage::Open | Stage::Doubt) || attempt != case.attempts {
                    return bad("I8", "nothing was under way");
                }
                let outcome = &fields["outcome"];
                case.stage = if outcome.get("succeeded").is_some() {
                    if !self.seen.contains_key(&(call.to_owned(), attempt)) {
                        return bad("I8", "it never happened");
                    }
                    Stage::Over("succeeded")
                } else if outcome.get("failed").is_some() {
                    Stage::Over("failed")
                } else {
                    Stage::Doubt
                };
            }
            "settled" => {
                if case.stage != Stage::Doubt {
                    return bad("I7", "there was no doubt");
                }
                case.stage = match fields["settlement"].as_str() {
                    Some("did_not_happen") => Stage::Over("failed"),
                    Some("try_again") if self.cancelled => return bad("I3", "cancelled"),
                    Some("try_again") => Stage::Free,
                    _ if !self.seen.keys().any(|(seen, _)| seen == call) => {
                        return bad("I8", "it never happened");
                    }
                    _ => Stage::Over("succeeded"),
                };
            }
            _ => return violation("I12", format!("an entry of kind {kind}")),
        }
        Ok(())
    }

    fn answered(&mut self, fields: &Value) -> Result<(), Violation> {
        let actions = fields["planned"]["actions"]["actions"].as_array();
        let Some(actions) = actions else { return Ok(()) };
        let complete = fields["response"]["finish"] == "complete";
        ensure(complete, "I17", || "an answer that was cut short is acted upon".to_owned())?;
        self.turn.clear();
        for action in actions {
            let id = action["id"].as_str().unwrap_or_default();
            let Some(proposal) = self.proposals.get(id) else {
                return violation("I17", format!("{id} is of no valid answer"));
            };
            let same = action["tool"] == proposal.tool.as_str()
                && action["arguments"] == proposal.arguments;
            ensure(same, "I4", || format!("{id} is not what the model said"))?;
            self.turn.push(id.to_owned());
            let mut proposal = proposal.clone();
            let what = (proposal.tool.clone(), proposal.arguments.clone());
            proposal.forbidden |= self.denied.contains(&what);
            let case = Case {
                stage: Stage::Proposed,
                until: None,
                lapsed: false,
                not_before: None,
                proposal: proposal.clone(),
                arguments: proposal.arguments.clone(),
                action: action.clone(),
                since: None,
                attempts: 0,
                key: None,
                provider: action.get("call").and_then(Value::as_str).map(str::to_owned),
            };
            self.cases.insert(id.to_owned(), case);
        }
        Ok(())
    }

    /// Whether a call may be dealt with: in a plan, only once all before it have succeeded.
    fn turn_comes(&self, call: &str) -> bool {
        let before = self.turn.iter().take_while(|other| *other != call);
        !self.in_order
            || before.map(|id| &self.cases[id].stage).all(|s| *s == Stage::Over("succeeded"))
    }

    /// Sets the time from which calls wait, and ends those that no one may allow or that come after
    /// one that did not succeed.
    fn admit(&mut self, at: u64) {
        for id in self.turn.clone() {
            let turn_comes = self.turn_comes(&id);
            let broken = self.in_order
                && self.turn.iter().take_while(|other| **other != id).any(
                    |id| matches!(self.cases[id].stage, Stage::Over(word) if word != "succeeded"),
                );
            let Some(case) = self.cases.get_mut(&id) else { continue };
            if case.stage != Stage::Proposed {
                continue;
            }
            if broken {
                case.stage = Stage::Over("skipped");
            } else if turn_comes && case.proposal.forbidden {
                case.stage = Stage::Over("denied");
            } else if turn_comes && case.since.is_none() {
                case.since = Some(at);
                let is_free = case.action["ruling"]["verdict"] == "allow";
                case.not_before = case.window().filter(|_| is_free).map(|window| at + window);
            }
        }
    }
}

impl Case {
    /// Whether it changes nothing, so that it does not matter how often it happened.
    fn reads(&self) -> bool {
        self.proposal.tool == "check_balance"
    }

    fn window(&self) -> Option<u64> {
        self.action["undo_window_ms"].as_u64()
    }

    fn deadline(&self) -> Option<u64> {
        if self.until.is_some() {
            return self.until;
        }
        Some(self.since? + self.action["ruling"]["expires_in_ms"].as_u64()?)
    }

    /// The digest of what will run, made anew from what is stored.
    fn digest(&self, arguments: &Value) -> String {
        let mut record = Map::new();
        record.insert("v".to_owned(), json!(1));
        record.insert("kind".to_owned(), json!("action"));
        record.insert("run".to_owned(), json!("run"));
        record.insert("call".to_owned(), self.action["id"].clone());
        record.insert("tool".to_owned(), self.action["tool"].clone());
        record.insert("tool_digest".to_owned(), self.action["tool_digest"].clone());
        record.insert("rule".to_owned(), self.action["ruling"]["rule"].clone());
        record.insert("arguments".to_owned(), arguments.clone());
        if let Some(precondition) = self.action.get("precondition") {
            record.insert("precondition".to_owned(), precondition.clone());
        }
        digest(&Value::Object(record)).to_string()
    }
}

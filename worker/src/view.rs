//! What a run looks like from outside, and what of that an entry has changed: approvals for the
//! lists, notices for the channels, and when a worker has something to do.

use holdpoint_core::approval::Approver;
use holdpoint_core::id::{CallId, Timestamp};
use holdpoint_core::json::{Map, digest_text};
use holdpoint_core::object;
use holdpoint_core::run::{Outcome, Progress, Run, Slot, State, Status};
use serde_json::Value;

use crate::config::Workflow;
use crate::link::Links;
use crate::store::{Endorsement, OnlyIf};

/// What follows from an entry, to be written with it.
#[derive(Debug, Default)]
pub struct Changes {
    /// The workflow's name.
    pub workflow: String,
    /// When a worker has something to do; none while a person is waited for.
    pub due: Option<u64>,
    /// Approvals that are new or not what they were.
    pub approvals: Vec<Approval>,
    /// What is to be told.
    pub notices: Vec<Notice>,
    /// The approval with which a call has as many as it needs.
    pub endorsement: Option<Endorsement>,
}

/// One approval as it is listed.
#[derive(Debug)]
pub struct Approval {
    /// The call.
    pub call: CallId,
    /// One word.
    pub status: &'static str,
    /// All of it.
    pub body: Value,
}

/// One notice for one channel.
#[derive(Debug)]
pub struct Notice {
    /// The same for the same news, so that it is told once.
    pub id: String,
    /// The channel's name, and after a `|` the person who is told there.
    pub channel: String,
    /// What is sent.
    pub body: String,
    /// When.
    pub due: u64,
    /// What must still be so then.
    pub only_if: OnlyIf,
}

impl Changes {
    /// From a run as it was, or none, to the run as it is.
    #[must_use]
    pub fn between(before: Option<&Run>, after: &Run, workflow: &Workflow, links: &Links) -> Self {
        let mut changes =
            Self { workflow: workflow.name.clone(), due: due(after), ..Self::default() };
        let at = after.updated_at();
        let mut tell = Tell { run: after, workflow, links, at, notices: &mut changes.notices };
        // Only what is of the turn under way, or of the one just ended, can have changed.
        for slot in after.turns().last().into_iter().flat_map(|turn| &turn.slots) {
            let call = &slot.action.id;
            let old = before.and_then(|run| Some((run, run.find(call)?.1)));
            let was =
                old.and_then(|(run, slot)| status(slot).map(|it| (it, body(run, workflow, slot))));
            let Some(now) = status(slot).or(was.as_ref().map(|_| "settled")) else { continue };
            let body = body(after, workflow, slot);
            if was.as_ref().is_some_and(|(word, old)| *word == now && *old == body) {
                continue;
            }
            let news = was
                .as_ref()
                .is_none_or(|(word, old)| *word != now || old.get("digest") != body.get("digest"));
            if news {
                tell.of_call(now, slot, &body);
            }
            changes.approvals.push(Approval { call: call.clone(), status: now, body });
        }
        let was_over = before.is_some_and(|run| run.status().is_over());
        if after.status().is_over() && !was_over {
            tell.of_end();
        }
        changes
    }
}

/// When a worker has something to do for a run; none while a person is waited for.
#[must_use]
pub(crate) fn due(run: &Run) -> Option<u64> {
    let slots = match run.state() {
        State::AwaitingModel(_) => return Some(run.updated_at().as_millis()),
        State::Acting { turn, .. } => &turn.slots,
        _ => return None,
    };
    let due = |slot: &Slot| match slot.progress {
        Progress::Ready | Progress::Started { .. } => Some(run.updated_at()),
        Progress::Delayed { until } => Some(until),
        _ => slot.ends_at(),
    };
    slots.iter().filter_map(due).min().map(Timestamp::as_millis)
}

/// The word of a call that a person has, or had, to do with.
fn status(slot: &Slot) -> Option<&'static str> {
    match &slot.progress {
        Progress::Held { lapsed: false, .. } => Some("pending"),
        Progress::Held { .. } => Some("lapsed"),
        Progress::InDoubt { .. } => Some("in_doubt"),
        Progress::Done { outcome, .. } => match outcome {
            Outcome::Denied { .. } => Some("denied"),
            Outcome::Answered { .. } => Some("answered"),
            Outcome::Expired => Some("expired"),
            Outcome::Cancelled => Some("cancelled"),
            _ => slot.permit.as_ref().map(|_| "approved"),
        },
        Progress::Delayed { .. } | Progress::Ready | Progress::Started { .. } => {
            slot.permit.as_ref().map(|_| "approved")
        }
        Progress::Queued => None,
    }
}

pub(crate) fn body(run: &Run, workflow: &Workflow, slot: &Slot) -> Value {
    let action = &slot.action;
    let ruling = &action.ruling;
    let word = status(slot).unwrap_or("settled");
    let mut body = object! {
        "id": &action.id,
        "run": run.id(),
        "workflow": workflow.name.as_str(),
        "status": word,
        "tool": action.tool.as_str(),
        "title": action.title.as_str(),
        "arguments": slot.arguments().clone(),
        "digest": action.digest,
        "rule": object! {
            "id": ruling.rule.as_str(),
            "because": ruling.because.as_str(),
            "matched": Value::Object(ruling.matched.clone()),
        },
    };
    let mut more = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            more.insert(name.to_owned(), value);
        }
    };
    let changed = slot.permit.as_ref().is_some_and(|permit| permit.arguments.is_some());
    set("proposed", changed.then(|| action.arguments.clone()));
    let quorum = workflow.quorum_of(slot);
    set("quorum", (quorum > 1).then(|| quorum.into()));
    set("reason", action.reason.as_deref().map(Value::from));
    if let Progress::Held { since, expires, .. } = slot.progress {
        set("since", Some(since.into()));
        set("expires", expires.map(Value::from));
        set("on_expiry", expires.map(|_| ruling.on_expiry.as_str().into()));
    }
    if let Progress::InDoubt { because, .. } = &slot.progress {
        set("doubt", Some(because.as_str().into()));
    }
    set("decision", decision(slot));
    set("result", slot.permit.as_ref().and(slot.outcome()).map(|_| slot.to_model()));
    if let Value::Object(fields) = &mut body {
        fields.append(&mut more);
    }
    body
}

/// Who decided what, if someone did.
fn decision(slot: &Slot) -> Option<Value> {
    let told = |decision: &str, by: &Approver, at: Timestamp, text: Option<&str>| {
        let mut told = object! {
            "decision": decision,
            "at": at,
            "by": self::by(by),
        };
        if let (Some(text), Value::Object(fields)) = (text, &mut told) {
            fields.insert("reason".to_owned(), text.into());
        }
        Some(told)
    };
    match (&slot.progress, &slot.permit) {
        (Progress::Done { outcome: Outcome::Denied { reason, by }, at }, _) => {
            told("deny", by, *at, reason.as_deref())
        }
        (Progress::Done { outcome: Outcome::Answered { text, by }, at }, _) => {
            told("answer", by, *at, Some(text))
        }
        (_, Some(permit)) => told("approve", &permit.by, permit.at, None),
        _ => None,
    }
}

pub(crate) fn by(by: &Approver) -> Value {
    object! { "id": by.id.as_str(), "name": by.name.as_str(), "channel": by.channel.as_str() }
}

/// What is told of a call that was approved by some, and not yet by enough.
pub(crate) fn endorsed(
    (run, slot): (&Run, &Slot),
    workflow: &Workflow,
    links: &Links,
    at: Timestamp,
    approval: &Value,
) -> Vec<Notice> {
    let mut notices = Vec::new();
    let mut tell = Tell { run, workflow, links, at, notices: &mut notices };
    tell.of_call("endorsed", slot, approval);
    notices
}

/// What the run came to, in the words of its last turn.
pub(crate) fn answer(run: &Run) -> Option<&str> {
    match run.state() {
        State::Completed => run.turns().last().map(|turn| turn.text.as_str()),
        _ => None,
    }
}

pub(crate) fn failure(run: &Run) -> Option<Value> {
    match run.state() {
        State::Failed { code, message } => {
            Some(object! { "code": code.as_str(), "message": message.as_str() })
        }
        _ => None,
    }
}

/// Writes notices for all channels of a workflow.
struct Tell<'a> {
    run: &'a Run,
    workflow: &'a Workflow,
    links: &'a Links,
    at: Timestamp,
    notices: &'a mut Vec<Notice>,
}

impl Tell<'_> {
    fn of_call(&mut self, status: &str, slot: &Slot, body: &Value) {
        let kind = match status {
            "pending" => "approval.requested",
            "lapsed" => "approval.lapsed",
            "endorsed" => "approval.endorsed",
            "expired" => "approval.expired",
            "in_doubt" => "approval.in_doubt",
            "approved" | "denied" | "answered" => "approval.decided",
            _ => return,
        };
        let mut data = object! { "approval": body.clone() };
        if let (Progress::Held { .. }, Value::Object(fields)) = (&slot.progress, &mut data) {
            let link = |approver: &String| {
                let url = self.links.of(body, approver, self.at.as_millis());
                object! { "approver": approver.as_str(), "url": url }
            };
            let links: Vec<Value> = self.workflow.approvers.iter().map(link).collect();
            fields.insert("links".to_owned(), links.into());
        }
        // The same call can be asked about anew, in doubt twice, and be told of each time.
        let about = [slot.action.id.as_str(), &slot.action.digest.to_string(), status];
        let given = body.get("approvals").and_then(Value::as_array).map_or(0, Vec::len);
        let about = format!("{}|{}", about.join("|"), slot.attempts as usize + given);
        self.put(kind, &about, &data);
        if status == "pending" {
            self.ask_again(&about, &data);
        }
    }

    /// Reminders, and whom else to ask: written now, sent if nobody has decided by then.
    fn ask_again(&mut self, about: &str, data: &Value) {
        let workflow = self.workflow;
        let reminders = workflow.reminders.iter();
        let reminders = reminders.map(|after| ("approval.reminder", &workflow.channels, *after));
        let escalation = workflow.escalation.iter();
        let escalation = escalation.map(|it| ("approval.escalated", &it.channels, it.after));
        for (kind, channels, after) in reminders.chain(escalation) {
            let after = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
            let at = self.at.plus_millis(after);
            self.write(channels, kind, &format!("{about}|{after}"), data, at, OnlyIf::Pending);
        }
    }

    fn of_end(&mut self) {
        let kind = match self.run.status() {
            Status::Completed => "job.completed",
            Status::Cancelled => "job.cancelled",
            _ => "job.failed",
        };
        let mut data = object! {
            "id": self.run.id(),
            "workflow": self.workflow.name.as_str(),
            "status": self.run.status().as_str(),
        };
        if let Value::Object(fields) = &mut data {
            fields.extend(answer(self.run).map(|text| ("answer".to_owned(), text.into())));
            fields.extend(failure(self.run).map(|failure| ("failure".to_owned(), failure)));
        }
        self.put(kind, "", &data);
    }

    fn put(&mut self, kind: &str, about: &str, data: &Value) {
        let (workflow, at) = (self.workflow, self.at);
        self.write(&workflow.channels, kind, about, data, at, OnlyIf::Always);
        // Whoever was asked later is told the outcome as well.
        if let (Some(escalation), false) = (&workflow.escalation, kind == "approval.requested") {
            let others = escalation.channels.iter();
            let others = others.filter(|channel| !workflow.channels.contains(channel));
            let others: Vec<String> = others.cloned().collect();
            self.write(&others, kind, about, data, at, OnlyIf::Asked);
        }
    }

    fn write(
        &mut self,
        channels: &[String],
        kind: &str,
        about: &str,
        data: &Value,
        at: Timestamp,
        only_if: OnlyIf,
    ) {
        let body = object! { "type": kind, "timestamp": self.at, "data": data.clone() };
        let body = holdpoint_core::json::canonical(&body);
        for channel in channels {
            let about = [kind, self.run.id().as_str(), about, channel].join("|");
            let mut id = format!("msg_{}", digest_text(&about));
            id.truncate(36);
            let (channel, body) = (channel.clone(), body.clone());
            self.notices.push(Notice { id, channel, body, due: at.as_millis(), only_if });
        }
    }
}

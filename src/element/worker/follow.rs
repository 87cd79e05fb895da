//! What waits at a worker: read, followed by its events, shown, decided.

use std::cell::Cell;
use std::rc::Rc;

use futures_util::future::{Either, select};
use holdpoint_core::approval::{Approver, Settlement};
use holdpoint_core::id::{CallId, RunId, Timestamp};
use holdpoint_core::json::canonical;
use holdpoint_core::object;
use holdpoint_core::run::replay;
use holdpoint_core::tool::Toolbox;
use leptos::reactive::owner::Owner;
use serde_json::Value;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use super::link::{Fault, Link, malformed, unreachable};
use super::{Address, AtWorker, Widget};
use crate::driver::ports::Task;
use crate::text::{self, Text};
use crate::tools::RegExps;
use crate::view::signal::Signal;
use crate::view::state::{AtWorkerShown, Intent, RunShown, WorkerRow};
use holdpoint_core::escape::visible_text;

/// Follows a worker until what it gives is dropped.
pub(in crate::element) fn begin(widget: Widget, address: Address) -> Rc<dyn AtWorker> {
    let owner = Owner::new();
    let card = owner.with(|| RunShown {
        id: Signal::new(RunId::new("")),
        run: Signal::new(None),
        live: Signal::new(String::new()),
        trouble: Signal::new(None),
        saving: Signal::new(None),
        is_read_there: true,
    });
    let base = address.base.clone();
    let follower = Rc::new(Follower {
        shown: widget.shell.shown.worker,
        widget,
        link: Link::new(address),
        base,
        card,
        is_over: Cell::new(false),
        _owner: owner,
    });
    spawn_local(Rc::clone(&follower).follow());
    Rc::new(Handle(follower))
}

/// Ends what it follows when it is dropped.
struct Handle(Rc<Follower>);

pub(super) struct Follower {
    pub(super) widget: Widget,
    shown: AtWorkerShown,
    pub(super) link: Link,
    pub(super) base: String,
    /// The run of the card that is open.
    card: RunShown,
    is_over: Cell<bool>,
    _owner: Owner,
}

impl Drop for Handle {
    fn drop(&mut self) {
        let Follower { shown, link, is_over, .. } = &*self.0;
        is_over.set(true);
        link.stop();
        shown.rows.set(Vec::new());
        shown.trouble.set(None);
        shown.open.set(None);
        self.0.widget.app.refresh();
    }
}

impl AtWorker for Handle {
    fn intend(&self, intent: &Intent) -> Option<Task<()>> {
        let (call, path, body) = match intent {
            Intent::ShowAtWorker(call) => {
                let (follower, call) = (Rc::clone(&self.0), call.clone());
                return Some(Box::pin(async move { follower.open(&call).await }));
            }
            Intent::Approve { call, digest, arguments, .. } => {
                let args = arguments.clone().unwrap_or_default();
                let body = object! { "decision": "approve", "digest": *digest, "args": args };
                (call, "/decision", body)
            }
            Intent::Deny { call, digest, reason, .. } => {
                let reason = reason.clone();
                let body = object! { "decision": "deny", "digest": *digest, "reason": reason };
                (call, "/decision", body)
            }
            Intent::Settle { call, settlement, .. } => {
                let outcome = match settlement {
                    Settlement::Happened { .. } => "happened",
                    Settlement::DidNotHappen => "did_not_happen",
                    Settlement::TryAgain => "try_again",
                };
                (call, "/settlement", object! { "outcome": outcome })
            }
            Intent::Extend { call } => (call, "/extension", Value::Null),
            // Who saw a card here is no fact of the worker's.
            Intent::Viewed { call, .. } if self.0.row(call).is_some() => {
                return Some(Box::pin(std::future::ready(())));
            }
            _ => return None,
        };
        let row = self.0.row(call)?;
        let (follower, path) =
            (Rc::clone(&self.0), ["/v1/approvals/", call.as_str(), path].concat());
        Some(Box::pin(async move { follower.decide(row, &path, &body).await }))
    }

    fn push(&self, registration: JsValue, on: bool) -> Task<bool> {
        let follower = Rc::clone(&self.0);
        Box::pin(async move {
            let done = follower.push(registration, on).await;
            if let Err(fault) = &done {
                follower.widget.shell.page.error(&fault.code, &fault.message, fault.fix);
            }
            done.is_ok()
        })
    }

    fn hand_over(&self, run: RunId, options: Value, by: Approver) -> Task<Result<(), JsValue>> {
        let follower = Rc::clone(&self.0);
        Box::pin(async move { follower.hand_over(&run, &options, by).await })
    }
}

impl Follower {
    /// Follows the worker's events and reads its list anew after each; tries again for as long as it
    /// is followed at all.
    async fn follow(self: Rc<Self>) {
        let mut failures = 0;
        while !self.is_over.get() {
            let fault = match self.watch(&mut failures).await {
                Ok(()) => unreachable(&self.base),
                Err(fault) => fault,
            };
            if self.is_over.get() {
                return;
            }
            // A stream that ends is opened again; one that does not open is worth a word.
            if failures > 0 {
                self.trouble(&fault);
            }
            let wait = WAITS_MS[failures.min(WAITS_MS.len() - 1)];
            failures += 1;
            self.widget.shell.runtime.sleep(wait).await;
        }
    }

    async fn watch(&self, failures: &mut usize) -> Result<(), Fault> {
        // Opened before the list is read, so that what comes in between is not missed.
        let events = self.link.events().await.inspect_err(|_| *failures = (*failures).max(1))?;
        self.reload().await?;
        *failures = 0;
        loop {
            let patience = self.widget.shell.runtime.sleep(SILENCE_MS);
            let next = Box::pin(events.next());
            let Either::Left((Some(chunk), _)) = select(next, patience).await else {
                return Ok(());
            };
            // What is no news is a comment alone.
            let is_news =
                chunk.first() != Some(&b':') || chunk.windows(6).any(|it| it == b"data: ");
            if is_news {
                self.reload().await?;
            }
        }
    }

    pub(super) fn trouble(&self, fault: &Fault) {
        let told = (fault.code.clone(), fault.message.clone());
        if self.shown.trouble.get_untracked().as_ref() != Some(&told) {
            self.widget.shell.page.error(&fault.code, &fault.message, fault.fix);
            self.shown.trouble.set(Some(told));
        }
    }

    /// Reads what waits.
    async fn reload(&self) -> Result<(), Fault> {
        let mut rows = Vec::new();
        for status in ["pending", "lapsed", "in_doubt"] {
            let listed = self.link.get(&["/v1/approvals?status=", status].concat()).await?;
            let listed = listed["approvals"].as_array().ok_or_else(|| malformed(&self.base))?;
            rows.extend(listed.iter().filter_map(row));
        }
        if self.is_over.get() {
            return Ok(());
        }
        self.shown.trouble.set(None);
        self.fetch_all().await?;
        if self.shown.rows.get_untracked() != rows {
            self.shown.rows.set(rows);
            self.widget.app.refresh();
        }
        match self.shown.open.get_untracked() {
            Some(call) if self.row(&call).is_none() => self.gone(call).await,
            Some(call) => self.read(&call).await,
            None => Ok(()),
        }
    }

    fn row(&self, call: &CallId) -> Option<WorkerRow> {
        self.shown.rows.with_untracked(|rows| rows.iter().find(|row| row.call == *call).cloned())
    }

    /// Shows the card of a call.
    async fn open(&self, call: &CallId) {
        self.shown.card.set(None);
        self.shown.tools.set(None);
        self.shown.open.set(Some(call.clone()));
        if let Err(fault) = self.read(call).await {
            self.shown.open.set(None);
            self.say(&fault);
        }
    }

    /// Reads the journal of the call whose card is open.
    async fn read(&self, call: &CallId) -> Result<(), Fault> {
        let Some(row) = self.row(call) else { return Ok(()) };
        let told = self.told(&row.run).await?;
        let entries = entries(&told);
        let entries = entries.iter().map(String::as_str);
        let run = replay(&row.run, None, entries).map_err(|error| Fault {
            code: error.code().to_owned(),
            message: error.to_string(),
            fix: "find out what changed the record of this run; nothing of it can be decided here",
            outcome: Value::Null,
        })?;
        if self.shown.open.get_untracked().as_ref() == Some(call) {
            // What several approve is what was proposed.
            self.shown.tools.set((row.needed <= 1).then(|| tools(&told)));
            self.card.id.put(row.run);
            self.card.run.set(Some(Rc::new(run)));
            self.shown.card.set(Some(self.card));
        }
        Ok(())
    }

    /// A run's entries as the worker has them.
    pub(super) async fn journal(&self, run: &RunId) -> Result<Vec<String>, Fault> {
        self.told(run).await.map(|told| entries(&told))
    }

    /// A run's journal and its tools.
    async fn told(&self, run: &RunId) -> Result<Value, Fault> {
        let told = self.link.get(&["/v1/jobs/", run.as_str(), "/journal"].concat()).await?;
        if told["entries"].is_array() { Ok(told) } else { Err(malformed(&self.base)) }
    }

    /// The card that is open is of nothing that waits: says what became of it.
    async fn gone(&self, call: CallId) -> Result<(), Fault> {
        let is_ours = self.card.saving.get_untracked().as_ref() == Some(&call);
        if is_ours {
            return Ok(());
        }
        self.shown.open.set(None);
        let now = self.link.get(&["/v1/approvals/", call.as_str()].concat()).await?;
        self.say_outcome(&now);
        Ok(())
    }

    async fn decide(&self, row: WorkerRow, path: &str, body: &Value) {
        let saving = self.card.saving;
        if saving.get_untracked().is_some() {
            return;
        }
        saving.set(Some(row.call.clone()));
        let done = self.link.post(path, body).await;
        saving.set(None);
        match done {
            // It waits on, for longer.
            Ok(_) if path.ends_with("/extension") => {}
            Ok(approval) => {
                self.close(&row);
                let shown = self.widget.shell.shown;
                let title = visible_text(&row.title);
                // An approval that is not the last one is told with how many there are.
                let said =
                    shown.speaking(|| match self::row(&approval).and_then(|it| it.quorum()) {
                        Some(quorum) if approval["status"] == "pending" => {
                            [title.as_str(), " · ", &quorum].concat()
                        }
                        _ => text::act_on(words(&approval), &title),
                    });
                self.widget.app.say(said);
            }
            Err(fault) if fault.code == "decided_already" => {
                self.close(&row);
                self.say_outcome(&fault.outcome);
            }
            Err(fault) => self.say(&fault),
        }
        // What it is now is read by whoever follows, too; a person does not wait for that.
        if let Err(fault) = self.reload().await {
            self.trouble(&fault);
        }
    }

    fn close(&self, row: &WorkerRow) {
        self.shown.open.set(None);
        self.shown.rows.update(|rows| rows.retain(|other| other.call != row.call));
        self.widget.app.refresh();
    }

    /// Says who decided what.
    fn say_outcome(&self, approval: &Value) {
        let name = approval["decision"]["by"]["name"].as_str().unwrap_or_default();
        let title = visible_text(approval["title"].as_str().unwrap_or_default());
        let said = self.widget.shell.shown.speaking(|| {
            let done = words(approval);
            let done =
                if name.is_empty() { done.get() } else { text::row_by(done, &visible_text(name)) };
            text::elsewhere(text::AT_WORKER, &done, &title)
        });
        self.widget.app.say(said);
    }

    fn say(&self, fault: &Fault) {
        self.widget.shell.page.error(&fault.code, &fault.message, fault.fix);
        self.widget.shell.shown.say_fault(&fault.code, &fault.message, fault.fix);
    }
}

fn entries(told: &Value) -> Vec<String> {
    let entries = told["entries"].as_array().into_iter().flatten();
    entries.filter_map(|it| it.as_str().map(str::to_owned)).collect()
}

/// The tools of a run; what this page does not understand of them is decided as it was proposed.
fn tools(told: &Value) -> Toolbox {
    let mut tools = Toolbox::new(Rc::new(RegExps::default()));
    for definition in told["tools"].as_array().into_iter().flatten() {
        tools.register(definition).ok();
    }
    tools
}

fn row(approval: &Value) -> Option<WorkerRow> {
    let text = |name: &str| approval.get(name).and_then(Value::as_str);
    Some(WorkerRow {
        call: CallId::new(text("id")?),
        run: RunId::new(text("run")?),
        title: text("title")?.to_owned(),
        workflow: text("workflow")?.to_owned(),
        about: about(&approval["arguments"]),
        is_doubt: text("status") == Some("in_doubt"),
        since: approval.get("since").and_then(Value::as_u64).map(Timestamp::from_millis),
        needed: approval.get("quorum").and_then(Value::as_u64).unwrap_or(1),
        approved: approved(approval),
    })
}

/// The names of those who approved, where it takes more than one.
fn approved(approval: &Value) -> Vec<String> {
    let given = approval.get("approvals").and_then(Value::as_array).into_iter().flatten();
    given.filter_map(|given| given["by"]["name"].as_str().map(str::to_owned)).collect()
}

/// Arguments in a line, by which calls of one tool are told apart; the card has them in full.
fn about(arguments: &Value) -> String {
    let mut parts = Vec::new();
    for (name, value) in arguments.as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| canonical(value), str::to_owned);
        parts.push([name, " ", &value].concat());
    }
    parts.join(" · ")
}

/// What became of a call, in words.
fn words(approval: &Value) -> Text {
    match approval["status"].as_str() {
        Some("approved") => text::ROW_APPROVED,
        Some("denied") => text::ROW_DENIED,
        Some("answered") => text::ROW_ANSWERED,
        Some("expired" | "lapsed") => text::ROW_EXPIRED,
        Some("cancelled") => text::ROW_CANCELLED,
        Some("pending") => text::HELD,
        Some("in_doubt") => text::IN_DOUBT,
        _ => text::ROW_CONFIRMED,
    }
}

/// The waits between attempts.
const WAITS_MS: [u64; 6] = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000];

/// The worker says something every 15 seconds.
const SILENCE_MS: u64 = 45_000;

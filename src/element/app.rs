//! One widget's wiring: what the driver observes becomes signals for the views and events for the
//! page.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use holdpoint_core::id::{CallId, RunId, ThreadId};
use holdpoint_core::journal::{Entry, Record};
use holdpoint_core::run::{Progress, Run, Slot, State, Status, ToolOutcome};
use holdpoint_core::sorted::{Sorted, sort};
use holdpoint_core::stream::Delta;
use reactive_graph::owner::Owner;
use serde_json::{Value, json};

use super::page::Page;
use crate::channel::Channel;
use crate::driver::ports::{Observer, Trouble, TroubleKind};
use crate::view::signal::Signal;
use crate::view::state::{RunShown, Shown};

/// Signals and events of one widget.
pub(super) struct App {
    pub(super) shown: Shown,
    page: Page,
    channel: RefCell<Option<Channel>>,
    owner: Owner,
    /// Calls that the page was told of.
    told: RefCell<Sorted<CallId, ()>>,
    pending: Cell<usize>,
    state: Cell<&'static str>,
}

impl App {
    pub(super) fn new(page: Page) -> Self {
        let owner = Owner::new();
        let shown = owner.with(|| Shown {
            runs: Signal::new(Vec::new()),
            loaded: Signal::new(false),
            trouble: Signal::new(None),
            layout: Signal::new("inline".to_owned()),
            open: Signal::new(false),
            scheme: Signal::new("auto".to_owned()),
            label: Signal::new("Assistant".to_owned()),
            toast: Signal::new(None),
            online: Signal::new(true),
            hidden: Signal::new(Vec::new()),
        });
        Self {
            shown,
            page,
            channel: RefCell::default(),
            owner,
            told: RefCell::default(),
            pending: Cell::new(0),
            state: Cell::new("loading"),
        }
    }

    pub(super) fn connect(&self, channel: Channel) {
        self.channel.replace(Some(channel));
    }

    pub(super) fn state(&self) -> &'static str {
        self.state.get()
    }

    pub(super) fn page(&self) -> &Page {
        &self.page
    }

    /// Works out the state in one word and the number of calls that wait; tells of changes.
    pub(super) fn refresh(&self) {
        let mut waiting = 0;
        let (mut running, mut offline, mut failing) = (false, false, false);
        for shown in self.shown.runs.get_untracked() {
            let trouble = shown.trouble.with_untracked(|t| t.as_ref().map(|t| t.kind));
            match trouble {
                Some(TroubleKind::Offline) => offline = true,
                Some(TroubleKind::Storage | TroubleKind::Model) => failing = true,
                Some(TroubleKind::Quarantined | TroubleKind::Tool) | None => {}
            }
            let Some(run) = shown.run.get_untracked() else { continue };
            if trouble == Some(TroubleKind::Quarantined) {
                continue;
            }
            waiting += run.waiting();
            let works = matches!(run.status(), Status::AwaitingModel | Status::AwaitingTools);
            running |= works && trouble.is_none();
        }
        let state = if !self.shown.loaded.get_untracked() {
            "loading"
        } else if failing || self.shown.trouble.with_untracked(Option::is_some) {
            "error"
        } else if offline {
            "offline"
        } else if running {
            "running"
        } else if waiting > 0 {
            "waiting"
        } else {
            "idle"
        };
        if self.state.replace(state) != state {
            self.page.state(state);
        }
        if self.pending.replace(waiting) != waiting {
            self.page.emit("holdpoint-pending-change", &json!({ "count": waiting }));
        }
    }

    pub(super) fn shown_run(&self, id: &RunId) -> RunShown {
        let runs = self.shown.runs.get_untracked();
        if let Some(shown) = runs.iter().find(|shown| shown.id.with_untracked(|other| other == id))
        {
            return *shown;
        }
        let shown = self.owner.with(|| RunShown {
            id: Signal::new(id.clone()),
            run: Signal::new(None),
            live: Signal::new(String::new()),
            trouble: Signal::new(None),
            saving: Signal::new(None),
        });
        self.shown.runs.update(|runs| runs.push(shown));
        shown
    }

    fn tell_of_held(&self, run: &Run) {
        for (_, slot) in held(run) {
            if !self.told.borrow_mut().insert(slot.action.id.clone(), ()) {
                continue;
            }
            let detail = json!({ "approval": approval(run, slot) });
            if !self.page.ask("holdpoint-approval-request", &detail) {
                // The page shows a card of its own.
                let call = slot.action.id.clone();
                self.shown.hidden.update(|hidden| hidden.push(call));
            }
        }
    }
}

impl Observer for App {
    fn run_changed(&self, run: &Rc<Run>) {
        let shown = self.shown_run(run.id());
        let is_new = shown.run.with_untracked(Option::is_none);
        shown.run.set(Some(Rc::clone(run)));
        if is_new {
            // Runs are read in the order of need and shown in the order of time.
            self.shown.runs.update(|runs| {
                let begun = |shown: &RunShown| {
                    shown.run.with_untracked(|run| run.as_ref().map(|run| run.started_at()))
                };
                sort(runs, |a, b| begun(a) < begun(b));
            });
        }
        if !matches!(run.state(), State::AwaitingModel(_)) {
            shown.live.set(String::new());
        }
        self.tell_of_held(run);
        if run.waiting() > 0 {
            wasm_bindgen_futures::spawn_local(crate::store::persist());
        }
        self.refresh();
    }

    fn appended(&self, run: &Run, entry: &Entry) {
        let id = run.id().as_str();
        self.page.emit("holdpoint-journal", &json!({ "runId": id, "seq": entry.seq }));
        let (name, mut detail) = match &entry.record {
            Record::Started(spec) => ("holdpoint-run-start", json!({ "text": spec.text })),
            Record::Decided { call, digest, .. } => {
                let stored = entry.to_value();
                let decided = &stored["record"]["decided"];
                let detail = json!({
                    "callId": call,
                    "decision": decided["decision"],
                    "digest": digest,
                    "by": decided["by"],
                });
                ("holdpoint-decision", detail)
            }
            Record::ToolStarted { call, attempt, .. } => {
                ("holdpoint-tool-start", json!({ "callId": call, "attempt": attempt }))
            }
            Record::ToolFinished { call, outcome, .. } => (
                "holdpoint-tool-end",
                json!({ "callId": call, "ok": matches!(outcome, ToolOutcome::Succeeded(_)) }),
            ),
            _ => ("", Value::Null),
        };
        if let Value::Object(fields) = &mut detail {
            fields.insert("runId".to_owned(), id.into());
            self.page.emit(name, &detail);
        }
        if run.status().is_over() {
            let detail = json!({ "runId": id, "status": run.status() });
            self.page.emit("holdpoint-run-end", &detail);
        }
    }

    fn turn_began(&self, run: &RunId) {
        self.shown_run(run).live.set(String::new());
        self.refresh();
    }

    fn delta(&self, run: &RunId, delta: &Delta) {
        let (Delta::Text(text) | Delta::Refusal(text)) = delta else { return };
        let shown = self.shown_run(run);
        shown.live.update(|live| live.push_str(text));
    }

    fn trouble(&self, run: &RunId, trouble: Option<&Trouble>) {
        self.shown_run(run).trouble.set(trouble.cloned());
        if let Some(trouble) = trouble {
            self.page.error(&trouble.code, &trouble.message, &trouble.fix);
        }
        self.refresh();
    }

    fn tell_others(&self, run: &RunId) {
        if let Some(channel) = &*self.channel.borrow() {
            channel.tell(run);
        }
    }

    fn cleared(&self, thread: Option<&ThreadId>) {
        self.shown.runs.update(|runs| {
            runs.retain(|shown| {
                shown.run.with_untracked(|run| {
                    let of = run.as_ref().map(|run| &run.spec().thread);
                    thread.is_some() && of != thread
                })
            });
        });
        self.refresh();
    }
}

/// The calls of a run that wait for a person.
pub(super) fn held(run: &Run) -> impl Iterator<Item = (&Run, &Slot)> {
    run.turns()
        .flat_map(|turn| &turn.slots)
        .filter(|slot| slot.progress.needs_person())
        .map(move |slot| (run, slot))
}

/// A waiting call as the page reads it.
pub(super) fn approval(run: &Run, slot: &Slot) -> Value {
    let action = &slot.action;
    let (status, expires) = match &slot.progress {
        Progress::Held { expires, .. } => ("waiting", *expires),
        _ => ("in-doubt", None),
    };
    json!({
        "callId": action.id,
        "runId": run.id(),
        "status": status,
        "tool": action.tool,
        "title": action.title,
        "summary": action.summary,
        "preview": action.preview,
        "arguments": action.arguments,
        "digest": action.digest,
        "rule": {
            "id": action.ruling.rule,
            "because": action.ruling.because,
            "matched": action.ruling.matched,
        },
        "expiresAt": expires,
    })
}

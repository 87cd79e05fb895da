//! What the driver observes becomes signals for the views and events for the page.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use holdpoint_core::id::{CallId, RunId, ThreadId};
use holdpoint_core::journal::{Entry, Record};
use holdpoint_core::object;
use holdpoint_core::run::{Effect, Origin, Progress, Run, Slot, State, ToolOutcome};
use holdpoint_core::sorted::{Sorted, sort};
use holdpoint_core::stream::Delta;
use leptos::reactive::owner::Owner;
use serde_json::Value;
use wasm_bindgen_futures::spawn_local;

use super::notices::Notices;
use super::shell::Shell;
use super::title::TitleBadge;
use crate::driver::ports::{Observer, StoreError, ToolHost, Trouble, TroubleKind};
use crate::view::signal::Signal;
use crate::view::state::{RunShown, Shown};

/// What runs are to the signals and events of one widget.
pub(super) struct App {
    shell: Rc<Shell>,
    owner: Owner,
    /// Calls that the page was told of.
    told: RefCell<Sorted<CallId, ()>>,
    pending: Cell<usize>,
    /// Runs that are read now are shown later.
    gathers: Cell<bool>,
    title: TitleBadge,
    pub(super) notices: Rc<Notices>,
}

impl App {
    pub(super) fn new(shell: Rc<Shell>) -> Self {
        let owner = Owner::new();
        let tools = Rc::clone(&shell.tools) as Rc<dyn ToolHost>;
        owner.with(|| crate::view::show_runs(shell.shown, tools));
        let notices = Rc::new(Notices::new(Rc::clone(&shell)));
        Self {
            shell,
            owner,
            notices,
            told: RefCell::default(),
            pending: Cell::new(0),
            title: TitleBadge::default(),
            gathers: Cell::new(false),
        }
    }

    /// Shows and tells that the store failed as a whole.
    pub(super) fn trouble_with_store(&self, error: &StoreError) {
        self.shell.page.error(error.code(), &error.to_string(), error.fix());
        self.shell.shown.trouble.set(Some(Trouble::of_store(error)));
    }

    /// Whoever asks for something has read that what was here is gone.
    pub(super) fn forget_cleared(&self) {
        let trouble = self.shell.shown.trouble;
        if trouble.with_untracked(|t| t.as_ref().is_some_and(|t| t.kind == TroubleKind::Cleared)) {
            trouble.set(None);
            self.refresh();
        }
    }

    /// Works out the state in one word and the number of calls that wait; tells of changes.
    pub(super) fn refresh(&self) {
        let (state, marks, waiting) = crate::view::sum_up(self.shell.shown);
        self.shell.page.state(state, marks);
        let in_title = self.shell.settings.borrow().title_badge;
        self.title.show(if in_title { waiting } else { 0 });
        if self.pending.replace(waiting) != waiting {
            self.shell.page.emit("holdpoint-pending-change", &object! { "count": waiting });
        }
    }

    pub(super) fn shown_run(&self, id: &RunId) -> RunShown {
        let runs = self.shell.shown.runs.get_untracked();
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
            is_read_there: false,
        });
        self.change_runs(|runs| runs.push(shown));
        shown
    }

    /// Shows the runs that are read meanwhile at once, and not one after the other.
    pub(super) async fn at_once<T>(&self, reading: impl Future<Output = T>) -> T {
        self.gathers.set(true);
        let read = reading.await;
        self.gathers.set(false);
        self.shell.shown.runs.tell();
        read
    }

    fn change_runs(&self, change: impl FnOnce(&mut Vec<RunShown>)) {
        let shown = self.shell.shown.runs;
        let mut runs = shown.get_untracked();
        change(&mut runs);
        shown.put(runs);
        if !self.gathers.get() {
            shown.tell();
        }
    }

    /// Says something for a while.
    pub(super) fn say(&self, words: String) {
        let toast = self.shell.shown.toast;
        toast.set(Some(words.clone()));
        let over = self.shell.runtime.sleep(TOAST_MS);
        spawn_local(async move {
            over.await;
            if toast.get_untracked().as_ref() == Some(&words) {
                toast.set(None);
            }
        });
    }

    fn tell_of_held(&self, run: &Rc<Run>) {
        for (_, slot) in held(run) {
            if !self.told.borrow_mut().insert(slot.action.id.clone(), ()) {
                continue;
            }
            let detail = object! { "approval": approval(self.shell.shown, run, slot) };
            if !self.shell.page.ask("holdpoint-approval-request", &detail) {
                // The page shows a card of its own.
                let call = slot.action.id.clone();
                self.shell.shown.hidden.update(|hidden| hidden.push(call));
            }
            let (notices, run) = (Rc::clone(&self.notices), Rc::clone(run));
            let call = slot.action.id.clone();
            spawn_local(async move { notices.tell(run, call).await });
        }
    }

    /// Takes back the notifications of calls that need nobody any more.
    fn withdraw_notices(&self, before: &Run, run: &Run) {
        for (_, slot) in held(before) {
            let call = slot.action.id.clone();
            if run.find(&call).is_none_or(|(_, now)| !now.progress.needs_person()) {
                let notices = Rc::clone(&self.notices);
                spawn_local(async move { notices.withdraw(call).await });
            }
        }
    }
}

impl Observer for App {
    fn run_changed(&self, run: &Rc<Run>) {
        let shown = self.shown_run(run.id());
        let before = shown.run.get_untracked();
        let is_new = before.is_none();
        shown.run.put(Some(Rc::clone(run)));
        if run.outstanding().iter().any(|effect| matches!(effect, Effect::StartTool { .. })) {
            // What is about to start comes first: the store's answer would wait for the drawing.
            let soon = self.shell.runtime.sleep(SOON_MS);
            spawn_local(async move {
                soon.await;
                shown.run.tell();
            });
        } else {
            shown.run.tell();
        }
        if is_new {
            // Runs are read in the order of need and shown in the order of time.
            self.change_runs(|runs| {
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
        if let Some(before) = before {
            self.withdraw_notices(&before, run);
        }
        if run.waiting() > 0 {
            crate::store::persist();
        }
        self.refresh();
    }

    fn appended(&self, run: &Run, entry: &Entry) {
        let id = run.id().as_str();
        self.shell.page.emit("holdpoint-journal", &object! { "runId": id, "seq": entry.seq });
        let (name, mut detail) = match &entry.record {
            Record::Started(spec) => {
                ("holdpoint-run-start", object! { "text": spec.text.as_str() })
            }
            Record::Decided { call, digest, .. } => {
                let stored = entry.to_value();
                let decided = &stored["record"]["decided"];
                let detail = object! {
                    "callId": call,
                    "decision": decided["decision"].clone(),
                    "digest": *digest,
                    "by": decided["by"].clone(),
                };
                ("holdpoint-decision", detail)
            }
            Record::ToolStarted { call, attempt, .. } => {
                ("holdpoint-tool-start", object! { "callId": call, "attempt": *attempt })
            }
            Record::ToolFinished { call, outcome, .. } => (
                "holdpoint-tool-end",
                object! { "callId": call, "ok": matches!(outcome, ToolOutcome::Succeeded(_)) },
            ),
            _ => ("", Value::Null),
        };
        if let Value::Object(fields) = &mut detail {
            fields.insert("runId".to_owned(), id.into());
            self.shell.page.emit(name, &detail);
        }
        if run.status().is_over() {
            let detail = object! { "runId": id, "status": run.status().as_str() };
            self.shell.page.emit("holdpoint-run-end", &detail);
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
        // What is tried again by itself is no error yet.
        let is_error = |trouble: &&Trouble| !matches!(trouble.kind, TroubleKind::Retrying { .. });
        if let Some(trouble) = trouble.filter(is_error) {
            self.shell.page.error(&trouble.code, &trouble.message, &trouble.fix);
        }
        self.refresh();
    }

    fn tell_others(&self, run: &RunId) {
        self.shell.channel.tell(run);
    }

    fn cleared(&self, thread: Option<&ThreadId>) {
        self.shell.shown.runs.update(|runs| {
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

/// How long a line is there that holds nothing to press and is not the only place of what it says.
const TOAST_MS: u64 = 10_000;
/// Sooner than a frame is drawn, and later than a store answers.
const SOON_MS: u64 = 8;

/// The calls of a run that wait for a person.
pub(super) fn held(run: &Run) -> impl Iterator<Item = (&Run, &Slot)> {
    run.turns()
        .flat_map(|turn| &turn.slots)
        .filter(|slot| slot.progress.needs_person())
        .map(move |slot| (run, slot))
}

/// A waiting call as the page reads it.
pub(super) fn approval(shown: Shown, run: &Run, slot: &Slot) -> Value {
    let action = &slot.action;
    let (risk, origins) = crate::view::on_card(shown, run, slot);
    let origins: Vec<_> = origins.into_iter().map(|(path, origin)| from(path, &origin)).collect();
    let (status, expires) = match &slot.progress {
        Progress::Held { lapsed: true, .. } => ("lapsed", None),
        Progress::Held { expires, .. } => ("waiting", *expires),
        _ => ("in-doubt", None),
    };
    object! {
        "callId": &action.id,
        "runId": run.id(),
        "status": status,
        "tool": action.tool.as_str(),
        "title": action.title.as_str(),
        "summary": action.summary.clone(),
        "risk": risk,
        "reason": action.reason.clone(),
        "flagged": action.flagged,
        "undoMs": action.undo_window_ms,
        "origins": origins,
        "inputSchema": action.schema.clone(),
        "preview": action.preview.clone(),
        "precondition": action.precondition.clone(),
        "was": slot.was.as_ref().map(|was| object! {
            "precondition": was.precondition.clone(),
            "summary": was.summary.clone(),
            "preview": was.preview.clone(),
        }),
        "arguments": action.arguments.clone(),
        "digest": action.digest,
        "rule": object! {
            "id": action.ruling.rule.as_str(),
            "because": action.ruling.because.as_str(),
            "onExpiry": action.ruling.on_expiry.as_str(),
            "matched": action.ruling.matched.clone(),
        },
        "expiresAt": expires,
    }
}

/// Where a value of a waiting call comes from.
fn from(path: String, origin: &Origin) -> Value {
    let (from, tool) = match origin {
        Origin::Person => ("person", None),
        Origin::Page => ("page", None),
        Origin::Tool(title) => ("tool", Some(title.clone())),
        Origin::Model => ("model", None),
    };
    object! { "path": path, "from": from, "tool": tool }
}

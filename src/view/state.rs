//! What the views show and what they can ask for: signals in, intents out. Views know nothing of
//! the driver.

use std::rc::Rc;

use any_spawner::Executor;
use holdpoint_core::approval::Settlement;
use holdpoint_core::grant::Grant;
use holdpoint_core::id::{CallId, RunId, Timestamp};
use holdpoint_core::json::Digest;
use holdpoint_core::run::{Run, Slot};
use holdpoint_core::tool::Toolbox;
use leptos::reactive::owner::Owner;
use serde_json::{Map, Value};

use super::desk::{Desk, sentence_case};
use super::signal::Signal;
use super::status::State;
use super::tag::{Keyed, Tag};
use crate::driver::ports::{JournalStore, ToolHost, Trouble};
use crate::language::{Language, english, fault, known, speaking};
use crate::text::{self, ASSISTANT};
use holdpoint_core::escape::visible_text;

/// Signals of one widget. They outlive the views, which come and go with the element.
#[derive(Clone, Copy)]
pub struct Shown {
    /// The runs to show, oldest first.
    pub runs: Signal<Vec<RunShown>>,
    /// Whether the store has runs before these.
    pub has_earlier: Signal<bool>,
    /// Whether the store was read.
    pub loaded: Signal<bool>,
    /// Trouble of the whole widget, such as a store that does not open.
    pub trouble: Signal<Option<Trouble>>,
    /// `inline`, `popover` or `headless`.
    pub layout: Signal<String>,
    /// Whether a popover is open.
    pub open: Signal<bool>,
    /// `auto`, `light`, `dark` or `host`.
    pub scheme: Signal<String>,
    /// What it speaks.
    pub(crate) language: Signal<Rc<Language>>,
    /// Its direction, `ltr` or `rtl`, where it is not that of the page around it.
    pub(crate) direction: Signal<Option<String>>,
    /// How much assistive technology is told: `full`, `brief`, `status` or `off`.
    pub announce: Signal<String>,
    /// The name of the whole thing.
    pub label: Signal<String>,
    /// A line that says something for a moment.
    pub toast: Signal<Option<String>>,
    /// Words that could not be sent, to be put back where they were written.
    pub draft: Signal<String>,
    /// Whether the browser has a network.
    pub online: Signal<bool>,
    /// What people had remembered.
    pub grants: Signal<Vec<Grant>>,
    /// Calls for which the page shows a card of its own.
    pub hidden: Signal<Vec<CallId>>,
    /// What waits at the worker that the page names.
    pub worker: AtWorkerShown,
    /// The view of the inbox, once it is there.
    pub inbox_view: Signal<Option<InboxView>>,
    /// Whether the page wants the developer's panel.
    pub debug: Signal<bool>,
    /// The view of it, once it is there.
    pub panel_view: Signal<Option<PanelView>>,
    /// The step at which this page was made to die, once it did.
    pub died: Signal<Option<String>>,
    /// Whether the inbox lies over the conversation.
    pub inbox: Signal<bool>,
    /// The call to go to, as soon as it is in the conversation.
    pub target: Signal<Option<CallId>>,
    /// Where the list of calls is read, once it is open.
    pub store: Signal<Option<Rc<dyn JournalStore>>>,
    /// Whether the person is notified of what waits; none where that is not offered.
    pub notified: Signal<Option<bool>>,
    /// Whether the browser deletes after days what is stored.
    pub short_lived: Signal<bool>,
    /// The form for a run's file, while it is open.
    pub form: Signal<Option<FileForm>>,
    /// What is going on with the runs, once there are any.
    pub(super) state: Signal<Option<State>>,
    /// How many calls wait for a person.
    pub(super) waiting: Signal<usize>,
    /// The newest run that works by itself now, and so can be stopped.
    pub(super) active: Signal<Option<RunId>>,
    /// The part of the log that is one run's; it comes with the first of them.
    pub(super) run_views: Signal<Option<RunViews>>,
    /// The page's tools, for the views of runs.
    pub(super) tools: Signal<Option<Rc<dyn ToolHost>>>,
}

impl Shown {
    /// What a widget shows before it has read anything.
    pub fn of_nothing() -> Self {
        // An error says that effects are run already.
        Executor::init_wasm_bindgen().ok();
        // These are there as long as the page, as an element may come back to it.
        let owner = Owner::new();
        let shown = owner.with(|| Self {
            runs: Signal::new(Vec::new()),
            has_earlier: Signal::new(false),
            loaded: Signal::new(false),
            trouble: Signal::new(None),
            layout: Signal::new("inline".to_owned()),
            open: Signal::new(false),
            scheme: Signal::new("auto".to_owned()),
            language: Signal::new(english()),
            direction: Signal::new(None),
            announce: Signal::new("brief".to_owned()),
            label: Signal::new(ASSISTANT.english.to_owned()),
            toast: Signal::new(None),
            draft: Signal::new(String::new()),
            online: Signal::new(true),
            grants: Signal::new(Vec::new()),
            hidden: Signal::new(Vec::new()),
            worker: AtWorkerShown {
                rows: Signal::new(Vec::new()),
                trouble: Signal::new(None),
                open: Signal::new(None),
                card: Signal::new(None),
                tools: Signal::new(None),
            },
            inbox: Signal::new(false),
            inbox_view: Signal::new(None),
            debug: Signal::new(false),
            panel_view: Signal::new(None),
            died: Signal::new(None),
            form: Signal::new(None),
            short_lived: Signal::new(false),
            notified: Signal::new(None),
            target: Signal::new(None),
            store: Signal::new(None),
            state: Signal::new(None),
            waiting: Signal::new(0),
            active: Signal::new(None),
            run_views: Signal::new(None),
            tools: Signal::new(None),
        });
        std::mem::forget(owner);
        shown
    }

    /// Does something in the language of the widget.
    pub(crate) fn speaking<T>(self, work: impl FnOnce() -> T) -> T {
        speaking(&self.language.peek().unwrap_or_else(english), work)
    }

    /// Says for a moment what did not work, and what to do about it.
    pub(crate) fn say_fault(self, code: &str, message: &str, fix: &str) {
        let words = self.speaking(|| {
            let (happened, _) = fault(code, message);
            [sentence_case(&happened), sentence_case(&known(fix))].join(" ")
        });
        self.toast.set(Some(words));
    }
}

/// What waits at a worker.
#[derive(Clone, Copy)]
pub struct AtWorkerShown {
    /// The calls, oldest first.
    pub rows: Signal<Vec<WorkerRow>>,
    /// Why nothing is known of them now: a code and a message.
    pub trouble: Signal<Option<(String, String)>>,
    /// The call that a person looks at.
    pub open: Signal<Option<CallId>>,
    /// Its run, once it was read.
    pub card: Signal<Option<RunShown>>,
    /// The tools that it is of, where their arguments may be changed.
    pub tools: Signal<Option<Toolbox>>,
}

/// A call that waits at a worker.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerRow {
    /// The call.
    pub call: CallId,
    /// Its run.
    pub run: RunId,
    /// What it would do.
    pub title: String,
    /// Whose tool it is.
    pub workflow: String,
    /// Its arguments, in a line.
    pub about: String,
    /// Nobody knows whether it happened.
    pub is_doubt: bool,
    /// Since when it waits.
    pub since: Option<Timestamp>,
    /// How many must approve it.
    pub needed: u64,
    /// Who did so far, where more than one must.
    pub approved: Vec<String>,
}

impl WorkerRow {
    /// Who approved so far, in words; none where one approval is enough.
    pub fn quorum(&self) -> Option<String> {
        let given = text::quorum(self.approved.len(), self.needed);
        let names = self.approved.iter().map(|name| visible_text(name)).collect::<Vec<_>>();
        let names = names.join(", ");
        let told = if names.is_empty() { given } else { text::with_reason(&given, &names) };
        (self.needed > 1).then_some(told)
    }
}

/// A form for a run's file.
#[derive(Clone, Debug, Default)]
pub struct FileForm {
    /// The run that is saved; none where a file comes in.
    pub run: Option<RunId>,
    /// The call by which the person knows it.
    pub what: String,
    /// It is being worked on.
    pub busy: bool,
    /// Why it did not work.
    pub fault: Option<String>,
}

/// The views of runs, by the functions that make them: so nothing that a widget shows without runs
/// leads to their code.
#[derive(Clone, Copy)]
pub(super) struct RunViews {
    /// The part of the log that is one run's.
    pub(super) run: fn(Desk, RunShown) -> Tag,
    /// The card of a call that is held, and that of one in doubt, for the inbox: it comes by itself,
    /// and would have their code twice or take it away into a file of its own.
    pub(super) held: CardView,
    pub(super) doubt: CardView,
    /// What there is of a call now, or its receipt where the page has a card of its own; what keeps its
    /// run from going on; and what is said of the run, or of its calls alone.
    pub(super) call: fn(Desk, RunShown, &Rc<Run>, &Slot, bool) -> Keyed,
    pub(super) fault: fn(Desk, RunShown, &Trouble) -> Tag,
    pub(super) announce: fn(Desk, RunShown, bool),
}

/// Makes the card of a call.
pub(super) type CardView = fn(Desk, RunShown, &Slot) -> Tag;

/// The view of the inbox, which comes when it is opened.
#[derive(Clone, Copy)]
pub struct InboxView(pub(super) fn(Desk) -> Tag);

/// The view of the developer's panel, and the log of the wire that it shows, which is kept as long as
/// the page lives.
#[derive(Clone, Copy)]
pub struct PanelView {
    pub(super) view: fn(Desk, Signal<Vec<Exchanged>>) -> Tag,
    pub(super) log: Signal<Vec<Exchanged>>,
}

/// A question to the model and what came back.
#[derive(Clone, Debug, Default)]
pub struct Exchanged {
    /// Counts from 1.
    pub number: u32,
    /// Where it was asked.
    pub url: String,
    /// The body of the question.
    pub body: String,
    /// When it was asked, by the clock of the page.
    pub at: u64,
    /// The status of HTTP, once it is known; none of an answer from inside the page.
    pub status: Option<u16>,
    /// Headers of the answer that are no secret.
    pub headers: Vec<(&'static str, String)>,
    /// The answer, as far as it is kept.
    pub answer: String,
    /// The length of all of it, in bytes.
    pub bytes: usize,
    /// When it ended.
    pub ended: Option<u64>,
    /// The code of what went wrong.
    pub fault: Option<String>,
}

/// Signals of one run. Equal if it is the same run.
#[derive(Clone, Copy)]
pub struct RunShown {
    /// Its id.
    pub id: Signal<RunId>,
    /// Its state; `None` where its record cannot be read (then there is trouble).
    pub run: Signal<Option<Rc<Run>>>,
    /// The text of the answer that is streaming in.
    pub live: Signal<String>,
    /// What keeps it from going on.
    pub trouble: Signal<Option<Trouble>>,
    /// A decision is being saved.
    pub saving: Signal<Option<CallId>>,
    /// It is read from a worker, and not stored here.
    pub is_read_there: bool,
}

impl RunShown {
    /// Whether it goes on at a worker: its tools are not on this page, and decisions go there.
    pub(super) fn is_remote(self) -> bool {
        self.is_read_there
            || self.run.with(|run| run.as_ref().is_some_and(|it| it.keeper().is_some()))
    }
}

/// What a person asks for.
#[derive(Clone, Debug)]
pub enum Intent {
    /// A message to the agent.
    Send(String),
    /// Approve the call as it was shown, or with these arguments instead, and once that is saved
    /// have a rule remembered; `trusted` if a real pointer or key did it.
    Approve {
        call: CallId,
        digest: Digest,
        arguments: Option<Value>,
        trusted: bool,
        rule: Option<NewRule>,
    },
    /// Deny it.
    Deny { call: CallId, digest: Digest, reason: Option<String>, trusted: bool },
    /// Do each of these, one after the other, whatever becomes of those before.
    Each(Vec<Self>),
    /// Say something to the model in place of the call.
    Answer { call: CallId, digest: Digest, text: String, trusted: bool },
    /// The card was in front of a person.
    Viewed { call: CallId, digest: Digest },
    /// Have more time to decide, or be asked again after it.
    Extend { call: CallId },
    /// Take an approval back before the call begins.
    TakeBack { call: CallId },
    /// Ask the page anew about a call that is held.
    AskAnew { call: CallId },
    /// Forget a remembered rule.
    Revoke(String),
    /// Say what became of a call in doubt.
    Settle { call: CallId, settlement: Settlement, trusted: bool },
    /// Ask the tool what became of it.
    Check { call: CallId },
    /// Try the step that failed again.
    Retry(RunId),
    /// Stop the run.
    Stop(RunId),
    /// Make this page die at a step; see the crash of the test kit.
    Crash(String),
    /// Save a run that cannot be trusted to a file.
    Export(RunId),
    /// Save a run to a sealed file; and stop it here, if it moves.
    Seal { run: RunId, passphrase: String, moves: bool },
    /// Take a run's file in.
    Unseal { file: web_sys::Blob, passphrase: String },
    /// Turn notifications on or off.
    Notify(bool),
    /// Save the facts that are meant.
    SaveAudit { format: &'static str, filter: Value },
    /// Open or close the inbox.
    Inbox(bool),
    /// Show the card of a call that waits at a worker.
    ShowAtWorker(CallId),
    /// Go to a call in its conversation.
    Show { run: RunId, call: CallId },
    /// Open or close the popover.
    Open(bool),
    /// Show the runs before those that are shown.
    Earlier,
    /// Nothing yet, but the person is about to ask.
    Prepare,
}

/// A rule that answers in the person's place for what a call is an example of.
#[derive(Clone, Debug)]
pub struct NewRule {
    /// What each argument may be.
    pub bounds: Map<String, Value>,
    /// The same in one sentence.
    pub because: String,
    /// When it ends, if it does.
    pub until: Option<Timestamp>,
}

/// Where intents go.
#[derive(Clone)]
pub struct Intents(pub Rc<dyn Fn(Intent)>);

impl Intents {
    /// Sends one.
    pub fn send(&self, intent: Intent) {
        (self.0)(intent);
    }
}

//! A simulation: two tabs, one store, a person, a model and a bank, all of them at odds with each
//! other and with the power supply, and a judge who watches.
//!
//! The tabs follow the loop that the crate's documentation prescribes. A seed decides everything.

mod act;
pub mod judge;
mod model;
mod rng;
mod store;
mod walk;

use std::collections::BTreeMap;

use holdpoint_core::id::{CallId, Timestamp};
use holdpoint_core::journal::Entry;
use holdpoint_core::message::Message;
use holdpoint_core::run::{Effect, Input, Mode, Progress, Run, State, Step, ToolOutcome, replay};
use holdpoint_core::tool::Toolbox;
use serde_json::{Value, json};

use crate::support::{bank, bank_with, definitions, spec, toolbox};
use judge::{Judge, Violation, violation};
use rng::Rng;
use store::Store;

pub use walk::walk;

/// A fault that is put in on purpose, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    None,
    /// The store takes every append, wherever the journal ends.
    StoreDoesNotCompare,
    /// The tool is called without waiting for the record that says so.
    StartIsNotWaitedFor,
    /// A new holder calls again whatever has not come back.
    StartIsForgotten,
    /// The bank has no rule of its own: what the model does not flag is free.
    FlagIsTrusted,
}

/// How often things happened, so that a test can see that they did.
#[derive(Clone, Debug, Default)]
pub struct Stats(pub BTreeMap<&'static str, u64>);

impl Stats {
    pub fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }
}

/// A call that a tab is to make, or has made.
#[derive(Clone, Debug)]
struct Errand {
    call: CallId,
    attempt: u32,
    tool: String,
    arguments: Value,
    key: String,
}

/// A page: what it has in memory is gone when it goes.
#[derive(Default)]
struct Tab {
    run: Option<Run>,
    /// It believes that it holds the run. It may be wrong.
    holds: bool,
    /// Calls to make.
    errands: Vec<Errand>,
    /// Calls that came back.
    returned: Vec<(Errand, ToolOutcome)>,
}

/// What came of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fed {
    Accepted,
    Rejected,
    /// The store did not take it, or the tab died.
    Lost,
}

struct Sim {
    rng: Rng,
    bug: Bug,
    /// Faults happen.
    rough: bool,
    now: u64,
    mode: Mode,
    tools: Toolbox,
    /// The same as the second tab has them, which stands for a worker once the run was handed over.
    tools_there: Toolbox,
    is_handed_over: bool,
    store: Store,
    /// Who of the tabs holds the run in truth.
    lease: Option<usize>,
    tabs: [Tab; 2],
    judge: Judge,
    stats: Stats,
}

/// The banks of a thread of tests: they take longer to build than a run takes.
pub struct Banks {
    /// What runs out is over, or can be asked for anew.
    sound: [Toolbox; 2],
    trusting: Toolbox,
}

impl Banks {
    pub fn open() -> Self {
        let never = |tool: &mut Value| tool["approval"] = "never".into();
        let patient = |tool: &mut Value| {
            tool["undoable"] = json!({ "windowMs": 500 });
            if tool["name"] == "transfer" {
                tool["approval"][0]["onExpiry"] = "ask-again".into();
            }
        };
        let mut definitions = definitions();
        definitions.iter_mut().for_each(patient);
        let sound = [bank(), toolbox(&definitions)];
        Self { sound, trusting: bank_with("transfer", never) }
    }
}

/// The tab that a run can be handed over to, and the name that its tools then bear.
const THERE: usize = 1;
const WORKER: &str = "worker";

/// Lives one run through to its end.
pub fn simulate(seed: u64, bug: Bug, banks: &Banks) -> Result<Stats, Violation> {
    let mut rng = Rng::new(seed);
    let mode = if rng.once_in(2) { Mode::Tools } else { Mode::Plan };
    let mut spec = spec(mode);
    spec.limits.turns_max = 2 + rng.below(5) as u32;
    spec.limits.repairs_max = rng.below(3) as u32;
    let tools = match bug {
        Bug::FlagIsTrusted => banks.trusting.clone(),
        _ => banks.sound[usize::from(rng.once_in(2))].clone(),
    };
    let mut sim = Sim {
        bug,
        rough: false,
        now: 1_000_000,
        mode,
        tools_there: tools.clone().kept_by(WORKER),
        tools,
        is_handed_over: false,
        store: Store::new(&spec.run, bug != Bug::StoreDoesNotCompare),
        lease: Some(0),
        tabs: Default::default(),
        judge: Judge::new(mode == Mode::Plan),
        stats: Stats::default(),
        rng,
    };
    let step = Run::start(Timestamp::from_millis(sim.now), spec);
    sim.tabs[0].holds = true;
    sim.commit(0, step)?;
    sim.rough = true;
    sim.live()?;
    Ok(sim.stats)
}

impl Sim {
    fn live(&mut self) -> Result<(), Violation> {
        for _ in 0..48 {
            self.now += self.rng.below(50);
            self.act()?;
            let over = |tab: &Tab| tab.run.as_ref().is_some_and(|run| run.status().is_over());
            if self.tabs.iter().any(over) && self.rng.once_in(4) {
                break;
            }
        }
        self.heal()
    }

    /// Tells a tab's run what happened, and does what comes of it.
    fn feed(&mut self, tab: usize, input: Input) -> Result<Fed, Violation> {
        let Some(run) = self.tabs[tab].run.take() else { return Ok(Fed::Lost) };
        let at = Timestamp::from_millis(self.now);
        let tools = if tab == THERE { &self.tools_there } else { &self.tools };
        let step = run.step(at, input, tools);
        self.commit(tab, step)
    }

    /// Performs the effects of a step in their order: what follows an append waits for it.
    fn commit(&mut self, tab: usize, Step { run, effects }: Step) -> Result<Fed, Violation> {
        if let [Effect::Reject(rejection)] = &effects[..] {
            self.stats.count(rejection.code());
            self.tabs[tab].run = Some(run);
            return Ok(Fed::Rejected);
        }
        if self.bug == Bug::StartIsNotWaitedFor {
            self.queue(tab, &effects);
            while let Some(errand) = self.tabs[tab].errands.pop() {
                self.perform(&errand)?;
            }
        }
        for effect in &effects {
            let Effect::Append(entry) = effect else { continue };
            if !self.append(tab, entry, &run)? {
                return Ok(Fed::Lost);
            }
        }
        self.queue(tab, &effects);
        self.tabs[tab].run = Some(run);
        if self.rough && self.rng.once_in(12) {
            self.audit(tab)?;
        }
        Ok(Fed::Accepted)
    }

    /// Whether the entry is durable and the tab alive to know it.
    fn append(&mut self, tab: usize, entry: &Entry, run: &Run) -> Result<bool, Violation> {
        if self.rough && self.rng.once_in(48) {
            // The disk is full: nothing was written, and nothing after it is done (I14).
            self.stats.count("store failed");
            return self.read(tab).map(|()| false);
        }
        if self.is_handed_over && tab != THERE {
            return violation("I1", "whoever handed the run over went on with it");
        }
        if self.store.append(entry).is_err() {
            self.stats.count("conflict");
            return self.read(tab).map(|()| false);
        }
        self.judge.read(self.store.durable())?;
        // I11: who is told that an append succeeded is alone at the end of the journal.
        if self.store.head != *run.head() || self.store.texts.len() as u64 != run.head().len {
            return violation("I11", "an append succeeded with a stale head");
        }
        self.note(entry);
        if self.rough && self.rng.once_in(48) {
            self.stats.count("died before it knew");
            self.crash(tab);
            return Ok(false);
        }
        Ok(true)
    }

    fn queue(&mut self, tab: usize, effects: &[Effect]) {
        for effect in effects {
            if let Effect::CallTool { call, attempt, tool, arguments, key } = effect.clone() {
                self.tabs[tab].errands.push(Errand { call, attempt, tool, arguments, key });
            }
        }
    }

    /// The outside world sees a call.
    fn perform(&mut self, errand: &Errand) -> Result<(), Violation> {
        let Errand { call, attempt, tool, arguments, key } = errand;
        self.stats.count("performed");
        self.judge.performed((call.as_str(), (*attempt).into(), key), tool, arguments)
    }

    /// Reads the run from the store: the state is the same as in every memory that is up to date.
    fn read(&mut self, tab: usize) -> Result<(), Violation> {
        let run = self.replay()?;
        for other in self.tabs.iter().filter_map(|tab| tab.run.as_ref()) {
            if other.head() == run.head() && *other != run {
                return violation("I12", "a replay differs from the life of another tab");
            }
        }
        self.tabs[tab].holds = self.lease == Some(tab);
        self.tabs[tab].run = Some(run);
        Ok(())
    }

    fn replay(&mut self) -> Result<Run, Violation> {
        self.stats.count("replayed");
        let texts = self.store.texts.iter().map(String::as_str);
        match replay(&spec(self.mode).run, Some(&self.store.head), texts) {
            Ok(run) => Ok(run),
            Err(error) => violation("I10", error.to_string()),
        }
    }

    /// I12: what a reload would find is what the tab has in memory.
    fn audit(&mut self, tab: usize) -> Result<(), Violation> {
        let replayed = self.replay()?;
        match &self.tabs[tab].run {
            Some(run) if run.head() == replayed.head() && *run != replayed => {
                violation("I12", "a replay differs from the life")
            }
            _ => Ok(()),
        }
    }

    /// Everything in the tab's memory is gone, and so is its hold on the run.
    fn crash(&mut self, tab: usize) {
        let started = |run: &Run| run.has_started_calls();
        if self.tabs[tab].run.as_ref().is_some_and(started) {
            self.stats.count("died with a call under way");
        }
        self.tabs[tab] = Tab::default();
        if self.lease == Some(tab) {
            self.lease = None;
        }
    }

    /// A tab becomes the run's holder and carries it on from the store alone.
    fn take_over(&mut self, tab: usize) -> Result<(), Violation> {
        if self.is_handed_over && tab != THERE {
            return self.read(tab);
        }
        self.lease = Some(tab);
        self.read(tab)?;
        let Some(run) = &self.tabs[tab].run else { return Ok(()) };
        if run.status().is_over() {
            return Ok(());
        }
        if self.bug == Bug::StartIsForgotten
            && let State::Acting { turn, .. } = run.state()
        {
            let again: Vec<Errand> = turn
                .slots
                .iter()
                .filter_map(|slot| match &slot.progress {
                    Progress::Started { key, .. } => Some(Errand {
                        call: slot.action.id.clone(),
                        attempt: slot.attempts,
                        tool: slot.action.tool.clone(),
                        arguments: slot.arguments().clone(),
                        key: key.clone(),
                    }),
                    _ => None,
                })
                .collect();
            if !again.is_empty() {
                self.tabs[tab].errands = again;
                return Ok(());
            }
        }
        self.feed(tab, Input::Resumed).map(drop)
    }

    /// Counts what an entry says, so that no test passes because nothing happened.
    fn note(&mut self, entry: &Entry) {
        use holdpoint_core::approval::{Decision, Settlement};
        use holdpoint_core::journal::Record;
        use holdpoint_core::plan::Planned;
        self.stats.count(entry.record.kind());
        self.is_handed_over |= matches!(entry.record, Record::HandedOver { .. });
        self.stats.count(match &entry.record {
            Record::Answered { planned: Planned::Invalid(_), .. } => "invalid answer",
            Record::Answered { planned: Planned::Unusable { .. }, .. } => "cut answer",
            Record::Decided { decision: Decision::Deny { .. }, .. } => "denied",
            Record::Decided { decision: Decision::Approve { arguments: None, .. }, .. } => {
                "approved"
            }
            Record::Decided { decision: Decision::Approve { .. }, .. } => "approved with changes",
            Record::ToolStarted { attempt: 2.., .. } => "started again",
            Record::ToolFinished { outcome: ToolOutcome::Unknown(_), .. } => "unknown outcome",
            Record::Settled { settlement: Settlement::TryAgain, .. } => "tried again",
            Record::Settled { settlement: Settlement::Happened { .. }, .. } => "confirmed",
            _ => return,
        });
    }
}

/// What the model reads of each call, by the id under which it knows it; a plan's calls have none,
/// and are told in the order of `turn`.
fn tell(run: &Run, turn: &[String]) -> BTreeMap<String, Vec<Value>> {
    let mut told: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut tell = |call: &str, value: Value| {
        told.entry(call.to_owned()).or_default().push(value);
    };
    for message in run.messages() {
        match message {
            Message::Result { call, output } => {
                tell(&call, serde_json::from_str(&output).unwrap_or_default());
            }
            Message::Notice(text) => {
                let Some(results) = text.strip_prefix("Results of the plan: ") else { continue };
                let results: Vec<Value> = serde_json::from_str(results).unwrap_or_default();
                for (call, result) in turn.iter().zip(results) {
                    tell(call, result);
                }
            }
            _ => {}
        }
    }
    told
}

//! What can happen next, and what then does.

use holdpoint_core::approval::{Decision, Settlement};
use holdpoint_core::id::{CallId, Timestamp};
use holdpoint_core::json::digest_text;
use holdpoint_core::plan::Note;
use holdpoint_core::run::{Effect, Input, Progress, Slot, State, ToolOutcome};
use serde_json::{Value, json};

use super::judge::{Violation, violation};
use super::model::{conclude, respond};
use super::{Fed, Sim, THERE, WORKER, tell};
use crate::support::{approval, denial, edit, person};

impl Sim {
    /// One thing happens, somewhere.
    pub(super) fn act(&mut self) -> Result<(), Violation> {
        let tab = self.rng.below(2) as usize;
        if self.rng.once_in(7) {
            return self.disturb(tab);
        }
        self.progress(tab).map(drop)
    }

    /// What the driver of a tab, or the person in front of it, does next. False if there is nothing.
    fn progress(&mut self, tab: usize) -> Result<bool, Violation> {
        let Some(run) = &self.tabs[tab].run else {
            match self.lease {
                None => self.take_over(tab)?,
                Some(_) => self.read(tab)?,
            }
            return Ok(true);
        };
        if self.lease.is_none() {
            return self.take_over(tab).map(|()| true);
        }
        let waits = run.outstanding();
        let errands = self.tabs[tab].errands.len();
        let returned = self.tabs[tab].returned.len();
        let chosen = self.rng.below((waits.len() + errands + returned) as u64) as usize;
        if let Some(effect) = waits.get(chosen) {
            return self.attend(tab, effect).map(|()| true);
        }
        if chosen - waits.len() < errands {
            return self.run_errand(tab, chosen - waits.len()).map(|()| true);
        }
        match self.tabs[tab].returned.pop() {
            Some((errand, outcome)) => {
                let (call, attempt) = (errand.call.clone(), errand.attempt);
                let input = Input::ToolFinished { call, attempt, outcome: outcome.clone() };
                if self.feed(tab, input)? == Fed::Lost && self.tabs[tab].run.is_some() {
                    // What a tool said is not lost with the append: it is said again.
                    self.tabs[tab].returned.push((errand, outcome));
                }
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Does something about what a run waits for. Anyone may decide; who holds the run does the
    /// rest.
    fn attend(&mut self, tab: usize, effect: &Effect) -> Result<(), Violation> {
        match effect {
            Effect::RequestApproval { call } => self.decide(tab, call),
            Effect::RequestSettlement { call } => self.settle(tab, call),
            _ if !self.tabs[tab].holds => self.read(tab),
            Effect::CallModel { turn } => self.ask_model(tab, *turn),
            Effect::StartTool { call } => {
                if let Some(Progress::Delayed { until }) = self.slot(tab, call).map(|s| s.progress)
                {
                    if self.rough && self.rng.once_in(4) {
                        self.stats.count("taken back");
                        let input = Input::TakenBack { call: call.clone(), by: person() };
                        return self.feed(tab, input).map(drop);
                    }
                    if !self.rng.once_in(4) {
                        self.now = self.now.max(until.as_millis());
                    }
                }
                self.feed(tab, Input::ToolStarted { call: call.clone() }).map(drop)
            }
            _ => Ok(()),
        }
    }

    fn ask_model(&mut self, tab: usize, turn: u32) -> Result<(), Violation> {
        let Some(run) = &self.tabs[tab].run else { return Ok(()) };
        let State::AwaitingModel(purpose) = *run.state() else { return Ok(()) };
        if run.head() == &self.store.head && self.judge.is_up_to_date(&self.store.texts) {
            self.judge.told(&tell(run, self.judge.turn()))?;
            self.stats.count("model asked");
        }
        let said = match self.rough {
            true => respond(&mut self.rng, self.mode, purpose, turn),
            false => conclude(self.mode, purpose),
        };
        let proposals = said.proposals.into_iter().enumerate();
        self.judge.proposed(proposals.map(|(i, p)| (format!("run.{turn}.{i}"), p)).collect());
        let (response, notes) = (said.response, said.notes);
        let grants = Vec::new();
        self.feed(tab, Input::ModelResponded { turn, response, notes, left_out: 0, grants })
            .map(drop)
    }

    fn slot(&self, tab: usize, call: &CallId) -> Option<Slot> {
        self.tabs[tab].run.as_ref()?.find(call).map(|(_, slot)| slot.clone())
    }

    /// The person decides at a card, which may be of yesterday.
    fn decide(&mut self, tab: usize, call: &CallId) -> Result<(), Violation> {
        let Some(slot) = self.slot(tab, call) else { return Ok(()) };
        if let Progress::Held { expires: Some(expires), lapsed: false, .. } = slot.progress
            && Timestamp::from_millis(self.now) >= expires
            && !self.rng.once_in(4)
        {
            return self.feed(tab, Input::Expired { call: call.clone() }).map(drop);
        }
        if matches!(slot.progress, Progress::Held { lapsed: true, .. }) && !self.rng.once_in(4) {
            self.stats.count("asked for anew");
            let input = Input::Extended { call: call.clone(), by: person() };
            return self.feed(tab, input).map(drop);
        }
        if self.rough && self.rng.once_in(4) {
            let (call, digest, by) = (call.clone(), slot.action.digest, person());
            let input = match self.rng.below(3) {
                0 => Input::Viewed { call, digest, by },
                1 => Input::Extended { call, by },
                _ => {
                    self.stats.count("asked anew");
                    let precondition = Some(json!({ "balance": self.rng.below(3) }));
                    Input::Refreshed { call, note: Note { precondition, ..Note::default() } }
                }
            };
            self.feed(tab, input)?;
        }
        let change = |amount: Value| {
            let mut arguments = slot.action.arguments.clone();
            arguments["amount"] = amount;
            edit(arguments)
        };
        let decision = match self.rng.below(16) {
            0 | 1 => denial("not today"),
            2 => Decision::Answer { text: "ask Bob".to_owned() },
            3 | 4 => change(json!(1 + self.rng.below(999))),
            5 => change(json!("all of it")),
            6 => edit(json!({ "amount": 5, "recipient": "Mallory" })),
            _ => approval(),
        };
        self.click(tab, &slot, decision.clone())?;
        if self.rough && self.rng.once_in(3) {
            // A double click, or a second one in the other tab.
            let tab = if self.rng.once_in(2) { tab } else { 1 - tab };
            self.click(tab, &slot, decision)?;
        }
        Ok(())
    }

    fn click(&mut self, tab: usize, slot: &Slot, decision: Decision) -> Result<Fed, Violation> {
        let call = slot.action.id.clone();
        if let Decision::Approve { arguments, .. } = &decision {
            let arguments = arguments.as_ref().unwrap_or(&slot.action.arguments);
            self.judge.clicked(call.as_str(), arguments);
        }
        let strange = self.rough && self.rng.once_in(24);
        let digest = if strange { digest_text("another card") } else { slot.action.digest };
        self.feed(tab, Input::Decided { call, decision, digest, by: person() })
    }

    /// The person looks at their account and says what they see there, or wants it tried again.
    fn settle(&mut self, tab: usize, call: &CallId) -> Result<(), Violation> {
        self.stats.count("in doubt");
        let cancelled = match self.tabs[tab].run.as_ref().map(|run| run.state()) {
            Some(State::Acting { cancelled, .. }) => *cancelled,
            _ => false,
        };
        let settlement = if (self.rough || !cancelled) && self.rng.once_in(3) {
            Settlement::TryAgain
        } else if !self.judge.happened(call.as_str()) {
            Settlement::DidNotHappen
        } else if self.rng.once_in(2) {
            Settlement::Happened { result: None }
        } else {
            Settlement::Happened { result: Some(json!({ "balance": 450 })) }
        };
        let input = Input::Settled { call: call.clone(), settlement, by: person() };
        self.feed(tab, input).map(drop)
    }

    /// A tool is called: it may do its work and say so, do it and be silent, or do nothing.
    fn run_errand(&mut self, tab: usize, index: usize) -> Result<(), Violation> {
        let errand = self.tabs[tab].errands.remove(index);
        let outcome = match self.rng.below(if self.rough { 8 } else { 1 }) {
            0..=4 => {
                self.perform(&errand)?;
                ToolOutcome::Succeeded(json!({ "balance": 450 }))
            }
            5 => {
                self.perform(&errand)?;
                if self.rng.once_in(2) {
                    // It is late, and says so after all once it was given up.
                    let late = ToolOutcome::Succeeded(json!({ "late": true }));
                    self.tabs[tab].returned.push((errand.clone(), late));
                }
                ToolOutcome::Unknown("no answer in time".to_owned())
            }
            6 => ToolOutcome::Unknown("no answer in time".to_owned()),
            _ => ToolOutcome::Failed("insufficient funds".to_owned()),
        };
        self.tabs[tab].returned.push((errand, outcome));
        Ok(())
    }

    /// Something that no one asked for.
    fn disturb(&mut self, tab: usize) -> Result<(), Violation> {
        match self.rng.below(11) {
            0 | 1 => {
                self.audit(tab)?;
                self.stats.count("crash");
                self.crash(tab);
            }
            2 => {
                self.stats.count("power failure");
                self.crash(0);
                self.crash(1);
                self.store.lose_power();
            }
            3 if self.tabs[tab].run.is_some() => {
                // The other tab is frozen and does not know yet that it lost the run.
                self.stats.count("hold taken away");
                self.take_over(tab)?;
            }
            4 => self.now += self.rng.below(200_000),
            5 => self.now = self.now.saturating_sub(self.rng.below(100_000)),
            6 if self.rng.once_in(3) => {
                self.feed(tab, Input::Cancelled { by: person() })?;
            }
            7 if self.tabs[tab].run.is_some() => self.read(tab)?,
            8 if tab != THERE && self.rng.once_in(4) => {
                let to = WORKER.to_owned();
                if self.feed(tab, Input::HandedOver { to, by: person() })? == Fed::Accepted {
                    self.take_over(THERE)?;
                }
            }
            _ => self.stray(tab)?,
        }
        Ok(())
    }

    /// An input that is out of place more often than not.
    fn stray(&mut self, tab: usize) -> Result<(), Violation> {
        let Some(run) = &self.tabs[tab].run else { return Ok(()) };
        let turn = run.turn();
        let slots: Vec<Slot> = run.turns().flat_map(|turn| turn.slots.clone()).collect();
        let Some(slot) = self.rng.pick(&slots) else { return Ok(()) };
        let (call, attempt) = (slot.action.id.clone(), slot.attempts);
        let input = match self.rng.below(7) {
            0 => return self.click(tab, slot, approval()).map(drop),
            1 => return self.click(tab, slot, denial("too late")).map(drop),
            2 => Input::ToolStarted { call },
            3 => {
                let outcome = ToolOutcome::Succeeded(json!("of another attempt"));
                Input::ToolFinished { call, attempt: attempt + 1, outcome }
            }
            4 => Input::Expired { call },
            5 if !matches!(slot.progress, Progress::InDoubt { .. }) => {
                Input::Settled { call, settlement: Settlement::TryAgain, by: person() }
            }
            _ => {
                let response = conclude(self.mode, holdpoint_core::run::Purpose::Work).response;
                let (turn, notes, grants) = (turn + 1, Vec::new(), Vec::new());
                Input::ModelResponded { turn, response, notes, left_out: 0, grants }
            }
        };
        self.feed(tab, input).map(drop)
    }

    /// L1: once nothing goes wrong any more, the run comes to its end.
    pub(super) fn heal(&mut self) -> Result<(), Violation> {
        self.rough = false;
        self.crash(0);
        self.crash(1);
        for _ in 0..200 {
            let tab = if self.is_handed_over { THERE } else { 0 };
            self.now += 1;
            let over = |run: &holdpoint_core::run::Run| run.status().is_over();
            if self.tabs[tab].run.as_ref().is_some_and(over) {
                self.stats.count(self.tabs[tab].run.as_ref().map_or("", |r| r.status().as_str()));
                return self.audit(tab);
            }
            if !self.progress(tab)? {
                return violation("L1", "nothing is left to do, and the run is not over");
            }
        }
        violation("L1", "the run does not come to its end")
    }
}

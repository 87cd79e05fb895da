//! Every life of a few steps: all inputs are tried in every state, and the run is read back from
//! its journal after each.

use holdpoint_core::approval::{Decision, Settlement};
use holdpoint_core::id::Timestamp;
use holdpoint_core::message::ModelResponse;
use holdpoint_core::run::{Effect, Input, Mode, Run, Slot, State, Step, ToolOutcome, replay};
use holdpoint_core::tool::Toolbox;
use serde_json::json;

use super::judge::{Judge, Proposal, Violation, violation};
use super::{Stats, tell};
use crate::support::{
    EXPIRES_IN_MS, LARGE, approval, bank, calls, denial, edit, large, person, plan, says, spec,
};

/// What can go in: each is tried at every call of the newest turn, where it is about a call.
const ALPHABET: [Letter; 15] = [
    Letter::Calls,
    Letter::Nonsense,
    Letter::Words,
    Letter::Approve,
    Letter::Change,
    Letter::Deny,
    Letter::Expire,
    Letter::Start,
    Letter::Succeed,
    Letter::Fail,
    Letter::Vanish,
    Letter::Settle(0),
    Letter::Settle(1),
    Letter::Cancel,
    Letter::Resume,
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Letter {
    Calls,
    Nonsense,
    Words,
    Approve,
    Change,
    Deny,
    Expire,
    Start,
    Succeed,
    Fail,
    Vanish,
    Settle(u8),
    Cancel,
    Resume,
}

/// A state of the walk with all that led to it.
#[derive(Clone)]
struct Place {
    run: Run,
    texts: Vec<String>,
    judge: Judge,
    now: u64,
}

struct Walk {
    mode: Mode,
    tools: Toolbox,
    stats: Stats,
}

/// Tries every sequence of up to `depth` accepted inputs. One that is refused must change nothing,
/// so that what would follow it was tried without it.
pub fn walk(mode: Mode, depth: u32) -> Result<Stats, Violation> {
    let mut walk = Walk { mode, tools: bank(), stats: Stats::default() };
    let Step { run, effects } = Run::start(Timestamp::from_millis(0), spec(mode));
    let texts = effects.iter().filter_map(|effect| match effect {
        Effect::Append(entry) => Some(entry.to_text()),
        _ => None,
    });
    let texts = texts.collect();
    walk.go(&Place { run, texts, judge: Judge::new(mode == Mode::Plan), now: 0 }, depth)?;
    Ok(walk.stats)
}

impl Walk {
    fn go(&mut self, place: &Place, depth: u32) -> Result<(), Violation> {
        self.stats.count(place.run.status().as_str());
        if depth == 0 {
            return Ok(());
        }
        let calls = match place.run.state() {
            State::Acting { turn, .. } => turn.slots.len(),
            _ => 1,
        };
        for letter in ALPHABET {
            for call in 0..if letter.is_about_a_call() { calls } else { 1 } {
                if let Some(next) = self.step(place, letter, call)? {
                    self.go(&next, depth - 1)?;
                }
            }
        }
        Ok(())
    }

    /// Where an input leads; nowhere if it is refused.
    fn step(
        &mut self,
        from: &Place,
        letter: Letter,
        call: usize,
    ) -> Result<Option<Place>, Violation> {
        let slots = from.run.turns().last().map_or(&[][..], |turn| &turn.slots);
        let slot = slots.get(call);
        let (jump, input) = match (letter, slot) {
            (Letter::Calls, _) => (1, self.model(&from.run, self.answer())),
            (Letter::Nonsense, _) => (1, self.model(&from.run, self.nonsense())),
            (Letter::Words, _) => (1, self.model(&from.run, self.words())),
            (Letter::Cancel, _) => (1, Input::Cancelled { by: person() }),
            (Letter::Resume, _) => (1, Input::Resumed),
            (_, None) => return Ok(None),
            (Letter::Approve, Some(slot)) => (1, decided(slot, approval())),
            (Letter::Change, Some(slot)) => {
                (1, decided(slot, edit(json!({ "amount": 7, "recipient": "Bob" }))))
            }
            (Letter::Deny, Some(slot)) => (1, decided(slot, denial("no"))),
            (Letter::Expire, Some(slot)) => {
                (EXPIRES_IN_MS, Input::Expired { call: slot.action.id.clone() })
            }
            (Letter::Start, Some(slot)) => (1, Input::ToolStarted { call: slot.action.id.clone() }),
            (Letter::Succeed, Some(slot)) => {
                (1, finished(slot, ToolOutcome::Succeeded(json!({ "balance": 450 }))))
            }
            (Letter::Fail, Some(slot)) => (1, finished(slot, ToolOutcome::Failed("no".into()))),
            (Letter::Vanish, Some(slot)) => (1, finished(slot, ToolOutcome::Unknown("?".into()))),
            (Letter::Settle(how), Some(slot)) => {
                let settlement = match how {
                    0 => Settlement::Happened { result: None },
                    _ => Settlement::TryAgain,
                };
                let call = slot.action.id.clone();
                (1, Input::Settled { call, settlement, by: person() })
            }
        };
        let mut next = from.clone();
        next.now += jump;
        self.prepare(&mut next, letter, &input);
        let at = Timestamp::from_millis(next.now);
        let Step { run, effects } = next.run.step(at, input, &self.tools);
        next.run = run;
        if let [Effect::Reject(rejection)] = &effects[..] {
            self.stats.count(rejection.code());
            if next.run != from.run {
                return violation("I12", "a refused input changed the run");
            }
            return Ok(None);
        }
        for (index, effect) in effects.iter().enumerate() {
            match effect {
                Effect::Append(entry) if index == 0 => {
                    next.texts.push(entry.to_text());
                    next.judge.read(&next.texts)?;
                }
                _ if index == 0 => return violation("I2", "something precedes the append"),
                Effect::CallTool { call, attempt, tool, arguments, key } => {
                    let intent = (call.as_str(), u64::from(*attempt), key.as_str());
                    next.judge.performed(intent, tool, arguments)?;
                }
                _ => {}
            }
        }
        self.stats.count("accepted");
        let texts = next.texts.iter().map(String::as_str);
        if replay(next.run.id(), Some(next.run.head()), texts) != Ok(next.run.clone()) {
            return violation("I12", "a replay differs from the life");
        }
        if let State::AwaitingModel(_) = next.run.state() {
            next.judge.told(&tell(&next.run, next.judge.turn()))?;
        }
        Ok(Some(next))
    }

    /// Lets the judge know what the model proposes and for what the person clicks.
    fn prepare(&self, place: &mut Place, letter: Letter, input: &Input) {
        match input {
            Input::ModelResponded { turn, .. } if letter == Letter::Calls => {
                let proposal = |tool: &str, arguments, needs_person| Proposal {
                    tool: tool.to_owned(),
                    arguments,
                    needs_person,
                    forbidden: false,
                    repeatable: false,
                };
                let proposals = [
                    proposal("deposit", json!({ "amount": 5 }), false),
                    proposal("transfer", large(), true),
                ];
                let named = proposals.into_iter().enumerate();
                place.judge.proposed(named.map(|(i, p)| (format!("run.{turn}.{i}"), p)).collect());
            }
            Input::Decided { call, decision: Decision::Approve { arguments, .. }, .. } => {
                let shown = place.run.find(call).map(|(_, slot)| slot.action.arguments.clone());
                if let Some(arguments) = arguments.clone().or(shown) {
                    place.judge.clicked(call.as_str(), &arguments);
                }
            }
            _ => {}
        }
    }

    fn model(&self, run: &Run, mut response: ModelResponse) -> Input {
        // Ids of a provider are unique in a turn only; here the judge tells them apart.
        let turn = run.turn();
        for item in &mut response.items {
            if let holdpoint_core::message::Part::Call(call) = &mut item.part {
                call.id = format!("{turn}-{}", call.id);
            }
        }
        Input::ModelResponded { turn, response, notes: Vec::new(), left_out: 0, grants: Vec::new() }
    }

    fn answer(&self) -> ModelResponse {
        match self.mode {
            Mode::Tools => calls(&[("deposit", r#"{"amount":5}"#), ("transfer", LARGE)]),
            Mode::Plan => {
                plan(&[("deposit", json!({ "amount": 5 }), false), ("transfer", large(), false)])
            }
        }
    }

    fn nonsense(&self) -> ModelResponse {
        match self.mode {
            Mode::Tools => calls(&[("deposit", r#"{"amount":5}"#), ("rob", "{}")]),
            Mode::Plan => {
                plan(&[("deposit", json!({ "amount": 5 }), false), ("rob", json!({}), true)])
            }
        }
    }

    fn words(&self) -> ModelResponse {
        match self.mode {
            Mode::Tools => says("Done."),
            Mode::Plan => plan(&[]),
        }
    }
}

impl Letter {
    fn is_about_a_call(self) -> bool {
        !matches!(self, Self::Calls | Self::Nonsense | Self::Words | Self::Cancel | Self::Resume)
    }
}

fn decided(slot: &Slot, decision: Decision) -> Input {
    let (call, digest) = (slot.action.id.clone(), slot.action.digest);
    Input::Decided { call, decision, digest, by: person() }
}

fn finished(slot: &Slot, outcome: ToolOutcome) -> Input {
    Input::ToolFinished { call: slot.action.id.clone(), attempt: slot.attempts, outcome }
}

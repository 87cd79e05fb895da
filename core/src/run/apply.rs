//! What an entry changes. It looks at the entry and the run and at nothing else, so a replay finds
//! the same state as the first time.

use super::{Mode, Outcome, Progress, Purpose, Run, Slot, Spec, State, ToolOutcome, Turn};
use crate::approval::{Decision, Permit, Settlement};
use crate::id::{CallId, Timestamp};
use crate::journal::{Entry, Record};
use crate::message::Usage;
use crate::plan::{Action, Planned};
use crate::policy::{OnExpiry, Verdict, rule};

impl Run {
    pub(super) fn born(entry: &Entry, spec: Spec) -> Self {
        Self {
            spec,
            started_at: entry.at,
            updated_at: entry.at,
            head: entry.head(),
            turns: Vec::new(),
            repairs: 0,
            usage: Usage::default(),
            keeper: None,
            state: State::AwaitingModel(Purpose::Work),
        }
    }

    /// Takes an entry in, or says that it does not fit and stays as it was.
    pub(super) fn apply(&mut self, entry: &Entry) -> bool {
        let at = entry.at;
        let fits = match &entry.record {
            Record::Started(_) => false,
            Record::Answered { turn, response, planned, left_out } => {
                matches!(self.state, State::AwaitingModel(_)) && *turn == self.turn() && {
                    if let Some(usage) = response.usage {
                        self.usage.input = self.usage.input.saturating_add(usage.input);
                        self.usage.output = self.usage.output.saturating_add(usage.output);
                    }
                    let turn = Turn {
                        at,
                        seq: entry.seq,
                        hash: entry.hash,
                        response: response.clone(),
                        text: String::new(),
                        slots: Vec::new(),
                        report: None,
                        left_out: *left_out,
                    };
                    self.answered(turn, planned);
                    true
                }
            }
            Record::Decided { call, decision, digest, by } => self.update(call, |slot| {
                if !matches!(slot.progress, Progress::Held { .. }) {
                    return false;
                }
                match decision {
                    Decision::Approve { arguments, .. } => {
                        slot.permit = Some(Permit {
                            digest: *digest,
                            arguments: arguments.clone(),
                            by: by.clone(),
                            at,
                        });
                        slot.progress = slot.cleared(at);
                    }
                    Decision::Deny { reason } => {
                        let outcome = Outcome::Denied { reason: reason.clone(), by: by.clone() };
                        slot.progress = Progress::Done { outcome, at };
                    }
                    Decision::Answer { text } => {
                        let outcome = Outcome::Answered { text: text.clone(), by: by.clone() };
                        slot.progress = Progress::Done { outcome, at };
                    }
                }
                true
            }),
            Record::ToolStarted { call, attempt, key } => self.update(call, |slot| {
                let is_free = matches!(slot.progress, Progress::Ready | Progress::Delayed { .. });
                let fits = is_free && *attempt == slot.attempts + 1;
                if fits {
                    slot.attempts = *attempt;
                    slot.started_at.get_or_insert(at);
                    slot.progress = Progress::Started { at, key: key.clone() };
                }
                fits
            }),
            Record::ToolFinished { call, attempt, outcome } => self.update(call, |slot| {
                let key = match &slot.progress {
                    Progress::Started { key, .. } | Progress::InDoubt { key, .. }
                        if *attempt == slot.attempts =>
                    {
                        key.clone()
                    }
                    _ => return false,
                };
                slot.progress = match outcome {
                    ToolOutcome::Succeeded(result) => {
                        Progress::Done { outcome: Outcome::Succeeded(result.clone()), at }
                    }
                    ToolOutcome::Failed(error) => {
                        Progress::Done { outcome: Outcome::Failed(error.clone()), at }
                    }
                    ToolOutcome::Unknown(because) => {
                        Progress::InDoubt { since: at, because: because.clone(), key }
                    }
                };
                true
            }),
            Record::Settled { call, settlement, by } => self.update(call, |slot| {
                if !matches!(slot.progress, Progress::InDoubt { .. }) {
                    return false;
                }
                slot.progress = match settlement {
                    Settlement::Happened { result: Some(result) } => {
                        Progress::Done { outcome: Outcome::Succeeded(result.clone()), at }
                    }
                    Settlement::Happened { result: None } => {
                        Progress::Done { outcome: Outcome::Confirmed(by.clone()), at }
                    }
                    Settlement::DidNotHappen => Progress::Done {
                        outcome: Outcome::Failed(
                            "it was interrupted and did not happen".to_owned(),
                        ),
                        at,
                    },
                    Settlement::TryAgain => {
                        // To try again is a new approval of the same arguments.
                        let arguments = slot.permit.take().and_then(|permit| permit.arguments);
                        let digest = slot.action.digest_with(
                            &entry.run,
                            arguments.as_ref().unwrap_or(&slot.action.arguments),
                        );
                        slot.permit = Some(Permit { digest, arguments, by: by.clone(), at });
                        Progress::Ready
                    }
                };
                true
            }),
            Record::Expired { call } => self.update(call, |slot| {
                let Progress::Held { since, expires, .. } = slot.progress else { return false };
                slot.progress = match slot.action.ruling.on_expiry {
                    OnExpiry::Deny => Progress::Done { outcome: Outcome::Expired, at },
                    _ => Progress::Held { since, expires, lapsed: true },
                };
                true
            }),
            Record::Viewed { call, .. } => self.update(call, |slot| {
                let fits = matches!(slot.progress, Progress::Held { .. });
                if fits {
                    slot.viewed_at.get_or_insert(at);
                }
                fits
            }),
            Record::Extended { call, until, .. } => self.update(call, |slot| {
                let Progress::Held { since, .. } = slot.progress else { return false };
                let expires = Some(*until);
                slot.progress = Progress::Held { since, expires, lapsed: false };
                true
            }),
            Record::TakenBack { call, .. } => self.update(call, |slot| {
                let fits = matches!(slot.progress, Progress::Delayed { .. });
                if fits {
                    slot.permit = None;
                    slot.progress = slot.asked(at);
                }
                fits
            }),
            Record::Reasked { call, action } => self.update(call, |slot| {
                if !matches!(slot.progress, Progress::Held { .. }) {
                    return false;
                }
                let was = std::mem::replace(&mut slot.action, Action::clone(action));
                slot.was = Some(Box::new(was));
                slot.viewed_at = None;
                slot.progress = match slot.action.ruling.verdict {
                    Verdict::Deny => admitted(slot, at),
                    _ => slot.asked(at),
                };
                true
            }),
            Record::Cancelled { .. } => self.cancel(at),
            Record::Resumed => self.resume(at),
            Record::HandedOver { to, .. } => {
                let fits = self.keeper.is_none() && !self.status().is_over() && !self.is_busy();
                if fits {
                    self.keeper = Some(to.clone());
                }
                fits
            }
        };
        if fits {
            self.head = entry.head();
            self.updated_at = at;
            self.advance(at);
        }
        fits
    }

    fn answered(&mut self, mut turn: Turn, planned: &Planned) {
        let is_bad = matches!(planned, Planned::Invalid(_));
        self.repairs = if is_bad { self.repairs + 1 } else { 0 };
        match planned {
            Planned::Answer(text) => {
                turn.text = text.clone();
                self.turns.push(turn);
                self.state = State::Completed;
            }
            Planned::Actions { text, actions } => {
                turn.text = text.clone();
                turn.slots = actions.iter().cloned().map(Slot::new).collect();
                self.state = State::Acting { turn, cancelled: false };
            }
            Planned::Invalid(report) => {
                turn.report = Some(report.clone());
                self.turns.push(turn);
                if self.repairs > self.spec.limits.repairs_max {
                    self.fail(
                        "plan_invalid",
                        "the model made no valid plan, and nothing of it ran",
                    );
                } else {
                    self.ask_again(Purpose::Work);
                }
            }
            Planned::Paused(text) => {
                turn.text = text.clone();
                self.turns.push(turn);
                if let State::AwaitingModel(purpose) = self.state {
                    self.ask_again(purpose);
                }
            }
            Planned::Unusable { code, message } => {
                self.turns.push(turn);
                self.fail(code, message);
            }
        }
    }

    /// Lets calls that are free to go on go on, and ends the turn when all are over.
    fn advance(&mut self, at: Timestamp) {
        let State::Acting { turn, cancelled } = &mut self.state else { return };
        let in_order = self.spec.mode == Mode::Plan;
        let mut succeeded = Vec::new();
        for slot in &mut turn.slots {
            if slot.progress == Progress::Queued {
                let is_met = match &slot.action.depends_on {
                    _ if !in_order => true,
                    None => !succeeded.contains(&false),
                    Some(needed) => {
                        needed.iter().all(|at| succeeded.get(*at as usize) == Some(&true))
                    }
                };
                slot.progress = if is_met {
                    admitted(slot, at)
                } else {
                    Progress::Done { outcome: Outcome::Skipped, at }
                };
            }
            succeeded.push(match &slot.progress {
                Progress::Done { outcome, .. } => {
                    matches!(outcome, Outcome::Succeeded(_) | Outcome::Confirmed(_))
                }
                // In order, an action waits until the one before is over.
                _ if in_order => return,
                _ => true,
            });
        }
        if !turn.slots.iter().all(|slot| matches!(slot.progress, Progress::Done { .. })) {
            return;
        }
        let cancelled = *cancelled;
        if let State::Acting { turn, .. } = std::mem::replace(&mut self.state, State::Cancelled) {
            self.turns.push(turn);
        }
        if !cancelled && self.denied_repeats() > self.spec.limits.denied_repeats_max {
            self.fail("denied_repeatedly", "the model asks again and again for what was denied");
        } else if !cancelled {
            self.ask_again(if in_order { Purpose::Summary } else { Purpose::Work });
        }
    }

    /// Calls that were proposed again after a person had denied them.
    fn denied_repeats(&self) -> u32 {
        let is_repeat = |slot: &&Slot| slot.action.ruling.rule == rule::DENIED_BEFORE;
        let repeats = self.turns.iter().flat_map(|turn| turn.slots.iter().filter(is_repeat));
        u32::try_from(repeats.count()).unwrap_or(u32::MAX)
    }

    fn ask_again(&mut self, purpose: Purpose) {
        if self.turn() >= self.spec.limits.turns_max {
            self.fail("turns_exceeded", "the agent took more turns than it may");
        } else {
            self.state = State::AwaitingModel(purpose);
        }
    }

    fn fail(&mut self, code: &str, message: &str) {
        self.state = State::Failed { code: code.to_owned(), message: message.to_owned() };
    }

    fn cancel(&mut self, at: Timestamp) -> bool {
        let run = &self.spec.run;
        match &mut self.state {
            State::AwaitingModel(_) => {
                self.state = State::Cancelled;
                true
            }
            State::Acting { turn, cancelled: cancelled @ false } => {
                *cancelled = true;
                for slot in &mut turn.slots {
                    slot.progress = match slot.progress {
                        // An earlier attempt may have happened, so this is no call that never ran.
                        Progress::Ready
                            if slot.attempts > 0 && !slot.action.annotations.read_only_hint =>
                        {
                            Progress::InDoubt {
                                since: at,
                                because: "the run was stopped before the call was repeated"
                                    .to_owned(),
                                key: slot.key(run),
                            }
                        }
                        Progress::Queued
                        | Progress::Held { .. }
                        | Progress::Delayed { .. }
                        | Progress::Ready => Progress::Done { outcome: Outcome::Cancelled, at },
                        _ => continue,
                    };
                }
                true
            }
            _ => false,
        }
    }

    fn resume(&mut self, at: Timestamp) -> bool {
        match &mut self.state {
            State::AwaitingModel(_) => true,
            State::Acting { turn, cancelled } => {
                for slot in &mut turn.slots {
                    let Progress::Started { key, .. } = &slot.progress else { continue };
                    let because = "the page ended while the call was under way".to_owned();
                    let hints = slot.action.annotations;
                    slot.progress = if hints.repeatable() && !*cancelled {
                        Progress::Ready
                    } else if hints.read_only_hint {
                        // What changes nothing is never in doubt: it simply did not work.
                        Progress::Done { outcome: Outcome::Failed(because), at }
                    } else {
                        Progress::InDoubt { since: at, because, key: key.clone() }
                    };
                }
                true
            }
            _ => false,
        }
    }

    fn update(&mut self, call: &CallId, change: impl FnOnce(&mut Slot) -> bool) -> bool {
        let State::Acting { turn, .. } = &mut self.state else { return false };
        turn.slots.iter_mut().find(|slot| slot.action.id == *call).is_some_and(change)
    }
}

/// A call whose turn has come, by its ruling.
fn admitted(slot: &Slot, at: Timestamp) -> Progress {
    let ruling = &slot.action.ruling;
    match ruling.verdict {
        Verdict::Allow => slot.cleared(at),
        Verdict::Ask => slot.asked(at),
        Verdict::Deny => Progress::Done { outcome: Outcome::Forbidden(ruling.because.clone()), at },
    }
}

//! What of a conversation the model is told: its newest turns, as many as the run's limit allows.
//!
//! The limit counts bytes of text and not tokens. How many tokens a text has only the provider of
//! each model can say; bytes need no dictionary in the page and are the same for every model. About
//! four of them are a token of English.

use std::rc::Rc;

use super::{Mode, Run, State};
use crate::json::canonical;
use crate::message::{Finish, Item, Message, Part};

impl Run {
    /// The conversation up to now, the oldest turns left out that are over the limit, and how many
    /// those are. A turn is kept as a whole or not at all, so no call is without its result. A
    /// run's request goes with any turn of it; this run's own and its newest turn always stay.
    pub(super) fn history(&self, earlier: &[Rc<Self>]) -> (Vec<Message>, u32) {
        let mut room = self.spec.limits.history_bytes_max as usize;
        // Newest first.
        let mut told = Vec::new();
        let mut left_out = 0;
        let earlier = earlier.iter().map(|run| (run.as_ref(), false)).rev();
        for (run, is_own) in std::iter::once((self, true)).chain(earlier) {
            let request = Message::User(run.spec.text.clone());
            let mut turns = if left_out == 0 { run.told() } else { Vec::new() };
            let newest = turns.pop().unwrap_or_default();
            let needed = bytes(&newest) + bytes(std::slice::from_ref(&request));
            if left_out > 0 || (needed > room && !is_own) {
                note_gap(&mut told, left_out);
                left_out += run.told().len().max(1);
                continue;
            }
            room = room.saturating_sub(needed);
            told.extend(newest.into_iter().rev());
            while let Some(turn) = turns.pop() {
                let needed = bytes(&turn);
                if needed > room {
                    note_gap(&mut told, left_out);
                    left_out = turns.len() + 1;
                    break;
                }
                room -= needed;
                told.extend(turn.into_iter().rev());
            }
            told.push(request);
        }
        told.reverse();
        (told, u32::try_from(left_out).unwrap_or(u32::MAX))
    }

    /// The run's own part of the conversation: every call with its answer, and no call without.
    pub fn messages(&self) -> Vec<Message> {
        let request = Message::User(self.spec.text.clone());
        std::iter::once(request).chain(self.told().into_iter().flatten()).collect()
    }

    /// What follows the request, turn by turn. A turn that the provider paused goes with the one
    /// that ends it, and how the run ended goes with the last one.
    fn told(&self) -> Vec<Vec<Message>> {
        let mut told: Vec<Vec<Message>> = Vec::new();
        let mut is_paused = false;
        for turn in &self.turns {
            let mut messages = if is_paused { told.pop().unwrap_or_default() } else { Vec::new() };
            messages.push(Message::Assistant(turn.response.items.clone()));
            // A call that was not offered, or not whole, has to be answered in either mode.
            if self.spec.mode == Mode::Tools || turn.slots.is_empty() {
                messages.extend(turn.results());
            }
            if self.spec.mode == Mode::Plan {
                messages.extend(turn.plan_results());
            }
            told.push(messages);
            is_paused = turn.response.finish == Finish::Paused;
        }
        let end = match &self.state {
            State::Cancelled => "The person stopped this.".to_owned(),
            State::Failed { message, .. } => ["This ended without an answer: ", message].concat(),
            _ => return told,
        };
        let end = Message::Notice(end);
        match told.last_mut() {
            Some(newest) => newest.push(end),
            None => told.push(vec![end]),
        }
        told
    }
}

/// Tells the model, once, that there was more: it must not take what it does not see for undone.
fn note_gap(told: &mut Vec<Message>, left_out: usize) {
    if left_out == 0 {
        told.push(Message::Notice(GAP.to_owned()));
    }
}

/// The size of the words, without what a wire format puts around them.
fn bytes(messages: &[Message]) -> usize {
    let of_item = |item: &Item| match (&item.raw, &item.part) {
        (Some(raw), _) => canonical(raw).len(),
        (None, Part::Text(text) | Part::Refusal(text)) => text.len(),
        (None, Part::Call(call)) => call.id.len() + call.name.len() + call.arguments.len(),
        (None, Part::Other) => 0,
    };
    let of_message = |message: &Message| match message {
        Message::User(text) | Message::Notice(text) => text.len(),
        Message::Assistant(items) => items.iter().map(of_item).sum(),
        Message::Result { call, output } => call.len() + output.len(),
    };
    messages.iter().map(of_message).sum()
}

const GAP: &str = "Earlier turns of this conversation are left out here, because it is too long. \
What was done in them is done: do not do it again unless the person asks.";

//! What a card says of a call beside its arguments: what it changes, whether that can be undone,
//! where its values come from, and what is not as it was when it was first shown.

use std::rc::Rc;

use holdpoint_core::json::put;
use holdpoint_core::plan::Action;
use holdpoint_core::run::{Origin, Run, Slot};
use serde_json::{Map, Value};

use super::Card;
use super::changes::told_list;
use super::settled::Settled;
use crate::form::{Change, changes, place};
use crate::language::known;
use crate::text;
use crate::view::desk::safely;
use crate::view::facts::{in_full, note, row};
use crate::view::state::Shown;
use crate::view::tag::{Tag, tag};

/// What the call would change, by the page; or that the page does not say.
pub(super) fn effect(action: &Action, settled: Settled) -> Tag {
    let shown = match &action.preview {
        None => tag("p").text(text::NO_PREVIEW),
        Some(Value::String(text)) => in_full(tag("p").class("preview-text"), text, settled),
        Some(preview) => told_list(&shown_changes(preview)),
    };
    row("card-preview", text::EFFECT, shown)
}

/// The changes of a preview. What is in no form that is known is shown as it is.
fn shown_changes(preview: &Value) -> Vec<Change> {
    let change = |it: &Value| {
        let name = it.get("label").and_then(Value::as_str).unwrap_or_default();
        let (before, after) = (it.get("before"), it.get("after"));
        if before.is_none() && after.is_none() {
            return Change { at: name.to_owned(), before: None, after: Some(it.clone()) };
        }
        Change { at: name.to_owned(), before: before.cloned(), after: after.cloned() }
    };
    match preview {
        Value::Array(list) => list.iter().map(change).collect(),
        one => vec![change(one)],
    }
}

/// Whether what it does can be undone.
pub(super) fn reversibility(action: &Action) -> Tag {
    let words = if action.annotations.destructive_hint {
        text::NOT_UNDONE.get()
    } else if action.annotations.read_only_hint {
        text::NOTHING_TO_UNDO.get()
    } else {
        match action.undo_window_ms {
            Some(window) => text::undo_for(window),
            None => text::UNDO_UNKNOWN.get(),
        }
    };
    row("card-undo", text::UNDOING, tag("p").text(words))
}

/// What is not as it was when this was first asked, with what it was.
pub(super) fn changed_since(slot: &Slot) -> Option<Tag> {
    let was = slot.was.as_deref()?;
    let of = |action: &Action| {
        let mut fields = Map::new();
        let told = [
            (text::CHANGED_SENTENCE, action.summary.clone().into()),
            (text::CHANGED_STATE, action.precondition.clone().unwrap_or_default()),
            (text::EFFECT, action.preview.clone().unwrap_or_default()),
            (text::WHY, known(&action.ruling.because).into()),
            (text::CHANGED_TOOL, action.schema.clone().unwrap_or_default()),
        ];
        for (name, value) in told {
            put(&mut fields, &name.get(), value);
        }
        Value::Object(fields)
    };
    let changes = changes(&of(was), &of(&slot.action));
    let section =
        tag("div").part("card-changed").child(tag("p").class("label").text(text::CHANGED_SINCE));
    Some(if changes.is_empty() {
        section.child(note(text::CHANGED_INSIDE))
    } else {
        section.child(told_list(&changes))
    })
}

impl Card {
    /// Where the values come from, the most surprising source first.
    pub(super) fn origins(self, run: &Rc<Run>, slot: &Slot) -> Option<Tag> {
        let origins = origins(self.desk.shown, run, slot);
        let mut groups: Vec<(&Origin, Vec<String>)> = Vec::new();
        for (path, origin) in &origins {
            let name = place(path);
            match groups.iter_mut().find(|(known, _)| *known == origin) {
                Some((_, names)) => names.push(name),
                None => groups.push((origin, vec![name])),
            }
        }
        groups.sort_by_key(|(origin, _)| match origin {
            Origin::Model => 0,
            Origin::Tool(_) => 1,
            Origin::Page => 2,
            Origin::Person => 3,
        });
        let only = groups.len() == 1;
        let lines = groups.iter().map(|(origin, names)| {
            let (kind, words) = match origin {
                Origin::Model => ("model", text::FROM_MODEL.get()),
                Origin::Tool(title) => ("tool", text::from_tool(title)),
                Origin::Page => ("page", text::FROM_PAGE.get()),
                // What a worker was asked nobody wrote here.
                Origin::Person if self.run.is_remote() => ("page", text::FROM_JOB.get()),
                Origin::Person => ("person", text::FROM_PERSON.get()),
            };
            // Where all of it is of one source, that is all there is to say.
            let names = (!only).then(|| safely(tag("dd"), &names.join(", ")));
            let line = tag("div").set("data-origin", kind).child(safely(tag("dt"), &words));
            if only { line.set("data-all", "") } else { line.maybe(names) }
        });
        (!groups.is_empty()).then(|| row("card-origins", text::ORIGINS, tag("dl").all(lines)))
    }
}

/// Where each value of a call comes from, as far as the conversation is shown.
pub(in crate::view) fn origins(shown: Shown, run: &Run, slot: &Slot) -> Vec<(String, Origin)> {
    let earlier: Vec<Rc<Run>> = shown.runs.with_untracked(|runs| {
        let read = runs.iter().filter_map(|it| it.run.peek().flatten());
        let before = read.take_while(|it| it.id() != run.id());
        before.filter(|it| it.spec().thread == run.spec().thread).collect()
    });
    run.origins(slot, earlier.iter().rev().map(Rc::as_ref))
}

/// What the agent says it is for. Nobody has checked that, so nobody has to read it.
pub(super) fn agent_reason(reason: &str) -> Tag {
    tag("details")
        .part("card-reason")
        .child(tag("summary").text(text::AGENT_SAYS))
        .child(safely(tag("p").class("agent-words"), reason))
}

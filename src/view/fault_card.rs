//! What keeps a run, or the whole widget, from going on: what happened, what to do, and the ways
//! out. Nothing is lost by any of it.

use holdpoint_core::id::{RunId, Timestamp};

use super::desk::{Desk, button, safely, sentence_case};
use super::moment::ticking;
use super::state::{Intent, RunShown};
use super::tag::{Tag, tag};
use crate::driver::ports::{Trouble, TroubleKind};
use crate::language::{self, known};
use crate::text::{self, Text};

/// A card for the trouble of one run.
pub(super) fn run_fault(desk: Desk, run: RunShown, trouble: &Trouble) -> Tag {
    let way = move |class, label: Text, intent: fn(RunId) -> Intent| {
        button(class).text(label).on("click", move |_| {
            if let Some(run) = run.id.peek() {
                desk.send(intent(run));
            }
        })
    };
    let retry = || way("retry-button", text::RETRY, Intent::Retry);
    let stop = || way("cancel-button", text::STOP, Intent::Stop);
    let export = || way("export-button", text::EXPORT, Intent::Export);
    let actions = tag("div").class("actions");
    let actions = match trouble.kind {
        TroubleKind::Model | TroubleKind::Retrying { .. } | TroubleKind::Offline => {
            actions.child(stop()).child(retry())
        }
        TroubleKind::Storage => actions.child(retry()),
        TroubleKind::Tool => actions.child(stop()),
        TroubleKind::Quarantined => actions.child(export()),
        TroubleKind::Cleared => actions,
    };
    let card = fault(trouble);
    let card = match trouble.kind {
        TroubleKind::Retrying { attempt, of, at } => card.child(countdown(attempt, of, at)),
        _ => card,
    };
    card.child(actions)
}

/// A few words for what it is.
pub(super) fn title(kind: TroubleKind) -> Text {
    match kind {
        TroubleKind::Model | TroubleKind::Retrying { .. } => text::MODEL_TROUBLE,
        TroubleKind::Offline => text::OFFLINE_TROUBLE,
        TroubleKind::Storage => text::STORAGE_TROUBLE,
        TroubleKind::Quarantined => text::QUARANTINED,
        TroubleKind::Cleared => text::CLEARED,
        TroubleKind::Tool => text::TOOL_TROUBLE,
    }
}

/// When the model is asked again.
fn countdown(attempt: u32, of: u32, at: Timestamp) -> Tag {
    let now = ticking();
    tag("p").class("fault-text").live_text(move || {
        let left = at.as_millis().saturating_sub(now.get());
        text::again_in(left.div_ceil(1_000), attempt, of)
    })
}

/// A card for the trouble of the whole widget.
pub(super) fn fault(trouble: &Trouble) -> Tag {
    let title = title(trouble.kind);
    let is_record = matches!(
        trouble.kind,
        TroubleKind::Storage | TroubleKind::Quarantined | TroubleKind::Cleared
    );
    let tone = if is_record { "danger" } else { "neutral" };
    let (message, original) = language::fault(&trouble.code, &trouble.message);
    let original = original.map(|original| {
        let summary = tag("summary").text(text::ORIGINAL);
        let words = safely(tag("p").class("fault-text").set("lang", "en"), original);
        tag("details").child(summary).child(words)
    });
    tag("section")
        .class("fault-card")
        .set("role", "group")
        .set("aria-label", title)
        .set("data-tone", tone)
        .set("data-code", trouble.code.as_str())
        .child(tag("h3").class("fault-title").text(title))
        .child(with_code("fault-text", &sentence_case(&message)))
        .child(with_code("fault-fix", &sentence_case(&known(&trouble.fix))))
        .maybe(original)
}

/// A paragraph in which the names between backticks show as such.
fn with_code(class: &'static str, words: &str) -> Tag {
    let mut is_code = true;
    words.split('`').fold(tag("p").class(class).set("dir", "auto"), |line, part| {
        is_code = !is_code;
        line.child(safely(tag(if is_code { "code" } else { "span" }), part))
    })
}

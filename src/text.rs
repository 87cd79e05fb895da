//! Every string that a person reads, in English.
//!
//! Sentences with values in them are functions, so that another language may order them anew.

pub(crate) const SEND: &str = "Send";
pub(crate) const STOP: &str = "Stop";
pub(crate) const RETRY: &str = "Try again";
pub(crate) const NOT_LOADED_YET: &str =
    "A part of the assistant could not be loaded. Trying again…";
pub(crate) const EXPORT: &str = "Save its record";
pub(crate) const MESSAGE: &str = "Message";
pub(crate) const PLACEHOLDER: &str = "Ask for something";
pub(crate) const EMPTY: &str =
    "Ask for something. Whatever needs your approval waits here until you decide.";
pub(crate) const JUMP: &str = "Jump to latest";
pub(crate) const DETAILS: &str = "Details";
pub(crate) const YOU_SAID: &str = "You said";
pub(crate) const ASSISTANT_SAID: &str = "Assistant said";
pub(crate) const ANSWERING: &str = "Assistant is answering";

pub(crate) const READY: &str = "Ready";
pub(crate) const RESUMING: &str = "Resuming…";
pub(crate) const THINKING: &str = "Answering…";
pub(crate) const WORKING: &str = "Working…";
pub(crate) const WAITING: &str = "Waiting for you";
pub(crate) const WAITING_OFFLINE: &str = "Waiting for you · offline";
pub(crate) const OFFLINE: &str = "Offline";
pub(crate) const NOT_SAVED: &str = "Not saved";
pub(crate) const NOT_TRUSTED: &str = "Record not trusted";
pub(crate) const CLEARED: &str = "The storage was cleared";
pub(crate) const NO_ANSWER: &str = "No answer";
pub(crate) const RETRYING: &str = "Trying again…";
pub(crate) const TOOL_MISSING: &str = "Tool missing";

pub(crate) const READS: &str = "Reads data";
pub(crate) const CHANGES: &str = "Changes data";
pub(crate) const CRITICAL: &str = "Critical";
pub(crate) const IN_DOUBT: &str = "In doubt";

pub(crate) const APPROVE: &str = "Approve";
pub(crate) const DENY: &str = "Deny";
pub(crate) const BACK: &str = "Back";
pub(crate) const SAVING: &str = "Saving…";
pub(crate) const REASON: &str = "Why not? The assistant reads this (optional)";
pub(crate) const WHY: &str = "Why you are asked: ";
pub(crate) const EFFECT: &str = "What changes";
pub(crate) const NO_PREVIEW: &str = "No preview of its effect is available.";
pub(crate) const AGENT_SAYS: &str = "The agent’s own reason, not verified";
pub(crate) const NOT_UNDONE: &str = "This cannot be undone.";
pub(crate) const NOTHING_TO_UNDO: &str = "It only reads, so there is nothing to undo.";
pub(crate) const UNDO_UNKNOWN: &str = "The page does not say whether it can be undone.";
pub(crate) const CHANGED_SINCE: &str = "Changed since you were first asked";
pub(crate) const CHANGED_INSIDE: &str = "The tool’s own definition is another one.";
pub(crate) const CHANGED_SENTENCE: &str = "What it does";
pub(crate) const CHANGED_STATE: &str = "The state of things";
pub(crate) const CHANGED_EFFECT: &str = "What changes";
pub(crate) const CHANGED_RULE: &str = "Why you are asked";
pub(crate) const CHANGED_TOOL: &str = "What the tool takes";
pub(crate) const ORIGINS: &str = "Where the values come from";
pub(crate) const FROM_PERSON: &str = "You wrote it";
pub(crate) const FROM_PAGE: &str = "From this page";
pub(crate) const FROM_MODEL: &str = "The agent’s own";
pub(crate) const MORE_TIME: &str = "More time";
pub(crate) const THEN_DENIED: &str = "After that it does not run.";
pub(crate) const THEN_ASKED: &str = "After that it has to be asked for again.";
pub(crate) const THEN_LATE: &str = "After that it is only late.";
pub(crate) const LATE: &str = "Overdue";
pub(crate) const LAPSED: &str =
    "The time to decide is over. Ask to see it again before you decide.";
pub(crate) const ASK_AGAIN: &str = "Ask again";
pub(crate) const ANSWER: &str = "Answer instead";
pub(crate) const ANSWER_LABEL: &str = "What should the assistant know instead? It does not act.";
pub(crate) const SEND_ANSWER: &str = "Send answer";
pub(crate) const REMEMBER: &str = "From now on, approve this without asking";
pub(crate) const REMEMBER_HELP: &str =
    "The rule is saved when you approve. You can revoke it at any time in the inbox.";
pub(crate) const UP_TO: &str = "up to";
pub(crate) const ANYTHING: &str = "anything";
pub(crate) const UNTIL: &str = "For how long";
pub(crate) const FOR_HOUR: &str = "One hour";
pub(crate) const FOR_DAY: &str = "One day";
pub(crate) const FOR_WEEK: &str = "One week";
pub(crate) const FOR_MONTH: &str = "30 days";
pub(crate) const FOR_GOOD: &str = "Until I revoke it";
pub(crate) const BOUND_WRONG: &str = "A limit is a number from 0 on, such as 50.";
pub(crate) const EDITED: &str = "What was changed before it was approved";
pub(crate) const WITH_CHANGES: &str = ", with changes";
pub(crate) const UNDO: &str = "Undo";
pub(crate) const NO_ARGUMENTS: &str = "It takes no arguments.";
pub(crate) const MODEL_OVERRULED: &str =
    "The model said that no confirmation was needed; the rule decided otherwise.";
pub(crate) const TOOL_ABSENT: &str =
    "The tool is not on this page now. You can decide; it runs when it is.";
pub(crate) const TOOL_CHANGED: &str = "The tool was changed after this was asked, so it cannot be \
                                       approved. Deny it, and ask the assistant again.";
pub(crate) const TOOL: &str = "Tool";
pub(crate) const ARGUMENTS: &str = "Arguments";
pub(crate) const RESULT: &str = "Result";
pub(crate) const DIGEST: &str = "Digest";
pub(crate) const KEY: &str = "Idempotency key";

pub(crate) const CHECK: &str = "Check";
pub(crate) const HAPPENED: &str = "It happened";
pub(crate) const DID_NOT_HAPPEN: &str = "It did not happen";
pub(crate) const TRY_AGAIN: &str = "Try again";
pub(crate) const DOUBT_RULE: &str =
    "It may have happened or not. It is not started again by itself.";
pub(crate) const DOUBT_WARNING: &str = "If you try again and it did happen, it may happen twice.";

pub(crate) const PROPOSAL_REFUSED: &str =
    "The assistant proposed what is not possible; nothing of it ran";
pub(crate) const STOPPED: &str = "You stopped this";
pub(crate) const RUN_FAILED: &str = "The assistant could not finish";

pub(crate) const MODEL_TROUBLE: &str = "The model gave no answer";
pub(crate) const OFFLINE_TROUBLE: &str = "There is no network";
pub(crate) const STORAGE_TROUBLE: &str = "The last step is not saved yet";
pub(crate) const QUARANTINED: &str = "This record cannot be trusted";
pub(crate) const TOOL_TROUBLE: &str = "The tool is not ready";

pub(crate) const QUEUED: &str = "waits its turn";
pub(crate) const RUNNING: &str = "running…";
pub(crate) const ELSEWHERE: &str = "waits for your decision on the page";
pub(crate) const DONE: &str = "done";
pub(crate) const APPROVED_BY_YOU: &str = "approved by you";
pub(crate) const DENIED_BY_YOU: &str = "denied by you";
pub(crate) const ANSWERED_BY_YOU: &str = "answered by you";
pub(crate) const CONFIRMED_BY_YOU: &str = "you said that it happened";
pub(crate) const EXPIRED: &str = "nobody decided in time";
pub(crate) const CANCELLED: &str = "not started: you stopped it";
pub(crate) const SKIPPED: &str = "not started: an earlier step did not succeed";

pub(crate) const WAIT_MOVES: &str = "It can be approved in a moment.";
pub(crate) const WAIT_COVERED: &str =
    "Something on the page covers this card. It can be approved once all of it is free.";
pub(crate) const WAIT_UNSEEN: &str =
    "A part of this card has not been on the screen yet. Look at all of it first.";
pub(crate) const SHOW_REST: &str = "Show the rest first";
pub(crate) const SHORTCUTS: &str = "Keyboard";
pub(crate) const SHORTCUT_APPROVE: &str = "Ctrl or ⌘ + Enter: approve, unless it cannot be undone";
pub(crate) const SHORTCUT_DENY: &str = "Alt + D: deny and say why";
pub(crate) const SHORTCUT_INSIDE: &str = "They work while the focus is on this card.";
pub(crate) const EDIT: &str = "Edit";
pub(crate) const EDIT_ABSENT: &str = "Its arguments can be changed once the tool is on this page.";
pub(crate) const EDIT_TITLE: &str = "Change the arguments";
pub(crate) const REVIEW: &str = "Review changes";
pub(crate) const REVIEW_TITLE: &str = "What you changed";
pub(crate) const APPROVE_CHANGED: &str = "Approve with changes";
pub(crate) const KEEP_EDITING: &str = "Keep editing";
pub(crate) const NOTHING_CHANGED: &str = "Nothing is changed yet.";
pub(crate) const AS_JSON: &str = "Edit as JSON";
pub(crate) const AS_FORM: &str = "Edit as a form";
pub(crate) const ALL_ARGUMENTS: &str = "All arguments, as JSON";
pub(crate) const CHANGED: &str = "changed";
pub(crate) const RESET: &str = "Reset";
pub(crate) const OPTIONAL: &str = "optional";
pub(crate) const ADD: &str = "Add";
pub(crate) const ADD_ITEM: &str = "Add an item";
pub(crate) const REMOVE: &str = "Remove";
pub(crate) const LEFT_OUT: &str = "left out";
pub(crate) const MOVE_UP: &str = "Move up";
pub(crate) const MOVE_DOWN: &str = "Move down";
pub(crate) const YES: &str = "Yes";
pub(crate) const NO: &str = "No";
pub(crate) const NOTHING: &str = "Nothing (null)";
pub(crate) const CHOOSE: &str = "Choose…";
pub(crate) const HIDDEN_INSIDE: &str = "It has characters that do not show: ";
pub(crate) const NOT_PRESENT: &str = "not there";
pub(crate) const BEFORE: &str = "Before";
pub(crate) const AFTER: &str = "After";
pub(crate) const CONFIRM_TITLE: &str = "Approve this?";
pub(crate) const CONFIRM_WORD: &str = "approve";
pub(crate) const CONFIRM_TYPE: &str = "Type the word “approve”";
pub(crate) const CONFIRM_HOLD: &str = "Or hold to approve";
pub(crate) const CONFIRM_UNDO: &str = "It cannot be undone.";
pub(crate) const CONFIRM_COVERED: &str =
    "The browser cannot tell whether the card was shown as it is. Here it is again.";

pub(crate) fn undo_for(seconds: u64) -> String {
    ["After you approve, you can take it back for ", &seconds.to_string(), " s."].concat()
}

pub(crate) fn starts_in(seconds: u64) -> String {
    ["Starts in ", &seconds.to_string(), " s"].concat()
}

pub(crate) fn from_tool(title: &str) -> String {
    ["From a result of “", title, "”"].concat()
}

pub(crate) fn bound_any(name: &str) -> String {
    [name, " anything"].concat()
}

pub(crate) fn bound_most(name: &str, most: &str) -> String {
    [name, " up to ", most].concat()
}

pub(crate) fn bound_only(name: &str, value: &str) -> String {
    [name, " exactly “", value, "”"].concat()
}

pub(crate) fn rule_sentence(title: &str, bounds: &str) -> String {
    if bounds.is_empty() { title.to_owned() } else { [title, ": ", bounds].concat() }
}

pub(crate) fn show_hidden(count: usize) -> String {
    ["Show ", &count.to_string(), " hidden characters"].concat()
}

pub(crate) fn item(at: usize) -> String {
    ["Item ", &at.to_string()].concat()
}

pub(crate) fn faults(count: usize) -> String {
    if count == 1 {
        "One field needs another value:".to_owned()
    } else {
        [&count.to_string(), " fields need another value:"].concat()
    }
}

pub(crate) fn waiting(count: usize) -> String {
    [&count.to_string(), " waiting"].concat()
}

pub(crate) fn launcher(label: &str, waiting: usize) -> String {
    match waiting {
        0 => label.to_owned(),
        1 => [label, ", 1 approval waiting"].concat(),
        _ => [label, ", ", &waiting.to_string(), " approvals waiting"].concat(),
    }
}

pub(crate) fn conversation(label: &str) -> String {
    ["Conversation with ", label].concat()
}

pub(crate) fn position(at: usize, of: usize) -> String {
    [&at.to_string(), " of ", &of.to_string()].concat()
}

pub(crate) fn act_on(act: &str, what: &str) -> String {
    [act, ": ", what].concat()
}

pub(crate) fn again_in(seconds: u64, attempt: u32, of: u32) -> String {
    let [seconds, attempt, of] = [seconds, attempt.into(), of.into()].map(|n: u64| n.to_string());
    ["Trying again in ", &seconds, " s (", &attempt, " of ", &of, ")"].concat()
}

pub(crate) fn left_out(turns: u32) -> String {
    let (count, were) = (turns.to_string(), if turns == 1 { " turn was" } else { " turns were" });
    ["The conversation is long: ", &count, " earlier", were, " left out for the model"].concat()
}

pub(crate) fn tokens(read: u64, written: u64) -> String {
    ["Tokens: ", &read.to_string(), " in, ", &written.to_string(), " out"].concat()
}

pub(crate) fn approved_by(name: &str) -> String {
    ["approved by ", name].concat()
}

pub(crate) fn denied_by(name: &str) -> String {
    ["denied by ", name].concat()
}

pub(crate) fn answered_by(name: &str) -> String {
    ["answered by ", name].concat()
}

pub(crate) fn approval_needed(what: &str, because: &str) -> String {
    ["Approval needed: ", what, ". ", because].concat()
}

pub(crate) fn in_doubt(what: &str) -> String {
    [what, ": nobody saw the end of it"].concat()
}

pub(crate) fn started_at(time: &str, because: &str) -> String {
    ["It was started at ", time, ", and ", because, "."].concat()
}

pub(crate) fn doubtful(because: &str) -> String {
    ["It was started, and ", because, "."].concat()
}

pub(crate) fn forbidden(because: &str) -> String {
    ["not allowed: ", because].concat()
}

pub(crate) fn seconds(millis: u64) -> String {
    let tenths = millis / 100;
    [&(tenths / 10).to_string(), ".", &(tenths % 10).to_string(), " s"].concat()
}

/// How long a person has to decide, in the largest unit that says it.
pub(crate) fn expires_in(millis: u64) -> String {
    let minutes = millis / 60_000;
    match minutes {
        0 => "Expires in under 1 min".to_owned(),
        1..120 => ["Expires in ", &minutes.to_string(), " min"].concat(),
        120..2880 => ["Expires in ", &(minutes / 60).to_string(), " h"].concat(),
        _ => ["Expires in ", &(minutes / 1440).to_string(), " days"].concat(),
    }
}

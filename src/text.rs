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
pub(crate) const CRITICAL: &str = "Cannot be undone";
pub(crate) const IN_DOUBT: &str = "In doubt";

pub(crate) const APPROVE: &str = "Approve";
pub(crate) const DENY: &str = "Deny";
pub(crate) const BACK: &str = "Back";
pub(crate) const SAVING: &str = "Saving…";
pub(crate) const REASON: &str = "Why not? The assistant reads this (optional)";
pub(crate) const WHY: &str = "Why you are asked: ";
pub(crate) const EFFECT: &str = "What it does: ";
pub(crate) const AGENT_SAYS: &str = "The agent says (not verified): ";
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
pub(crate) const CONFIRMED_BY_YOU: &str = "you said that it happened";
pub(crate) const EXPIRED: &str = "nobody decided in time";
pub(crate) const CANCELLED: &str = "not started: you stopped it";
pub(crate) const SKIPPED: &str = "not started: an earlier step did not succeed";

pub(crate) const INBOX: &str = "Approvals";
pub(crate) const INBOX_LIST: &str = "Approvals, newest first";
pub(crate) const SEARCH: &str = "Search approvals";
pub(crate) const FILTER: &str = "Show";
pub(crate) const ALL: &str = "All";
pub(crate) const HELD: &str = "Waiting";
pub(crate) const DECIDED: &str = "Done";
pub(crate) const SHOW_NEWS: &str = "Show what is new";
pub(crate) const NOTHING_YET: &str = "Whatever needed your approval will be listed here.";
pub(crate) const NOTHING_WAITS: &str = "Nothing waits for you.";
pub(crate) const NOTHING_FOUND: &str = "Nothing with these words.";
pub(crate) const APPROVED: &str = "Approved";
pub(crate) const DENIED: &str = "Denied";
pub(crate) const CONFIRMED: &str = "Confirmed";
pub(crate) const NOT_ALLOWED: &str = "Not allowed";
pub(crate) const ROW_RUNNING: &str = "Running";
pub(crate) const ROW_FAILED: &str = "Failed";
pub(crate) const ROW_EXPIRED: &str = "Expired";
pub(crate) const ROW_CANCELLED: &str = "Stopped";
pub(crate) const ROW_SKIPPED: &str = "Not started";

pub(crate) fn row_approved_by(name: &str) -> String {
    ["Approved by ", name].concat()
}

pub(crate) fn row_denied_by(name: &str) -> String {
    ["Denied by ", name].concat()
}

pub(crate) fn row_confirmed_by(name: &str) -> String {
    ["Confirmed by ", name].concat()
}

pub(crate) const NOTIFY: &str = "Notify me";
pub(crate) const NOTICE_LATER: &str =
    "Your decision is saved. It is carried out when the page is open.";
pub(crate) const NOTICES_REFUSED: &str =
    "The browser does not allow notifications from this page. Its settings can change that.";
pub(crate) const AUDIT: &str = "Audit";
pub(crate) const SEARCH_AUDIT: &str = "Search the audit";
pub(crate) const KIND: &str = "Kind";
pub(crate) const DECISION: &str = "Decision";
pub(crate) const SAVE_JSONL: &str = "Save as JSON Lines";
pub(crate) const SAVE_CSV: &str = "Save as CSV";
pub(crate) const TAKE_RUN: &str = "Take to another browser";
pub(crate) const TAKE_RUN_HOW: &str =
    "The run is saved to a file that only the passphrase opens. Open it there, in the approvals.";
pub(crate) const BRING_RUN: &str = "Open a run's file";
pub(crate) const BRING_RUN_HOW: &str =
    "A run that was saved in another browser goes on here, with what waits for you.";
pub(crate) const FILE: &str = "File";
pub(crate) const PASSPHRASE: &str = "Passphrase";
pub(crate) const STOP_HERE: &str = "Stop it here";
pub(crate) const STOP_HERE_WHY: &str =
    "Otherwise both copies can be approved, and it may happen twice.";
pub(crate) const SAVE_FILE: &str = "Save the file";
pub(crate) const OPEN_FILE: &str = "Open the file";
pub(crate) const FILE_SAVED: &str = "The file is saved.";
pub(crate) const FILE_OPENED: &str = "The run is here.";
pub(crate) const CANCEL: &str = "Cancel";
pub(crate) const IN_ANOTHER_TAB: &str = "in another tab";
pub(crate) const IN_NOTIFICATION: &str = "in a notification";

pub(crate) fn approved_elsewhere(name: &str, place: &str, what: &str) -> String {
    done_elsewhere("Approved", name, place, what)
}

pub(crate) fn denied_elsewhere(name: &str, place: &str, what: &str) -> String {
    done_elsewhere("Denied", name, place, what)
}

pub(crate) fn confirmed_elsewhere(name: &str, place: &str, what: &str) -> String {
    done_elsewhere("Confirmed", name, place, what)
}

fn done_elsewhere(done: &str, name: &str, place: &str, what: &str) -> String {
    let by = if name.is_empty() { String::new() } else { [" by ", name].concat() };
    [done, &by, " ", place, ": ", what].concat()
}

pub(crate) fn inbox_with(waiting: usize) -> String {
    launcher(INBOX, waiting)
}

/// A whole number, its thousands apart.
pub(crate) fn number(number: u32) -> String {
    let digits = number.to_string();
    let mut words = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            words.push(',');
        }
        words.push(digit);
    }
    words
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

//! Every text that a person reads, by its key and in English.
//!
//! A page may replace each by its key (`labels`), and `src/labels/` has them in other languages.
//! Values stand in braces. Where a text depends on a number, the forms for one and for more stand
//! with a bar between them, and the number is `{count}`.

/// A text by its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// What pages and translations know it by.
    pub key: &'static str,
    /// How it reads where nothing else is said.
    pub english: &'static str,
}

/// Makes a constant of each text, and a list of all for the tests.
macro_rules! texts {
    ($($name:ident $key:literal $english:literal;)*) => {
        $(
            #[doc = $english]
            pub const $name: Text = Text { key: $key, english: $english };
        )*

        /// All of them.
        #[cfg(not(target_arch = "wasm32"))]
        pub const ALL: &[Text] = &[$($name),*];
    };
}

texts! {
    ASSISTANT "assistant" "Assistant";
    SEND "send" "Send";
    STOP "stop" "Stop";
    RETRY "retry" "Try again";
    EXPORT "export" "Save its record";
    MESSAGE "message" "Message";
    PLACEHOLDER "placeholder" "Ask for something";
    EMPTY "empty" "Ask for something. Whatever needs your approval waits here until you decide.";
    JUMP "jump" "Jump to latest";
    EARLIER "earlier" "Show earlier";
    DETAILS "details" "Details";
    ORIGINAL "original" "In the words of the program";
    YOU_SAID "youSaid" "You said";
    ASSISTANT_SAID "assistantSaid" "Assistant said";
    ANSWERING "answering" "Assistant is answering";
    STILL_ANSWERING "stillAnswering" "Still answering";
    NOT_LOADED_YET "notLoadedYet"
        "A part of the assistant could not be loaded. Trying again…";

    DOWNLOADED "downloaded" "The browser downloads its model: {percent}";
    READY "ready" "Ready";
    RESUMING "resuming" "Resuming…";
    THINKING "thinking" "Answering…";
    WORKING "working" "Working…";
    WAITING "waiting" "Waiting for you";
    WAITING_OFFLINE "waitingOffline" "Waiting for you · offline";
    OFFLINE "offline" "Offline";
    NOT_SAVED "notSaved" "Not saved";
    NOT_TRUSTED "notTrusted" "Record not trusted";
    CLEARED "cleared" "The storage was cleared";
    NO_ANSWER "noAnswer" "No answer";
    RETRYING "retrying" "Trying again…";
    TOOL_MISSING "toolMissing" "Tool missing";

    READS "reads" "Reads data";
    CHANGES "changes" "Changes data";
    CRITICAL "critical" "Critical";
    IN_DOUBT "inDoubt" "In doubt";

    APPROVE "approve" "Approve";
    DENY "deny" "Deny";
    BATCH "batch" "Several calls wait: {title}";
    SELECT_ALL "selectAll" "All {count}: {title}";
    APPROVE_CHOSEN "approveChosen" "Approve {count}";
    DENY_CHOSEN "denyChosen" "Deny {count}";
    BACK "back" "Back";
    SAVING "saving" "Saving…";
    REASON "reason" "Why not? The assistant reads this (optional)";
    WHY "why" "Why you are asked";
    EFFECT "effect" "What changes";
    AGENT_SAYS "agentSays" "The agent’s own reason, not verified";
    NO_ARGUMENTS "noArguments" "It takes no arguments.";
    MODEL_OVERRULED "modelOverruled"
        "The model said that no confirmation was needed; the rule decided otherwise.";
    TOOL_ABSENT "toolAbsent"
        "The tool is not on this page now. You can decide, and it runs when it is; what it is to do can be changed only then.";
    TOOL_CHANGED "toolChanged"
        "The tool was changed after this was asked, so it cannot be approved. Deny it, and ask the assistant again.";
    TOOL "tool" "Tool";
    ARGUMENTS "arguments" "Arguments";
    RESULT "result" "Result";
    DIGEST "digest" "Digest";
    KEY "key" "Idempotency key";

    CHECK "check" "Check";
    HAPPENED "happened" "It happened";
    DID_NOT_HAPPEN "didNotHappen" "It did not happen";
    TRY_AGAIN "tryAgain" "Try again";
    DOUBT_RULE "doubtRule" "It may have happened or not. It is not started again by itself.";
    DOUBT_WARNING "doubtWarning" "If you try again and it did happen, it may happen twice.";

    PROPOSAL_REFUSED "proposalRefused"
        "The assistant proposed what is not possible; nothing of it ran";
    STOPPED "stopped" "You stopped this";
    RUN_FAILED "runFailed" "The assistant could not finish";

    MODEL_TROUBLE "modelTrouble" "The model gave no answer";
    OFFLINE_TROUBLE "offlineTrouble" "There is no network";
    STORAGE_TROUBLE "storageTrouble" "The last step is not saved yet";
    QUARANTINED "quarantined" "This record cannot be trusted";
    TOOL_TROUBLE "toolTrouble" "The tool is not ready";

    QUEUED "queued" "waits its turn";
    RUNNING "running" "running…";
    ELSEWHERE "elsewhere" "waits for your decision on the page";
    DONE "done" "done";
    APPROVED_BY_YOU "approvedByYou" "approved by you";
    DENIED_BY_YOU "deniedByYou" "denied by you";
    ANSWERED_BY_YOU "answeredByYou" "answered by you";
    CONFIRMED_BY_YOU "confirmedByYou" "you said that it happened";
    EXPIRED "expired" "nobody decided in time";
    CANCELLED "cancelled" "not started: you stopped it";
    SKIPPED "skipped" "not started: an earlier step did not succeed";

    NO_PREVIEW "noPreview" "No preview of its effect is available.";
    NOT_UNDONE "notUndone" "This cannot be undone.";
    NOTHING_TO_UNDO "nothingToUndo" "It only reads, so there is nothing to undo.";
    UNDO_UNKNOWN "undoUnknown" "The page does not say whether it can be undone.";
    UNDO_FOR "undoFor" "After you approve, you can take it back for {time}.";
    UNDOING "undoing" "Undo";
    CHANGED_SINCE "changedSince" "Changed since you were first asked";
    CHANGED_INSIDE "changedInside" "The tool’s own definition is another one.";
    CHANGED_SENTENCE "changedSentence" "What it does";
    CHANGED_STATE "changedState" "The state of things";
    CHANGED_TOOL "changedTool" "What the tool takes";
    ORIGINS "origins" "Source of the values";
    FROM_PERSON "fromPerson" "You wrote it";
    FROM_PAGE "fromPage" "From this page";
    FROM_MODEL "fromModel" "The agent’s own";
    FROM_JOB "fromJob" "From what was asked";
    FROM_TOOL "fromTool" "From a result of “{tool}”";
    MORE_TIME "moreTime" "More time";
    THEN_DENIED "thenDenied" "After that it does not run.";
    THEN_ASKED "thenAsked" "After that it has to be asked for again.";
    THEN_LATE "thenLate" "After that it is only late.";
    LATE "late" "Overdue";
    LAPSED "lapsed" "The time to decide is over. Ask to see it again before you decide.";
    ASK_AGAIN "askAgain" "Ask again";
    ANSWER "answer" "Answer instead";
    ANSWER_LABEL "answerLabel" "What should the assistant know instead? It does not act.";
    SEND_ANSWER "sendAnswer" "Send answer";
    REMEMBER "remember" "From now on, approve this without asking";
    REMEMBER_HELP "rememberHelp"
        "The rule is saved when you approve. You can revoke it at any time.";
    UP_TO "upTo" "up to";
    ANYTHING "anything" "anything";
    UNTIL "until" "For how long";
    FOR_HOUR "forHour" "One hour";
    FOR_DAY "forDay" "One day";
    FOR_WEEK "forWeek" "One week";
    FOR_MONTH "forMonth" "30 days";
    FOR_GOOD "forGood" "Until I revoke it";
    BOUND_ANY "boundAny" "{name} anything";
    BOUND_MOST "boundMost" "{name} up to {most}";
    BOUND_ONLY "boundOnly" "{name} exactly “{value}”";
    BOUND_WRONG "boundWrong" "A limit is a number from 0 on, such as 50.";
    EDITED "edited" "What was changed before it was approved";
    WITH_CHANGES "withChanges" "{what}, with changes";
    UNDO "undo" "Undo";
    STARTS "starts" "Starts {when}";
    WAIT_MOVES "waitMoves" "It can be approved in a moment.";
    WAIT_COVERED "waitCovered"
        "Something on the page covers this card. It can be approved once all of it is free.";
    WAIT_UNSEEN "waitUnseen"
        "A part of this card has not been on the screen yet. Look at all of it first.";
    SHOW_REST "showRest" "Show the rest first";
    SHOW_HIDDEN "showHidden" "Show all (characters hidden: {number})";
    HIDDEN_INSIDE "hiddenInside"
        "It has characters that do not show or that pass for others:";
    SHORTCUTS "shortcuts" "Keyboard";
    SHORTCUT_APPROVE "shortcutApprove"
        "Ctrl or ⌘ + Enter: approve, unless it cannot be undone";
    SHORTCUT_DENY "shortcutDeny" "Alt + D: deny and say why";
    SHORTCUT_INSIDE "shortcutInside" "They work while the focus is on this card.";
    EDIT "edit" "Edit";
    EDIT_TITLE "editTitle" "Change the arguments";
    REVIEW "review" "Review changes";
    REVIEW_TITLE "reviewTitle" "What you changed";
    APPROVE_CHANGED "approveChanged" "Approve with changes";
    KEEP_EDITING "keepEditing" "Keep editing";
    NOTHING_CHANGED "nothingChanged" "Nothing is changed yet.";
    AS_JSON "asJson" "Edit as JSON";
    AS_FORM "asForm" "Edit as a form";
    ALL_ARGUMENTS "allArguments" "All arguments, as JSON";
    CHANGED "changed" "changed";
    RESET "reset" "Reset";
    OPTIONAL "optional" "optional";
    ADD "add" "Add";
    ADD_ITEM "addItem" "Add an item";
    REMOVE "remove" "Remove";
    ABSENT "absent" "left out";
    MOVE_UP "moveUp" "Move up";
    MOVE_DOWN "moveDown" "Move down";
    YES "yes" "Yes";
    NO "no" "No";
    NULL "null" "Nothing (null)";
    CHOOSE "choose" "Choose…";
    NOT_PRESENT "notPresent" "not there";
    BEFORE "before" "Before:";
    AFTER "after" "After:";
    ITEM "item" "Item {number}";
    FAULTS "faults" "Fields that need another value: {number}";
    CONFIRM_TITLE "confirmTitle" "Approve this?";
    CONFIRM_WORD "confirmWord" "approve";
    CONFIRM_TYPE "confirmType" "Type the word “{word}”";
    CONFIRM_HOLD "confirmHold" "Or hold to approve";
    CONFIRM_COVERED "confirmCovered"
        "The browser cannot tell whether the card was shown as it is. Here it is again.";

    COUNT_WAITING "countWaiting" "{count} waiting|{count} waiting";
    LAUNCHER "launcher" "{label}, {count} approval waiting|{label}, {count} approvals waiting";
    CONVERSATION "conversation" "Conversation with {label}";
    POSITION "position" "{at} of {of}";
    ACT_ON "actOn" "{act}: {what}";
    AGAIN_IN "againIn" "Trying again {when} ({attempt} of {of})";
    ANSWER_COMPLETE "answerComplete"
        "Answer complete, {count} paragraph, in the log|Answer complete, {count} paragraphs, in the log";
    LEFT_OUT "leftOut"
        "The conversation is long: {count} earlier turn was left out for the model|The conversation is long: {count} earlier turns were left out for the model";
    TOKENS "tokens" "Tokens: {read} in, {written} out";
    APPROVED_BY "approvedBy" "approved by {name}";
    DENIED_BY "deniedBy" "denied by {name}";
    ANSWERED_BY "answeredBy" "answered by {name}";
    WITH_REASON "withReason" "{what}: {reason}";
    APPROVAL_NEEDED "approvalNeeded" "Approval needed: {what}. {because}";
    NOBODY_SAW "nobodySaw" "{what}: nobody saw the end of it";
    STARTED_AT "startedAt" "It was started at {time}, and {because}.";
    DOUBTFUL "doubtful" "It was started, and {because}.";
    FORBIDDEN "forbidden" "not allowed: {because}";
    EXPIRES "expires" "Expires {when}";
    EXPIRES_SOON "expiresSoon" "Expires in under 1 minute";
    FULL_STOP "fullStop" ".";

    INBOX "inbox" "Approvals";
    INBOX_LIST "inboxList" "Approvals, newest first";
    SEARCH "search" "Search approvals";
    FILTER "filter" "Show";
    EVERYTHING "everything" "All";
    HELD "held" "Waiting";
    DECIDED "decided" "Done";
    SHOW_NEWS "showNews" "Show what is new";
    NOTHING_YET "nothingYet" "Whatever needed your approval will be listed here.";
    NOTHING_WAITS "nothingWaits" "Nothing waits for you.";
    NOTHING_FOUND "nothingFound" "Nothing with these words.";
    ROW_APPROVED "rowApproved" "Approved";
    ROW_DENIED "rowDenied" "Denied";
    ROW_ANSWERED "rowAnswered" "Answered";
    ROW_CONFIRMED "rowConfirmed" "Confirmed";
    ROW_FORBIDDEN "rowForbidden" "Not allowed";
    ROW_RUNNING "rowRunning" "Running";
    ROW_FAILED "rowFailed" "Failed";
    ROW_EXPIRED "rowExpired" "Expired";
    ROW_CANCELLED "rowCancelled" "Stopped";
    ROW_SKIPPED "rowSkipped" "Not started";
    ROW_BY "rowBy" "{what} by {name}";
    IN_TAB "inTab" "{what} in another tab: {call}";
    AT_WORKER "atWorker" "{what} elsewhere: {call}";
    WORKER_LIST "workerList" "Waiting at the worker";
    QUORUM "quorum" "{given} of {needed} approvals";
    IN_NOTIFICATION "inNotification" "{what} in a notification: {call}";
    NOTIFY "notify" "Notify me";
    NOTICE_LATER "noticeLater"
        "Your decision is saved. It is carried out when the page is open.";
    NOTICES_REFUSED "noticesRefused"
        "The browser does not allow notifications from this page. Its settings can change that.";
    SEVEN_DAYS "sevenDays"
        "This browser deletes what a site has stored after seven days without a visit. Decide before, or take what waits to another browser.";
    AUDIT "audit" "Audit";
    RULES "rules" "Rules";
    NO_RULES "noRules" "Nothing is approved without asking.";
    REVOKE "revoke" "Revoke";
    RUN_OUT "runOut" "Has run out";
    HOLDS_UNTIL "holdsUntil" "Until {time}";
    SEARCH_AUDIT "searchAudit" "Search the audit";
    KIND "kind" "Kind";
    DECISION "decision" "Decision";
    SAVE_JSONL "saveJsonl" "Save as JSON Lines";
    SAVE_CSV "saveCsv" "Save as CSV";
    TAKE_RUN "takeRun" "Take to another browser";
    TAKE_RUN_HOW "takeRunHow"
        "The run is saved to a file that only the passphrase opens. Open it there, in the approvals.";
    BRING_RUN "bringRun" "Open a run's file";
    BRING_RUN_HOW "bringRunHow"
        "A run that was saved in another browser goes on here, with what waits for you.";
    FILE "file" "File";
    PASSPHRASE "passphrase" "Passphrase";
    STOP_HERE "stopHere" "Stop it here";
    STOP_HERE_WHY "stopHereWhy"
        "Otherwise both copies can be approved, and it may happen twice.";
    SAVE_FILE "saveFile" "Save the file";
    OPEN_FILE "openFile" "Open the file";
    FILE_SAVED "fileSaved" "The file is saved.";
    FILE_OPENED "fileOpened" "The run is here.";
    CANCEL "cancel" "Cancel";
}

#[cfg(target_arch = "wasm32")]
pub(crate) use with_values::*;

/// Texts with values in them.
#[cfg(target_arch = "wasm32")]
mod with_values {
    use super::*;
    use crate::language::{elapsed, from_now};

    pub(crate) fn waiting(count: usize) -> String {
        COUNT_WAITING.with(&[("count", count.into())])
    }

    pub(crate) fn launcher(label: &str, waiting: usize) -> String {
        match waiting {
            0 => label.to_owned(),
            _ => LAUNCHER.with(&[("label", label.into()), ("count", waiting.into())]),
        }
    }

    pub(crate) fn row_by(what: Text, name: &str) -> String {
        ROW_BY.with(&[("what", what.get().into()), ("name", name.into())])
    }

    /// What was decided elsewhere: `place` is where.
    pub(crate) fn elsewhere(place: Text, what: &str, call: &str) -> String {
        place.with(&[("what", what.into()), ("call", call.into())])
    }

    pub(crate) fn conversation(label: &str) -> String {
        CONVERSATION.with(&[("label", label.into())])
    }

    pub(crate) fn position(at: usize, of: usize) -> String {
        POSITION.with(&[("at", at.into()), ("of", of.into())])
    }

    pub(crate) fn holds_until(time: &str) -> String {
        HOLDS_UNTIL.with(&[("time", time.into())])
    }

    pub(crate) fn batch(title: &str) -> String {
        BATCH.with(&[("title", title.into())])
    }

    pub(crate) fn select_all(count: usize, title: &str) -> String {
        SELECT_ALL.with(&[("count", count.into()), ("title", title.into())])
    }

    pub(crate) fn approve_chosen(count: usize) -> String {
        APPROVE_CHOSEN.with(&[("count", count.into())])
    }

    pub(crate) fn deny_chosen(count: usize) -> String {
        DENY_CHOSEN.with(&[("count", count.into())])
    }

    pub(crate) fn act_on(act: Text, what: &str) -> String {
        ACT_ON.with(&[("act", act.get().into()), ("what", what.into())])
    }

    pub(crate) fn again_in(seconds: u64, attempt: u32, of: u32) -> String {
        let when = from_now(seconds, "second");
        AGAIN_IN.with(&[("when", when.into()), ("attempt", attempt.into()), ("of", of.into())])
    }

    pub(crate) fn left_out(turns: u32) -> String {
        LEFT_OUT.with(&[("count", turns.into())])
    }

    pub(crate) fn answer_complete(paragraphs: usize) -> String {
        ANSWER_COMPLETE.with(&[("count", paragraphs.into())])
    }

    pub(crate) fn tokens(read: u64, written: u64) -> String {
        TOKENS.with(&[("read", (read as f64).into()), ("written", (written as f64).into())])
    }

    pub(crate) fn approved_by(name: &str) -> String {
        APPROVED_BY.with(&[("name", name.into())])
    }

    pub(crate) fn denied_by(name: &str) -> String {
        DENIED_BY.with(&[("name", name.into())])
    }

    pub(crate) fn answered_by(name: &str) -> String {
        ANSWERED_BY.with(&[("name", name.into())])
    }

    pub(crate) fn with_reason(what: &str, reason: &str) -> String {
        WITH_REASON.with(&[("what", what.into()), ("reason", reason.into())])
    }

    pub(crate) fn quorum(given: usize, needed: u64) -> String {
        QUORUM.with(&[("given", (given as f64).into()), ("needed", (needed as f64).into())])
    }

    pub(crate) fn approval_needed(what: &str, because: &str) -> String {
        APPROVAL_NEEDED.with(&[("what", what.into()), ("because", because.into())])
    }

    pub(crate) fn in_doubt(what: &str) -> String {
        NOBODY_SAW.with(&[("what", what.into())])
    }

    pub(crate) fn started_at(time: &str, because: &str) -> String {
        STARTED_AT.with(&[("time", time.into()), ("because", because.into())])
    }

    pub(crate) fn doubtful(because: &str) -> String {
        DOUBTFUL.with(&[("because", because.into())])
    }

    pub(crate) fn forbidden(because: &str) -> String {
        FORBIDDEN.with(&[("because", because.into())])
    }

    pub(crate) fn undo_for(millis: u64) -> String {
        UNDO_FOR.with(&[("time", elapsed(millis).into())])
    }

    pub(crate) fn starts_in(seconds: u64) -> String {
        STARTS.with(&[("when", from_now(seconds, "second").into())])
    }

    pub(crate) fn from_tool(title: &str) -> String {
        FROM_TOOL.with(&[("tool", title.into())])
    }

    pub(crate) fn bound_any(name: &str) -> String {
        BOUND_ANY.with(&[("name", name.into())])
    }

    pub(crate) fn bound_most(name: &str, most: &str) -> String {
        BOUND_MOST.with(&[("name", name.into()), ("most", most.into())])
    }

    pub(crate) fn bound_only(name: &str, value: &str) -> String {
        BOUND_ONLY.with(&[("name", name.into()), ("value", value.into())])
    }

    pub(crate) fn with_changes(what: &str) -> String {
        WITH_CHANGES.with(&[("what", what.into())])
    }

    pub(crate) fn show_hidden(count: usize) -> String {
        SHOW_HIDDEN.with(&[("number", count.into())])
    }

    pub(crate) fn item(at: usize) -> String {
        ITEM.with(&[("number", at.into())])
    }

    pub(crate) fn faults(count: usize) -> String {
        FAULTS.with(&[("number", count.into())])
    }

    pub(crate) fn confirm_type() -> String {
        CONFIRM_TYPE.with(&[("word", CONFIRM_WORD.get().into())])
    }

    pub(crate) fn seconds(millis: u64) -> String {
        elapsed(millis)
    }

    /// How long a person has to decide, in the largest unit that says it.
    pub(crate) fn expires_in(millis: u64) -> String {
        let minutes = millis / 60_000;
        let when = match minutes {
            0 => return EXPIRES_SOON.get(),
            1..120 => from_now(minutes, "minute"),
            120..2880 => from_now(minutes / 60, "hour"),
            _ => from_now(minutes / 1440, "day"),
        };
        EXPIRES.with(&[("when", when.into())])
    }
}

//! The append-only record of a run: what was decided, in order, chained by hashes.
//!
//! The chain finds accident and foreign tools. It is no defence against a script of the same
//! origin, which can write a whole new chain.

pub(crate) mod form;

use serde_json::Value;

use crate::approval::{Approver, Decision, Settlement};
use crate::id::{CallId, RunId, Timestamp};
use crate::json::{self, Digest, canonical, digest, digest_text};
use crate::message::ModelResponse;
use crate::plan::{Action, Planned};
use crate::run::{Spec, ToolOutcome};
use form::{Form as _, Misfit};

/// The version of the stored form that this code writes.
pub const VERSION: u64 = 1;

/// One fact of a run's life, as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// The run began.
    Started(Spec),
    /// The model answered, and this is what was made of it. The verdicts are kept and not made
    /// anew by a replay, so that no later version of the policy changes what was asked.
    Answered {
        /// Which turn.
        turn: u32,
        /// The whole answer.
        response: ModelResponse,
        /// What became of it.
        planned: Planned,
        /// Turns of the conversation that the question left out.
        left_out: u32,
    },
    /// A person decided.
    Decided {
        /// About which call.
        call: CallId,
        /// What.
        decision: Decision,
        /// The digest of the action with the arguments that will run.
        digest: Digest,
        /// Who.
        by: Approver,
    },
    /// The tool is about to be called.
    ToolStarted {
        /// For which call.
        call: CallId,
        /// Counts from 1.
        attempt: u32,
        /// The idempotency key that the tool is given.
        key: String,
    },
    /// The tool answered.
    ToolFinished {
        /// For which call.
        call: CallId,
        /// Which attempt.
        attempt: u32,
        /// What.
        outcome: ToolOutcome,
    },
    /// Someone said what became of a call in doubt.
    Settled {
        /// Which call.
        call: CallId,
        /// What became of it.
        settlement: Settlement,
        /// Who said so.
        by: Approver,
    },
    /// The time to decide is over.
    Expired {
        /// Which call.
        call: CallId,
    },
    /// The person stopped the run.
    Cancelled {
        /// Who.
        by: Approver,
    },
    /// Someone else carries the run on, from storage alone.
    Resumed,
    /// A card was in front of a person.
    Viewed {
        /// Which call.
        call: CallId,
        /// The digest of what was shown.
        digest: Digest,
        /// Who, as far as the page knows.
        by: Approver,
    },
    /// A person wants more time to decide, or to be asked again after it.
    Extended {
        /// About which call.
        call: CallId,
        /// Until when.
        until: Timestamp,
        /// Who.
        by: Approver,
    },
    /// A person took an approval back before the call began.
    TakenBack {
        /// Of which call.
        call: CallId,
        /// Who.
        by: Approver,
    },
    /// What a person was asked about is not so any more, and they are asked about this instead.
    Reasked {
        /// Which call.
        call: CallId,
        /// What it is now.
        action: Box<Action>,
    },
    /// The run was given to another keeper, and whoever wrote this does nothing more with it.
    HandedOver {
        /// To whom, by the name that its tools bear; see [`crate::tool::Toolbox::kept_by`].
        to: String,
        /// Who gave it away.
        by: Approver,
    },
}

impl Record {
    /// Whether the record must be on the disk before anything after it is done.
    pub fn is_strict(&self) -> bool {
        !matches!(self, Self::Resumed | Self::Viewed { .. })
    }

    /// Its name in the stored form.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Started(_) => "started",
            Self::Answered { .. } => "answered",
            Self::Decided { .. } => "decided",
            Self::ToolStarted { .. } => "tool_started",
            Self::ToolFinished { .. } => "tool_finished",
            Self::Settled { .. } => "settled",
            Self::Expired { .. } => "expired",
            Self::Cancelled { .. } => "cancelled",
            Self::Resumed => "resumed",
            Self::Viewed { .. } => "viewed",
            Self::Extended { .. } => "extended",
            Self::TakenBack { .. } => "taken_back",
            Self::Reasked { .. } => "reasked",
            Self::HandedOver { .. } => "handed_over",
        }
    }
}

/// The end of a journal: what an append must find there, else it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of entries.
    pub len: u64,
    /// The last entry's hash; of an empty journal, a digest of the run's id.
    pub hash: Digest,
    /// How often the run was taken over.
    pub epoch: u64,
}

impl Head {
    /// The head of a journal with no entry.
    pub fn empty(run: &RunId) -> Self {
        Self { len: 0, hash: digest_text(run.as_str()), epoch: 0 }
    }
}

/// A record in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Whose.
    pub run: RunId,
    /// Counts from 0.
    pub seq: u64,
    /// When, by the clock of whoever wrote it.
    pub at: Timestamp,
    /// How often the run had been taken over, this entry included.
    pub epoch: u64,
    /// What.
    pub record: Record,
    /// The hash before.
    pub prev: Digest,
    /// The digest of all of the above.
    pub hash: Digest,
}

/// Why a stored journal is not to be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// A later version wrote it.
    #[error("entry {seq} was written by a newer version of Holdpoint ({found})")]
    TooNew {
        /// Where.
        seq: u64,
        /// What it says of its version or kind.
        found: String,
    },
    /// It is not what was written.
    #[error("entry {seq} was changed since it was written: {why}")]
    Altered {
        /// Where.
        seq: u64,
        /// How that shows.
        why: &'static str,
    },
    /// Entries are missing.
    #[error("expected {expected} entries, found {found}")]
    Incomplete {
        /// By the head.
        expected: u64,
        /// In the store.
        found: u64,
    },
    /// The chain holds, and yet an entry cannot follow the one before.
    #[error("entry {seq} does not fit the run it belongs to")]
    Misfit {
        /// Where.
        seq: u64,
    },
}

impl JournalError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooNew { .. } => "journal_too_new",
            Self::Altered { .. } => "journal_altered",
            Self::Incomplete { .. } => "journal_incomplete",
            Self::Misfit { .. } => "journal_misfit",
        }
    }
}

impl Entry {
    /// Puts a record at the end of a journal.
    pub fn seal(run: &RunId, head: &Head, at: Timestamp, record: Record) -> Self {
        let epoch = head.epoch + u64::from(matches!(record, Record::Resumed));
        let mut entry = Self {
            run: run.clone(),
            seq: head.len,
            at,
            epoch,
            record,
            prev: head.hash,
            hash: head.hash,
        };
        entry.hash = digest(&entry.unsealed());
        entry
    }

    /// The head of the journal that ends with this entry.
    pub fn head(&self) -> Head {
        Head { len: self.seq + 1, hash: self.hash, epoch: self.epoch }
    }

    /// The stored form: canonical JSON.
    pub fn to_text(&self) -> String {
        canonical(&self.to_value())
    }

    /// The stored form as a value; see `docs/journal-format.md`.
    pub fn to_value(&self) -> Value {
        let mut value = self.write();
        if let Value::Object(fields) = &mut value {
            json::put(fields, "v", VERSION.into());
        }
        value
    }

    /// Reads the entry that must follow `head`.
    ///
    /// # Errors
    /// - [`JournalError::TooNew`] for a version or a kind of record that this code does not know
    /// - [`JournalError::Altered`] for anything else that differs from what was written
    ///
    /// # Examples
    /// ```
    /// use holdpoint_core::id::{RunId, Timestamp};
    /// use holdpoint_core::journal::{Entry, Head, Record};
    ///
    /// let run = RunId::new("run-1");
    /// let head = Head::empty(&run);
    /// let text = Entry::seal(&run, &head, Timestamp::from_millis(7), Record::Resumed).to_text();
    /// assert_eq!(Entry::parse(&text, &run, &head)?.at, Timestamp::from_millis(7));
    ///
    /// let altered = text.replace(r#""at":7"#, r#""at":8"#);
    /// let error = Entry::parse(&altered, &run, &head).map(|_| ()).unwrap_err();
    /// assert_eq!(error.code(), "journal_altered");
    /// # Ok::<(), holdpoint_core::journal::JournalError>(())
    /// ```
    pub fn parse(text: &str, run: &RunId, head: &Head) -> Result<Self, JournalError> {
        let seq = head.len;
        let altered = |why| JournalError::Altered { seq, why };
        let value = json::read(text).map_err(|_| altered("it is not JSON"))?;
        let Value::Object(fields) = value else { return Err(altered("it has no hash")) };
        let (fields, Some(hash)) = json::without(fields, "hash") else {
            return Err(altered("it has no hash"));
        };
        let version = fields.get("v").cloned().unwrap_or_default();
        if version != VERSION {
            return Err(match version.as_u64() {
                Some(newer) if newer > VERSION => {
                    JournalError::TooNew { seq, found: newer.to_string() }
                }
                _ => altered("it has no version"),
            });
        }
        let mut content = Value::Object(fields);
        let computed = Value::from(digest(&content));
        if hash != computed {
            return Err(altered("its hash does not match its content"));
        }
        if let Value::Object(fields) = &mut content {
            json::put(fields, "hash", computed);
        }
        let mut misfit = Misfit::default();
        let entry = Self::read(content, &mut misfit);
        if let Some(found) = misfit.0 {
            // The content is what was written, so someone newer wrote what cannot be read.
            return Err(JournalError::TooNew { seq, found: found.to_owned() });
        }
        if entry.run != *run || entry.seq != seq {
            return Err(altered("it is not in its place"));
        }
        if entry.prev != head.hash
            || entry.epoch != head.epoch + u64::from(matches!(entry.record, Record::Resumed))
        {
            return Err(altered("it does not follow the entry before"));
        }
        Ok(entry)
    }

    /// What the hash is of: all but the hash.
    fn unsealed(&self) -> Value {
        match self.to_value() {
            Value::Object(fields) => Value::Object(json::without(fields, "hash").0),
            other => other,
        }
    }
}

/// Whether this text is an entry with this hash: the check that an append makes of the entry it
/// relies on, in the same transaction.
pub fn is_intact(text: &str, hash: &Digest) -> bool {
    let Ok(Value::Object(fields)) = json::read(text) else { return false };
    let (fields, stored) = json::without(fields, "hash");
    digest(&Value::Object(fields)) == *hash && stored == Some((*hash).into())
}

//! What the world can fail with, and how it is told.

use holdpoint_core::id::Timestamp;

use super::PATIENCE_MS;

/// Why the store did not do it. Nothing was changed, but by [`StoreError::Silent`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Someone else appended first.
    #[error("the run was changed by someone else")]
    Conflict,
    /// The basis is not what it was.
    #[error("entry {seq} of the run was changed in the store since it was written")]
    Altered {
        /// Where.
        seq: u64,
    },
    /// There were journals, and they are gone.
    #[error("what was kept here is gone: this site's data was deleted, all of it or a part")]
    Cleared,
    /// The disk, or this site's share of it, is full.
    #[error("this browser has no room left for this site")]
    Full,
    /// Another tab holds an older version of the database open.
    #[error("another tab with an older version keeps the database")]
    Blocked,
    /// A later version made the database.
    #[error("a newer version of this page made the database")]
    TooNew,
    /// There is no storage here: a sandboxed frame, or a setting of the person's.
    #[error("this page may not store anything: {0}")]
    Refused(String),
    /// No answer came for so long that a person should know; one may still come.
    #[error("the browser's storage has not answered for {} seconds", PATIENCE_MS / 1_000)]
    Silent,
    /// Anything else, such as a lost connection that did not come back.
    #[error("the browser's storage failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Conflict => "storage_conflict",
            Self::Altered { .. } => "journal_altered",
            Self::Cleared => "storage_cleared",
            Self::Full => "storage_full",
            Self::Blocked => "storage_blocked",
            Self::TooNew => "storage_too_new",
            Self::Refused(_) => "storage_refused",
            Self::Silent | Self::Failed(_) => "storage_failed",
        }
    }

    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Conflict => "nothing; the newest state is shown",
            Self::Altered { .. } => {
                "do not trust this run; export it, find out what changed the database, and ask again"
            }
            Self::Cleared => {
                "look where it would show whether what was under way has happened, then ask again"
            }
            Self::Full => "free some space for this site, then try again",
            Self::Blocked | Self::TooNew => "reload every tab of this page",
            Self::Refused(_) => {
                "what is done here is forgotten with the page; allow this site to store data, or open the page outside the frame"
            }
            Self::Silent => "wait, or reload the page; what was saved is kept",
            Self::Failed(_) => "reload the page; what was saved is kept",
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    /// A stable code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub fix: String,
    /// What asking again may come to.
    pub retry: Retry,
}

/// What asking the model again may come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The same: something has to be changed first.
    Never,
    /// An answer, after a while.
    Later {
        /// The least time to wait in milliseconds, where whoever refused said one.
        after_ms: Option<u64>,
    },
    /// The browser says that there is no network: an answer, when there is one.
    Online,
}

impl Retry {
    /// What the status of an answer promises: too slow, in each other's way, too many, or a fault
    /// of the server's. Every other refusal stays the same.
    pub fn of_status(status: u16, after_ms: Option<u64>) -> Self {
        match status {
            408 | 409 | 429 | 500.. => Self::Later { after_ms },
            _ => Self::Never,
        }
    }

    /// What a provider's own word for an error promises, as it stands in a stream: some write a
    /// name, some the status. The same name is told with more or less at its ends.
    pub fn of_code(code: &str) -> Self {
        if let Ok(status) = code.parse() {
            return Self::of_status(status, None);
        }
        let passing = [
            "overloaded",
            "rate_limit",
            "server_error",
            "api_error",
            "upstream_error",
            "timeout",
            "unavailable",
            "unreachable",
            "shutting_down",
        ];
        if passing.iter().any(|word| code.contains(word)) {
            Self::Later { after_ms: None }
        } else {
            Self::Never
        }
    }
}

/// What keeps a run from going on; nothing is lost by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// A stable code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub fix: String,
    /// What kind it is.
    pub kind: TroubleKind,
}

/// Kinds of [`Trouble`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// The model gave no answer; it can be asked again.
    Model,
    /// The model gave no answer and is asked again by itself.
    Retrying {
        /// The attempt that comes next; the first question was 1.
        attempt: u32,
        /// How many there are at most.
        of: u32,
        /// When.
        at: Timestamp,
    },
    /// There is no network; the model is asked when there is.
    Offline,
    /// The store failed; the last step was not taken and can be tried again.
    Storage,
    /// The record cannot be trusted or read; nothing of it will run.
    Quarantined,
    /// The record is gone, or all records are; whatever is asked next begins anew.
    Cleared,
    /// A call may run, but its tool is not registered or was changed.
    Tool,
}

impl Trouble {
    /// The trouble with the store.
    pub fn of_store(error: &StoreError) -> Self {
        let kind = match error {
            StoreError::Altered { .. } => TroubleKind::Quarantined,
            StoreError::Cleared => TroubleKind::Cleared,
            _ => TroubleKind::Storage,
        };
        Self {
            code: error.code().to_owned(),
            message: error.to_string(),
            fix: error.fix().to_owned(),
            kind,
        }
    }
}

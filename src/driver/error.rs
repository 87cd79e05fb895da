//! Why the driver did not do what it was asked to do.

use holdpoint_core::run::Rejection;

use super::ports::{StoreError, Trouble, TroubleKind};

/// Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DriveError {
    /// There is no such run.
    #[error("there is no such run")]
    UnknownRun,
    /// There is no such call.
    #[error("there is no such call")]
    UnknownCall,
    /// The run's record cannot be trusted.
    #[error("the run's record cannot be trusted, so nothing of it is executed")]
    Unreadable,
    /// The tool has no way to tell, or does not know.
    #[error("the tool cannot tell whether it happened")]
    CannotTell,
    /// The tool failed while it was asked.
    #[error("the tool failed while it was asked: {0}")]
    CheckFailed(String),
    /// What was approved is not so any more.
    #[error("what this is about has changed since it was shown")]
    ChangedSince,
    /// A person is asked about such a call each time.
    #[error("a person is asked about such a call each time")]
    NotToRemember,
    /// The run did not wait for it.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// It could not be saved.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DriveError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownRun => "unknown_run",
            Self::UnknownCall => "unknown_call",
            Self::Unreadable => "journal_altered",
            Self::CannotTell => "cannot_tell",
            Self::CheckFailed(_) => "check_failed",
            Self::ChangedSince => "changed_since",
            Self::NotToRemember => "rule_refused",
            Self::Rejected(rejection) => rejection.code(),
            Self::Store(error) => error.code(),
        }
    }

    /// The same as something that keeps a run from going on.
    pub(super) fn trouble(&self, kind: TroubleKind) -> Trouble {
        Trouble {
            code: self.code().to_owned(),
            message: self.to_string(),
            fix: self.fix().to_owned(),
            kind,
        }
    }

    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::UnknownRun | Self::UnknownCall => "look the id up in `runs` and `pending`",
            Self::Unreadable => "export the run, find out what changed it, and ask again",
            Self::CannotTell | Self::CheckFailed(_) => {
                "find out elsewhere, then say whether it happened"
            }
            Self::NotToRemember => "decide about this one call",
            Self::ChangedSince => "look at what has changed, then decide",
            Self::Rejected(rejection) => match rejection {
                Rejection::ToolMissing(_) => "register the tool again",
                Rejection::ToolChanged(_) => "deny this call and ask again",
                Rejection::DigestMismatch => "pass the digest of the call that is waiting",
                Rejection::HandedOver => "decide where it goes on",
                Rejection::Busy => "wait until nothing of it is under way, then try again",
                Rejection::InvalidArguments(_) | Rejection::Forbidden(_) => {
                    "change the arguments, or approve them as they were proposed"
                }
                _ => "nothing; the newest state is shown",
            },
            Self::Store(error) => error.fix(),
        }
    }
}

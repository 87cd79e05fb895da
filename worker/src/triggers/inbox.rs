//! A table as a queue: whoever can write to the database inserts a row, in a transaction of their
//! own business, and it becomes a job. Row and job change in one transaction, so a row is one job.

use std::time::Duration;

use holdpoint_core::json::{Limits, parse};

use crate::intake::Begun;
use crate::store::InboxRow;
use crate::{ApiError, Shared};

pub(super) async fn work(shared: &Shared) {
    if !shared.config.workflows.values().any(|workflow| workflow.inbox) {
        return;
    }
    loop {
        let begin = |row: &InboxRow| {
            shared.begin_row(row).map_err(|error| format!("{}: {error}", error.status().1))
        };
        match shared.store.take_inbox(AT_ONCE, &begin).await {
            Ok(0) => {}
            Ok(_) => {
                shared.due.notify_one();
                shared.changed.notify_waiters();
                continue;
            }
            Err(error) => tracing::error!(%error, "the inbox could not be read"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

impl Shared {
    fn begin_row(&self, row: &InboxRow) -> Result<Begun, ApiError> {
        let limits = Limits { bytes_max: BYTES_MAX, ..Limits::default() };
        let input = parse(&row.input, &limits).map_err(ApiError::JsonInvalid)?;
        let workflow = self.config.workflows.get(&row.workflow).filter(|workflow| workflow.inbox);
        let workflow = workflow.ok_or_else(|| ApiError::WorkflowUnknown(row.workflow.clone()))?;
        self.begin(workflow, REQUESTER, Some(&row.id), &input)
    }
}

pub(super) const REQUESTER: &str = "inbox";

const AT_ONCE: u32 = 32;
const BYTES_MAX: usize = 256 * 1024;

/// Whoever inserts a row wakes nobody here.
const LOOK: Duration = Duration::from_secs(1);

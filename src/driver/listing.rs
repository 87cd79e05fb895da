//! What stands beside the journals: the list of calls for runs that an older version wrote, and
//! decisions that were made where no run can be carried on.

use holdpoint_core::approval::{Approver, Decision};
use holdpoint_core::id::RunId;
use holdpoint_core::json::digest_text;
use holdpoint_core::run::replay;

use super::ports::{CallRow, Deferred, StoreError, World, in_time};
use super::{DriveError, Driver};

impl Driver {
    /// Puts the calls of old runs into the list of calls, a few runs at a time.
    ///
    /// # Errors
    /// The store's; what is left is for the next time.
    pub async fn enlist_old(&self) -> Result<(), StoreError> {
        let World { store, runtime, .. } = &self.world;
        let mut before = Vec::new();
        loop {
            let runs = in_time(&**runtime, store.unlisted()).await?;
            // Those that somebody else damaged so that they cannot be found stay as they are.
            if runs.is_empty() || runs == before {
                return Ok(());
            }
            for run in &runs {
                self.enlist(run).await?;
            }
            before = runs;
            // Whoever waits for the store comes first.
            runtime.sleep(0).await;
        }
    }

    async fn enlist(&self, run: &RunId) -> Result<(), StoreError> {
        let store = &self.world.store;
        let Some(stored) = store.read(run, 0).await? else { return Ok(()) };
        let head = stored.row.head;
        // A record that cannot be trusted has nothing to list; what is wrong with it is told where
        // it is opened.
        let calls = replay(run, Some(&head), stored.entries.iter().map(String::as_str))
            .map(|run| CallRow::all(&run))
            .unwrap_or_default();
        store.enlist(run, head, calls).await
    }

    /// Takes in what was decided where no run can be carried on, each once. What came to nothing is
    /// given back with the reason, such as that somebody else was first.
    ///
    /// # Errors
    /// The store's; what is left is for the next time.
    pub async fn take_deferred(
        &self,
        by: &Approver,
    ) -> Result<Vec<(Deferred, Option<DriveError>)>, StoreError> {
        let World { store, runtime, .. } = &self.world;
        let mut taken = Vec::new();
        for deferred in in_time(&**runtime, store.deferred()).await? {
            let decision = match deferred.approves {
                true => Decision::Approve { arguments: None, note: None },
                false => Decision::Deny { reason: None },
            };
            // What is no digest matches none.
            let digest = deferred.digest.parse().unwrap_or_else(|_| digest_text(""));
            let done = self.decide(&deferred.call, decision, digest, by.clone()).await;
            if let Err(DriveError::Store(error)) = done {
                return Err(error);
            }
            store.forget_deferred(&deferred.run, &deferred.call).await?;
            taken.push((deferred, done.err()));
        }
        Ok(taken)
    }
}

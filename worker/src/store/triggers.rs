//! What starts jobs besides requests: ticks of schedules, and rows of the inbox.

use sqlx::{AssertSqlSafe, Row, query};

use super::{Accepted, Dialect, NewJob, Store, StoreError, accept, count, millis};
use crate::intake::Begun;
use crate::view::Changes;

/// A row that someone inserted.
#[derive(Debug)]
pub struct InboxRow {
    /// Its key: the same one is the same job.
    pub id: String,
    /// The workflow's name.
    pub workflow: String,
    /// The input, as JSON.
    pub input: String,
}

impl Store {
    /// The latest tick of a schedule that was made. One that is new begins now, with none made up.
    ///
    /// # Errors
    /// The database's.
    pub async fn last_tick(&self, schedule: &str, now: u64) -> Result<u64, StoreError> {
        let insert = "INSERT INTO schedules (id, last) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        query(insert).bind(schedule).bind(millis(now)).execute(&self.pool).await?;
        let select = query("SELECT last FROM schedules WHERE id = $1").bind(schedule);
        Ok(count(select.fetch_one(&self.pool).await?.try_get(0)?))
    }

    /// Takes the job of a tick in, unless another worker did.
    ///
    /// # Errors
    /// The database's; then the tick is still to be made.
    pub async fn tick(
        &self,
        schedule: &str,
        tick: u64,
        job: NewJob<'_>,
        changes: &Changes,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // Locks the row, so that of two workers the second one finds that the tick was made.
        let update = "UPDATE schedules SET last = $1 WHERE id = $2 AND last < $1";
        let update = query(update).bind(millis(tick)).bind(schedule);
        if update.execute(&mut *tx).await?.rows_affected() > 0 {
            accept(&mut tx, job, changes).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Makes jobs of rows, at most so many, and says how many rows there were. A row of which none
    /// can be made stays, with the reason; it is looked at again when `refused` is null again.
    ///
    /// # Errors
    /// The database's; then the rows are as they were.
    pub(crate) async fn take_inbox(
        &self,
        max: u32,
        begin: &(dyn Fn(&InboxRow) -> Result<Begun, String> + Sync),
    ) -> Result<usize, StoreError> {
        let some = "SELECT id FROM holdpoint_inbox WHERE refused IS NULL LIMIT 1";
        if query(some).fetch_optional(&self.pool).await?.is_none() {
            return Ok(0);
        }
        let mut tx = self.begin().await?;
        let mut select =
            "SELECT id, workflow, input FROM holdpoint_inbox WHERE refused IS NULL LIMIT $1"
                .to_owned();
        if self.dialect == Dialect::Postgres {
            select.push_str(" FOR UPDATE SKIP LOCKED");
        }
        let rows = query(AssertSqlSafe(select)).bind(i64::from(max)).fetch_all(&mut *tx).await?;
        for row in &rows {
            let row =
                InboxRow { id: row.try_get(0)?, workflow: row.try_get(1)?, input: row.try_get(2)? };
            let refused = match begin(&row) {
                Ok(begun) => match accept(&mut tx, begun.job(), &begun.changes).await? {
                    Accepted::New | Accepted::Repeated(_) => None,
                    Accepted::Mismatch => {
                        Some("idempotency_mismatch: this id was used with another input".to_owned())
                    }
                },
                Err(refused) => Some(refused),
            };
            let done = match &refused {
                None => query("DELETE FROM holdpoint_inbox WHERE id = $1").bind(&row.id),
                Some(refused) => query("UPDATE holdpoint_inbox SET refused = $1 WHERE id = $2")
                    .bind(refused)
                    .bind(&row.id),
            };
            done.execute(&mut *tx).await?;
            if let Some(refused) = refused {
                tracing::error!(id = row.id, refused, "a row of the inbox became no job");
            }
        }
        tx.commit().await?;
        Ok(rows.len())
    }
}

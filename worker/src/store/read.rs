//! What is read of jobs, runs and approvals.

use holdpoint_core::id::RunId;
use holdpoint_core::journal::Head;
use holdpoint_core::json::Digest;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{Row, query};

use super::{Store, StoreError, count, id, millis};

/// A job with the row of its run.
#[derive(Clone, Debug)]
pub struct JobRow {
    /// Its id, which is its run's.
    pub run: RunId,
    /// The workflow's name.
    pub workflow: String,
    /// Who asked.
    pub requester: String,
    /// When.
    pub created: u64,
    /// When its last entry was made.
    pub updated: u64,
    /// The run's state in one word.
    pub status: String,
    /// The end of its journal.
    pub head: Head,
    /// Why it cannot go on for now.
    pub trouble: Option<String>,
}

impl JobRow {
    fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let hash: String = row.try_get(7)?;
        let hash = hash.parse::<Digest>().map_err(|error| sqlx::Error::Decode(error.into()))?;
        Ok(Self {
            run: id(row, 0)?,
            workflow: row.try_get(1)?,
            requester: row.try_get(2)?,
            created: count(row.try_get(3)?),
            updated: count(row.try_get(4)?),
            status: row.try_get(5)?,
            head: Head { len: count(row.try_get(6)?), hash, epoch: count(row.try_get(8)?) },
            trouble: row.try_get(9)?,
        })
    }
}

impl Store {
    /// A job with its journal, read in one transaction.
    ///
    /// # Errors
    /// The database's.
    pub async fn read(&self, run: &RunId) -> Result<Option<(JobRow, Vec<String>)>, StoreError> {
        // PostgreSQL would show each statement another state; one statement is of one state.
        let select = "SELECT j.id, j.workflow, j.requester, j.created, r.updated, r.status, r.len, \
             r.hash, r.epoch, r.trouble, e.text FROM jobs j JOIN runs r ON r.run = j.id \
             JOIN entries e ON e.run = r.run WHERE j.id = $1 ORDER BY e.seq";
        let rows = query(select).bind(run.as_str()).fetch_all(&self.pool).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let job = JobRow::read(first)?;
        let entries = rows.iter().map(|row| row.try_get(10)).collect::<Result<_, _>>()?;
        Ok(Some((job, entries)))
    }

    /// The newest jobs.
    ///
    /// # Errors
    /// The database's.
    pub async fn jobs(&self, max: u32) -> Result<Vec<JobRow>, StoreError> {
        let select = "SELECT j.id, j.workflow, j.requester, j.created, r.updated, r.status, r.len, \
             r.hash, r.epoch, r.trouble FROM jobs j JOIN runs r ON r.run = j.id \
             ORDER BY j.created DESC, j.id DESC LIMIT $1";
        let rows = query(select).bind(i64::from(max)).fetch_all(&self.pool).await?;
        Ok(rows.iter().map(JobRow::read).collect::<Result<_, _>>()?)
    }

    /// Jobs that changed at a time or later, in that order.
    ///
    /// # Errors
    /// The database's.
    pub async fn changed_since(&self, since: u64) -> Result<Vec<JobRow>, StoreError> {
        let select = "SELECT j.id, j.workflow, j.requester, j.created, r.updated, r.status, r.len, \
             r.hash, r.epoch, r.trouble FROM jobs j JOIN runs r ON r.run = j.id \
             WHERE r.updated >= $1 ORDER BY r.updated LIMIT 1000";
        let rows = query(select).bind(millis(since)).fetch_all(&self.pool).await?;
        Ok(rows.iter().map(JobRow::read).collect::<Result<_, _>>()?)
    }

    /// Approvals of one status in one workflow, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn approvals(
        &self,
        workflow: &str,
        status: &str,
        max: u32,
    ) -> Result<Vec<Value>, StoreError> {
        let select = "SELECT body FROM approvals WHERE workflow = $1 AND status = $2 \
             ORDER BY created, call LIMIT $3";
        let rows = query(select)
            .bind(workflow)
            .bind(status)
            .bind(i64::from(max))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| body(row, 0)).collect()
    }

    /// All approvals of one run, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn approvals_of(&self, run: &RunId) -> Result<Vec<Value>, StoreError> {
        let select = "SELECT body FROM approvals WHERE run = $1 ORDER BY created, call";
        let rows = query(select).bind(run.as_str()).fetch_all(&self.pool).await?;
        rows.iter().map(|row| body(row, 0)).collect()
    }

    /// One approval, with the run that it is of.
    ///
    /// # Errors
    /// The database's.
    pub async fn approval(&self, call: &str) -> Result<Option<(RunId, Value)>, StoreError> {
        let select = "SELECT run, body FROM approvals WHERE call = $1";
        let row = query(select).bind(call).fetch_optional(&self.pool).await?;
        row.map(|row| Ok((id(&row, 0)?, body(&row, 1)?))).transpose()
    }
}

fn body(row: &AnyRow, column: usize) -> Result<Value, StoreError> {
    let text: String = row.try_get(column)?;
    Ok(serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(error.into()))?)
}

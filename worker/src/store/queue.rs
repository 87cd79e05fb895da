//! Which worker carries which run on.
//!
//! A lease is about liveness alone: what may be written is decided by the comparison of an append.
//! Whoever finds a lease that ran out takes the run over, and says so in its journal.

use holdpoint_core::id::RunId;
use sqlx::{AssertSqlSafe, Row, query};

use super::{Dialect, Store, StoreError, count, id, millis};

/// A run to carry on.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Which.
    pub run: RunId,
    /// Whether whoever held it before never let it go.
    pub taken_over: bool,
    /// How often in a row it could not go on.
    pub failures: u32,
}

/// How a run is let go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Release {
    /// It waits for what its journal says.
    Waiting,
    /// It cannot go on now and is tried again later.
    Later {
        /// When.
        due: u64,
        /// The length of the journal that this was found with.
        len: u64,
        /// For a person: a stable code and what happened.
        trouble: String,
    },
}

impl Store {
    /// Takes runs that are due and that nobody holds, at most so many.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim(
        &self,
        owner: &str,
        now: u64,
        lease_ms: u64,
        max: usize,
    ) -> Result<Vec<Claim>, StoreError> {
        let mut tx = self.begin().await?;
        let mut select = "SELECT run, owner, failures FROM runs \
             WHERE due <= $1 AND lease_until <= $1 ORDER BY due LIMIT $2"
            .to_owned();
        if self.dialect == Dialect::Postgres {
            select.push_str(" FOR UPDATE SKIP LOCKED");
        }
        let rows = query(AssertSqlSafe(select))
            .bind(millis(now))
            .bind(i64::try_from(max).unwrap_or(i64::MAX))
            .fetch_all(&mut *tx)
            .await?;
        let mut claims = Vec::with_capacity(rows.len());
        for row in rows {
            let run = id(&row, 0)?;
            query("UPDATE runs SET owner = $1, lease_until = $2 WHERE run = $3")
                .bind(owner)
                .bind(millis(now.saturating_add(lease_ms)))
                .bind(run.as_str())
                .execute(&mut *tx)
                .await?;
            let before: Option<String> = row.try_get(1)?;
            let failures = u32::try_from(row.try_get::<i64, _>(2)?).unwrap_or(u32::MAX);
            claims.push(Claim { run, taken_over: before.is_some(), failures });
        }
        tx.commit().await?;
        Ok(claims)
    }

    /// Holds on to a run.
    ///
    /// # Errors
    /// The database's.
    pub async fn renew(&self, run: &RunId, owner: &str, until: u64) -> Result<(), StoreError> {
        query("UPDATE runs SET lease_until = $1 WHERE run = $2 AND owner = $3")
            .bind(millis(until))
            .bind(run.as_str())
            .bind(owner)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Lets a run go. What someone has written meanwhile says when it is due.
    ///
    /// # Errors
    /// The database's; the lease then runs out by itself.
    pub async fn release(
        &self,
        run: &RunId,
        owner: &str,
        release: &Release,
    ) -> Result<(), StoreError> {
        if let Release::Later { due, len, trouble } = release {
            let update = "UPDATE runs SET due = $1, trouble = $2, failures = failures + 1 \
                 WHERE run = $3 AND owner = $4 AND len = $5";
            query(update)
                .bind(millis(*due))
                .bind(trouble.as_str())
                .bind(run.as_str())
                .bind(owner)
                .bind(millis(*len))
                .execute(&self.pool)
                .await?;
        }
        query("UPDATE runs SET owner = NULL, lease_until = 0 WHERE run = $1 AND owner = $2")
            .bind(run.as_str())
            .bind(owner)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// When the next run is due that nobody holds.
    ///
    /// # Errors
    /// The database's.
    pub async fn next_due(&self) -> Result<Option<u64>, StoreError> {
        let select = "SELECT MIN(CASE WHEN due > lease_until THEN due ELSE lease_until END) \
             FROM runs WHERE due IS NOT NULL";
        let row = query(select).fetch_one(&self.pool).await?;
        Ok(row.try_get::<Option<i64>, _>(0)?.map(count))
    }
}

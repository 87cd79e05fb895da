//! What is still to be told: each notice until its channel has taken it, at least once.

use holdpoint_core::id::RunId;
use sqlx::{AssertSqlSafe, Row, query};

use super::{Dialect, Store, StoreError, id, millis};

/// A notice to send.
#[derive(Clone, Debug)]
pub struct Due {
    /// Its id, by which a receiver knows a repeat.
    pub id: String,
    /// The run that it tells of.
    pub run: RunId,
    /// The channel's name, and after a `|` the person who is told there.
    pub channel: String,
    /// What to send.
    pub body: String,
    /// How often it was tried.
    pub attempts: u32,
    /// What must still be so.
    pub only_if: OnlyIf,
}

/// What must still be so when a notice is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnlyIf {
    /// It is sent in any case.
    Always,
    /// The call still waits for a decision about the same arguments.
    Pending,
    /// The channel was asked about this run before.
    Asked,
}

impl OnlyIf {
    pub(super) fn word(self) -> Option<&'static str> {
        match self {
            Self::Always => None,
            Self::Pending => Some("pending"),
            Self::Asked => Some("asked"),
        }
    }
}

impl Store {
    /// Takes notices that are due. Until `lease_ms` is over no one else does; after that it is
    /// taken for not sent.
    ///
    /// # Errors
    /// The database's.
    pub async fn due_notices(
        &self,
        now: u64,
        lease_ms: u64,
        max: u32,
    ) -> Result<Vec<Due>, StoreError> {
        let mut tx = self.begin().await?;
        let mut select = "SELECT id, channel, body, attempts, run, only_if FROM notices \
             WHERE due <= $1 ORDER BY due LIMIT $2"
            .to_owned();
        if self.dialect == Dialect::Postgres {
            select.push_str(" FOR UPDATE SKIP LOCKED");
        }
        let rows = query(AssertSqlSafe(select))
            .bind(millis(now))
            .bind(i64::from(max))
            .fetch_all(&mut *tx)
            .await?;
        let mut notices = Vec::with_capacity(rows.len());
        for row in rows {
            let notice = Due {
                id: row.try_get(0)?,
                channel: row.try_get(1)?,
                body: row.try_get(2)?,
                attempts: u32::try_from(row.try_get::<i64, _>(3)?).unwrap_or(u32::MAX),
                run: id(&row, 4)?,
                only_if: match row.try_get::<Option<String>, _>(5)?.as_deref() {
                    Some("pending") => OnlyIf::Pending,
                    Some("asked") => OnlyIf::Asked,
                    _ => OnlyIf::Always,
                },
            };
            query("UPDATE notices SET due = $1, attempts = attempts + 1 WHERE id = $2")
                .bind(millis(now.saturating_add(lease_ms)))
                .bind(notice.id.as_str())
                .execute(&mut *tx)
                .await?;
            notices.push(notice);
        }
        tx.commit().await?;
        Ok(notices)
    }

    /// A notice was taken by its channel.
    ///
    /// # Errors
    /// The database's; then it is sent once more.
    pub async fn notice_sent(&self, id: &str, now: u64) -> Result<(), StoreError> {
        query("UPDATE notices SET due = NULL, sent = $1, trouble = NULL WHERE id = $2")
            .bind(millis(now))
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// A notice was not taken: when to try again, or never.
    ///
    /// # Errors
    /// The database's; then it is tried again when its lease is over.
    pub async fn notice_failed(
        &self,
        id: &str,
        again: Option<u64>,
        trouble: &str,
    ) -> Result<(), StoreError> {
        query("UPDATE notices SET due = $1, trouble = $2 WHERE id = $3 AND sent IS NULL")
            .bind(again.map(millis))
            .bind(trouble)
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// A notice is not needed any more, and was not sent.
    ///
    /// # Errors
    /// The database's; then it is looked at again when its lease is over.
    pub async fn notice_dropped(&self, id: &str) -> Result<(), StoreError> {
        let update = "UPDATE notices SET due = NULL, attempts = 0, trouble = 'not needed any more' \
             WHERE id = $1";
        query(update).bind(id).execute(&self.pool).await?;
        Ok(())
    }

    /// Whether a channel was, or may have been, asked to decide about a run although it is not told
    /// of everything.
    ///
    /// # Errors
    /// The database's.
    pub async fn was_asked(&self, run: &RunId, channel: &str) -> Result<bool, StoreError> {
        let select = "SELECT id FROM notices \
             WHERE run = $1 AND channel = $2 AND only_if = 'pending' AND attempts > 0 LIMIT 1";
        let found = query(select).bind(run.as_str()).bind(channel);
        Ok(found.fetch_optional(&self.pool).await?.is_some())
    }
}

//! What is still to be told: each notice until its channel has taken it, at least once.

use sqlx::{AssertSqlSafe, Row, query};

use super::{Dialect, Store, StoreError, millis};

/// A notice to send.
#[derive(Clone, Debug)]
pub struct Due {
    /// Its id, by which a receiver knows a repeat.
    pub id: String,
    /// The channel's name.
    pub channel: String,
    /// What to send.
    pub body: String,
    /// How often it was tried.
    pub attempts: u32,
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
        let mut select = "SELECT id, channel, body, attempts FROM notices \
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
}

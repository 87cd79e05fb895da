//! Browsers that want to be told, each of one person.

use sqlx::any::AnyRow;
use sqlx::{Row, query};

use super::{Store, StoreError, millis};
use crate::push::Subscription;

impl Store {
    /// Keeps a subscription; one of the same browser takes its place, and whoever has very many
    /// loses the oldest.
    ///
    /// # Errors
    /// The database's.
    pub async fn subscribe(&self, given: &Subscription, now: u64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let upsert = "INSERT INTO subscriptions (id, endpoint, approver, p256dh, auth, page, since) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET \
             approver = excluded.approver, p256dh = excluded.p256dh, auth = excluded.auth, \
             page = excluded.page, since = excluded.since";
        query(upsert)
            .bind(given.id())
            .bind(given.endpoint.as_str())
            .bind(given.approver.as_str())
            .bind(given.p256dh.as_str())
            .bind(given.auth.as_str())
            .bind(given.page.as_deref())
            .bind(millis(now))
            .execute(&mut *tx)
            .await?;
        let delete = "DELETE FROM subscriptions WHERE approver = $1 AND id NOT IN \
             (SELECT id FROM subscriptions WHERE approver = $1 ORDER BY since DESC, id LIMIT $2)";
        query(delete).bind(given.approver.as_str()).bind(EACH_MAX).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Forgets a subscription of someone; whether there was one.
    ///
    /// # Errors
    /// The database's.
    pub async fn unsubscribe(&self, approver: &str, id: &str) -> Result<bool, StoreError> {
        let delete = query("DELETE FROM subscriptions WHERE approver = $1 AND id = $2");
        let done = delete.bind(approver).bind(id).execute(&self.pool).await?;
        Ok(done.rows_affected() > 0)
    }

    /// The browsers of one person.
    ///
    /// # Errors
    /// The database's.
    pub async fn subscriptions(&self, approver: &str) -> Result<Vec<Subscription>, StoreError> {
        let select = "SELECT endpoint, p256dh, auth, page FROM subscriptions \
             WHERE approver = $1 ORDER BY since DESC, id";
        let rows = query(select).bind(approver).fetch_all(&self.pool).await?;
        let read = |row: &AnyRow| {
            Ok(Subscription {
                endpoint: row.try_get(0)?,
                approver: approver.to_owned(),
                p256dh: row.try_get(1)?,
                auth: row.try_get(2)?,
                page: row.try_get(3)?,
            })
        };
        Ok(rows.iter().map(read).collect::<Result<_, sqlx::Error>>()?)
    }
}

/// Browsers of one person; nobody has as many that they use.
const EACH_MAX: i64 = 20;

//! Approvals of calls that need more than one person: each kept until the last of them decides.

use holdpoint_core::approval::Approver;
use holdpoint_core::id::{CallId, RunId, Timestamp};
use holdpoint_core::journal::Head;
use sqlx::{AnyConnection, Row, query};

use super::{Store, StoreError, count, millis, write_notices};
use crate::view::Notice;

/// One person's approval of one call.
#[derive(Clone, Debug)]
pub struct Endorsement {
    /// The call.
    pub call: CallId,
    /// The digest of what they were shown.
    pub digest: String,
    /// Who.
    pub by: Approver,
    /// When.
    pub at: Timestamp,
}

/// Given all approvals there are with the new one: what is to be told of it, or none where they are
/// enough to decide.
pub type Weigh<'a> = &'a (dyn Fn(&[Endorsement]) -> Option<Vec<Notice>> + Sync);

impl Store {
    /// Keeps an approval unless it is the last that was missing, and says whether it kept it. The
    /// last one is written with the decision that follows from it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the head is not the expected one, or the database's.
    pub async fn endorse(
        &self,
        expected: &Head,
        run: &RunId,
        endorsement: &Endorsement,
        weigh: Weigh<'_>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        // The comparison locks the row: two that come at once are weighed one after the other.
        let update = "UPDATE runs SET updated = $1 WHERE run = $2 AND len = $3 AND hash = $4";
        let updated = query(update)
            .bind(millis(endorsement.at.as_millis()))
            .bind(run.as_str())
            .bind(millis(expected.len))
            .bind(expected.hash.to_string())
            .execute(&mut *tx)
            .await?;
        if updated.rows_affected() == 0 {
            return Err(StoreError::Conflict);
        }
        write(&mut tx, endorsement).await?;
        let all = read(&mut tx, &endorsement.call, &endorsement.digest).await?;
        let Some(notices) = weigh(&all) else { return Ok(false) };
        write_notices(&mut tx, run, &notices).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The approvals of a call as it is shown by this digest, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn endorsements(
        &self,
        call: &CallId,
        digest: &str,
    ) -> Result<Vec<Endorsement>, StoreError> {
        let mut connection = self.pool.acquire().await.map_err(StoreError::Database)?;
        Ok(read(&mut connection, call, digest).await?)
    }
}

/// The same person counts once.
pub(super) async fn write(
    tx: &mut AnyConnection,
    endorsement: &Endorsement,
) -> Result<(), sqlx::Error> {
    let insert = "INSERT INTO endorsements (call, digest, approver, name, channel, at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (call, digest, approver) DO NOTHING";
    query(insert)
        .bind(endorsement.call.as_str())
        .bind(endorsement.digest.as_str())
        .bind(endorsement.by.id.as_str())
        .bind(endorsement.by.name.as_str())
        .bind(endorsement.by.channel.as_str())
        .bind(millis(endorsement.at.as_millis()))
        .execute(tx)
        .await?;
    Ok(())
}

async fn read(
    connection: &mut AnyConnection,
    call: &CallId,
    digest: &str,
) -> Result<Vec<Endorsement>, sqlx::Error> {
    let select = "SELECT approver, name, channel, at FROM endorsements \
         WHERE call = $1 AND digest = $2 ORDER BY at, approver";
    let rows = query(select).bind(call.as_str()).bind(digest).fetch_all(connection).await?;
    let endorsement = |row: &sqlx::any::AnyRow| {
        let (id, name, channel) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        Ok(Endorsement {
            call: call.clone(),
            digest: digest.to_owned(),
            by: Approver { id, name, channel, trusted: true },
            at: Timestamp::from_millis(count(row.try_get(3)?)),
        })
    };
    rows.iter().map(endorsement).collect()
}

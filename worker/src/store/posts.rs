//! What stands in a channel and can be changed there, and which signed requests were seen.

use holdpoint_core::id::RunId;
use sqlx::{Row, query};

use super::{Store, StoreError, millis};

/// A message that was posted about a call.
#[derive(Clone, Debug)]
pub struct Post {
    /// The notice that it was posted for.
    pub notice: String,
    /// The run.
    pub run: RunId,
    /// The call.
    pub call: String,
    /// The channel's name.
    pub channel: String,
    /// The channel, as the other side calls it.
    pub place: String,
    /// The message, as the other side calls it.
    pub ts: String,
    /// The state that it shows.
    pub shown: String,
}

impl Store {
    /// Keeps a message that was posted, unless it is known.
    ///
    /// # Errors
    /// The database's.
    pub async fn posted(&self, post: &Post) -> Result<(), StoreError> {
        let insert = "INSERT INTO posts (place, ts, notice, run, call, channel, shown) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
        query(insert)
            .bind(post.place.as_str())
            .bind(post.ts.as_str())
            .bind(post.notice.as_str())
            .bind(post.run.as_str())
            .bind(post.call.as_str())
            .bind(post.channel.as_str())
            .bind(post.shown.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// What was posted about a run in one channel, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn posts(&self, run: &RunId, channel: &str) -> Result<Vec<Post>, StoreError> {
        let select = "SELECT notice, call, place, ts, shown FROM posts \
             WHERE run = $1 AND channel = $2 ORDER BY ts";
        let rows = query(select).bind(run.as_str()).bind(channel).fetch_all(&self.pool).await?;
        let post = |row: &sqlx::any::AnyRow| {
            Ok(Post {
                notice: row.try_get(0)?,
                run: run.clone(),
                call: row.try_get(1)?,
                channel: channel.to_owned(),
                place: row.try_get(2)?,
                ts: row.try_get(3)?,
                shown: row.try_get(4)?,
            })
        };
        Ok(rows.iter().map(post).collect::<Result<_, sqlx::Error>>()?)
    }

    /// A message shows another state now.
    ///
    /// # Errors
    /// The database's; then it is brought up to date once more.
    pub async fn post_shows(&self, post: &Post, shown: &str) -> Result<(), StoreError> {
        query("UPDATE posts SET shown = $1 WHERE place = $2 AND ts = $3")
            .bind(shown)
            .bind(post.place.as_str())
            .bind(post.ts.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Whether a signature is seen for the first time; it is known until it would be too old anyway.
    ///
    /// # Errors
    /// The database's; then it was not seen.
    pub async fn is_new(&self, key: &str, now: u64, until: u64) -> Result<bool, StoreError> {
        query("DELETE FROM seen WHERE until < $1").bind(millis(now)).execute(&self.pool).await?;
        let insert = "INSERT INTO seen (key, until) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let inserted = query(insert).bind(key).bind(millis(until)).execute(&self.pool).await?;
        Ok(inserted.rows_affected() == 1)
    }
}

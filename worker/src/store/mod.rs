//! Where jobs, journals, approvals and notices are kept: SQLite or PostgreSQL, by the same SQL.
//!
//! An append compares the head, checks the basis, adds the entry and writes what follows from it
//! (the row, the approvals, the notices), all in one transaction: what is to be told of an entry is
//! as durable as the entry. This room knows no tool and no channel.

mod endorsements;
mod notices;
mod posts;
mod queue;
mod read;
mod subscriptions;
mod triggers;

pub use endorsements::{Endorsement, Weigh};
pub use notices::{Due, OnlyIf};
pub use posts::Post;
pub use queue::{Claim, Release};
pub use read::JobRow;
pub use triggers::InboxRow;

use std::time::Duration;

use holdpoint_core::id::RunId;
use holdpoint_core::journal::{Entry, Head, Record, is_intact};
use holdpoint_core::run::Run;
use sqlx::AnyConnection;
use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyPool, Row, SqlSafeStr, Transaction, query};

use crate::view::{Changes, Notice};

/// A database with all that workers share.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    dialect: Dialect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Sqlite,
    Postgres,
}

/// Why the store did not do it; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Someone else appended first.
    #[error("the run was changed by someone else")]
    Conflict,
    /// The entry that this one relies on is not what it was.
    #[error("entry {seq} of the run was changed in the store since it was written")]
    Altered {
        /// Where.
        seq: u64,
    },
    /// The URL is of a database that is not known here.
    #[error("expected sqlite:…, postgres:… or postgresql:… as the database")]
    Scheme,
    /// The tables cannot be made, or a newer version made them.
    #[error("the tables of the database cannot be brought up to date")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The database cannot be reached, or failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

/// A job as it comes in, with the run that it begins.
pub struct NewJob<'a> {
    /// The workflow's name.
    pub workflow: &'a str,
    /// Who asks.
    pub requester: &'a str,
    /// Whose key, and the key.
    pub dedupe: &'a str,
    /// The digest of the body: the same key with another body is a mistake.
    pub body_digest: &'a str,
    /// The run as of the last entry.
    pub run: &'a Run,
    /// The entries before the last, of a run that was begun elsewhere.
    pub before: &'a [String],
    /// The last entry.
    pub entry: &'a Entry,
}

/// What became of a job that came in.
#[derive(Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is new.
    New,
    /// It was there already, by this id.
    Repeated(String),
    /// The key was used with another body.
    Mismatch,
}

impl Store {
    /// Opens a database and brings its tables up to date.
    ///
    /// # Errors
    /// An unknown scheme, a database that cannot be reached, or one that a newer version made.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let dialect = match url.split(':').next() {
            Some("sqlite") => Dialect::Sqlite,
            Some("postgres" | "postgresql") => Dialect::Postgres,
            _ => return Err(StoreError::Scheme),
        };
        let options = match dialect {
            // One file has one writer; its queue is fairer in this process than in the file's lock.
            Dialect::Sqlite => AnyPoolOptions::new().max_connections(1).max_lifetime(None),
            Dialect::Postgres => AnyPoolOptions::new().max_connections(16),
        };
        let pool = options
            .acquire_timeout(Duration::from_secs(10))
            .after_connect(move |connection, _| Box::pin(set_up(connection, dialect)))
            .connect(url)
            .await?;
        let first = Migration::new(
            1,
            "first".into(),
            MigrationType::Simple,
            include_str!("schema.sql").into_sql_str(),
            false,
        );
        Migrator::with_migrations(vec![first]).run(&pool).await?;
        Ok(Self { pool, dialect })
    }

    /// Lets go of the database.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Begins to write. SQLite is told so at once: a transaction that reads first and writes later
    /// may find that it cannot.
    async fn begin(&self) -> Result<Transaction<'static, sqlx::Any>, sqlx::Error> {
        match self.dialect {
            Dialect::Sqlite => self.pool.begin_with("BEGIN IMMEDIATE").await,
            Dialect::Postgres => self.pool.begin().await,
        }
    }

    /// Takes a job in, or finds the one that its key stands for.
    ///
    /// # Errors
    /// The database's; then there is no such job.
    pub async fn accept(&self, job: NewJob<'_>, changes: &Changes) -> Result<Accepted, StoreError> {
        let mut tx = self.begin().await?;
        let accepted = accept(&mut tx, job, changes).await?;
        tx.commit().await?;
        Ok(accepted)
    }

    /// Appends an entry to the run that it was decided on. Done means durable.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the head is not the expected one, [`StoreError::Altered`]
    /// where the entry that this one relies on was changed, or the database's.
    pub async fn append(
        &self,
        expected: &Head,
        run: &Run,
        entry: &Entry,
        changes: &Changes,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // The comparison locks the row, so that a second append waits and then finds another head.
        let update = "UPDATE runs SET status = $1, updated = $2, len = $3, hash = $4, epoch = $5, \
             due = $6, failures = 0, trouble = NULL WHERE run = $7 AND len = $8 AND hash = $9";
        let head = run.head();
        let updated = query(update)
            .bind(run.status().as_str())
            .bind(millis(entry.at.as_millis()))
            .bind(millis(head.len))
            .bind(head.hash.to_string())
            .bind(millis(head.epoch))
            .bind(changes.due.map(millis))
            .bind(run.id().as_str())
            .bind(millis(expected.len))
            .bind(expected.hash.to_string())
            .execute(&mut *tx)
            .await?;
        if updated.rows_affected() == 0 {
            return Err(StoreError::Conflict);
        }
        if let Some((seq, hash)) = basis(run, &entry.record) {
            let text: Option<String> =
                query("SELECT text FROM entries WHERE run = $1 AND seq = $2")
                    .bind(run.id().as_str())
                    .bind(millis(seq))
                    .fetch_optional(&mut *tx)
                    .await?
                    .map(|row| row.try_get(0))
                    .transpose()?;
            if !text.is_some_and(|text| is_intact(&text, &hash)) {
                return Err(StoreError::Altered { seq });
            }
        }
        write_entry(&mut tx, entry, changes).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A secret of this store, made by whoever asks for it first.
    ///
    /// # Errors
    /// The database's.
    pub async fn secret(&self, name: &str, made: &str) -> Result<String, StoreError> {
        let insert = "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        query(insert).bind(name).bind(made).execute(&self.pool).await?;
        let found = query("SELECT value FROM secrets WHERE name = $1").bind(name);
        Ok(found.fetch_one(&self.pool).await?.try_get(0)?)
    }
}

async fn set_up(connection: &mut AnyConnection, dialect: Dialect) -> Result<(), sqlx::Error> {
    if dialect == Dialect::Sqlite {
        let pragmas = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; \
             PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON";
        sqlx::raw_sql(pragmas).execute(connection).await?;
    }
    Ok(())
}

/// As [`Store::accept`], in a transaction with more in it.
async fn accept(
    tx: &mut AnyConnection,
    job: NewJob<'_>,
    changes: &Changes,
) -> Result<Accepted, StoreError> {
    let insert = "INSERT INTO jobs (id, workflow, requester, dedupe, body_digest, created) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (dedupe) DO NOTHING";
    let inserted = query(insert)
        .bind(job.run.id().as_str())
        .bind(job.workflow)
        .bind(job.requester)
        .bind(job.dedupe)
        .bind(job.body_digest)
        .bind(millis(job.entry.at.as_millis()))
        .execute(&mut *tx)
        .await?;
    if inserted.rows_affected() == 0 {
        let found = query("SELECT id, body_digest FROM jobs WHERE dedupe = $1")
            .bind(job.dedupe)
            .fetch_one(&mut *tx)
            .await?;
        let same = found.try_get::<String, _>(1)? == job.body_digest;
        return Ok(if same { Accepted::Repeated(found.try_get(0)?) } else { Accepted::Mismatch });
    }
    let insert = "INSERT INTO runs (run, status, updated, len, hash, epoch, due) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let head = job.run.head();
    query(insert)
        .bind(job.run.id().as_str())
        .bind(job.run.status().as_str())
        .bind(millis(job.entry.at.as_millis()))
        .bind(millis(head.len))
        .bind(head.hash.to_string())
        .bind(millis(head.epoch))
        .bind(changes.due.map(millis))
        .execute(&mut *tx)
        .await?;
    for (seq, text) in (0..).zip(job.before) {
        write_text(tx, job.run.id(), seq, text).await?;
    }
    write_entry(tx, job.entry, changes).await?;
    Ok(Accepted::New)
}

async fn write_text(
    tx: &mut AnyConnection,
    run: &RunId,
    seq: u64,
    text: &str,
) -> Result<(), sqlx::Error> {
    query("INSERT INTO entries (run, seq, text) VALUES ($1, $2, $3)")
        .bind(run.as_str())
        .bind(millis(seq))
        .bind(text)
        .execute(tx)
        .await
        .map(drop)
}

async fn write_entry(
    tx: &mut AnyConnection,
    entry: &Entry,
    changes: &Changes,
) -> Result<(), sqlx::Error> {
    write_text(tx, &entry.run, entry.seq, &entry.to_text()).await?;
    let upsert = "INSERT INTO approvals (call, run, workflow, status, created, body) \
         VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (call) DO UPDATE SET status = excluded.status, body = excluded.body";
    for approval in &changes.approvals {
        query(upsert)
            .bind(approval.call.as_str())
            .bind(entry.run.as_str())
            .bind(changes.workflow.as_str())
            .bind(approval.status)
            .bind(millis(entry.at.as_millis()))
            .bind(approval.body.to_string())
            .execute(&mut *tx)
            .await?;
    }
    if let Some(endorsement) = &changes.endorsement {
        endorsements::write(tx, endorsement).await?;
    }
    write_notices(tx, &entry.run, &changes.notices).await
}

async fn write_notices(
    tx: &mut AnyConnection,
    run: &RunId,
    notices: &[Notice],
) -> Result<(), sqlx::Error> {
    let insert = "INSERT INTO notices (id, run, channel, body, due, only_if) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING";
    for notice in notices {
        query(insert)
            .bind(notice.id.as_str())
            .bind(run.as_str())
            .bind(notice.channel.as_str())
            .bind(notice.body.as_str())
            .bind(millis(notice.due))
            .bind(notice.only_if.word())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

/// The entry with the arguments that a record relies on.
fn basis(run: &Run, record: &Record) -> Option<(u64, holdpoint_core::json::Digest)> {
    let (Record::Decided { call, .. }
    | Record::ToolStarted { call, .. }
    | Record::Settled { call, .. }) = record
    else {
        return None;
    };
    run.find(call).map(|(turn, _)| (turn.seq, turn.hash))
}

/// What the databases know of whole numbers has a sign; no time or count of ours comes near it.
fn millis(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// Names a run in a query.
fn id(row: &sqlx::any::AnyRow, column: usize) -> Result<RunId, sqlx::Error> {
    row.try_get::<String, _>(column).map(RunId::new)
}

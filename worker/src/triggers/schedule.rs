//! Jobs by the clock. Each tick is one job however many workers there are, since it is kept under
//! its time; what was missed while none ran is made up once, by the latest of the missed ticks.

use std::time::Duration;

use croner::Cron;
use holdpoint_core::json::canonical;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::Value;

use crate::config::Workflow;
use crate::store::StoreError;
use crate::{ApiError, Shared, now};

/// When a workflow starts by itself, and with what.
#[derive(Debug)]
pub struct Schedule {
    /// By which the store knows it again: another expression, zone or input is another schedule.
    id: String,
    cron: Cron,
    zone: TimeZone,
    input: Value,
}

/// Why a schedule made no job this time.
#[derive(Debug, thiserror::Error)]
enum TickError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Job(#[from] ApiError),
}

impl Schedule {
    /// Reads an expression of five fields, or of six with seconds, in a zone of the IANA database.
    ///
    /// # Errors
    /// What was expected, in a sentence.
    pub fn new(workflow: &str, cron: &str, zone: &str, input: Value) -> Result<Self, String> {
        let id = [workflow, cron, zone, &canonical(&input)].join("|");
        let cron: Cron = cron.parse().map_err(|error| format!("cron {cron:?}: {error}"))?;
        let zone = TimeZone::get(zone).map_err(|_| {
            format!("expected zone {zone:?} to be \"UTC\" or such as \"Europe/Rome\"")
        })?;
        let schedule = Self { id, cron, zone, input };
        match schedule.next(now()) {
            Some(_) => Ok(schedule),
            None => Err("expected cron to be a time that comes".to_owned()),
        }
    }

    /// The latest tick that is due and not made yet.
    #[must_use]
    pub fn due(&self, last: u64, now: u64) -> Option<u64> {
        let tick = self.cron.find_previous_occurrence(&self.at(now)?, true).ok();
        tick.and_then(|tick| millis(&tick)).filter(|tick| *tick > last)
    }

    /// The first tick after a time.
    #[must_use]
    pub fn next(&self, after: u64) -> Option<u64> {
        millis(&self.cron.find_next_occurrence(&self.at(after)?, false).ok()?)
    }

    /// A time as the clock of the zone shows it, in whole seconds as ticks are.
    fn at(&self, millis: u64) -> Option<Zoned> {
        let second = Timestamp::from_second(i64::try_from(millis / 1000).ok()?).ok()?;
        Some(second.to_zoned(self.zone.clone()))
    }
}

fn millis(at: &Zoned) -> Option<u64> {
    u64::try_from(at.timestamp().as_millisecond()).ok()
}

pub(super) async fn work(shared: &Shared) {
    loop {
        let mut next = now() + LOOK_MAX_MS;
        for workflow in shared.config.workflows.values() {
            for schedule in &workflow.schedules {
                if let Err(error) = shared.tick(workflow, schedule).await {
                    let workflow = &workflow.name;
                    tracing::error!(%error, workflow, "a schedule made no job; it tries again");
                    next = next.min(now() + AGAIN_MS);
                }
                next = next.min(schedule.next(now()).unwrap_or(u64::MAX));
            }
        }
        tokio::time::sleep(Duration::from_millis(next.saturating_sub(now()))).await;
    }
}

impl Shared {
    async fn tick(&self, workflow: &Workflow, schedule: &Schedule) -> Result<(), TickError> {
        let last = self.store.last_tick(&schedule.id, now()).await?;
        let Some(tick) = schedule.due(last, now()) else { return Ok(()) };
        let key = [&schedule.id, "|", &tick.to_string()].concat();
        let begun = self.begin(workflow, REQUESTER, Some(&key), &schedule.input)?;
        self.store.tick(&schedule.id, tick, begun.job(), &begun.changes).await?;
        self.tell(&begun.changes);
        Ok(())
    }
}

pub(super) const REQUESTER: &str = "schedule";

/// A clock can be set, so it is looked at now and then.
const LOOK_MAX_MS: u64 = 60_000;
const AGAIN_MS: u64 = 5_000;

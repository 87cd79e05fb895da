//! Runs as they change, for whoever looks on. An event says that something is new and not what:
//! whoever gets one reads the job or the approvals anew.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use holdpoint_core::id::RunId;
use holdpoint_core::json::canonical;
use holdpoint_core::object;

use super::caller::{caller, may_see};
use crate::store::JobRow;
use crate::{ApiError, Shared, now};

pub(super) async fn stream(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let name = caller(&shared, &headers)?.to_owned();
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let watch = Watch { shared, name, since: last.unwrap_or_else(now), told: BTreeMap::new() };
    let records = stream::unfold(watch, |mut watch| async move {
        let record = watch.next().await?;
        Some((Ok::<_, std::convert::Infallible>(Bytes::from(record)), watch))
    });
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(records)).into_response())
}

/// What one reader was told.
struct Watch {
    shared: Arc<Shared>,
    name: String,
    since: u64,
    /// The length of each journal and the time of its last change as they were told: what is looked at twice is told once.
    told: BTreeMap<RunId, (u64, u64)>,
}

impl Watch {
    /// The next records; none where the server stops.
    async fn next(&mut self) -> Option<String> {
        let end = self.shared.stopping.clone();
        for _ in 0..SILENCE_LOOKS {
            let changed = Arc::clone(&self.shared);
            // Asked for before the store is, so that what comes in between is not missed.
            let changed = changed.changed.notified();
            let records = self.look().await;
            if !records.is_empty() {
                return Some(records);
            }
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep(LOOK) => {}
                () = end.cancelled() => return None,
            }
        }
        // A reader that has gone is noticed when something is sent.
        Some(": still here\n\n".to_owned())
    }

    async fn look(&mut self) -> String {
        // Other processes have clocks of their own, and a transaction ends after its time.
        let from = self.since.saturating_sub(OVERLAP_MS);
        let jobs = match self.shared.store.changed_since(from).await {
            Ok(jobs) => jobs,
            Err(error) => {
                tracing::error!(%error, "changes could not be read");
                return String::new();
            }
        };
        let mut records = String::new();
        for job in &jobs {
            let is_new = self.told.get(&job.run) != Some(&(job.head.len, job.updated));
            if is_new && may_see(&self.shared, &job.workflow, &job.requester, &self.name) {
                records.push_str(&record(job));
            }
            self.since = self.since.max(job.updated);
        }
        self.told = jobs.into_iter().map(|job| (job.run, (job.head.len, job.updated))).collect();
        records
    }
}

fn record(job: &JobRow) -> String {
    let data = object! {
        "id": &job.run,
        "workflow": job.workflow.as_str(),
        "status": job.status.as_str(),
        "entries": job.head.len,
    };
    format!("id: {}\nevent: job\ndata: {}\n\n", job.updated, canonical(&data))
}

const LOOK: Duration = Duration::from_secs(1);
const SILENCE_LOOKS: u32 = 15;
const OVERLAP_MS: u64 = 10_000;

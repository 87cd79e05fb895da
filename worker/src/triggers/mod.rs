//! Jobs that nobody posts: those of a schedule, and those that lie in a table. Either way a job is
//! begun as any other and kept once for its key; another queue would do the same.

mod inbox;
mod schedule;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::Shared;

pub use schedule::Schedule;

/// Who asks for the jobs of a schedule, and for those of the table. No token has these names.
pub(crate) const REQUESTERS: [&str; 2] = [schedule::REQUESTER, inbox::REQUESTER];

/// Takes in what is due until it is told to stop.
pub(crate) async fn work(shared: Arc<Shared>, stop: CancellationToken) {
    tokio::select! {
        () = async { tokio::join!(schedule::work(&shared), inbox::work(&shared)); } => {}
        // What was begun in a transaction is undone with it, and comes again.
        () = stop.cancelled() => {}
    }
}

//! What the driver needs of the world. Each port has an adapter in a room of its own for the
//! browser, and one in memory for tests.

mod call;
mod failure;
mod wire;

pub use call::{CallRow, Deferred, Group, Page, Place, Tally};
pub use failure::{ModelError, Retry, StoreError, Trouble, TroubleKind};
pub use wire::{Exchange, Wire, WireFact};

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use futures_util::future::{Either, select};
use holdpoint_core::grant::Grant;
use holdpoint_core::id::{CallId, RunId, ThreadId, Timestamp};
use holdpoint_core::journal::{Entry, Head};
use holdpoint_core::json::Digest;
use holdpoint_core::message::{ModelRequest, ModelResponse};
use holdpoint_core::plan::{Action, Note};
use holdpoint_core::run::{Run, Status, ToolOutcome};
use holdpoint_core::stream::Delta;
use holdpoint_core::tool::Toolbox;
use serde_json::Value;

/// A future of one thread that owns what it needs.
pub type Task<T> = Pin<Box<dyn Future<Output = T>>>;

/// Where journals live.
pub trait JournalStore {
    /// The rows of all runs that are not over and of the newest others, oldest first.
    fn list(&self, newest: usize) -> Task<Result<Vec<RunRow>, StoreError>>;

    /// The rows of the newest runs that are over and had their last entry by then, oldest first.
    fn earlier(&self, by: Timestamp, newest: usize) -> Task<Result<Vec<RunRow>, StoreError>>;

    /// A run's row and its entries from `from` on, in order; `None` where there is no such run.
    /// Both are read in one transaction.
    fn read(&self, run: &RunId, from: u64) -> Task<Result<Option<StoredRun>, StoreError>>;

    /// Appends one entry: compares the head, checks the basis, adds the entry and writes the row,
    /// all in one transaction. Done means durable.
    fn append(&self, append: Append) -> Task<Result<(), StoreError>>;

    /// Removes the runs of one thread, or of all.
    fn clear(&self, thread: Option<&ThreadId>) -> Task<Result<(), StoreError>>;

    /// A page of the calls that concern a person, in their order.
    fn calls(&self, page: Page) -> Task<Result<Vec<CallRow>, StoreError>>;

    /// How many such calls there are.
    fn tally(&self) -> Task<Result<Tally, StoreError>>;

    /// Some of the runs whose calls are not in the list, because a version wrote them that had none.
    fn unlisted(&self) -> Task<Result<Vec<RunId>, StoreError>> {
        nothing(Vec::new())
    }

    /// Puts the calls of such a run into the list, unless the run went on since it had this head.
    fn enlist(&self, run: &RunId, head: Head, calls: Vec<CallRow>) -> Task<Result<(), StoreError>> {
        let _ = (run, head, calls);
        nothing(())
    }

    /// Decisions that were made where no run can be carried on.
    fn deferred(&self) -> Task<Result<Vec<Deferred>, StoreError>> {
        nothing(Vec::new())
    }

    /// Forgets such a decision, which was taken in.
    fn forget_deferred(&self, run: &RunId, call: &CallId) -> Task<Result<(), StoreError>> {
        let _ = (run, call);
        nothing(())
    }
}

/// What a store says that has no such thing.
fn nothing<T: 'static>(value: T) -> Task<Result<T, StoreError>> {
    Box::pin(std::future::ready(Ok(value)))
}

/// What is kept of a run beside its entries.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    /// The run.
    pub run: RunId,
    /// Its conversation.
    pub thread: ThreadId,
    /// Its state in one word.
    pub status: Status,
    /// When it began.
    pub created: Timestamp,
    /// When its last entry was made.
    pub updated: Timestamp,
    /// The end of its journal.
    pub head: Head,
}

impl RunRow {
    /// The row of a run as it is now.
    pub fn of(run: &Run) -> Self {
        Self {
            run: run.id().clone(),
            thread: run.spec().thread.clone(),
            status: run.status(),
            created: run.started_at(),
            updated: run.updated_at(),
            head: *run.head(),
        }
    }
}

/// A run as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    /// Its row.
    pub row: RunRow,
    /// Its entries' texts.
    pub entries: Vec<String>,
}

/// One entry to append.
#[derive(Clone, Debug)]
pub struct Append {
    /// The head that must be found; [`Head::empty`] for a new run.
    pub expected: Head,
    /// The row after the last entry.
    pub row: RunRow,
    /// The rows of calls that the entry changes.
    pub calls: Vec<CallRow>,
    /// The entry's sequence number, which must be free.
    pub seq: u64,
    /// The entry's text.
    pub text: String,
    /// The texts of entries that follow it, where a run comes in from elsewhere: all or none.
    pub more: Vec<String>,
    /// Whether it must be on the disk.
    pub strict: bool,
    /// An entry that this one relies on, which must still be what it was.
    pub basis: Option<Basis>,
}

/// An entry that must still have this hash; see [`holdpoint_core::journal::is_intact`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basis {
    /// Where.
    pub seq: u64,
    /// What it was.
    pub hash: Digest,
}

/// How long the store may take before that is said. A slow disk that is busy takes seconds.
pub const PATIENCE_MS: u64 = 30_000;

/// Waits for the store as long as anyone should. Not for what must not be given up: see how the
/// driver appends.
///
/// # Errors
/// The store's, or [`StoreError::Silent`].
pub async fn in_time<T>(
    runtime: &dyn Runtime,
    work: Task<Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match select(work, runtime.sleep(PATIENCE_MS)).await {
        Either::Left((done, _)) => done,
        Either::Right(_) => Err(StoreError::Silent),
    }
}

/// What people had remembered, shared by all tabs.
pub trait Grants {
    /// All of it. What cannot be read is left out: then a person is asked.
    fn all(&self) -> Vec<Grant>;

    /// Keeps one.
    ///
    /// # Errors
    /// The store's; then it is not remembered.
    fn save(&self, grant: &Grant) -> Result<(), StoreError>;

    /// Forgets one.
    ///
    /// # Errors
    /// The store's; then it is still remembered.
    fn revoke(&self, id: &str) -> Result<(), StoreError>;
}

/// The way to the model.
pub trait ModelClient {
    /// Asks. Dropping the task ends the call. An answer comes only from a stream that ended as it
    /// should.
    fn call(
        &self,
        request: ModelRequest,
        on_delta: Box<dyn FnMut(Delta)>,
    ) -> Task<Result<ModelResponse, ModelError>>;
}

/// The page's tools.
pub trait ToolHost {
    /// The tools as they are registered now.
    fn toolbox(&self) -> Toolbox;

    /// What the page says of a call before it is journaled.
    fn note(&self, action: &Action) -> Note;

    /// Asks the page for the state of things that a call is about; `None` where the tool has no way
    /// to tell. It is asked when the card is made and again at the click.
    fn precondition(&self, action: &Action) -> Option<Task<Result<Value, String>>>;

    /// Asks the page what a call would change; `None` where the tool does not say.
    fn preview(&self, action: &Action) -> Option<Task<Option<Value>>>;

    /// Calls a tool. Never fails: what went wrong is an outcome. `timeout_ms` bounds it.
    fn call(&self, request: ToolRequest) -> Task<ToolOutcome>;

    /// Tells a call under way that its run was stopped.
    fn abort(&self, call: &CallId);

    /// Asks the tool whether a call in doubt happened; `None` where it has no way to tell.
    fn verify(&self, tool: &str, key: &str) -> Option<Task<Result<Verified, String>>>;

    /// Whether the tool offers [`ToolHost::verify`].
    fn can_verify(&self, tool: &str) -> bool;
}

/// One call to make.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolRequest {
    /// The run.
    pub run: RunId,
    /// The call.
    pub call: CallId,
    /// The tool's name.
    pub tool: String,
    /// The arguments.
    pub arguments: Value,
    /// The idempotency key.
    pub key: String,
    /// How long it may take.
    pub timeout_ms: u32,
}

/// What a tool knows of a call in doubt.
#[derive(Clone, Debug, PartialEq)]
pub enum Verified {
    /// It happened, with this result if it is known.
    Happened(Option<Value>),
    /// It did not.
    DidNotHappen,
    /// It cannot tell.
    Unknown,
}

/// Who of the tabs carries a run on. A lease is about liveness alone: what may be written is
/// decided by the store's comparison.
pub trait Leases {
    /// Waits until no one else holds the run, then holds it until the lease is dropped.
    fn hold(&self, run: &RunId) -> Task<Lease>;
}

/// A run held; dropping it lets go.
pub type Lease = Box<dyn Any>;

/// Time, chance and background work.
pub trait Runtime {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Done after so many milliseconds.
    fn sleep(&self, millis: u64) -> Task<()>;

    /// A name that no one else makes.
    fn unique(&self) -> String;

    /// A number by chance, from 0 up to 1.
    fn chance(&self) -> f64;

    /// Works on a task in the background.
    fn spawn(&self, task: Task<()>);
}

/// Whoever wants to know. Calls come after what they tell of is durable.
pub trait Observer {
    /// A run was read, or changed.
    fn run_changed(&self, run: &Rc<Run>);

    /// An entry was made durable by this tab.
    fn appended(&self, run: &Run, entry: &Entry);

    /// The model is being asked: what came before of this turn's text is void.
    fn turn_began(&self, run: &RunId);

    /// A piece of the model's answer, not yet to be acted upon.
    fn delta(&self, run: &RunId, delta: &Delta);

    /// A run cannot go on for now; `None` when it can again.
    fn trouble(&self, run: &RunId, trouble: Option<&Trouble>);

    /// Other tabs should look at this run.
    fn tell_others(&self, run: &RunId);

    /// Runs were removed.
    fn cleared(&self, thread: Option<&ThreadId>);
}

/// All of it.
#[derive(Clone)]
pub struct World {
    /// See [`JournalStore`].
    pub store: Rc<dyn JournalStore>,
    /// See [`Grants`].
    pub grants: Rc<dyn Grants>,
    /// See [`ModelClient`].
    pub model: Rc<dyn ModelClient>,
    /// See [`ToolHost`].
    pub tools: Rc<dyn ToolHost>,
    /// See [`Leases`].
    pub leases: Rc<dyn Leases>,
    /// See [`Runtime`].
    pub runtime: Rc<dyn Runtime>,
    /// See [`Observer`].
    pub observer: Rc<dyn Observer>,
}

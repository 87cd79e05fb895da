//! A run's row as it is stored: `{ run, thread, status, created, updated, len, hash, epoch,
//! writer, open?, stale? }`. `open` is there, and 1, as long as the run is not over; `stale`, as long
//! as its calls are not in the list of calls.
//!
//! Reading never fails. A row is a copy of what the entries say; one that was damaged becomes one
//! that its entries cannot match, so whoever replays them says what is wrong.

use holdpoint_core::id::{RunId, ThreadId, Timestamp};
use holdpoint_core::journal::Head;
use holdpoint_core::run::Status;
use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

use crate::driver::ports::RunRow;
use crate::store::Found;

const STATUSES: [Status; 7] = [
    Status::AwaitingModel,
    Status::AwaitingApproval,
    Status::AwaitingTools,
    Status::InDoubt,
    Status::Completed,
    Status::Failed,
    Status::Cancelled,
];

/// The field of a run whose calls are not in the list.
pub(super) const STALE: &str = "stale";

/// The stored form, in the place of what was stored before.
pub(super) fn write(row: &RunRow, writer: &str, before: &JsValue) -> Result<JsValue, JsValue> {
    let stored = Object::new();
    let set = |name: &str, value: JsValue| Reflect::set(&stored, &name.into(), &value);
    set("run", row.run.as_str().into())?;
    set("thread", row.thread.as_str().into())?;
    set("status", row.status.as_str().into())?;
    set("created", (row.created.as_millis() as f64).into())?;
    set("updated", (row.updated.as_millis() as f64).into())?;
    set("len", (row.head.len as f64).into())?;
    set("hash", row.head.hash.to_string().into())?;
    set("epoch", (row.head.epoch as f64).into())?;
    set("writer", writer.into())?;
    if !row.status.is_over() {
        set("open", 1.into())?;
    }
    if !before.is_undefined() && field(before, STALE).is_truthy() {
        set(STALE, 1.into())?;
    }
    Ok(stored.into())
}

/// The row of a stored form.
pub(super) fn read(stored: &JsValue) -> RunRow {
    let status = text(stored, "status");
    let run = RunId::new(text(stored, "run"));
    RunRow {
        thread: ThreadId::new(text(stored, "thread")),
        status: STATUSES
            .into_iter()
            .find(|known| known.as_str() == status)
            .unwrap_or(Status::AwaitingModel),
        created: Timestamp::from_millis(number(stored, "created")),
        updated: Timestamp::from_millis(number(stored, "updated")),
        head: Head {
            len: number(stored, "len"),
            hash: text(stored, "hash").parse().unwrap_or(Head::empty(&run).hash),
            epoch: number(stored, "epoch"),
        },
        run,
    }
}

/// What an append through the store `writer` finds, if there is a row.
pub(super) fn find(stored: &JsValue, writer: &str) -> Option<Found> {
    (!stored.is_undefined())
        .then(|| Found { head: read(stored).head, ours: text(stored, "writer") == writer })
}

/// Whether the row is in the index of runs that are not over.
pub(super) fn is_open(stored: &JsValue) -> bool {
    field(stored, "open").as_f64().is_some()
}

/// A field of a stored object.
pub(super) fn field(stored: &JsValue, name: &str) -> JsValue {
    Reflect::get(stored, &name.into()).unwrap_or_default()
}

/// A field that is a text; else an empty one.
pub(super) fn text(stored: &JsValue, name: &str) -> String {
    field(stored, name).as_string().unwrap_or_default()
}

fn number(stored: &JsValue, name: &str) -> u64 {
    field(stored, name).as_f64().unwrap_or_default() as u64
}

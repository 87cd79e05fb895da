//! The list of calls: `calls` has a row for each call that concerns a person, `{ run, call, group,
//! order, stage, tool, title, what, by?, digest, critical? }`, and is read in the order of
//! `[group, order, call]`. `order` is the time as a negative number, so that the newest come first.
//!
//! `decisions` has what was decided where no run can be carried on, by `[run, call]`; the first one
//! stays.

use holdpoint_core::id::{CallId, RunId, Timestamp};
use holdpoint_core::journal::Head;
use holdpoint_core::json::digest_text;
use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{IdbDatabase, IdbKeyRange};

use super::connection::{BY_GROUP, BY_STALE, CALLS, DECISIONS, RUNS};
use super::fault::Fault;
use super::row;
use super::transaction::{Answers, Durability, Transaction};
use crate::driver::ports::{CallRow, Deferred, Group, Page, Place, Tally};

/// Asks for a page of the list.
pub(super) fn list(database: &IdbDatabase, page: &Page) -> Result<Transaction, Fault> {
    let mut transaction = Transaction::read(database, &[CALLS])?;
    let index = transaction.store(CALLS)?.index(BY_GROUP)?;
    let rows = index.get_all_with_key_and_limit(&range(page)?, page.limit)?;
    transaction.ask(rows);
    Ok(transaction)
}

/// The rows that were asked for.
pub(super) fn listed(answers: Answers) -> Vec<CallRow> {
    all(answers, read)
}

/// Asks how many calls each group has.
pub(super) fn count(database: &IdbDatabase) -> Result<Transaction, Fault> {
    let mut transaction = Transaction::read(database, &[CALLS])?;
    let index = transaction.store(CALLS)?.index(BY_GROUP)?;
    for group in Group::ALL {
        let group = Page { group: Some(group), ..Page::default() };
        transaction.ask(index.count_with_key(&range(&group)?)?);
    }
    Ok(transaction)
}

/// The numbers that were asked for.
pub(super) fn counted(answers: Answers) -> Tally {
    let mut tally = Tally::default();
    for (count, answer) in tally.iter_mut().zip(answers) {
        *count = answer.as_f64().unwrap_or_default() as u32;
    }
    tally
}

/// Asks for some runs that have no rows in the list.
pub(super) fn stale(database: &IdbDatabase) -> Result<Transaction, Fault> {
    let mut transaction = Transaction::read(database, &[RUNS])?;
    let index = transaction.store(RUNS)?.index(BY_STALE)?;
    transaction.ask(index.get_all_keys_with_key_and_limit(&JsValue::UNDEFINED, STALE_MAX)?);
    Ok(transaction)
}

/// The runs that were asked for.
pub(super) fn stale_runs(answers: Answers) -> Vec<RunId> {
    all(answers, |run| RunId::new(run.as_string().unwrap_or_default()))
}

/// Puts the calls of a run into the list that has none of them yet.
pub(super) fn enlist(
    database: &IdbDatabase,
    run: &RunId,
    head: Head,
    calls: &[CallRow],
) -> Result<Transaction, Fault> {
    let transaction = Transaction::write(database, &[RUNS, CALLS], Durability::Relaxed)?;
    let (runs, list) = (transaction.store(RUNS)?, transaction.store(CALLS)?);
    let found = runs.get(&run.as_str().into())?;
    let rows = calls.iter().map(write).collect::<Result<Vec<_>, _>>()?;
    transaction.then(
        &found.clone(),
        Box::new(move || {
            let stored = found.result()?;
            // Whoever appended meanwhile wrote newer rows than these; the next look has them all.
            if row::find(&stored, "").is_some_and(|found| found.head == head) {
                for row in rows {
                    list.put(&row)?;
                }
                Reflect::delete_property(stored.unchecked_ref::<Object>(), &row::STALE.into())?;
                runs.put(&stored)?;
            }
            Ok(())
        }),
    );
    Ok(transaction)
}

/// Asks for the decisions that were made elsewhere.
pub(super) fn decisions(database: &IdbDatabase) -> Result<Transaction, Fault> {
    let mut transaction = Transaction::read(database, &[DECISIONS])?;
    transaction.ask(transaction.store(DECISIONS)?.get_all()?);
    Ok(transaction)
}

/// The decisions that were asked for.
pub(super) fn decided(answers: Answers) -> Vec<Deferred> {
    all(answers, |stored| Deferred {
        run: RunId::new(row::text(&stored, "run")),
        call: CallId::new(row::text(&stored, "call")),
        digest: row::text(&stored, "digest"),
        approves: row::text(&stored, "decision") == "approve",
    })
}

/// Forgets a decision that was taken in.
pub(super) fn forget(
    database: &IdbDatabase,
    run: &RunId,
    call: &CallId,
) -> Result<Transaction, Fault> {
    let transaction = Transaction::write(database, &[DECISIONS], Durability::Relaxed)?;
    let key = Array::of2(&run.as_str().into(), &call.as_str().into());
    transaction.store(DECISIONS)?.delete(&key)?;
    Ok(transaction)
}

/// The stored form of a row.
pub(super) fn write(row: &CallRow) -> Result<JsValue, JsValue> {
    let stored = Object::new();
    let set = |name: &str, value: JsValue| Reflect::set(&stored, &name.into(), &value);
    set("run", row.run.as_str().into())?;
    set("call", row.call.as_str().into())?;
    set("group", (row.group as u32).into())?;
    set("order", order(row.at))?;
    for (name, text) in
        [("stage", &row.stage), ("tool", &row.tool), ("title", &row.title), ("what", &row.what)]
    {
        set(name, text.as_str().into())?;
    }
    if let Some(by) = &row.by {
        set("by", by.as_str().into())?;
    }
    set("digest", row.digest.to_string().into())?;
    if row.critical {
        set("critical", JsValue::TRUE)?;
    }
    Ok(stored.into())
}

fn read(stored: JsValue) -> CallRow {
    let number = |name: &str| row::field(&stored, name).as_f64().unwrap_or_default();
    let text = |name: &str| row::text(&stored, name);
    CallRow {
        run: RunId::new(text("run")),
        call: CallId::new(text("call")),
        group: Group::ALL.get(number("group") as usize).copied().unwrap_or(Group::Done),
        stage: text("stage"),
        at: Timestamp::from_millis(-number("order") as u64),
        tool: text("tool"),
        title: text("title"),
        what: text("what"),
        by: row::field(&stored, "by").as_string(),
        digest: text("digest").parse().unwrap_or_else(|_| digest_text("")),
        critical: row::field(&stored, "critical").is_truthy(),
    }
}

/// The keys of the rows of a page, without its limit.
fn range(page: &Page) -> Result<JsValue, JsValue> {
    let group = |group: Group| JsValue::from(group as u32);
    // An array comes after every number, so this is the end of the group.
    let end = page.group.map(|it| Array::of2(&group(it), &Array::new()).into());
    let start = match (&page.after, page.group) {
        (Some(Place { group: of, at, call }), _) => {
            Some(Array::of3(&group(*of), &order(*at), &call.as_str().into()).into())
        }
        (None, Some(it)) => Some(Array::of1(&group(it)).into()),
        (None, None) => None,
    };
    let is_open = page.after.is_some();
    let range = match (start, end) {
        (Some(start), Some(end)) => IdbKeyRange::bound_with_lower_open(&start, &end, is_open)?,
        (Some(start), None) => IdbKeyRange::lower_bound_with_open(&start, is_open)?,
        (None, _) => return Ok(JsValue::UNDEFINED),
    };
    Ok(range.into())
}

fn order(at: Timestamp) -> JsValue {
    (-(at.as_millis() as f64)).into()
}

fn all<T>(answers: Answers, read: fn(JsValue) -> T) -> Vec<T> {
    let found = answers.into_iter().next().unwrap_or_default();
    found.dyn_into::<Array>().map(|found| found.iter().map(read).collect()).unwrap_or_default()
}

/// How many runs are brought into the list at a time.
const STALE_MAX: u32 = 16;

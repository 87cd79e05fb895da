//! What every store must show of its list of calls.

use holdpoint_core::id::{CallId, RunId, ThreadId, Timestamp};
use holdpoint_core::json::digest_text;
use holdpoint_core::run::Status;

use super::{Chain, HELD, OVER, Subject};
use crate::driver::ports::{Append, CallRow, Group, JournalStore, Page, StoreError};

/// A call as it could stand in the list.
fn call(run: &RunId, name: &str, group: Group, at: u64) -> CallRow {
    CallRow {
        run: run.clone(),
        call: CallId::new(name),
        group,
        stage: "succeeded".to_owned(),
        at: Timestamp::from_millis(at),
        tool: "transfer".to_owned(),
        title: "Transfer".to_owned(),
        what: ["Transfer for ", name].concat(),
        by: (group == Group::Done).then(|| "Ana".to_owned()),
        digest: digest_text(name),
        critical: at % 2 == 1,
    }
}

/// Begins a run of that name with an entry that lists these calls.
async fn list_calls(
    store: &dyn JournalStore,
    run: &str,
    thread: &str,
    calls: &[(&str, Group, u64)],
) -> (Chain, Vec<CallRow>) {
    let mut chain = Chain::new(run, thread, 1);
    let rows: Vec<_> =
        calls.iter().map(|(name, group, at)| call(chain.run(), name, *group, *at)).collect();
    let append = Append { calls: rows.clone(), ..chain.next(HELD) };
    assert_eq!(store.append(append).await, Ok(()));
    (chain, rows)
}

async fn names(store: &dyn JournalStore, group: Option<Group>) -> Vec<String> {
    let page = Page { group, limit: 99, ..Page::default() };
    let rows = store.calls(page).await.expect("the store lists");
    rows.into_iter().map(|row| row.call.to_string()).collect()
}

/// What nobody knows the end of comes first, then what waits, then what is done.
pub async fn calls_are_listed_by_group_and_the_newest_first(subject: impl Subject) {
    let store = subject.store();
    assert_eq!(store.tally().await, Ok([0, 0, 0]));
    let calls = [("a", Group::Done, 3), ("b", Group::Held, 5), ("c", Group::Doubt, 1)];
    let (_, rows) = list_calls(&*store, "one", "left", &calls).await;
    list_calls(&*store, "two", "right", &[("d", Group::Held, 9), ("e", Group::Done, 3)]).await;
    let other = subject.another_tab();
    assert_eq!(names(&*other, None).await, ["c", "d", "b", "a", "e"]);
    assert_eq!(names(&*other, Some(Group::Held)).await, ["d", "b"]);
    assert_eq!(other.tally().await, Ok([1, 2, 2]));
    let doubt = Page { group: Some(Group::Doubt), limit: 9, ..Page::default() };
    assert_eq!(other.calls(doubt).await, Ok(rows[2..].to_vec()));
    let done = Page { group: Some(Group::Done), limit: 1, ..Page::default() };
    assert_eq!(other.calls(done).await, Ok(rows[..1].to_vec()));
}

/// Each page begins where the one before ended, within a group and over all of them.
pub async fn pages_follow_each_other_and_leave_nothing_out(subject: impl Subject) {
    let store = subject.store();
    let calls: Vec<(String, Group, u64)> =
        (0..25).map(|n| (format!("call-{n:02}"), Group::ALL[n % 3], (n as u64) / 5)).collect();
    let calls: Vec<_> = calls.iter().map(|(name, group, at)| (&**name, *group, *at)).collect();
    list_calls(&*store, "run", "thread", &calls).await;
    for group in [None, Some(Group::Held)] {
        let whole = names(&*store, group).await;
        let mut paged = Vec::new();
        let mut page = Page { group, limit: 4, ..Page::default() };
        loop {
            let rows = store.calls(page.clone()).await.expect("the store lists");
            let Some(last) = rows.last() else { break };
            page.after = Some(last.place());
            paged.extend(rows.into_iter().map(|row| row.call.to_string()));
        }
        assert_eq!(paged, whole);
    }
}

/// Its row takes the place of the one before.
pub async fn call_that_went_on_is_listed_once(subject: impl Subject) {
    let store = subject.store();
    let (mut chain, _) = list_calls(&*store, "run", "thread", &[("a", Group::Held, 1)]).await;
    let calls = vec![call(chain.run(), "a", Group::Done, 2)];
    assert_eq!(store.append(Append { calls, ..chain.next(OVER) }).await, Ok(()));
    assert_eq!(store.tally().await, Ok([0, 0, 1]));
    assert_eq!(names(&*store, None).await, ["a"]);
}

/// The rows are written with the entry, or not at all.
pub async fn refused_append_lists_nothing(subject: impl Subject) {
    let (store, mut chain) = (subject.store(), Chain::new("run", "thread", 0));
    chain.grow(&*store, &[HELD]).await;
    let mut late = chain.clone();
    chain.grow(&*store, &[HELD]).await;
    let calls = vec![call(chain.run(), "a", Group::Held, 1)];
    let append = Append { calls, ..late.next(Status::AwaitingModel) };
    assert_eq!(store.append(append).await, Err(StoreError::Conflict));
    assert_eq!(store.tally().await, Ok([0, 0, 0]));
}

/// They go with their runs; others stay.
pub async fn calls_of_a_cleared_thread_are_not_listed(subject: impl Subject) {
    let store = subject.store();
    list_calls(&*store, "run", "left", &[("a", Group::Held, 1), ("b", Group::Done, 2)]).await;
    list_calls(&*store, "run,0", "right", &[("c", Group::Held, 1)]).await;
    assert_eq!(store.clear(Some(&ThreadId::new("left"))).await, Ok(()));
    assert_eq!(names(&*store, None).await, ["c"]);
    assert_eq!(store.clear(None).await, Ok(()));
    assert_eq!(store.tally().await, Ok([0, 0, 0]));
}

//! What every store must show, one function for each behaviour. [`store_contract!`](crate::store_contract)
//! lists them, so that one list runs against every store there is.

mod calls;

pub use calls::*;

use std::rc::Rc;

use futures_util::future::join;
use holdpoint_core::id::{CallId, RunId, ThreadId, Timestamp};
use holdpoint_core::journal::{Entry, Head, Record};
use holdpoint_core::run::Status;

use crate::driver::ports::{Append, Basis, JournalStore, RunRow, StoreError, Task};

/// Hands the names of all behaviours to a macro of the caller's, which makes a test of each.
#[macro_export]
macro_rules! store_contract {
    ($make_tests:ident) => {
        $make_tests! {
            entries_are_read_back_as_they_were_written
            reading_begins_where_it_is_told_to
            unknown_run_is_not_there
            appending_on_an_old_head_conflicts_and_changes_nothing
            appending_on_another_epoch_conflicts
            one_of_two_writers_wins
            new_run_is_begun_once
            journal_that_is_gone_is_not_begun_anew
            intact_basis_is_accepted
            altered_basis_is_refused_and_nothing_is_changed
            missing_basis_is_refused
            repeated_append_is_acknowledged_again
            same_entry_of_another_tab_conflicts
            unfinished_runs_are_always_listed
            newest_of_the_finished_runs_are_listed
            runs_that_ended_earlier_are_listed
            runs_are_listed_in_the_order_they_began
            cleared_thread_is_gone_and_others_stay
            cleared_store_is_empty
            runs_of_similar_names_stay_apart
            thousand_entries_are_kept
            entries_that_come_together_are_all_there_or_none
            calls_are_listed_by_group_and_the_newest_first
            pages_follow_each_other_and_leave_nothing_out
            call_that_went_on_is_listed_once
            refused_append_lists_nothing
            calls_of_a_cleared_thread_are_not_listed
        }
    };
}

/// A store, empty at first, and what a test needs around it.
pub trait Subject {
    /// The store.
    fn store(&self) -> Rc<dyn JournalStore>;

    /// The same journals as another tab has them.
    fn another_tab(&self) -> Rc<dyn JournalStore>;

    /// Replaces an entry's text without the store's knowledge.
    fn tamper(&self, run: &RunId, seq: u64, text: &str) -> Task<()>;
}

/// A journal that grows.
#[derive(Clone)]
pub struct Chain {
    run: RunId,
    thread: ThreadId,
    head: Head,
    created: Timestamp,
    /// The texts so far.
    pub texts: Vec<String>,
}

impl Chain {
    /// A journal with no entry. Its run begins at `created`.
    pub fn new(run: &str, thread: &str, created: u64) -> Self {
        let run = RunId::new(run);
        Self {
            head: Head::empty(&run),
            run,
            thread: ThreadId::new(thread),
            created: Timestamp::from_millis(created),
            texts: Vec::new(),
        }
    }

    /// The run.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// The next entry to append, a second after the one before; it is reckoned as appended.
    pub fn next(&mut self, status: Status) -> Append {
        let record = match status {
            Status::AwaitingModel => Record::Resumed,
            _ => Record::Expired { call: CallId::of(&self.run, 0, self.texts.len()) },
        };
        let at = self.created.plus_millis(1000 * self.head.len);
        let entry = Entry::seal(&self.run, &self.head, at, record);
        let append = Append {
            expected: self.head,
            row: RunRow {
                run: self.run.clone(),
                thread: self.thread.clone(),
                status,
                created: self.created,
                updated: at,
                head: entry.head(),
            },
            calls: Vec::new(),
            seq: entry.seq,
            text: entry.to_text(),
            more: Vec::new(),
            strict: false,
            basis: None,
        };
        self.head = entry.head();
        self.texts.push(append.text.clone());
        append
    }

    /// Appends entries for real, and gives back the last row.
    pub async fn grow(&mut self, store: &dyn JournalStore, statuses: &[Status]) -> RunRow {
        let mut last = None;
        for status in statuses {
            let append = self.next(*status);
            last = Some(append.row.clone());
            assert_eq!(store.append(append).await, Ok(()));
        }
        last.expect("a test grows a journal by one entry or more")
    }
}

const HELD: Status = Status::AwaitingApproval;
const OVER: Status = Status::Completed;

#[track_caller]
fn assert_texts(texts: &[String], stored: &[String]) {
    assert!(texts == stored, "expected {} texts as written, found {stored:?}", texts.len());
}

/// Checks that the store has the run as this row and these texts.
async fn assert_stored(store: &dyn JournalStore, row: &RunRow, texts: &[String]) {
    let stored = store.read(&row.run, 0).await.expect("the store reads").expect("the run is there");
    assert_eq!(stored.row, *row);
    assert_texts(texts, &stored.entries);
}

async fn listed(store: &dyn JournalStore, newest: usize) -> Vec<String> {
    let rows = store.list(newest).await.expect("the store lists");
    rows.iter().map(|row| row.run.to_string()).collect()
}

/// A row and its entries come back equal, strict or not, through this tab and any other.
pub async fn entries_are_read_back_as_they_were_written(subject: impl Subject) {
    let (store, mut chain) = (subject.store(), Chain::new("run", "thread", 7));
    chain.grow(&*store, &[Status::AwaitingModel, Status::AwaitingTools]).await;
    let strict = Append { strict: true, ..chain.next(Status::InDoubt) };
    let row = strict.row.clone();
    assert_eq!(store.append(strict).await, Ok(()));
    assert_stored(&*store, &row, &chain.texts).await;
    assert_stored(&*subject.another_tab(), &row, &chain.texts).await;
}

/// Entries before the given one are left out; the row is the same.
pub async fn reading_begins_where_it_is_told_to(subject: impl Subject) {
    let (store, mut chain) = (subject.store(), Chain::new("run", "thread", 0));
    let row = chain.grow(&*store, &[HELD; 12]).await;
    for from in [0, 1, 9, 10, 11, 12, 13, u64::MAX] {
        let stored = store.read(&row.run, from).await.unwrap().unwrap();
        assert_eq!(stored.row, row);
        assert_texts(&chain.texts[(from as usize).min(12)..], &stored.entries);
    }
}

/// A run that nobody began reads as none.
pub async fn unknown_run_is_not_there(subject: impl Subject) {
    assert_eq!(subject.store().read(&RunId::new("run"), 0).await, Ok(None));
    assert_eq!(subject.store().list(9).await, Ok(Vec::new()));
}

/// Who did not see the last entry may not add one.
pub async fn appending_on_an_old_head_conflicts_and_changes_nothing(subject: impl Subject) {
    let (store, mut chain) = (subject.store(), Chain::new("run", "thread", 0));
    chain.grow(&*store, &[HELD]).await;
    let mut late = chain.clone();
    let row = chain.grow(&*store, &[Status::AwaitingTools]).await;
    let append = late.next(Status::AwaitingModel);
    for tab in [Rc::clone(&store), subject.another_tab()] {
        assert_eq!(tab.append(append.clone()).await, Err(StoreError::Conflict));
    }
    assert_stored(&*store, &row, &chain.texts).await;
}

/// The length and the hash may fit; whoever was taken over is refused all the same.
pub async fn appending_on_another_epoch_conflicts(subject: impl Subject) {
    let (store, mut chain) = (subject.store(), Chain::new("run", "thread", 0));
    chain.grow(&*store, &[HELD]).await;
    let mut append = chain.next(HELD);
    append.expected.epoch += 1;
    assert_eq!(store.append(append).await, Err(StoreError::Conflict));
}

/// Two tabs append at once on the same head.
pub async fn one_of_two_writers_wins(subject: impl Subject) {
    let (store, mut ours) = (subject.store(), Chain::new("run", "thread", 0));
    ours.grow(&*store, &[HELD]).await;
    let mut theirs = ours.clone();
    let (append, rival) = (ours.next(Status::AwaitingTools), theirs.next(Status::AwaitingModel));
    let (row, rival_row) = (append.row.clone(), rival.row.clone());
    let other = subject.another_tab();
    match join(store.append(append), other.append(rival)).await {
        (Ok(()), Err(StoreError::Conflict)) => assert_stored(&*other, &row, &ours.texts).await,
        (Err(StoreError::Conflict), Ok(())) => {
            assert_stored(&*store, &rival_row, &theirs.texts).await;
        }
        both => panic!("expected one to win, found {both:?}"),
    }
}

/// A second run of the same name is refused.
pub async fn new_run_is_begun_once(subject: impl Subject) {
    let (store, mut chain) = (subject.store(), Chain::new("run", "thread", 0));
    let row = chain.grow(&*store, &[HELD]).await;
    let again = Chain::new("run", "elsewhere", 5).next(HELD);
    assert_eq!(store.append(again).await, Err(StoreError::Conflict));
    assert_stored(&*store, &row, &chain.texts).await;
}

/// An entry that follows others is refused where there are none.
pub async fn journal_that_is_gone_is_not_begun_anew(subject: impl Subject) {
    let (store, mut chain) = (subject.store(), Chain::new("run", "thread", 0));
    chain.grow(&*store, &[HELD]).await;
    assert_eq!(subject.another_tab().clear(None).await, Ok(()));
    assert_eq!(store.append(chain.next(HELD)).await, Err(StoreError::Conflict));
    assert_eq!(store.read(chain.run(), 0).await, Ok(None));
}

/// An entry that relies on one that is what it was is added.
pub async fn intact_basis_is_accepted(subject: impl Subject) {
    let (store, mut chain) = (subject.store(), Chain::new("run", "thread", 0));
    let row = chain.grow(&*store, &[HELD]).await;
    chain.grow(&*store, &[HELD]).await;
    let basis = Some(Basis { seq: 0, hash: row.head.hash });
    let append = Append { basis, ..chain.next(Status::AwaitingTools) };
    let row = append.row.clone();
    assert_eq!(store.append(append).await, Ok(()));
    assert_stored(&*store, &row, &chain.texts).await;
}

/// An entry that relies on one that was changed since is refused.
pub async fn altered_basis_is_refused_and_nothing_is_changed(subject: impl Subject) {
    let (store, mut chain) = (subject.store(), Chain::new("run", "thread", 0));
    let first = chain.grow(&*store, &[HELD]).await;
    let row = chain.grow(&*store, &[HELD]).await;
    let mut texts = chain.texts.clone();
    texts[0] = texts[0].replace("run.0.0", "run.0.1");
    subject.tamper(chain.run(), 0, &texts[0]).await;
    let basis = Some(Basis { seq: 0, hash: first.head.hash });
    let append = Append { basis, ..chain.next(Status::AwaitingTools) };
    assert_eq!(store.append(append).await, Err(StoreError::Altered { seq: 0 }));
    assert_stored(&*store, &row, &texts).await;
}

/// An entry that relies on one that is not there is refused.
pub async fn missing_basis_is_refused(subject: impl Subject) {
    let (store, mut chain) = (subject.store(), Chain::new("run", "thread", 0));
    let row = chain.grow(&*store, &[HELD]).await;
    let basis = Some(Basis { seq: 4, hash: row.head.hash });
    let append = Append { basis, ..chain.next(HELD) };
    assert_eq!(store.append(append).await, Err(StoreError::Altered { seq: 4 }));
}

/// Whoever did not hear that an append was done may ask for it again, as long as it is the last.
pub async fn repeated_append_is_acknowledged_again(subject: impl Subject) {
    let (store, mut chain) = (subject.store(), Chain::new("run", "thread", 0));
    for _ in 0..2 {
        let append = chain.next(HELD);
        assert_eq!(store.append(append.clone()).await, Ok(()));
        assert_eq!(store.append(append.clone()).await, Ok(()));
        assert_stored(&*store, &append.row, &chain.texts).await;
    }
}

/// Two tabs that made the very same entry are not both told that it is theirs.
pub async fn same_entry_of_another_tab_conflicts(subject: impl Subject) {
    let (store, mut chain) = (subject.store(), Chain::new("run", "thread", 0));
    let append = chain.next(HELD);
    let other = subject.another_tab();
    let both = join(store.append(append.clone()), other.append(append)).await;
    assert!(
        matches!(both, (Ok(()), Err(StoreError::Conflict)) | (Err(StoreError::Conflict), Ok(()))),
        "expected one to win, found {both:?}"
    );
}

/// However many finished ones are asked for, what is not over is there, until it is over.
pub async fn unfinished_runs_are_always_listed(subject: impl Subject) {
    let store = subject.store();
    let unfinished = [HELD, Status::AwaitingModel, Status::AwaitingTools, Status::InDoubt];
    for (index, status) in unfinished.into_iter().enumerate() {
        let mut chain = Chain::new(&format!("open-{index}"), "thread", index as u64);
        chain.grow(&*store, &[status]).await;
    }
    let mut ending = Chain::new("ending", "thread", 9);
    let row = ending.grow(&*store, &[HELD]).await;
    assert_eq!(store.list(0).await.unwrap().last(), Some(&row));
    ending.grow(&*store, &[OVER]).await;
    assert_eq!(listed(&*store, 0).await, ["open-0", "open-1", "open-2", "open-3"]);
    assert_eq!(listed(&*store, 9).await, ["open-0", "open-1", "open-2", "open-3", "ending"]);
}

/// Of those that are over, the ones with the latest last entry.
pub async fn newest_of_the_finished_runs_are_listed(subject: impl Subject) {
    let store = subject.store();
    let endings = [OVER, Status::Failed, Status::Cancelled, OVER];
    for (index, status) in endings.into_iter().enumerate() {
        let mut chain = Chain::new(&format!("over-{index}"), "thread", index as u64);
        chain.grow(&*store, &[status]).await;
    }
    Chain::new("open", "thread", 8).grow(&*store, &[HELD]).await;
    // This one began first and ended last.
    Chain::new("long", "thread", 0).grow(&*store, &[HELD, OVER]).await;
    assert_eq!(listed(&*store, 1).await, ["long", "open"]);
    assert_eq!(listed(&*store, 3).await, ["long", "over-2", "over-3", "open"]);
}

/// Of those that are over by a time, the ones with the latest last entry.
pub async fn runs_that_ended_earlier_are_listed(subject: impl Subject) {
    let store = subject.store();
    for index in 0..5 {
        Chain::new(&format!("over-{index}"), "thread", index).grow(&*store, &[OVER]).await;
    }
    Chain::new("open", "thread", 0).grow(&*store, &[HELD]).await;
    let earlier = async |by, newest| {
        let rows = store.earlier(Timestamp::from_millis(by), newest).await.expect("the rows");
        rows.iter().map(|row| row.run.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(earlier(3, 2).await, ["over-2", "over-3"]);
    assert_eq!(earlier(1, 9).await, ["over-0", "over-1"]);
    assert_eq!(earlier(9, 0).await, [""; 0]);
}

/// The order does not depend on names, or on when a run went on.
pub async fn runs_are_listed_in_the_order_they_began(subject: impl Subject) {
    let store = subject.store();
    for (run, created, status) in [("b", 3, HELD), ("c", 1, OVER), ("a", 2, HELD), ("d", 2, OVER)] {
        Chain::new(run, "thread", created).grow(&*store, &[HELD, status]).await;
    }
    assert_eq!(listed(&*store, 9).await, ["c", "a", "d", "b"]);
}

/// Rows and entries of one conversation go; a run of the same name may begin anew.
pub async fn cleared_thread_is_gone_and_others_stay(subject: impl Subject) {
    let store = subject.store();
    Chain::new("one", "left", 1).grow(&*store, &[HELD, OVER]).await;
    Chain::new("two", "left", 2).grow(&*store, &[HELD]).await;
    let mut kept = Chain::new("three", "right", 3);
    let row = kept.grow(&*store, &[HELD, HELD]).await;
    assert_eq!(store.clear(Some(&ThreadId::new("left"))).await, Ok(()));
    assert_eq!(listed(&*store, 9).await, ["three"]);
    assert_eq!(store.read(&RunId::new("one"), 0).await, Ok(None));
    assert_stored(&*store, &row, &kept.texts).await;
    let mut anew = Chain::new("one", "left", 4);
    let row = anew.grow(&*store, &[HELD]).await;
    assert_stored(&*store, &row, &anew.texts).await;
}

/// Everything goes.
pub async fn cleared_store_is_empty(subject: impl Subject) {
    let store = subject.store();
    Chain::new("one", "left", 1).grow(&*store, &[HELD]).await;
    Chain::new("two", "right", 2).grow(&*store, &[OVER]).await;
    assert_eq!(store.clear(None).await, Ok(()));
    assert_eq!(listed(&*store, 9).await, [""; 0]);
    let mut anew = Chain::new("one", "left", 3);
    let row = anew.grow(&*store, &[HELD]).await;
    assert_stored(&*store, &row, &anew.texts).await;
}

/// Names are taken as they are, with whatever is in them.
pub async fn runs_of_similar_names_stay_apart(subject: impl Subject) {
    let store = subject.store();
    let names = ["run", "run,0", "run.1", "run\u{0}", "", "läuft \u{1f3c3}"];
    let mut chains: Vec<Chain> = names.iter().map(|name| Chain::new(name, "thread", 0)).collect();
    let mut rows = Vec::new();
    for (length, chain) in chains.iter_mut().enumerate() {
        rows.push(chain.grow(&*store, &vec![HELD; length + 1]).await);
    }
    for (row, chain) in rows.iter().zip(&chains) {
        assert_stored(&*store, row, &chain.texts).await;
    }
}

/// A long journal is kept whole and in order.
pub async fn thousand_entries_are_kept(subject: impl Subject) {
    let (store, mut chain) = (subject.store(), Chain::new("run", "thread", 0));
    let row = chain.grow(&*store, &[HELD; 1000]).await;
    assert_stored(&*store, &row, &chain.texts).await;
}

/// A run that comes in from elsewhere is never there in part.
pub async fn entries_that_come_together_are_all_there_or_none(subject: impl Subject) {
    let (store, mut chain) = (subject.store(), Chain::new("run", "thread", 0));
    chain.grow(&*store, &[HELD]).await;
    let mut append = chain.next(HELD);
    for _ in 0..3 {
        let next = chain.next(OVER);
        append.row = next.row;
        append.more.push(next.text);
    }
    let row = append.row.clone();
    let other = subject.another_tab();
    assert_eq!(other.append(append.clone()).await, Ok(()));
    assert_stored(&*store, &row, &chain.texts).await;
    // Who did not see them adds none.
    append.row.head.epoch += 1;
    assert_eq!(store.append(append).await, Err(StoreError::Conflict));
    assert_stored(&*store, &row, &chain.texts).await;
}

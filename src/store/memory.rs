//! Journals that end with the page: for frames without storage, and for tests.

use std::cell::RefCell;
use std::rc::Rc;

use holdpoint_core::grant::Grant;
use holdpoint_core::id::{CallId, RunId, ThreadId, Timestamp};
use holdpoint_core::sorted::{Sorted, sort};

use super::{Admission, Found, admit, sort_by_age};
use crate::driver::ports::{
    Append, CallRow, Grants, JournalStore, Page, RunRow, StoreError, StoredRun, Tally, Task,
};

/// Journals in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    shared: Rc<RefCell<Shared>>,
    /// Which tab this is, in [`Kept::writer`].
    tab: u32,
}

#[derive(Debug, Default)]
struct Shared {
    runs: Sorted<RunId, Kept>,
    /// The last tab that there is.
    last_tab: u32,
}

#[derive(Debug)]
struct Kept {
    stored: StoredRun,
    calls: Sorted<CallId, CallRow>,
    writer: u32,
}

impl MemoryStore {
    /// The same journals as another tab would have them.
    #[must_use]
    pub fn another_tab(&self) -> Self {
        let shared = Rc::clone(&self.shared);
        let tab = {
            let mut shared = shared.borrow_mut();
            shared.last_tab += 1;
            shared.last_tab
        };
        Self { shared, tab }
    }

    /// Replaces an entry's text behind everyone's back, as another script of the page could. For
    /// tests of what follows; false where there is no such entry.
    pub fn tamper(&self, run: &RunId, seq: u64, text: &str) -> bool {
        let mut shared = self.shared.borrow_mut();
        let entry = shared
            .runs
            .get_mut(run)
            .zip(usize::try_from(seq).ok())
            .and_then(|(kept, index)| kept.stored.entries.get_mut(index));
        entry.map(|entry| text.clone_into(entry)).is_some()
    }

    /// Does what a task has to do once the task is worked on, and not before.
    fn later<T: 'static>(&self, work: impl FnOnce(&mut Shared) -> T + 'static) -> Task<T> {
        let shared = Rc::clone(&self.shared);
        Box::pin(async move { work(&mut shared.borrow_mut()) })
    }
}

/// Remembered rules that end with the page.
#[derive(Debug, Default)]
pub struct MemoryGrants(RefCell<Vec<Grant>>);

impl Grants for MemoryGrants {
    fn all(&self) -> Vec<Grant> {
        self.0.borrow().clone()
    }

    fn save(&self, grant: &Grant) -> Result<(), StoreError> {
        self.0.borrow_mut().push(grant.clone());
        Ok(())
    }

    fn revoke(&self, id: &str) -> Result<(), StoreError> {
        self.0.borrow_mut().retain(|grant| grant.id != id);
        Ok(())
    }
}

fn newest_of(mut rows: Vec<RunRow>, newest: usize) -> Vec<RunRow> {
    sort(&mut rows, |a, b| (a.updated, &a.run) > (b.updated, &b.run));
    rows.truncate(newest);
    rows
}

impl JournalStore for MemoryStore {
    fn list(&self, newest: usize) -> Task<Result<Vec<RunRow>, StoreError>> {
        self.later(move |shared| {
            let rows = shared.runs.values().map(|kept| kept.stored.row.clone());
            let (over, mut rows): (Vec<_>, Vec<_>) = rows.partition(|row| row.status.is_over());
            rows.append(&mut newest_of(over, newest));
            sort_by_age(&mut rows);
            Ok(rows)
        })
    }

    fn earlier(&self, by: Timestamp, newest: usize) -> Task<Result<Vec<RunRow>, StoreError>> {
        self.later(move |shared| {
            let rows = shared.runs.values().map(|kept| kept.stored.row.clone());
            let is_meant = |row: &RunRow| row.status.is_over() && row.updated <= by;
            let mut rows = newest_of(rows.filter(is_meant).collect(), newest);
            sort_by_age(&mut rows);
            Ok(rows)
        })
    }

    fn read(&self, run: &RunId, from: u64) -> Task<Result<Option<StoredRun>, StoreError>> {
        let run = run.clone();
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        self.later(move |shared| {
            Ok(shared.runs.get(&run).map(|Kept { stored, .. }| StoredRun {
                row: stored.row.clone(),
                entries: stored.entries.iter().skip(from).cloned().collect(),
            }))
        })
    }

    fn append(&self, append: Append) -> Task<Result<(), StoreError>> {
        let writer = self.tab;
        self.later(move |shared| {
            let kept = shared.runs.get(&append.row.run);
            let found =
                kept.map(|kept| Found { head: kept.stored.row.head, ours: kept.writer == writer });
            let basis = append.basis.and_then(|basis| {
                kept?.stored.entries.get(usize::try_from(basis.seq).ok()?).map(String::as_str)
            });
            if let Admission::Write = admit(&append, found.as_ref(), basis)? {
                let Append { row, text, more, calls, .. } = append;
                let run = row.run.clone();
                let kept = match shared.runs.get_mut(&run) {
                    Some(kept) => {
                        kept.stored.row = row;
                        kept
                    }
                    None => {
                        let stored = StoredRun { row, entries: Vec::new() };
                        let calls = Sorted::default();
                        shared.runs.insert(run.clone(), Kept { stored, calls, writer });
                        shared.runs.get_mut(&run).ok_or(StoreError::Cleared)?
                    }
                };
                kept.stored.entries.push(text);
                kept.stored.entries.extend(more);
                kept.writer = writer;
                for call in calls {
                    kept.calls.insert(call.call.clone(), call);
                }
            }
            Ok(())
        })
    }

    fn clear(&self, thread: Option<&ThreadId>) -> Task<Result<(), StoreError>> {
        let thread = thread.cloned();
        self.later(move |shared| {
            shared.runs.retain(|kept| {
                thread.as_ref().is_some_and(|thread| kept.stored.row.thread != *thread)
            });
            Ok(())
        })
    }

    fn calls(&self, page: Page) -> Task<Result<Vec<CallRow>, StoreError>> {
        self.later(move |shared| {
            let mut rows: Vec<CallRow> = Vec::new();
            for row in shared.runs.values().flat_map(|kept| kept.calls.values()) {
                let is_meant = page.group.is_none_or(|group| group == row.group)
                    && page.after.as_ref().is_none_or(|after| after.is_before(&row.place()));
                if is_meant {
                    rows.push(row.clone());
                }
            }
            sort(&mut rows, |a, b| a.place().is_before(&b.place()));
            rows.truncate(page.limit as usize);
            Ok(rows)
        })
    }

    fn tally(&self) -> Task<Result<Tally, StoreError>> {
        self.later(|shared| {
            let mut tally = Tally::default();
            for row in shared.runs.values().flat_map(|kept| kept.calls.values()) {
                tally[row.group as usize] += 1;
            }
            Ok(tally)
        })
    }
}

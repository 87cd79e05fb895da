//! Where journals live: in the browser's IndexedDB, or in memory where there is none.
//!
//! A store knows nothing of what an entry says. It keeps texts in order and lets one be added only
//! by who knows the last one; see [`contract`] for what every store must show.

pub mod contract;
#[cfg(target_arch = "wasm32")]
mod grants;
#[cfg(target_arch = "wasm32")]
mod indexed_db;
mod marked;
mod memory;
#[cfg(target_arch = "wasm32")]
mod room;

use holdpoint_core::journal::{Head, is_intact};
use holdpoint_core::sorted::sort;

use crate::driver::ports::{Append, RunRow, StoreError};

#[cfg(target_arch = "wasm32")]
pub use grants::LocalGrants;
#[cfg(target_arch = "wasm32")]
pub use indexed_db::{IndexedDbStore, meaning};
pub use marked::{Mark, Marked};
pub use memory::{MemoryGrants, MemoryStore};
#[cfg(target_arch = "wasm32")]
pub use room::{LocalMark, is_short_lived, open, persist};

/// The row that an append finds.
struct Found {
    /// The end of the journal.
    head: Head,
    /// The last entry was made through the very store that appends now.
    ours: bool,
}

/// What an append comes to that may be.
enum Admission {
    /// The entry is to be added.
    Write,
    /// It was, and the answer got lost.
    Written,
}

/// Compares what an append expects with what it finds: the row, and the text of its basis.
///
/// A repeat is told from a rival by who wrote, not by the text: two tabs that decide the same in
/// the same millisecond make the same entry, and only one of them may act upon it.
fn admit(
    append: &Append,
    found: Option<&Found>,
    basis: Option<&str>,
) -> Result<Admission, StoreError> {
    if found.is_some_and(|found| found.ours && found.head == append.row.head) {
        return Ok(Admission::Written);
    }
    let as_expected = match found {
        Some(found) => append.expected.len > 0 && found.head == append.expected,
        None => append.expected == Head::empty(&append.row.run),
    };
    if !as_expected {
        return Err(StoreError::Conflict);
    }
    match append.basis {
        Some(wanted) if !basis.is_some_and(|text| is_intact(text, &wanted.hash)) => {
            Err(StoreError::Altered { seq: wanted.seq })
        }
        _ => Ok(Admission::Write),
    }
}

/// Puts rows in the order in which their runs began.
fn sort_by_age(rows: &mut [RunRow]) {
    sort(rows, |a, b| (a.created, &a.run) < (b.created, &b.run));
}

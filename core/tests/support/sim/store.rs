//! A store of one run's texts: it compares before it appends, and knows what is on the disk.

use holdpoint_core::id::RunId;
use holdpoint_core::journal::{Entry, Head};

/// One run's journal as a browser would keep it.
#[derive(Clone)]
pub struct Store {
    pub texts: Vec<String>,
    pub head: Head,
    /// How many texts a power failure leaves.
    durable: usize,
    /// The head that a power failure leaves.
    durable_head: Head,
    /// Planted: an append takes the place of whatever is there.
    compares: bool,
}

/// Why nothing was appended.
#[derive(Debug, PartialEq, Eq)]
pub struct Conflict;

impl Store {
    pub fn new(run: &RunId, compares: bool) -> Self {
        let head = Head::empty(run);
        Self { texts: Vec::new(), head, durable: 0, durable_head: head, compares }
    }

    /// Appends an entry if the journal still ends where its writer thinks that it does.
    pub fn append(&mut self, entry: &Entry) -> Result<(), Conflict> {
        let seq = usize::try_from(entry.seq).map_err(|_| Conflict)?;
        let fits = seq == self.texts.len()
            && entry.prev == self.head.hash
            && (entry.epoch == self.head.epoch || entry.epoch == self.head.epoch + 1);
        if self.compares && !fits {
            return Err(Conflict);
        }
        self.texts.truncate(seq);
        self.texts.push(entry.to_text());
        self.head = entry.head();
        if entry.record.is_strict() {
            self.durable = self.texts.len();
            self.durable_head = self.head;
        }
        Ok(())
    }

    /// What is on the disk.
    pub fn durable(&self) -> &[String] {
        self.texts.get(..self.durable).unwrap_or(&self.texts)
    }

    /// Forgets what is not on the disk.
    pub fn lose_power(&mut self) {
        self.texts.truncate(self.durable);
        self.head = self.durable_head;
    }
}

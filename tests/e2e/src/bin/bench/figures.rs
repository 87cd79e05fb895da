//! Samples, and the row that they become.

use anyhow::{Context, Result};
use serde_json::Value;

/// Times in milliseconds, or counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures(Vec<f64>);

impl Figures {
    pub(crate) const fn new() -> Self {
        Figures(Vec::new())
    }

    pub(crate) fn take(&mut self, figure: f64) {
        self.0.push(figure);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The middle one; of an even number the lower of the two.
    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    pub(crate) fn show(&self, what: &str) {
        let [least, median, most] = [0.0, 0.5, 0.95].map(|part| self.quantile(part));
        println!("| {what} | {} | {least:.1} | {median:.1} | {most:.1} |", self.count());
    }

    fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        sorted.get((last as f64 * part) as usize).copied().unwrap_or(f64::NAN)
    }
}

/// A title and the head of a table.
pub(crate) fn head(title: &str) {
    println!("\n### {title}\n");
    println!("| what | runs | least, ms | median, ms | 95 %, ms |");
    println!("|---|---:|---:|---:|---:|");
}

/// Numbers that a page gave.
pub(crate) fn numbers(value: &Value) -> Result<Vec<f64>> {
    serde_json::from_value(value.clone()).context("the page gave no list of numbers")
}

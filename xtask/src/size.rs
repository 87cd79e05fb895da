//! `cargo xtask size`: what a first load weighs, and who spends it.

use std::io::Write;

use anyhow::{Result, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::names;
use crate::page;
use crate::tools::Workspace;
use crate::wasm::{self, Build, Files};

/// A first load, HTML apart, may weigh this many bytes with brotli.
const BUDGET: usize = 140_000;
/// What it should weigh.
const GOAL: usize = 90_000;
/// What it weighed last, and a little: until the budget is met, it can only shrink.
const CEILING: usize = 275_000;
/// Crates below this many bytes share a row.
const SMALL: usize = 1_000;

/// Prints the tables; more than last time is an error.
pub(crate) fn run(workspace: &Workspace, small: bool) -> Result<()> {
    let widget = wasm::build(workspace, if small { Build::Small } else { Build::Release })?;
    let files = page::shipped(workspace, widget.files)?;
    let compressed = page::compressed(workspace, &files)?;
    let first: Files =
        page::first_load(&files).map(|(name, bytes)| (name.clone(), bytes.clone())).collect();
    let rest: Files =
        files.iter().filter(|(name, _)| !first.contains_key(*name)).map(owned).collect();

    println!("{:<40} {:>9} {:>9} {:>9}", "first load", "raw", "gzip", "brotli");
    let total = weigh(&first, &compressed)?;
    println!();
    println!("{:<40} {:>9} {:>9} {:>9}", "the demo page around it", "raw", "gzip", "brotli");
    weigh(&rest, &compressed)?;

    println!();
    println!("{:<40} {:>9}", "the wasm, by crate", "raw");
    let (rows, others): (Vec<_>, Vec<_>) =
        names::spenders(&widget.named)?.into_iter().partition(|(_, size)| *size >= SMALL);
    for (name, size) in &rows {
        println!("  {name:<38} {:>9}", grouped(*size));
    }
    let others: usize = others.iter().map(|(_, size)| size).sum();
    println!("  {:<38} {:>9}", "(smaller ones)", grouped(others));

    println!();
    let budget = format!("budget {}, goal {}", grouped(BUDGET), grouped(GOAL));
    println!("a first load weighs {} bytes with brotli: {budget}", grouped(total));
    if total > BUDGET {
        println!("over the budget by {}", grouped(total - BUDGET));
    }
    ensure!(total <= CEILING, "it has grown: the last one was below {}", grouped(CEILING));
    Ok(())
}

/// Prints a row for each file and one for the sum; returns the sum with brotli.
fn weigh(files: &Files, compressed: &Files) -> Result<usize> {
    let mut sum = [0; 3];
    for (name, bytes) in files {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(bytes)?;
        // What is compressed already, such as an image, travels as it is.
        let row = match compressed.get(name) {
            Some(brotli) => [bytes.len(), gzip.finish()?.len(), brotli.len()],
            None => [bytes.len(); 3],
        };
        print_row(&format!("  {name}"), row);
        for (sum, size) in sum.iter_mut().zip(row) {
            *sum += size;
        }
    }
    print_row("  in all", sum);
    Ok(sum[2])
}

fn print_row(name: &str, sizes: [usize; 3]) {
    let [raw, gzip, brotli] = sizes.map(grouped);
    println!("{name:<40} {raw:>9} {gzip:>9} {brotli:>9}");
}

/// A number with its thousands apart: `137,776`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn owned((name, bytes): (&String, &Vec<u8>)) -> (String, Vec<u8>) {
    (name.clone(), bytes.clone())
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1234567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}

//! `cargo xtask size`: what a first load weighs, and who spends it.

use std::cmp::Reverse;
use std::collections::BTreeMap;
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
/// What the rest weighed last, and a little: it can only grow on purpose. The card with its form, rules and undo is
/// two fifths of it. Nine thousand came with the panel: what it shares with the rest is cut into files of their own.
/// Brotli alone makes two thousand of a byte that changed, so there is room for twice that.
const LATER_CEILING: usize = 252_000;
/// The part that a page with a model of its own never loads.
const DEMO: &str = "holdpoint_demo.wasm";
/// The part that comes when someone opens the inbox, or wants a run or the audit as a file.
const BESIDE: &str = "holdpoint_beside.wasm";
/// The part that comes where a page sets `debug`.
const PANEL: &str = "holdpoint_panel.wasm";
/// The part that shows the card or the inbox in an element of its own.
const HEADS: &str = "holdpoint_heads.wasm";
/// Crates below this many bytes share a row.
const SMALL: usize = 1_000;

/// Prints the tables; more than last time is an error.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let widget = wasm::build(workspace, Build::Release)?;
    let files = page::shipped(workspace, widget.files)?;
    let compressed = page::compressed(workspace, &files)?;
    let table = |title: &str, is_row: &dyn Fn(&str) -> bool| {
        println!("{title:<40} {:>9} {:>9} {:>9}", "raw", "gzip", "brotli");
        let rows = files.iter().filter(|(name, _)| is_row(name));
        let total = weigh(rows, &compressed);
        println!();
        total
    };
    let is_part = |name: &str| wasm::is_wasm(name) && name != wasm::WASM;
    let first = table("first load", &page::is_first)?;
    let later = table("with the first run", &|name| {
        is_part(name) && ![DEMO, BESIDE, HEADS, PANEL].contains(&name)
    })?;
    table("with the inbox, or a file", &|name| name == BESIDE)?;
    table("with an element beside the agent", &|name| name == HEADS)?;
    table("with the developer's panel", &|name| name == PANEL)?;
    table("with the stand-in model", &|name| name == DEMO)?;
    let is_label = |name: &str| name.starts_with(page::LABELS);
    table("a language other than English", &is_label)?;
    let is_optional = |name: &str| page::OPTIONAL.contains(&name);
    table("tools that are not the page's own", &is_optional)?;
    let is_around = |name: &str| {
        !page::is_first(name) && !is_part(name) && !is_label(name) && !is_optional(name)
    };
    table("the demo page around it", &is_around)?;

    let (mut now, mut then) = (BTreeMap::new(), BTreeMap::new());
    for (name, wasm) in &widget.named {
        let spent = if name == wasm::WASM { &mut now } else { &mut then };
        for (krate, size) in names::spenders(wasm)? {
            *spent.entry(krate).or_default() += size;
        }
    }
    print_spenders(&now, &then);

    let budget = format!("budget {}, goal {}", grouped(BUDGET), grouped(GOAL));
    println!("a first load weighs {} bytes with brotli: {budget}", grouped(first));
    println!("with all that comes later it is {}", grouped(first + later));
    ensure!(first <= BUDGET, "over the budget by {}", grouped(first - BUDGET));
    ensure!(later <= LATER_CEILING, "the rest has grown beyond {}", grouped(LATER_CEILING));
    Ok(())
}

/// Prints who spends what of the wasm, of both parts, largest first.
fn print_spenders(first: &BTreeMap<String, usize>, later: &BTreeMap<String, usize>) {
    println!("{:<40} {:>9} {:>9}", "the wasm, by crate, raw", "first", "later");
    let of = |spent: &BTreeMap<String, usize>, name: &str| spent.get(name).copied().unwrap_or(0);
    let mut names: Vec<_> = first.keys().chain(later.keys()).collect();
    names.sort_by_key(|name| (Reverse(of(first, name) + of(later, name)), *name));
    names.dedup();
    let (rows, others): (Vec<_>, Vec<_>) =
        names.into_iter().partition(|name| of(first, name) + of(later, name) >= SMALL);
    let print = |name: &str, first, later| {
        println!("  {name:<38} {:>9} {:>9}", grouped(first), grouped(later));
    };
    for name in rows {
        print(name, of(first, name), of(later, name));
    }
    let sum = |spent| others.iter().map(|name| of(spent, name)).sum();
    print("(smaller ones)", sum(first), sum(later));
    println!();
}

/// Prints a row for each file and one for the sum; returns the sum with brotli.
fn weigh<'a>(
    files: impl Iterator<Item = (&'a String, &'a Vec<u8>)>,
    compressed: &Files,
) -> Result<usize> {
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

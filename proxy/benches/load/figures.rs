//! Medians and tables.

/// What one way to the upstream took. Times are in nanoseconds.
pub(crate) struct Row<'a> {
    pub(crate) name: &'a str,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) rate: f64,
    pub(crate) held: usize,
    pub(crate) kib: f64,
}

pub(crate) fn percentile(sorted: &[u64], part: f64) -> f64 {
    let place = (sorted.len() as f64 * part) as usize;
    sorted.get(place.min(sorted.len().saturating_sub(1))).map_or(f64::NAN, |found| *found as f64)
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The table of `docs/performance.md`; the first row is the upstream alone.
pub(crate) fn print(rows: &[Row<'_>], streams: usize, rounds: usize) {
    let Some((direct, _)) = rows.split_first() else { return };
    println!("medians of {rounds} rounds; latency at {streams} open streams\n");
    println!(
        "| way | p50, ms | added | p99, ms | added | requests/s | streams held | KiB a stream |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|");
    for row in rows {
        let ms = |ns: f64| format!("{:.3}", ns / 1e6);
        println!(
            "| {} | {} | {} | {} | {} | {:.0} | {} | {:.1} |",
            row.name,
            ms(row.p50),
            ms(row.p50 - direct.p50),
            ms(row.p99),
            ms(row.p99 - direct.p99),
            row.rate,
            row.held,
            row.kib
        );
    }
    if let [_, proxy, nginx] = rows {
        println!("\nof nginx's requests/s: {:.2}", proxy.rate / nginx.rate);
    }
}

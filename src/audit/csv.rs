//! Facts as CSV, by RFC 4180.

use holdpoint_core::id::Timestamp;

use super::Fact;

/// A line of names, and a line for each fact.
pub fn to_csv<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> String {
    let mut text = COLUMNS.join(",");
    text.push_str("\r\n");
    for fact in facts {
        let trusted = match fact.trusted {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        let (at, seq) = (utc(fact.at), fact.seq.to_string());
        let fields = [
            &at,
            &fact.run,
            &seq,
            &fact.kind,
            &fact.call,
            &fact.tool,
            &fact.what,
            &fact.says,
            &fact.because,
            &fact.by,
            &fact.channel,
            trusted,
            &fact.digest,
            &fact.hash,
        ];
        for (place, field) in fields.into_iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            push(&mut text, field);
        }
        text.push_str("\r\n");
    }
    text
}

const COLUMNS: [&str; 14] = [
    "at", "run", "seq", "kind", "call", "tool", "what", "says", "because", "by", "channel",
    "trusted", "digest", "hash",
];

/// A field, in quotes where it needs them. A spreadsheet takes some first characters for the
/// beginning of a formula, and the words here are a stranger's: an apostrophe makes them text.
fn push(text: &mut String, field: &str) {
    let is_formula = field
        .trim_start()
        .starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
        || field.starts_with(['\t', '\r', '\n']);
    if !is_formula && !field.contains([',', '"', '\r', '\n']) {
        return text.push_str(field);
    }
    text.push('"');
    if is_formula {
        text.push('\'');
    }
    text.push_str(&field.replace('"', "\"\""));
    text.push('"');
}

/// A point in time in UTC, as in `2026-11-25T12:00:00.000Z`; days are counted as in the proleptic
/// Gregorian calendar.
fn utc(at: Timestamp) -> String {
    let millis = at.as_millis();
    let (days, rest) = (millis / 86_400_000, millis % 86_400_000);
    // Years begin in March here, so that a leap day is the last of its year.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let two = |number: u64| padded(number, 2);
    let date = [padded(year, 4), two(month), two(day)].join("-");
    let clock = [two(rest / 3_600_000), two(rest / 60_000 % 60), two(rest / 1_000 % 60)].join(":");
    [&date, "T", &clock, ".", &padded(rest % 1_000, 3), "Z"].concat()
}

fn padded(number: u64, length: usize) -> String {
    let digits = number.to_string();
    ["0".repeat(length.saturating_sub(digits.len())), digits].concat()
}

//! The reader of JSON against a public suite, and against others that read and write numbers.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails it")]

use std::collections::BTreeMap;

use holdpoint_core::json::{Limits, canonical, parse, read};
use serde_json::{Number, Value};

/// Name and text of each case; the first letter says whether a reader must take it.
fn cases() -> BTreeMap<String, String> {
    let text = include_str!("fixtures/json-test-suite/cases.json");
    let mut cases: BTreeMap<String, String> = serde_json::from_str(text).unwrap();
    cases.insert("n_structure_100000_opening_arrays.json".to_owned(), "[".repeat(100_000));
    cases.insert("n_structure_open_array_object.json".to_owned(), "[{\"\":".repeat(50_000));
    cases
}

#[test]
fn every_case_that_must_be_read_is_read_and_every_other_refused() {
    let mut counts = BTreeMap::new();
    for (name, text) in cases() {
        let (is_read, is_parsed) = (read(&text).is_ok(), parse(&text, &Limits::default()).is_ok());
        match name.chars().next().unwrap() {
            'y' => {
                assert!(is_read, "{name}");
                assert_eq!(is_parsed, !REFUSED_IN_DOUBT.contains(&&*name), "{name}");
            }
            'n' => assert!(!is_read && !is_parsed, "{name}"),
            _ => {
                assert_eq!(is_read, READ_IF_TRUSTED.contains(&&*name), "{name}");
                assert_eq!(is_parsed, READ_BY_ALL.contains(&&*name), "{name}");
            }
        }
        *counts.entry(name.chars().next().unwrap()).or_insert(0) += 1;
    }
    assert_eq!(counts, BTreeMap::from([('i', 22), ('n', 176), ('y', 95)]));
}

#[test]
fn every_case_is_read_as_by_serde_json() {
    for (name, text) in cases() {
        match (read(&text), serde_json::from_str::<Value>(&text)) {
            (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{name}"),
            (Err(ours), Err(theirs)) if ours.code == "too_deep" => {
                assert!(theirs.to_string().starts_with("recursion limit"), "{name}");
            }
            (Err(ours), Err(theirs)) if ours.message.starts_with("number out of range") => {
                assert!(theirs.to_string().starts_with("number out of range"), "{name}");
            }
            (Err(ours), Err(theirs)) => assert_eq!(ours.message, theirs.to_string(), "{name}"),
            (ours, theirs) => panic!("{name}: {ours:?}, {theirs:?}"),
        }
    }
}

#[test]
fn every_case_that_is_cut_is_read_as_by_serde_json() {
    for (name, text) in cases().into_iter().filter(|(_, text)| text.len() < 1_000) {
        for (end, _) in text.char_indices() {
            let cut = text.get(..end).unwrap();
            match (read(cut), serde_json::from_str::<Value>(cut)) {
                (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{name}: {cut}"),
                (Err(_), Err(_)) => {}
                (ours, theirs) => panic!("{name}: {cut}: {ours:?}, {theirs:?}"),
            }
        }
    }
}

#[test]
fn nesting_is_read_as_deep_as_serde_json_reads_it() {
    for depth in [126, 127, 128] {
        let text = "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(read(&text).is_ok(), serde_json::from_str::<Value>(&text).is_ok(), "{depth}");
    }
}

#[test]
fn last_of_equal_keys_is_read_where_the_text_is_trusted() {
    assert_eq!(read(r#"{"a":1,"b":2,"\u0061":3}"#).unwrap().to_string(), r#"{"a":3,"b":2}"#);
}

#[track_caller]
fn check_number(text: &str) {
    let expected: f64 = text.parse().unwrap();
    let found = read(text).map(|value| value.as_f64().unwrap().to_bits());
    assert_eq!(found.ok(), expected.is_finite().then_some(expected.to_bits()), "{text}");
}

#[test]
fn hard_number_is_read_as_the_nearest_double() {
    for text in [
        "2.2250738585072011e-308",
        "2.2250738585072012e-308",
        "2.2250738585072014e-308",
        "4.9406564584124654e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "7.4109846876186981e-324",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.797693134862315807e308",
        "1.7976931348623159e308",
        "-1.7976931348623159e308",
        "6.9294956446009195e15",
        "3.7455744005952583e15",
        "9007199254740993.0",
        "9007199254740995.0",
        "9214843084008499.0",
        "0.500000000000000166533453693773481063544750213623046875",
        "3.518437208883201171875e13",
        "62.5364939768271845828",
        "8.10109172351e-10",
        "1.00000000000000011102230246251565404236316680908203125",
        "1.00000000000000011102230246251565404236316680908203124",
        "1.00000000000000011102230246251565404236316680908203126",
        "0.1e23",
        "1e22",
        "1e23",
        "1E-22",
        "8.5e-23",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
        "0e99999999999",
        "-0",
        "-0.0e5",
        "1e-99999999999",
        "1e99999999999",
    ] {
        check_number(text);
    }
    let zeros = "0".repeat(1_000);
    check_number(&["9007199254740993.", &zeros, "1"].concat());
    check_number(&["9007199254740993", &zeros, "e-1000"].concat());
    check_number(&["9007199254740993", &zeros, "1e-1001"].concat());
    check_number(&["0.", &zeros, "9007199254740993e1016"].concat());
    check_number(&["-1", &zeros, ".5e-999"].concat());
}

#[test]
fn random_number_is_read_as_the_nearest_double() {
    let mut random = Random(754);
    for _ in 0..NUMBERS {
        let double = f64::from_bits(random.next());
        if double.is_finite() {
            check_number(&format!("{double:e}"));
            check_number(&format!("{double:.16e}"));
            check_number(&format!("{double:.30e}"));
        }
        let (digits, exponent) = (random.next(), random.next() % 700);
        check_number(&format!("{}.{digits}e{}", digits % 10, exponent as i64 - 350));
        check_number(&format!("{}.{}", digits % 1_000_000, exponent));
    }
}

#[test]
fn number_next_to_the_middle_of_two_doubles_is_read_as_the_nearest() {
    let mut random = Random(2008);
    for _ in 0..NUMBERS {
        let middle = u128::from(random.next() >> 11 | 1 << 52) * 2 + 1;
        let power = random.next() % 30;
        // The same number times 10 to the power, and its neighbours: 54 and 70 bits at most.
        let exact = middle * 5_u128.pow(power as u32);
        for digits in [exact - 1, exact, exact + 1] {
            check_number(&format!("{digits}e-{power}"));
        }
        check_number(&format!("{}.0", middle << (random.next() % 64)));
    }
}

#[test]
fn number_is_written_with_the_shortest_digits() {
    let mut random = Random(1985);
    let powers = (0..2046).map(|field| f64::from_bits(field << 52));
    let randoms = (0..NUMBERS).map(|_| f64::from_bits(random.next()));
    for double in powers.chain(randoms).filter(|double| double.is_finite()) {
        let text = canonical(&Value::Number(Number::from_f64(double).unwrap()));
        let digits = |text: &str| {
            let mantissa = text.split('e').next().unwrap().replace(['.', '-'], "");
            mantissa.trim_matches('0').to_owned()
        };
        // The standard library writes other last digits where two are as near.
        let theirs = serde_json::to_string(&double).unwrap();
        assert_eq!(digits(&text), digits(&theirs), "{text}");
        assert!(digits(&text).len() <= digits(&format!("{double:e}")).len(), "{text}");
        assert_eq!(text.parse::<f64>().unwrap(), double, "{text}");
    }
}

/// xorshift64: the same values in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

const NUMBERS: usize = 100_000;

/// Cases that a reader may take, and ours does: numbers of a size that doubles have.
const READ_IF_TRUSTED: [&str; 5] = [
    "i_number_double_huge_neg_exp.json",
    "i_number_real_underflow.json",
    "i_number_too_big_neg_int.json",
    "i_number_too_big_pos_int.json",
    "i_number_very_big_negative_int.json",
];

/// Those that it takes from anyone.
const READ_BY_ALL: [&str; 2] =
    ["i_number_double_huge_neg_exp.json", "i_number_real_underflow.json"];

/// Cases that a reader must take, and that readers take in different ways.
const REFUSED_IN_DOUBT: [&str; 7] = [
    "y_number.json",
    "y_number_real_capital_e.json",
    "y_number_real_exponent.json",
    "y_number_real_fraction_exponent.json",
    "y_object_duplicated_key.json",
    "y_object_duplicated_key_and_value.json",
    "y_object_extreme_numbers.json",
];

//! JSON at the door: what the reader refuses and where, and the one text of a value.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test fails it")]

use holdpoint_core::json::{
    Digest, DigestError, Limits, canonical, digest, digest_text, parse, read as read_trusted,
};
use serde_json::{Map, Number, Value, json};

#[track_caller]
fn refused(text: &str, code: &str, path: &str) -> String {
    let fault = parse(text, &Limits::default()).unwrap_err();
    assert_eq!((fault.code, fault.path.as_str()), (code, path), "{}", fault.message);
    fault.message
}

#[test]
fn plain_json_is_read_as_it_stands() {
    let text = r#"{"a":[1,-2,2.5,1e3,true,false,null,"\ud83d\ude00"],"b":{}}"#;
    let value = parse(text, &Limits::default()).unwrap();
    assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
}

#[test]
fn text_that_is_no_json_is_refused_with_its_place() {
    refused("", "json_syntax", "");
    refused("{", "json_syntax", "");
    refused("NaN", "json_syntax", "");
    refused("[1,]", "json_syntax", "/1");
    refused(r#"{"a":{"b":[true, nul]}}"#, "json_syntax", "/a/b/1");
    refused("{\"a\":\"\u{1}\"}", "json_syntax", "/a");
}

#[test]
fn text_after_the_value_is_refused() {
    let message = refused(r#"{"a":1} {"a":2}"#, "json_syntax", "");
    assert!(message.contains("trailing characters"), "{message}");
}

#[test]
fn duplicate_key_is_refused_however_it_is_escaped() {
    refused(r#"{"to":"Ann","to":"Bob"}"#, "duplicate_key", "/to");
    refused(r#"[{"x":{"to":"Ann","\u0074o":"Bob"}}]"#, "duplicate_key", "/0/x/to");
    refused(r#"{"a/b~c":1,"a/b~c":1}"#, "duplicate_key", "/a~1b~0c");
}

#[test]
fn same_key_in_two_objects_is_accepted() {
    assert!(parse(r#"[{"a":1},{"a":{"a":1}}]"#, &Limits::default()).is_ok());
}

#[test]
fn number_outside_the_safe_range_is_refused() {
    for number in ["9007199254740992", "-9007199254740992", "18446744073709551616", "1e20"] {
        refused(&format!(r#"{{"amount":{number}}}"#), "unsafe_number", "/amount");
    }
    for number in ["1e400", "-1e400", "9007199254740991.5"] {
        refused(&format!("[0,{number}]"), "unsafe_number", "/1");
    }
    for number in ["9007199254740991", "-9007199254740991", "0.1", "1e15", "-0", "1e-7"] {
        assert!(parse(number, &Limits::default()).is_ok(), "{number}");
    }
}

#[test]
fn half_of_a_surrogate_pair_is_refused() {
    for text in [r#""\ud800""#, r#""\udc00""#, r#""\ud800x""#, r#""\ud800\ud800""#] {
        refused(&format!(r#"{{"to":{text}}}"#), "json_syntax", "/to");
    }
    refused(r#"{"\udead":1}"#, "json_syntax", "");
}

#[test]
fn nesting_is_accepted_to_the_limit_and_no_further() {
    let limits = Limits { depth_max: 3, ..Limits::default() };
    assert!(parse(r#"[{"a":[1]}]"#, &limits).is_ok());
    assert!(parse("[[[]],[[]]]", &limits).is_ok());
    let fault = parse(r#"[{"a":[[]]}]"#, &limits).unwrap_err();
    assert_eq!((fault.code, fault.path.as_str()), ("too_deep", "/0/a/0"));
}

#[test]
fn endless_nesting_is_refused_under_any_limit() {
    let limits = Limits { depth_max: usize::MAX, ..Limits::default() };
    let fault = parse(&"[".repeat(200_000), &limits).unwrap_err();
    assert_eq!(fault.code, "too_deep");
    assert_eq!(parse("1", &Limits { depth_max: 0, ..limits }), Ok(json!(1)));
}

#[test]
fn long_text_is_refused_before_it_is_read() {
    let limits = Limits { bytes_max: 4, ..Limits::default() };
    assert!(parse("1234", &limits).is_ok());
    let fault = parse("{{{{{", &limits).unwrap_err();
    assert_eq!(fault.code, "too_long");
    assert_eq!(fault.message, "expected at most 4 bytes, found 5");
}

/// RFC 8785, appendix B.
#[test]
fn numbers_are_written_as_ecmascript_writes_them() {
    for (bits, expected) in [
        (0x0000000000000000, "0"),
        (0x8000000000000000, "0"),
        (0x0000000000000001, "5e-324"),
        (0x8000000000000001, "-5e-324"),
        (0x7fefffffffffffff, "1.7976931348623157e+308"),
        (0xffefffffffffffff, "-1.7976931348623157e+308"),
        (0x4340000000000000, "9007199254740992"),
        (0xc340000000000000, "-9007199254740992"),
        (0x4430000000000000, "295147905179352830000"),
        (0x44b52d02c7e14af5, "9.999999999999997e+22"),
        (0x44b52d02c7e14af6, "1e+23"),
        (0x44b52d02c7e14af7, "1.0000000000000001e+23"),
        (0x444b1ae4d6e2ef4e, "999999999999999700000"),
        (0x444b1ae4d6e2ef4f, "999999999999999900000"),
        (0x444b1ae4d6e2ef50, "1e+21"),
        (0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"),
        (0x3eb0c6f7a0b5ed8d, "0.000001"),
        (0x41b3de4355555553, "333333333.3333332"),
        (0x41b3de4355555554, "333333333.33333325"),
        (0x41b3de4355555555, "333333333.3333333"),
        (0x41b3de4355555556, "333333333.3333334"),
        (0x41b3de4355555557, "333333333.33333343"),
        (0xbecbf647612f3696, "-0.0000033333333333333333"),
        (0x43143ff3c1cb0959, "1424953923781206.2"),
    ] {
        assert_eq!(canonical(&double(f64::from_bits(bits))), expected, "{bits:016x}");
    }
    assert_eq!(canonical(&json!([1.0, 100, -5, 1e2, 120e-1])), "[1,100,-5,100,12]");
}

/// RFC 8785, section 3.2.2.
#[test]
fn structure_is_written_without_white_space_and_with_minimal_escapes() {
    let text = r#"{
        "numbers": [333333333.3333333, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
    }"#;
    assert_eq!(
        canonical(&serde_json::from_str(text).unwrap()),
        concat!(
            r#"{"literals":[null,true,false],"#,
            r#""numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#,
            r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
        ),
    );
}

/// RFC 8785, section 3.2.3, and one more pair of keys that differ late.
#[test]
fn keys_are_sorted_by_utf_16_code_units() {
    let value = json!({
        "\u{20ac}": "Euro Sign",
        "\r": "Carriage Return",
        "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\u{1f600}": "Emoji: Grinning Face",
        "\u{80}": "Control",
        "\u{f6}": "Latin Small Letter O With Diaeresis",
        "z\u{ffff}": "after",
        "z\u{10000}": "before",
    });
    let keys: Vec<&str> =
        vec!["\r", "1", "z\u{10000}", "z\u{ffff}", "\u{80}", "ö", "€", "\u{1f600}", "\u{fb33}"];
    let text = canonical(&value);
    let places: Vec<usize> = keys
        .iter()
        .map(|key| text.find(&format!("{}:", serde_json::to_string(key).unwrap())).unwrap())
        .collect();
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn canonical_text_is_a_fixed_point_for_random_values() {
    let limits = Limits { depth_max: 126, ..Limits::default() };
    for seed in 1..2_000 {
        let value = random_value(&mut Random(seed), 4);
        let text = canonical(&value);
        let read = parse(&text, &limits).unwrap_or_else(|fault| panic!("seed {seed}: {fault:?}"));
        assert_eq!(read, value, "seed {seed}");
        assert_eq!(read_trusted(&text).as_ref(), Ok(&value), "seed {seed}");
        assert_eq!(canonical(&read), text, "seed {seed}");
        assert_eq!(digest(&read), digest_text(&text), "seed {seed}");
    }
}

#[test]
fn canonical_number_reads_back_as_the_same_double() {
    let mut random = Random(8785);
    for _ in 0..100_000 {
        let number = f64::from_bits(random.next());
        if number.is_finite() {
            let text = canonical(&double(number));
            assert_eq!(text.parse::<f64>().unwrap(), number, "{text}");
        }
    }
}

#[test]
fn accepted_number_never_drifts_when_it_is_stored_and_read_again() {
    let mut random = Random(1);
    let mut accepted = 0;
    for _ in 0..100_000 {
        let number = f64::from_bits(random.next());
        let Some(number) = Number::from_f64(number % 1e15) else { continue };
        if let Ok(once) = parse(&canonical(&Value::Number(number)), &Limits::default()) {
            accepted += 1;
            let twice = parse(&canonical(&once), &Limits::default()).unwrap();
            assert_eq!(canonical(&twice), canonical(&once));
        }
    }
    println!("{accepted} of 100000 numbers of all magnitudes are accepted");
}

#[test]
fn digest_is_of_the_canonical_text() {
    let value = json!({"b": 1.0, "a": "x"});
    assert_eq!(digest(&value), digest_text(r#"{"a":"x","b":1}"#));
    assert_eq!(
        digest_text("abc").to_string(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    assert_eq!(digest_text("abc").short(), "ba7816bf");
}

#[test]
fn digest_is_stored_as_its_digits_and_nothing_else() {
    let digest = digest_text("");
    assert_eq!(Value::from(digest), json!(digest.to_string()));
    assert_eq!(digest.to_string().parse(), Ok(digest));

    let digits = digest.to_string();
    for wrong in ["", &digits[1..], &digits.to_uppercase(), &digits.replace('e', "g"), "é"] {
        assert_eq!(wrong.parse::<Digest>(), Err(DigestError), "{wrong}");
    }
    assert_eq!("é".repeat(32).parse::<Digest>(), Err(DigestError));
}

fn double(number: f64) -> Value {
    Value::Number(Number::from_f64(number).unwrap())
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

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn text(&mut self) -> String {
        let pool = ['a', 'Z', '"', '\\', '\n', '\u{1f}', '\u{7f}', '€', '\u{fb33}', '😀'];
        (0..self.below(6)).map(|_| pool[self.below(10) as usize]).collect()
    }
}

fn random_value(random: &mut Random, depth: u32) -> Value {
    match random.below(if depth == 0 { 5 } else { 7 }) {
        0 => Value::Null,
        1 => Value::Bool(random.below(2) == 0),
        2 => json!(random.next() as i32),
        // No whole number, which would be read as another kind of `Number`.
        3 => double((random.next() as i32 | 1) as f64 / 64.0),
        4 => Value::String(random.text()),
        5 => (0..random.below(5)).map(|_| random_value(random, depth - 1)).collect(),
        _ => {
            let mut map = Map::new();
            for _ in 0..random.below(5) {
                map.insert(random.text(), random_value(random, depth - 1));
            }
            Value::Object(map)
        }
    }
}

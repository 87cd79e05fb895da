//! Texts that make trouble for those who read them carelessly, as a person reads them on a card.

use std::collections::BTreeMap;

use holdpoint_core::escape::visible_text;

#[test]
fn no_two_naughty_strings_look_the_same() {
    let list = include_str!("../core/tests/fixtures/naughty-strings/blns.json");
    let list: Vec<String> = serde_json::from_str(list).expect("a list of strings");
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for text in &list {
        let shown = visible_text(text);
        let controls = |shown: char| shown.is_control() && shown != '\n';
        assert!(!shown.contains(controls), "{text:?} shows as {shown:?}");
        if let Some(other) = seen.insert(shown.clone(), text) {
            assert_eq!(other, text, "both show as {shown:?}");
        }
    }
}

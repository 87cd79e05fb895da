//! The reader of journals: what it takes it writes again as it understood it, and nothing that was changed
//! behind its hash is taken.
//!
//! No search finds a hash, so each line is given its place and its hash before it is read.

use holdpoint_core::id::RunId;
use holdpoint_core::journal::{Entry, Head};
use holdpoint_core::json::digest;
use holdpoint_core::run::replay;
use serde_json::Value;

pub(crate) fn check(bytes: &[u8]) {
    let run = RunId::new("run");
    let text = String::from_utf8_lossy(bytes);
    let _ = replay(&run, None, text.lines());

    let mut head = Head::empty(&run);
    let mut texts = Vec::new();
    for line in text.lines() {
        let Some(sealed) = seal(line, &head) else { continue };
        let Ok(entry) = Entry::parse(&sealed, &run, &head) else { continue };
        // A field that is not known is passed over, and missing in what is written again.
        let written = seal(&entry.to_text(), &head).expect("an entry");
        let again = Entry::parse(&written, &run, &head).expect("what was read before");
        assert_eq!(again.record, entry.record, "{written}");
        let changed = sealed.replacen("\"epoch\":", "\"epoch\":1", 1);
        assert!(Entry::parse(&changed, &run, &head).is_err(), "{changed}");
        head = entry.head();
        texts.push(sealed);
    }
    // Only a journal that one run could have written is taken, and whole.
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    if let Ok(read) = replay(&run, Some(&head), texts.iter().copied()) {
        assert_eq!(replay(&run, None, texts.iter().copied()).as_ref(), Ok(&read));
        assert!(replay(&run, Some(&head), texts[..texts.len() - 1].iter().copied()).is_err());
        assert!(!read.status().is_over() || read.outstanding().is_empty());
        read.messages();
    }
}

/// The line as the entry behind `head`.
fn seal(line: &str, head: &Head) -> Option<String> {
    let Ok(Value::Object(mut entry)) = serde_json::from_str(line) else { return None };
    entry.remove("hash");
    let is_resumed = entry.get("record").is_some_and(|record| record == "resumed");
    entry.insert("run".into(), "run".into());
    entry.insert("seq".into(), head.len.into());
    entry.insert("epoch".into(), (head.epoch + u64::from(is_resumed)).into());
    entry.insert("prev".into(), head.hash.to_string().into());
    let hash = digest(&Value::Object(entry.clone()));
    entry.insert("hash".into(), hash.to_string().into());
    Some(Value::Object(entry).to_string())
}

//! The strict reader beside another one: what it takes, serde_json takes for the same; what it
//! writes, it reads again; and a remembered rule comes back as it was kept.

use holdpoint_core::grant::Grant;
use holdpoint_core::json::{Limits, canonical, parse};
use serde_json::Value;

pub(crate) fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(grant) = Grant::parse(&text) {
        // A number may come back as another that is written alike.
        let again = Grant::parse(&grant.to_text()).map(|again| again.to_text());
        assert_eq!(again, Some(grant.to_text()));
    }
    let other = serde_json::from_str::<Value>(&text);
    match (parse(&text, &Limits::default()), other) {
        (Ok(value), Ok(other)) => {
            assert_eq!(canonical(&value), canonical(&other), "two readers, two values");
            let again = parse(&canonical(&value), &Limits::default());
            assert_eq!(again.map(|again| canonical(&again)), Ok(canonical(&value)));
        }
        (Ok(_), Err(error)) => panic!("taken here and nowhere else: {error}"),
        (Err(fault), Ok(_)) => assert_ne!(fault.code, "json_syntax", "{text}"),
        (Err(_), Err(_)) => {}
    }
}

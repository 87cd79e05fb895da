//! What a page may register as a tool, and what is refused with words.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test fails it")]

mod support;

use holdpoint_core::schema::NoPatterns;
use holdpoint_core::tool::Tool;
use serde_json::{Value, json};
use support::{bank, bank_with, definitions, toolbox};

#[track_caller]
fn check_refused(change: impl Fn(&mut Value), code: &str, words: &str) {
    let mut definition = definitions().remove(2);
    change(&mut definition);
    let error = Tool::parse(&definition, &NoPatterns).unwrap_err();
    assert_eq!(error.code, code, "{error}");
    assert!(error.message.contains(words), "{error}");
}

#[test]
fn tool_is_known_by_what_the_page_says_of_it() {
    let bank = bank();
    let tool = bank.get("check_balance").unwrap();
    assert_eq!(
        (tool.title.as_str(), tool.description.as_str()),
        ("Check balance", "Tells the balance.")
    );
    assert!(tool.annotations.read_only_hint && tool.annotations.repeatable());
    assert_eq!(tool.input_schema["additionalProperties"], false);
    assert_eq!(bank.get("transfer").unwrap().rules().len(), 2);
}

#[test]
fn tool_that_is_not_understood_in_full_is_refused() {
    let malformed = "tool_malformed";
    check_refused(|t| *t = json!(7), malformed, "a name");
    check_refused(|t| t["name"] = json!("send money"), malformed, "a name");
    check_refused(|t| t["name"] = json!("x".repeat(65)), malformed, "a name");
    check_refused(|t| t["description"] = json!(""), malformed, "a description");
    check_refused(|t| t["description"] = json!(7), malformed, "description");
    check_refused(|t| t["title"] = json!([]), malformed, "title");
    check_refused(|t| t["inputSchema"] = json!(true), malformed, "inputSchema");
    check_refused(|t| t["inputSchema"]["type"] = json!("array"), malformed, "object");
    check_refused(|t| t["annotations"]["readOnlyHint"] = json!("yes"), malformed, "readOnlyHint");
}

#[test]
fn schema_with_a_keyword_that_is_not_known_is_refused() {
    let code = "tool_schema_unsupported";
    let typo = json!({ "type": "integer", "maximun": 100 });
    check_refused(|t| t["inputSchema"]["properties"]["amount"] = typo.clone(), code, "inputSchema");
    check_refused(|t| t["approval"][0]["when"] = typo.clone(), code, "rule large-transfer");
    check_refused(
        |t| t["approval"][0]["when"] = json!({ "pattern": "^a" }),
        code,
        "large-transfer",
    );
}

#[test]
fn rule_that_is_not_understood_in_full_is_refused() {
    let malformed = "tool_malformed";
    check_refused(|t| t["approval"] = json!("sometimes"), malformed, "approval");
    check_refused(|t| t["approval"] = json!([]), malformed, "a rule");
    check_refused(|t| t["approval"] = json!({}), malformed, "approval");
    check_refused(|t| t["approval"][0] = json!("large"), malformed, "an object");
    check_refused(|t| t["approval"][0]["unless"] = json!({}), malformed, "unless");
    check_refused(|t| t["approval"][0]["id"] = json!(" "), malformed, "id");
    check_refused(|t| t["approval"][0]["because"] = json!(null), malformed, "because");
    check_refused(|t| t["approval"][0]["verdict"] = json!("allow"), malformed, "ask or deny");
    check_refused(|t| t["approval"][0]["expiresIn"] = json!(0), malformed, "expiresIn");
    check_refused(|t| t["approval"][0]["expiresIn"] = json!("1h"), malformed, "expiresIn");
    check_refused(|t| t["approval"][1]["id"] = json!("large-transfer"), malformed, "of its own");
    check_refused(
        |t| {
            t["approval"][0].as_object_mut().unwrap().remove("when");
        },
        malformed,
        "when",
    );
}

#[test]
fn second_tool_of_a_name_is_refused_and_the_first_stays() {
    let mut bank = bank();
    let mut other = definitions().remove(1);
    other["approval"] = json!("always");
    assert_eq!(bank.register(&other).unwrap_err().code, "tool_duplicate");
    let digest = bank.get("deposit").unwrap().digest;
    assert!(bank.unregister("deposit") && !bank.unregister("deposit"));
    assert_ne!(bank.register(&other).unwrap().digest, digest);
}

#[test]
fn digest_tells_tools_apart_by_what_a_decision_depends_on() {
    let digest =
        |change: &dyn Fn(&mut Value)| bank_with("transfer", change).get("transfer").unwrap().digest;
    let original = digest(&|_| ());
    let changes: [&dyn Fn(&mut Value); 4] = [
        &|t| t["origin"] = json!("https://tools.example/mcp"),
        &|t| t["inputSchema"]["properties"]["amount"]["minimum"] = json!(2),
        &|t| t["approval"] = json!("always"),
        &|t| t["annotations"] = json!({ "readOnlyHint": true }),
    ];
    for change in changes {
        assert_ne!(digest(change), original);
    }
    assert_eq!(digest(&|t| t["description"] = json!("Moves money.")), original);
}

#[test]
fn model_is_told_of_tools_in_the_order_of_their_names() {
    let functions = bank().functions();
    let names: Vec<_> = functions.iter().map(|function| function.name.as_str()).collect();
    assert_eq!(names, ["check_balance", "deposit", "pay_bill", "transfer"]);
    assert!(functions.iter().all(|function| function.strict));
    assert!(toolbox(&[]).functions().is_empty());
}

//! What the operator writes: all faults are told at once, and no secret is.

use holdpoint_worker::Config;

use crate::support::{configured, file, variables};

#[track_caller]
fn faults(file: &str, variables: &[(&str, String)]) -> Vec<String> {
    let read = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    };
    Config::parse(file, read).unwrap_err().faults
}

fn good() -> (String, Vec<(&'static str, String)>) {
    (file(([127, 0, 0, 1], 9).into()), variables("sqlite://db"))
}

#[test]
fn good_configuration_is_read_whole() {
    let (file, variables) = good();
    let config = configured(&file, &variables);
    let workflow = &config.workflows["invoice"];
    assert_eq!(workflow.toolbox().iter().count(), 1);
    assert_eq!(config.approvers["ann"].name, "Ann Archer");
    assert_eq!(config.approvers["ben"].name, "ben");
}

#[test]
fn every_fault_is_told_at_once_and_names_its_place() {
    let (file, mut variables) = good();
    let file = file
        .replace("\"ann\", \"ben\"]", "\"zoe\"]")
        .replace("channels = [\"ops\"]", "channels = [\"none\"]")
        .replace("minimum = 1 ", "minimun = 1 ")
        .replace("pattern = \"^", "pattern = \"(")
        .replace("/tools/transfer\"", "/tools/transfer\"\nsurprise = 1")
        .replace("kind = \"webhook\"", "kind = \"pigeon\"")
        .replace("model =", "mode = \"odd\"\napi = \"odd\"\nmodel =");
    variables.retain(|(name, _)| *name != "HOLDPOINT_SIGNING_SECRET");
    variables.push(("HOLDPOINT_NOTICE_PAUSES_S", "5,soon".into()));
    let faults = faults(&file, &variables);
    for expected in [
        "HOLDPOINT_NOTICE_PAUSES_S: expected whole seconds",
        "channel ops: expected kind to be \"webhook\"",
        "workflow invoice: expected mode to be",
        "workflow invoice: expected api to be",
        "workflow invoice: there is no approver zoe",
        "workflow invoice: there is no channel none",
        "workflow invoice: input_schema/properties/supplier/pattern",
        "workflow invoice: tool transfer: there is no field surprise",
        "workflow invoice: tool transfer: tool_schema_unsupported",
        "workflow invoice: tool transfer: HOLDPOINT_SIGNING_SECRET: it is not set",
    ] {
        assert!(faults.iter().any(|fault| fault.starts_with(expected)), "{expected}: {faults:#?}");
    }
}

#[test]
fn push_channel_needs_a_contact_and_services_that_are_safe_to_send_to() {
    let (file, mut variables) = good();
    let channel = |fields: &str| {
        let channel = ["[[channel]]\nname = \"push\"\nkind = \"push\"\n", fields, "\n"].concat();
        [&file, channel.as_str()].concat()
    };
    let said = "expected services to be https://HOST, or http:// of this machine, found";
    let services = "services = [\"http://10.0.0.1\", \"https://push.example/path\"]";
    let told = faults(&channel(services), &variables);
    assert_eq!(
        told,
        [
            "channel push: expected `contact`, whom a push service may turn to: mailto:… or https:…",
            &format!("channel push: {said} \"http://10.0.0.1\""),
            &format!("channel push: {said} \"https://push.example/path\""),
            "channel push: expected a push service, or none said for the known ones",
        ]
    );
    variables.push(("HOLDPOINT_PUSH_KEY", "short".into()));
    let told = faults(&channel("contact = \"mailto:ops@example.com\""), &variables);
    assert_eq!(told, ["HOLDPOINT_PUSH_KEY: expected a private key of 32 bytes in base64url"]);
}

#[test]
fn secrets_are_needed_and_never_told() {
    let (file, variables) = good();
    let mut variables: Vec<_> = variables
        .into_iter()
        .map(|(name, value)| match name {
            "HOLDPOINT_SIGNING_SECRET" => (name, "whsec_canary".to_owned()),
            "HOLDPOINT_WEBHOOK_SECRETS" => (name, "shop=canary".to_owned()),
            "HOLDPOINT_WORKER_TOKENS" => (name, "ann=canary".to_owned()),
            _ => (name, value),
        })
        .collect();
    let told = faults(&file, &variables).join("\n");
    for name in ["SIGNING_SECRET", "WEBHOOK_SECRETS shop", "WORKER_TOKENS", "approver ben"] {
        assert!(told.contains(name), "{told}");
    }
    assert!(!told.contains("canary"), "{told}");
    variables.retain(|(name, _)| *name != "HOLDPOINT_WORKER_TOKENS");
    assert!(faults(&file, &variables).join("\n").contains("nobody can decide"));
}

#[test]
fn unknown_field_and_bad_syntax_are_told_with_their_line() {
    let (_, variables) = good();
    let told = faults("[[workflow]]\nname = \"a\"\nmodle = \"b\"\n", &variables).join("\n");
    assert!(told.contains("line 3") && told.contains("modle"), "{told}");
    let told = faults("[[workflow]\n", &variables).join("\n");
    assert!(told.contains("line 1"), "{told}");
}

#[test]
fn field_of_the_input_is_never_looked_at_for_places() {
    let (file, variables) = good();
    let config = configured(&file, &variables);
    let input = serde_json::json!({ "amount": 5, "supplier": "{amount} {input}" });
    let text = config.workflows["invoice"].text(&input);
    assert_eq!(text, "Please transfer 5 to {amount} {input}");
}

#[test]
fn channel_that_could_not_tell_is_no_channel() {
    let (file, mut variables) = good();
    variables.retain(|(name, _)| !name.contains("SLACK"));
    variables.push(("HOLDPOINT_SMTP_URL", "smtp://me:canary@mail.example.com".into()));
    variables.push(("OTHER_SMTP", "canary".into()));
    let more = r#"
[[channel]]
name = "chat"
kind = "slack"
url = "https://slack.com"
[[channel]]
name = "mail"
kind = "email"
from = "Holdpoint <holdpoint@example.com>"
[[channel]]
name = "other"
kind = "email"
from = "nobody"
url_env = "OTHER_SMTP"
[[channel]]
name = "third"
kind = "email"
from = "a@example.com"
url_env = "NO_SMTP"
[[workflow]]
escalate_after_s = 60
remind_after_s = [0]
"#;
    let file = file
        .replace("[[workflow]]", more)
        .replace("id = \"ann\"", "id = \"ann\"\nemail = \"ann\"\nslack = \"U1\"")
        .replace("id = \"ben\"", "id = \"ben\"\nslack = \"U1\"")
        .replace("\"ops\"]", "\"ops\"]\nescalate_to = [\"none\"]");
    let told = faults(&file, &variables);
    for expected in [
        "approver ann: expected an address in `email`",
        "approver ben: U1 in Slack is ann already",
        "channel chat: there is no field url with kind \"slack\"",
        "channel chat: expected Slack's id of a channel in `channel`",
        "channel chat: HOLDPOINT_SLACK_TOKEN: it is not set",
        "channel chat: HOLDPOINT_SLACK_SIGNING_SECRET: it is not set",
        "channel mail: HOLDPOINT_SMTP_URL: expected smtps:// or ?tls=required",
        "channel other: OTHER_SMTP: expected an address in `from`",
        "channel third: NO_SMTP: it is not set",
        "workflow invoice: there is no channel none",
        "workflow invoice: expected remind_after_s to be numbers above 0",
    ] {
        assert!(told.iter().any(|fault| fault.starts_with(expected)), "{expected}: {told:#?}");
    }
    assert!(!told.join("\n").contains("canary"), "{told:#?}");
    let file = file.replace("escalate_after_s = 60\n", "");
    let told = faults(&file, &variables).join("\n");
    assert!(told.contains("expected escalate_after_s above 0 and escalate_to"), "{told}");
}

#[test]
fn mail_that_would_reach_no_approver_is_a_fault() {
    let (file, mut variables) = good();
    variables.push(("HOLDPOINT_SMTP_URL", "smtp://127.0.0.1:25".into()));
    let mail = "[[channel]]\nname = \"mail\"\nkind = \"email\"\nfrom = \"a@example.com\"\n";
    let file = file
        .replace("[[workflow]]", &[mail, "[[workflow]]"].concat())
        .replace("\"ops\"]", "\"ops\", \"mail\"]");
    let told = faults(&file, &variables).join("\n");
    assert_eq!(told, "workflow invoice: channel mail: no approver has an `email`");
}

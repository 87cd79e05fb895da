//! News as blocks of Slack. What others wrote stands in plain and preformatted text alone, which
//! Slack reads no markup in, and what does not fit is said to be left out.

use serde_json::{Value, json};

use super::super::news::News;
use crate::text::beginning;

/// What the buttons carry: what was shown, the channel's name here, and the call.
pub(super) struct Ask<'a> {
    pub(super) digest: &'a str,
    pub(super) channel: &'a str,
    pub(super) call: &'a str,
}

/// The text of a notification, and the blocks.
pub(super) fn message(news: &News, ask: Option<&Ask<'_>>) -> (String, Vec<Value>) {
    let (heading, left_out) = beginning(&news.heading, HEADER_MAX);
    let mut blocks = vec![json!({ "type": "header", "text": plain(heading) })];
    if left_out > 0 {
        blocks.push(section(&news.heading));
    }
    blocks.extend(news.lines.iter().map(|line| section(line)));
    let facts: Vec<String> =
        news.facts.iter().map(|(name, value)| [name, ": ", value].concat()).collect();
    let facts = facts.join("\n");
    let (shown, left_out) = beginning(&facts, TEXT_MAX);
    if !shown.is_empty() {
        blocks.push(preformatted(shown));
    }
    if left_out > 0 {
        let said = format!("{left_out} more characters do not fit here. Open it to see them all.");
        blocks.push(section(&said));
    }
    if let Some(quote) = &news.quote {
        blocks.push(section("The assistant says:"));
        let (shown, left_out) = beginning(quote, TEXT_MAX);
        if !shown.is_empty() {
            blocks.push(preformatted(shown));
        }
        if left_out > 0 {
            blocks.push(section(&format!("{left_out} more characters do not fit here.")));
        }
    }
    blocks.push(json!({ "type": "context", "elements": [plain(&news.small)] }));
    if let Some(ask) = ask.filter(|_| news.asks) {
        blocks.push(actions(ask, &news.heading, left_out == 0));
    }
    (escaped(&news.heading), blocks)
}

/// The buttons. What is not seen whole here cannot be approved here.
fn actions(ask: &Ask<'_>, heading: &str, is_whole: bool) -> Value {
    let value = [ask.digest, ask.channel, ask.call].join("|");
    let button = |id: &str, text: &str| json!({ "type": "button", "action_id": id, "text": plain(text), "value": value });
    let mut buttons = Vec::new();
    if is_whole {
        let mut approve = button("holdpoint_approve", "Approve");
        approve["style"] = "primary".into();
        approve["confirm"] = json!({
            "title": plain("Approve this?"),
            "text": plain(beginning(heading, CONFIRM_MAX).0),
            "confirm": plain("Approve"),
            "deny": plain("Not yet"),
        });
        buttons.push(approve);
    }
    let mut deny = button("holdpoint_deny", "Deny");
    deny["style"] = "danger".into();
    buttons.extend([deny, button("holdpoint_open", "Open")]);
    json!({ "type": "actions", "block_id": "holdpoint", "elements": buttons })
}

/// Text in which Slack reads no mention, link or markup.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn plain(text: &str) -> Value {
    // Slack takes no empty text.
    let text = if text.is_empty() { "–" } else { text };
    json!({ "type": "plain_text", "text": text, "emoji": false })
}

fn section(text: &str) -> Value {
    let (shown, left_out) = beginning(text, TEXT_MAX);
    match left_out {
        0 => json!({ "type": "section", "text": plain(shown) }),
        _ => {
            let whole = format!("{shown} … and {left_out} more characters");
            json!({ "type": "section", "text": plain(&whole) })
        }
    }
}

fn preformatted(text: &str) -> Value {
    json!({
        "type": "rich_text",
        "elements": [{
            "type": "rich_text_preformatted",
            "elements": [{ "type": "text", "text": text }],
        }],
    })
}

/// Slack takes 150 characters in a header, 3,000 in a text and 300 in a question; the rest is room
/// for what is said about the cut.
const HEADER_MAX: usize = 150;
const TEXT_MAX: usize = 2900;
const CONFIRM_MAX: usize = 300;

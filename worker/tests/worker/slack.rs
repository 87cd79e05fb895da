//! Slack: asked there, pressed there, and shown there what came of it.

use holdpoint_worker::config::SlackSecret;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::fakes::{FakeSlack, SLACK_SECRET, buttons, press, slack_signed};
use crate::support::{Bench, sent};

async fn with_slack() -> (Bench, FakeSlack) {
    let slack = FakeSlack::start(1_700_000_000).await;
    let file = [CHANNEL, "api_url = \"", &slack.base, "/api\"\n\n[[workflow]]"].concat();
    let bench = Bench::changed(|start| {
        start
            .replace("[[workflow]]", &file)
            .replace("\"ops\"]", "\"ops\", \"chat\"]")
            .replace("id = \"ann\"", "id = \"ann\"\nslack = \"U1\"")
            .replace("id = \"ben\"", "id = \"ben\"\nslack = \"T1/U2\"")
            .replace("id = \"eve\"", "id = \"eve\"\nslack = \"T2/U3\"")
            .replace(", pattern = \"^\\\\p{L}+$\"", "")
    });
    (bench.await, slack)
}

const CHANNEL: &str = "[[channel]]\nname = \"chat\"\nkind = \"slack\"\nchannel = \"C1\"\n";

fn now_s() -> u64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

fn signed(bench: &Bench, secret: &str, at_s: u64, body: &str) -> RequestBuilder {
    let mut request = bench.server.post("/v1/slack/interactions").body(body.to_owned());
    for (name, value) in slack_signed(secret, at_s, body) {
        request = request.header(name, value);
    }
    request
}

/// Someone presses a button of a message; Slack gets its answer.
async fn pressed(bench: &Bench, slack: &FakeSlack, user: &str, action: &str, message: &Value) {
    let buttons = buttons(message);
    let (_, value) = buttons.iter().find(|(id, _)| id == action).unwrap();
    let body = press(&slack.base, user, (action, value), ("C1", "1700000000.000001"));
    let answer = sent(signed(bench, SLACK_SECRET, now_s(), &body)).await;
    assert_eq!(answer, (200, json!({})));
}

/// All that a message shows, without its frame.
fn shown(message: &Value) -> String {
    fn texts(value: &Value, shown: &mut String) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| texts(item, shown)),
            Value::Object(fields) => match fields.get("text") {
                Some(Value::String(text)) => {
                    shown.push_str(text);
                    shown.push('\n');
                }
                _ => fields.values().for_each(|value| texts(value, shown)),
            },
            _ => {}
        }
    }
    let mut all = String::new();
    texts(&message["blocks"], &mut all);
    all
}

#[tokio::test]
async fn press_in_slack_lets_the_call_go_on_and_the_message_says_who_it_was() {
    let (mut bench, mut slack) = with_slack().await;
    let (_, approval) = bench.halted(500).await;
    let asked = slack.asked.recv().await.unwrap();
    assert_eq!(
        (asked.method.as_str(), asked.token.as_str()),
        ("chat.postMessage", "Bearer xoxb-test")
    );
    let (message, ts) = (asked.body, asked.ts);
    assert_eq!((&message["channel"], &message["unfurl_links"]), (&json!("C1"), &json!(false)));
    let text = shown(&message);
    let digest = &approval["digest"].as_str().unwrap()[..8];
    for part in ["Approval needed: Transfer", "the amount is 100 or more.", "amount: 500", digest] {
        assert!(text.contains(part), "{part}: {text}");
    }
    pressed(&bench, &slack, "U1", "holdpoint_approve", &message).await;
    let update = slack.next("chat.update").await;
    assert_eq!((&update["channel"], &update["ts"]), (&json!("C1"), &json!(ts)));
    assert!(shown(&update).contains("Approved by Ann Archer: Transfer"), "{update}");
    assert_eq!(buttons(&update), []);
    let done = slack.next("chat.postMessage").await;
    assert!(shown(&done).contains("Done: 500 to Alice."), "{done}");
    assert_eq!(done["thread_ts"], "1700000000.000001");
    let receipt = &bench.world.calls("transfer")[0].body()["approval"];
    assert_eq!(receipt["by"], json!({ "id": "ann", "name": "Ann Archer", "channel": "slack" }));
}

#[tokio::test]
async fn decision_by_another_channel_is_shown_and_a_later_press_is_told_of_it() {
    let (mut bench, mut slack) = with_slack().await;
    let (_, approval) = bench.halted(500).await;
    let message = slack.next("chat.postMessage").await;
    assert_eq!(bench.server.decide(&approval, "ann", "deny").await.0, 200);
    let update = slack.next("chat.update").await;
    assert!(shown(&update).contains("Denied by Ann Archer"), "{update}");
    pressed(&bench, &slack, "U2", "holdpoint_approve", &message).await;
    let told = slack.next("respond").await;
    assert_eq!(told["response_type"], "ephemeral");
    assert_eq!(told["text"], "Decided already: denied by Ann Archer.");
    bench.world.notice("job.completed").await;
    assert!(bench.world.calls("transfer").is_empty());
}

#[tokio::test]
async fn press_of_a_stranger_or_of_something_else_decides_nothing_and_says_why() {
    let (mut bench, mut slack) = with_slack().await;
    let (_, approval) = bench.halted(500).await;
    let message = slack.next("chat.postMessage").await;
    for user in ["U3", "U9"] {
        pressed(&bench, &slack, user, "holdpoint_approve", &message).await;
        let told = slack.next("respond").await;
        let expected = format!("You ({user}) are no approver of this workflow.");
        assert_eq!(told["text"], expected.as_str());
    }
    let (_, value) = &buttons(&message)[0];
    let other = [&"0".repeat(64), &value[64..]].concat();
    let body = press(&slack.base, "U1", ("holdpoint_deny", &other), ("C1", "1700000000.000001"));
    assert_eq!(sent(signed(&bench, SLACK_SECRET, now_s(), &body)).await.0, 200);
    let told = slack.next("respond").await;
    assert!(told["text"].as_str().unwrap().starts_with("This has changed"), "{told}");
    let path = format!("/v1/approvals/{}", approval["id"].as_str().unwrap());
    assert_eq!(bench.server.read(&path, "ann").await, approval);
}

#[tokio::test]
async fn open_gives_each_approver_their_own_link() {
    let (mut bench, mut slack) = with_slack().await;
    bench.halted(500).await;
    let message = slack.next("chat.postMessage").await;
    pressed(&bench, &slack, "U2", "holdpoint_open", &message).await;
    let told = slack.next("respond").await;
    let link = told["text"].as_str().unwrap().split(['<', '|']).nth(1).unwrap();
    let path = &link[link.find("/approve/").unwrap()..];
    let digest = &buttons(&message)[0].1[..64];
    let denied = bench.server.post(path).body(format!("decision=deny&digest={digest}"));
    let (_, page) = sent(denied).await;
    assert!(page.as_str().unwrap().contains("Denied by ben"), "{page}");
}

#[tokio::test]
async fn interaction_is_refused_by_its_cause() {
    let (mut bench, mut slack) = with_slack().await;
    bench.halted(500).await;
    let message = slack.next("chat.postMessage").await;
    let (_, value) = &buttons(&message)[0];
    let body = press(&slack.base, "U1", ("holdpoint_approve", value), ("C1", "1700000000.000001"));
    let now = now_s();
    let unsigned = bench.server.post("/v1/slack/interactions").body(body.clone());
    let other = body.replace("U1", "U2");
    let altered = signed(&bench, SLACK_SECRET, now, &body).body(other);
    let odd = press(&slack.base, "U1", ("someone_elses", value), ("C1", "1"));
    let no_value = press(&slack.base, "U1", ("holdpoint_deny", "x"), ("C1", "1"));
    for (request, expected) in [
        (unsigned, (401, "signature_invalid")),
        (altered, (401, "signature_invalid")),
        (signed(&bench, "another secret", now, &body), (401, "signature_invalid")),
        (signed(&bench, SLACK_SECRET, now - 301, &body), (401, "timestamp_stale")),
        (signed(&bench, SLACK_SECRET, now + 330, &body), (401, "timestamp_stale")),
        (signed(&bench, SLACK_SECRET, now, "payload=%7B%7D"), (400, "request_invalid")),
        (signed(&bench, SLACK_SECRET, now, "payload=no"), (400, "request_invalid")),
        (signed(&bench, SLACK_SECRET, now, &odd), (400, "request_invalid")),
        (signed(&bench, SLACK_SECRET, now, &no_value), (400, "request_invalid")),
        (signed(&bench, SLACK_SECRET, now, &"x".repeat(300_000)), (413, "body_too_large")),
    ] {
        let (status, refused) = sent(request).await;
        let code = refused["error"]["code"].as_str().unwrap_or("none");
        assert_eq!((status, code), expected, "{refused}");
    }
    assert!(bench.world.calls("transfer").is_empty());
    assert_eq!(sent(signed(&bench, SLACK_SECRET, now, &body)).await.0, 200);
    let (status, refused) = sent(signed(&bench, SLACK_SECRET, now, &body)).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("replayed")));
    bench.world.notice("job.completed").await;
    assert_eq!(bench.world.calls("transfer").len(), 1);
}

#[tokio::test]
async fn slack_that_is_busy_is_asked_again_when_it_says_and_holds_nothing_up() {
    let (mut bench, mut slack) = with_slack().await;
    slack.answer(429, "3600", json!({ "ok": false, "error": "ratelimited" }));
    let (_, approval) = bench.halted(500).await;
    slack.next("chat.postMessage").await;
    let pool = bench.pool().await;
    let select = "SELECT due, trouble FROM notices WHERE channel = 'chat' AND trouble IS NOT NULL";
    let row = loop {
        if let Some(row) = sqlx::query(select).fetch_optional(&pool).await.unwrap() {
            break row;
        }
        tokio::task::yield_now().await;
    };
    let due: i64 = sqlx::Row::get(&row, 0);
    assert!(due as u64 / 1000 > now_s() + 3500, "{due}");
    assert_eq!(sqlx::Row::get::<String, _>(&row, 1), "status 429");
    // Someone decides meanwhile; what is then posted late asks for nothing any more.
    assert_eq!(bench.server.decide(&approval, "ann", "approve").await.0, 200);
    bench.world.notice("job.completed").await;
    let late = "UPDATE notices SET due = 1 WHERE trouble = 'status 429'";
    sqlx::query(late).execute(&pool).await.unwrap();
    for _ in 0..3 {
        let message = slack.next("chat.postMessage").await;
        assert_eq!(buttons(&message), []);
    }
}

#[tokio::test]
async fn refusal_of_one_message_for_ever_is_kept_and_the_next_one_comes() {
    let (mut bench, mut slack) = with_slack().await;
    slack.answer(200, "", json!({ "ok": false, "error": "invalid_blocks" }));
    let (_, approval) = bench.halted(500).await;
    slack.next("chat.postMessage").await;
    assert_eq!(bench.server.decide(&approval, "ann", "approve").await.0, 200);
    while !shown(&slack.next("chat.postMessage").await).contains("Approved by Ann Archer") {}
    let pool = bench.pool().await;
    let select =
        "SELECT trouble FROM notices WHERE channel = 'chat' AND due IS NULL AND sent IS NULL";
    let trouble: String = sqlx::Row::get(&sqlx::query(select).fetch_one(&pool).await.unwrap(), 0);
    assert_eq!(trouble, "chat.postMessage: invalid_blocks");
}

#[tokio::test]
async fn message_that_was_posted_and_not_kept_is_brought_up_to_date_when_it_is_pressed() {
    let (mut bench, mut slack) = with_slack().await;
    bench.halted(500).await;
    let message = slack.next("chat.postMessage").await;
    let pool = bench.pool().await;
    // The notice is done with when its post is kept; what is deleted before that would come again.
    let kept = "SELECT id FROM notices WHERE channel = 'chat' AND sent IS NOT NULL";
    while sqlx::query(kept).fetch_optional(&pool).await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    sqlx::query("DELETE FROM posts").execute(&pool).await.unwrap();
    pressed(&bench, &slack, "U1", "holdpoint_deny", &message).await;
    let update = slack.next("chat.update").await;
    assert_eq!(update["ts"], "1700000000.000001");
    assert!(shown(&update).contains("Denied by Ann Archer"), "{update}");
}

#[tokio::test]
async fn what_others_wrote_is_text_and_what_does_not_fit_cannot_be_approved_there() {
    let (bench, mut slack) = with_slack().await;
    let supplier = ["<!channel>*b*\u{202e}", &"x".repeat(5000)].concat();
    bench.server.job(json!({ "amount": 500, "supplier": supplier })).await;
    let message = slack.next("chat.postMessage").await;
    let text = shown(&message);
    assert!(text.contains("recipient: \"<!channel>*b*⟨U+202E⟩xxx"), "{text}");
    assert!(text.contains("more characters do not fit here. Open it to see them all."), "{text}");
    let ids: Vec<_> = buttons(&message).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["holdpoint_deny", "holdpoint_open"]);
    let all = message["blocks"].to_string();
    assert!(!all.contains("mrkdwn"), "{all}");
    for block in message["blocks"].as_array().unwrap() {
        assert!(shown(&json!({ "blocks": block })).encode_utf16().count() <= 3001, "{block}");
    }
}

#[tokio::test]
async fn worker_without_slack_takes_no_press() {
    let bench = Bench::tuned(|file| file, &[], |config| config.slack_secret = None).await;
    let (status, refused) = sent(signed(&bench, SLACK_SECRET, now_s(), "payload=%7B%7D")).await;
    assert_eq!((status, &refused["error"]["code"]), (404, &json!("slack_missing")));
}

#[tokio::test]
async fn update_that_fails_is_made_later_and_nothing_is_posted_twice() {
    let (mut bench, mut slack) = with_slack().await;
    let (_, approval) = bench.halted(500).await;
    slack.next("chat.postMessage").await;
    for _ in 0..3 {
        slack.answer(503, "", json!({}));
    }
    assert_eq!(bench.server.decide(&approval, "ann", "deny").await.0, 200);
    // The outcome and the end each bring the message up to date, as often as it takes.
    let (mut updates, mut posted, mut ended) = (0, 0, false);
    while !ended {
        let asked = slack.asked.recv().await.unwrap();
        match asked.method.as_str() {
            "chat.update" => updates += 1,
            "chat.postMessage" => {
                posted += 1;
                ended = shown(&asked.body).contains("Done: invoice");
            }
            other => panic!("{other}"),
        }
    }
    assert!(updates >= 4, "{updates}");
    assert_eq!(posted, 1);
}

/// The example that Slack publishes.
#[test]
fn signature_is_the_one_that_slack_publishes() {
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow\
&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner\
&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2F\
T1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("x-slack-request-timestamp", "1531420618".parse().unwrap());
    headers.insert("x-slack-signature", expected.parse().unwrap());
    let secret = SlackSecret::new(SLACK_SECRET);
    let at = 1_531_420_618_000;
    assert_eq!(secret.verify(&headers, at, body.as_bytes()), Ok(expected.to_owned()));
    assert!(secret.verify(&headers, at, &body.as_bytes()[1..]).is_err());
}

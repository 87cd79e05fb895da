//! Mail: to each approver, with the link that is theirs.

use holdpoint_worker::config::{Channel, Mail};
use mailparse::{MailHeaderMap, ParsedMail, parse_mail};
use serde_json::json;

use crate::fakes::{Letter, Postbox};
use crate::support::{Bench, sent};

async fn with_mail(change: impl FnOnce(String) -> String) -> (Bench, Postbox) {
    let postbox = Postbox::start().await;
    let variables = [("HOLDPOINT_SMTP_URL", format!("smtp://{}", postbox.addr))];
    let start = |file: String| {
        let file = file
            .replace("[[workflow]]", &[CHANNEL, "[[workflow]]"].concat())
            .replace("\"ops\"]", "\"ops\", \"mail\"]")
            .replace("id = \"ann\"", "id = \"ann\"\nemail = \"Ann Archer <ann@example.com>\"")
            .replace("id = \"ben\"", "id = \"ben\"\nemail = \"ben@example.com\"");
        let file = file.replace("when.required", "expiresIn = 3600000\nwhen.required");
        change(file)
    };
    (Bench::tuned(start, &variables, |_| {}).await, postbox)
}

const CHANNEL: &str = "[[channel]]\nname = \"mail\"\nkind = \"email\"\n\
from = \"Holdpoint <holdpoint@example.com>\"\n\n";

/// The next letter to someone; others are passed over.
async fn letter(postbox: &mut Postbox, to: &str) -> Letter {
    loop {
        let letter = postbox.letters.recv().await.unwrap();
        if letter.to == to {
            return letter;
        }
    }
}

fn header(mail: &ParsedMail<'_>, name: &str) -> String {
    mail.headers.get_first_value(name).unwrap_or_default()
}

/// The words of a letter, plain and as HTML.
fn words(mail: &ParsedMail<'_>) -> [String; 2] {
    assert_eq!(mail.ctype.mimetype, "multipart/alternative");
    let [plain, html] = &mail.subparts[..] else { panic!() };
    assert_eq!(
        (plain.ctype.mimetype.as_str(), html.ctype.mimetype.as_str()),
        ("text/plain", "text/html")
    );
    [plain.get_body().unwrap(), html.get_body().unwrap()]
}

#[tokio::test]
async fn each_approver_gets_a_mail_with_the_link_that_is_theirs_and_hears_of_the_end() {
    let (mut bench, mut postbox) = with_mail(|file| file).await;
    let (_, approval) = bench.halted(500).await;
    let mut letters =
        [postbox.letters.recv().await.unwrap(), postbox.letters.recv().await.unwrap()];
    letters.sort_by(|one, other| one.to.cmp(&other.to));
    let mut links = Vec::new();
    for (letter, to) in letters.iter().zip(["ann@example.com", "ben@example.com"]) {
        assert_eq!(letter.to, to);
        let mail = parse_mail(letter.text.as_bytes()).unwrap();
        assert_eq!(header(&mail, "subject"), "Approval needed: Transfer");
        assert_eq!(header(&mail, "auto-submitted"), "auto-generated");
        assert!(header(&mail, "message-id").starts_with("<msg_"));
        let [plain, html] = words(&mail);
        for part in [
            "It can be decided until ",
            "the amount is 100 or more.",
            "amount: 500",
            "recipient: \"Alice\"",
        ] {
            assert!(plain.contains(part), "{part}: {plain}");
        }
        let link = plain.lines().find(|line| line.contains("/approve/")).unwrap().to_owned();
        assert!(html.contains(&link), "{html}");
        links.push(link[link.find("/approve/").unwrap()..].to_owned());
    }
    assert_ne!(links[0], links[1]);
    let form = format!("decision=deny&digest={}", approval["digest"].as_str().unwrap());
    let (_, page) = sent(bench.server.post(&links[1]).body(form)).await;
    assert!(page.as_str().unwrap().contains("Denied by ben"), "{page}");
    let mut subjects = Vec::new();
    for _ in 0..2 {
        let letter = letter(&mut postbox, "ann@example.com").await;
        let mail = parse_mail(letter.text.as_bytes()).unwrap();
        let [plain, _] = words(&mail);
        assert!(!plain.contains("/approve/"), "{plain}");
        subjects.push(header(&mail, "subject"));
    }
    subjects.sort();
    assert_eq!(subjects, ["Denied by ben: Transfer", "Done: invoice"]);
}

#[tokio::test]
async fn letter_that_is_put_off_comes_again_as_the_same_one() {
    let (mut bench, mut postbox) =
        with_mail(|file| file.replace("\"ann\", \"ben\"]", "\"ann\"]")).await;
    postbox.refuse(&["451 later", "421 not now"]);
    bench.halted(500).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let letter = letter(&mut postbox, "ann@example.com").await;
        ids.push(header(&parse_mail(letter.text.as_bytes()).unwrap(), "message-id"));
    }
    assert_eq!((&ids[0], &ids[1]), (&ids[1], &ids[2]));
}

#[tokio::test]
async fn letter_that_is_refused_for_ever_is_not_sent_again_and_its_reason_is_kept() {
    let (mut bench, mut postbox) =
        with_mail(|file| file.replace("\"ann\", \"ben\"]", "\"ann\"]")).await;
    postbox.refuse(&["550 there is no such person"]);
    let (_, approval) = bench.halted(500).await;
    let first = letter(&mut postbox, "ann@example.com").await;
    assert_eq!(bench.server.decide(&approval, "ann", "approve").await.0, 200);
    let id = |letter: &Letter| header(&parse_mail(letter.text.as_bytes()).unwrap(), "message-id");
    for _ in 0..2 {
        let next = letter(&mut postbox, "ann@example.com").await;
        assert_ne!(id(&first), id(&next));
    }
    let select = "SELECT trouble FROM notices WHERE due IS NULL AND sent IS NULL";
    let row = sqlx::query(select).fetch_one(&bench.pool().await).await.unwrap();
    assert_eq!(sqlx::Row::get::<String, _>(&row, 0), "SMTP status 550");
}

#[tokio::test]
async fn server_that_is_away_holds_nothing_up_and_gets_its_mail_later() {
    let away = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = away.local_addr().unwrap();
    drop(away);
    let (mut bench, mut postbox) = with_mail(|file| file).await;
    // The configuration names a server that is not there; the one that is takes its place later.
    bench.server.stop().await;
    let there = bench.config.channels.clone();
    let mail = Mail::new("holdpoint@example.com", &format!("smtp://{addr}")).unwrap();
    bench.config.channels.insert("mail".into(), Channel::Mail(mail));
    bench.config.pauses = vec![std::time::Duration::from_secs(3600)];
    bench.server = crate::support::Server::start(bench.config.clone()).await;
    let (_, approval) = bench.halted(500).await;
    assert_eq!(bench.server.decide(&approval, "ann", "approve").await.0, 200);
    bench.world.notice("job.completed").await;
    bench.config.channels = there;
    bench.restart().await;
    let update = "UPDATE notices SET due = 1 WHERE sent IS NULL";
    sqlx::query(update).execute(&bench.pool().await).await.unwrap();
    let mut subjects = Vec::new();
    for _ in 0..3 {
        let letter = letter(&mut postbox, "ann@example.com").await;
        subjects.push(header(&parse_mail(letter.text.as_bytes()).unwrap(), "subject"));
    }
    subjects.sort();
    let expected =
        ["Approval needed: Transfer", "Approved by Ann Archer: Transfer", "Done: invoice"];
    assert_eq!(subjects, expected);
}

#[tokio::test]
async fn what_others_wrote_adds_no_header_no_line_and_no_markup() {
    let (bench, mut postbox) = with_mail(|file| {
        file.replace(", pattern = \"^\\\\p{L}+$\"", "").replace(
            "description = \"Sends money\"",
            "description = \"Sends money\"\ntitle = \"Pay\\r\\nBcc: eve@example.com\"",
        )
    })
    .await;
    let supplier = "<b>A</b>\u{202e}";
    bench.server.job(json!({ "amount": 500, "supplier": supplier })).await;
    let letter = letter(&mut postbox, "ann@example.com").await;
    let mail = parse_mail(letter.text.as_bytes()).unwrap();
    assert!(mail.headers.get_first_value("bcc").is_none(), "{}", letter.text);
    let [plain, html] = words(&mail);
    assert_eq!(plain.lines().filter(|line| line.trim().starts_with("amount:")).count(), 1);
    assert!(plain.contains("recipient: \"<b>A</b>⟨U+202E⟩\""), "{plain}");
    assert!(html.contains("&lt;b&gt;A&lt;/b&gt;"), "{html}");
}

//! Mail: one message to each approver, with the link to the page that is theirs.
//!
//! A mail decides nothing. Reading the page changes nothing, so a scanner may open the link.

use std::time::Duration;

use holdpoint_proxy::is_loopback;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport, Message, Tokio1Executor};
use serde_json::Value;

use super::Failure;
use super::news::News;
use crate::config::Config;
use crate::store::Due;
use crate::text::escaped;

/// A server that takes mail, and from whom it comes.
#[derive(Clone, Debug)]
pub struct Mail {
    pub(crate) from: Mailbox,
    pub(crate) server: AsyncSmtpTransport<Tokio1Executor>,
}

impl Mail {
    /// A server by its URL, whose password is never told.
    ///
    /// # Errors
    /// What was expected.
    pub fn new(from: &str, url: &str) -> Result<Self, &'static str> {
        let from = from.parse().map_err(|_| "expected an address in `from`")?;
        let expected = "expected smtp://HOST, smtp://HOST?tls=required or smtps://HOST";
        let parsed = reqwest::Url::parse(url).map_err(|_| expected)?;
        parsed.host_str().ok_or(expected)?;
        let is_safe = parsed.scheme() == "smtps"
            || parsed.query_pairs().any(|(name, value)| name == "tls" && value == "required");
        if parsed.password().is_some() && !is_safe && !is_loopback(&parsed) {
            return Err("expected smtps:// or ?tls=required, since the URL has a password");
        }
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| expected)?;
        Ok(Self { from, server: server.timeout(Some(TIMEOUT)).build() })
    }

    pub(super) async fn send(
        &self,
        config: &Config,
        notice: &Due,
        news: &Value,
        to: Option<&str>,
    ) -> Result<(), Failure> {
        let id = to.unwrap_or_default();
        let known = config.approvers.get(id).and_then(|approver| approver.email.clone());
        // It may be there again after the next start.
        let to = known.ok_or_else(|| Failure::passing(["no address of ", id].concat()))?;
        let links = news["data"]["links"].as_array().into_iter().flatten();
        let link = links.into_iter().find(|link| link["approver"] == id);
        let link = link.and_then(|link| link["url"].as_str());
        let message = self.message(notice, &News::of(news), to, link);
        let message = message.map_err(|error| Failure::lasting(error.to_string()))?;
        match self.server.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => Err(failure(&error)),
        }
    }

    fn message(
        &self,
        notice: &Due,
        news: &News,
        to: Mailbox,
        link: Option<&str>,
    ) -> Result<Message, lettre::error::Error> {
        let domain = self.from.email.domain();
        // Mail of one job is one conversation, and a repeat is known by its id.
        let job = format!("<{}@{domain}>", notice.run);
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(&news.heading)
            .message_id(Some(format!("<{}@{domain}>", notice.id)))
            .in_reply_to(job.clone())
            .references(job)
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .multipart(MultiPart::alternative_plain_html(plain(news, link), html(news, link)))
    }
}

/// A refusal of this message is for ever; one of the way to the server is not, and neither is a
/// password that the operator can set right.
fn failure(error: &lettre::transport::smtp::Error) -> Failure {
    let Some(code) = error.status().map(u16::from) else {
        return Failure::passing(if error.is_timeout() {
            "no answer in time"
        } else {
            "the mail server cannot be reached, or broke off"
        });
    };
    let what = format!("SMTP status {code}");
    if error.is_permanent() && !(530..=538).contains(&code) {
        Failure::lasting(what)
    } else {
        Failure::passing(what)
    }
}

fn plain(news: &News, link: Option<&str>) -> String {
    let mut text = [news.heading.as_str(), "\n"].concat();
    let mut add = |parts: &[&str]| parts.iter().for_each(|part| text.push_str(part));
    for line in &news.lines {
        add(&["\n", line, "\n"]);
    }
    if !news.facts.is_empty() {
        add(&["\n"]);
    }
    for (name, value) in &news.facts {
        add(&["    ", name, ": ", value, "\n"]);
    }
    if let Some(quote) = &news.quote {
        // A quoted line begins with its mark, so none can look like one of ours.
        add(&["\nThe assistant says:\n> ", &quote.replace('\n', "\n> "), "\n"]);
    }
    if let Some(link) = link {
        add(&["\n", OPEN, ":\n", link, "\n\n", CARE, "\n"]);
    }
    add(&["\n", &news.small, "\n"]);
    text
}

fn html(news: &News, link: Option<&str>) -> String {
    let mut html = String::from(HEAD);
    let mut add = |parts: &[&str]| parts.iter().for_each(|part| html.push_str(part));
    add(&["<h1 style=\"font-size:20px;margin:0 0 16px\">", &escaped(&news.heading), "</h1>"]);
    for line in &news.lines {
        add(&["<p>", &escaped(line), "</p>"]);
    }
    add(&["<table style=\"border-collapse:collapse\">"]);
    for (name, value) in &news.facts {
        add(&["<tr><td style=\"padding:4px 24px 4px 0;color:#667\">", &escaped(name)]);
        add(&["</td><td style=\"font-family:monospace\">", &escaped(value), "</td></tr>"]);
    }
    add(&["</table>"]);
    if let Some(quote) = &news.quote {
        add(&["<p style=\"color:#667\">The assistant says:</p><blockquote style=\"margin:0;"]);
        add(&["padding-left:12px;border-left:3px solid #dde;white-space:pre-wrap\">"]);
        add(&[&escaped(quote), "</blockquote>"]);
    }
    if let Some(link) = link {
        add(&["<p style=\"margin:24px 0\"><a style=\"", BUTTON, "\" href=\"", &escaped(link)]);
        add(&["\">", OPEN, "</a></p><p style=\"color:#667;font-size:13px\">", CARE, "</p>"]);
    }
    add(&["<p style=\"color:#667;font-size:13px\">", &escaped(&news.small), "</p></body></html>"]);
    html
}

const OPEN: &str = "Open it to approve or deny";

const CARE: &str = "This link is yours: whoever has it sees the call and can deny it. Approving \
takes your token as well.";

const HEAD: &str = "<!doctype html><html lang=\"en\"><body style=\"font:16px/1.5 sans-serif;\
color:#112;max-width:36em;margin:24px\">";

const BUTTON: &str = "display:inline-block;padding:10px 20px;border-radius:8px;\
background:#2348d6;color:#fff;text-decoration:none";

const TIMEOUT: Duration = Duration::from_secs(10);

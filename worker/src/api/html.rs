//! The pages for people, as text. What is not ours goes in by [`Html::text`] alone, which escapes it.

use axum::extract::Request;
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use holdpoint_core::json::canonical;
use jiff::Timestamp;
use serde_json::Value;

use crate::error::Refusal;
use crate::now;
use crate::text::escaped;

/// A page in the making.
pub(super) struct Html(String);

impl Html {
    /// A page, for someone who is signed in or not; `root` is the way from it to the worker's root.
    pub(super) fn page(root: &'static str, title: &str, name: Option<&str>) -> Self {
        let mut page = Self(String::new());
        page.put(HEAD).put(root).put("/desk/style.css\"><title>").text(title);
        page.put(" · Holdpoint</title><header><a href=\"").put(root).put("/desk\">Holdpoint</a>");
        if let Some(name) = name {
            page.put("<form method=\"post\" action=\"/desk/leave\"><span>").text(name);
            page.put("</span><button class=\"quiet\">Sign out</button></form>");
        }
        page.put("</header><main>");
        page
    }

    pub(super) fn respond(mut self) -> Response {
        self.put("</main></html>");
        let headers = [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
            (REFERRER_POLICY, "no-referrer"),
            (CONTENT_SECURITY_POLICY, POLICY),
        ];
        (headers, [("x-robots-tag", "noindex")], self.0).into_response()
    }

    /// Words of ours.
    pub(super) fn put(&mut self, html: &'static str) -> &mut Self {
        self.0.push_str(html);
        self
    }

    /// Anybody's words.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.0.push_str(&escaped(text));
        self
    }

    /// The one heading that says what the page is.
    pub(super) fn title(&mut self, words: &str) {
        self.put("<h1>").text(words).put("</h1>");
    }

    /// The heading of a part, with how many there are.
    pub(super) fn heading(&mut self, words: &'static str, count: Option<usize>) {
        self.put("<h2>").put(words);
        if let Some(count) = count {
            self.put(" <span class=\"count\">").text(&count.to_string()).put("</span>");
        }
        self.put("</h2>");
    }

    pub(super) fn line(&mut self, class: &'static str, words: &str) {
        self.put("<p class=\"").put(class).put("\">").text(words).put("</p>");
    }

    /// What has just happened; read out when the page opens.
    pub(super) fn said(&mut self, words: &str) {
        self.put("<p class=\"said\" role=\"status\">").text(words).put("</p>");
    }

    /// When the page was made, and the way to have it made anew. It does not do so by itself, which
    /// would take the reader's place in it away.
    pub(super) fn as_of(&mut self, path: &str) {
        self.put("<p class=\"as-of\">As of ").time(now(), "%-d %b %Y %H:%M:%S UTC");
        self.put(" · <a href=\"").text(path).put("\">Refresh</a></p>");
    }

    pub(super) fn moment(&mut self, millis: u64) -> &mut Self {
        self.time(millis, "%-d %b %Y %H:%M UTC")
    }

    /// A point in time, in UTC: the page has no script that would know the reader's zone.
    fn time(&mut self, millis: u64, form: &str) -> &mut Self {
        let at = i64::try_from(millis).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
        let at = at.unwrap_or_default();
        self.put("<time datetime=\"").text(&at.to_string()).put("\">");
        self.text(&at.strftime(form).to_string()).put("</time>")
    }

    /// What is asked: the call, its arguments, why a person is asked, and who has approved so far.
    pub(super) fn call(&mut self, heading: &'static str, approval: &Value) {
        self.put("<p class=\"label\">").text(text(approval, "workflow")).put("</p>");
        self.put("<").put(heading).put(" id=\"").text(text(approval, "id")).put("\">");
        self.text(text(approval, "title")).put("</").put(heading).put("><dl>");
        let arguments = approval.get("arguments").and_then(Value::as_object);
        for (name, value) in arguments.into_iter().flatten() {
            let shown = value.as_str().map_or_else(|| canonical(value), str::to_owned);
            self.put("<dt>").text(name).put("</dt><dd>").text(&shown).put("</dd>");
        }
        self.put("</dl><p class=\"why\">");
        match approval.get("doubt").and_then(Value::as_str) {
            Some(doubt) => self.put("Nobody knows whether it happened: ").text(doubt),
            None => self.put("You are asked because ").text(text(&approval["rule"], "because")),
        };
        self.put(".</p>").quorum(approval);
        if let (true, Some(until)) = (is_pending(approval), approval["expires"].as_u64()) {
            self.put("<p class=\"until\">It can be decided until ").moment(until).put(".</p>");
        }
    }

    fn quorum(&mut self, approval: &Value) {
        let number = |name: &str| approval.get(name).and_then(Value::as_u64);
        let (Some(needed), Some(missing)) = (number("quorum"), number("missing")) else { return };
        let given = approval.get("approvals").and_then(Value::as_array);
        let given: Vec<&str> = given
            .into_iter()
            .flatten()
            .filter_map(|given| given.pointer("/by/name").and_then(Value::as_str))
            .collect();
        self.put("<p class=\"quorum\">").text(&given.len().to_string());
        self.put(" of ").text(&needed.to_string()).put(" approvals");
        if !given.is_empty() {
            self.put(": ").text(&given.join(", "));
        }
        self.put(".");
        match missing {
            0 => {}
            1 => drop(self.put(" One more is needed.")),
            more => drop(self.put(" ").text(&more.to_string()).put(" more are needed.")),
        }
        self.put("</p>");
    }

    /// The beginning of the digest of what is decided, as the notices show it.
    pub(super) fn digest(&mut self, approval: &Value) {
        self.put("<code title=\"Digest\">");
        self.text(text(approval, "digest").get(..8).unwrap_or_default()).put("</code>");
    }

    /// A button, described by the heading of what it decides.
    pub(super) fn button(&mut self, answer: &Answer, approval: &Value) {
        self.put("<button name=\"decision\" value=\"").put(answer.value).put("\" class=\"");
        self.put(answer.class).put("\" aria-describedby=\"").text(text(approval, "id")).put("\">");
        self.put(answer.words).put("</button>");
    }
}

/// One way to answer.
pub(super) struct Answer {
    value: &'static str,
    class: &'static str,
    words: &'static str,
}

pub(super) const APPROVE: Answer = Answer { value: "approve", class: "yes", words: "Approve" };
pub(super) const DENY: Answer = Answer { value: "deny", class: "", words: "Deny" };
/// For a call whose time is over.
pub(super) const ASK_AGAIN: Answer = Answer { value: "ask_again", class: "", words: "Ask again" };
/// What became of a call in doubt.
pub(super) const SETTLEMENTS: [Answer; 3] = [
    Answer { value: "happened", class: "", words: "It happened" },
    Answer { value: "did_not_happen", class: "", words: "It did not happen" },
    Answer { value: "try_again", class: "risky", words: "Try again" },
];

/// A page's visitor gets a refusal as a page, with its code; whoever does not ask for pages gets it
/// as everywhere.
pub(super) async fn in_words(request: Request, next: Next) -> Response {
    let accepts = request.headers().get(ACCEPT).and_then(|it| it.to_str().ok());
    let accepts = accepts.is_some_and(|it| it.contains("text/html"));
    let is_desk = request.uri().path().starts_with("/desk");
    let is_read = request.method().is_safe();
    let mut response = next.run(request).await;
    let refusal = response.extensions_mut().remove::<Refusal>();
    let Some(Refusal { code, message }) = refusal.filter(|_| accepts) else { return response };
    let mut page = Html::page(if is_desk { "" } else { ".." }, "Not done", None);
    page.title("That did not work");
    page.line("fault", &sentence(message_for_people(code).unwrap_or(&message)));
    if is_desk {
        page.put("<p><a href=\"/desk\">All that waits</a></p>");
    } else if !is_read {
        page.put("<p><a href=\"\">The call as it is now</a></p>");
    }
    page.put("<p class=\"small\"><code>").put(code).put("</code></p>");
    let (parts, body) = page.respond().into_parts();
    response.headers_mut().extend(parts.headers);
    *response.body_mut() = body;
    response
}

/// What a person would not understand in the words for programs.
fn message_for_people(code: &str) -> Option<&'static str> {
    Some(match code {
        "caller_unknown" => "this token is not known, so nothing was decided",
        "digest_mismatch" | "tool_changed" => {
            "this changed since it was shown to you; look at it as it is now, then decide"
        }
        "method_not_allowed" => "there is no such page",
        _ => return None,
    })
}

/// A field of an approval that is a text.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn is_pending(approval: &Value) -> bool {
    text(approval, "status") == "pending"
}

/// Words with a large first letter, and a full stop.
pub(super) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|it| it.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

pub(super) const STYLE: &str = include_str!("html.css");

const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
frame-ancestors 'none'";

const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width\">\
<meta name=\"color-scheme\" content=\"light dark\"><link rel=\"stylesheet\" href=\"";

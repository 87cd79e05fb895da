//! The pages as text. What is not ours goes in by [`Html::text`] alone, which escapes it.

use std::time::{Duration, UNIX_EPOCH};

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::response::{IntoResponse, Response};
use holdpoint_core::json::canonical;
use holdpoint_core::run::Run;
use serde_json::Value;

use super::text;
use super::timeline::Event;
use crate::store::JobRow;
use crate::text::escaped;
use crate::view::{answer, failure};

/// A page in the making.
pub(super) struct Html(String);

impl Html {
    pub(super) fn page(title: &str, name: Option<&str>) -> Self {
        let mut page = Self(String::new());
        page.put(HEAD)
            .text(title)
            .put(" · Holdpoint</title><header><a href=\"/desk\">Holdpoint</a>");
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
    fn put(&mut self, html: &'static str) -> &mut Self {
        self.0.push_str(html);
        self
    }

    /// Anybody's words.
    fn text(&mut self, text: &str) -> &mut Self {
        self.0.push_str(&escaped(text));
        self
    }

    pub(super) fn heading(&mut self, words: &'static str) {
        self.put("<h2>").put(words).put("</h2>");
    }

    pub(super) fn line(&mut self, class: &'static str, words: &str) {
        self.put("<p class=\"").put(class).put("\">").text(words).put("</p>");
    }

    pub(super) fn way_back(&mut self) {
        self.put("<p class=\"back\"><a href=\"/desk\">All jobs</a></p>");
    }

    pub(super) fn door(&mut self) {
        self.put(
            "<form class=\"door\" method=\"post\" action=\"/desk/session\"><label>Token\
             <input type=\"password\" name=\"access\" required autofocus \
             autocomplete=\"current-password\"></label>\
             <button class=\"yes\">Sign in</button></form>",
        );
    }

    /// A call that waits, with its ways out for who may decide.
    pub(super) fn card(&mut self, approval: &Value, decides: bool) {
        let is_doubt = text(approval, "status") == "in_doubt";
        self.put("<article class=\"card\"><p class=\"label\">").text(text(approval, "workflow"));
        self.put("</p><h3>").text(text(approval, "title")).put("</h3><dl>");
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
        self.put(".</p>");
        if decides && !is_doubt {
            self.ways_out(approval);
        }
        self.put("<p class=\"small\"><a href=\"/desk/jobs/").text(text(approval, "run"));
        self.put("\">The whole job</a> · <code>");
        self.text(text(approval, "digest").get(..8).unwrap_or_default());
        self.put("</code></p></article>");
    }

    fn ways_out(&mut self, approval: &Value) {
        let (id, digest) = (text(approval, "id"), text(approval, "digest"));
        for way in [NO, YES] {
            self.put("<form method=\"post\" action=\"/desk/approvals/").text(id);
            self.put("\"><input type=\"hidden\" name=\"digest\" value=\"").text(digest);
            self.put("\">").put(way).put("</form>");
        }
    }

    pub(super) fn jobs(&mut self, jobs: &[&JobRow]) {
        if jobs.is_empty() {
            self.line("empty", "No job yet.");
            return;
        }
        self.put("<ul class=\"jobs\">");
        for job in jobs {
            self.put("<li><a href=\"/desk/jobs/").text(job.run.as_str()).put("\"><span>");
            self.text(&job.workflow).put("</span><span class=\"small\">").text(&job.requester);
            self.put("</span>").status(&job.status).time(job.updated).put("</a></li>");
        }
        self.put("</ul>");
    }

    fn status(&mut self, status: &str) -> &mut Self {
        self.put("<span class=\"status\" data-status=\"").text(status).put("\">");
        self.text(&sentence(&status.replace('-', " ")).replace('.', "")).put("</span>")
    }

    fn time(&mut self, millis: u64) -> &mut Self {
        self.put("<time>").text(&moment(millis)).put("</time>")
    }

    pub(super) fn job_head(&mut self, run: &Run, job: &JobRow) {
        self.put("<h1>").text(&job.workflow).put("</h1><p class=\"facts\">");
        self.status(run.status().as_str()).put("<span>asked by ").text(&job.requester);
        self.put("</span>").time(job.created).put("</p>");
        if let Some(answer) = answer(run) {
            self.put("<p class=\"answer\">").text(answer).put("</p>");
        }
        if let Some(failure) = failure(run) {
            self.line("fault", text(&failure, "message"));
        }
        if let Some(trouble) = &job.trouble {
            self.line("fault", trouble);
        }
    }

    pub(super) fn timeline(&mut self, events: &[Event]) {
        self.put("<ol class=\"timeline\">");
        for event in events {
            self.put("<li data-tone=\"").put(event.tone).put("\"><p>").text(&event.what);
            self.put("</p>").time(event.at);
            if !event.more.is_empty() {
                self.put("<p class=\"more\">").text(&event.more).put("</p>");
            }
            self.put("</li>");
        }
        self.put("</ol>");
    }
}

/// Words with a large first letter, and a full stop.
pub(super) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|it| it.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

/// A point in time, in UTC: the page has no script that would know the reader's zone.
fn moment(millis: u64) -> String {
    let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(millis));
    // "Sun, 06 Nov 1994 08:49:37 GMT": neither the weekday nor the seconds.
    [date.get(5..22).unwrap_or(&date), " UTC"].concat()
}

const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
frame-ancestors 'none'";

const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width\">\
<link rel=\"stylesheet\" href=\"/desk/style.css\"><title>";

const NO: &str = "<input name=\"reason\" maxlength=\"500\" placeholder=\"Why not (optional)\" \
aria-label=\"Why not (optional)\"><button name=\"decision\" value=\"deny\">Deny</button>";

const YES: &str = "<button name=\"decision\" value=\"approve\" class=\"yes\">Approve</button>";

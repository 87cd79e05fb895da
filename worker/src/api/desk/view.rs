//! What the desk's pages are made of.

use holdpoint_core::run::Run;
use serde_json::Value;

use super::timeline::Event;
use crate::api::html::{APPROVE, ASK_AGAIN, DENY, Html, SETTLEMENTS, sentence, text};
use crate::store::JobRow;
use crate::view::{answer, failure};

/// What someone may do about a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum May {
    Decide,
    /// They asked for the job themselves, and another person must decide.
    NotAsRequester,
    See,
}

impl Html {
    pub(super) fn way_back(&mut self) {
        self.put("<p class=\"back\"><a href=\"/desk\">All that waits</a></p>");
    }

    pub(super) fn door(&mut self) {
        self.put(
            "<form class=\"door\" method=\"post\" action=\"/desk/session\"><label>Token\
             <input type=\"password\" name=\"access\" required autofocus \
             autocomplete=\"current-password\"></label>\
             <button class=\"yes\">Sign in</button></form>",
        );
    }

    /// A call that waits, with its ways out for who may decide; `name` is who looks at it.
    pub(super) fn card(&mut self, approval: &Value, may: May, name: &str) {
        self.put("<article class=\"card\" aria-labelledby=\"").text(text(approval, "id"));
        self.put("\">").call("h3", approval);
        match may {
            May::Decide if text(approval, "status") == "in_doubt" => self.settlements(approval),
            May::Decide => self.ways_out(approval, name),
            May::NotAsRequester => {
                self.line("small", "You asked for this job, so someone else decides.");
            }
            May::See => {}
        }
        self.put("<p class=\"small\"><a href=\"/desk/jobs/").text(text(approval, "run"));
        self.put("\">The whole job</a> · ").digest(approval);
        self.put("</p></article>");
    }

    fn ways_out(&mut self, approval: &Value, name: &str) {
        let given = approval.get("approvals").and_then(Value::as_array);
        let is_mine = |given: &Value| given.pointer("/by/id").is_some_and(|id| id == name);
        let is_late = text(approval, "status") == "lapsed";
        if is_late {
            self.line("warn", "Nobody decided in time, so it waits until it is asked about anew.");
        }
        if !is_late && given.is_some_and(|given| given.iter().any(is_mine)) {
            self.line("small", "You approved; others must, too. You can still deny it.");
        } else {
            self.form(approval, "");
            self.button(if is_late { &ASK_AGAIN } else { &APPROVE }, approval);
            self.put("</form>");
        }
        self.form(approval, "asks").put("<label>Why not, if you like<input name=\"reason\" ");
        self.put("maxlength=\"500\" autocomplete=\"off\"></label>");
        self.button(&DENY, approval);
        self.put("</form>");
    }

    fn settlements(&mut self, approval: &Value) {
        self.line(
            "warn",
            "Find out first whether it happened. If it is tried again and it did happen, \
             it may happen twice.",
        );
        self.form(approval, "");
        for answer in &SETTLEMENTS {
            self.button(answer, approval);
        }
        self.put("</form>");
    }

    fn form(&mut self, approval: &Value, class: &'static str) -> &mut Self {
        self.put("<form class=\"").put(class).put("\" method=\"post\" action=\"/desk/approvals/");
        self.text(text(approval, "id")).put("\"><input type=\"hidden\" name=\"digest\" value=\"");
        self.text(text(approval, "digest")).put("\">")
    }

    pub(super) fn jobs(&mut self, jobs: &[&JobRow]) {
        if jobs.is_empty() {
            self.line("empty", "No job yet.");
            return;
        }
        self.put("<ul class=\"jobs\">");
        for job in jobs {
            self.put("<li><a href=\"/desk/jobs/").text(job.run.as_str()).put("\"><span>");
            self.text(&job.workflow).put("</span> <span class=\"small\">asked by ");
            self.text(&job.requester).put("</span> ").status(&job.status).put(" ");
            self.moment(job.updated).put("</a></li>");
        }
        self.put("</ul>");
    }

    fn status(&mut self, status: &str) -> &mut Self {
        self.put("<span class=\"status\" data-status=\"").text(status).put("\">");
        self.text(sentence(&status.replace('-', " ")).trim_end_matches('.')).put("</span>")
    }

    pub(super) fn job_head(&mut self, run: &Run, job: &JobRow) {
        self.title(&job.workflow);
        self.put("<p class=\"facts\">").status(run.status().as_str());
        self.put(" <span>asked by ").text(&job.requester).put("</span> ");
        self.moment(job.created).put("</p>");
        if let Some(answer) = answer(run) {
            self.line("answer", answer);
        }
        if let Some(failure) = failure(run) {
            self.line("fault", &sentence(text(&failure, "message")));
        }
        if let Some(trouble) = &job.trouble {
            self.line("fault", &sentence(trouble));
        }
    }

    pub(super) fn timeline(&mut self, events: &[Event]) {
        self.put("<ol class=\"timeline\">");
        for event in events {
            self.put("<li data-tone=\"").put(event.tone).put("\"><p>").text(&event.what);
            self.put("</p> ").moment(event.at);
            if !event.more.is_empty() {
                self.line("more", &event.more);
            }
            self.put("</li>");
        }
        self.put("</ol>");
    }
}

//! Other arguments than those that were proposed: typed into a form, looked at once more, approved.

use holdpoint_core::json::canonical;
use holdpoint_core::plan::Action;
use leptos::reactive::graph::untrack;
use serde_json::Value;

use super::changes::change_list;
use super::choice::Way;
use super::field::root;
use super::{Asked, Card};
use crate::form::{Form, Id, Issue, changes, place};
use crate::text;
use crate::view::desk::{button, focus_soon, safely, sentence_case};
use crate::view::facts::what;
use crate::view::signal::Signal;
use crate::view::tag::{Handle, Tag, effect, keyed, tag};
use holdpoint_core::escape::visible_text;

/// A form that is shown.
#[derive(Clone, Copy)]
pub(super) struct Editor {
    pub(super) card: Card,
    /// What is wrong, once the person asked.
    issues: Signal<Vec<Issue>>,
    asked: Signal<bool>,
}

impl Editor {
    /// Reads the form and follows it.
    pub(super) fn read<T: Default>(self, read: impl FnOnce(&Form) -> T) -> T {
        self.card.form.with(|form| form.as_ref().map(read)).unwrap_or_default()
    }

    /// Changes the form.
    pub(super) fn change(self, change: impl FnOnce(&mut Form)) {
        self.card.form.update(|form| {
            if let Some(form) = form {
                change(form);
            }
        });
    }

    /// What is wrong with a field, in a sentence.
    pub(super) fn fault(self, id: Id) -> Option<String> {
        self.issues.with(|issues| {
            let issue = issues.iter().find(|issue| issue.field == id)?;
            Some(sentence_case(&visible_text(&issue.message)))
        })
    }

    pub(super) fn html_id(self, of: &str, id: Id) -> String {
        self.card.id(&["field-", of, &id.to_string(), "-"].concat())
    }

    /// The value, if there is nothing wrong with it; what is wrong is shown from now on.
    fn checked(self) -> Option<Value> {
        self.asked.set(true);
        let checked = self.card.checked().unwrap_or_else(|| Err(Vec::new()));
        let (value, issues) = match checked {
            Ok(value) => (Some(value), Vec::new()),
            Err(issues) => (None, issues),
        };
        self.issues.set(issues);
        value
    }
}

impl Card {
    /// The value of the form, if the tool takes it; nothing where the tool is gone.
    fn checked(self) -> Option<Result<Value, Vec<Issue>>> {
        let (tool, toolbox) = untrack(|| self.tool()).ok()?;
        self.form.with(|form| Some(form.as_ref()?.check(&tool.schema, toolbox.patterns())))
    }

    fn action<T>(self, read: impl FnOnce(&Action) -> T) -> Option<T> {
        untrack(|| self.call.with(|call| self.run.slot(call, |slot| read(&slot.action))))
    }

    /// A form for the arguments, as far as the person has come with it.
    pub(super) fn edit_form(self) -> Tag {
        if self.form.with_untracked(Option::is_none) {
            let arguments = self.action(|action| action.arguments.clone());
            let tool = untrack(|| self.tool()).ok();
            self.form.set(
                arguments
                    .zip(tool)
                    .map(|(arguments, (tool, _))| Form::new(&tool.input_schema, &arguments)),
            );
        }
        let editor =
            Editor { card: self, issues: Signal::new(Vec::new()), asked: Signal::new(false) };
        effect(move || {
            self.form.track();
            if editor.asked.get_untracked() {
                let checked = untrack(|| self.checked());
                editor.issues.set(checked.and_then(Result::err).unwrap_or_default());
            }
        });
        let (title, summary) = (Handle::new(None), Handle::new(None));
        focus_soon(title);
        let heading = tag("h4").set("tabindex", "-1").handle(title).text(text::EDIT_TITLE);
        let back = button("back-button").text(text::BACK);
        let back = back.on("click", move |_| self.go(Way::Choice));
        let review = button("review-button").text(text::REVIEW).on("click", move |_| match editor
            .checked()
        {
            Some(_) => self.go(Way::Review),
            None => focus_soon(summary),
        });
        tag("div")
            .part("edit-form")
            .child(tag("div").class("edit-head").child(heading).child(as_json(editor)))
            .one(move || {
                let is_wrong = editor.issues.with(|issues| !issues.is_empty());
                is_wrong.then(|| keyed("", move || fault_summary(editor, summary)))
            })
            .one(move || {
                let id = editor.read(Form::root);
                Some(keyed(id.to_string(), move || root(editor, id)))
            })
            .child(tag("div").class("actions").child(back).child(review))
    }

    /// What was changed, with the page's own sentence for it, and the way to approve it.
    pub(super) fn review(self, action: &Action) -> Tag {
        let after = self.checked().and_then(Result::ok);
        let title = Handle::new(None);
        focus_soon(title);
        let heading = tag("h4").set("tabindex", "-1").handle(title).text(text::REVIEW_TITLE);
        let back = button("back-button").text(text::KEEP_EDITING);
        let back = back.on("click", move |_| self.go(Way::Edit));
        let changed =
            after.as_ref().filter(|after| canonical(after) != canonical(&action.arguments));
        let what = self.sentence_with(action, changed);
        let list = match changed {
            Some(after) => change_list(&changes(&action.arguments, after)),
            None => tag("p").class("card-note").text(text::NOTHING_CHANGED),
        };
        let asked = changed.cloned();
        let approve = asked.map(|asked| {
            let asked: Asked = Some(asked);
            self.approve_button(text::APPROVE_CHANGED, &visible_text(&what), move || asked.clone())
        });
        tag("div")
            .part("review")
            .child(heading)
            .child(safely(tag("p").class("review-what"), &what))
            .child(list)
            .child(tag("div").class("actions").child(back).maybe(approve))
    }

    /// What would be done with other arguments, in the page's words.
    pub(super) fn sentence_with(self, action: &Action, arguments: Option<&Value>) -> String {
        let (Some(tools), Some(arguments)) = (self.desk.tools(), arguments) else {
            return what(action).to_owned();
        };
        // What the page says of a tool of its own is nothing about a worker's.
        if self.run.is_remote() {
            return action.title.clone();
        }
        let changed = Action { arguments: arguments.clone(), ..action.clone() };
        tools.note(&changed).summary.unwrap_or_else(|| action.title.clone())
    }
}

/// From fields to JSON and back.
fn as_json(editor: Editor) -> Tag {
    let is_json = move || editor.read(Form::is_json);
    button("json-button")
        .live_text(move || if is_json() { text::AS_FORM } else { text::AS_JSON })
        .on("click", move |_| {
            let mut turned = Ok(());
            editor.change(|form| {
                turned = if form.is_json() { form.to_fields() } else { form.to_json() };
            });
            if turned.is_err() {
                editor.checked();
            }
        })
}

/// All that is wrong, each with a way to its field.
fn fault_summary(editor: Editor, handle: Handle) -> Tag {
    let list = move || {
        let issues = editor.issues.get();
        let items = issues.into_iter().enumerate().map(|(at, issue)| {
            let name = place(&issue.path);
            let words = sentence_case(&issue.message);
            let words = if name.is_empty() { words } else { text::with_reason(&name, &words) };
            keyed([&at.to_string(), " ", &words].concat(), move || {
                let go = safely(button("fault-link"), &words).on("click", move |_| {
                    focus_field(editor, issue.field);
                });
                tag("li").child(go)
            })
        });
        items.collect()
    };
    tag("div")
        .part("edit-faults")
        .set("tabindex", "-1")
        .set("role", "group")
        .handle(handle)
        .child(tag("p").live_text(move || text::faults(editor.issues.with(Vec::len))))
        .child(tag("ul").each(list))
}

fn focus_field(editor: Editor, id: Id) {
    use wasm_bindgen::JsCast;
    let card = editor.card.back.get_untracked().map(|it| it.get_root_node());
    let root = card.and_then(|root| root.dyn_into::<web_sys::ShadowRoot>().ok());
    if let Some(field) = root.and_then(|root| root.get_element_by_id(&editor.html_id("", id)))
        && let Ok(field) = field.dyn_into::<web_sys::HtmlElement>()
    {
        let _ = field.focus();
    }
}

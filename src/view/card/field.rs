//! One field of the form for arguments.

use serde_json::Value;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};

use super::edit::Editor;
use crate::form::{Field, Form, Id, Input, Kind};
use crate::text::{self, Text};
use crate::view::desk::{button, safely};
use crate::view::facts::literal;
use crate::view::tag::{Tag, icon, keyed, stroke, tag};
use holdpoint_core::escape::{Piece, visible, visible_text};

/// The fields of a form.
pub(super) fn root(editor: Editor, id: Id) -> Tag {
    if editor.read(Form::is_json) {
        return tag("div").class("fields").child(field(editor, id, Some(text::ALL_ARGUMENTS)));
    }
    tag("div").class("fields").each(move || children(editor, id))
}

fn children(editor: Editor, of: Id) -> Vec<crate::view::tag::Keyed> {
    let children = editor.read(|form| form.children(of).to_vec());
    children.into_iter().map(|id| keyed(id.to_string(), move || field(editor, id, None))).collect()
}

/// A field with its name, its help and what is wrong with it.
fn field(editor: Editor, id: Id, name: Option<Text>) -> Tag {
    let read = move |read: fn(&Field) -> bool| editor.read(|form| form.field(id).is_some_and(read));
    let (label, help, optional) = editor.read(|form| {
        let field = form.field(id);
        field.map(|it| (it.label.clone(), it.help.clone(), it.optional)).unwrap_or_default()
    });
    let label = name.map_or(label, Text::get);
    let is_group = read(|field| {
        let is_group =
            |kind: &Kind| matches!(kind, Kind::Object(_) | Kind::List { .. } | Kind::Choice { .. });
        is_group(&field.kind)
    });
    let name_id = editor.html_id("name-", id);
    let title = match (label.is_empty(), is_group) {
        // An item is called by its place, which may be another later.
        (true, _) => tag("span").set("id", &name_id),
        (_, true) => safely(tag("span").set("id", &name_id), &label),
        (_, false) => {
            safely(tag("label").set("id", &name_id).set("for", editor.html_id("", id)), &label)
        }
    };
    let head = tag("div")
        .class("field-head")
        .child(title.class("field-name"))
        .maybe(optional.then(|| tag("span").class("field-mark").text(text::OPTIONAL)))
        .one(move || {
            let changed = editor.read(|form| form.is_changed(id) && form.is_worth_a_way_back(id));
            let label = visible_text(&label);
            changed.then(|| keyed("", move || changed_mark(editor, id, &label)))
        })
        .one(move || {
            let present = read(|field| field.present);
            optional
                .then(|| keyed(present.to_string(), move || presence_button(editor, id, present)))
        });
    tag("div")
        .part("field")
        .bind("data-changed", move || editor.read(|form| form.is_changed(id)).then(String::new))
        .child(head)
        .maybe((!help.is_empty()).then(|| {
            safely(tag("p").class("field-help").set("id", editor.html_id("help-", id)), &help)
        }))
        .child(control_with_notes(editor, id, id))
}

/// That a field was changed, and the way back.
fn changed_mark(editor: Editor, id: Id, label: &str) -> Tag {
    let reset = button("reset-button")
        .set("aria-label", text::act_on(text::RESET, label))
        .text(text::RESET)
        .on("click", move |_| editor.change(|form| form.reset(id)));
    tag("span").class("field-changed").text(text::CHANGED).child(reset)
}

fn presence_button(editor: Editor, id: Id, present: bool) -> Tag {
    let label = editor.read(|form| form.field(id).map(|it| it.label.clone()));
    let label = visible_text(&label.unwrap_or_default());
    let words = if present { text::REMOVE } else { text::ADD };
    let change = button("presence-button")
        .set("aria-label", text::act_on(words, &label))
        .text(words)
        .on("click", move |_| editor.change(|form| form.set_present(id, !present)));
    let left_out = (!present).then(|| tag("span").class("field-mark").text(text::ABSENT));
    tag("span").class("field-presence").maybe(left_out).child(change)
}

/// What a field for text would not show of what is in it.
fn hidden_note(editor: Editor, id: Id) -> Option<crate::view::tag::Keyed> {
    let (typed, is_json) = editor.read(|form| match &form.field(id)?.kind {
        Kind::Text { text, .. } => Some((text.clone(), false)),
        Kind::Json(text) => Some((text.clone(), true)),
        _ => None,
    })?;
    // Space means nothing between the parts of JSON.
    let hides = |piece: &Piece| match piece {
        Piece::Escape(mark) => mark != "↵" && !(is_json && mark == "⟨U+0020⟩"),
        Piece::Plain(_) => false,
    };
    visible(&typed).iter().any(hides).then(|| {
        keyed(typed.clone(), move || {
            safely(tag("p").class("field-note").text(text::HIDDEN_INSIDE).text(" "), &typed)
        })
    })
}

fn control(editor: Editor, id: Id, name: Id) -> Tag {
    let Some(kind) = editor.read(|form| form.field(id).map(|field| field.kind.clone())) else {
        return tag("span");
    };
    match kind {
        Kind::Text { text, input: Input::Lines } | Kind::Json(text) => {
            area(editor, id, name, &text)
        }
        Kind::Text { text, input } => {
            let (kind, mode) = match input {
                Input::Date => ("date", ""),
                Input::Email => ("text", "email"),
                Input::Link => ("text", "url"),
                _ => ("text", "text"),
            };
            line(editor, id, name, &text, kind, mode)
        }
        Kind::Number { text, whole } => {
            line(editor, id, name, &text, "text", if whole { "numeric" } else { "decimal" })
        }
        // There is nothing to choose.
        Kind::Choice { options, chosen: Some(0) } if options.len() == 1 => {
            tag("p").class("fixed").all(options.first().map(|it| tag("span").text(option_name(it))))
        }
        Kind::Choice { options, chosen } if options.len() <= RADIOS => {
            radios(editor, id, name, &options, chosen)
        }
        Kind::Choice { options, chosen } => {
            let names = options.iter().map(option_name).collect();
            select(editor, id, name, names, chosen)
        }
        Kind::Object(_) => group(editor, name).each(move || children(editor, id)),
        Kind::List { grows, .. } => list(editor, id, name, grows),
        Kind::Variants { labels, chosen, .. } => {
            let names = labels.into_iter().map(|label| visible_text(&label)).collect();
            tag("div").child(select(editor, id, name, names, Some(chosen))).one(move || {
                let inner = editor.read(|form| form.children(id).first().copied())?;
                Some(keyed(inner.to_string(), move || variant(editor, inner, name)))
            })
        }
        Kind::Nothing => tag("span"),
    }
}

/// The field of a variant; where it stands for its one value there is nothing more to it.
fn variant(editor: Editor, id: Id, name: Id) -> Tag {
    let is_fixed = editor.read(|form| {
        form.field(id).is_some_and(
            |field| matches!(&field.kind, Kind::Choice { options, .. } if options.len() == 1),
        )
    });
    if is_fixed { tag("span") } else { control_with_notes(editor, id, name) }
}

/// What a field holds, for as long as it is there, with what there is to say of it. It is called as
/// the field `name` is.
fn control_with_notes(editor: Editor, id: Id, name: Id) -> Tag {
    let made =
        move || editor.read(|form| form.field(id).filter(|it| it.present).map(|field| field.made));
    tag("div")
        .one(move || Some(keyed(made()?.to_string(), move || control(editor, id, name))))
        .one(move || hidden_note(editor, id))
        .one(move || {
            let fault = editor.fault(id)?;
            let error = editor.html_id("error-", id);
            Some(keyed(fault.clone(), move || {
                tag("p").part("field-error").set("id", error).text(fault)
            }))
        })
}

/// What all controls have in common.
fn common(editor: Editor, id: Id, name: Id, control: Tag) -> Tag {
    let wrong = move || editor.fault(id).is_some();
    let help = editor.read(|form| form.field(name).is_some_and(|it| !it.help.is_empty()));
    let help = if help { editor.html_id("help-", name) } else { String::new() };
    findable(editor, id, control)
        .set("aria-labelledby", editor.html_id("name-", name))
        .bind("aria-describedby", move || {
            let error = if wrong() { editor.html_id("error-", id) } else { String::new() };
            let ids = [&*help, &*error].join(" ");
            (ids != " ").then_some(ids)
        })
        .bind("aria-invalid", move || wrong().then(|| "true".to_owned()))
        .bind("aria-errormessage", move || wrong().then(|| editor.html_id("error-", id)))
}

/// What a way to a field leads to.
fn findable(editor: Editor, id: Id, element: Tag) -> Tag {
    let name = editor.read(|form| form.field(id).map(|it| it.name.clone()));
    element.set("id", editor.html_id("", id)).set("data-path", name.unwrap_or_default())
}

fn line(editor: Editor, id: Id, name: Id, text: &str, kind: &str, mode: &str) -> Tag {
    let input = tag("input")
        .set("type", kind)
        .set("inputmode", mode)
        .set("autocomplete", "off")
        .set("spellcheck", "false")
        .set("dir", "auto")
        .on("input", move |event| {
            if let Some(field) = target::<HtmlInputElement>(&event) {
                editor.change(|form| form.write(id, &field.value()));
            }
        });
    input.element().unchecked_into::<HtmlInputElement>().set_value(text);
    common(editor, id, name, input)
}

fn area(editor: Editor, id: Id, name: Id, text: &str) -> Tag {
    let area = tag("textarea").set("rows", "2").set("spellcheck", "false").set("dir", "auto").on(
        "input",
        move |event| {
            if let Some(field) = target::<HtmlTextAreaElement>(&event) {
                editor.change(|form| form.write(id, &field.value()));
            }
        },
    );
    area.element().unchecked_into::<HtmlTextAreaElement>().set_value(text);
    common(editor, id, name, area)
}

fn select(editor: Editor, id: Id, name: Id, names: Vec<String>, chosen: Option<usize>) -> Tag {
    let blank = chosen.is_none().then(|| {
        tag("option").set("value", "").set("selected", "").set("hidden", "").text(text::CHOOSE)
    });
    let options = names.into_iter().enumerate().map(|(at, name)| {
        let option = tag("option").set("value", at.to_string()).text(name);
        if chosen == Some(at) { option.set("selected", "") } else { option }
    });
    let select = tag("select").maybe(blank).all(options).on("change", move |event| {
        let at = target::<HtmlSelectElement>(&event).and_then(|it| it.value().parse().ok());
        if let Some(at) = at {
            editor.change(|form| form.choose(id, at));
        }
    });
    common(editor, id, name, select)
}

fn radios(
    editor: Editor,
    id: Id,
    name: Id,
    options: &[(String, Value)],
    chosen: Option<usize>,
) -> Tag {
    let radio_name = editor.html_id("radio-", id);
    let radios = options.iter().enumerate().map(|(at, option)| {
        let radio = tag("input").set("type", "radio").set("name", &radio_name);
        let radio = if chosen == Some(at) { radio.set("checked", "") } else { radio };
        let radio = radio.on("change", move |_| editor.change(|form| form.choose(id, at)));
        tag("label").class("radio").child(radio).child(tag("span").text(option_name(option)))
    });
    common(editor, id, name, group(editor, name).set("role", "radiogroup").set("tabindex", "-1"))
        .set("class", "radios")
        .all(radios)
}

fn group(editor: Editor, name: Id) -> Tag {
    tag("div")
        .class("fields")
        .set("role", "group")
        .set("aria-labelledby", editor.html_id("name-", name))
}

fn list(editor: Editor, id: Id, name: Id, grows: bool) -> Tag {
    let items = move || {
        let items = editor.read(|form| form.children(id).to_vec());
        let row = |item: Id| keyed(item.to_string(), move || item_row(editor, id, item));
        items.into_iter().map(row).collect()
    };
    let add = button("add-button")
        .text(text::ADD_ITEM)
        .on("click", move |_| editor.change(|form| _ = form.add(id)));
    findable(editor, id, group(editor, name).set("tabindex", "-1"))
        .each(items)
        .maybe(grows.then_some(add))
}

fn item_row(editor: Editor, list: Id, item: Id) -> Tag {
    let place = move || editor.read(|form| form.children(list).iter().position(|it| *it == item));
    let named = move |words: Text| {
        move || Some(text::act_on(words, &text::item(place().unwrap_or_default() + 1)))
    };
    let act = move |class, words, path, change: fn(&mut Form, Id, usize)| {
        button(class).bind("aria-label", named(words)).child(icon(path)).on("click", move |_| {
            editor.change(|form| {
                let at = form.children(list).iter().position(|it| *it == item);
                if let Some(at) = at {
                    change(form, list, at);
                }
            });
        })
    };
    let up =
        act("move-button", text::MOVE_UP, stroke::UP, |form, list, at| form.shift(list, at, true));
    let down = act("move-button", text::MOVE_DOWN, stroke::DOWN, |form, list, at| {
        form.shift(list, at, false)
    });
    let remove = act("remove-button", text::REMOVE, stroke::CROSS, Form::remove);
    let is_last =
        move || place().is_some_and(|at| at + 1 == editor.read(|form| form.children(list).len()));
    let up = up.bind("aria-disabled", move || (place() == Some(0)).then(|| "true".to_owned()));
    let down = down.bind("aria-disabled", move || is_last().then(|| "true".to_owned()));
    let name = tag("span")
        .class("field-name")
        .set("id", editor.html_id("name-", item))
        .live_text(move || text::item(place().unwrap_or_default() + 1));
    let head = tag("div").class("field-head").child(name);
    let head = head.child(tag("span").class("item-actions").child(up).child(down).child(remove));
    tag("div")
        .part("field")
        .bind("data-changed", move || editor.read(|form| form.is_changed(item)).then(String::new))
        .child(head)
        .child(control_with_notes(editor, item, item))
}

fn option_name((label, value): &(String, Value)) -> String {
    if !label.is_empty() {
        return visible_text(label);
    }
    match value {
        Value::Bool(true) => text::YES.get(),
        Value::Bool(false) => text::NO.get(),
        Value::Null => text::NULL.get(),
        _ => visible_text(&literal(value)),
    }
}

fn target<T: JsCast>(event: &Event) -> Option<T> {
    event.current_target()?.dyn_into().ok()
}

/// So many options are shown side by side.
const RADIOS: usize = 4;

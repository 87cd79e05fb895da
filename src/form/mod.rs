//! A form for a value of a JSON Schema: the arguments of a call, for a person to change.
//!
//! It knows nothing of elements. A form holds what was typed as it was typed, gives the value that
//! it stands for or says what is wrong and where, and remembers the value that it began with.
//!
//! Nothing of a value is lost in it. What the schema leaves open, or says in a way for which there
//! is no field, is JSON that is read as strictly as any argument; and a form that would not give
//! back exactly the value it was made of is one such field. Whether a value is valid only the
//! tool's own schema decides, in full.

mod build;
mod change;
mod check;
mod pretty;
mod schema;

use std::rc::Rc;

use serde_json::Value;

use change::same;
pub use change::{Change, changes};
pub use check::{Issue, place};
pub use pretty::pretty;

/// The fields of one value.
///
/// # Examples
///
/// ```
/// use holdpoint::form::Form;
/// use holdpoint_core::schema::{NoPatterns, Schema};
/// use serde_json::json;
///
/// let schema = json!({"type": "object", "properties": {"amount": {"type": "number"}}});
/// let mut form = Form::new(&schema, &json!({"amount": 500}));
/// let amount = form.find("/amount");
///
/// form.write(amount, "50");
/// let schema = Schema::compile(&schema, &NoPatterns).unwrap();
/// assert_eq!(form.check(&schema, &NoPatterns), Ok(json!({"amount": 50})));
/// ```
#[derive(Clone, Debug)]
pub struct Form {
    schema: Rc<Value>,
    origin: Value,
    /// The root comes first. A field keeps its place for as long as the form is there.
    fields: Vec<Field>,
    /// The field that stands for all: the root, or one field with all of it as JSON.
    root: Id,
}

/// The place of a field in its form.
pub type Id = usize;

/// A part of the value.
#[derive(Clone, Debug)]
pub struct Field {
    /// The name of the property; empty for an item of a list.
    pub name: String,
    /// What to call it, by the schema if it says so.
    pub label: String,
    /// What the schema says of it.
    pub help: String,
    /// Whether the value may be without it.
    pub optional: bool,
    /// Whether the value has it.
    pub present: bool,
    /// What it holds.
    pub kind: Kind,
    /// Counts how often it was made anew, so that what shows it can be made anew as well.
    pub made: u32,
    schema: Value,
    origin: Option<Value>,
    depth: usize,
}

/// What a field holds.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Nothing yet: it is not in the value, and nobody asked for it.
    Nothing,
    /// A text, as it is.
    Text {
        /// What was typed.
        text: String,
        /// How it is best typed.
        input: Input,
    },
    /// A number, as it was typed: only the strict reader makes a number of it.
    Number {
        /// What was typed.
        text: String,
        /// Whether it has no fraction.
        whole: bool,
    },
    /// One of some values.
    Choice {
        /// The values, each with the schema's word for it, if it has one.
        options: Vec<(String, Value)>,
        /// The place of the one that was chosen.
        chosen: Option<usize>,
    },
    /// Properties.
    Object(Vec<Id>),
    /// Items.
    List {
        /// Those that there are.
        items: Vec<Id>,
        /// Whether the schema has a place for one more.
        grows: bool,
    },
    /// A value of one of some forms.
    Variants {
        /// What they are called.
        labels: Vec<String>,
        /// The place of the one that was chosen.
        chosen: usize,
        /// The field of that form.
        field: Id,
    },
    /// JSON, as it was typed.
    Json(String),
}

/// How a text is best typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// In one line.
    Line,
    /// In several lines.
    Lines,
    /// As an address of mail.
    Email,
    /// As an address of a page.
    Link,
    /// As a day.
    Date,
}

impl Form {
    /// A form for `value`, which the person may change; `schema` is the tool's, as it is written.
    #[must_use]
    pub fn new(schema: &Value, value: &Value) -> Self {
        let mut form = Self {
            schema: Rc::new(schema.clone()),
            origin: value.clone(),
            fields: Vec::new(),
            root: 0,
        };
        form.fill(value);
        form
    }

    /// The field that stands for all.
    #[must_use]
    pub fn root(&self) -> Id {
        self.root
    }

    /// A field. There is one for every id that this form gave.
    #[must_use]
    pub fn field(&self, id: Id) -> Option<&Field> {
        self.fields.get(id)
    }

    /// Whether all of it is one field of JSON now.
    #[must_use]
    pub fn is_json(&self) -> bool {
        matches!(self.kind(self.root), Some(Kind::Json(_)))
    }

    /// Takes what was typed.
    pub fn write(&mut self, id: Id, typed: &str) {
        if let Some(Kind::Text { text, .. } | Kind::Number { text, .. } | Kind::Json(text)) =
            self.kind_mut(id)
        {
            typed.clone_into(text);
        }
    }

    /// Chooses an option or a variant by its place.
    pub fn choose(&mut self, id: Id, at: usize) {
        match self.kind_mut(id) {
            Some(Kind::Choice { options, chosen }) if at < options.len() => *chosen = Some(at),
            Some(Kind::Variants { labels, chosen, .. }) if at < labels.len() && *chosen != at => {
                self.choose_variant(id, at);
            }
            _ => {}
        }
    }

    /// Puts a property into the value or takes it out. What was typed in it is kept meanwhile.
    pub fn set_present(&mut self, id: Id, present: bool) {
        let Some(field) = self.fields.get_mut(id).filter(|field| field.optional) else { return };
        field.present = present;
        if present && matches!(field.kind, Kind::Nothing) {
            self.make(id, None);
        }
    }

    /// Adds an item at the end of a list and gives its field.
    pub fn add(&mut self, list: Id) -> Option<Id> {
        let Some(Kind::List { items, grows: true }) = self.kind(list) else { return None };
        let at = items.len();
        let item = self.item(list, at, None, None);
        self.with_items(list, |items| items.push(item));
        Some(item)
    }

    /// Takes an item out of a list.
    pub fn remove(&mut self, list: Id, at: usize) {
        self.with_items(list, |items| {
            if at < items.len() {
                items.remove(at);
            }
        });
    }

    /// Moves an item of a list one place up or down.
    pub fn shift(&mut self, list: Id, at: usize, up: bool) {
        let to = if up { at.wrapping_sub(1) } else { at + 1 };
        self.with_items(list, |items| {
            if at.max(to) < items.len() {
                items.swap(at, to);
            }
        });
    }

    /// Puts back what a field began with.
    pub fn reset(&mut self, id: Id) {
        let Some(field) = self.fields.get_mut(id) else { return };
        let origin = field.origin.clone();
        field.present = origin.is_some() || !field.optional;
        self.make(id, origin.as_ref());
    }

    /// Whether a field is not what it began with.
    #[must_use]
    pub fn is_changed(&self, id: Id) -> bool {
        let Some(field) = self.fields.get(id) else { return false };
        if !field.present {
            return field.origin.is_some();
        }
        let value = self.value_of(id);
        !matches!((&value, &field.origin), (Ok(value), Some(origin)) if same(value, origin))
    }

    /// Whether a field that was changed is one to put back: what it began with is not nothing, and
    /// it is no group, whose parts say it themselves.
    #[must_use]
    pub fn is_worth_a_way_back(&self, id: Id) -> bool {
        self.fields.get(id).is_some_and(|field| {
            (field.origin.is_some() || field.optional) && !matches!(field.kind, Kind::Object(_))
        })
    }

    /// Turns all of it into one field of JSON.
    ///
    /// # Errors
    ///
    /// What was typed is no value yet: the faults of the fields.
    pub fn to_json(&mut self) -> Result<(), Vec<Issue>> {
        let value = self.value_of(self.root)?;
        self.fill_json(&value);
        Ok(())
    }

    /// Turns JSON into fields again.
    ///
    /// # Errors
    ///
    /// It is no JSON yet.
    pub fn to_fields(&mut self) -> Result<(), Vec<Issue>> {
        let value = self.value_of(self.root)?;
        self.fill(&value);
        Ok(())
    }

    /// The fields that belong to a field, in order.
    #[must_use]
    pub fn children(&self, id: Id) -> &[Id] {
        match self.kind(id) {
            Some(Kind::Object(fields) | Kind::List { items: fields, .. }) => fields,
            Some(Kind::Variants { field, .. }) => std::slice::from_ref(field),
            _ => &[],
        }
    }

    fn kind(&self, id: Id) -> Option<&Kind> {
        self.fields.get(id).map(|field| &field.kind)
    }

    fn kind_mut(&mut self, id: Id) -> Option<&mut Kind> {
        self.fields.get_mut(id).map(|field| &mut field.kind)
    }

    fn with_items(&mut self, list: Id, change: impl FnOnce(&mut Vec<Id>)) {
        if let Some(Kind::List { items, .. }) = self.kind_mut(list) {
            change(items);
        }
    }
}

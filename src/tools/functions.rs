//! The functions of one tool, and what they say of a call before it is made.

use holdpoint_core::json::canonical;
use holdpoint_core::plan::Note;
use holdpoint_core::policy::Verdict;
use js_sys::{Function, Object, Reflect};
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};

use super::value::{bounded, to_page};

/// What a definition has beside its data; read once, when it is registered.
pub(super) struct Functions {
    /// The definition itself: `this` of its functions.
    definition: JsValue,
    execute: Function,
    summary: Option<Function>,
    preview: Option<Function>,
    verify: Option<Function>,
    needs_approval: Option<Function>,
    precondition: Option<Function>,
}

impl Functions {
    pub(super) fn read(definition: &JsValue) -> Result<Self, String> {
        let function = |name| function(definition, name);
        if Reflect::get(definition, &"approval".into()).is_ok_and(|approval| approval.is_function())
        {
            // It is no data, so it would be lost, and the tool would be without its rule.
            return Err("expected approval to be data; a function goes to needsApproval".to_owned());
        }
        Ok(Self {
            execute: function("execute")?
                .ok_or_else(|| "expected execute to be a function, found none".to_owned())?,
            summary: function("summary")?,
            preview: function("preview")?,
            verify: function("verify")?,
            needs_approval: function("needsApproval")?,
            precondition: function("precondition")?,
            definition: definition.clone(),
        })
    }

    pub(super) fn execute(&self, arguments: &Value, context: &Object) -> Result<JsValue, JsValue> {
        self.execute.call2(&self.definition, &to_page(arguments)?, context)
    }

    pub(super) fn can_verify(&self) -> bool {
        self.verify.is_some()
    }

    pub(super) fn verify(&self, key: &JsValue) -> Result<JsValue, JsValue> {
        match &self.verify {
            Some(verify) => verify.call1(&self.definition, key),
            None => Ok(JsValue::UNDEFINED),
        }
    }

    pub(super) fn note(&self, arguments: &Value) -> Note {
        Note {
            summary: self.text(&self.summary, arguments, SUMMARY_CHARS_MAX),
            raise: self.raise(arguments),
            ..Note::default()
        }
    }

    /// The state of things that a call is about; none where the tool cannot tell.
    pub(super) fn precondition(&self, arguments: &Value) -> Option<Result<JsValue, JsValue>> {
        Some(self.ask(self.precondition.as_ref()?, arguments))
    }

    /// What the call would change; none where the tool does not say.
    pub(super) fn preview(&self, arguments: &Value) -> Option<Result<JsValue, JsValue>> {
        Some(self.ask(self.preview.as_ref()?, arguments))
    }

    /// What a function says about the arguments. A card without it still shows every argument, so
    /// that a function which fails is no reason to hold up the call.
    fn text(
        &self,
        function: &Option<Function>,
        arguments: &Value,
        chars_max: usize,
    ) -> Option<String> {
        let text = self.ask(function.as_ref()?, arguments).ok()?.as_string()?;
        Some(bounded(text, chars_max)).filter(|text| !text.trim().is_empty())
    }

    /// The page's own check. Only a plain "no" lets the call go by: a promise, for instance, may
    /// still turn into a "yes".
    fn raise(&self, arguments: &Value) -> Option<(Verdict, String)> {
        let ask = |because: &str| Some((Verdict::Ask, because.to_owned()));
        let Ok(answer) = self.ask(self.needs_approval.as_ref()?, arguments) else {
            return ask("the page's own check failed");
        };
        if answer.is_undefined() || answer.is_null() || answer == false {
            return None;
        }
        match answer.as_string().as_deref() {
            Some("deny") => Some((Verdict::Deny, "the page forbids this call".to_owned())),
            Some(because) if !because.trim().is_empty() => {
                Some((Verdict::Ask, bounded(because.to_owned(), SUMMARY_CHARS_MAX)))
            }
            None if answer == true => ask("the page asks for approval of this call"),
            _ => ask("the page's own check gave no plain answer"),
        }
    }

    fn ask(&self, function: &Function, arguments: &Value) -> Result<JsValue, JsValue> {
        function.call1(&self.definition, &to_page(arguments)?)
    }
}

/// A preview that a card can show: a text, or what changes, `{ before, after }` or a list of these,
/// each with a `label`.
pub(super) fn shown(preview: Value) -> Option<Value> {
    match preview {
        Value::String(text) => {
            let text = bounded(text, PREVIEW_CHARS_MAX);
            (!text.trim().is_empty()).then(|| text.into())
        }
        Value::Object(_) | Value::Array(_) => {
            (canonical(&preview).len() <= PREVIEW_CHARS_MAX).then_some(preview)
        }
        _ => None,
    }
}

/// A property that is a function, or is not there; anything else is a mistake of the page.
fn function(definition: &JsValue, name: &str) -> Result<Option<Function>, String> {
    match Reflect::get(definition, &name.into()) {
        Ok(value) if value.is_undefined() || value.is_null() => Ok(None),
        Ok(value) => {
            value.dyn_into().map(Some).map_err(|_| format!("expected {name} to be a function"))
        }
        Err(_) => Err(format!("expected {name} to be a function, found what cannot be read")),
    }
}

/// A sentence.
const SUMMARY_CHARS_MAX: usize = 500;
/// About a page.
const PREVIEW_CHARS_MAX: usize = 4_000;

//! What the page sets by attributes and properties.

use std::rc::Rc;

use holdpoint_core::run::Mode;
use serde_json::Value;
use wasm_bindgen::JsValue;

use super::worker::Address;
use crate::language::Language;
use crate::text;
use crate::tools::from_page;
use crate::view::state::Shown;

/// Values as they are now; those that only the views need are signals.
pub(super) struct Settings {
    pub(super) endpoint: String,
    pub(super) api: String,
    /// The function that asks the browser's own model.
    pub(super) device: JsValue,
    pub(super) model: String,
    pub(super) mode: Mode,
    pub(super) instructions: String,
    /// Whether a person may turn notifications on.
    pub(super) notifications: bool,
    /// Whether the page's title says how many calls wait.
    pub(super) title_badge: bool,
    /// The person's id and name.
    pub(super) approver: (String, String),
    /// Where calls of nobody's page wait as well.
    pub(super) worker: Address,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoint: "/v1".to_owned(),
            api: "responses".to_owned(),
            device: JsValue::UNDEFINED,
            model: "gpt-5".to_owned(),
            mode: Mode::Tools,
            instructions: String::new(),
            notifications: false,
            title_badge: false,
            approver: Default::default(),
            worker: Address::default(),
        }
    }
}

impl Settings {
    /// Takes one in. Names and values were checked by the element's other half.
    pub(super) fn set(&mut self, name: &str, value: &JsValue, shown: &Shown) {
        let text = || value.as_string().unwrap_or_default();
        match name {
            "endpoint" => self.endpoint = text(),
            "api" => self.api = text(),
            "device" => self.device = value.clone(),
            "downloaded" => shown.toast.set(downloaded(value, shown)),
            "model" => self.model = text(),
            "mode" => self.mode = mode(&text()),
            "instructions" => self.instructions = text(),
            "approver" => {
                let approver = from_page(value).unwrap_or_default();
                let field = |key: &str| {
                    approver.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
                };
                self.approver = (field("id"), field("name"));
            }
            "worker" => self.worker.base = text(),
            "workerToken" => self.worker.token = value.clone(),
            "notifications" => self.notifications = value.is_truthy(),
            "titleBadge" => self.title_badge = value.is_truthy(),
            "layout" => shown.layout.set(text()),
            "open" => shown.open.set(value.is_truthy()),
            "label" => shown.label.set(text()),
            "language" => speak(value, shown),
            "debug" => shown.debug.set(value.is_truthy()),
            "announce" => shown.announce.set(text()),
            "colorScheme" => shown.scheme.set(text()),
            _ => {}
        }
    }
}

/// How much of the browser's own model is there, in words; none when it is.
fn downloaded(percent: &JsValue, shown: &Shown) -> Option<String> {
    let percent = percent.as_string()?;
    Some(shown.speaking(|| text::DOWNLOADED.with(&[("percent", percent.into())])))
}

/// Takes a language in: `{ locale, direction, texts }`.
fn speak(language: &JsValue, shown: &Shown) {
    let field = |name: &str| js_sys::Reflect::get(language, &name.into()).unwrap_or_default();
    let locale = field("locale").as_string().unwrap_or_default();
    shown.language.set(Rc::new(Language::new(&locale, &field("texts"))));
    shown.direction.set(field("direction").as_string());
}

/// The mode of that name.
pub(super) fn mode(name: &str) -> Mode {
    if name == "plan" { Mode::Plan } else { Mode::Tools }
}

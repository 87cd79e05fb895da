//! The language in which a widget speaks. A page may have widgets of several, so each keeps its own,
//! and what is shown by it is made while it is the current one.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Map;
use wasm_bindgen::prelude::*;

use crate::text::Text;

#[wasm_bindgen(module = "/src/language.js")]
extern "C" {
    /// Texts, numbers and times of a locale.
    pub(crate) type Language;

    #[wasm_bindgen(constructor)]
    pub(crate) fn new(locale: &str, texts: &JsValue) -> Language;

    /// The locale, as it was given.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn locale(this: &Language) -> String;

    #[wasm_bindgen(method)]
    fn number(this: &Language, number: f64) -> String;

    #[wasm_bindgen(method)]
    fn own(this: &Language, key: &str) -> Option<String>;

    #[wasm_bindgen(method)]
    fn known(this: &Language, sentence: &str) -> Option<String>;

    #[wasm_bindgen(method)]
    fn text(this: &Language, key: &str, english: &str, values: &Map) -> String;

    #[wasm_bindgen(method)]
    fn time(this: &Language, millis: f64) -> String;

    #[wasm_bindgen(method, js_name = fromNow)]
    fn from_now(this: &Language, count: f64, unit: &str) -> String;

    #[wasm_bindgen(method)]
    fn elapsed(this: &Language, millis: f64) -> String;
}

thread_local! {
    static CURRENT: RefCell<Rc<Language>> = RefCell::new(english());
}

/// The language of a page that names none.
pub(crate) fn english() -> Rc<Language> {
    Rc::new(Language::new("en", &JsValue::UNDEFINED))
}

/// The language of who is at work.
pub(crate) fn current() -> Rc<Language> {
    CURRENT.with(|current| Rc::clone(&current.borrow()))
}

/// Does something in a language.
pub(crate) fn speaking<T>(language: &Rc<Language>, work: impl FnOnce() -> T) -> T {
    let before = CURRENT.replace(Rc::clone(language));
    let done = work();
    CURRENT.set(before);
    done
}

impl Text {
    /// The text, in the current language.
    pub(crate) fn get(self) -> String {
        current().own(self.key).unwrap_or_else(|| self.english.to_owned())
    }

    /// The text with values in it, in the current language.
    pub(crate) fn with(self, values: &[(&str, JsValue)]) -> String {
        let map = Map::new();
        for (name, value) in values {
            map.set(&JsValue::from_str(name), value);
        }
        current().text(self.key, self.english, &map)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.get()
    }
}

/// A sentence of the widget's own that a record keeps, in the current language; one of anybody
/// else's stays as it is.
pub(crate) fn known(sentence: &str) -> String {
    current().known(sentence).unwrap_or_else(|| sentence.to_owned())
}

/// What happened, by its code, and the message itself where that says more.
pub(crate) fn fault<'a>(code: &str, message: &'a str) -> (String, Option<&'a str>) {
    let language = current();
    if let Some(own) = language.known(message) {
        return (own, None);
    }
    match language.own(&["error.", code].concat()) {
        Some(own) => (own, Some(message)),
        None => (message.to_owned(), None),
    }
}

/// The same in one text.
pub(crate) fn why_failed(code: &str, message: &str) -> String {
    match fault(code, message) {
        (own, Some(original)) => [&own, " (", original, ")"].concat(),
        (own, None) => own,
    }
}

/// A number.
pub(crate) fn number(number: f64) -> String {
    current().number(number)
}

/// A point in time.
pub(crate) fn time(millis: u64) -> String {
    current().time(millis as f64)
}

/// The distance of a point in time that is to come: "in 5 minutes".
pub(crate) fn from_now(count: u64, unit: &str) -> String {
    current().from_now(count as f64, unit)
}

/// A time that has passed, in seconds.
pub(crate) fn elapsed(millis: u64) -> String {
    current().elapsed(millis as f64)
}

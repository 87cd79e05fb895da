//! The door for programs that are built with the widget, such as a page's own Leptos app.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use js_sys::{Function, Promise};
use serde_json::Value;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;
use web_sys::{AbortController, Element};

use super::{Agent, version};
use crate::tools::{from_page, to_page};

/// Defines `<holdpoint-agent>` by the widget that is in this program. Call it before the first such
/// element is in the page.
///
/// Only English is in it; for other languages, serve `labels/` beside the module of the element.
pub fn define() {
    let make: Closure<dyn Fn(String, Function, Function) -> Agent> =
        Closure::new(|namespace: String, emit, on_state| Agent::new(&namespace, emit, on_state));
    embed(&make, &version());
    HoldpointAgentElement::define();
    // Elements may come as long as there is a page.
    make.forget();
}

/// Offers a tool to an element until what is given back is dropped. The definition is as in
/// `registerTool` of the element, but for its functions: what it does is `execute`, which gets the
/// arguments and gives a result, or says why there is none.
pub fn offer(
    element: &Element,
    definition: &Value,
    execute: impl Fn(Value) -> LocalBoxFuture<'static, Result<Value, String>> + 'static,
) -> Offered {
    let execute = Rc::new(execute);
    let called = Closure::<dyn Fn(JsValue) -> Promise>::new(move |arguments: JsValue| {
        let execute = Rc::clone(&execute);
        future_to_promise(async move {
            let done = execute(from_page(&arguments).map_err(JsValue::from)?).await;
            done.map_err(JsValue::from).and_then(|result| to_page(&result))
        })
    });
    let tool = to_page(definition).unwrap_or(JsValue::UNDEFINED);
    let offered = offer_to(element, &tool, called.as_ref().unchecked_ref());
    Offered { offered, _called: called }
}

/// A tool that is offered.
pub struct Offered {
    offered: AbortController,
    _called: Closure<dyn Fn(JsValue) -> Promise>,
}

impl Drop for Offered {
    fn drop(&mut self) {
        self.offered.abort();
    }
}

#[wasm_bindgen(module = "/src/element/embed.js")]
extern "C" {
    fn embed(make: &Closure<dyn Fn(String, Function, Function) -> Agent>, version: &str);

    #[wasm_bindgen(js_name = offer)]
    fn offer_to(element: &Element, tool: &JsValue, execute: &Function) -> AbortController;
}

// The modules that `embed.js` imports, and those imported by these, have to be named to be there.
#[wasm_bindgen(module = "/src/element/holdpoint.js")]
extern "C" {
    type HoldpointAgentElement;

    #[wasm_bindgen(static_method_of = HoldpointAgentElement)]
    fn define();
}

#[wasm_bindgen(module = "/src/element/holdpoint_language.js")]
extern "C" {
    type ElementLanguage;
}

#[wasm_bindgen(module = "/src/element/holdpoint_base.js")]
extern "C" {
    #[wasm_bindgen(js_name = dress)]
    type Dress;
}

#[wasm_bindgen(module = "/src/element/holdpoint_heads.js")]
extern "C" {
    type HoldpointInboxElement;
}

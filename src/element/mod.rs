//! The element's half in wasm. The other half, `holdpoint.js`, is the class that the page sees; it
//! forwards attributes, properties and methods to an [`Agent`].
//!
//! It comes in parts. [`shell`] is what a page loads to show the widget; [`work`] is what it takes to
//! carry runs on, and is loaded with the first of them; [`beside`] is what stands beside the
//! conversation, and is loaded when it is asked for; [`heads`] is what other elements show of it. Each is reached through one function, so that a
//! build can cut the wasm there.

mod app;
mod beside;
mod elsewhere;
#[cfg(feature = "app")]
mod embed;
mod files;
mod heads;
mod intents;
mod links;
mod notices;
mod page;
mod panel;
mod records;
mod rules;
mod settings;
mod shell;
mod title;
mod work;
mod worker;

#[cfg(feature = "app")]
pub use embed::{Offered, define, offer};

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{future_to_promise, spawn_local};

use crate::later::NotLoaded;
use page::{Page, error_value, to_js};
use shell::{Shell, not_loaded};

/// One widget.
#[wasm_bindgen]
pub struct Agent {
    shell: Rc<Shell>,
    mounted: RefCell<Option<Mounted>>,
}

/// The views, and where they are.
struct Mounted {
    root: web_sys::ShadowRoot,
    views: Box<dyn Any>,
}

/// The version of the widget.
#[wasm_bindgen]
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

#[wasm_bindgen]
impl Agent {
    /// A widget of a namespace, which has read nothing yet.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(namespace: &str, emit: Function, on_state: Function) -> Self {
        let shell = Shell::new(namespace, Page::new(emit, on_state));
        Self { shell, mounted: RefCell::default() }
    }

    /// Goes on with what is in the store; called once the page has had time to set its properties.
    /// Where nothing was ever stored there is nothing to read.
    pub fn begin(&self, has_store: bool) -> Promise {
        let shell = Rc::clone(&self.shell);
        shell.has_begun.set(true);
        promise(async move {
            if has_store || shell.has_worker() {
                shell.work().await?;
            } else {
                shell.idle();
            }
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Shows the widget in a shadow root.
    pub fn mount(&self, root: &web_sys::ShadowRoot) {
        let before = self.mounted.take().map(|mounted| mounted.views);
        let views = crate::view::mount(root, self.shell.shown, self.shell.intents(), before);
        self.mounted.replace(Some(Mounted { root: root.clone(), views }));
    }

    /// Takes the views away; runs go on.
    pub fn unmount(&self) {
        self.mounted.take();
    }

    /// Shows a part of the view in the root of another element; resolves to what takes it away again.
    /// See [`heads::show`].
    #[wasm_bindgen(js_name = showPart)]
    pub fn show_part(
        &self,
        root: web_sys::ShadowRoot,
        kind: String,
        call: String,
        heard: Function,
    ) -> Promise {
        let shell = Rc::clone(&self.shell);
        promise(async move {
            heads::show(shell, root, kind, call, heard)
                .await
                .map_err(|NotLoaded| not_loaded())?
                .await
        })
    }

    /// The element is in the page, or out of it: then its runs are left to others.
    #[wasm_bindgen(js_name = beHere)]
    pub fn be_here(&self, is_here: bool) {
        self.shell.be_here(is_here);
    }

    /// Takes an attribute's or a property's value in.
    pub fn configure(&self, name: &str, value: &JsValue) {
        self.shell.settings.borrow_mut().set(name, value, &self.shell.shown);
        if name == "debug" && value.is_truthy() {
            self.shell.debug();
        }
        if let Some(work) = self.shell.working() {
            work.settings_changed();
        } else if self.shell.has_worker() && self.shell.has_begun.get() {
            let shell = Rc::clone(&self.shell);
            // If it cannot be fetched, whoever asks for anything next hears of it.
            spawn_local(async move { drop(shell.work().await) });
        }
        // Another language is another set of views, and another layout has another layer.
        let root = self.mounted.borrow().as_ref().map(|mounted| mounted.root.clone());
        if let Some(root) = root.filter(|_| matches!(name, "language" | "layout")) {
            self.mount(&root);
        }
    }

    /// Adds a tool.
    ///
    /// # Errors
    /// `{code, message, fix}` as [`holdpoint_core::tool::Tool::parse`].
    #[wasm_bindgen(js_name = registerTool)]
    pub fn register_tool(&self, definition: &JsValue) -> Result<String, JsValue> {
        let name = self.shell.tools.register(definition).map_err(|error| {
            let fix = match error.code {
                "tool_duplicate" => "give each tool a name of its own",
                "tool_schema_unsupported" => "say it with the keywords that are supported",
                _ => "see the documentation of tools for the fields of a definition",
            };
            to_js(&error_value(error.code, &error.to_string(), fix))
        })?;
        if let Some(work) = self.shell.working() {
            work.tools_changed();
        }
        Ok(name)
    }

    /// Removes a tool.
    #[wasm_bindgen(js_name = unregisterTool)]
    pub fn unregister_tool(&self, name: &str) {
        self.shell.tools.unregister(name);
    }

    /// Does what the page asks for by a method of the element; see [`work::Work::ask`].
    ///
    /// # Errors
    /// `{code, message, fix}`.
    pub fn ask(&self, method: String, args: Array) -> Promise {
        let shell = Rc::clone(&self.shell);
        promise(async move { shell.work().await?.ask(method, args).await })
    }

    /// The calls that wait for a person.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn pending(&self) -> Array {
        self.shell.working().map(|work| work.pending()).unwrap_or_default()
    }

    /// All runs that are read, oldest first.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn runs(&self) -> Array {
        self.shell.working().map(|work| work.runs()).unwrap_or_default()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.shell.end();
    }
}

/// A promise of the page's. All are made of one type of future: each type has code of its own.
fn promise(future: impl Future<Output = Result<JsValue, JsValue>> + 'static) -> Promise {
    let future: LocalBoxFuture<'static, _> = Box::pin(future);
    future_to_promise(future)
}

//! The element's half in wasm. The other half, `holdpoint.js`, is the class that the page sees; it
//! forwards attributes, properties and methods to an [`Agent`].

mod app;
mod page;
mod parts;
mod records;
mod settings;

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use holdpoint_core::approval::Decision;
use holdpoint_core::id::{CallId, RunId, ThreadId};
use holdpoint_core::json::Digest;
use holdpoint_core::policy::rule_on;
use js_sys::{Array, Function, Promise};
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{future_to_promise, spawn_local};

use crate::channel::Channel;
use crate::driver::ports::{Runtime, ToolHost, Trouble, World};
use crate::driver::{DriveError, Driver};
use crate::leases::WebLocks;
use crate::model::Models;
use crate::runtime::BrowserRuntime;
use crate::tools::PageTools;
use crate::view::state::Intents;
use app::App;
use page::{Page, error_value, from_js, to_js};
use parts::Parts;

/// One widget.
#[wasm_bindgen]
pub struct Agent {
    parts: Rc<Parts>,
    mounted: RefCell<Option<Box<dyn Any>>>,
}

/// The version of the widget.
#[wasm_bindgen]
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

#[wasm_bindgen]
impl Agent {
    /// Opens the store of a namespace, shows what is in it and goes on with what waits. A store
    /// that is refused is replaced by memory, and that is said.
    pub fn open(namespace: String, emit: Function, on_state: Function) -> Promise {
        promise(async move { Ok(Self::opened(&namespace, emit, on_state).await.into()) })
    }

    /// Reads the store and goes on; called once the page has had time to set its properties.
    pub fn begin(&self) -> Promise {
        self.promise(|parts| async move {
            parts.begin().await;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Shows the widget in a shadow root.
    pub fn mount(&self, root: &web_sys::ShadowRoot) {
        let parts = Rc::downgrade(&self.parts);
        let intents = Intents(Rc::new(move |intent| {
            if let Some(parts) = parts.upgrade() {
                spawn_local(async move { parts.intend(intent).await });
            }
        }));
        let tools = Rc::clone(&self.parts.tools) as Rc<dyn ToolHost>;
        let mounted = crate::view::mount(root, self.parts.app.shown, tools, intents);
        self.mounted.replace(Some(Box::new(mounted)));
    }

    /// Takes the views away; runs go on.
    pub fn unmount(&self) {
        self.mounted.take();
    }

    /// Takes an attribute's or a property's value in.
    pub fn configure(&self, name: &str, value: &JsValue) {
        let parts = &self.parts;
        parts.settings.borrow_mut().set(name, value, &parts.app.shown);
        let settings = parts.settings.borrow();
        parts.models.reroute(|route| {
            route.endpoint.clone_from(&settings.endpoint);
            route.api.clone_from(&settings.api);
        });
    }

    /// Adds a tool.
    ///
    /// # Errors
    /// `{code, message, fix}` as [`holdpoint_core::tool::Tool::parse`].
    #[wasm_bindgen(js_name = registerTool)]
    pub fn register_tool(&self, definition: &JsValue) -> Result<String, JsValue> {
        let name = self.parts.tools.register(definition).map_err(|error| {
            let fix = match error.code {
                "tool_duplicate" => "give each tool a name of its own",
                "tool_schema_unsupported" => "say it with the keywords that are supported",
                _ => "see the documentation of tools for the fields of a definition",
            };
            to_js(&error_value(error.code, &error.to_string(), fix))
        })?;
        self.parts.driver.tools_changed();
        Ok(name)
    }

    /// Removes a tool.
    #[wasm_bindgen(js_name = unregisterTool)]
    pub fn unregister_tool(&self, name: &str) {
        self.parts.tools.unregister(name);
    }

    /// Begins a run with a person's message.
    ///
    /// # Errors
    /// `{code, message, fix}`.
    pub fn send(&self, text: String) -> Promise {
        self.promise(|parts| async move { begun(parts.start(text, None, None).await) })
    }

    /// Begins a run with no chat: `{text, mode?, instructions?}`.
    ///
    /// # Errors
    /// `{code, message, fix}`.
    pub fn submit(&self, job: JsValue) -> Promise {
        self.promise(|parts| async move {
            let job = from_js(&job).unwrap_or_default();
            let text = |key: &str| job.get(key).and_then(Value::as_str).map(str::to_owned);
            let mode = text("mode").map(|mode| settings::mode(&mode));
            let Some(words) = text("text").filter(|words| !words.trim().is_empty()) else {
                let message = "expected a job with a text";
                let fix = "call submit({ text: \"…\" })";
                return Err(to_js(&error_value("job_malformed", message, fix)));
            };
            begun(parts.start(words, mode, text("instructions")).await)
        })
    }

    /// Stops every run that works.
    ///
    /// # Errors
    /// `{code, message, fix}`.
    pub fn stop(&self) -> Promise {
        self.promise(|parts| async move {
            for run in parts.driver.runs() {
                if !run.status().is_over() && !run.status().needs_person() {
                    let by = parts.by("script", false);
                    done(parts.driver.cancel(run.id(), by).await)?;
                }
            }
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Approves a call: `{digest, args?, note?}`.
    ///
    /// # Errors
    /// `{code, message, fix}`.
    pub fn approve(&self, call: String, options: JsValue) -> Promise {
        self.promise(|parts| async move {
            let options = from_js(&options).unwrap_or_default();
            let digest = options.get("digest").and_then(Value::as_str).unwrap_or_default();
            let Ok(digest) = digest.parse::<Digest>() else {
                let message = "expected the digest of what is approved";
                let fix = "pass { digest } as it stands in the approval";
                return Err(to_js(&error_value("digest_missing", message, fix)));
            };
            let arguments = options.get("args").filter(|args| !args.is_null()).cloned();
            let note = options.get("note").and_then(Value::as_str).map(str::to_owned);
            let decision = Decision::Approve { arguments, note };
            parts.decide(&CallId::new(call), decision, digest).await
        })
    }

    /// Denies a call: `{reason?}`.
    ///
    /// # Errors
    /// `{code, message, fix}`.
    pub fn deny(&self, call: String, options: JsValue) -> Promise {
        self.promise(|parts| async move {
            let call = CallId::new(call);
            let options = from_js(&options).unwrap_or_default();
            let reason = options.get("reason").and_then(Value::as_str).map(str::to_owned);
            let digest = parts.digest(&call).ok_or_else(|| thrown(&DriveError::UnknownCall))?;
            parts.decide(&call, Decision::Deny { reason }, digest).await
        })
    }

    /// Says which rule would hold a call.
    ///
    /// # Errors
    /// `{code, message, fix}` for an unknown tool or arguments that its schema refuses.
    pub fn evaluate(&self, tool: &str, args: &JsValue) -> Result<JsValue, JsValue> {
        let toolbox = self.parts.tools.toolbox();
        let Some(tool) = toolbox.get(tool) else {
            let message = ["there is no tool ", tool].concat();
            return Err(to_js(&error_value("tool_missing", &message, "register it first")));
        };
        let args = from_js(args).unwrap_or_default();
        if let Some(first) = tool.schema.check(&args, toolbox.patterns()).first() {
            let message = [&first.path, ": ", &first.message].concat();
            let fix = "pass arguments that follow the tool's inputSchema";
            return Err(to_js(&error_value("arguments_invalid", &message, fix)));
        }
        let ruling = rule_on(tool, &args, toolbox.patterns());
        Ok(to_js(&json!({
            "verdict": ruling.verdict,
            "rule": ruling.rule,
            "because": ruling.because,
            "matched": ruling.matched,
        })))
    }

    /// A run's whole record as a file.
    ///
    /// # Errors
    /// `{code, message, fix}`.
    #[wasm_bindgen(js_name = exportRun)]
    pub fn export_run(&self, run: String) -> Promise {
        self.promise(|parts| async move {
            records::export_run(&*parts.store, &RunId::new(run)).await.map(JsValue::from)
        })
    }

    /// Takes a run's record in; its id.
    ///
    /// # Errors
    /// `{code, message, fix}` where it is not intact, or is here already.
    #[wasm_bindgen(js_name = importRun)]
    pub fn import_run(&self, file: web_sys::Blob) -> Promise {
        self.promise(|parts| async move {
            let run = records::import_run(&*parts.store, &file).await?;
            parts.driver.refresh(&run).await;
            Ok(run.as_str().into())
        })
    }

    /// Every entry of every run that is read, as JSON Lines.
    ///
    /// # Errors
    /// `{code, message, fix}`.
    #[wasm_bindgen(js_name = exportAudit)]
    pub fn export_audit(&self) -> Promise {
        self.promise(|parts| async move {
            let runs = parts.driver.runs();
            let audit = records::export_audit(&*parts.store, runs.iter().map(|run| run.id()));
            audit.await.map(JsValue::from)
        })
    }

    /// Forgets this `thread`, or `all`.
    ///
    /// # Errors
    /// `{code, message, fix}`.
    pub fn clear(&self, scope: String) -> Promise {
        self.promise(|parts| async move {
            let thread = parts.thread.borrow().clone();
            let thread = (scope != "all").then_some(thread);
            let by = parts.by("script", false);
            done(parts.driver.clear(thread.as_ref(), by).await)?;
            parts.thread.replace(ThreadId::new(parts.runtime.unique()));
            Ok(JsValue::UNDEFINED)
        })
    }

    /// `loading`, `idle`, `running`, `waiting`, `offline` or `error`.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn state(&self) -> String {
        self.parts.app.state().to_owned()
    }

    /// The calls that wait for a person.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn pending(&self) -> Array {
        let runs = self.parts.driver.runs();
        runs.iter()
            .flat_map(|run| app::held(run))
            .map(|(run, slot)| to_js(&app::approval(run, slot)))
            .collect()
    }

    /// All runs that are read, oldest first.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn runs(&self) -> Array {
        let runs = self.parts.driver.runs();
        let summary = |run: &Rc<holdpoint_core::run::Run>| {
            to_js(&json!({
                "id": run.id(),
                "thread": run.spec().thread,
                "status": run.status(),
                "text": run.spec().text,
                "createdAt": run.started_at(),
                "updatedAt": run.updated_at(),
                "entries": run.head().len,
                "usage": { "input": run.usage().input, "output": run.usage().output },
            }))
        };
        runs.iter().map(summary).collect()
    }
}

impl Agent {
    async fn opened(namespace: &str, emit: Function, on_state: Function) -> Self {
        let app = Rc::new(App::new(Page::new(emit, on_state)));
        let (store, refused) = crate::store::open(namespace).await;
        if let Some(error) = refused {
            app.page().error(error.code(), &error.to_string(), error.fix());
            app.shown.trouble.set(Some(Trouble::of_store(&error)));
        }
        let runtime = Rc::new(BrowserRuntime);
        let tools = Rc::new(PageTools::new(Rc::clone(&runtime) as _));
        let models = Rc::new(Models::new(Rc::clone(&runtime) as _));
        let driver = Driver::new(World {
            store: Rc::clone(&store),
            model: Rc::clone(&models) as _,
            tools: Rc::clone(&tools) as _,
            leases: Rc::new(WebLocks::new(namespace)),
            runtime: Rc::clone(&runtime) as _,
            observer: Rc::clone(&app) as _,
        });
        let refreshed = driver.clone();
        app.connect(Channel::open(namespace, move |run| {
            let driver = refreshed.clone();
            spawn_local(async move { driver.refresh(&run).await });
        }));
        let thread = RefCell::new(ThreadId::new(runtime.unique()));
        let settings = RefCell::default();
        let parts = Rc::new(Parts { app, driver, store, tools, models, runtime, settings, thread });
        Parts::watch_network(&parts);
        Self { parts, mounted: RefCell::default() }
    }

    /// Does something for the page; it goes on where the page lets go of the agent.
    fn promise<F>(&self, work: impl FnOnce(Rc<Parts>) -> F) -> Promise
    where
        F: Future<Output = Result<JsValue, JsValue>> + 'static,
    {
        promise(work(Rc::clone(&self.parts)))
    }
}

/// A promise of the page's. All are made of one type of future: each type has code of its own.
fn promise(future: impl Future<Output = Result<JsValue, JsValue>> + 'static) -> Promise {
    let future: LocalBoxFuture<'static, _> = Box::pin(future);
    future_to_promise(future)
}

/// The id of a run that has begun.
fn begun(run: Result<String, DriveError>) -> Result<JsValue, JsValue> {
    run.map(JsValue::from).map_err(|error| thrown(&error))
}

fn done(result: Result<(), DriveError>) -> Result<JsValue, JsValue> {
    result.map(|()| JsValue::UNDEFINED).map_err(|error| thrown(&error))
}

fn thrown(error: &DriveError) -> JsValue {
    to_js(&error_value(error.code(), &error.to_string(), error.fix()))
}

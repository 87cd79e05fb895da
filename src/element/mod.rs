//! The element's half in wasm. The other half, `holdpoint.js`, is the class that the page sees; it
//! forwards attributes, properties and methods to an [`Agent`].

mod app;
mod page;
mod records;
mod settings;

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use holdpoint_core::approval::{Approver, Decision};
use holdpoint_core::id::{CallId, RunId, ThreadId};
use holdpoint_core::json::Digest;
use holdpoint_core::policy::rule_on;
use holdpoint_core::run::{Limits, Mode, Spec};
use js_sys::{Array, Function, Promise};
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{future_to_promise, spawn_local};

use crate::channel::Channel;
use crate::driver::ports::{JournalStore, Runtime, ToolHost, Trouble, World};
use crate::driver::{DriveError, Driver};
use crate::leases::WebLocks;
use crate::model::Models;
use crate::runtime::BrowserRuntime;
use crate::tools::PageTools;
use crate::view::state::{Intent, Intents};
use app::App;
use page::{Page, error_value, from_js, to_js};
use settings::Settings;

/// One widget.
#[wasm_bindgen]
pub struct Agent {
    parts: Rc<Parts>,
    mounted: RefCell<Option<Box<dyn Any>>>,
}

struct Parts {
    app: Rc<App>,
    driver: Driver,
    store: Rc<dyn JournalStore>,
    tools: Rc<PageTools>,
    models: Rc<Models>,
    runtime: Rc<BrowserRuntime>,
    settings: RefCell<Settings>,
    thread: RefCell<ThreadId>,
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

impl Parts {
    async fn begin(&self) {
        let opened = self.driver.open().await;
        self.app.shown.loaded.set(true);
        match opened {
            Ok(()) => {
                // The conversation goes on where it was left.
                if let Some(last) = self.driver.runs().last() {
                    self.thread.replace(last.spec().thread.clone());
                }
            }
            Err(error) => {
                self.app.page().error(error.code(), &error.to_string(), error.fix());
                self.app.shown.trouble.set(Some(Trouble::of_store(&error)));
            }
        }
        self.app.refresh();
    }

    async fn start(
        &self,
        text: String,
        mode: Option<Mode>,
        instructions: Option<String>,
    ) -> Result<String, DriveError> {
        let spec = {
            let settings = self.settings.borrow();
            Spec {
                run: RunId::new(self.runtime.unique()),
                thread: self.thread.borrow().clone(),
                mode: mode.unwrap_or(settings.mode),
                model: settings.model.clone(),
                instructions: instructions.unwrap_or_else(|| settings.instructions.clone()),
                text,
                limits: Limits::default(),
            }
        };
        self.driver.start(spec).await.map(|run| run.to_string())
    }

    async fn decide(
        &self,
        call: &CallId,
        decision: Decision,
        digest: Digest,
    ) -> Result<JsValue, JsValue> {
        let by = self.by("script", false);
        done(self.driver.decide(call, decision, digest, by).await)
    }

    fn digest(&self, call: &CallId) -> Option<Digest> {
        let runs = self.driver.runs();
        runs.iter().find_map(|run| run.find(call).map(|(_, slot)| slot.action.digest))
    }

    fn by(&self, channel: &str, trusted: bool) -> Approver {
        let settings = self.settings.borrow();
        let (id, name) = settings.approver.clone();
        Approver { id, name, channel: channel.to_owned(), trusted }
    }

    /// Does what a person asked for in the views, and says where it did not work.
    async fn intend(&self, intent: Intent) {
        let done = match intent {
            Intent::Send(text) => self.start(text, None, None).await.map(drop),
            Intent::Approve { call, digest, trusted } => {
                let decision = Decision::Approve { arguments: None, note: None };
                self.decide_on_card(call, decision, digest, trusted).await
            }
            Intent::Deny { call, digest, reason, trusted } => {
                self.decide_on_card(call, Decision::Deny { reason }, digest, trusted).await
            }
            Intent::Settle { call, settlement, trusted } => {
                self.driver.settle(&call, settlement, self.by("card", trusted)).await
            }
            Intent::Check { call } => self.driver.check(&call).await,
            Intent::Retry(run) => {
                self.driver.retry(&run).await;
                Ok(())
            }
            Intent::Stop(run) => self.driver.cancel(&run, self.by("card", true)).await,
            Intent::Export(run) => {
                if let Ok(file) = records::export_run(&*self.store, &run).await {
                    records::download(&file, run.as_str());
                }
                Ok(())
            }
            Intent::Open(open) => {
                self.app.shown.open.set(open);
                let name = if open { "holdpoint-open" } else { "holdpoint-close" };
                self.app.page().emit(name, &json!({}));
                Ok(())
            }
        };
        if let Err(error) = done {
            let words = error.to_string();
            self.app.page().error(error.code(), &words, error.fix());
            self.app.shown.toast.set(Some([&words, ". ", error.fix(), "."].concat()));
        }
    }

    async fn decide_on_card(
        &self,
        call: CallId,
        decision: Decision,
        digest: Digest,
        trusted: bool,
    ) -> Result<(), DriveError> {
        let run = self.driver.runs().into_iter().find(|run| run.find(&call).is_some());
        let saving = run.map(|run| self.app.shown_run(run.id()).saving);
        if let Some(saving) = saving {
            saving.set(Some(call.clone()));
        }
        let done = self.driver.decide(&call, decision, digest, self.by("card", trusted)).await;
        if let Some(saving) = saving {
            saving.set(None);
        }
        done
    }

    fn watch_network(parts: &Rc<Self>) {
        let Some(window) = web_sys::window() else { return };
        parts.app.shown.online.set(window.navigator().on_line());
        // A page that comes back as it was left has missed what other tabs said meanwhile.
        let weak = Rc::downgrade(parts);
        let back = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
            let persisted = js_sys::Reflect::get(&event, &"persisted".into());
            let Some(parts) = weak.upgrade().filter(|_| persisted.is_ok_and(|p| p.is_truthy()))
            else {
                return;
            };
            spawn_local(async move {
                for run in parts.driver.runs() {
                    parts.driver.refresh(run.id()).await;
                }
            });
        });
        let _ = window.add_event_listener_with_callback("pageshow", back.as_ref().unchecked_ref());
        back.forget();
        for (event, online) in [("online", true), ("offline", false)] {
            let weak = Rc::downgrade(parts);
            let heard = Closure::<dyn Fn()>::new(move || {
                let Some(parts) = weak.upgrade() else { return };
                parts.app.shown.online.set(online);
                if online {
                    spawn_local(async move { parts.driver.online().await });
                }
            });
            // The page lives as long as its window, and a widget is not made in a loop.
            let _ = window.add_event_listener_with_callback(event, heard.as_ref().unchecked_ref());
            heard.forget();
        }
    }
}

fn thrown(error: &DriveError) -> JsValue {
    to_js(&error_value(error.code(), &error.to_string(), error.fix()))
}

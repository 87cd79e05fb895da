//! What a page loads to show the widget: its settings, its tools, and the way to what comes later.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::lock::Mutex;
use holdpoint_core::id::{CallId, RunId};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::page::{Page, error_value, to_js};
use super::settings::Settings;
use super::work::{Work, begin};
use crate::channel::Channel;
use crate::driver::ports::{Runtime, Wire};
use crate::later::NotLoaded;
use crate::runtime::BrowserRuntime;
use crate::text;
use crate::tools::PageTools;
use crate::view::state::{Intent, Intents, Shown};

/// One widget as far as it goes without runs.
pub(super) struct Shell {
    pub(super) namespace: String,
    pub(super) page: Page,
    pub(super) shown: Shown,
    pub(super) runtime: Rc<dyn Runtime>,
    pub(super) tools: Rc<PageTools>,
    pub(super) settings: RefCell<Settings>,
    pub(super) channel: Channel,
    pub(super) wire: Wire,
    /// The page has set what it sets at first.
    pub(super) has_begun: Cell<bool>,
    /// The element is in the page.
    is_here: Cell<bool>,
    /// Held while it is loaded, so that it is loaded once.
    work: Mutex<Option<Rc<dyn Work>>>,
}

impl Shell {
    pub(super) fn new(namespace: &str, page: Page) -> Rc<Self> {
        let runtime: Rc<dyn Runtime> = Rc::new(BrowserRuntime);
        let shell = Rc::new_cyclic(|this: &std::rc::Weak<Self>| {
            let this = this.clone();
            let on_run = move |run: RunId| {
                let Some(shell) = this.upgrade() else { return };
                spawn_local(async move { shell.refresh(run).await });
            };
            Self {
                namespace: namespace.to_owned(),
                page,
                shown: Shown::of_nothing(),
                tools: Rc::new(PageTools::new(Rc::clone(&runtime))),
                runtime,
                settings: RefCell::default(),
                channel: Channel::open(namespace, on_run),
                wire: Wire::default(),
                has_begun: Cell::new(false),
                is_here: Cell::new(false),
                work: Mutex::default(),
            }
        });
        shell.watch_network();
        shell
    }

    /// The way of what a person asks for in the views.
    pub(super) fn intents(self: &Rc<Self>) -> Intents {
        let shell = Rc::downgrade(self);
        Intents(Rc::new(move |intent| {
            if let Some(shell) = shell.upgrade() {
                spawn_local(async move { shell.intend(intent).await });
            }
        }))
    }

    /// What carries runs on; loaded, and the store read, if it was not yet.
    ///
    /// # Errors
    /// `{code, message, fix}` where it cannot be fetched; the next call tries again.
    pub(super) async fn work(self: &Rc<Self>) -> Result<Rc<dyn Work>, JsValue> {
        let mut slot = self.work.lock().await;
        if let Some(work) = &*slot {
            return Ok(Rc::clone(work));
        }
        let begun = begin(Rc::clone(self)).await.map_err(|NotLoaded| not_loaded())?;
        let work = begun.await;
        *slot = Some(Rc::clone(&work));
        drop(slot);
        self.shown.loaded.set(true);
        super::links::follow(self);
        // What the page registered or set meanwhile was told to nobody.
        work.settings_changed();
        work.tools_changed();
        work.refresh_state();
        work.be_here(self.is_here.get());
        Ok(work)
    }

    /// The element is in the page, or out of it; then its runs are left to others.
    pub(super) fn be_here(&self, is_here: bool) {
        self.is_here.set(is_here);
        if let Some(work) = self.working() {
            work.be_here(is_here);
        }
    }

    /// The same, if it is there.
    pub(super) fn working(&self) -> Option<Rc<dyn Work>> {
        self.work.try_lock().and_then(|work| work.clone())
    }

    /// Shows the developer's panel, which is loaded when it is first wanted.
    pub(super) fn debug(&self) {
        let (shown, page, wire) = (self.shown, self.page.clone(), self.wire.clone());
        spawn_local(async move {
            match super::panel::load(wire).await {
                Ok(view) => shown.panel_view.set(Some(view)),
                Err(NotLoaded) => page.error(NotLoaded::CODE, NotLoaded::MESSAGE, NotLoaded::FIX),
            }
        });
    }

    /// The element is gone. What carries runs on refers to this, and this to it.
    pub(super) fn end(&self) {
        if let Some(mut work) = self.work.try_lock() {
            work.take();
        }
    }

    /// Goes to a call, if it is one of this widget's.
    pub(super) fn go_to(self: &Rc<Self>, call: CallId) {
        let shell = Rc::clone(self);
        spawn_local(async move {
            if let Some(work) = shell.work_in_time().await
                && work.go_to(call).await
                && shell.shown.layout.with_untracked(|layout| layout == "popover")
            {
                shell.intend(Intent::Open(true)).await;
            }
        });
    }

    /// Whether the page names a worker, at which something may wait.
    pub(super) fn has_worker(&self) -> bool {
        !self.settings.borrow().worker.base.is_empty()
    }

    /// There is nothing to read.
    pub(super) fn idle(&self) {
        self.shown.loaded.set(true);
        self.tell_rest();
    }

    /// Tells the state as long as there is no run.
    fn tell_rest(&self) {
        let is_online = self.shown.online.get_untracked();
        self.page.state(if is_online { "idle" } else { "offline" }, "");
    }

    /// Does what a person asked for in the views, and says where it did not work.
    pub(super) async fn intend(self: &Rc<Self>, intent: Intent) {
        if let Intent::Open(open) = intent {
            self.shown.open.set(open);
            let name = if open { "holdpoint-open" } else { "holdpoint-close" };
            return self.page.emit(name, &serde_json::Value::Object(Default::default()));
        }
        if let Intent::Inbox(open) = intent {
            self.shown.inbox.set(open);
            if open && let Some(work) = self.work_in_time().await {
                work.show_inbox().await;
            }
        } else if let Intent::Prepare = intent {
            // Whoever is about to write is about to send: it is there by then, or is asked again.
            self.work().await.ok();
        } else if let Some(work) = self.work_in_time().await {
            work.intend(intent).await;
        } else if let Intent::Send(words) = intent {
            self.shown.draft.set(words);
        }
    }

    /// What carries runs on, for a person who waits: if it cannot be fetched that is said, and tried
    /// again for a while.
    async fn work_in_time(self: &Rc<Self>) -> Option<Rc<dyn Work>> {
        let toast = self.shown.toast;
        for (attempt, wait_ms) in WAITS_MS.into_iter().enumerate() {
            if let Ok(work) = self.work().await {
                if attempt > 0 {
                    toast.set(None);
                }
                return Some(work);
            }
            if attempt == 0 {
                self.page.error(NotLoaded::CODE, NotLoaded::MESSAGE, NotLoaded::FIX);
            }
            toast.set(Some(self.shown.speaking(|| text::NOT_LOADED_YET.get())));
            self.runtime.sleep(wait_ms).await;
        }
        self.shown.say_fault(NotLoaded::CODE, NotLoaded::MESSAGE, NotLoaded::FIX);
        None
    }

    /// Another tab says that a run changed, or that there is one at all.
    async fn refresh(self: &Rc<Self>, run: RunId) {
        match self.working() {
            Some(work) => work.refresh(Some(run)).await,
            // It reads all of them first. If it cannot be fetched, the next hint tries again.
            None => drop(self.work().await),
        }
    }

    fn watch_network(self: &Rc<Self>) {
        let Some(window) = web_sys::window() else { return };
        self.shown.online.set(window.navigator().on_line());
        for name in ["online", "offline", "pageshow"] {
            let weak = Rc::downgrade(self);
            let heard = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
                let Some(shell) = weak.upgrade() else { return };
                if name != "pageshow" {
                    shell.shown.online.set(name == "online");
                }
                let Some(work) = shell.working() else {
                    // As long as the store is read, its state is another.
                    if shell.shown.loaded.get_untracked() {
                        shell.tell_rest();
                    }
                    return;
                };
                work.refresh_state();
                let persisted = js_sys::Reflect::get(&event, &"persisted".into());
                let came_back = persisted.is_ok_and(|persisted| persisted.is_truthy());
                spawn_local(async move {
                    if name == "online" {
                        work.online().await;
                    } else if came_back {
                        // It was left as it was and has missed what other tabs said meanwhile.
                        work.refresh(None).await;
                    }
                });
            });
            // The page lives as long as its window, and a widget is not made in a loop.
            let _ = window.add_event_listener_with_callback(name, heard.as_ref().unchecked_ref());
            heard.forget();
        }
    }
}

/// The waits between attempts: a train's tunnel, not a night.
const WAITS_MS: [u64; 6] = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000];

pub(super) fn not_loaded() -> JsValue {
    to_js(&error_value(NotLoaded::CODE, NotLoaded::MESSAGE, NotLoaded::FIX))
}

//! The worker that the page names: what waits there for a person, decided here by the same card.
//!
//! A worker's journals are the same as the page's, so a card is made of the very entries that the
//! decision will be bound to: they are fetched when someone opens it, checked and folded.

mod follow;
mod hand_over;
mod link;
mod push;

use std::rc::Rc;

use holdpoint_core::approval::Approver;
use holdpoint_core::id::{CallId, RunId};
use holdpoint_core::run::Run;
use serde_json::Value;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use super::app::App;
use super::beside::load;
use super::page::{error_value, to_js};
use super::shell::Shell;
use super::work::Works;
use crate::driver::ports::{JournalStore, Task};
use crate::driver::{DriveError, Driver};
use crate::later::NotLoaded;
use crate::view::state::Intent;

pub(super) use follow::begin;

/// What waits at a worker, followed as long as this is there.
pub(super) trait AtWorker {
    /// Does what a person asked for, if it is about a call that waits there.
    fn intend(&self, intent: &Intent) -> Option<Task<()>>;

    /// Has the worker push to the page's service worker, or no more; whether that is so now.
    fn push(&self, registration: JsValue, on: bool) -> Task<bool>;

    /// Hands a run over: `{workflow?}`; done when the worker has it.
    fn hand_over(&self, run: RunId, options: Value, by: Approver) -> Task<Result<(), JsValue>>;
}

/// Where a worker is, and what it knows us by: a text, or a function of the page's that gives one.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Address {
    pub(super) base: String,
    pub(super) token: JsValue,
}

/// The worker that is followed.
#[derive(Default)]
pub(super) struct Followed {
    address: Address,
    worker: Option<Rc<dyn AtWorker>>,
    /// It pushes to this browser, as far as this page has asked for it.
    pushes: bool,
    /// The call to go to when it is there.
    target: Option<CallId>,
}

impl Works {
    /// Follows the worker that the page names, if it is not followed yet.
    pub(super) fn follow_worker(&self) {
        let address = self.shell.settings.borrow().worker.clone();
        if self.worker.borrow().address == address {
            return;
        }
        let target = self.worker.take().target;
        let followed = Followed { address: address.clone(), target, ..Followed::default() };
        self.worker.replace(followed);
        if address.base.is_empty() {
            return;
        }
        let works = self.clone();
        spawn_local(async move {
            match load().await {
                // The page may have named another one meanwhile.
                Ok(beside) if works.worker.borrow().address == address => {
                    let widget = Widget {
                        shell: Rc::clone(&works.shell),
                        app: Rc::clone(&works.app),
                        runs: Rc::new(works.driver.clone()),
                        store: Rc::clone(&works.store),
                    };
                    let worker = beside.worker(widget, address);
                    works.worker.borrow_mut().worker = Some(worker);
                    works.have_pushed().await;
                    let target = works.worker.borrow_mut().target.take();
                    if let Some(call) = target {
                        works.show_at_worker(call).await;
                    }
                }
                Ok(_) => {}
                Err(NotLoaded) => {
                    works.worker.take();
                    let page = &works.shell.page;
                    page.error(NotLoaded::CODE, NotLoaded::MESSAGE, NotLoaded::FIX);
                }
            }
        });
    }

    /// Hands a run over to the worker; see [`AtWorker::hand_over`].
    pub(super) async fn hand_off(&self, run: RunId, options: Value) -> Result<JsValue, JsValue> {
        let worker = self.worker.borrow().worker.clone();
        let Some(worker) = worker else {
            let message = "there is no worker that the run could be handed over to";
            let fix = "set `worker` and `workerToken`, and wait until the element is ready";
            return Err(to_js(&error_value("worker_missing", message, fix)));
        };
        worker.hand_over(run, options, self.by("script", false)).await.map(|()| JsValue::UNDEFINED)
    }

    /// Has the worker push to this browser exactly where the person wants notifications.
    pub(super) async fn have_pushed(&self) {
        let on = self.shell.shown.notified.get_untracked() == Some(true);
        let worker = self.worker.borrow().worker.clone();
        let Some(worker) = worker.filter(|_| self.worker.borrow().pushes != on) else { return };
        self.worker.borrow_mut().pushes = on;
        let registration = self.app.notices.registration().await;
        if !worker.push(registration.map_or(JsValue::UNDEFINED, Into::into), on).await {
            self.worker.borrow_mut().pushes = !on;
        }
    }

    /// Goes to a call that waits at the worker, or as soon as that is followed; whether there is one.
    pub(super) async fn show_at_worker(&self, call: CallId) -> bool {
        if !self.shell.has_worker() {
            return false;
        }
        match self.at_worker(&Intent::ShowAtWorker(call.clone())) {
            Some(done) => {
                self.shell.intend(Intent::Inbox(true)).await;
                done.await;
            }
            None => self.worker.borrow_mut().target = Some(call),
        }
        true
    }

    /// Has the worker do what is about one of its calls.
    pub(super) fn at_worker(&self, intent: &Intent) -> Option<Task<()>> {
        self.worker.borrow().worker.as_ref()?.intend(intent)
    }
}

/// What following a worker needs of the widget.
pub(super) struct Widget {
    shell: Rc<Shell>,
    app: Rc<App>,
    runs: Rc<dyn Runs>,
    store: Rc<dyn JournalStore>,
}

/// The driver, as far as it is needed beside the conversation: asked through this, its code stays in
/// the part that carries runs on.
trait Runs {
    /// See [`Driver::run`].
    fn run(&self, run: &RunId) -> Option<Rc<Run>>;

    /// See [`Driver::runs`].
    fn all(&self) -> Vec<Rc<Run>>;

    /// See [`Driver::hand_over`].
    fn hand_over(&self, run: RunId, to: String, by: Approver) -> Task<Result<(), DriveError>>;

    /// See [`Driver::refresh`].
    fn refresh(&self, run: RunId) -> Task<()>;
}

impl Runs for Driver {
    fn run(&self, run: &RunId) -> Option<Rc<Run>> {
        self.run(run)
    }

    fn all(&self) -> Vec<Rc<Run>> {
        self.runs()
    }

    fn hand_over(&self, run: RunId, to: String, by: Approver) -> Task<Result<(), DriveError>> {
        let driver = self.clone();
        Box::pin(async move { driver.hand_over(&run, to, by).await })
    }

    fn refresh(&self, run: RunId) -> Task<()> {
        let driver = self.clone();
        Box::pin(async move { driver.refresh(&run).await })
    }
}

//! What carries runs on, and comes with the first of them: the driver with its world, and the views
//! of a run.

use std::cell::RefCell;
use std::rc::Rc;

use holdpoint_core::approval::{Approver, Decision};
use holdpoint_core::id::{CallId, RunId, ThreadId};
use holdpoint_core::json::Digest;
use holdpoint_core::object;
use holdpoint_core::policy::rule_on;
use holdpoint_core::run::{Limits, Mode, Run, Spec};
use js_sys::Array;
use serde_json::Value;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::app::{self, App};
use super::page::{error_value, to_js};
use super::shell::Shell;
use super::worker::Followed;
use super::{links, settings};
use crate::driver::ports::{Grants, JournalStore, StoreError, Task, ToolHost, World};
use crate::driver::{DriveError, Driver};
use crate::later::later;
use crate::leases::WebLocks;
use crate::model::{Models, ON_DEVICE};
use crate::store::{LocalGrants, MemoryGrants};
use crate::tools::from_page;
use crate::view::state::Intent;

/// Carries runs on.
pub(super) trait Work {
    /// Does what the page asks for by a method of the element.
    fn ask(&self, method: String, args: Array) -> Task<Result<JsValue, JsValue>>;

    /// Does what a person asked for in the views, and says where it did not work.
    fn intend(&self, intent: Intent) -> Task<()>;

    /// The set of tools changed.
    fn tools_changed(&self);

    /// The page changed a setting.
    fn settings_changed(&self);

    /// The network is back.
    fn online(&self) -> Task<()>;

    /// Reads a run again, or all of them, because someone else may have written.
    fn refresh(&self, run: Option<RunId>) -> Task<()>;

    /// Tells the state anew.
    fn refresh_state(&self);

    /// The element is in the page, or out of it.
    fn be_here(&self, is_here: bool);

    /// Gets the inbox, which is open.
    fn show_inbox(&self) -> Task<()>;

    /// Goes to a call; whether it is one of this widget's.
    fn go_to(&self, call: CallId) -> Task<bool>;

    /// The calls that wait for a person, as the page reads them.
    fn pending(&self) -> Array;

    /// The runs, as the page reads them.
    fn runs(&self) -> Array;
}

later! {
    /// Opens the store, shows what is in it and goes on with what waits. A store that is refused is
    /// replaced by memory, and that is said.
    ///
    /// # Errors
    /// Where this part of the widget cannot be fetched.
    later: fn begin(shell: Rc<Shell>) -> Task<Rc<dyn Work>> {
        Box::pin(async move {
            let works = Works::open(shell).await;
            works.begin().await;
            Rc::new(works) as Rc<dyn Work>
        })
    }
}

#[derive(Clone)]
pub(super) struct Works {
    pub(super) shell: Rc<Shell>,
    pub(super) app: Rc<App>,
    pub(super) driver: Driver,
    pub(super) store: Rc<dyn JournalStore>,
    pub(super) grants: Rc<dyn Grants>,
    models: Rc<Models>,
    thread: Rc<RefCell<ThreadId>>,
    pub(super) worker: Rc<RefCell<Followed>>,
}

impl Work for Works {
    fn ask(&self, method: String, args: Array) -> Task<Result<JsValue, JsValue>> {
        let works = self.clone();
        Box::pin(async move {
            let (first, second) = (args.get(0), args.get(1));
            let text = first.as_string().unwrap_or_default();
            let options = from_page(&second).unwrap_or_default();
            match method.as_str() {
                "send" => begun(works.start(text, None, None).await),
                "submit" => works.submit(&from_page(&first).unwrap_or_default()).await,
                "stop" => works.stop().await,
                "approve" => works.approve(CallId::new(text), &options).await,
                "deny" => works.deny(CallId::new(text), &options).await,
                "answer" => works.answer(CallId::new(text), &options).await,
                "extend" => {
                    done(works.driver.extend(&CallId::new(text), works.by("script", false)).await)
                }
                "takeBack" => {
                    let by = works.by("script", false);
                    done(works.driver.take_back(&CallId::new(text), by).await)
                }
                "rules" => Ok(works.rules()),
                "revokeRule" => done(works.revoke(&text)),
                "evaluate" => works.evaluate(&text, &from_page(&second).unwrap_or_default()),
                "exportRun" => {
                    let by = works.by("moved", false);
                    works.export_run(&RunId::new(text), &options, by).await.map(Into::into)
                }
                "importRun" => works.import_run(first.unchecked_ref(), &options).await,
                "exportAudit" => {
                    let options = from_page(&first).unwrap_or_default();
                    works.export_audit(options).await.map(Into::into)
                }
                "handOff" => works.hand_off(RunId::new(text), options).await,
                "clear" => works.clear(&text).await,
                _ => {
                    let message = ["there is no method ", &method].concat();
                    let fix = "load holdpoint.js and its parts from the same build";
                    Err(to_js(&error_value("method_unknown", &message, fix)))
                }
            }
        })
    }

    fn intend(&self, intent: Intent) -> Task<()> {
        let works = self.clone();
        Box::pin(async move {
            let intents = match intent {
                Intent::Each(intents) => intents,
                intent => vec![intent],
            };
            for intent in intents {
                works.carry_out(intent).await;
            }
        })
    }

    fn tools_changed(&self) {
        self.driver.tools_changed();
    }

    fn settings_changed(&self) {
        self.app.refresh();
        self.app.notices.show_choice();
        self.follow_worker();
        let works = self.clone();
        spawn_local(async move { works.have_pushed().await });
        let settings = self.shell.settings.borrow();
        self.models.reroute(|route| {
            route.endpoint.clone_from(&settings.endpoint);
            route.api.clone_from(&settings.api);
            route.device.clone_from(&settings.device);
        });
    }

    fn online(&self) -> Task<()> {
        let driver = self.driver.clone();
        Box::pin(async move { driver.online().await })
    }

    fn refresh(&self, run: Option<RunId>) -> Task<()> {
        self.show_rules();
        let works = self.clone();
        Box::pin(async move {
            let runs = match run {
                Some(run) => vec![run],
                None => works.driver.runs().iter().map(|run| run.id().clone()).collect(),
            };
            for run in runs {
                works.look_at(&run).await;
            }
            works.take_deferred().await;
        })
    }

    fn refresh_state(&self) {
        self.app.refresh();
    }

    fn be_here(&self, is_here: bool) {
        self.driver.be_here(is_here);
    }

    fn show_inbox(&self) -> Task<()> {
        let works = self.clone();
        Box::pin(async move { works.load_inbox().await })
    }

    fn go_to(&self, call: CallId) -> Task<bool> {
        let works = self.clone();
        Box::pin(async move {
            let Some(run) = links::run_of(&call) else { return false };
            works.read(&run).await;
            let is_ours = works.driver.run(&run).is_some_and(|run| run.find(&call).is_some());
            if !is_ours {
                return works.show_at_worker(call).await;
            }
            works.show(&run, call).await;
            true
        })
    }

    fn pending(&self) -> Array {
        let mut pending = Array::new();
        for run in self.driver.runs() {
            let held = app::held(&run)
                .map(|(run, slot)| to_js(&app::approval(self.shell.shown, run, slot)));
            pending.extend(held);
        }
        pending
    }

    fn runs(&self) -> Array {
        self.driver.runs().iter().map(|run| to_js(&summary(run))).collect()
    }
}

/// A run as the page reads it.
fn summary(run: &Run) -> Value {
    object! {
        "id": run.id(),
        "thread": &run.spec().thread,
        "status": run.status().as_str(),
        "text": run.spec().text.as_str(),
        "createdAt": run.started_at(),
        "updatedAt": run.updated_at(),
        "entries": run.head().len,
        "usage": object! { "input": run.usage().input, "output": run.usage().output },
    }
}

impl Works {
    async fn open(shell: Rc<Shell>) -> Self {
        let app = Rc::new(App::new(Rc::clone(&shell)));
        let (store, refused) = crate::store::open(&shell.namespace).await;
        if let Some(error) = &refused {
            app.trouble_with_store(error);
        }
        shell.shown.store.set(Some(Rc::clone(&store)));
        let grants: Rc<dyn Grants> = match refused {
            Some(StoreError::Refused(_)) => Rc::new(MemoryGrants::default()),
            _ => Rc::new(LocalGrants::new(&shell.namespace)),
        };
        let models = Rc::new(Models::new(Rc::clone(&shell.runtime), shell.wire.clone()));
        let driver = Driver::new(World {
            store: Rc::clone(&store),
            grants: Rc::clone(&grants),
            model: Rc::clone(&models) as _,
            tools: Rc::clone(&shell.tools) as _,
            leases: Rc::new(WebLocks::new(&shell.namespace)),
            runtime: Rc::clone(&shell.runtime),
            observer: Rc::clone(&app) as _,
        });
        let thread = Rc::new(RefCell::new(ThreadId::new(shell.runtime.unique())));
        let worker = Rc::default();
        let works = Self { shell, app, driver, store, grants, models, thread, worker };
        works.settings_changed();
        works.show_rules();
        works
    }

    async fn begin(&self) {
        match self.driver.open().await {
            Ok(()) => {
                self.look_for_earlier();
                // The conversation goes on where it was left.
                if let Some(last) = self.driver.runs().last() {
                    self.thread.replace(last.spec().thread.clone());
                }
            }
            Err(error) => return self.app.trouble_with_store(&error),
        }
        self.take_deferred().await;
        let short_lived = self.shell.shown.short_lived;
        spawn_local(async move { short_lived.set(crate::store::is_short_lived().await) });
        let driver = self.driver.clone();
        // What cannot be listed now is listed at the next start.
        spawn_local(async move { drop(driver.enlist_old().await) });
    }

    pub(super) fn look_for_earlier(&self) {
        self.shell.shown.has_earlier.set(self.driver.has_earlier());
    }

    pub(super) async fn start(
        &self,
        text: String,
        mode: Option<&str>,
        instructions: Option<String>,
    ) -> Result<RunId, DriveError> {
        let spec = {
            let settings = self.shell.settings.borrow();
            let mut limits = Limits::default();
            let mut mode = mode.map_or(settings.mode, settings::mode);
            if settings.api == ON_DEVICE {
                mode = Mode::Plan;
                limits.history_bytes_max = ON_DEVICE_BYTES_MAX;
            }
            Spec {
                run: RunId::new(self.shell.runtime.unique()),
                thread: self.thread.borrow().clone(),
                mode,
                model: settings.model.clone(),
                instructions: instructions.unwrap_or_else(|| settings.instructions.clone()),
                text,
                limits,
            }
        };
        let run = self.driver.start(spec).await?;
        self.app.forget_cleared();
        Ok(run)
    }

    /// Begins a run with no chat: `{text, mode?, instructions?}`.
    async fn submit(&self, job: &Value) -> Result<JsValue, JsValue> {
        let text = |key: &str| job.get(key).and_then(Value::as_str);
        let Some(words) = text("text").filter(|words| !words.trim().is_empty()) else {
            let message = "expected a job with a text";
            let fix = "call submit({ text: \"…\" })";
            return Err(to_js(&error_value("job_malformed", message, fix)));
        };
        let instructions = text("instructions").map(str::to_owned);
        begun(self.start(words.to_owned(), text("mode"), instructions).await)
    }

    /// Stops every run that works.
    async fn stop(&self) -> Result<JsValue, JsValue> {
        for run in self.driver.runs() {
            if !run.status().is_over() && !run.status().needs_person() {
                done(self.driver.cancel(run.id(), self.by("script", false)).await)?;
            }
        }
        Ok(JsValue::UNDEFINED)
    }

    /// Approves a call: `{digest, args?, note?}`.
    async fn approve(&self, call: CallId, options: &Value) -> Result<JsValue, JsValue> {
        let text = |key: &str| options.get(key).and_then(Value::as_str);
        let Ok(digest) = text("digest").unwrap_or_default().parse::<Digest>() else {
            let message = "expected the digest of what is approved";
            let fix = "pass { digest } as it stands in the approval";
            return Err(to_js(&error_value("digest_missing", message, fix)));
        };
        let arguments = options.get("args").filter(|args| !args.is_null()).cloned();
        let decision = Decision::Approve { arguments, note: text("note").map(str::to_owned) };
        done(self.driver.decide(&call, decision, digest, self.by("script", false)).await)
    }

    /// Denies a call: `{reason?}`.
    async fn deny(&self, call: CallId, options: &Value) -> Result<JsValue, JsValue> {
        let reason = options.get("reason").and_then(Value::as_str).map(str::to_owned);
        self.decide_as_it_is(&call, Decision::Deny { reason }).await
    }

    /// Answers the model in place of a call: `{text}`.
    async fn answer(&self, call: CallId, options: &Value) -> Result<JsValue, JsValue> {
        let text = options.get("text").and_then(Value::as_str).unwrap_or_default();
        if text.trim().is_empty() {
            let message = "expected the text that the model is to read";
            return Err(to_js(&error_value("answer_empty", message, "pass { text }")));
        }
        self.decide_as_it_is(&call, Decision::Answer { text: text.to_owned() }).await
    }

    /// Decides against a call, which needs no proof of what was seen.
    async fn decide_as_it_is(&self, call: &CallId, decision: Decision) -> Result<JsValue, JsValue> {
        let run = self.driver.run_of(call);
        let slot = run.as_ref().and_then(|run| run.find(call)).map(|(_, slot)| slot);
        let digest = slot.map(|slot| slot.action.digest);
        let digest = digest.ok_or_else(|| thrown(&DriveError::UnknownCall))?;
        done(self.driver.decide(call, decision, digest, self.by("script", false)).await)
    }

    /// Says which rule would hold a call.
    fn evaluate(&self, name: &str, args: &Value) -> Result<JsValue, JsValue> {
        let toolbox = self.shell.tools.toolbox();
        let Some(tool) = toolbox.get(name) else {
            let message = ["there is no tool ", name].concat();
            return Err(to_js(&error_value("tool_missing", &message, "register it first")));
        };
        if let Some(first) = tool.schema.check(args, toolbox.patterns()).first() {
            let message = [&first.path, ": ", &first.message].concat();
            let fix = "pass arguments that follow the tool's inputSchema";
            return Err(to_js(&error_value("arguments_invalid", &message, fix)));
        }
        let mut ruling = rule_on(tool, args, toolbox.patterns());
        let now = self.shell.runtime.now();
        let grants = self.grants.all();
        let remembered =
            grants.iter().find(|it| it.holds_at(now) && it.covers(tool, args, &ruling, &toolbox));
        if let Some(grant) = remembered {
            ruling = grant.ruling();
        }
        Ok(to_js(&object! {
            "verdict": ruling.verdict.as_str(),
            "rule": ruling.rule,
            "because": ruling.because,
            "matched": ruling.matched,
        }))
    }

    /// Forgets this `thread`, or `all`.
    async fn clear(&self, scope: &str) -> Result<JsValue, JsValue> {
        let thread = self.thread.borrow().clone();
        let thread = (scope != "all").then_some(thread);
        done(self.driver.clear(thread.as_ref(), self.by("script", false)).await)?;
        self.look_for_earlier();
        self.thread.replace(ThreadId::new(self.shell.runtime.unique()));
        Ok(JsValue::UNDEFINED)
    }

    pub(super) fn by(&self, channel: &str, trusted: bool) -> Approver {
        let settings = self.shell.settings.borrow();
        let (id, name) = settings.approver.clone();
        Approver { id, name, channel: channel.to_owned(), trusted }
    }
}

/// A model in a browser reads a few thousand tokens, and answers in them too.
const ON_DEVICE_BYTES_MAX: u32 = 12 * 1024;

/// The id of a run that has begun.
fn begun(run: Result<RunId, DriveError>) -> Result<JsValue, JsValue> {
    run.map(|run| run.as_str().into()).map_err(|error| thrown(&error))
}

pub(super) fn done(result: Result<(), DriveError>) -> Result<JsValue, JsValue> {
    result.map(|()| JsValue::UNDEFINED).map_err(|error| thrown(&error))
}

fn thrown(error: &DriveError) -> JsValue {
    to_js(&error_value(error.code(), &error.to_string(), error.fix()))
}

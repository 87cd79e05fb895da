//! Web Push: the worker tells this browser what waits, also while no page is open.
//!
//! A service worker has one subscription, and the page around it may have one of its own: a mark
//! says whether it is ours, and what is not ours stays as it is.

use holdpoint_core::json::{digest_text, read};
use holdpoint_core::object;
use serde_json::Value;
use wasm_bindgen::prelude::*;

use super::follow::Follower;
use super::link::Fault;
use crate::element::page::to_js;
use crate::store::{LocalMark, Mark as _};

impl Follower {
    /// Has the worker push to the service worker of this registration, or no more.
    ///
    /// # Errors
    /// The worker's refusal, or why the browser takes no pushes.
    pub(super) async fn push(&self, registration: JsValue, on: bool) -> Result<(), Fault> {
        match on {
            true => self.subscribe(registration.unchecked_ref()).await,
            false => self.unsubscribe(registration.unchecked_ref()).await,
        }
    }

    async fn subscribe(&self, registration: &Registration) -> Result<(), Fault> {
        let key = self.link.get("/v1/push/key").await?["key"].clone();
        if key.is_null() {
            return Ok(());
        }
        let Some(manager) = manager(registration) else {
            let message = "there is no service worker that shows what the worker pushes";
            let fix = "register a service worker with holdpoint-sw.js before notifications are on";
            return Err(fault("push_unavailable", message, fix));
        };
        let options = to_js(&object! {
            "userVisibleOnly": true, "applicationServerKey": key,
        });
        let mut made = manager.subscribe(&options).await;
        if made.is_err() && mark().is_set() {
            // It is ours, with a key that the worker had before.
            end(&manager).await;
            made = manager.subscribe(&options).await;
        }
        let Ok(made) = made else {
            return Err(match manager.found().await {
                Ok(found) if found.is_truthy() => fault(
                    "push_taken",
                    "the page's service worker has another subscription to pushes",
                    "register holdpoint-sw.js under a scope of its own, or end the other one",
                ),
                _ => fault(
                    "push_refused",
                    "the browser does not subscribe to pushes",
                    "look at the browser's console; notifications go on while the page is open",
                ),
            });
        };
        mark().set(true);
        let made = written(&made);
        let page = web_sys::window().and_then(|window| window.location().href().ok());
        let page = page.map(|page| page.split('#').next().unwrap_or_default().to_owned());
        let body = object! {
            "endpoint": made["endpoint"].clone(),
            "p256dh": made["keys"]["p256dh"].clone(),
            "auth": made["keys"]["auth"].clone(),
            "page": page,
        };
        self.link.post("/v1/push/subscriptions", &body).await.map(drop)
    }

    async fn unsubscribe(&self, registration: &Registration) -> Result<(), Fault> {
        let Some(manager) = manager(registration).filter(|_| mark().is_set()) else {
            return Ok(());
        };
        // First here: whatever the worker does, nothing comes any more.
        let ended = end(&manager).await;
        mark().set(false);
        let Some(endpoint) = ended["endpoint"].as_str() else { return Ok(()) };
        let id = digest_text(endpoint).to_string();
        match self.link.delete(&["/v1/push/subscriptions/", &id].concat()).await {
            // It has nothing to forget any more.
            Err(fault) if FORGOTTEN.contains(&fault.code.as_str()) => Ok(()),
            done => done,
        }
    }
}

/// Ends the subscription that there is, and says which it was.
async fn end(manager: &PushManager) -> Value {
    let Ok(found) = manager.found().await else { return Value::Null };
    if !found.is_truthy() {
        return Value::Null;
    }
    let was = written(&found);
    // One that cannot be ended is the browser's to end: nothing is pushed to it any more.
    found.unchecked_ref::<Subscription>().unsubscribe().await.ok();
    was
}

/// A subscription as it writes itself.
fn written(subscription: &JsValue) -> Value {
    let text = js_sys::JSON::stringify(subscription).map(String::from).unwrap_or_default();
    read(&text).unwrap_or_default()
}

fn manager(registration: &Registration) -> Option<PushManager> {
    let there = (!registration.is_undefined()).then(|| registration.push_manager());
    there.filter(|manager| !manager.is_undefined())
}

fn fault(code: &str, message: &str, fix: &'static str) -> Fault {
    Fault { code: code.to_owned(), message: message.to_owned(), fix, outcome: Value::Null }
}

/// That the subscription of this site's service worker is ours.
fn mark() -> LocalMark {
    LocalMark::new("holdpoint:push".to_owned())
}

const FORGOTTEN: [&str; 3] = ["subscription_unknown", "push_missing", "approver_unknown"];

#[wasm_bindgen]
extern "C" {
    type Registration;

    #[wasm_bindgen(method, getter, js_name = pushManager)]
    fn push_manager(this: &Registration) -> PushManager;

    type PushManager;

    #[wasm_bindgen(catch, method, js_name = getSubscription)]
    async fn found(this: &PushManager) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, method)]
    async fn subscribe(this: &PushManager, options: &JsValue) -> Result<JsValue, JsValue>;

    type Subscription;

    #[wasm_bindgen(catch, method)]
    async fn unsubscribe(this: &Subscription) -> Result<JsValue, JsValue>;
}

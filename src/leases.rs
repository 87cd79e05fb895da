//! Who of the tabs carries a run on: a Web Lock for each run. The browser frees it when a tab
//! ends, however it ends.

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use holdpoint_core::id::RunId;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::driver::ports::{Lease, Leases, Task};

/// Leases of the runs of one namespace.
#[derive(Clone, Debug)]
pub struct WebLocks {
    namespace: String,
}

impl WebLocks {
    /// Leases that all tabs of the site share.
    pub fn new(namespace: &str) -> Self {
        Self { namespace: namespace.to_owned() }
    }
}

impl Leases for WebLocks {
    /// Where the browser has no locks for this page, the lease is granted at once: two tabs may
    /// then both try, and the store lets one of them.
    fn hold(&self, run: &RunId) -> Task<Lease> {
        let name = format!("holdpoint:{}:run:{run}", self.namespace);
        Box::pin(async move { Box::new(lock(&name).await) as Lease })
    }
}

/// A lock held. The browser keeps it until a promise of ours is resolved.
struct Held {
    release: Function,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release.call0(&JsValue::UNDEFINED).ok();
    }
}

/// Waits for a lock; `None` where there are none.
async fn lock(name: &str) -> Option<Held> {
    let locks = locks()?;
    let (granted, held) = oneshot::channel();
    let on_grant = Closure::once_into_js(move |_lock: JsValue| {
        let mut granted = Some(granted);
        Promise::new(&mut |release, _| {
            if let Some(granted) = granted.take() {
                // If nobody waits any more, the lock comes back here and is let go at once.
                granted.send(Held { release }).ok();
            }
        })
    });
    let ended = locks.request(name, &on_grant).ok()?;
    match select(held, JsFuture::from(ended)).await {
        Either::Left((held, _)) => held.ok(),
        Either::Right(_) => None,
    }
}

fn locks() -> Option<LockManager> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
    let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
    locks.is_object().then(|| locks.unchecked_into())
}

#[wasm_bindgen]
extern "C" {
    // web-sys has it as unstable only.
    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(this: &LockManager, name: &str, on_grant: &JsValue) -> Result<Promise, JsValue>;
}

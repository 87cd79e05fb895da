//! Time, chance and background work of a browser.

use js_sys::{Date, Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use holdpoint_core::id::Timestamp;

use crate::driver::ports::{Runtime, Task};

/// The browser's clock, timers and chance.
#[derive(Clone, Copy, Debug, Default)]
pub struct BrowserRuntime;

impl Runtime for BrowserRuntime {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(Date::now() as u64)
    }

    fn sleep(&self, millis: u64) -> Task<()> {
        Box::pin(async move {
            let mut left = millis;
            while left > 0 {
                let part = left.min(TIMER_MAX_MS);
                nap(part as i32).await;
                left -= part;
            }
        })
    }

    fn unique(&self) -> String {
        unique()
    }

    fn chance(&self) -> f64 {
        js_sys::Math::random()
    }

    fn spawn(&self, task: Task<()>) {
        spawn_local(task);
    }
}

/// A random UUID, version 4. `crypto.randomUUID` is missing in pages that came over plain HTTP, so
/// it is made of random bytes everywhere.
pub fn unique() -> String {
    let mut bytes = [0; 16];
    random_bytes(&mut bytes);
    // The bits that say which kind of UUID it is.
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut name = String::with_capacity(36);
    for (index, byte) in bytes.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            name.push('-');
        }
        name.push_str(&format!("{byte:02x}"));
    }
    name
}

/// One timer, which is taken back if nobody waits for it any more.
async fn nap(millis: i32) {
    let mut timer = None;
    let over = Promise::new(&mut |resolve, _| timer = Some(Timer(set_timeout(&resolve, millis))));
    // A timer's promise is never rejected.
    JsFuture::from(over).await.ok();
    drop(timer);
}

struct Timer(JsValue);

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(&self.0);
    }
}

/// A longer timer would overflow and go off at once.
const TIMER_MAX_MS: u64 = i32::MAX as u64;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, millis: i32) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);

    // INVARIANT: it throws where there is no chance; a name that may not be unique is never made.
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn random_bytes(bytes: &mut [u8]);
}

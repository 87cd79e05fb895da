//! What is done later.

use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::tag::keep;

/// Does something in the next frame, once what changed is in the page.
pub(super) fn soon(work: impl FnOnce() + 'static) {
    request_animation_frame(once(Box::new(work)).unchecked_ref());
}

/// Does something after so many milliseconds.
pub(super) fn after(millis: i32, work: impl FnOnce() + 'static) {
    set_timeout(once(Box::new(work)).unchecked_ref(), millis);
}

/// Does something every so many milliseconds, as long as the current owner is there.
pub(super) fn every(millis: i32, work: impl FnMut() + 'static) {
    let work = Closure::<dyn FnMut()>::new(work);
    let timer = set_interval(work.as_ref().unchecked_ref(), millis);
    keep(Interval { timer, _work: work });
}

struct Interval {
    timer: JsValue,
    _work: Closure<dyn FnMut()>,
}

impl Drop for Interval {
    fn drop(&mut self) {
        clear_interval(&self.timer);
    }
}

/// A function of the page's that calls this and is then gone.
pub fn once(work: Box<dyn FnOnce()>) -> JsValue {
    Closure::once_into_js(work)
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = requestAnimationFrame)]
    fn request_animation_frame(work: &Function);

    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(work: &Function, millis: i32);

    #[wasm_bindgen(js_name = setInterval)]
    fn set_interval(work: &Function, millis: i32) -> JsValue;

    #[wasm_bindgen(js_name = clearInterval)]
    fn clear_interval(timer: &JsValue);
}

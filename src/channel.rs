//! Hints between tabs that a run has changed. A hint carries nothing but the run's name and may
//! get lost: what is true is in the store.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use holdpoint_core::id::RunId;
use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, Event, MessageEvent};

/// The channel of one namespace. Where the browser has none, hints go nowhere.
pub struct Channel(Rc<Inner>);

struct Inner {
    name: String,
    port: RefCell<Option<BroadcastChannel>>,
    on_message: Closure<dyn FnMut(Event)>,
    on_hide: Closure<dyn FnMut()>,
    on_show: Closure<dyn FnMut()>,
}

impl Channel {
    /// Listens to the other tabs until it is dropped. It is closed while the page is in the
    /// back-forward cache, so whoever comes back from there should read the store again.
    pub fn open(namespace: &str, on_run: impl Fn(RunId) + 'static) -> Self {
        let inner = Rc::new_cyclic(|this: &Weak<Inner>| Inner {
            name: format!("holdpoint:{namespace}"),
            port: RefCell::default(),
            on_message: Closure::new(move |message: Event| {
                if let Some(run) = message.unchecked_into::<MessageEvent>().data().as_string() {
                    on_run(RunId::new(run));
                }
            }),
            on_hide: handler(this, Inner::close),
            on_show: handler(this, Inner::open),
        });
        inner.open();
        if let Some(window) = web_sys::window() {
            for (event, handler) in inner.handlers() {
                window.add_event_listener_with_callback(event, handler).ok();
            }
        }
        Self(inner)
    }

    /// Tells the other tabs to look at a run.
    pub fn tell(&self, run: &RunId) {
        if let Some(port) = &*self.0.port.borrow() {
            port.post_message(&run.as_str().into()).ok();
        }
    }
}

impl Inner {
    fn open(&self) {
        let mut port = self.port.borrow_mut();
        if port.is_none() {
            *port = BroadcastChannel::new(&self.name).ok();
            if let Some(port) = &*port {
                port.set_onmessage(Some(self.on_message.as_ref().unchecked_ref()));
            }
        }
    }

    fn close(&self) {
        if let Some(port) = self.port.take() {
            port.set_onmessage(None);
            port.close();
        }
    }

    fn handlers(&self) -> [(&'static str, &Function); 2] {
        [
            ("pagehide", self.on_hide.as_ref().unchecked_ref()),
            ("pageshow", self.on_show.as_ref().unchecked_ref()),
        ]
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
        if let Some(window) = web_sys::window() {
            for (event, handler) in self.handlers() {
                window.remove_event_listener_with_callback(event, handler).ok();
            }
        }
    }
}

/// A listener that does not keep the channel alive.
fn handler(this: &Weak<Inner>, act: fn(&Inner)) -> Closure<dyn FnMut()> {
    let this = this.clone();
    Closure::new(move || {
        if let Some(inner) = this.upgrade() {
            act(&inner);
        }
    })
}

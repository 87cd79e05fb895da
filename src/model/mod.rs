//! The way to the model: over the network through a proxy, to the browser's own, or to the stand-in
//! inside the page.
//!
//! All feed the same assembler with the same bytes. This room knows nothing of runs; it tries
//! once, and whoever asked decides whether to ask again.

mod demo;
mod device;
mod error;
mod http;

use std::cell::RefCell;
use std::future::ready;
use std::rc::Rc;

use holdpoint_core::message::{ModelRequest, ModelResponse};
use holdpoint_core::stream::{Api, Assembler, Delta};
use wasm_bindgen::JsValue;

use crate::driver::ports::{Exchange, ModelClient, ModelError, Runtime, Task, Wire, WireFact};

/// The model that is configured now.
pub struct Models {
    runtime: Rc<dyn Runtime>,
    wire: Wire,
    route: RefCell<Route>,
}

/// Where questions go.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The base address of the proxy, absolute or relative to the page.
    pub endpoint: String,
    /// The wire format: `responses`, `chat`, `messages`; [`ON_DEVICE`], or `demo` for the stand-in.
    pub api: String,
    /// The function that asks the browser's own model.
    pub device: JsValue,
}

/// The `api` of the browser's own model, which makes plans.
pub const ON_DEVICE: &str = "on-device";

impl Default for Route {
    fn default() -> Self {
        Self { endpoint: "/v1".to_owned(), api: "responses".to_owned(), device: JsValue::UNDEFINED }
    }
}

impl Models {
    /// The model at the default route, which tells the wire what passes.
    pub fn new(runtime: Rc<dyn Runtime>, wire: Wire) -> Self {
        Self { runtime, wire, route: RefCell::default() }
    }

    /// Changes the route from the next question on.
    pub fn reroute(&self, change: impl FnOnce(&mut Route)) {
        change(&mut self.route.borrow_mut());
    }
}

impl ModelClient for Models {
    fn call(
        &self,
        request: ModelRequest,
        on_delta: Box<dyn FnMut(Delta)>,
    ) -> Task<Result<ModelResponse, ModelError>> {
        let (route, wire) = (self.route.borrow(), self.wire.clone());
        match (Api::named(&route.api), route.api.as_str()) {
            (Some(api), _) => {
                Box::pin(http::call(wire, route.endpoint.clone(), api, request, on_delta))
            }
            (None, "demo") => {
                Box::pin(demo::call(wire, Rc::clone(&self.runtime), request, on_delta))
            }
            (None, ON_DEVICE) => {
                Box::pin(device::call(wire, route.device.clone(), request, on_delta))
            }
            (None, api) => Box::pin(ready(Err(error::api_unavailable(api)))),
        }
    }
}

/// An answer on its way: shows what arrives and keeps what counts.
struct Arriving {
    assembler: Assembler,
    on_delta: Box<dyn FnMut(Delta)>,
    told: Option<Exchange>,
}

impl Arriving {
    fn new(api: Api, on_delta: Box<dyn FnMut(Delta)>, told: Option<Exchange>) -> Self {
        Self { assembler: Assembler::new(api), on_delta, told }
    }

    /// Takes bytes; says whether more are wanted.
    fn push(&mut self, bytes: &[u8]) -> Result<bool, ModelError> {
        self.tell(|| WireFact::Arrived(String::from_utf8_lossy(bytes).into_owned()));
        let deltas = self.assembler.push(bytes).map_err(error::of_stream)?;
        deltas.into_iter().for_each(&mut self.on_delta);
        Ok(!self.assembler.is_done())
    }

    fn finish(self) -> Result<ModelResponse, ModelError> {
        self.tell(|| WireFact::Ended(None));
        self.assembler.finish().map_err(error::of_stream)
    }

    fn tell(&self, fact: impl FnOnce() -> WireFact) {
        if let Some(told) = &self.told {
            told.tell(fact());
        }
    }
}

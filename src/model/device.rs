//! The browser's own model, by a function of the loader that fetches the script for it.

use holdpoint_core::json::canonical;
use holdpoint_core::message::{ModelRequest, ModelResponse};
use holdpoint_core::stream::{Api, Delta};
use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::http::Connection;
use super::{Arriving, error};
use crate::driver::ports::{ModelError, Wire};

/// Asks the model. Dropping the future stops it.
pub(super) async fn call(
    wire: Wire,
    device: JsValue,
    request: ModelRequest,
    on_delta: Box<dyn FnMut(Delta)>,
) -> Result<ModelResponse, ModelError> {
    let body = canonical(&Api::Chat.request(&request));
    let told = wire.begin(super::ON_DEVICE, &|| body.clone());
    let connection = Connection::new().map_err(|_| error::interrupted())?;
    // Without such a function there is nobody to ask, which is told as a fault of loading.
    let asked = device
        .unchecked_ref::<Function>()
        .call2(&JsValue::NULL, &body.into(), &connection.signal())
        .unwrap_or_else(|thrown| Promise::reject(&thrown).into());
    let answer = JsFuture::from(Promise::resolve(&asked)).await;
    let records = answer.map_err(|thrown| error::of_script(&thrown))?;
    let mut answer = Arriving::new(Api::Chat, on_delta, told);
    answer.push(records.as_string().unwrap_or_default().as_bytes())?;
    answer.finish()
}

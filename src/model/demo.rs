//! The stand-in model, answering inside the page with no network.

use std::rc::Rc;

use holdpoint_core::json::canonical;
use holdpoint_core::message::{ModelRequest, ModelResponse};
use holdpoint_core::stream::{Api, Delta};
use holdpoint_demo::Wire;
use serde_json::Value;

use super::Arriving;
use crate::driver::ports::{ModelError, Runtime, Wire as Told};
use crate::later::later;

/// Asks the stand-in; its answer arrives in pieces, as it would over a network.
pub(super) async fn call(
    wire: Told,
    runtime: Rc<dyn Runtime>,
    request: ModelRequest,
    on_delta: Box<dyn FnMut(Delta)>,
) -> Result<ModelResponse, ModelError> {
    let request = Api::Responses.request(&request);
    let told = wire.begin("demo", &|| canonical(&request));
    let records = records(request).await.map_err(super::error::not_loaded)?;
    let mut answer = Arriving::new(Api::Responses, on_delta, told);
    // The pieces of a long answer are larger, so that none takes long to read out.
    for piece in records.chunks(1 + records.len() / PIECES_MAX) {
        runtime.sleep(PACE_MS).await;
        if !answer.push(piece.concat().as_bytes())? {
            break;
        }
    }
    answer.finish()
}

later! {
    /// The events of the answer. A page in production has no use for the stand-in.
    ///
    /// # Errors
    /// Where this part of the widget cannot be fetched.
    demo: fn records(request: Value) -> Vec<String> {
        holdpoint_demo::respond(Wire::Responses, &request)
    }
}

const PACE_MS: u64 = 15;
const PIECES_MAX: usize = 200;

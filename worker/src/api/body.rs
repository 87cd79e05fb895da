//! Bodies of requests: read within bounds, and as JSON that two readers read alike.

use std::time::Duration;

use axum::body::{Body, Bytes};
use holdpoint_core::json::{Limits, Map, parse};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;

use crate::ApiError;

/// The largest body that is taken.
pub(super) const BYTES_MAX: usize = 256 * 1024;

pub(super) async fn read(body: Body) -> Result<Bytes, ApiError> {
    read_within(body, BYTES_MAX).await
}

pub(super) async fn read_within(body: Body, max: usize) -> Result<Bytes, ApiError> {
    let whole = tokio::time::timeout(PATIENCE, Limited::new(body, max).collect()).await;
    match whole {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ApiError::BodyTooLarge { max }),
        _ => Err(ApiError::BodyIncomplete),
    }
}

/// The fields of an object, each of them known.
pub(super) fn fields(body: &Bytes, known: &[&str]) -> Result<Map<String, Value>, ApiError> {
    fields_within(body, known, BYTES_MAX)
}

pub(super) fn fields_within(
    body: &Bytes,
    known: &[&str],
    bytes_max: usize,
) -> Result<Map<String, Value>, ApiError> {
    let invalid = |message: &str| ApiError::RequestInvalid(message.to_owned());
    let text = std::str::from_utf8(body).map_err(|_| invalid("expected UTF-8"))?;
    let limits = Limits { bytes_max, ..Limits::default() };
    match parse(text, &limits).map_err(ApiError::JsonInvalid)? {
        Value::Object(fields) => match fields.keys().find(|key| !known.contains(&key.as_str())) {
            Some(unknown) => {
                Err(ApiError::RequestInvalid(format!("there is no field {unknown:?}")))
            }
            None => Ok(fields),
        },
        _ => Err(invalid("expected an object")),
    }
}

/// A field that is a text, if it is there.
pub(super) fn text(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, ApiError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(ApiError::RequestInvalid(format!("expected {name} to be a text"))),
    }
}

/// A request that was begun must come to its end.
const PATIENCE: Duration = Duration::from_secs(30);

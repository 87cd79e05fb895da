//! What IndexedDB's errors mean to us.

use js_sys::Reflect;
use wasm_bindgen::JsValue;

use crate::driver::ports::StoreError;

/// Why a call to the database did not succeed.
pub(super) enum Fault {
    /// The connection is gone; a new one may do better.
    Lost(String),
    /// This is how it is.
    Final(StoreError),
}

/// What an error of IndexedDB means, once trying again did not help.
pub fn meaning(error: &JsValue) -> StoreError {
    Fault::from(error.clone()).into()
}

impl From<JsValue> for Fault {
    fn from(error: JsValue) -> Self {
        let get =
            |value: &JsValue, name: &str| Reflect::get(value, &name.into()).unwrap_or_default();
        let text = |value: JsValue| value.as_string().unwrap_or_default();
        let name = text(get(&error, "name"));
        // An error of quota was a name at first and is becoming a class of its own.
        let class = text(get(&get(&error, "constructor"), "name"));
        let message = match text(get(&error, "message")) {
            message if message.is_empty() => name.clone(),
            message => format!("{name}: {message}"),
        };
        if class == "QuotaExceededError" {
            return Self::Final(StoreError::Full);
        }
        match name.as_str() {
            "QuotaExceededError" => Self::Final(StoreError::Full),
            "VersionError" => Self::Final(StoreError::TooNew),
            "SecurityError" => Self::Final(StoreError::Refused(message)),
            // Only `add` makes one: the entry is there already.
            "ConstraintError" => Self::Final(StoreError::Conflict),
            // What browsers say when their storage process died, the connection was closed under
            // us, or site data was cleared.
            "AbortError" | "InvalidStateError" | "TransactionInactiveError" | "UnknownError" => {
                Self::Lost(message)
            }
            _ => Self::Final(StoreError::Failed(message)),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Final(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Lost(message) => Self::Failed(message),
            Fault::Final(error) => error,
        }
    }
}

//! The developer's panel, which comes where a page sets `debug`.

use wasm_bindgen_futures::JsFuture;

use super::work::Works;
use crate::driver::ports::Wire;
use crate::later::later;
use crate::view::state::PanelView;

later! {
    /// Its view.
    ///
    /// # Errors
    /// Where this part of the widget cannot be fetched.
    panel: fn load(wire: Wire) -> PanelView {
        crate::view::panel_view(&wire)
    }
}

impl Works {
    /// Makes this page die at a step, and says so once it has.
    pub(super) async fn crash(&self, step: String) {
        let died = match self.shell.page.crash(&step) {
            Ok(died) => JsFuture::from(died).await,
            Err(error) => Err(error),
        };
        match died {
            Ok(_) => self.shell.shown.died.set(Some(step)),
            Err(_) => self.app.say(["The crash is not there: ", NOT_SERVED].concat()),
        }
    }
}

const NOT_SERVED: &str = "serve testing/crash.js of the package beside holdpoint.js.";

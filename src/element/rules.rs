//! The rules that people had remembered: kept, shown and revoked.

use holdpoint_core::grant::Grant;
use holdpoint_core::id::CallId;
use holdpoint_core::object;
use js_sys::Array;
use wasm_bindgen::prelude::*;

use super::page::to_js;
use super::work::Works;
use crate::driver::DriveError;
use crate::view::state::NewRule;

impl Works {
    /// Keeps a rule that lets go what this call is an example of. The card says what it may be
    /// about; here that is checked again.
    pub(super) fn remember(&self, call: &CallId, rule: NewRule) -> Result<(), DriveError> {
        let NewRule { bounds, because, until } = rule;
        let run = self.driver.run_of(call);
        let action = run
            .as_ref()
            .and_then(|run| run.find(call))
            .map(|(_, slot)| &slot.action)
            .ok_or(DriveError::UnknownCall)?;
        if Grant::propose(action).is_none() {
            return Err(DriveError::NotToRemember);
        }
        let grant = Grant {
            id: self.shell.runtime.unique(),
            tool: action.tool.clone(),
            tool_digest: action.tool_digest,
            bounds,
            because,
            until,
            by: self.by("card", true),
            at: self.shell.runtime.now(),
        };
        self.grants.save(&grant)?;
        self.show_rules();
        Ok(())
    }

    /// Forgets a rule.
    pub(super) fn revoke(&self, rule: &str) -> Result<(), DriveError> {
        self.grants.revoke(rule)?;
        self.show_rules();
        Ok(())
    }

    /// The remembered rules as the page reads them.
    pub(super) fn rules(&self) -> JsValue {
        let read = |grant: &Grant| {
            to_js(&object! {
                "id": grant.id.as_str(),
                "tool": grant.tool.as_str(),
                "because": grant.because.as_str(),
                "bounds": grant.bounds.clone(),
                "until": grant.until,
                "by": grant.by.name.as_str(),
                "createdAt": grant.at,
            })
        };
        self.grants.all().iter().map(read).collect::<Array>().into()
    }

    /// Shows the rules as they are stored now.
    pub(super) fn show_rules(&self) {
        self.shell.shown.grants.set(self.grants.all());
    }
}

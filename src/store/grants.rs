//! Remembered rules in the site's local storage, each under a name of its own, so that two tabs
//! that save at once do not lose one. A rule that is lost costs no more than a question.

use holdpoint_core::grant::Grant;
use web_sys::Storage;

use super::room::local_storage;
use crate::driver::ports::{Grants, StoreError};

/// The rules of a namespace.
pub struct LocalGrants {
    prefix: String,
}

impl LocalGrants {
    /// The rules of a namespace.
    pub fn new(namespace: &str) -> Self {
        Self { prefix: ["holdpoint:", namespace, ":rule:"].concat() }
    }

    fn storage() -> Result<Storage, StoreError> {
        local_storage()
            .ok_or_else(|| StoreError::Refused("there is no local storage in this page".into()))
    }
}

impl Grants for LocalGrants {
    fn all(&self) -> Vec<Grant> {
        let Ok(storage) = Self::storage() else { return Vec::new() };
        let names = (0..storage.length().unwrap_or(0)).filter_map(|at| storage.key(at).ok()?);
        let mut grants: Vec<Grant> = names
            .filter(|name| name.starts_with(&self.prefix))
            .filter_map(|name| Grant::parse(&storage.get_item(&name).ok()??))
            .collect();
        holdpoint_core::sorted::sort(&mut grants, |a, b| (a.at, &a.id) < (b.at, &b.id));
        grants
    }

    fn save(&self, grant: &Grant) -> Result<(), StoreError> {
        let name = [self.prefix.as_str(), &grant.id].concat();
        // The only way in which this fails is that there is no room.
        Self::storage()?.set_item(&name, &grant.to_text()).map_err(|_| StoreError::Full)
    }

    fn revoke(&self, id: &str) -> Result<(), StoreError> {
        let name = [self.prefix.as_str(), id].concat();
        let refused = |_| StoreError::Failed("the rule could not be removed".into());
        Self::storage()?.remove_item(&name).map_err(refused)
    }
}

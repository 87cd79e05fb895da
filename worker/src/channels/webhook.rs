//! Notices as they are, signed by Standard Webhooks, to another server.

use std::sync::Arc;

use axum::http::header::CONTENT_TYPE;
use reqwest::Url;

use super::{Failure, reached, refused};
use crate::now;
use crate::signature::Signer;
use crate::store::Due;
use crate::tools::Clients;

/// A server that is told.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where.
    pub url: Url,
    /// How it is signed.
    pub signer: Arc<Signer>,
}

impl Webhook {
    pub(super) async fn send(&self, clients: &Clients, notice: &Due) -> Result<(), Failure> {
        let headers =
            self.signer.sign(&notice.id, now(), &notice.body).map_err(Failure::lasting)?;
        let client = clients.of(&self.url).ok_or_else(|| Failure::passing("there is no client"))?;
        let request = client
            .post(self.url.clone())
            .headers(headers)
            .header(CONTENT_TYPE, "application/json")
            .body(notice.body.clone());
        let response = reached(request.send().await)?;
        if response.status().is_success() {
            return Ok(());
        }
        // "Gone" is the receiver's word for: never again.
        let is_final = response.status().as_u16() == 410;
        Err(Failure { is_final, ..refused(&response) })
    }
}

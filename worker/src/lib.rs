//! The agent when nobody is watching: a job comes in, the same core as in a page works on it,
//! stops before what needs a person, tells them, and goes on when they have decided.
//!
//! [`Worker::open`] connects a configuration to its store; [`Worker::router`] is the API, with the
//! proxy beside it; [`Worker::run`] serves and carries runs on until it is told to stop. Any number
//! of processes may share one PostgreSQL.

mod api;
mod channels;
pub mod config;
mod error;
mod intake;
mod link;
mod mcp;
mod model;
mod openapi;
mod patterns;
mod push;
mod quorum;
mod run;
mod runner;
mod signature;
pub mod store;
mod text;
mod tools;
mod triggers;
mod view;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use holdpoint_proxy::AppError;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use config::{Config, ConfigError};
pub use error::ApiError;
pub use link::{Link, Links};
pub use mcp::{McpError, McpServer};
pub use patterns::Regress;
pub use push::Subscription;
pub use signature::{Forged, Signer};
pub use triggers::Schedule;
pub use view::{Approval, Changes, Notice};

use config::Workflow;
use model::Model;
use push::Vapid;
use store::{Store, StoreError};
use tools::Clients;

/// A worker with its store open.
#[derive(Clone)]
pub struct Worker(Arc<Shared>);

/// What all of a worker's tasks share.
struct Shared {
    config: Config,
    store: Store,
    links: Links,
    vapid: Vapid,
    model: Model,
    clients: Clients,
    /// The name by which runs are handed over: the same for all workers on one store.
    keeper: String,
    /// This worker's name in the leases: another one after each start.
    owner: String,
    /// A run may be due.
    due: Notify,
    /// A notice may be due.
    mail: Notify,
    /// A run changed.
    changed: Notify,
    /// Ends what would go on for ever, such as event streams.
    stopping: CancellationToken,
}

/// Why a worker cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store's.
    #[error("cannot open the database")]
    Store(#[from] StoreError),
    /// The key of this store that pushes are signed with is no key.
    #[error("the store's key for Web Push cannot be used")]
    PushKey,
    /// The tools of an MCP server cannot be had.
    #[error(transparent)]
    Mcp(#[from] McpError),
    /// The proxy's, or that of a client for a tool or a channel.
    #[error(transparent)]
    App(#[from] AppError),
}

impl Worker {
    /// Opens the store and makes the clients.
    ///
    /// # Errors
    ///
    /// A database that cannot be opened, an MCP server whose tools cannot be listed, or no
    /// certificates of the system for an `https` URL.
    pub async fn open(mut config: Config) -> Result<Self, OpenError> {
        let store = Store::open(&config.database_url).await?;
        let made = [uuid::Uuid::now_v7(), uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
        let made = made.map(|part| part.simple().to_string()).concat();
        let links = Links::new(config.public_url.clone(), &store.secret("links", &made).await?);
        let made = ["worker-", &uuid::Uuid::new_v4().to_string()].concat();
        let keeper = store.secret("keeper", &made).await?;
        let vapid = match &config.push_key {
            Some(key) => key.expose_secret().to_owned(),
            None => store.secret("vapid", &Vapid::made()).await?,
        };
        let vapid = Vapid::of(&vapid).ok_or(OpenError::PushKey)?;
        let urls = config.workflows.values().flat_map(|workflow| workflow.urls());
        let channels = config.channels.values().flat_map(|channel| channel.urls());
        let clients = Clients::new(urls.chain(channels))?;
        for workflow in config.workflows.values_mut().filter(|it| !it.mcp.is_empty()) {
            let mut whole = Workflow::clone(workflow);
            mcp::add_tools(&mut whole, &clients).await?;
            *workflow = Arc::new(whole);
        }
        let model = Model::new(&config.proxy)?;
        Ok(Self(Arc::new(Shared {
            config,
            store,
            links,
            vapid,
            model,
            clients,
            keeper,
            owner: uuid::Uuid::now_v7().to_string(),
            due: Notify::new(),
            mail: Notify::new(),
            changed: Notify::new(),
            stopping: CancellationToken::new(),
        })))
    }

    /// The API, and the proxy where no route of the worker's is asked for.
    ///
    /// # Errors
    ///
    /// As [`holdpoint_proxy::app`].
    pub async fn router(&self) -> Result<Router, AppError> {
        api::router(Arc::clone(&self.0)).await
    }

    /// Takes jobs in, carries runs on and sends notices until `stop` is cancelled, and lets go of what is held.
    pub async fn work(&self, stop: CancellationToken) {
        let shared = || Arc::clone(&self.0);
        let delivering = tokio::spawn(channels::deliver(shared(), stop.clone()));
        let taking_in = tokio::spawn(triggers::work(shared(), stop.clone()));
        runner::work(shared(), stop).await;
        let _ = tokio::join!(delivering, taking_in);
    }

    /// Serves and works until `stop` is done.
    ///
    /// # Errors
    ///
    /// As [`Worker::router`].
    pub async fn run(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), AppError> {
        let router = self.router().await?;
        let stopping = self.0.stopping.clone();
        let signal = stopping.clone();
        tokio::spawn(async move {
            stop.await;
            signal.cancel();
        });
        let serving = holdpoint_proxy::serve(listener, router, stopping.clone().cancelled_owned());
        tokio::join!(serving, self.work(stopping));
        self.0.store.close().await;
        Ok(())
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

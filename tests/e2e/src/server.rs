//! The server of one test: the proxy, the built page and the lab, all of one origin.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context, Result};
use holdpoint_proxy::{Config, Upstream};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::lab::Lab;
use crate::open;

/// A server that can be stopped and started again where it was.
pub struct Server {
    /// What the lab's pages and tools did.
    pub lab: Lab,
    addr: SocketAddr,
    upstream: Upstream,
    running: Option<Running>,
}

struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts on a free port, so that the page has an origin, and a storage, of its own.
    ///
    /// # Errors
    ///
    /// No built page is named, or the port cannot be had.
    pub async fn start(upstream: Upstream) -> Result<Self> {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut server = Server { lab: Lab::default(), addr, upstream, running: None };
        server.start_again().await?;
        Ok(server)
    }

    /// Starts after [`Server::stop`], on the same port.
    ///
    /// # Errors
    ///
    /// As [`Server::start`].
    pub async fn start_again(&mut self) -> Result<()> {
        let page = std::env::var_os("HOLDPOINT_E2E_DIST")
            .map(PathBuf::from)
            .context("no built page; run this by `cargo xtask test e2e`")?;
        let open = open::routes(page.clone());
        let config =
            Config { upstream: self.upstream.clone(), serve: Some(page), ..Config::default() };
        let app = self.lab.routes().merge(crate::mcp::odd()).merge(open);
        let app = app.merge(holdpoint_proxy::app(config)?);
        let listener = TcpListener::bind(self.addr).await.context("cannot listen")?;
        self.addr = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(holdpoint_proxy::serve(listener, app, async {
            // A sender that is gone means the same.
            let _ = stopped.await;
        }));
        self.running = Some(Running { stop, task });
        Ok(())
    }

    /// Stops: nobody is there any more.
    ///
    /// # Errors
    ///
    /// The server had panicked.
    pub async fn stop(&mut self) -> Result<()> {
        if let Some(Running { stop, task }) = self.running.take() {
            let _ = stop.send(());
            task.await.context("the server had failed")?;
        }
        Ok(())
    }

    /// The address of a page.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }
}

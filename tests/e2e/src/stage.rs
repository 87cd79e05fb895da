//! What a test plays on.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdpoint_proxy::Upstream;
use tokio::sync::Semaphore;

use crate::agent::Agent;
use crate::bank::Bank;
use crate::browser::{Browser, Engine};
use crate::server::Server;

/// A server and a browser of one test.
pub struct Stage {
    /// The server.
    pub server: Server,
    /// The browser.
    pub browser: Browser,
    allows_complaints: bool,
}

/// Plays a test in Chromium, with the stand-in model. Where it fails, the error tells what the widget showed last; where it
/// does not, the console must be clean.
///
/// # Errors
///
/// The test's, or a complaint in the console.
pub async fn play(test: impl AsyncFnOnce(&mut Stage) -> Result<()>) -> Result<()> {
    play_with(Engine::Chromium, STAND_IN, test).await
}

/// [`play`], in a browser and with a model of choice.
///
/// # Errors
///
/// As [`play`].
pub async fn play_with(
    engine: Engine,
    upstream: Upstream,
    test: impl AsyncFnOnce(&mut Stage) -> Result<()>,
) -> Result<()> {
    // More at once make each other slow, and none of them faster.
    static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);
    let _place = PLACES.acquire().await?;
    let mut stage = Stage {
        allows_complaints: engine == Engine::Firefox,
        ..Stage::set_with(engine, upstream).await?
    };
    let outcome = test(&mut stage).await;
    let complaints = match stage.allows_complaints && outcome.is_ok() {
        true => Vec::new(),
        false => stage.browser.complaints().await.unwrap_or_default(),
    };
    if let Err(error) = outcome {
        let shown = match stage.agent().await {
            Ok(agent) => agent.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        };
        return Err(error.context(format!("console: {complaints:#?}\nshown: {shown}\n")));
    }
    ensure!(complaints.is_empty(), "the console has errors: {complaints:#?}");
    Ok(())
}

impl Stage {
    /// A stage of its own; `pace` is the pause of the stand-in model before each record.
    ///
    /// # Errors
    ///
    /// The server or the browser does not start.
    pub async fn set(engine: Engine, pace: Duration) -> Result<Self> {
        Self::set_with(engine, Upstream::Demo { pace }).await
    }

    async fn set_with(engine: Engine, upstream: Upstream) -> Result<Self> {
        let server = Server::start(upstream).await?;
        let browser = Browser::start(engine).await?;
        Ok(Stage { server, browser, allows_complaints: false })
    }

    /// Opens the bank in the tab in front.
    ///
    /// # Errors
    ///
    /// The page does not come up.
    pub async fn bank(&self) -> Result<Bank> {
        let agent = self.agent().await?;
        agent.tab.open(&self.server.url("/")).await?;
        agent.ready().await?;
        Ok(Bank { agent })
    }

    /// Opens the lab in the tab in front; the query says how the page is to be (see `lab.js`).
    ///
    /// # Errors
    ///
    /// The page does not come up.
    pub async fn lab(&self, query: &str) -> Result<Agent> {
        self.page(&format!("/lab.html?{query}")).await
    }

    /// Opens the page with foreign tools; the query says how it is to be (see `foreign.js`).
    ///
    /// # Errors
    ///
    /// The page does not come up.
    pub async fn foreign(&self, query: &str) -> Result<Agent> {
        self.page(&format!("/foreign.html?{query}")).await
    }

    /// Opens a page of the server with a widget in it.
    ///
    /// # Errors
    ///
    /// The page does not come up.
    pub async fn page(&self, path: &str) -> Result<Agent> {
        let agent = self.agent().await?;
        agent.tab.open(&self.server.url(path)).await?;
        agent.ready().await?;
        Ok(agent)
    }

    /// The lab with a transfer of 500 to Alice that waits.
    ///
    /// # Errors
    ///
    /// The page or the card does not come up.
    pub async fn held(&self, query: &str) -> Result<Agent> {
        let agent = self.lab(query).await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.card().await?;
        Ok(agent)
    }

    /// Kills the browser, starts it again and opens the lab.
    ///
    /// # Errors
    ///
    /// The browser does not start, or the page does not come up.
    pub async fn crash_into_lab(&mut self, query: &str) -> Result<Agent> {
        self.browser.kill();
        // Whatever is held at the server ends with its connection, and is never done.
        self.browser.relaunch().await.context("after the crash")?;
        self.lab(query).await
    }

    /// Errors in the console are part of the test: a refused request is one.
    pub fn allow_complaints(&mut self) {
        self.allows_complaints = true;
    }

    /// The widget in the tab in front, whatever page it is.
    ///
    /// # Errors
    ///
    /// The browser is not running.
    pub async fn agent(&self) -> Result<Agent> {
        Ok(Agent { tab: self.browser.tab().await? })
    }
}

/// The stand-in model, without a pause.
pub const STAND_IN: Upstream = Upstream::Demo { pace: Duration::ZERO };

const AT_ONCE: usize = 2;

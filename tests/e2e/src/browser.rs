//! A browser with a profile of its own, which can be killed and started again.
//!
//! Chromium is started here and its driver is attached to it, not the other way round: a killed
//! browser must be killed with every process of it at once, and its group is known only to the one
//! who made it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Once;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use thirtyfour::common::capabilities::firefox::FirefoxPreferences;
use thirtyfour::prelude::*;
use thirtyfour::{ChromiumLikeCapabilities, LoggingPrefsLogLevel, WindowHandle};
use tokio::process::{Child, Command};

use crate::program::Program;
use crate::until;

/// A running browser.
pub struct Browser {
    engine: Engine,
    driver: Program,
    program: Option<Group>,
    session: Option<WebDriver>,
    /// Whether it notes all requests, which costs time.
    notes_requests: bool,
    // Dropped last, when nobody writes into it any more.
    profile: TempDir,
}

/// Which browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Chromium, or Chrome.
    Chromium,
    /// Firefox: everything but [`Browser::kill`] and [`Browser::complaints`].
    Firefox,
}

impl Browser {
    /// Starts a browser with an empty profile.
    ///
    /// # Errors
    ///
    /// The browser or its driver is not there, or does not start.
    pub async fn start(engine: Engine) -> Result<Self> {
        let profile = TempDir::with_prefix("holdpoint-e2e-")?;
        let driver = driver(engine).await?;
        let mut browser = Browser {
            engine,
            driver,
            program: None,
            session: None,
            notes_requests: false,
            profile,
        };
        browser.launch().await?;
        Ok(browser)
    }

    /// Kills every process of the browser at once, as a crash or a power cut would end it.
    pub fn kill(&mut self) {
        self.program = None;
        self.forget_session();
    }

    /// Starts the browser again with the profile that it had.
    ///
    /// # Errors
    ///
    /// As [`Browser::start`].
    pub async fn relaunch(&mut self) -> Result<()> {
        self.kill();
        self.launch().await
    }

    /// Starts the browser again as one that notes all requests, for [`Browser::requests`].
    ///
    /// # Errors
    ///
    /// As [`Browser::start`].
    pub async fn note_requests(&mut self) -> Result<()> {
        self.notes_requests = true;
        self.relaunch().await
    }

    /// The tab that is in front after the start.
    ///
    /// # Errors
    ///
    /// The browser is not running.
    pub async fn tab(&self) -> Result<Tab> {
        let session = self.session()?.clone();
        let window = session.window().await?;
        Ok(Tab { session, window })
    }

    /// A tab more.
    ///
    /// # Errors
    ///
    /// The browser is not running.
    pub async fn new_tab(&self) -> Result<Tab> {
        let session = self.session()?.clone();
        let window = session.new_tab().await?;
        Ok(Tab { session, window })
    }

    /// What the console has of errors and violations since it was last asked.
    ///
    /// # Errors
    ///
    /// The browser is not running, or has no such log.
    pub async fn complaints(&self) -> Result<Vec<String>> {
        let log = self.session()?.browser_log().await?;
        Ok(log
            .into_iter()
            .filter(|entry| entry.level == "SEVERE")
            .map(|entry| entry.message)
            .collect())
    }

    /// The addresses of all requests since this was last asked, whether they were answered or not.
    ///
    /// # Errors
    ///
    /// The browser does not note them.
    pub async fn requests(&self) -> Result<Vec<String>> {
        let mut urls = Vec::new();
        for entry in self.session()?.get_log("performance").await? {
            let event: serde_json::Value = serde_json::from_str(&entry.message)?;
            if event["message"]["method"] == "Network.requestWillBeSent" {
                let url = &event["message"]["params"]["request"]["url"];
                urls.extend(url.as_str().map(str::to_owned));
            }
        }
        Ok(urls)
    }

    fn session(&self) -> Result<&WebDriver> {
        self.session.as_ref().context("the browser is not running")
    }

    async fn launch(&mut self) -> Result<()> {
        let capabilities: Capabilities = match self.engine {
            Engine::Chromium => {
                let address = self.start_chromium().await?;
                let mut capabilities = DesiredCapabilities::chrome();
                capabilities.set_debugger_address(&address)?;
                capabilities.set_browser_log_level(LoggingPrefsLogLevel::All)?;
                if self.notes_requests {
                    capabilities.set_logging_prefs("performance", LoggingPrefsLogLevel::All)?;
                }
                capabilities.into()
            }
            Engine::Firefox => {
                let mut capabilities = DesiredCapabilities::firefox();
                if let Some(program) = std::env::var_os("FIREFOX") {
                    capabilities.set_firefox_binary(&program.to_string_lossy())?;
                }
                capabilities.set_headless()?;
                let mut preferences = FirefoxPreferences::new();
                for name in ["dom.modelcontext.enabled", "dom.modelcontext.testing.enabled"] {
                    preferences.set(name, true)?;
                }
                capabilities.set_preferences(preferences)?;
                capabilities.add_arg("-profile")?;
                capabilities.add_arg(&self.profile.path().to_string_lossy())?;
                capabilities.into()
            }
        };
        let session = WebDriver::builder(self.driver.url.as_str(), capabilities)
            .client(client()?)
            .connect()
            .await
            .context("the driver does not take the browser")?;
        session.set_script_timeout(SCRIPT_TIMEOUT).await?;
        self.session = Some(session);
        Ok(())
    }

    /// Starts Chromium and gives the address at which its driver finds it.
    async fn start_chromium(&mut self) -> Result<String> {
        let profile = self.profile.path();
        // A killed browser leaves its lock and its old address behind.
        for name in ["DevToolsActivePort", "SingletonLock", "SingletonCookie", "SingletonSocket"] {
            match std::fs::remove_file(profile.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error.into());
                }
                _ => {}
            }
        }
        let program = program("CHROME", "chromium");
        let child = Command::new(&program)
            .args(CHROMIUM_FLAGS)
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        self.program = Some(Group(child));
        let file = profile.join("DevToolsActivePort");
        until("the browser listens", async || {
            let text = match std::fs::read_to_string(&file) {
                Ok(text) => text,
                Err(_) => return Ok(None),
            };
            // The second line comes last, so with it the first one is whole.
            Ok(text.split_once('\n').map(|(port, _)| format!("127.0.0.1:{port}")))
        })
        .await
    }

    /// The session's browser is gone or will be: nothing is to be sent to it any more.
    fn forget_session(&mut self) {
        if let Some(session) = self.session.take() {
            // It may have been given up already, which is all that is wanted.
            let _ = session.leak();
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One tab.
#[derive(Clone)]
pub struct Tab {
    session: WebDriver,
    window: WindowHandle,
}

impl Tab {
    /// Brings the tab to the front and gives the session.
    ///
    /// # Errors
    ///
    /// The tab is gone.
    pub async fn front(&self) -> Result<&WebDriver> {
        self.session.switch_to_window(self.window.clone()).await?;
        Ok(&self.session)
    }

    /// Goes to a page.
    ///
    /// # Errors
    ///
    /// The page cannot be loaded.
    pub async fn open(&self, url: &str) -> Result<()> {
        Ok(self.front().await?.goto(url).await?)
    }

    /// Loads the page again.
    ///
    /// # Errors
    ///
    /// The page cannot be loaded.
    pub async fn reload(&self) -> Result<()> {
        Ok(self.front().await?.refresh().await?)
    }

    /// Sends a command of the DevTools protocol; Chromium alone knows it.
    ///
    /// # Errors
    ///
    /// The browser refuses it.
    pub async fn devtools(
        &self,
        method: &str,
        params: serde_json::Value,
    ) -> Result<serde_json::Value> {
        Ok(self.front().await?.cdp().send_raw(method, params).await?)
    }

    /// Runs the body of an async function in the page; `args` are its arguments.
    ///
    /// # Errors
    ///
    /// What the function throws.
    pub async fn run(&self, body: &str, args: Vec<serde_json::Value>) -> Result<serde_json::Value> {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             (async (...args) => {{ {body} }})(...Array.from(arguments).slice(0, -1)).then(
               (value) => done({{ value }}),
               (error) => done({{ error: String(error) }}));"
        );
        let outcome = self.front().await?.execute_async(&*script, args).await?;
        match outcome.json().get("error") {
            Some(error) => bail!("the page's script failed: {error}"),
            None => Ok(outcome.json()["value"].clone()),
        }
    }
}

/// Starts the program that drives such a browser.
async fn driver(engine: Engine) -> Result<Program> {
    let program = match engine {
        Engine::Chromium => program("CHROMEDRIVER", "chromedriver"),
        Engine::Firefox => program("GECKODRIVER", "geckodriver"),
    };
    Program::start(Command::new(program).arg("--port=0")).await
}

/// A process with all its descendants, which end with this value.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        let leader = self.0.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        if let Some(leader) = leader {
            // A group that is gone already is what is wanted.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

/// A client for drivers: straight to them, whatever proxy the environment names.
pub(crate) fn client() -> Result<reqwest::Client> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // The client is built with TLS, though no driver speaks it; a provider that is there stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

fn program(variable: &str, name: &str) -> PathBuf {
    let named = std::env::var_os(variable).filter(|path| !path.is_empty());
    Path::new(&named.unwrap_or_else(|| OsString::from(name))).to_owned()
}

/// A bench may let a script work for minutes.
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(600);

/// Without a screen, as any user, and without a word to anyone outside.
const CHROMIUM_FLAGS: [&str; 17] = [
    "--headless=new",
    "--enable-features=WebMCP",
    // What was never on the screen cannot be approved.
    "--window-size=1280,1000",
    "--remote-debugging-port=0",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--password-store=basic",
];

//! An independent mock of the providers: [aimock](https://www.npmjs.com/package/@copilotkit/aimock),
//! with the conversations of `aimock/bank.json`.

use std::io::Write;
use std::sync::Once;

use anyhow::{Context, Result};
use holdpoint_proxy::{KeyHeader, Upstream};
use serde_json::Value;
use tokio::process::Command;

use crate::program::Program;

/// A running mock, which ends with this value.
pub struct Aimock(Program);

impl Aimock {
    /// Starts the mock where `HOLDPOINT_AIMOCK` names its script. Where it names none there is no
    /// mock, and a line says once that it did not run.
    ///
    /// # Errors
    ///
    /// It is there and does not start.
    pub async fn start() -> Result<Option<Self>> {
        static TOLD: Once = Once::new();
        let Some(script) = std::env::var_os("HOLDPOINT_AIMOCK").filter(|path| !path.is_empty())
        else {
            // Written past the test runner, which keeps to itself what a passed test prints.
            TOLD.call_once(|| {
                let _ =
                    writeln!(std::io::stderr(), "not run: aimock (HOLDPOINT_AIMOCK names none)");
            });
            return Ok(None);
        };
        let package: Value = serde_json::from_str(include_str!("../aimock/package.json"))?;
        let start = package["scripts"]["start"].as_str().context("aimock has no start script")?;
        let mut command = Command::new("node");
        // The first word is the script's short name.
        command.arg(script).args(start.split_whitespace().skip(1));
        command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/aimock"));
        Ok(Some(Aimock(Program::start(&mut command).await?)))
    }

    /// The mock as an upstream of the proxy.
    ///
    /// # Errors
    ///
    /// Its address is no URL.
    pub fn upstream(&self) -> Result<Upstream> {
        Ok(Upstream::Provider {
            base: format!("{}/v1", self.0.url).parse()?,
            key: None,
            key_header: KeyHeader::default(),
        })
    }
}

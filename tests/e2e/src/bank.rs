//! The demo's page: a bank with one account, and the widget in it.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::until_true;

/// The bank in a tab.
#[derive(Clone)]
pub struct Bank {
    /// Its assistant.
    pub agent: Agent,
}

impl Bank {
    /// Waits for a balance, written as the page writes it: `950.00`.
    ///
    /// # Errors
    ///
    /// It is another one.
    pub async fn has(&self, balance: &str) -> Result<()> {
        until_true(&format!("the balance is {balance}"), async || {
            let found = self.text_of("#balance").await?;
            ensure!(found == balance, "the balance is {found}");
            Ok(true)
        })
        .await
    }

    /// How many transfers the ledger has.
    ///
    /// # Errors
    ///
    /// The page does not answer.
    pub async fn transfers(&self) -> Result<usize> {
        Ok(self.text_of("#entries").await?.matches("Transfer to").count())
    }

    /// Chooses between `tools` and `plan`.
    ///
    /// # Errors
    ///
    /// There is no such switch.
    pub async fn choose_mode(&self, mode: &str) -> Result<()> {
        self.choose("mode", mode).await
    }

    /// Chooses between the proxy (`responses`) and the answers without a network (`demo`).
    ///
    /// # Errors
    ///
    /// There is no such switch.
    pub async fn choose_api(&self, api: &str) -> Result<()> {
        self.choose("api", api).await
    }

    /// Sets the assistant's `api` until the page is loaded again; the page's own switch does not
    /// know every wire format.
    ///
    /// # Errors
    ///
    /// There is no widget.
    pub async fn speak(&self, api: &str) -> Result<()> {
        self.agent.run("agent.setAttribute('api', args[0])", vec![json!(api)]).await?;
        Ok(())
    }

    /// The paths below `/v1/` that were asked since the page was loaded.
    ///
    /// # Errors
    ///
    /// The page does not answer.
    pub async fn asked(&self) -> Result<BTreeSet<String>> {
        let script = "const paths = performance.getEntriesByType('resource')
                        .map((entry) => new URL(entry.name).pathname);
                      return paths.filter((path) => path.startsWith('/v1/'));";
        Ok(serde_json::from_value(self.agent.tab.run(script, vec![]).await?)?)
    }

    /// Loads the page again and waits until the widget has read its store.
    ///
    /// # Errors
    ///
    /// The page cannot be loaded.
    pub async fn reload(&self) -> Result<()> {
        self.agent.tab.reload().await?;
        self.agent.ready().await
    }

    /// Waits until the page and the widget are kept for the time without a network.
    ///
    /// # Errors
    ///
    /// They are not kept.
    pub async fn is_kept(&self) -> Result<()> {
        until_true("the service worker controls the page", async || {
            let controlled = "await navigator.serviceWorker.ready;
                              return Boolean(navigator.serviceWorker.controller);";
            Ok(self.agent.tab.run(controlled, vec![]).await? == true)
        })
        .await
    }

    async fn choose(&self, name: &str, value: &str) -> Result<()> {
        let script = "const [name, value] = args;
                      document.querySelector(`input[name='${name}'][value='${value}']`).click();";
        self.agent.tab.run(script, vec![json!(name), json!(value)]).await?;
        Ok(())
    }

    async fn text_of(&self, selector: &str) -> Result<String> {
        let script = "return document.querySelector(args[0]).textContent.trim()";
        let text = self.agent.tab.run(script, vec![json!(selector)]).await?;
        Ok(text.as_str().map(str::to_owned).unwrap_or_else(|| Value::to_string(&text)))
    }
}

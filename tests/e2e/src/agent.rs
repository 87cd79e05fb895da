//! The widget in a page, by its public names: what a person can see of it and do with it.
//!
//! Elements are found by a script, because not every driver looks into a shadow root, and clicked by
//! the driver, because only its clicks count as a person's.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use thirtyfour::WebElement;

use crate::browser::Tab;
use crate::{until, until_true};

/// The `<holdpoint-agent>` of a tab.
#[derive(Clone)]
pub struct Agent {
    /// Where it is.
    pub tab: Tab,
}

impl Agent {
    /// Waits until the widget has read its store.
    ///
    /// # Errors
    ///
    /// It does not get there.
    pub async fn ready(&self) -> Result<()> {
        until_true("the widget is ready", async || {
            let ready = "await customElements.whenDefined('holdpoint-agent');
                         await document.querySelector('holdpoint-agent')?.ready;
                         return document.querySelector('holdpoint-agent')?.state !== 'loading';";
            Ok(self.tab.run(ready, vec![]).await? == true)
        })
        .await
    }

    /// Writes a message and sends it.
    ///
    /// # Errors
    ///
    /// The composer cannot be used.
    pub async fn say(&self, text: &str) -> Result<()> {
        self.part("input").await?.send_keys(text).await?;
        self.click("send-button").await
    }

    /// The text of the one card that waits for a decision.
    ///
    /// # Errors
    ///
    /// There is none, or more than one.
    pub async fn card(&self) -> Result<String> {
        until("one card waits", async || {
            let [_] = &self.parts("approve-button").await?[..] else { return Ok(None) };
            let [card] = &self.parts("approval-card").await?[..] else { return Ok(None) };
            Ok(Some(card.text().await?))
        })
        .await
    }

    /// Waits until no card is left.
    ///
    /// # Errors
    ///
    /// One stays.
    pub async fn has_no_card(&self) -> Result<()> {
        until_true("no card is left", async || {
            Ok(self.parts("approve-button").await?.is_empty()
                && self.run("return agent.pending.length === 0", vec![]).await? == true)
        })
        .await
    }

    /// Approves the card, with a real click.
    ///
    /// # Errors
    ///
    /// There is no card.
    pub async fn approve(&self) -> Result<()> {
        self.card().await?;
        Ok(self.approve_button().await?.click().await?)
    }

    /// The first button that approves, once all of its card was on the screen.
    ///
    /// # Errors
    ///
    /// There is no card, or it cannot be approved.
    pub async fn approve_button(&self) -> Result<WebElement> {
        until("a card can be approved", async || {
            let button = self.enabled("approve-button").await?;
            if button.text().await? != "Show the rest first" {
                return Ok(Some(button));
            }
            button.click().await?;
            // It scrolls there by itself, and is not to be scrolled back meanwhile.
            until_true("the rest is shown", async || {
                Ok(button.text().await? != "Show the rest first")
            })
            .await?;
            Ok(None)
        })
        .await
    }

    /// Denies the card and says why.
    ///
    /// # Errors
    ///
    /// There is no card.
    pub async fn deny(&self, reason: &str) -> Result<()> {
        self.card().await?;
        self.click("deny-button").await?;
        self.part("deny-reason").await?.send_keys(reason).await?;
        self.click("deny-button").await
    }

    /// Presses the button with this name.
    ///
    /// # Errors
    ///
    /// There is no such button, or it cannot be pressed.
    pub async fn press(&self, name: &str) -> Result<()> {
        let what = format!("the button “{name}” can be pressed");
        until(&what, async || {
            let buttons = self.find(FIND_BUTTONS, name).await?;
            let Some(button) = buttons.first() else { return Ok(None) };
            Ok(Some(button.click().await?))
        })
        .await
    }

    /// Presses the button that is called this, whatever stands on it.
    ///
    /// # Errors
    ///
    /// There is no such button, or it cannot be pressed.
    pub async fn press_named(&self, name: &str) -> Result<()> {
        Ok(self.one(&format!("button[aria-label='{name}']"), 0).await?.click().await?)
    }

    /// One of the elements inside the widget that a selector finds.
    ///
    /// # Errors
    ///
    /// It does not appear.
    pub async fn one(&self, selector: &str, at: usize) -> Result<WebElement> {
        until(&format!("`{selector}` is there"), async || {
            Ok(self.find(FIND_ANY, selector).await?.into_iter().nth(at))
        })
        .await
    }

    /// Waits until the widget shows these words.
    ///
    /// # Errors
    ///
    /// It does not; the error tells what it shows.
    pub async fn shows(&self, words: &str) -> Result<()> {
        let what = format!("the widget shows “{words}”");
        until_true(&what, async || {
            let text = self.text().await?;
            // A sheet may set words in capitals.
            let found = text.to_lowercase().contains(&words.to_lowercase());
            ensure!(found, "it shows: {text}");
            Ok(true)
        })
        .await
    }

    /// All that the widget shows.
    ///
    /// # Errors
    ///
    /// There is no widget.
    pub async fn text(&self) -> Result<String> {
        let text = self.part_now("base").await?.context("the widget is not there")?.text().await?;
        Ok(text)
    }

    /// Waits until the widget is in this state.
    ///
    /// # Errors
    ///
    /// It gets into another one; the error tells which.
    pub async fn is(&self, state: &str) -> Result<()> {
        until_true(&format!("the state is `{state}`"), async || {
            let found = self.run("return agent.state", vec![]).await?;
            ensure!(found == state, "the state is {found}");
            Ok(true)
        })
        .await
    }

    /// The calls that wait, as the page reads them.
    ///
    /// # Errors
    ///
    /// There is no widget.
    pub async fn pending(&self) -> Result<Value> {
        self.run("return agent.pending", vec![]).await
    }

    /// The kinds of the entries of the newest run, in order.
    ///
    /// # Errors
    ///
    /// There is no run, or it cannot be exported.
    pub async fn journal(&self) -> Result<Vec<String>> {
        let kinds = self
            .run(
                "const newest = agent.runs.toSorted((a, b) => b.createdAt - a.createdAt)[0];
                 const file = JSON.parse(await (await agent.exportRun(newest.id)).text());
                 const kind = ({ record }) =>
                   typeof record === 'string' ? record : Object.keys(record)[0];
                 return file.entries.map(kind);",
                vec![],
            )
            .await?;
        serde_json::from_value(kinds).context("the kinds are no list of words")
    }

    /// Runs a script with `agent` as the widget; see [`Tab::run`].
    ///
    /// # Errors
    ///
    /// What the script throws.
    pub async fn run(&self, body: &str, args: Vec<Value>) -> Result<Value> {
        let script = format!("const agent = document.querySelector('holdpoint-agent'); {body}");
        self.tab.run(&script, args).await
    }

    /// Clicks the one part of a name, with a real click.
    ///
    /// # Errors
    ///
    /// There is none, or it cannot be clicked.
    pub async fn click(&self, part: &str) -> Result<()> {
        Ok(self.enabled(part).await?.click().await?)
    }

    /// The first part of a name, once it can be used: a card that has just come up cannot, so that
    /// no click lands on it that was meant for something else.
    ///
    /// # Errors
    ///
    /// It does not appear, or stays disabled.
    pub async fn enabled(&self, part: &str) -> Result<WebElement> {
        until(&format!("the part `{part}` can be used"), async || {
            let Some(element) = self.part_now(part).await? else { return Ok(None) };
            // What is not on the screen cannot be meant.
            element.scroll_into_view().await?;
            let disabled = element.attr("aria-disabled").await?.is_some_and(|is| is == "true");
            Ok((!disabled && element.is_enabled().await?).then_some(element))
        })
        .await
    }

    /// The first part of a name.
    ///
    /// # Errors
    ///
    /// It does not appear.
    pub async fn part(&self, name: &str) -> Result<WebElement> {
        until(&format!("the part `{name}` is there"), async || self.part_now(name).await).await
    }

    /// The parts of a name that are there now.
    ///
    /// # Errors
    ///
    /// The browser does not answer.
    pub async fn parts(&self, name: &str) -> Result<Vec<WebElement>> {
        self.find(FIND_PARTS, name).await
    }

    async fn part_now(&self, name: &str) -> Result<Option<WebElement>> {
        Ok(self.parts(name).await?.into_iter().next())
    }

    async fn find(&self, script: &str, name: &str) -> Result<Vec<WebElement>> {
        Ok(self.tab.front().await?.execute(script, vec![json!(name)]).await?.elements()?)
    }
}

const FIND_PARTS: &str = "
    const root = document.querySelector('holdpoint-agent')?.shadowRoot;
    const parts = root?.querySelectorAll(`[part~='${arguments[0]}']`) ?? [];
    return [...parts].filter((part) => part.checkVisibility());";

const FIND_ANY: &str = "
    const root = document.querySelector('holdpoint-agent')?.shadowRoot;
    return [...(root?.querySelectorAll(arguments[0]) ?? [])].filter((it) => it.checkVisibility());";

const FIND_BUTTONS: &str = "
    const root = document.querySelector('holdpoint-agent')?.shadowRoot;
    const buttons = [...(root?.querySelectorAll('button') ?? [])];
    return buttons.filter((button) =>
      button.checkVisibility() && button.textContent.trim() === arguments[0]);";

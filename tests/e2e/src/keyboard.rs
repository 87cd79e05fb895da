//! A person who has no pointer: real keys, and where the focus is.

use anyhow::{Context, Result, bail, ensure};
use thirtyfour::Key;

use crate::agent::Agent;
use crate::until_true;

/// The keys, before the page with this widget.
pub struct Keyboard<'a>(pub &'a Agent);

impl Keyboard<'_> {
    /// Presses one key.
    ///
    /// # Errors
    ///
    /// The browser does not take it.
    pub async fn press(&self, key: Key) -> Result<()> {
        Ok(self.0.tab.front().await?.action_chain().send_keys(key).perform().await?)
    }

    /// Writes where the focus is.
    ///
    /// # Errors
    ///
    /// The browser does not take it.
    pub async fn write(&self, text: &str) -> Result<()> {
        Ok(self.0.tab.front().await?.action_chain().send_keys(text).perform().await?)
    }

    /// Goes forwards, key by key, until a part has the focus.
    ///
    /// # Errors
    ///
    /// No way leads there.
    pub async fn forward_to(&self, part: &str) -> Result<()> {
        self.go(part, false).await
    }

    /// The same, backwards.
    ///
    /// # Errors
    ///
    /// No way leads there.
    pub async fn back_to(&self, part: &str) -> Result<()> {
        self.go(part, true).await
    }

    /// Waits until a part has the focus by itself.
    ///
    /// # Errors
    ///
    /// Another element keeps it; the error tells which.
    pub async fn is_at(&self, part: &str) -> Result<()> {
        until_true(&format!("the focus is on `{part}`"), async || {
            let at = self.at().await?;
            ensure!(is(&at, part), "it is on `{at}`");
            Ok(true)
        })
        .await
    }

    /// What has the focus: the names of a part, or else the kind of element.
    ///
    /// # Errors
    ///
    /// The page does not answer.
    pub async fn at(&self) -> Result<String> {
        let at = self.0.tab.run(FOCUSED, vec![]).await?;
        at.as_str().map(str::to_owned).context("the focus has no name")
    }

    /// From now on the page notes when nothing has the focus.
    ///
    /// # Errors
    ///
    /// The page does not answer.
    pub async fn watch(&self) -> Result<()> {
        self.0.tab.run(WATCH, vec![]).await.map(drop)
    }

    /// Nothing but an element had the focus since [`Keyboard::watch`].
    ///
    /// # Errors
    ///
    /// It was lost; the error tells which elements had it before.
    pub async fn was_never_lost(&self) -> Result<()> {
        let lost = self.0.tab.run("return focusLost", vec![]).await?;
        ensure!(lost.as_array().is_some_and(Vec::is_empty), "the focus was lost by {lost}");
        Ok(())
    }

    async fn go(&self, part: &str, back: bool) -> Result<()> {
        let mut passed = Vec::new();
        for _ in 0..STOPS_MAX {
            let driver = self.0.tab.front().await?;
            let keys = driver.action_chain();
            let keys = match back {
                true => keys.key_down(Key::Shift).send_keys(Key::Tab).key_up(Key::Shift),
                false => keys.send_keys(Key::Tab),
            };
            keys.perform().await?;
            let at = self.at().await?;
            if is(&at, part) {
                return Ok(());
            }
            passed.push(at);
        }
        bail!("no way leads to `{part}`; it passed {passed:?}")
    }
}

fn is(at: &str, part: &str) -> bool {
    at.split(' ').any(|name| name == part)
}

/// More stops than any page of the tests has.
const STOPS_MAX: usize = 60;

const FOCUSED: &str = "
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    return at?.getAttribute('part') || `<${at?.localName}>`;";

/// An element that leaves may pass the focus on a moment later, so only what lasts counts.
const WATCH: &str = "
    globalThis.focusLost = [];
    let frames = 0;
    let last = 'the start';
    const look = () => {
      let at = document.activeElement;
      while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
      const lost = !at || at === document.body;
      frames = lost ? frames + 1 : 0;
      if (!lost) last = at.getAttribute('part') || at.id || at.localName;
      if (frames === 5) focusLost.push(last);
      requestAnimationFrame(look);
    };
    look();";

//! The ways in which a reader may see the same state.

use anyhow::Result;
use serde_json::json;

use crate::agent::Agent;

/// One way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// What it is called in a file name.
    pub name: &'static str,
    scheme: &'static str,
    forced: &'static str,
    language: &'static str,
    width: u32,
}

impl Look {
    /// Makes the page be seen so.
    ///
    /// # Errors
    ///
    /// The browser cannot.
    pub async fn put_on(self, agent: &Agent) -> Result<()> {
        let features = [
            json!({ "name": "prefers-color-scheme", "value": self.scheme }),
            json!({ "name": "forced-colors", "value": self.forced }),
            // Nothing moves: not under a rule that measures, and not in a picture.
            json!({ "name": "prefers-reduced-motion", "value": "reduce" }),
        ];
        let media = json!({ "features": features });
        agent.tab.devtools("Emulation.setEmulatedMedia", media).await?;
        let size = json!({
            "width": self.width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": false,
        });
        agent.tab.devtools("Emulation.setDeviceMetricsOverride", size).await?;
        agent.tab.run(SPEAK, vec![json!(self.language)]).await?;
        Ok(())
    }
}

/// Light, from left to right: what a state is reached in.
pub const LIGHT: Look =
    Look { name: "light", scheme: "light", forced: "none", language: "en", width: WIDTH };

/// Dark.
pub const DARK: Look = Look { name: "dark", scheme: "dark", ..LIGHT };

/// Colours of the reader's own choice.
pub const FORCED: Look = Look { name: "forced", forced: "active", ..LIGHT };

/// From right to left, in Arabic.
pub const RTL: Look = Look { name: "rtl", language: "ar", ..LIGHT };

/// As narrow as a widget must bear: 320 CSS pixels, which is also 1280 at 400 %.
pub const NARROW: Look = Look { name: "narrow", width: 320, ..LIGHT };

/// All that must be accessible.
pub const ALL: [Look; 7] = [
    LIGHT,
    DARK,
    FORCED,
    RTL,
    Look { name: "rtl-dark", language: "ar", ..DARK },
    Look { name: "rtl-forced", language: "ar", ..FORCED },
    NARROW,
];

const WIDTH: u32 = 480;
const HEIGHT: u32 = 760;

/// The language is fetched, where the page has a network; what follows the size is in the second
/// frame after it.
const SPEAK: &str = "
    const [language] = args;
    const direction = language === 'ar' ? 'rtl' : 'ltr';
    const page = document.documentElement;
    // A language that is set is taken for another one, and the views are made anew.
    if (page.lang !== language) Object.assign(page, { lang: language, dir: direction });
    const frame = () => new Promise(requestAnimationFrame);
    const words = () => document.querySelector('holdpoint-agent')?.shadowRoot
      .querySelector('[part~=input]')?.placeholder ?? '';
    const speaks = () => /[\\u0600-\\u06ff]/.test(words()) === (language === 'ar');
    for (let tries = 0; navigator.onLine && !speaks() && tries < 300; tries += 1) await frame();
    await frame();
    await frame();
    // A card that has just moved cannot be approved; one whose decision is saved neither.
    const rests = () => !document.querySelector('holdpoint-agent')?.shadowRoot
      .querySelector('.approve-button[aria-disabled]');
    for (let tries = 0; !rests() && tries < 60; tries += 1) await frame();";

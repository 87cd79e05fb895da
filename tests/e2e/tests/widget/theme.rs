//! The widget in others' brands: sheets, states, slots, and the page on which they are tried out.

use anyhow::{Context, Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::corpora::Corpora;
use holdpoint_e2e::look::{DARK, LIGHT, NARROW};
use holdpoint_e2e::scene::SCENES;
use holdpoint_e2e::stage::play;
use holdpoint_e2e::{until, until_true};
use serde_json::{Value, json};
use thirtyfour::By;

use crate::axe::violations;

/// The sheets in `style/themes`.
const THEMES: [&str; 3] = ["pop", "term", "vault"];

/// States in which all kinds of parts are.
const MAIN: [&str; 9] = [
    "answer",
    "held",
    "held-critical",
    "edit",
    "receipts",
    "in-doubt",
    "model-fault",
    "inbox",
    "popover-open",
];

#[tokio::test]
async fn no_theme_violates_a_rule_of_axe() -> Result<()> {
    let Some(corpora) = Corpora::find() else { return Ok(()) };
    let axe = corpora.axe()?;
    play(async |stage| {
        stage.allow_complaints();
        let mut all = Vec::new();
        for name in MAIN {
            let scene = SCENES.iter().find(|scene| scene.name == name).context(name)?;
            let agent = scene.reach(stage).await?;
            for theme in THEMES {
                put_on(&agent, theme).await?;
                for look in [LIGHT, DARK, NARROW] {
                    look.put_on(&agent).await?;
                    let found = violations(&agent, &axe).await?;
                    let at = |found| format!("{name} {theme} {}: {found}", look.name);
                    all.extend(found.into_iter().map(at));
                }
            }
        }
        ensure!(all.is_empty(), "{all:#?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn states_are_set_and_cleared() -> Result<()> {
    play(async |stage| {
        stage.allow_complaints();
        let agent = stage.lab("layout=popover&hints=destructiveHint").await?;
        states_are(&agent, &["idle"]).await?;
        agent.click("launcher").await?;
        states_are(&agent, &["idle", "open"]).await?;
        offline(&agent, true).await?;
        states_are(&agent, &["offline", "open"]).await?;
        offline(&agent, false).await?;
        agent.say("Transfer 500 to Alice").await?;
        states_are(&agent, &["waiting", "critical", "open"]).await?;
        offline(&agent, true).await?;
        states_are(&agent, &["waiting", "offline", "critical", "open"]).await?;
        offline(&agent, false).await?;
        agent.run("const [{ callId }] = agent.pending; await agent.deny(callId)", vec![]).await?;
        agent.run("agent.open = false", vec![]).await?;
        states_are(&agent, &["idle"]).await
    })
    .await
}

#[tokio::test]
async fn what_the_page_puts_into_the_slots_is_shown() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("").await?;
        agent.shows("Ask for something").await?;
        let filled = agent.run(FILL, vec![]).await?;
        ensure!(filled == json!([true, true, true, true]), "{filled}");
        agent.say("Check my balance").await?;
        let is_gone = "return !agent.shadowRoot.querySelector('slot[name=empty]')";
        until_true("a conversation is not empty", async || {
            Ok(agent.run(is_gone, vec![]).await? == true)
        })
        .await
    })
    .await
}

#[tokio::test]
async fn what_is_in_the_element_is_shown_until_the_widget_is() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("").await?;
        let shown = "const other = document.createElement('holdpoint-agent');
            const text = other.appendChild(document.createElement('p'));
            Object.assign(other, { namespace: 'other', api: 'demo' });
            text.textContent = 'The assistant is on its way.';
            document.body.append(other);
            const before = text.checkVisibility();
            await other.ready;
            return [before, text.checkVisibility()];";
        ensure!(agent.run(shown, vec![]).await? == json!([true, false]));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn playground_shows_what_is_changed_and_what_to_copy() -> Result<()> {
    play(async |stage| {
        let agent = stage.agent().await?;
        let at = stage.server.url("/playground.html?theme=term&color-scheme=dark");
        agent.tab.open(&at).await?;
        agent.ready().await?;
        agent.card().await?;
        let font = "return getComputedStyle(agent.shadowRoot.querySelector('.base')).fontFamily";
        until_true("the theme is there", async || {
            let font = agent.run(font, vec![]).await?;
            Ok(font.as_str().is_some_and(|font| font.contains("monospace")))
        })
        .await?;
        let change = "const field = document.querySelector(`[data-token='${args[0]}']`);
            field.value = args[1];
            field.dispatchEvent(new InputEvent('input', { bubbles: true }));";
        agent.tab.run(change, vec![json!("color-accent"), json!("#ff8800")]).await?;
        agent.tab.run(change, vec![json!("radius"), json!("9")]).await?;
        let css = "holdpoint-agent {\n  --holdpoint-color-accent: #ff8800;\n  --holdpoint-radius: 9px;\n}\n";
        ensure!(copied(&agent, "css").await? == css);
        let button = "const button = agent.shadowRoot.querySelector('.approve-button');
            return getComputedStyle(button).backgroundColor";
        ensure!(agent.run(button, vec![]).await? == "rgb(255, 136, 0)");
        choose(&agent, "lang", "de").await?;
        agent.shows("Genehmigen").await?;
        choose(&agent, "layout", "popover").await?;
        agent.shows("Genehmigen").await?;
        let html = copied(&agent, "html").await?;
        let html = html.as_str().unwrap_or_default();
        for words in
            ["/themes/term.css", "layout=\"popover\"", "color-scheme=\"dark\"", "lang=\"de\""]
        {
            ensure!(html.contains(words), "{html}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn playground_violates_no_rule_of_axe_and_fits_into_320_pixels() -> Result<()> {
    let Some(corpora) = Corpora::find() else { return Ok(()) };
    let axe = corpora.axe()?;
    play(async |stage| {
        stage.allow_complaints();
        let agent = stage.agent().await?;
        agent.tab.open(&stage.server.url("/playground.html")).await?;
        agent.card().await?;
        for look in [LIGHT, DARK, NARROW] {
            look.put_on(&agent).await?;
            let found = violations(&agent, &axe).await?;
            ensure!(found.is_empty(), "{}: {found:#?}", look.name);
        }
        let fits = "return document.documentElement.scrollWidth <= innerWidth";
        ensure!(agent.tab.run(fits, vec![]).await? == true);
        Ok(())
    })
    .await
}

/// Has the page use a theme, and no other.
async fn put_on(agent: &Agent, theme: &str) -> Result<()> {
    let link = "document.getElementById('theme')?.remove();
        const link = Object.assign(document.createElement('link'), {
          id: 'theme', rel: 'stylesheet', href: `/themes/${args[0]}.css`,
        });
        await new Promise((loaded, failed) => {
          Object.assign(link, { onload: loaded, onerror: failed });
          document.head.append(link);
        });";
    agent.tab.run(link, vec![json!(theme)]).await.map(drop)
}

async fn choose(agent: &Agent, name: &str, value: &str) -> Result<()> {
    let driver = agent.tab.front().await?;
    let option = format!("select[name='{name}'] option");
    for option in driver.find_all(By::Css(option)).await? {
        if option.value().await?.as_deref() == Some(value) {
            return Ok(option.click().await?);
        }
    }
    anyhow::bail!("there is no {value} for {name}")
}

async fn copied(agent: &Agent, what: &str) -> Result<Value> {
    agent.tab.run("return document.getElementById(args[0]).textContent", vec![json!(what)]).await
}

async fn states_are(agent: &Agent, wanted: &[&str]) -> Result<()> {
    let states = "return ['loading', 'idle', 'running', 'waiting', 'offline', 'error', 'critical',
        'open'].filter((name) => agent.matches(`:state(${name})`))";
    let mut wanted = wanted.to_vec();
    wanted.sort_unstable();
    until(&format!("the states are {wanted:?}"), async || {
        let mut found: Vec<String> = serde_json::from_value(agent.run(states, vec![]).await?)?;
        found.sort_unstable();
        ensure!(found == wanted, "{found:?}");
        Ok(Some(()))
    })
    .await
}

async fn offline(agent: &Agent, is: bool) -> Result<()> {
    let conditions = json!({
        "offline": is, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
    });
    agent.tab.devtools("Network.emulateNetworkConditions", conditions).await.map(drop)
}

/// Puts something into each slot that shows now; whether it does.
const FILL: &str = "
    const names = ['header-actions', 'empty', 'composer-actions', 'footer'];
    const put = names.map((slot) => {
      const element = document.createElement('span');
      Object.assign(element, { slot, textContent: slot });
      agent.append(element);
      return element;
    });
    return put.map((element) => element.checkVisibility() && element.getClientRects().length > 0);";

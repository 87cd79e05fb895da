//! The states of the widget, each with a way to reach it: one list for what looks at all of them.
//!
//! A state more is an entry more in [`SCENES`]; axe-core, the gallery and whoever else goes through
//! the list then have it too. Scenes share a browser: each has a namespace, and so a store, of its own.

mod list;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::lab::{Answer, Point};
use crate::look::LIGHT;
use crate::stage::Stage;
use crate::until_true;

pub use list::{BREAK_STORE, SCENES};

/// One state.
pub struct Scene {
    /// What its pictures are called.
    pub name: &'static str,
    /// What it shows, for whoever reads the gallery.
    pub shows: &'static str,
    /// How the lab's page is to be.
    query: &'static str,
    steps: &'static [Step],
}

/// What is done to reach a state; the next step begins when what it leads to is there.
enum Step {
    /// The model gives an answer that is not the stand-in's.
    Answer(fn() -> Answer),
    /// A message is sent.
    Say(&'static str),
    /// So many cards wait for a decision, and can be decided.
    Cards(usize),
    /// The first card is approved, with a real click.
    Approve,
    /// The first card is denied, with this reason.
    Deny(&'static str),
    /// A part is clicked.
    Click(&'static str),
    /// A button with these words is pressed.
    Press(&'static str),
    /// A part gets this text.
    Type(&'static str, &'static str),
    /// The field of an argument gets this text, behind what it has.
    Fill(&'static str, &'static str),
    /// The widget shows these words.
    Shows(&'static str),
    /// A part of this name is there.
    There(&'static str),
    /// The run is over.
    Idle,
    /// The next call stands still there, and this waits until one does so after the next step.
    Hold(Point),
    /// Something stands still.
    Reached,
    /// What stands still is let go.
    Release,
    /// A script runs in the page.
    Run(&'static str),
    /// The page is loaded again, with this query instead.
    Reopen(&'static str),
    /// The browser has no network.
    Offline,
}

impl Scene {
    /// Opens the lab and takes all steps.
    ///
    /// # Errors
    ///
    /// A step does not lead to what it should.
    pub async fn reach(&self, stage: &Stage) -> Result<Agent> {
        let agent = stage.agent().await?;
        online(&agent, true).await?;
        stage.server.lab.release();
        stage.server.lab.forget_answers();
        LIGHT.put_on(&agent).await?;
        self.open(stage, self.query).await?;
        for (at, step) in self.steps.iter().enumerate() {
            let taken = self.take(step, stage, &agent).await;
            taken.with_context(|| format!("scene `{}`, step {at}", self.name))?;
        }
        Ok(agent)
    }

    async fn open(&self, stage: &Stage, query: &str) -> Result<Agent> {
        let query = [query, "namespace=", self.name].concat();
        stage.lab(&query).await
    }

    async fn take(&self, step: &Step, stage: &Stage, agent: &Agent) -> Result<()> {
        let lab = &stage.server.lab;
        match *step {
            Step::Answer(answer) => lab.answer([answer()]),
            Step::Say(words) => {
                agent.run("await agent.send(args[0])", vec![json!(words)]).await?;
            }
            Step::Cards(count) => cards(agent, count).await?,
            Step::Approve => agent.approve_button().await?.click().await?,
            Step::Deny(reason) => {
                agent.click("deny-button").await?;
                agent.part("deny-reason").await?.send_keys(reason).await?;
                agent.click("deny-button").await?;
            }
            Step::Click(part) => agent.click(part).await?,
            Step::Press(name) => agent.press(name).await?,
            Step::Type(part, text) => agent.part(part).await?.send_keys(text).await?,
            Step::Fill(name, text) => {
                let driver = agent.tab.front().await?;
                let field = driver.execute(FIELD, vec![json!(name)]).await?.element()?;
                field.send_keys(text).await?;
            }
            Step::Shows(words) => agent.shows(words).await?,
            Step::There(part) => agent.part(part).await.map(drop)?,
            Step::Idle => agent.is("idle").await?,
            Step::Hold(point) => lab.hold(point),
            Step::Reached => lab.reached().await,
            Step::Release => lab.release(),
            Step::Run(script) => {
                agent.run(script, vec![json!(self.name)]).await?;
            }
            Step::Reopen(query) => {
                self.open(stage, query).await?;
            }
            Step::Offline => online(agent, false).await?,
        }
        Ok(())
    }
}

/// Waits for so many cards. The last one can be decided as soon as the others.
async fn cards(agent: &Agent, count: usize) -> Result<()> {
    until_true(&format!("{count} cards wait"), async || {
        let found = agent.parts("approve-button").await?;
        ensure!(found.len() == count, "{} cards wait", found.len());
        let Some(last) = found.last() else { return Ok(true) };
        Ok(last.attr("aria-disabled").await?.is_none_or(|is| is != "true"))
    })
    .await
}

async fn online(agent: &Agent, is: bool) -> Result<()> {
    agent.tab.devtools("Network.enable", Value::Null).await?;
    let limits = json!({
        "offline": !is, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
    });
    agent.tab.devtools("Network.emulateNetworkConditions", limits).await.map(drop)
}

const FIELD: &str = "
    const { shadowRoot } = document.querySelector('holdpoint-agent');
    return shadowRoot.querySelector(`[data-path='${arguments[0]}']`);";

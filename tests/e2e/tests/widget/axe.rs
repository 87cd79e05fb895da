//! Every state before the rules of axe-core, in every look: no violation.

use anyhow::{Context, Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::corpora::Corpora;
use holdpoint_e2e::look::{self, Look};
use holdpoint_e2e::scene::{SCENES, Scene};
use holdpoint_e2e::stage::play;
use serde_json::json;

#[tokio::test]
async fn first_half_of_the_states_violates_no_rule_of_axe() -> Result<()> {
    nothing_is_violated(&SCENES[..SCENES.len() / 2]).await
}

#[tokio::test]
async fn second_half_of_the_states_violates_no_rule_of_axe() -> Result<()> {
    nothing_is_violated(&SCENES[SCENES.len() / 2..]).await
}

/// A test in which nothing can be found would find nothing.
#[tokio::test]
async fn axe_finds_what_is_wrong_in_a_shadow_root() -> Result<()> {
    let Some(corpora) = Corpora::find() else { return Ok(()) };
    let axe = corpora.axe()?;
    play(async |stage| {
        let agent = stage.lab("").await?;
        let spoil = "const button = document.createElement('button');
            agent.shadowRoot.querySelector('[part~=transcript]').append(button);";
        agent.run(spoil, vec![]).await?;
        let found = violations(&agent, &axe).await?;
        ensure!(found.iter().any(|found| found.starts_with("button-name")), "{found:#?}");
        Ok(())
    })
    .await
}

/// All states in one browser, and all that is found in one report.
async fn nothing_is_violated(scenes: &[Scene]) -> Result<()> {
    let Some(corpora) = Corpora::find() else { return Ok(()) };
    let axe = corpora.axe()?;
    play(async |stage| {
        stage.allow_complaints();
        let mut all = Vec::new();
        for scene in scenes {
            let agent = scene.reach(stage).await?;
            for look in look::ALL {
                look.put_on(&agent).await?;
                let found = violations(&agent, &axe).await;
                let found = found.with_context(|| at(scene, look))?;
                all.extend(found.into_iter().map(|found| format!("{}: {found}", at(scene, look))));
            }
        }
        ensure!(all.is_empty(), "{all:#?}");
        Ok(())
    })
    .await
}

fn at(scene: &Scene, look: Look) -> String {
    format!("{} {}", scene.name, look.name)
}

/// What axe-core finds in the page: the rule, the element, and what is wrong with it.
pub(crate) async fn violations(agent: &Agent, axe: &str) -> Result<Vec<String>> {
    // A driver's script is not the page's: no policy keeps it out.
    let is_there = agent.tab.run("return typeof axe === 'object'", vec![]).await?;
    if is_there != true {
        agent.tab.front().await?.execute(axe, vec![]).await?;
    }
    let found = agent.tab.run(LOOK, vec![json!(TAGS)]).await?;
    serde_json::from_value(found).context("axe gave no list")
}

/// WCAG 2.2 at level AA, and what its makers hold for good practice beside it.
const TAGS: [&str; 7] =
    ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice", "experimental"];

/// Rules that are off unless asked for, such as that of the size of targets, are asked for.
const LOOK: &str = "
    const [tags] = args;
    const rules = Object.fromEntries(
      axe.getRules(tags).map(({ ruleId }) => [ruleId, { enabled: true }]));
    const found = await axe.run(document, {
      runOnly: { type: 'tag', values: tags }, rules, resultTypes: ['violations'],
    });
    return found.violations.flatMap(({ id, nodes }) => nodes.map(
      ({ target, failureSummary }) => `${id} at ${target.flat().join(' ')}: ${failureSummary}`));";

//! One card, one decision, one effect: whoever decides, however often, wherever.

use anyhow::{Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::lab::Point;
use holdpoint_e2e::stage::{Stage, play};
use serde_json::json;

#[tokio::test]
async fn two_clicks_on_approve_have_one_effect() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        let button = agent.enabled("approve-button").await?;
        agent.tab.front().await?.action_chain().double_click_element(&button).perform().await?;
        finished_once(stage, &agent).await
    })
    .await
}

#[tokio::test]
async fn approvals_of_two_tabs_at_once_have_one_effect() -> Result<()> {
    play(async |stage| {
        let first = stage.held("").await?;
        let second = Agent { tab: stage.browser.new_tab().await? };
        second.tab.open(&stage.server.url("/lab.html")).await?;
        second.ready().await?;
        second.card().await?;
        for agent in [&first, &second] {
            agent.run(APPROVE_WHEN_TOLD, vec![]).await?;
        }
        first.run("approve(); new BroadcastChannel('go').postMessage('go');", vec![]).await?;
        finished_once(stage, &first).await?;
        second.has_no_card().await?;
        second.shows("Done: ").await
    })
    .await
}

#[tokio::test]
async fn decision_of_a_second_tab_is_carried_out_by_the_first() -> Result<()> {
    play(async |stage| {
        let first = stage.held("").await?;
        let second = Agent { tab: stage.browser.new_tab().await? };
        second.tab.open(&stage.server.url("/lab.html?tools=none")).await?;
        second.ready().await?;
        second.approve().await?;
        finished_once(stage, &first).await?;
        second.has_no_card().await
    })
    .await
}

#[tokio::test]
async fn click_made_by_a_script_does_not_approve() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        let click = "agent.shadowRoot.querySelector('[part~=approve-button]').click()";
        agent.run(click, vec![]).await?;
        // A real decision afterwards is the only one on record, so the first was none.
        agent.deny("no").await?;
        agent.shows("you declined it").await?;
        ensure!(stage.server.lab.effects().is_empty());
        let decisions = agent.tab.run("return decisions", vec![]).await?;
        ensure!(decisions.as_array().is_some_and(|made| made.len() == 1), "{decisions}");
        ensure!(decisions[0]["by"]["trusted"] == true, "{decisions}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn page_approves_with_the_digest_of_what_was_shown() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        let pending = agent.pending().await?;
        let call = pending[0]["callId"].clone();
        let wrong = json!({ "digest": "0".repeat(64) });
        let refused = agent.run(APPROVE_BY_SCRIPT, vec![call.clone(), wrong]).await?;
        ensure!(refused["code"] == "digest_mismatch", "{refused}");
        ensure!(stage.server.lab.effects().is_empty());

        let right = json!({ "digest": pending[0]["digest"] });
        let taken = agent.run(APPROVE_BY_SCRIPT, vec![call, right]).await?;
        ensure!(taken["code"].is_null(), "{taken}");
        finished_once(stage, &agent).await?;
        let decisions = agent.tab.run("return decisions", vec![]).await?;
        ensure!(decisions[0]["by"]["trusted"] == false, "{decisions}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn held_call_survives_the_removal_of_the_element() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        let removed = "agent.remove();
                       await new Promise(requestAnimationFrame);
                       document.body.append(agent);";
        agent.run(removed, vec![]).await?;
        agent.approve().await?;
        finished_once(stage, &agent).await
    })
    .await
}

#[tokio::test]
async fn call_under_way_survives_the_removal_of_the_element() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        stage.server.lab.hold(Point::AfterEffect);
        agent.approve().await?;
        stage.server.lab.reached().await;
        agent.run("agent.remove(); globalThis.away = agent;", vec![]).await?;
        stage.server.lab.release();
        agent.tab.run("document.body.append(away)", vec![]).await?;
        finished_once(stage, &agent).await
    })
    .await
}

async fn finished_once(stage: &Stage, agent: &Agent) -> Result<()> {
    agent.shows("Done: ").await?;
    agent.has_no_card().await?;
    agent.is("idle").await?;
    let effects = stage.server.lab.effects();
    ensure!(effects.len() == 1, "expected one effect, found {effects:?}");
    Ok(())
}

const APPROVE_WHEN_TOLD: &str = "
    const [{ callId, digest }] = agent.pending;
    globalThis.approve = () => agent.approve(callId, { digest }).catch(() => {});
    new BroadcastChannel('go').onmessage = approve;";

const APPROVE_BY_SCRIPT: &str = "
    try {
      await agent.approve(args[0], args[1]);
      return {};
    } catch (error) {
      return { code: error.code, message: error.message };
    }";

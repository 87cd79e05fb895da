//! The element where a page moves it about, takes it out and puts another in its place: as libraries
//! and frameworks do that swap what is in the page.

use anyhow::{Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::lab::{Answer, Point};
use holdpoint_e2e::stage::{Stage, play};
use holdpoint_e2e::until_true;
use serde_json::json;

#[tokio::test]
async fn moved_element_stays_as_it_is_while_it_is_answered() -> Result<()> {
    for how in [MOVE, OUT_AND_IN] {
        play(async |stage| {
            let agent = answering(stage).await?;
            ensure!(agent.run(&same_views_after(how), vec![]).await? == true, "other views: {how}");
            stage.server.lab.release();
            answered_once(stage, &agent).await
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn element_that_was_away_for_a_while_gets_its_answer_once() -> Result<()> {
    play(async |stage| {
        let agent = answering(stage).await?;
        agent.run(AWAY, vec![]).await?;
        stage.server.lab.release();
        agent.tab.run("document.body.append(away)", vec![]).await?;
        answered_once(stage, &agent).await
    })
    .await
}

#[tokio::test]
async fn card_that_is_moved_can_be_approved() -> Result<()> {
    for how in [MOVE, OUT_AND_IN] {
        play(async |stage| {
            let agent = stage.held("").await?;
            agent.enabled("approve-button").await?;
            ensure!(agent.run(&same_views_after(how), vec![]).await? == true, "other views: {how}");
            approved_once(stage, &agent).await
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn new_element_takes_the_runs_of_the_old_one_over() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        let swap = ["globalThis.old = agent;", NEW_ELEMENT, "agent.replaceWith(next);"].concat();
        agent.run(&swap, vec![]).await?;
        agent.ready().await?;
        // Its tools are gone with it; if it still held the run, nothing would happen.
        agent.tab.run("old.tools = []", vec![]).await?;
        approved_once(stage, &agent).await
    })
    .await
}

#[tokio::test]
async fn body_that_is_swapped_brings_the_run_along() -> Result<()> {
    for kept in [false, true] {
        play(async |stage| {
            let agent = stage.held("").await?;
            let swap = [NEW_ELEMENT, SWAP_BODY].concat();
            agent.run(&swap, vec![json!(kept)]).await?;
            agent.ready().await?;
            approved_once(stage, &agent).await
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn view_transition_keeps_a_persisted_element() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        let swap = ["const swap = () => {", NEW_ELEMENT, SWAP_BODY, "};", TRANSITION].concat();
        agent.run(&swap, vec![json!(true)]).await?;
        approved_once(stage, &agent).await
    })
    .await
}

#[tokio::test]
async fn element_that_the_page_let_go_of_is_collected() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        let come_and_go = [
            NEW_ELEMENT,
            "document.body.append(next); await next.ready;
            next.remove(); globalThis.gone = new WeakRef(next);",
        ]
        .concat();
        agent.run(&come_and_go, vec![]).await?;
        until_true("it is collected", async || {
            agent.tab.devtools("HeapProfiler.collectGarbage", json!({})).await?;
            Ok(agent.tab.run("return gone.deref() === undefined", vec![]).await? == true)
        })
        .await?;
        approved_once(stage, &agent).await
    })
    .await
}

/// The lab with an answer that stands still in the middle.
async fn answering(stage: &Stage) -> Result<Agent> {
    let words = ["One ", "two ", "three ", "four."].map(str::to_owned).to_vec();
    stage.server.lab.answer([Answer::Words(words)]);
    stage.server.lab.hold(Point::MidAnswer);
    let agent = stage.lab("").await?;
    agent.say("Count").await?;
    stage.server.lab.reached().await;
    agent.shows("One two").await?;
    Ok(agent)
}

async fn answered_once(stage: &Stage, agent: &Agent) -> Result<()> {
    agent.shows("One two three four.").await?;
    agent.is("idle").await?;
    ensure!(stage.server.lab.requests().len() == 1, "the model was asked again");
    Ok(())
}

async fn approved_once(stage: &Stage, agent: &Agent) -> Result<()> {
    agent.approve().await?;
    agent.shows("Done: ").await?;
    agent.has_no_card().await?;
    agent.is("idle").await?;
    let effects = stage.server.lab.effects();
    ensure!(effects.len() == 1, "expected one effect, found {effects:?}");
    Ok(())
}

/// Does something to the element; whether its views are the very same.
fn same_views_after(how: &str) -> String {
    let views = "agent.shadowRoot.querySelector('[part=base]')";
    format!(
        "const before = {views};
         {how}
         await new Promise(requestAnimationFrame);
         return {views} === before && before.isConnected;"
    )
}

const MOVE: &str = "document.querySelector('main').moveBefore(agent, null);";

const OUT_AND_IN: &str = "agent.remove(); document.querySelector('main').append(agent);";

const AWAY: &str = "
    agent.remove();
    globalThis.away = agent;
    await new Promise(requestAnimationFrame);";

const TRANSITION: &str = "await document.startViewTransition(swap).finished;";

/// A second element like that of the lab, in no page yet.
const NEW_ELEMENT: &str = "
    const next = document.createElement('holdpoint-agent');
    next.setAttribute('endpoint', '/lab/v1');
    next.tools = document.querySelector('holdpoint-agent').tools;";

/// A new body takes the place of the old one; the old element goes along, or does not.
const SWAP_BODY: &str = "
    const body = document.createElement('body');
    body.append(document.createElement('main'), next);
    if (args[0]) next.replaceWith(document.querySelector('holdpoint-agent'));
    document.body.replaceWith(body);";

//! Several calls at once: decided together, each by a decision of its own.

use anyhow::{Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::lab::Answer;
use holdpoint_e2e::stage::{Stage, play};
use holdpoint_e2e::until_true;
use serde_json::json;

#[tokio::test]
async fn calls_of_one_tool_are_approved_together() -> Result<()> {
    play(async |stage| {
        let agent = three_held(stage, "").await?;
        agent.click("select-all").await?;
        agent.shows("Approve 3").await?;
        agent.click("batch-approve").await?;
        agent.has_no_card().await?;
        done(stage, 3).await?;
        let decisions = agent.journal().await?.iter().filter(|kind| *kind == "decided").count();
        ensure!(decisions == 3, "each call has a decision of its own, found {decisions}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn denial_of_some_leaves_the_others_to_be_decided() -> Result<()> {
    play(async |stage| {
        let agent = three_held(stage, "").await?;
        agent.click("select").await?;
        let mixed = "return agent.shadowRoot.querySelector('[part~=select-all]').indeterminate";
        until_true("the box for all is neither", async || {
            Ok(agent.run(mixed, vec![]).await? == true)
        })
        .await?;
        agent.click("batch-deny").await?;
        until_true("two calls wait", async || {
            Ok(agent.pending().await?.as_array().is_some_and(|calls| calls.len() == 2))
        })
        .await?;
        ensure!(stage.server.lab.effects().is_empty());
        agent.click("select-all").await?;
        agent.click("batch-approve").await?;
        agent.has_no_card().await?;
        done(stage, 2).await
    })
    .await
}

#[tokio::test]
async fn what_cannot_be_undone_is_decided_one_by_one() -> Result<()> {
    play(async |stage| {
        let agent = three_held(stage, "hints=destructiveHint").await?;
        ensure!(agent.parts("batch").await?.is_empty());
        Ok(())
    })
    .await
}

async fn three_held(stage: &Stage, query: &str) -> Result<Agent> {
    let agent = stage.lab(query).await?;
    let transfer = |amount: u32| {
        let arguments = json!({ "amount": amount, "recipient": "Alice" }).to_string();
        ("transfer".to_owned(), arguments)
    };
    let calls = [500, 600, 700].map(transfer).to_vec();
    stage.server.lab.answer([Answer::Calls(calls), Answer::Says("As you like.".to_owned())]);
    agent.say("Pay what is due").await?;
    until_true("three calls wait", async || {
        Ok(agent.pending().await?.as_array().is_some_and(|calls| calls.len() == 3))
    })
    .await?;
    Ok(agent)
}

async fn done(stage: &Stage, count: usize) -> Result<()> {
    until_true("all of them are done", async || Ok(stage.server.lab.effects().len() == count)).await
}

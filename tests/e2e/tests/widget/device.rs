//! The browser's own model, which makes plans: a stand-in of its API with the stand-in model behind it,
//! and the browser's own refusal.

use anyhow::{Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::stage::{Stage, play};
use holdpoint_e2e::until_true;
use serde_json::json;

#[tokio::test]
async fn plan_of_the_browsers_model_is_held_over_a_reload_and_runs_once() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab(AVAILABLE).await?;
        agent.say("Hello").await?;
        agent.shows("I am the bank agent").await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.card().await?;
        let agent = stage.lab(AVAILABLE).await?;
        agent.approve().await?;
        agent.shows("Done: ").await?;
        agent.is("idle").await?;
        ensure!(stage.server.lab.effects().len() == 1);
        // The session is made of the journal, and none is left open.
        let sessions = agent.run("return sessions", vec![]).await?;
        let said = sessions[0]["prompts"].as_array().map(Vec::as_slice).unwrap_or_default();
        ensure!(said[0]["role"] == "system" && said[1]["content"] == "Hello", "{sessions}");
        ensure!(said.iter().any(|said| said["content"] == "Transfer 500 to Alice"), "{sessions}");
        let all = sessions.as_array().into_iter().flatten();
        ensure!(all.clone().count() > 0 && all.clone().all(|it| it["isOpen"] == false));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn schema_that_the_browsers_model_cannot_be_held_to_is_asked_for_in_words() -> Result<()> {
    play(async |stage| {
        let agent = stage.held(&format!("{AVAILABLE}&schemas=none")).await?;
        agent.approve().await?;
        agent.shows("Done: ").await
    })
    .await
}

#[tokio::test]
async fn download_of_the_browsers_model_begins_by_a_press_and_is_shown() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab(DOWNLOADABLE).await?;
        agent.say("Transfer 500 to Alice").await?;
        downloading(&agent, 0.42).await?;
        agent.shows("The browser downloads its model: 40%").await?;
        downloading(&agent, 1.0).await?;
        agent.card().await?;
        until_true("the download is not shown any more", async || {
            Ok(!agent.text().await?.contains("downloads its model"))
        })
        .await
    })
    .await
}

#[tokio::test]
async fn run_that_nobody_pressed_for_waits_for_a_press_to_download() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab(DOWNLOADABLE).await?;
        agent.run("await agent.submit({ text: 'Transfer 500 to Alice' })", vec![]).await?;
        agent.shows("does so when someone presses a button").await?;
        agent.press("Try again").await?;
        downloading(&agent, 1.0).await?;
        agent.card().await.map(drop)
    })
    .await
}

#[tokio::test]
async fn what_the_browsers_model_cannot_do_is_told_with_its_reason() -> Result<()> {
    play(async |stage| {
        for (query, reason) in [
            ("device=none", "this browser has no model of its own"),
            ("device=unavailable", "cannot be used on this device"),
            ("device=available&window=300", "longer than the browser's model can read"),
        ] {
            tells(stage, query, reason).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn run_that_calls_tools_as_it_goes_is_not_for_the_browsers_model() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("device=available").await?;
        agent.run("agent.api = 'on-device'", vec![]).await?;
        agent.approve().await?;
        agent.shows("this run calls tools as it goes").await
    })
    .await
}

/// Where this Chromium had a model, it would have to be downloaded first.
#[tokio::test]
async fn browser_that_has_no_model_says_so_itself() -> Result<()> {
    play(async |stage| tells(stage, "real", "model").await).await
}

#[tokio::test]
async fn plan_that_is_none_is_not_acted_upon() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab(&format!("{AVAILABLE}&says=Surely, I have sent it.")).await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.shows("The assistant could not finish").await?;
        ensure!(stage.server.lab.effects().is_empty());
        Ok(())
    })
    .await
}

async fn tells(stage: &Stage, query: &str, reason: &str) -> Result<()> {
    let namespace = query.len();
    let agent = stage.lab(&format!("api=on-device&{query}&namespace={namespace}")).await?;
    agent.say("Hello").await?;
    agent.shows("The model gave no answer").await?;
    agent.shows(reason).await
}

/// Lets the download come to this part of the whole.
async fn downloading(agent: &Agent, part: f64) -> Result<()> {
    let go_on = "return download ? (download(args[0]), true) : false";
    until_true("the download has begun", async || {
        Ok(agent.run(go_on, vec![json!(part)]).await? == true)
    })
    .await
}

const AVAILABLE: &str = "api=on-device&device=available";
const DOWNLOADABLE: &str = "api=on-device&device=downloadable";

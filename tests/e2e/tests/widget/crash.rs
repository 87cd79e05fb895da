//! The browser is killed, or the page dies, at each moment that matters: never two effects, never a
//! lost approval.

use anyhow::{Context, Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::lab::{Lab, Point};
use holdpoint_e2e::stage::{Stage, play};
use holdpoint_e2e::until_true;
use serde_json::json;

#[tokio::test]
async fn approval_outlives_a_crash_before_the_tool_starts() -> Result<()> {
    play(async |stage| {
        stopped_at(stage, "hold=holdpoint-decision", Point::Event).await?;
        let agent = stage.crash_into_lab("").await?;
        agent.shows("Done: ").await?;
        agent.is("idle").await?;
        effects_are(&stage.server.lab, 1)
    })
    .await
}

#[tokio::test]
async fn approval_waits_for_a_tool_that_is_not_registered() -> Result<()> {
    play(async |stage| {
        stopped_at(stage, "hold=holdpoint-decision", Point::Event).await?;
        let agent = stage.crash_into_lab("tools=none").await?;
        agent.shows("The tool is not ready").await?;
        effects_are(&stage.server.lab, 0)?;
        let agent = stage.crash_into_lab("").await?;
        agent.shows("Done: ").await?;
        effects_are(&stage.server.lab, 1)
    })
    .await
}

#[tokio::test]
async fn crash_before_the_call_leaves_it_in_doubt() -> Result<()> {
    play(async |stage| {
        stopped_at(stage, "hold=holdpoint-tool-start", Point::Event).await?;
        let agent = in_doubt_after_crash(stage, "").await?;
        effects_are(&stage.server.lab, 0)?;
        agent.press("It did not happen").await?;
        agent.has_no_card().await?;
        agent.is("idle").await?;
        effects_are(&stage.server.lab, 0)
    })
    .await
}

#[tokio::test]
async fn crash_during_the_call_leaves_it_in_doubt() -> Result<()> {
    play(async |stage| {
        stopped_at(stage, "", Point::BeforeEffect).await?;
        let agent = in_doubt_after_crash(stage, "").await?;
        agent.shows("it may happen twice").await?;
        // Below that warning, this press is itself the new approval.
        agent.press("Try again").await?;
        agent.shows("Done: ").await?;
        effects_are(&stage.server.lab, 1)
    })
    .await
}

#[tokio::test]
async fn crash_between_effect_and_result_leaves_it_in_doubt() -> Result<()> {
    play(async |stage| {
        stopped_at(stage, "", Point::AfterEffect).await?;
        let agent = in_doubt_after_crash(stage, "").await?;
        effects_are(&stage.server.lab, 1)?;
        agent.press("It happened").await?;
        agent.has_no_card().await?;
        agent.is("idle").await?;
        effects_are(&stage.server.lab, 1)
    })
    .await
}

#[tokio::test]
async fn tool_is_asked_what_became_of_a_call_in_doubt() -> Result<()> {
    play(async |stage| {
        stopped_at(stage, "verify", Point::AfterEffect).await?;
        let agent = in_doubt_after_crash(stage, "verify").await?;
        agent.press("Check").await?;
        agent.has_no_card().await?;
        agent.is("idle").await?;
        effects_are(&stage.server.lab, 1)
    })
    .await
}

#[tokio::test]
async fn call_in_doubt_stays_in_doubt_over_another_crash() -> Result<()> {
    play(async |stage| {
        stopped_at(stage, "", Point::AfterEffect).await?;
        in_doubt_after_crash(stage, "").await?;
        in_doubt_after_crash(stage, "").await?;
        effects_are(&stage.server.lab, 1)
    })
    .await
}

#[tokio::test]
async fn idempotent_call_is_repeated_with_the_same_key() -> Result<()> {
    play(async |stage| {
        stopped_at(stage, "hints=idempotentHint", Point::AfterEffect).await?;
        let agent = stage.crash_into_lab("hints=idempotentHint").await?;
        agent.shows("Done: ").await?;
        let keys = stage.server.lab.effects();
        ensure!(matches!(&keys[..], [first, second] if first == second), "{keys:?}");
        Ok(())
    })
    .await
}

/// The steps of the test kit, as docs/testing.md tells of them.
#[tokio::test]
async fn page_that_dies_at_a_step_is_found_as_the_guide_says() -> Result<()> {
    play(async |stage| {
        for (step, found, count) in [
            ("before answered", Found::Card, 0),
            ("after answered", Found::Card, 0),
            ("before decided", Found::Card, 0),
            ("after decided", Found::Done, 1),
            ("before tool_started", Found::Done, 1),
            ("after tool_started", Found::Doubt, 0),
            ("before tool_finished", Found::Doubt, 1),
            ("after tool_finished", Found::Done, 1),
        ] {
            dies_at(stage, step, found, count).await.context(step)?;
        }
        Ok(())
    })
    .await
}

/// What a person finds after the reload.
enum Found {
    Card,
    Done,
    Doubt,
}

async fn dies_at(stage: &Stage, step: &str, found: Found, count: usize) -> Result<()> {
    let query = format!("namespace={}", step.replace(' ', "-"));
    let before = stage.server.lab.effects().len();
    let agent = stage.lab(&query).await?;
    let arm = async || {
        let arm = "const { crash } = await import('/testing/crash.js'); crash(args[0]);";
        agent.run(arm, vec![json!(step)]).await
    };
    if step.ends_with("answered") {
        arm().await?;
        agent.say("Transfer 500 to Alice").await?;
    } else {
        agent.say("Transfer 500 to Alice").await?;
        agent.card().await?;
        arm().await?;
        agent.approve().await?;
    }
    until_true("the page dies", async || {
        Ok(agent.run("return holdpointCrash.dead", vec![]).await? == true)
    })
    .await?;
    let agent = stage.lab(&query).await?;
    match found {
        Found::Card => drop(agent.card().await?),
        Found::Done => agent.shows("Done: ").await?,
        Found::Doubt => agent.shows("In doubt").await?,
    }
    let effects = stage.server.lab.effects().len() - before;
    ensure!(effects == count, "expected {count} effects, found {effects}");
    Ok(())
}

/// Asks for a transfer and approves it; the page then stands still at the point, for good.
async fn stopped_at(stage: &Stage, query: &str, point: Point) -> Result<()> {
    let agent = stage.lab(query).await?;
    agent.say("Transfer 500 to Alice").await?;
    agent.card().await?;
    stage.server.lab.hold(point);
    // A page that stands still does not answer the driver either, so the click is not waited for.
    tokio::select! {
        () = stage.server.lab.reached() => Ok(()),
        Err(error) = agent.approve() => Err(error),
    }
}

/// Kills the browser, comes back, and finds the card that says so.
async fn in_doubt_after_crash(stage: &mut Stage, query: &str) -> Result<Agent> {
    let agent = stage.crash_into_lab(query).await?;
    agent.shows("In doubt").await?;
    agent.is("waiting").await?;
    let pending = agent.pending().await?;
    ensure!(pending[0]["status"] == "in-doubt", "{pending}");
    Ok(agent)
}

fn effects_are(lab: &Lab, count: usize) -> Result<()> {
    let effects = lab.effects();
    ensure!(effects.len() == count, "expected {count} effects, found {effects:?}");
    Ok(())
}

//! The scenario of the demo, in both modes; `formats.rs` has it over the proxy.

use std::io::Write;

use anyhow::{Result, ensure};
use holdpoint_e2e::bank::Bank;
use holdpoint_e2e::browser::Engine;
use holdpoint_e2e::stage::{STAND_IN, Stage, play, play_with};

#[tokio::test]
async fn bank_scenario_runs_with_tools_offline() -> Result<()> {
    play(async |stage| scenario(stage, "tools", "demo").await.map(drop)).await
}

#[tokio::test]
async fn bank_scenario_runs_with_a_plan_offline() -> Result<()> {
    play(async |stage| scenario(stage, "plan", "demo").await.map(drop)).await
}

#[tokio::test]
async fn held_transfer_is_finished_after_the_server_is_gone() -> Result<()> {
    play(async |stage| {
        let bank = stage.bank().await?;
        bank.is_kept().await?;
        bank.choose_api("demo").await?;
        hold_500(&bank).await?;
        stage.server.stop().await?;
        bank.reload().await?;
        bank.agent.approve().await?;
        bank.has("500.00").await?;
        bank.agent.shows("Done: 500 to Alice").await?;
        stage.server.start_again().await
    })
    .await
}

#[tokio::test]
async fn held_transfer_survives_the_death_of_the_browser() -> Result<()> {
    play(async |stage| {
        let bank = stage.bank().await?;
        hold_500(&bank).await?;
        stage.browser.relaunch().await?;
        let bank = stage.bank().await?;
        let card = bank.agent.card().await?;
        ensure!(card.contains("500") && card.contains("Alice"), "{card}");
        bank.has("1,000.00").await?;
        bank.agent.approve().await?;
        bank.has("500.00").await?;
        ensure!(bank.transfers().await? == 1);
        Ok(())
    })
    .await
}

/// `cargo test` reports a test that has nothing to run in as passed, so this says that it did not.
#[tokio::test]
async fn held_transfer_survives_a_reload_in_firefox() -> Result<()> {
    if std::env::var_os("GECKODRIVER").is_none() {
        // Written past the test runner, which keeps to itself what a passed test prints.
        writeln!(std::io::stderr(), "not run: Firefox (GECKODRIVER names no driver)")?;
        return Ok(());
    }
    play_with(Engine::Firefox, STAND_IN, async |stage| {
        scenario(stage, "tools", "responses").await.map(drop)
    })
    .await
}

/// What the page promises, from the first question to the last: what is small is done, what is large
/// is held over a reload and done once it is approved, and what is denied is not done.
pub(crate) async fn scenario(stage: &mut Stage, mode: &str, api: &str) -> Result<Bank> {
    let bank = stage.bank().await?;
    bank.choose_mode(mode).await?;
    bank.speak(api).await?;
    bank.has("1,000.00").await?;

    bank.agent.say("Check my balance and transfer 50 to Alice").await?;
    bank.has("950.00").await?;
    bank.agent.is("idle").await?;

    hold_500(&bank).await?;
    bank.reload().await?;
    bank.speak(api).await?;
    let card = bank.agent.card().await?;
    ensure!(card.contains("transfers above 100 need a person"), "{card}");
    // In a plan the model says of every action that it needs no confirmation.
    let is_overruled = card.contains("The model said that no confirmation was needed");
    ensure!(is_overruled == (mode == "plan"), "{card}");
    bank.has("950.00").await?;
    bank.agent.approve().await?;
    bank.has("450.00").await?;
    bank.agent.shows("Done: 500 to Alice").await?;
    bank.agent.has_no_card().await?;

    bank.agent.say("Transfer 200 to Bob").await?;
    bank.agent.deny("Not this month").await?;
    bank.agent.shows("you declined it (Not this month)").await?;
    bank.has("450.00").await?;

    bank.agent.say("What can you do?").await?;
    bank.agent.shows("I am the bank agent of this demo").await?;
    bank.agent.is("idle").await?;
    ensure!(bank.transfers().await? == 2);
    Ok(bank)
}

/// Asks for what needs a person, and waits for the card.
async fn hold_500(bank: &Bank) -> Result<()> {
    bank.agent.say("Transfer 500 to Alice").await?;
    bank.agent.card().await?;
    bank.agent.is("waiting").await
}

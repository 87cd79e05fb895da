//! The bank's scenario without a pointer: every step by a key, and the focus always somewhere.

use anyhow::{Result, ensure};
use holdpoint_e2e::keyboard::Keyboard;
use holdpoint_e2e::lab::Answer;
use holdpoint_e2e::stage::play;
use thirtyfour::Key;

#[tokio::test]
async fn bank_scenario_runs_by_keyboard_alone() -> Result<()> {
    play(async |stage| {
        let bank = stage.bank().await?;
        let agent = &bank.agent;
        let keys = Keyboard(agent);
        bank.has("1,000.00").await?;

        keys.forward_to("input").await?;
        keys.watch().await?;
        keys.write("Check my balance and transfer 50 to Alice").await?;
        keys.press(Key::Enter).await?;
        bank.has("950.00").await?;
        agent.is("idle").await?;
        keys.is_at("input").await?;

        keys.write("Transfer 500 to Alice").await?;
        keys.press(Key::Enter).await?;
        agent.card().await?;
        keys.is_at("input").await?;
        keys.was_never_lost().await?;

        // A page that was loaded anew has no focus yet.
        bank.reload().await?;
        agent.card().await?;
        bank.has("950.00").await?;
        keys.forward_to("approve-button").await?;
        keys.watch().await?;
        agent.enabled("approve-button").await?;
        keys.press(Key::Space).await?;
        bank.has("450.00").await?;
        agent.shows("Done: 500 to Alice").await?;
        agent.is("idle").await?;
        keys.is_at("receipt").await?;

        keys.forward_to("input").await?;
        keys.write("Transfer 300 to Bob").await?;
        keys.press(Key::Enter).await?;
        agent.card().await?;
        keys.back_to("deny-button").await?;
        keys.press(Key::Enter).await?;
        keys.is_at("deny-reason").await?;
        // The way back leads to where it was left.
        keys.forward_to("back-button").await?;
        keys.press(Key::Enter).await?;
        keys.is_at("deny-button").await?;
        keys.press(Key::Enter).await?;
        keys.is_at("deny-reason").await?;
        keys.write("Not this month").await?;
        keys.forward_to("deny-button").await?;
        keys.press(Key::Enter).await?;
        agent.shows("you declined it (Not this month)").await?;
        agent.has_no_card().await?;
        keys.is_at("receipt").await?;
        keys.was_never_lost().await?;
        bank.has("450.00").await?;
        ensure!(bank.transfers().await? == 2);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn message_is_sent_and_answer_stopped_by_their_buttons_without_losing_the_focus() -> Result<()>
{
    play(async |stage| {
        stage.server.lab.answer([Answer::HeldAfter(64)]);
        let agent = stage.lab("").await?;
        let keys = Keyboard(&agent);
        keys.forward_to("input").await?;
        keys.watch().await?;
        keys.write("lorem 300").await?;
        keys.forward_to("send-button").await?;
        keys.press(Key::Enter).await?;
        agent.shows("Lorem").await?;
        keys.is_at("input").await?;
        keys.forward_to("stop-button").await?;
        keys.press(Key::Enter).await?;
        agent.shows("You stopped this").await?;
        keys.is_at("input").await?;
        keys.was_never_lost().await
    })
    .await
}

//! `cargo xtask screenshot`: the picture in the README, of the page as it is.

use std::time::Duration;

use anyhow::{Context, Result};
use holdpoint_e2e::browser::Engine;
use holdpoint_e2e::stage::Stage;

#[tokio::main]
async fn main() -> Result<()> {
    let to = std::env::args().nth(1).context("expected the path of the picture")?;
    let stage = Stage::set(Engine::Chromium, Duration::ZERO).await?;
    let bank = stage.bank().await?;
    let driver = bank.agent.tab.front().await?;
    driver.set_window_rect(0, 0, WIDTH, HEIGHT).await?;
    bank.agent.say("check my balance and transfer 50 to Alice").await?;
    bank.has("950.00").await?;
    bank.agent.is("idle").await?;
    bank.agent.say("transfer 500 to Alice").await?;
    bank.agent.card().await?;
    // A card is settled once it can be decided.
    bank.agent.enabled("approve-button").await?;
    driver.screenshot(to.as_ref()).await?;
    Ok(())
}

const WIDTH: u32 = 1280;
const HEIGHT: u32 = 1000;

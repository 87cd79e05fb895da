//! The scenario of the demo over the proxy: both modes, each wire format, and two upstreams that know
//! nothing of each other, the stand-in model and aimock.

use anyhow::{Context, Result, ensure};
use holdpoint_core::stream::Api;
use holdpoint_e2e::aimock::Aimock;
use holdpoint_e2e::browser::Engine;
use holdpoint_e2e::stage::{STAND_IN, play_with};
use holdpoint_proxy::Upstream;

use crate::bank::scenario;

#[tokio::test]
async fn bank_scenario_runs_with_tools_in_responses_over_the_stand_in() -> Result<()> {
    over_the_stand_in("tools", "responses").await
}

#[tokio::test]
async fn bank_scenario_runs_with_tools_in_chat_over_the_stand_in() -> Result<()> {
    over_the_stand_in("tools", "chat").await
}

#[tokio::test]
async fn bank_scenario_runs_with_tools_in_messages_over_the_stand_in() -> Result<()> {
    over_the_stand_in("tools", "messages").await
}

#[tokio::test]
async fn bank_scenario_runs_with_a_plan_in_responses_over_the_stand_in() -> Result<()> {
    over_the_stand_in("plan", "responses").await
}

#[tokio::test]
async fn bank_scenario_runs_with_a_plan_in_chat_over_the_stand_in() -> Result<()> {
    over_the_stand_in("plan", "chat").await
}

#[tokio::test]
async fn bank_scenario_runs_with_a_plan_in_messages_over_the_stand_in() -> Result<()> {
    over_the_stand_in("plan", "messages").await
}

#[tokio::test]
async fn bank_scenario_runs_with_tools_in_responses_over_aimock() -> Result<()> {
    over_aimock("tools", "responses").await
}

#[tokio::test]
async fn bank_scenario_runs_with_tools_in_chat_over_aimock() -> Result<()> {
    over_aimock("tools", "chat").await
}

#[tokio::test]
async fn bank_scenario_runs_with_tools_in_messages_over_aimock() -> Result<()> {
    over_aimock("tools", "messages").await
}

#[tokio::test]
async fn bank_scenario_runs_with_a_plan_in_responses_over_aimock() -> Result<()> {
    over_aimock("plan", "responses").await
}

#[tokio::test]
async fn bank_scenario_runs_with_a_plan_in_chat_over_aimock() -> Result<()> {
    over_aimock("plan", "chat").await
}

#[tokio::test]
async fn bank_scenario_runs_with_a_plan_in_messages_over_aimock() -> Result<()> {
    over_aimock("plan", "messages").await
}

async fn over_the_stand_in(mode: &str, api: &str) -> Result<()> {
    over(STAND_IN, mode, api).await
}

/// `cargo test` reports a test without a mock as passed; the mock itself says that it did not run.
async fn over_aimock(mode: &str, api: &str) -> Result<()> {
    let Some(mock) = Aimock::start().await? else { return Ok(()) };
    over(mock.upstream()?, mode, api).await
}

async fn over(upstream: Upstream, mode: &str, api: &str) -> Result<()> {
    let path = Api::named(api).context("no such wire format")?.path();
    play_with(Engine::Chromium, upstream, async |stage| {
        let asked = scenario(stage, mode, api).await?.asked().await?;
        ensure!(asked.iter().eq([&format!("/v1/{path}")]), "{asked:?}");
        Ok(())
    })
    .await
}

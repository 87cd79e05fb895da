//! The agent without its views, and a page with a card of its own.

use anyhow::{Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::stage::{Stage, play};
use holdpoint_e2e::{until, until_true};
use serde_json::json;
use thirtyfour::{By, WebElement};

#[tokio::test]
async fn card_of_the_page_approves_a_call_that_runs_once() -> Result<()> {
    play(async |stage| {
        let agent = asked(stage).await?;
        let card = card(&agent).await?.text().await?;
        for words in [
            "Transfer 500 to Alice",
            "critical: transfers above 100 need a person",
            "amount: 500 (person), recipient: Alice (person)",
            "of amount and recipient",
        ] {
            ensure!(card.contains(words), "{card}");
        }
        press(&agent, "Approve").await?;
        agent.is("idle").await?;
        ensure!(stage.server.lab.effects().len() == 1);
        ensure!(agent.tab.run("return cards.children.length", vec![]).await? == 0);
        let kinds = agent.journal().await?;
        ensure!(kinds.iter().any(|kind| kind == "decided"), "{kinds:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn card_of_the_page_comes_back_after_a_reload_and_denies() -> Result<()> {
    play(async |stage| {
        let agent = asked(stage).await?;
        card(&agent).await?;
        agent.tab.reload().await?;
        agent.ready().await?;
        card(&agent).await?;
        press(&agent, "Deny").await?;
        agent.is("idle").await?;
        ensure!(stage.server.lab.effects().is_empty());
        let told = stage.server.lab.requests().last().cloned().unwrap_or_default();
        ensure!(told.to_string().contains("not today"), "{told}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn headless_agent_renders_nothing_and_shows_all_once_it_is_not() -> Result<()> {
    play(async |stage| {
        let agent = asked(stage).await?;
        card(&agent).await?;
        let is_bare = "return !agent.shadowRoot.querySelector('.base') && !agent.checkVisibility()";
        ensure!(agent.run(is_bare, vec![]).await? == true);
        // The page has its card; the widget says what was asked, and has none beside it.
        agent.run("agent.layout = 'inline'", vec![]).await?;
        agent.shows("Transfer 500 to Alice").await?;
        ensure!(agent.parts("approve-button").await?.is_empty());
        agent.run("agent.layout = 'headless'", vec![]).await?;
        ensure!(agent.run(is_bare, vec![]).await? == true);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn decision_with_another_digest_is_refused() -> Result<()> {
    play(async |stage| {
        let agent = asked(stage).await?;
        card(&agent).await?;
        let other = "0".repeat(64);
        let thrown = "const [{ callId }] = agent.pending;
            return agent.approve(callId, { digest: args[0] }).then(() => '', ({ code }) => code);";
        let code = agent.run(thrown, vec![json!(other)]).await?;
        ensure!(code.as_str().is_some_and(|code| !code.is_empty()), "{code}");
        ensure!(stage.server.lab.effects().is_empty());
        press(&agent, "Approve").await?;
        agent.is("idle").await?;
        ensure!(stage.server.lab.effects().len() == 1);
        Ok(())
    })
    .await
}

/// The page, with a transfer that waits.
async fn asked(stage: &Stage) -> Result<Agent> {
    let agent = stage.agent().await?;
    agent.tab.open(&stage.server.url("/headless.html")).await?;
    agent.ready().await?;
    agent.run("await agent.send('Transfer 500 to Alice')", vec![]).await?;
    Ok(agent)
}

async fn card(agent: &Agent) -> Result<WebElement> {
    until("the page shows its card", async || {
        let found = agent.tab.front().await?.find_all(By::Css("#cards article")).await?;
        Ok(found.into_iter().next())
    })
    .await
}

async fn press(agent: &Agent, name: &str) -> Result<()> {
    until_true(&format!("“{name}” is pressed"), async || {
        for button in agent.tab.front().await?.find_all(By::Css("#cards button")).await? {
            if button.text().await? == name {
                button.click().await?;
                return Ok(true);
            }
        }
        Ok(false)
    })
    .await
}

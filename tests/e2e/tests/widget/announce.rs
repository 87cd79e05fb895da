//! What a screen reader is told: events, each once, and never a stream.

use anyhow::{Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::lab::{Answer, Point};
use holdpoint_e2e::stage::{Stage, play};
use holdpoint_e2e::until_true;
use serde_json::Value;

#[tokio::test]
async fn stream_of_500_tokens_makes_at_most_four_announcements() -> Result<()> {
    play(async |stage| {
        for voice in ["", "&voice=regions"] {
            let agent = asked(stage, &format!("hurry=100{voice}")).await?;
            // Thirty seconds go by in the middle of it.
            says(&agent, "Still answering", 2).await?;
            stage.server.lab.release();
            says(&agent, "Answer complete, 5 paragraphs, in the log", 1).await?;
            let said = said(&agent).await?;
            ensure!(said.len() <= 4, "it said {said:#?}");
            ensure!(said[0].1 == "Assistant is answering", "it said {said:#?}");
            ensure!(said.iter().all(|(priority, _)| priority == "normal"), "it said {said:#?}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn full_announcements_say_the_beginning_of_an_answer_without_its_marks() -> Result<()> {
    play(async |stage| {
        let agent = asked(stage, "announce=full").await?;
        stage.server.lab.release();
        says(&agent, "word 0 word 1 word 2", 1).await?;
        says(&agent, "Answer complete", 1).await?;
        let last = said(&agent).await?.pop().unwrap_or_default().1;
        ensure!(!last.contains('*') && last.chars().count() < 360, "it said {last}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn status_alone_says_what_waits_and_off_says_nothing() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("announce=status").await?;
        agent.say("transfer 500 to Alice").await?;
        agent.card().await?;
        let needed = "Approval needed: Transfer 500 to Alice. This tool always asks.";
        says(&agent, needed, 1).await?;
        agent.approve().await?;
        agent.shows("Done: 500 to Alice").await?;

        agent.run("agent.announce = 'off'", vec![]).await?;
        agent.say("transfer 600 to Alice").await?;
        agent.approve().await?;
        agent.shows("Done: 600 to Alice").await?;

        agent.run("agent.announce = 'status'", vec![]).await?;
        agent.say("transfer 700 to Alice").await?;
        says(&agent, "Approval needed: Transfer 700 to Alice.", 1).await?;
        let said = said(&agent).await?;
        ensure!(said.len() == 2, "it said {said:#?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn only_what_cannot_be_undone_interrupts() -> Result<()> {
    play(async |stage| {
        for voice in ["", "&voice=regions"] {
            let agent = stage.lab(&format!("hints=destructiveHint{voice}")).await?;
            agent.say("transfer 500 to Alice").await?;
            says(&agent, "Approval needed", 1).await?;
            let said = said(&agent).await?;
            let loud: Vec<_> = said.iter().filter(|(priority, _)| priority == "high").collect();
            ensure!(loud.len() == 1 && loud[0].1.starts_with("Approval needed"), "{said:#?}");
            agent.deny("no").await?;
            agent.has_no_card().await?;
            agent.is("idle").await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn waiting_card_is_said_again_after_a_reload_and_history_is_not() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("").await?;
        agent.say("transfer 5 to Bob").await?;
        agent.approve().await?;
        agent.shows("Done: ").await?;
        agent.say("transfer 500 to Alice").await?;
        agent.card().await?;
        let agent = stage.lab("").await?;
        says(&agent, "Approval needed: Transfer 500 to Alice", 1).await?;
        let said = said(&agent).await?;
        ensure!(said.len() == 1, "it said {said:#?}");
        Ok(())
    })
    .await
}

/// The lab with a long answer on the way, held in its middle.
async fn asked(stage: &Stage, query: &str) -> Result<Agent> {
    let words = (0..500).map(|at| match at % 100 {
        0 if at > 0 => format!("\n\n**word {at}** "),
        _ => format!("word {at} "),
    });
    stage.server.lab.answer([Answer::Words(words.collect())]);
    stage.server.lab.hold(Point::MidAnswer);
    let agent = stage.lab(query).await?;
    agent.say("tell me something long").await?;
    stage.server.lab.reached().await;
    Ok(agent)
}

/// What was said, with its priority.
async fn said(agent: &Agent) -> Result<Vec<(String, String)>> {
    let said: Value = agent.run("return said", vec![]).await?;
    Ok(serde_json::from_value(said)?)
}

/// Waits until these words were said so many times.
async fn says(agent: &Agent, words: &str, times: usize) -> Result<()> {
    until_true(&format!("it says “{words}”"), async || {
        let said = said(agent).await?;
        let found = said.iter().filter(|(_, said)| said.contains(words)).count();
        ensure!(found >= times, "it said {said:#?}");
        Ok(true)
    })
    .await
}

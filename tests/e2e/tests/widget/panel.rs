//! The developer's panel: what it shows, what it keeps to itself, and the crash that it can cause.

use anyhow::{Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::corpora::Corpora;
use holdpoint_e2e::stage::play;
use holdpoint_e2e::until_true;
use serde_json::Value;

use crate::axe::violations;

#[tokio::test]
async fn panel_shows_a_held_call_with_its_rule_and_replays_the_run() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("debug&rule").await?;
        says(&agent, "debug-journal", &["started", "answered"]).await?;
        agent.one("[data-kind=answered]", 0).await?.click().await?;
        let rule = ["ask", "in-time", "transfers need a person, in time"];
        says(&agent, "debug-step", &rule).await?;
        says(&agent, "debug-step", &["request approval", "awaiting-approval", "held"]).await?;

        agent.press_named("Previous step").await?;
        says(&agent, "debug-step", &["ask the model", "awaiting-model", "Transfer 500"]).await?;
        agent.press_named("Next step").await?;
        says(&agent, "debug-step", &["awaiting-approval"]).await?;

        agent.approve().await?;
        agent.shows("Done: ").await?;
        let kinds = ["decided", "tool_started", "tool_finished"];
        says(&agent, "debug-journal", &kinds).await?;
        agent.one("[data-kind=tool_started]", 0).await?.click().await?;
        says(&agent, "debug-step", &["call the tool", "transfer, attempt 1", "started"]).await?;
        let (shown, stored) = (agent.run(SHOWN, vec![]).await?, agent.journal().await?.len());
        ensure!(shown == stored as u64, "{shown} of {stored} entries are shown");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn wire_log_has_questions_and_answers_and_no_secret() -> Result<()> {
    play(async |stage| {
        stage.allow_complaints();
        let agent = stage.lab("debug&endpoint=/lab/v1?key=s3cret").await?;
        let secrets = "document.cookie = 's3cret=s3cret'; agent.workerToken = 's3cret';";
        agent.run(secrets, vec![]).await?;
        agent.say("Transfer 400 to Bob").await?;
        agent.one(".dev-way", 1).await?.click().await?;
        says(&agent, "debug-wire", &["/lab/v1", "endpoint_wrong"]).await?;
        agent.run("agent.endpoint = '/lab/v1'", vec![]).await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.card().await?;
        let unfold =
            "for (const it of agent.shadowRoot.querySelectorAll('details')) it.open = true";
        agent.run(unfold, vec![]).await?;
        let told = ["/lab/v1/responses", "200", "text/event-stream", "Transfer 500 to Alice"];
        says(&agent, "debug-wire", &told).await?;
        says(&agent, "debug-wire", &["response.completed"]).await?;
        for room in 0..3 {
            agent.one(".dev-way", room).await?.click().await?;
            let told = panel(&agent).await?;
            ensure!(!told.contains("s3cret"), "{told}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn page_that_is_made_to_die_goes_on_after_a_reload() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("debug").await?;
        agent.press("Page").await?;
        agent.press_named("Crash after decided").await?;
        agent.approve().await?;
        says(&agent, "debug-died", &["after decided"]).await?;
        ensure!(stage.server.lab.effects().is_empty(), "a dead page acted");
        agent.click("reload-button").await?;
        agent.ready().await?;
        agent.shows("Done: ").await?;
        ensure!(stage.server.lab.effects().len() == 1, "{:?}", stage.server.lab.effects());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn panel_violates_no_rule_of_axe() -> Result<()> {
    let Some(corpora) = Corpora::find() else { return Ok(()) };
    let axe = corpora.axe()?;
    play(async |stage| {
        let agent = stage.held("debug&rule").await?;
        agent.one("[data-kind=answered]", 0).await?.click().await?;
        for room in 0..3 {
            agent.one(".dev-way", room).await?.click().await?;
            let unfold =
                "for (const it of agent.shadowRoot.querySelectorAll('details')) it.open = true";
            agent.run(unfold, vec![]).await?;
            for scheme in ["light", "dark"] {
                agent.run("agent.colorScheme = args[0]", vec![scheme.into()]).await?;
                let found = violations(&agent, &axe).await?;
                ensure!(found.is_empty(), "room {room}, {scheme}: {found:#?}");
            }
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn page_that_does_not_ask_for_the_panel_fetches_nothing_of_it() -> Result<()> {
    play(async |stage| {
        for (query, is_fetched) in [("", false), ("debug", true)] {
            let agent = stage.lab(query).await?;
            if is_fetched {
                agent.part("debug-panel").await?;
            }
            agent
                .run("await agent.evaluate('transfer', { amount: 1, recipient: 'Alice' })", vec![])
                .await?;
            let fetched = agent.run(FETCHED, vec![]).await?;
            let names: Vec<_> = fetched.as_array().into_iter().flatten().collect();
            ensure!(names.iter().any(|it| *it == "holdpoint_later.wasm"), "{fetched}");
            let of_panel =
                names.iter().any(|it| it.as_str().is_some_and(|it| it.contains("panel")));
            ensure!(of_panel == is_fetched, "`{query}` fetches {fetched}");
            ensure!(!names.iter().any(|it| *it == "crash.js"), "{fetched}");
            let is_shown = !agent.parts("debug-panel").await?.is_empty();
            ensure!(is_shown == is_fetched, "`{query}` shows a panel: {is_shown}");
        }
        Ok(())
    })
    .await
}

/// Waits until a part of the panel says all of these words.
async fn says(agent: &Agent, part: &str, words: &[&str]) -> Result<()> {
    until_true(&format!("{part} says {words:?}"), async || {
        let text = agent.run(TEXT, vec![part.into()]).await?;
        let text = text.as_str().unwrap_or_default();
        let missing = words.iter().find(|words| !text.contains(**words));
        ensure!(missing.is_none(), "it lacks {missing:?}: {text}");
        Ok(true)
    })
    .await
}

/// All that is in the panel, shown or not.
async fn panel(agent: &Agent) -> Result<String> {
    let text = agent.run(TEXT, vec![Value::from("debug-panel")]).await?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

const TEXT: &str = "
    return agent.shadowRoot.querySelector(`[part~=${args[0]}]`)?.textContent ?? '';";

const SHOWN: &str = "return agent.shadowRoot.querySelectorAll('[part=debug-journal] li').length;";

const FETCHED: &str = "
    return performance.getEntriesByType('resource').map(({ name }) => name.split('/').pop());";

//! A long conversation: its end at once, and the rest as the person goes back.

use anyhow::{Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::seed;
use holdpoint_e2e::stage::{Stage, play};
use holdpoint_e2e::until_true;
use serde_json::{Value, json};

#[tokio::test]
async fn long_conversation_shows_its_end_and_more_as_the_person_goes_back() -> Result<()> {
    play(async |stage| {
        let agent = sown(stage).await?;
        let first = shown(&agent).await?;
        ensure!((1..ALL).contains(&first), "{first} messages are shown");
        agent.shows("Step 29 of 7").await?;
        until_true("the end is in view", async || Ok(agent.run(AT_END, vec![]).await? == true))
            .await?;

        // What is looked at stays where it is, whatever comes above it.
        let before = agent.run(SCROLL_UP, vec![]).await?;
        until_true("more is shown", async || Ok(shown(&agent).await? > first)).await?;
        let text = before[0].clone();
        let after = agent.run(PLACE_OF, vec![text]).await?;
        let moved = |place: &Value| place.as_f64().unwrap_or(f64::NAN);
        ensure!((moved(&before[1]) - moved(&after)).abs() < 2.0, "from {before} to {after}");

        while !agent.parts("earlier-button").await?.is_empty() {
            agent
                .run("agent.shadowRoot.querySelector('[part~=earlier-button]').click()", vec![])
                .await?;
        }
        ensure!(shown(&agent).await? == ALL, "{} of {ALL} are shown", shown(&agent).await?);
        // What was said next takes nothing away.
        agent.run("await agent.send('Hello')", vec![]).await?;
        agent.is("idle").await?;
        ensure!(shown(&agent).await? == ALL + 2, "{} are shown", shown(&agent).await?);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn call_that_waits_is_shown_however_much_came_after_it() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab(&format!("{SOWN}&layout=headless")).await?;
        sow(&agent, &seed::asked(0, 1, false)?).await?;
        for number in 1..4 {
            sow(&agent, &seed::conversation(number, 30)?).await?;
        }
        let agent = stage.lab(SOWN).await?;
        let card = agent.card().await?;
        ensure!(card.contains("Alice"), "{card}");
        ensure!(!agent.parts("earlier-button").await?.is_empty());
        // The person goes there.
        agent.part("approve-button").await?.scroll_into_view().await?;
        agent.approve().await?;
        agent.has_no_card().await?;
        agent.is("idle").await?;
        ensure!(stage.server.lab.effects().len() == 1);
        Ok(())
    })
    .await
}

/// A conversation of eight runs, read from the store.
async fn sown(stage: &Stage) -> Result<Agent> {
    let agent = stage.lab(&format!("{SOWN}&layout=headless")).await?;
    for number in 0..8 {
        sow(&agent, &seed::conversation(number, 30)?).await?;
    }
    stage.lab(SOWN).await
}

async fn sow(agent: &Agent, run: &str) -> Result<()> {
    agent.run("await agent.importRun(new Blob([args[0]]))", vec![json!(run)]).await.map(drop)
}

async fn shown(agent: &Agent) -> Result<u64> {
    let count = "const parts = '[part~=message], [part~=receipt]';
                 return agent.shadowRoot.querySelectorAll(parts).length;";
    Ok(agent.run(count, vec![]).await?.as_u64().unwrap_or_default())
}

const SOWN: &str = "namespace=sown";

/// Eight requests, with thirty answers each and a receipt between two of them.
const ALL: u64 = 8 * (1 + 30 + 29);

const AT_END: &str = "
    const log = agent.shadowRoot.querySelector('[part~=transcript]');
    return log.scrollHeight - log.scrollTop - log.clientHeight < 48;";

/// As a wheel does it: by steps, until the start is near. Gives the first message in view and its
/// place, before anything follows from the last step.
const SCROLL_UP: &str = "
    const log = agent.shadowRoot.querySelector('[part~=transcript]');
    while (log.scrollTop > 1500) {
      log.scrollTop -= 300;
      await new Promise(requestAnimationFrame);
    }
    log.scrollTop -= 400;
    const top = log.getBoundingClientRect().top;
    const all = [...agent.shadowRoot.querySelectorAll('[part~=message]')];
    const first = all.find((it) => it.getBoundingClientRect().bottom > top);
    return [first.textContent, first.getBoundingClientRect().top - top];";

const PLACE_OF: &str = "
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    const log = agent.shadowRoot.querySelector('[part~=transcript]');
    const all = [...agent.shadowRoot.querySelectorAll('[part~=message]')];
    const same = all.find((it) => it.textContent === args[0]);
    return same.getBoundingClientRect().top - log.getBoundingClientRect().top;";

//! One outcome, and at most one effect: whoever clicks twice, in two tabs, or leaves in the middle.

use anyhow::{Context, Result, bail, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::stage::{Stage, play};
use holdpoint_e2e::{until, until_true};
use serde_json::{Value, json};

#[tokio::test]
async fn double_click_approves_once() -> Result<()> {
    play(async |stage| {
        let agent = held(stage, "Transfer 500 to Alice").await?;
        double_click(&agent).await?;
        agent.shows("Done: 500 to Alice").await?;
        agent.is("idle").await?;
        decided_once(stage, &agent, 1).await
    })
    .await
}

#[tokio::test]
async fn second_click_of_two_does_not_decide_about_the_next_card() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("").await?;
        agent.say("Transfer 500 to Alice and 30 to Bob").await?;
        until_true("two cards wait", async || Ok(waiting(&agent).await? == 2)).await?;
        double_click(&agent).await?;
        until_true("the first is done", async || Ok(stage.server.lab.effects().len() == 1)).await?;
        // What the second click had begun would be over when this is.
        agent.deny("no").await?;
        agent.has_no_card().await?;
        agent.is("idle").await?;
        let kinds = agent.journal().await?;
        ensure!(count(&kinds, "decided") == 2, "{kinds:?}");
        ensure!(stage.server.lab.effects().len() == 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn approval_and_denial_at_once_come_to_one_of_them() -> Result<()> {
    play(async |stage| {
        let (first, second) = in_two_tabs(stage).await?;
        occupy_store(&first).await?;
        first.approve().await?;
        second.deny("not from here").await?;
        release_store(&first).await?;
        for agent in [&first, &second] {
            agent.has_no_card().await?;
            agent.is("idle").await?;
        }
        let [decision] = &decisions(&first).await?[..] else { bail!("expected one decision") };
        let approved = !decision["approve"].is_null();
        decided_once(stage, &first, usize::from(approved)).await?;
        let said = if approved { "approved by you" } else { "denied by you: not from here" };
        first.shows(said).await?;
        second.shows(said).await
    })
    .await
}

#[tokio::test]
async fn approval_in_two_tabs_at_once_comes_to_one_effect() -> Result<()> {
    play(async |stage| {
        let (first, second) = in_two_tabs(stage).await?;
        occupy_store(&first).await?;
        first.approve().await?;
        second.approve().await?;
        release_store(&first).await?;
        for agent in [&first, &second] {
            agent.has_no_card().await?;
            agent.is("idle").await?;
            agent.shows("Done: 500 to Alice").await?;
        }
        decided_once(stage, &first, 1).await
    })
    .await
}

#[tokio::test]
async fn decision_in_one_tab_closes_the_card_in_another_and_says_whose_it_was() -> Result<()> {
    play(async |stage| {
        let (first, second) = in_two_tabs(stage).await?;
        first.run("agent.approver = { id: 'u1', name: 'Ada' }", vec![]).await?;
        first.deny("not this month").await?;
        second.has_no_card().await?;
        second.shows("denied by Ada: not this month").await?;
        second.is("idle").await?;
        decided_once(stage, &second, 0).await
    })
    .await
}

/// Dies at the first answer of the browser, then at the second, and so on until there is none left to
/// die at; comes back each time, and settles what is open.
#[tokio::test]
async fn page_that_dies_at_any_await_of_an_approval_leaves_one_outcome() -> Result<()> {
    play(async |stage| {
        let mut ends = Vec::new();
        for n in 1.. {
            let namespace = format!("death-{n}");
            let before = stage.server.lab.effects().len();
            let agent = stage.lab(&format!("namespace={namespace}")).await?;
            agent.run("await agent.send('Transfer 500 to Alice')", vec![]).await?;
            agent.card().await?;
            if !dies(&agent, n).await? {
                ensure!(n > AWAITS_MIN, "only {n} answers were waited for");
                break;
            }
            let agent = stage.lab(&format!("namespace={namespace}")).await?;
            let end = settle(stage, &agent, before).await;
            let end = end.with_context(|| format!("after death {n}; before: {ends:?}"))?;
            let effects = stage.server.lab.effects().len() - before;
            ensure!(effects <= 1, "death {n} led to {effects} effects");
            let kinds = agent.journal().await?;
            ensure!(count(&kinds, "decided") == 1, "death {n}: {kinds:?}");
            ends.push(end);
        }
        // Each kind of end was met, so each of them was tested.
        for end in ["approved anew", "went on", "in doubt", "was over"] {
            ensure!(ends.contains(&end), "no death came to `{end}`: {ends:?}");
        }
        Ok(())
    })
    .await
}

/// Approves and waits for death; false where the run came to its end before.
async fn dies(agent: &Agent, n: i32) -> Result<bool> {
    agent.run(APPROVE_AND_DIE, vec![json!(n)]).await?;
    until("the page dies or is done", async || {
        let found = agent.run("return [holdpointCrash.dead, agent.state]", vec![]).await?;
        Ok(match (&found[0], &found[1]) {
            (Value::Bool(true), _) => Some(true),
            (_, Value::String(state)) if state == "idle" => Some(false),
            _ => None,
        })
    })
    .await
}

/// Brings what was left behind to its end, as a person would, and tells what it was.
async fn settle(stage: &Stage, agent: &Agent, before: usize) -> Result<&'static str> {
    let happened = || stage.server.lab.effects().len() > before;
    let was_over = agent.run("return agent.runs[0].status", vec![]).await? == "completed";
    let end = until("the run stands still", async || {
        let state = agent.run("return agent.state", vec![]).await?;
        let pending = agent.pending().await?;
        Ok(match (state.as_str(), pending[0]["status"].as_str()) {
            (Some("idle"), None) => Some(if was_over { "was over" } else { "went on" }),
            (_, Some("waiting")) => Some("approved anew"),
            (_, Some("in-doubt")) => Some("in doubt"),
            _ => None,
        })
    })
    .await?;
    match end {
        "approved anew" => {
            ensure!(!happened(), "it happened, and is asked for again");
            agent.run(APPROVE, vec![]).await?;
        }
        "in doubt" if happened() => agent.press("It happened").await?,
        "in doubt" => agent.press("It did not happen").await?,
        _ => ensure!(happened(), "it is over, and did not happen"),
    }
    agent.has_no_card().await?;
    agent.is("idle").await?;
    Ok(end)
}

async fn held(stage: &Stage, wish: &str) -> Result<Agent> {
    let agent = stage.lab("").await?;
    agent.say(wish).await?;
    agent.card().await?;
    Ok(agent)
}

async fn in_two_tabs(stage: &Stage) -> Result<(Agent, Agent)> {
    let first = held(stage, "Transfer 500 to Alice").await?;
    let second = Agent { tab: stage.browser.new_tab().await? };
    second.tab.open(&stage.server.url("/lab.html")).await?;
    second.ready().await?;
    second.card().await?;
    Ok((first, second))
}

async fn double_click(agent: &Agent) -> Result<()> {
    let button = agent.approve_button().await?;
    let driver = agent.tab.front().await?;
    Ok(driver.action_chain().double_click_element(&button).perform().await?)
}

async fn waiting(agent: &Agent) -> Result<usize> {
    Ok(agent.parts("approve-button").await?.len())
}

async fn decided_once(stage: &Stage, agent: &Agent, effects: usize) -> Result<()> {
    let kinds = agent.journal().await?;
    ensure!(count(&kinds, "decided") == 1, "{kinds:?}");
    ensure!(count(&kinds, "tool_started") == effects, "{kinds:?}");
    let done = stage.server.lab.effects();
    ensure!(done.len() == effects, "expected {effects} effects, found {done:?}");
    Ok(())
}

/// The decisions in the newest run.
async fn decisions(agent: &Agent) -> Result<Vec<Value>> {
    let found = agent.run(DECISIONS, vec![]).await?;
    serde_json::from_value(found).context("the decisions are no list")
}

fn count(kinds: &[String], kind: &str) -> usize {
    kinds.iter().filter(|found| *found == kind).count()
}

/// From here on nobody's write gets through: every tab's waits its turn.
async fn occupy_store(agent: &Agent) -> Result<()> {
    agent.run(OCCUPY, vec![]).await.map(drop)
}

async fn release_store(agent: &Agent) -> Result<()> {
    agent.tab.run("globalThis.occupied = false", vec![]).await.map(drop)
}

/// An approval waits at least for: two transactions of a look, an add and an end, and the tool.
const AWAITS_MIN: i32 = 6;

const APPROVE: &str = "
    const [{ callId, digest }] = agent.pending;
    await agent.approve(callId, { digest });";

/// Whoever dies does not hear what became of it.
const APPROVE_AND_DIE: &str = "
    const [{ callId, digest }] = agent.pending;
    const { crash } = await import('/testing/crash.js');
    crash(args[0]);
    agent.approve(callId, { digest });";

const DECISIONS: &str = "
    const newest = agent.runs.toSorted((a, b) => b.createdAt - a.createdAt)[0];
    const file = JSON.parse(await (await agent.exportRun(newest.id)).text());
    return file.entries.flatMap(({ record }) => record.decided ? [record.decided.decision] : []);";

const OCCUPY: &str = "
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open('holdpoint:default');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    globalThis.occupied = true;
    const store = database.transaction(['runs', 'entries'], 'readwrite').objectStore('runs');
    const again = () => {
      if (occupied) store.get('-').onsuccess = again;
    };
    again();";

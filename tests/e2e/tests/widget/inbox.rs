//! The inbox: what waits, what is in doubt and what is done, of all conversations and in all tabs.

use anyhow::{Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::stage::{Stage, play};
use holdpoint_e2e::until_true;
use serde_json::{Value, json};
use thirtyfour::{Key, TypingData};

#[tokio::test]
async fn calls_of_all_conversations_are_in_the_inbox() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("").await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.approve().await?;
        agent.shows("Done: 500 to Alice").await?;
        // Another tab begins a conversation of its own.
        let other = another_tab(stage, "").await?;
        other.say("Transfer 20 to Bob").await?;
        agent.click("inbox-button").await?;
        rows_are(&agent, &["Transfer 20 to Bob", "Transfer 500 to Alice"]).await?;
        filter(&agent, 1).await?;
        rows_are(&agent, &["Transfer 20 to Bob"]).await?;
        filter(&agent, 3).await?;
        rows_are(&agent, &["Transfer 500 to Alice"]).await
    })
    .await
}

#[tokio::test]
async fn press_on_a_row_leads_to_its_card() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("").await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.card().await?;
        agent.click("inbox-button").await?;
        agent.click("inbox-item").await?;
        focus_is(&agent, "approval-card").await?;
        ensure!(agent.parts("inbox").await?.is_empty());
        agent.approve().await?;
        agent.shows("Done: 500 to Alice").await
    })
    .await
}

#[tokio::test]
async fn inbox_is_used_by_the_keyboard_alone() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("").await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.card().await?;
        agent.run("agent.shadowRoot.querySelector('[part~=inbox-button]').focus()", vec![]).await?;
        keys(&agent, Key::Enter + "").await?;
        focus_is(&agent, "inbox-search").await?;
        keys(&agent, "alice").await?;
        keys(&agent, Key::Down + "").await?;
        focus_is(&agent, "inbox-item").await?;
        keys(&agent, Key::Escape + "").await?;
        focus_is(&agent, "inbox-button").await?;
        ensure!(agent.parts("inbox").await?.is_empty());
        keys(&agent, Key::Enter + "").await?;
        focus_is(&agent, "inbox-search").await?;
        rows_are(&agent, &["Transfer 500 to Alice"]).await?;
        keys(&agent, Key::Down + "").await?;
        keys(&agent, Key::Enter + "").await?;
        focus_is(&agent, "approval-card").await
    })
    .await
}

#[tokio::test]
async fn order_stays_while_the_focus_is_in_the_list() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("").await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.card().await?;
        agent.click("inbox-button").await?;
        rows_are(&agent, &["Transfer 500 to Alice"]).await?;
        agent.run("agent.shadowRoot.querySelector('[part~=inbox-item]').focus()", vec![]).await?;
        agent.run("await agent.send('Transfer 20 to Bob')", vec![]).await?;
        agent.part("news-button").await?;
        rows_are(&agent, &["Transfer 500 to Alice"]).await?;
        focus_is(&agent, "inbox-item").await?;
        agent.click("news-button").await?;
        rows_are(&agent, &["Transfer 20 to Bob", "Transfer 500 to Alice"]).await
    })
    .await
}

#[tokio::test]
async fn search_finds_words_and_says_where_there_are_none() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("").await?;
        for (amount, name) in [(500, "Alice"), (20, "Bob")] {
            agent
                .run(
                    "await agent.send(args[0])",
                    vec![json!(format!("Transfer {amount} to {name}"))],
                )
                .await?;
        }
        until_true("two calls wait", async || Ok(agent.pending().await?[1].is_object())).await?;
        agent.click("inbox-button").await?;
        let search = agent.part("inbox-search").await?;
        search.send_keys("ALICE").await?;
        rows_are(&agent, &["Transfer 500 to Alice"]).await?;
        search.send_keys(" zzz").await?;
        rows_are(&agent, &[]).await?;
        agent.shows("Nothing with these words.").await
    })
    .await
}

#[tokio::test]
async fn ten_thousand_calls_are_listed_by_the_few_that_are_in_view() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("").await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.card().await?;
        agent.tab.run(SEED, vec![json!(10_000)]).await?;
        agent.click("inbox-button").await?;
        let rows = "return agent.shadowRoot.querySelectorAll('[part~=inbox-item]').length";
        until_true("rows are shown", async || Ok(agent.run(rows, vec![]).await? != 0)).await?;
        let elements = agent.run(rows, vec![]).await?;
        ensure!(elements.as_u64().is_some_and(|rows| rows < 100), "{elements} rows have elements");
        let last = "
            const list = agent.shadowRoot.querySelector('[part~=inbox] ul');
            list.parentElement.scrollTop = list.offsetHeight;
            const rows = [...list.querySelectorAll('[part~=inbox-item]')];
            return rows.some((row) => row.textContent.includes('number 9999'));";
        until_true("the last row is shown", async || Ok(agent.run(last, vec![]).await? == true))
            .await?;
        ensure!(agent.run(rows, vec![]).await?.as_u64().is_some_and(|rows| rows < 100));
        agent.part("inbox-search").await?.send_keys("number 8765").await?;
        rows_are(&agent, &["number 8765"]).await
    })
    .await
}

#[tokio::test]
async fn decision_closes_the_card_of_another_tab_and_says_who_decided() -> Result<()> {
    play(async |stage| {
        let first = stage.lab("title-badge").await?;
        first.run("agent.approver = { id: 'a', name: 'Ana' }", vec![]).await?;
        first.say("Transfer 500 to Alice").await?;
        first.card().await?;
        let second = another_tab(stage, "title-badge").await?;
        second.card().await?;
        title_is(&second, "(1) Lab").await?;
        first.approve().await?;
        second.has_no_card().await?;
        second.shows("Approved by Ana in another tab: Transfer 500 to Alice").await?;
        title_is(&second, "Lab").await?;
        title_is(&first, "Lab").await
    })
    .await
}

#[tokio::test]
async fn launcher_and_event_say_how_many_wait() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("layout=popover").await?;
        agent.run("globalThis.counts = []; agent.addEventListener('holdpoint-pending-change', ({ detail }) => counts.push(detail.count))", vec![]).await?;
        agent.run("await agent.send('Transfer 500 to Alice')", vec![]).await?;
        let launcher = agent.part("launcher").await?;
        until_true("the launcher says it", async || {
            let name = launcher.attr("aria-label").await?.unwrap_or_default();
            Ok(name == "Assistant, 1 approval waiting")
        })
        .await?;
        ensure!(agent.parts("badge").await?.len() == 1);
        ensure!(agent.tab.run("return counts", vec![]).await? == json!([1]));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn browser_that_deletes_storage_is_warned_of_while_something_waits() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("vendor=Apple").await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.card().await?;
        agent.click("inbox-button").await?;
        agent.shows("deletes what a site has stored after seven days").await?;
        agent.part("take-button").await?;
        agent.click("inbox-item").await?;
        agent.deny("no").await?;
        agent.has_no_card().await?;
        agent.click("inbox-button").await?;
        agent.part("inbox-item").await?;
        ensure!(agent.parts("inbox-note").await?.is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn address_leads_to_the_card() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("layout=popover").await?;
        agent.run("await agent.send('Transfer 500 to Alice')", vec![]).await?;
        until_true("a call waits", async || Ok(agent.pending().await?[0].is_object())).await?;
        let call = agent.pending().await?[0]["callId"].clone();
        ensure!(agent.parts("approval-card").await?.is_empty());
        agent.tab.run("location.hash = `#holdpoint=${args[0]}`", vec![call]).await?;
        focus_is(&agent, "approval-card").await?;
        agent.tab.reload().await?;
        focus_is(&agent, "approval-card").await
    })
    .await
}

async fn another_tab(stage: &Stage, query: &str) -> Result<Agent> {
    let agent = Agent { tab: stage.browser.new_tab().await? };
    agent.tab.open(&stage.server.url(&format!("/lab.html?{query}"))).await?;
    agent.ready().await?;
    Ok(agent)
}

/// Presses the filter at this place.
async fn filter(agent: &Agent, at: usize) -> Result<()> {
    Ok(agent.parts("filter-button").await?[at].click().await?)
}

async fn keys(agent: &Agent, keys: impl Into<TypingData>) -> Result<()> {
    Ok(agent.tab.front().await?.action_chain().send_keys(keys).perform().await?)
}

async fn rows_are(agent: &Agent, expected: &[&str]) -> Result<()> {
    until_true(&format!("the rows are {expected:?}"), async || {
        let rows = agent.run(ROWS, vec![]).await?;
        ensure!(rows == json!(expected), "they are {rows}");
        Ok(true)
    })
    .await
}

async fn focus_is(agent: &Agent, part: &str) -> Result<()> {
    until_true(&format!("the focus is on `{part}`"), async || {
        let found: Value = agent
            .run("return agent.shadowRoot.activeElement?.getAttribute('part') ?? ''", vec![])
            .await?;
        ensure!(found == part, "it is on {found}");
        Ok(true)
    })
    .await
}

async fn title_is(agent: &Agent, title: &str) -> Result<()> {
    until_true(&format!("the title is “{title}”"), async || {
        let found = agent.tab.run("return document.title", vec![]).await?;
        ensure!(found == title, "it is {found}");
        Ok(true)
    })
    .await
}

const ROWS: &str = "
    const rows = agent.shadowRoot.querySelectorAll('[part~=inbox-item] .inbox-what');
    return [...rows].map((row) => row.textContent);";

/// Writes rows of calls that were decided long ago.
const SEED: &str = "
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open('holdpoint:default');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const transaction = database.transaction('calls', 'readwrite');
    for (let n = 0; n < args[0]; n += 1) {
      transaction.objectStore('calls').put({
        run: `run-${n}`, call: `run-${n}.0.0`, group: 2, order: n - 1e12, stage: 'succeeded',
        tool: 'transfer', title: 'Transfer', what: `number ${n}`, by: 'Ana', digest: '0'.repeat(64),
      });
    }
    await new Promise((resolve) => (transaction.oncomplete = resolve));
    database.close();";

//! A record that was changed behind the widget's back: refused with words, nothing executed.

use anyhow::{Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::stage::play;
use serde_json::json;

#[tokio::test]
async fn arguments_altered_in_the_store_are_not_executed() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        alter(&agent, "500", "5000").await?;
        agent.approve().await?;
        agent.shows("This record cannot be trusted").await?;
        ensure!(stage.server.lab.effects().is_empty());
        errors_name(&agent, "journal_altered").await
    })
    .await
}

#[tokio::test]
async fn arguments_altered_before_a_reload_are_not_offered() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        alter(&agent, "500", "5000").await?;
        agent.tab.reload().await?;
        agent.ready().await?;
        agent.shows("This record cannot be trusted").await?;
        agent.has_no_card().await?;
        ensure!(stage.server.lab.effects().is_empty());
        errors_name(&agent, "journal_altered").await?;
        // The widget goes on with what can be trusted.
        agent.say("Transfer 7 to Bob").await?;
        agent.approve().await?;
        agent.shows("Done: 7 to Bob").await
    })
    .await
}

#[tokio::test]
async fn approval_of_altered_arguments_is_refused_after_the_decision_too() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        agent.tab.open(&stage.server.url("/lab.html?tools=none")).await?;
        agent.ready().await?;
        agent.approve().await?;
        agent.shows("The tool is not ready").await?;
        alter(&agent, "500", "5000").await?;
        let agent = stage.lab("").await?;
        agent.shows("This record cannot be trusted").await?;
        ensure!(stage.server.lab.effects().is_empty());
        Ok(())
    })
    .await
}

/// Replaces a text in every entry that holds the model's answer.
async fn alter(agent: &Agent, from: &str, to: &str) -> Result<()> {
    let changed = agent.run(ALTER, vec![json!(from), json!(to)]).await?;
    ensure!(changed == 1, "expected to change one entry, changed {changed}");
    Ok(())
}

async fn errors_name(agent: &Agent, code: &str) -> Result<()> {
    let errors = agent.tab.run("return errors", vec![]).await?;
    let named = errors.as_array().is_some_and(|all| all.iter().any(|one| one["code"] == code));
    ensure!(named, "expected an error `{code}`, found {errors}");
    Ok(())
}

const ALTER: &str = "
    const [from, to] = args;
    const settled = (request) => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const database = await settled(indexedDB.open('holdpoint:default'));
    const transaction = database.transaction('entries', 'readwrite');
    const store = transaction.objectStore('entries');
    let changed = 0;
    for (const key of await settled(store.getAllKeys())) {
      const text = await settled(store.get(key));
      if (!JSON.parse(text).record.answered) continue;
      store.put(text.replaceAll(from, to), store.keyPath ? undefined : key);
      changed += 1;
    }
    await new Promise((resolve) => (transaction.oncomplete = resolve));
    database.close();
    return changed;";

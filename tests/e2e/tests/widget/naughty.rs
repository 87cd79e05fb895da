//! Texts that make trouble for those who read them carelessly, as arguments: through the browser's
//! database and back, and side by side on one card.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use holdpoint_core::json::canonical;
use holdpoint_e2e::corpora::naughty_strings;
use holdpoint_e2e::lab::Answer;
use holdpoint_e2e::stage::play;
use serde_json::{Map, Value};

#[tokio::test]
async fn naughty_arguments_come_back_from_the_database_and_no_two_look_the_same() -> Result<()> {
    play(async |stage| {
        let mut values: Vec<Value> = naughty_strings()?.into_iter().map(Value::from).collect();
        values.extend(LIKE_THEM.iter().filter_map(|text| serde_json::from_str(text).ok()));
        let arguments: Map<String, Value> =
            values.iter().enumerate().map(|(at, value)| (key(at), value.clone())).collect();
        let arguments = Value::Object(arguments);
        let answer = Answer::Calls(vec![("take".to_owned(), arguments.to_string())]);
        stage.server.lab.answer([answer]);
        let agent = stage.lab("tools=none").await?;
        agent.run(REGISTER, vec![]).await?;
        agent.run("await agent.send('Take these')", vec![]).await?;
        agent.card().await?;

        for _ in 0..2 {
            let kept = &agent.pending().await?[0]["arguments"];
            ensure!(canonical(kept) == canonical(&arguments), "the arguments were changed");
            let stored = agent.run(STORED, vec![]).await?;
            let stored = stored.as_str().context("the entry is no text")?;
            ensure!(stored.contains(&canonical(&arguments)), "the entry does not have them");
            // Once more with what the database gives.
            agent.tab.reload().await?;
            agent.ready().await?;
            agent.card().await?;
        }

        let shown = agent.run(SHOWN, vec![]).await?;
        let shown: BTreeMap<String, String> = serde_json::from_value(shown)?;
        ensure!(shown.len() == values.len(), "{} of {} are shown", shown.len(), values.len());
        let mut seen: BTreeMap<&str, &Value> = BTreeMap::new();
        for (at, value) in values.iter().enumerate() {
            let text = shown.get(&key(at)).with_context(|| format!("{value} is not shown"))?;
            let other = seen.insert(text, value);
            let same = other.is_none_or(|other| canonical(other) == canonical(value));
            ensure!(same, "{value} and {other:?} both show as {text:?}");
        }
        Ok(())
    })
    .await
}

fn key(at: usize) -> String {
    format!("a{at:04}")
}

/// What a text of the list could be taken for.
const LIKE_THEM: [&str; 14] = [
    "null", "true", "false", "0", "1", "1.5", "-1", "100", "1e2", "[]", "{}", "[\"\"]", "\" \"",
    "\"0 \"",
];

const REGISTER: &str = "
    await agent.registerTool({
      name: 'take',
      description: 'Takes whatever there is',
      inputSchema: { type: 'object' },
      approval: 'always',
      execute: () => 'taken',
    });";

/// The entry with the arguments, as it stands in the database.
const STORED: &str = "
    const settled = (request) => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const database = await settled(indexedDB.open('holdpoint:default'));
    const entries = await settled(database.transaction('entries').objectStore('entries').getAll());
    database.close();
    return entries.find((text) => JSON.parse(text).record.answered);";

/// Each value by its name, as it can be read on the card once nothing of it is left out.
const SHOWN: &str = "
    for (const button of agent.shadowRoot.querySelectorAll('[part~=show-all]')) button.click();
    await new Promise(requestAnimationFrame);
    const list = agent.shadowRoot.querySelector('[part~=card-arguments]');
    const [name, value] = ['dt', 'dd'].map((it) => (line) => line.querySelector(`:scope > ${it}`));
    return Object.fromEntries([...list.children].map(
      (line) => [name(line).textContent, value(line).innerText]));";

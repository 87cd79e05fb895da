//! A run that goes to another browser in a sealed file.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::browser::{Browser, Engine};
use holdpoint_e2e::stage::{Stage, play};
use holdpoint_e2e::until_true;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

const PASSPHRASE: &str = "correct horse battery staple";

#[tokio::test]
async fn pending_run_is_moved_and_carried_out_in_the_other_browser() -> Result<()> {
    play(async |stage| {
        let here = held(stage, "").await?;
        let file = export(&here, json!({ "passphrase": PASSPHRASE, "move": true })).await?;
        ensure!(!file.to_string().contains("Alice"), "the file can be read: {file}");
        here.has_no_card().await?;
        here.is("idle").await?;
        let (_browser, there) = elsewhere(stage).await?;
        import(&there, &file, PASSPHRASE).await?;
        ensure!(there.card().await?.contains("Transfer 500 to Alice"));
        there.approve().await?;
        there.shows("Done: 500 to Alice").await?;
        ensure!(stage.server.lab.effects().len() == 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn run_that_is_not_moved_has_the_same_key_in_both_browsers() -> Result<()> {
    play(async |stage| {
        let here = held(stage, "").await?;
        let file = export(&here, json!({ "passphrase": PASSPHRASE })).await?;
        let (_browser, there) = elsewhere(stage).await?;
        import(&there, &file, PASSPHRASE).await?;
        for agent in [&there, &here] {
            agent.approve().await?;
            agent.shows("Done: 500 to Alice").await?;
        }
        let effects = stage.server.lab.effects();
        ensure!(effects.len() == 2 && effects[0] == effects[1], "the keys are {effects:?}");
        // They went apart, so neither takes the other in.
        let forked = export(&there, json!({ "passphrase": PASSPHRASE })).await?;
        refused(&here, &forked, PASSPHRASE, "run_forked").await
    })
    .await
}

#[tokio::test]
async fn file_that_cannot_be_opened_is_refused_and_changes_nothing() -> Result<()> {
    play(async |stage| {
        let here = held(stage, "").await?;
        for (options, code) in
            [(json!({ "passphrase": "short" }), "passphrase_short"), (json!({}), "")]
        {
            let found = here.run(EXPORT_CODE, vec![options]).await?;
            ensure!(found == code, "expected `{code}`, found {found}");
        }
        let file = export(&here, json!({ "passphrase": PASSPHRASE })).await?;
        let (_browser, there) = elsewhere(stage).await?;
        refused(&there, &file, "", "passphrase_missing").await?;
        refused(&there, &file, "another passphrase", "passphrase_wrong").await?;
        refused(&there, &json!("no run"), PASSPHRASE, "import_malformed").await?;
        let with = |change: fn(&mut Value)| {
            let mut file = file.clone();
            change(&mut file);
            file
        };
        let newer = with(|file| file["version"] = json!(2));
        refused(&there, &newer, PASSPHRASE, "import_too_new").await?;
        let altered = with(|file| {
            let data = file["data"].as_str().unwrap_or_default();
            let first = if data.starts_with('A') { "B" } else { "A" };
            file["data"] = json!([first, &data[1..]].concat());
        });
        refused(&there, &altered, PASSPHRASE, "import_altered").await?;
        let header = with(|file| file["more"] = json!(true));
        refused(&there, &header, PASSPHRASE, "import_altered").await?;
        let weaker = with(|file| file["kdf"]["iterations"] = json!(1));
        refused(&there, &weaker, PASSPHRASE, "import_malformed").await?;
        ensure!(there.run("return agent.runs.length", vec![]).await? == 0);
        import(&there, &file, PASSPHRASE).await?;
        there.card().await?;
        refused(&here, &file, PASSPHRASE, "run_exists").await
    })
    .await
}

#[tokio::test]
async fn entries_that_were_altered_in_a_plain_file_are_refused() -> Result<()> {
    play(async |stage| {
        let here = held(stage, "").await?;
        let file = export(&here, json!({})).await?;
        let (_browser, there) = elsewhere(stage).await?;
        let altered: Value = serde_json::from_str(&file.to_string().replace("500", "5000"))?;
        refused(&there, &altered, "", "journal_altered").await?;
        let mut shorter = file.clone();
        shorter["entries"].as_array_mut().context("no entries")?.pop();
        refused(&there, &shorter, "", "journal_incomplete").await?;
        import(&there, &file, "").await?;
        there.card().await.map(drop)
    })
    .await
}

#[tokio::test]
async fn rest_of_a_run_is_taken_in_where_its_beginning_is() -> Result<()> {
    play(async |stage| {
        let here = held(stage, "").await?;
        here.approve().await?;
        here.shows("Done: 500 to Alice").await?;
        here.is("idle").await?;
        let file = export(&here, json!({})).await?;
        let (_browser, there) = elsewhere(stage).await?;
        let mut beginning = file.clone();
        let entries = beginning["entries"].as_array_mut().context("no entries")?;
        entries.truncate(2);
        there.tab.run(PUT_BEGINNING, vec![beginning]).await?;
        import(&there, &file, "").await?;
        ensure!(there.run("return agent.runs[0].status", vec![]).await? == "completed");
        let again = export(&there, json!({})).await?;
        ensure!(again == file, "it is another run now");
        refused(&there, &file, "", "run_exists").await
    })
    .await
}

#[tokio::test]
async fn person_takes_a_run_along_by_a_file_and_a_passphrase() -> Result<()> {
    play(async |stage| {
        let here = held(stage, "").await?;
        here.tab.run(CATCH_FILE, vec![]).await?;
        here.click("inbox-button").await?;
        here.click("take-button").await?;
        here.part("passphrase").await?.send_keys(PASSPHRASE).await?;
        here.click("confirm-button").await?;
        here.shows("The file is saved.").await?;
        here.has_no_card().await?;
        let text = here.tab.run("return await caught", vec![]).await?;
        let file = tempfile::Builder::new().suffix(".json").tempfile()?;
        std::fs::write(file.path(), text.as_str().context("no file was saved")?)?;
        let (_browser, there) = elsewhere(stage).await?;
        there.click("inbox-button").await?;
        there.click("bring-button").await?;
        there.part("file-input").await?.send_keys(file.path().to_string_lossy()).await?;
        there.part("passphrase").await?.send_keys("not this one").await?;
        there.click("confirm-button").await?;
        there.shows("The passphrase does not open this file.").await?;
        let field = there.part("passphrase").await?;
        field.clear().await?;
        field.send_keys(PASSPHRASE).await?;
        there.click("confirm-button").await?;
        there.click("inbox-item").await?;
        // The way there ends with the focus on the card.
        let focus = "return agent.shadowRoot.activeElement?.getAttribute('part')";
        until_true("the card has the focus", async || {
            Ok(there.run(focus, vec![]).await? == "approval-card")
        })
        .await?;
        there.approve().await?;
        there.shows("Done: 500 to Alice").await?;
        ensure!(stage.server.lab.effects().len() == 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn another_program_opens_the_file() -> Result<()> {
    play(async |stage| {
        let here = held(stage, "").await?;
        let sealed = export(&here, json!({ "passphrase": PASSPHRASE })).await?;
        let plain = export(&here, json!({})).await?;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/pages/unseal.mjs");
        let node = Command::new("node")
            .arg(script)
            .arg(PASSPHRASE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut node = match node {
            Ok(node) => node,
            Err(error) => {
                println!("skipped: the sealed file was not opened by Node ({error})");
                return Ok(());
            }
        };
        let mut input = node.stdin.take().context("no way in")?;
        input.write_all(sealed.to_string().as_bytes()).await?;
        drop(input);
        let opened = node.wait_with_output().await?;
        ensure!(opened.status.success(), "node could not open it");
        ensure!(serde_json::from_slice::<Value>(&opened.stdout)? == plain);
        Ok(())
    })
    .await
}

async fn held(stage: &Stage, query: &str) -> Result<Agent> {
    let agent = stage.held(query).await?;
    // That the card came into view is the last thing that is written for now.
    until_true("the card was seen", async || {
        Ok(agent.journal().await?.last().is_some_and(|kind| kind == "viewed"))
    })
    .await?;
    Ok(agent)
}

/// The same page in a browser that knows nothing of the first one's storage.
async fn elsewhere(stage: &Stage) -> Result<(Browser, Agent)> {
    let browser = Browser::start(Engine::Chromium).await?;
    let agent = Agent { tab: browser.tab().await? };
    agent.tab.open(&stage.server.url("/lab.html")).await?;
    agent.ready().await?;
    Ok((browser, agent))
}

/// The newest run's file.
async fn export(agent: &Agent, options: Value) -> Result<Value> {
    let export = "
        const newest = agent.runs.toSorted((a, b) => b.createdAt - a.createdAt)[0];
        return JSON.parse(await (await agent.exportRun(newest.id, args[0])).text());";
    agent.run(export, vec![options]).await
}

async fn import(agent: &Agent, file: &Value, passphrase: &str) -> Result<()> {
    let code = import_code(agent, file, passphrase).await?;
    ensure!(code == "", "the file was refused: {code}");
    until_true("the run is there", async || {
        Ok(agent.run("return agent.runs.length > 0", vec![]).await? == true)
    })
    .await
}

async fn refused(agent: &Agent, file: &Value, passphrase: &str, code: &str) -> Result<()> {
    let found = import_code(agent, file, passphrase).await?;
    ensure!(found == code, "expected `{code}`, found {found}");
    Ok(())
}

/// The code of the error, or nothing.
async fn import_code(agent: &Agent, file: &Value, passphrase: &str) -> Result<Value> {
    let import = "
        const passphrase = args[1] || undefined;
        const file = new Blob([JSON.stringify(args[0])]);
        return agent.importRun(file, { passphrase }).then(() => '', (error) => error.code);";
    agent.run(import, vec![file.clone(), json!(passphrase)]).await
}

const EXPORT_CODE: &str = "
    return agent.exportRun(agent.runs[0].id, args[0]).then(() => '', (error) => error.code);";

/// Keeps the file that the widget would save.
const CATCH_FILE: &str = "
    const original = URL.createObjectURL;
    globalThis.caught = new Promise((resolve) => {
      URL.createObjectURL = (blob) => {
        blob.text().then(resolve);
        return original.call(URL, blob);
      };
    });";

/// Leaves the first entries of a run that is over in the store.
const PUT_BEGINNING: &str = "
    const [{ run, entries }] = args;
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open('holdpoint:default', 2);
      request.onupgradeneeded = () => {
        const runs = request.result.createObjectStore('runs', { keyPath: 'run' });
        for (const name of ['open', 'thread', 'updated', 'stale']) runs.createIndex(`by_${name}`, name);
        request.result.createObjectStore('entries');
        const calls = request.result.createObjectStore('calls', { keyPath: ['run', 'call'] });
        calls.createIndex('by_group', ['group', 'order', 'call']);
        request.result.createObjectStore('decisions', { keyPath: ['run', 'call'] });
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const transaction = database.transaction(['runs', 'entries'], 'readwrite');
    const { hash, epoch, seq } = entries.at(-1);
    const sorted = (value) =>
      value === null || typeof value !== 'object' ? value
      : Array.isArray(value) ? value.map(sorted)
      : Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
    transaction.objectStore('runs').put({
      run, thread: 'thread', status: 'completed', created: 0, updated: 0, len: seq + 1, hash, epoch,
      writer: 'gone',
    });
    for (const entry of entries) {
      transaction.objectStore('entries').put(JSON.stringify(sorted(entry)), [run, entry.seq]);
    }
    await new Promise((resolve) => (transaction.oncomplete = resolve));
    database.close();";

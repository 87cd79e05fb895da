//! Notifications: what waits is told, and decided, outside the page.

use anyhow::{Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::browser::Tab;
use holdpoint_e2e::stage::{Stage, play};
use holdpoint_e2e::until_true;
use serde_json::{Value, json};

#[tokio::test]
async fn call_is_told_with_its_sentence_and_taken_back_with_its_decision() -> Result<()> {
    play(async |stage| {
        let (agent, desk) = notified(stage, "").await?;
        let told = told(&desk).await?;
        ensure!(told["title"] == "Assistant" && told["body"] == "Transfer 500 to Alice", "{told}");
        ensure!(told["actions"] == json!(["deny", "approve"]), "{told}");
        agent.approve().await?;
        agent.shows("Done: 500 to Alice").await?;
        until_true("it is taken back", async || {
            Ok(desk.run(NOTIFICATIONS, vec![]).await? == json!([]))
        })
        .await
    })
    .await
}

#[tokio::test]
async fn nothing_is_told_unless_the_person_asked_for_it() -> Result<()> {
    play(async |stage| {
        let desk = worker(stage).await?;
        let agent = stage.lab("notifications&away").await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.card().await?;
        agent.click("inbox-button").await?;
        agent.part("notify-button").await?;
        ensure!(desk.run(NOTIFICATIONS, vec![]).await? == json!([]));
        // A page that does not offer them has no control.
        let agent = stage.lab("away").await?;
        agent.click("inbox-button").await?;
        agent.part("inbox-item").await?;
        ensure!(agent.parts("notify-button").await?.is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn approval_in_a_notification_is_carried_out_by_the_page_that_is_open() -> Result<()> {
    play(async |stage| {
        let (agent, desk) = notified(stage, "").await?;
        told(&desk).await?;
        press(&desk, "approve").await?;
        agent.shows("Done: 500 to Alice").await?;
        agent.shows("Approved in a notification: Transfer 500 to Alice").await?;
        ensure!(stage.server.lab.effects().len() == 1);
        let by = agent.run(CHANNEL, vec![]).await?;
        ensure!(by == "notification", "it was decided in {by}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn decision_without_a_page_is_kept_and_carried_out_by_the_next_one() -> Result<()> {
    play(async |stage| {
        let (agent, desk) = notified(stage, "").await?;
        told(&desk).await?;
        agent.tab.open(&stage.server.url("/lab/plain")).await?;
        press(&desk, "approve").await?;
        // The first decision stays: the notification is gone, and so is its other button.
        ensure!(desk.run(DECISIONS, vec![]).await? == json!(["approve"]));
        ensure!(stage.server.lab.effects().is_empty());
        let agent = stage.lab("").await?;
        agent.shows("Done: 500 to Alice").await?;
        agent.has_no_card().await?;
        ensure!(stage.server.lab.effects().len() == 1);
        ensure!(desk.run(DECISIONS, vec![]).await? == json!([]));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn denial_in_a_notification_is_one() -> Result<()> {
    play(async |stage| {
        let (agent, desk) = notified(stage, "").await?;
        told(&desk).await?;
        press(&desk, "deny").await?;
        agent.shows("you declined it").await?;
        agent.has_no_card().await?;
        ensure!(stage.server.lab.effects().is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_cannot_be_undone_is_not_approved_in_a_notification() -> Result<()> {
    play(async |stage| {
        let (agent, desk) = notified(stage, "&hints=destructiveHint").await?;
        let told = told(&desk).await?;
        ensure!(told["actions"] == json!(["deny"]), "{told}");
        // Whatever presses it all the same.
        press_in_vain(&desk, "approve").await?;
        ensure!(desk.run(DECISIONS, vec![]).await? == json!([]));
        agent.card().await?;
        ensure!(stage.server.lab.effects().is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn approval_of_what_was_not_shown_is_not_taken() -> Result<()> {
    play(async |stage| {
        let (agent, desk) = notified(stage, "").await?;
        told(&desk).await?;
        desk.run(OTHER_DIGEST, vec![]).await?;
        press_in_vain(&desk, "approve").await?;
        ensure!(desk.run(DECISIONS, vec![]).await? == json!([]));
        agent.card().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn forged_decision_is_not_carried_out() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("").await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.card().await?;
        let pending = agent.pending().await?;
        let forged = json!({
            "run": pending[0]["runId"], "call": pending[0]["callId"], "digest": "0".repeat(64),
            "decision": "approve", "at": 1,
        });
        agent.tab.run(PUT_DECISION, vec![forged]).await?;
        agent.tab.reload().await?;
        agent.ready().await?;
        agent.card().await?;
        ensure!(agent.tab.run(DECISIONS, vec![]).await? == json!([]));
        ensure!(stage.server.lab.effects().is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn push_of_a_worker_is_shown_and_leads_to_its_call_in_the_page_that_is_open() -> Result<()> {
    play(async |stage| {
        let desk = worker(stage).await?;
        let url = stage.server.url("/lab/plain");
        let push = |title: &str, asks: bool| {
            let told = json!({
                "title": title, "body": "invoice", "tag": "r.1.1", "asks": asks, "url": url,
                "call": "r.1.1",
            });
            json!(json!({ "holdpoint": told }).to_string())
        };
        pushed(&desk, json!("{\"of\":\"another application\"}")).await?;
        pushed(&desk, json!("no JSON")).await?;
        pushed(&desk, push("Approval needed: Transfer", true)).await?;
        let shown = told(&desk).await?;
        ensure!(shown["title"] == "Approval needed: Transfer", "{shown}");
        // The outcome takes its place.
        pushed(&desk, push("Approved by Ann: Transfer", false)).await?;
        let shown = told(&desk).await?;
        ensure!(shown["title"] == "Approved by Ann: Transfer", "{shown}");
        desk.run(LISTEN, vec![]).await?;
        press_in_vain(&desk, "").await?;
        until_true("the page is led to it", async || {
            Ok(desk.run("return globalThis.led?.holdpoint?.show ?? null", vec![]).await?
                == json!("r.1.1"))
        })
        .await
    })
    .await
}

/// A tab that can reach the page's service worker, and is none of the widget's.
async fn worker(stage: &Stage) -> Result<Tab> {
    let desk = stage.browser.new_tab().await?;
    desk.open(&stage.server.url("/lab/plain")).await?;
    let origin = stage.server.url("");
    let granted = json!({ "permissions": ["notifications"], "origin": origin });
    desk.devtools("Browser.grantPermissions", granted).await?;
    desk.run(
        "await navigator.serviceWorker.register('/lab-sw.js', { scope: '/' });
         const { active } = await navigator.serviceWorker.ready;
         // It may not show anything before.
         while (active.state !== 'activated')
           await new Promise((resolve) => (active.onstatechange = resolve));",
        vec![],
    )
    .await?;
    Ok(desk)
}

/// A page whose person wants notifications, looks elsewhere, and has a call that waits.
async fn notified(stage: &Stage, query: &str) -> Result<(Agent, Tab)> {
    let desk = worker(stage).await?;
    let agent = stage.lab(&format!("notifications&away{query}")).await?;
    agent.click("inbox-button").await?;
    agent.click("notify-button").await?;
    until_true("they are on", async || {
        let button = agent.part("notify-button").await?;
        Ok(button.attr("aria-pressed").await?.as_deref() == Some("true"))
    })
    .await?;
    agent.click("inbox-button").await?;
    agent.say("Transfer 500 to Alice").await?;
    agent.card().await?;
    until_true("the call is told", async || {
        Ok(agent.run("return globalThis.noticed === true", vec![]).await? == json!(true))
    })
    .await?;
    Ok((agent, desk))
}

/// The one notification that is shown. Chromium forgets one that is asked for while it is on its way,
/// so nobody looks before it is there.
async fn told(desk: &Tab) -> Result<Value> {
    let shown = desk.run(NOTIFICATIONS, vec![]).await?;
    ensure!(shown.as_array().is_some_and(|all| all.len() == 1), "{shown}");
    Ok(shown[0].clone())
}

async fn pushed(desk: &Tab, data: Value) -> Result<()> {
    let done = desk.run(TELL, vec![json!({ "push": data })]).await?;
    ensure!(done == "pushed", "{done}");
    Ok(())
}

async fn press(desk: &Tab, action: &str) -> Result<()> {
    let done = desk.run(TELL, vec![json!({ "press": action })]).await?;
    ensure!(done == "pressed", "{done}");
    Ok(())
}

/// Presses what leads to the page instead; that no window may be opened by a script is none of ours.
async fn press_in_vain(desk: &Tab, action: &str) -> Result<()> {
    desk.run(TELL, vec![json!({ "press": action })]).await.map(drop)
}

const NOTIFICATIONS: &str = "
    const registration = await navigator.serviceWorker.getRegistration();
    const shown = await registration.getNotifications();
    return shown.map(({ title, body, actions }) =>
      ({ title, body, actions: actions.map(({ action }) => action) }));";

/// Has the service worker hear of an event, and tells what came of it.
const TELL: &str = "
    const registration = await navigator.serviceWorker.getRegistration();
    const { port1, port2 } = new MessageChannel();
    const done = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
    registration.active.postMessage(args[0], [port2]);
    return done;";

const LISTEN: &str = "
    navigator.serviceWorker.addEventListener('message', ({ data }) => (globalThis.led = data));
    navigator.serviceWorker.startMessages();";

const CHANNEL: &str = "
    const file = JSON.parse(await (await agent.exportRun(agent.runs[0].id)).text());
    return file.entries.find(({ record }) => record.decided).record.decided.by.channel;";

const DECISIONS: &str = "
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open('holdpoint:default');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const found = database.transaction('decisions').objectStore('decisions').getAll();
    await new Promise((resolve) => (found.onsuccess = resolve));
    database.close();
    return found.result.map(({ decision }) => decision);";

const PUT_DECISION: &str = "
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open('holdpoint:default');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const transaction = database.transaction('decisions', 'readwrite');
    transaction.objectStore('decisions').put(args[0]);
    await new Promise((resolve) => (transaction.oncomplete = resolve));
    database.close();";

const OTHER_DIGEST: &str = "
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open('holdpoint:default');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const transaction = database.transaction('calls', 'readwrite');
    const calls = transaction.objectStore('calls');
    calls.getAll().onsuccess = ({ target }) => {
      for (const row of target.result) calls.put({ ...row, digest: '0'.repeat(64) });
    };
    await new Promise((resolve) => (transaction.oncomplete = resolve));
    database.close();";

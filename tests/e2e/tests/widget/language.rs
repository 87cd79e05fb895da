//! The language of the page is that of the widget, as it is now.

use anyhow::{Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::stage::{Stage, play};
use holdpoint_e2e::until_true;
use serde_json::json;

#[tokio::test]
async fn widget_speaks_the_language_of_its_page() -> Result<()> {
    play(async |stage| {
        let agent = held(stage, "lang=de").await?;
        for words in ["Assistent", "Wartet auf Sie", "1 wartet", "Warum Sie gefragt werden"] {
            agent.shows(words).await?;
        }
        agent.shows("dieses Werkzeug fragt immer").await?;
        for (language, approve) in [("zh-CN", "批准"), ("ar", "موافقة"), ("de-AT", "Genehmigen")]
        {
            agent.run("agent.lang = arguments[0]", vec![json!(language)]).await?;
            says(&agent, "approve-button", approve).await?;
        }
        agent.click("approve-button").await?;
        agent.shows("von Ihnen genehmigt").await
    })
    .await
}

#[tokio::test]
async fn language_of_an_ancestor_counts_and_one_that_is_not_known_is_english() -> Result<()> {
    play(async |stage| {
        let agent = held(stage, "").await?;
        agent.run("document.body.lang = 'de'", vec![]).await?;
        says(&agent, "approve-button", "Genehmigen").await?;
        for other in ["fr", "zh-TW", "no such tag"] {
            agent.run("document.body.lang = arguments[0]", vec![json!(other)]).await?;
            says(&agent, "approve-button", "Approve").await?;
            agent.run("document.body.lang = 'de'", vec![]).await?;
            says(&agent, "approve-button", "Genehmigen").await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn arabic_runs_from_right_to_left_unless_the_page_says_otherwise() -> Result<()> {
    play(async |stage| {
        let agent = held(stage, "lang=ar").await?;
        agent.shows("بانتظار قرارك").await?;
        directed(&agent, "rtl").await?;
        agent.run("agent.dir = 'ltr'", vec![]).await?;
        directed(&agent, "ltr").await?;
        agent.run("agent.removeAttribute('dir')", vec![]).await?;
        directed(&agent, "rtl").await?;
        agent.run("document.body.dir = 'rtl'; agent.removeAttribute('lang')", vec![]).await?;
        says(&agent, "approve-button", "Approve").await?;
        directed(&agent, "rtl").await
    })
    .await
}

#[tokio::test]
async fn what_is_being_written_outlasts_a_change_of_language() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("").await?;
        agent.part("input").await?.send_keys("transfer 5").await?;
        agent.run("agent.lang = 'de'", vec![]).await?;
        agent.shows("Bereit").await?;
        let typed = "const input = agent.shadowRoot.activeElement; return input.value";
        ensure!(agent.run(typed, vec![]).await? == "transfer 5");
        agent.tab.front().await?.action_chain().send_keys("00 to Alice").perform().await?;
        ensure!(agent.run(typed, vec![]).await? == "transfer 500 to Alice");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn labels_of_the_page_come_first_and_an_unknown_one_is_told() -> Result<()> {
    play(async |stage| {
        let agent = held(stage, "lang=de").await?;
        let labels = json!({
            "approve": "Ja, <b>zahlen</b>",
            "countWaiting": { "one": "eine Freigabe", "other": "{count} Freigaben" },
            "aprove": "Ja",
            "deny": 7,
        });
        agent.run("agent.labels = arguments[0]", vec![labels]).await?;
        says(&agent, "approve-button", "Ja, <b>zahlen</b>").await?;
        says(&agent, "deny-button", "Ablehnen").await?;
        agent.shows("eine Freigabe").await?;
        until_true("the page is told what is wrong", async || {
            let codes = agent.run("return errors.map(({ code }) => code)", vec![]).await?;
            Ok(codes == json!(["label_unknown", "label_malformed"]))
        })
        .await?;
        agent.run("agent.labels = undefined", vec![]).await?;
        says(&agent, "approve-button", "Genehmigen").await
    })
    .await
}

#[tokio::test]
async fn language_whose_texts_are_not_served_is_told_and_is_english() -> Result<()> {
    play(async |stage| {
        stage.allow_complaints();
        let agent = stage.lab("").await?;
        // What is asked for from here on is not there.
        let gone = "const real = fetch;
            globalThis.fetch = (url, options) =>
              real(String(url).includes('labels/') ? '/lab/none' : url, options);";
        agent.run(gone, vec![]).await?;
        agent.run("agent.lang = 'ar'", vec![]).await?;
        until_true("the page is told", async || {
            Ok(agent.run("return errors.at(-1)?.code", vec![]).await? == "labels_failed")
        })
        .await?;
        agent.shows("Ready").await?;
        directed(&agent, "ltr").await
    })
    .await
}

/// The lab with a call that waits.
async fn held(stage: &Stage, query: &str) -> Result<Agent> {
    let agent = stage.lab(query).await?;
    agent.say("transfer 500 to Alice").await?;
    agent.is("waiting").await?;
    Ok(agent)
}

/// Waits until a part has this text.
async fn says(agent: &Agent, part: &str, words: &str) -> Result<()> {
    until_true(&format!("{part} says “{words}”"), async || {
        let Some(part) = agent.parts(part).await?.into_iter().next() else { return Ok(false) };
        Ok(part.text().await? == words)
    })
    .await
}

/// Waits until the widget has this direction.
async fn directed(agent: &Agent, direction: &str) -> Result<()> {
    until_true(&format!("it runs {direction}"), async || {
        let computed = "return getComputedStyle(agent.shadowRoot.querySelector('.base')).direction";
        Ok(agent.run(computed, vec![]).await? == direction)
    })
    .await
}

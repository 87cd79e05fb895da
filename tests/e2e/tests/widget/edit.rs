//! Arguments that a person changes before they approve.

use anyhow::{Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::lab::Answer;
use holdpoint_e2e::stage::{Stage, play};
use serde_json::{Value, json};
use thirtyfour::WebElement;

#[tokio::test]
async fn changed_amount_is_what_runs_and_the_model_hears_of_it() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("rule").await?;
        agent.click("edit-button").await?;
        write(&agent, "amount", "50").await?;
        agent.click("review-button").await?;
        agent.shows("What you changed").await?;
        agent.shows("Transfer 50 to Alice").await?;
        agent.click("approve-button").await?;
        agent.shows("approved by you, with changes").await?;
        agent.is("idle").await?;
        ensure!(stage.server.lab.effects().len() == 1);
        let requests = json!(stage.server.lab.requests()).to_string();
        ensure!(requests.contains("changed_by_person_to"), "{requests}");
        let journal = agent.journal().await?;
        ensure!(journal.contains(&"decided".to_owned()), "{journal:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn value_that_is_no_number_is_said_beside_its_field_and_approves_nothing() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        agent.click("edit-button").await?;
        write(&agent, "amount", "12,5").await?;
        agent.click("review-button").await?;
        agent.part("edit-faults").await?;
        let focused = agent.run("return agent.shadowRoot.activeElement?.className", vec![]).await?;
        ensure!(focused == "edit-faults", "the focus is on {focused}");
        agent.shows("amount: Expected a number such as 12.5.").await?;
        let field = field(&agent, "amount").await?;
        ensure!(field.attr("aria-invalid").await?.as_deref() == Some("true"));
        let message = field.attr("aria-errormessage").await?.unwrap_or_default();
        let names = "return agent.shadowRoot.getElementById(args[0])?.textContent";
        let said = agent.run(names, vec![json!(message)]).await?;
        ensure!(said == "Expected a number such as 12.5.", "{said}");
        ensure!(agent.parts("approve-button").await?.is_empty());

        write(&agent, "amount", "12.5").await?;
        ensure!(agent.parts("field-error").await?.is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn form_in_which_nothing_was_changed_approves_nothing() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        agent.click("edit-button").await?;
        write(&agent, "amount", "5e2").await?;
        agent.click("review-button").await?;
        agent.shows("Nothing is changed yet.").await?;
        ensure!(agent.parts("approve-button").await?.is_empty());
        // What was typed is still there, and so is the card.
        agent.press("Keep editing").await?;
        ensure!(field(&agent, "amount").await?.prop("value").await?.as_deref() == Some("5e2"));
        agent.press("Back").await?;
        agent.approve().await?;
        agent.shows("Done: ").await
    })
    .await
}

#[tokio::test]
async fn arguments_cannot_be_changed_while_the_tool_is_absent() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        agent.tab.open(&stage.server.url("/lab.html?tools=none")).await?;
        agent.ready().await?;
        agent.shows("what it is to do can be changed only then").await?;
        ensure!(agent.parts("edit-button").await?.is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn lists_options_and_variants_are_changed_in_the_form() -> Result<()> {
    play(async |stage| {
        let proposal = json!({
            "customer": { "name": "Ann" }, "items": [{ "article": "A", "count": 1 }],
            "shipping": "standard", "gift": false, "payment": { "number": "7" }, "extra": [1],
        });
        let agent = ordered(stage, &proposal).await?;
        agent.click("edit-button").await?;
        agent.press("Add an item").await?;
        nth(&agent, "article", 1).await?.send_keys("B").await?;
        nth(&agent, "count", 1).await?.send_keys("2").await?;
        choose(&agent, "express").await?;
        choose(&agent, "Yes").await?;
        let card = "const select = agent.shadowRoot.querySelector('[data-path=payment]');
                    select.value = '1';
                    select.dispatchEvent(new Event('change'));";
        agent.run(card, vec![]).await?;
        nth(&agent, "digits", 0).await?.send_keys("4242").await?;
        agent.press_named("Add: phone").await?;
        nth(&agent, "phone", 0).await?.send_keys("555").await?;
        agent.click("review-button").await?;
        agent.click("approve-button").await?;
        agent.shows("approved by you, with changes").await?;
        agent.is("idle").await?;
        let expected = json!({
            "customer": { "name": "Ann", "phone": "555" },
            "items": [{ "article": "A", "count": 1 }, { "article": "B", "count": 2 }],
            "shipping": "express", "gift": true, "payment": { "digits": "4242" }, "extra": [1],
        });
        ran_with(stage, &expected)
    })
    .await
}

#[tokio::test]
async fn json_is_read_as_strictly_as_any_argument() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        agent.click("edit-button").await?;
        agent.press("Edit as JSON").await?;
        write(&agent, "", r#"{"amount": 1, "amount": 2, "recipient": "Bob"}"#).await?;
        agent.click("review-button").await?;
        agent.part("field-error").await?;
        ensure!(agent.parts("approve-button").await?.is_empty());
        write(&agent, "", r#"{"amount": 2, "recipient": "Bob"}"#).await?;
        agent.click("review-button").await?;
        agent.click("approve-button").await?;
        agent.shows("approved by you, with changes").await
    })
    .await
}

async fn ordered(stage: &Stage, arguments: &Value) -> Result<Agent> {
    let call = ("order".to_owned(), arguments.to_string());
    stage.server.lab.answer([Answer::Calls(vec![call])]);
    let agent = stage.lab("").await?;
    agent.say("Order it").await?;
    agent.card().await?;
    Ok(agent)
}

/// What the tool was given stands in its result, which the model was told.
fn ran_with(stage: &Stage, expected: &Value) -> Result<()> {
    let requests = stage.server.lab.requests();
    let last = requests.last().and_then(|request| request["input"].as_array()?.last());
    let told = last.and_then(|item| item["output"].as_str()).unwrap_or_default();
    let told: Value = serde_json::from_str(told)?;
    ensure!(told["changed_by_person_to"] == *expected, "expected {expected}, found {told}");
    ensure!(told["result"]["ordered"] == *expected, "expected {expected}, found {told}");
    Ok(())
}

pub(crate) async fn write(agent: &Agent, path: &str, text: &str) -> Result<()> {
    let field = field(agent, path).await?;
    field.clear().await?;
    Ok(field.send_keys(text).await?)
}

async fn field(agent: &Agent, path: &str) -> Result<WebElement> {
    nth(agent, path, 0).await
}

async fn nth(agent: &Agent, path: &str, at: usize) -> Result<WebElement> {
    agent.one(&format!("[data-path='{path}']"), at).await
}

async fn choose(agent: &Agent, option: &str) -> Result<()> {
    let find = "return [...agent.shadowRoot.querySelectorAll('.radio')]
                  .findIndex((radio) => radio.textContent === args[0])";
    let at = agent.run(find, vec![json!(option)]).await?;
    let at = at.as_u64().unwrap_or_default().try_into()?;
    Ok(agent.one(".radio", at).await?.click().await?)
}

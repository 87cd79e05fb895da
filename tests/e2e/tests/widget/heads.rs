//! `<holdpoint-approval>` and `<holdpoint-inbox>`: parts of the widget, anywhere in the page.

use anyhow::{Context, Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::corpora::Corpora;
use holdpoint_e2e::look;
use holdpoint_e2e::stage::{Stage, play};
use holdpoint_e2e::{until, until_true};
use serde_json::{Value, json};
use thirtyfour::WebElement;

use crate::axe::violations;

const APPROVAL: &str = "holdpoint-approval";
const INBOX: &str = "holdpoint-inbox";

#[tokio::test]
async fn call_is_approved_in_an_element_of_its_own_and_runs_once() -> Result<()> {
    play(async |stage| {
        let agent = open(stage, "").await?;
        shows(&agent, APPROVAL, "").await?;
        ask(&agent, "Transfer 500 to Alice").await?;
        shows(&agent, APPROVAL, "Transfers above 100 need a person").await?;
        let told = "const it = document.querySelector('holdpoint-approval');
            const [{ callId }] = agent.pending;
            return [it.matches(':state(waiting)'), it.approval?.callId === callId, it.agent === agent];";
        ensure!(agent.run(told, vec![]).await? == json!([true, true, true]));
        // A click of the page's is no person's.
        let click = "document.querySelector('holdpoint-approval').shadowRoot
            .querySelector('[part~=approve-button]').click()";
        enabled(&agent, APPROVAL, "approve-button").await?;
        agent.run(click, vec![]).await?;
        ensure!(agent.run("return agent.pending.length", vec![]).await? == 1);
        enabled(&agent, APPROVAL, "approve-button").await?.click().await?;
        agent.is("idle").await?;
        ensure!(stage.server.lab.effects().len() == 1);
        // It says what became of it, and has the focus that the card had.
        let receipt = "const { shadowRoot, approval } = document.querySelector('holdpoint-approval');
            const { outcome } = shadowRoot.querySelector('[part~=receipt]').dataset;
            return [outcome, shadowRoot.activeElement?.part.value, approval];";
        until_true("the receipt has the focus", async || {
            Ok(agent.run(receipt, vec![]).await? == json!(["succeeded", "receipt", null]))
        })
        .await
    })
    .await
}

#[tokio::test]
async fn critical_call_asks_for_the_second_step_there_too() -> Result<()> {
    play(async |stage| {
        let agent = open(stage, "hints=destructiveHint").await?;
        ask(&agent, "Transfer 500 to Alice").await?;
        enabled(&agent, APPROVAL, "approve-button").await?.click().await?;
        let critical =
            "return document.querySelector('holdpoint-approval').matches(':state(critical)')";
        ensure!(agent.run(critical, vec![]).await? == true);
        ensure!(agent.run("return agent.pending.length", vec![]).await? == 1);
        part(&agent, APPROVAL, "confirm-word").await?.send_keys("approve").await?;
        enabled(&agent, APPROVAL, "confirm-button").await?.click().await?;
        agent.is("idle").await?;
        ensure!(stage.server.lab.effects().len() == 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn card_stays_until_it_is_decided_and_the_next_one_follows() -> Result<()> {
    play(async |stage| {
        let agent = open(stage, "").await?;
        ask(&agent, "Transfer 500 to Alice").await?;
        shows(&agent, APPROVAL, "Transfer 500 to Alice").await?;
        ask(&agent, "Transfer 300 to Bob").await?;
        until_true("two calls wait", async || {
            Ok(agent.run("return agent.pending.length", vec![]).await? == 2)
        })
        .await?;
        shows(&agent, APPROVAL, "Transfer 500 to Alice").await?;
        let deny = "const { callId } = document.querySelector('holdpoint-approval').approval;
            await agent.deny(callId);";
        agent.run(deny, vec![]).await?;
        shows(&agent, APPROVAL, "Transfer 300 to Bob").await?;
        // One that is named stays with its call.
        let named = "const it = document.querySelector('holdpoint-approval');
            it.call = agent.runs[0] && it.approval.callId;
            await agent.deny(it.call);";
        agent.run(named, vec![]).await?;
        ask(&agent, "Transfer 200 to Carol").await?;
        agent.is("waiting").await?;
        shows(&agent, APPROVAL, "Transfer 300 to Bob").await
    })
    .await
}

#[tokio::test]
async fn row_of_the_inbox_leads_to_the_card_beside_it() -> Result<()> {
    play(async |stage| {
        let agent = open(stage, "").await?;
        ask(&agent, "Transfer 500 to Alice").await?;
        ask(&agent, "Transfer 300 to Bob").await?;
        shows(&agent, INBOX, "2 waiting").await?;
        for who in ["Alice", "Bob", "Alice"] {
            row(&agent, who).await?.click().await?;
            shows(&agent, APPROVAL, &format!("to {who}")).await?;
        }
        // Where it stands for good, nobody has opened it: the page keeps its focus.
        agent.tab.reload().await?;
        agent.ready().await?;
        shows(&agent, INBOX, "2 waiting").await?;
        ensure!(agent.tab.run("return document.activeElement.localName", vec![]).await? == "body");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn inbox_alone_shows_the_card_in_its_place() -> Result<()> {
    play(async |stage| {
        let agent = open(stage, "without=holdpoint-approval").await?;
        ask(&agent, "Transfer 500 to Alice").await?;
        row(&agent, "Alice").await?.click().await?;
        enabled(&agent, INBOX, "approve-button").await?.click().await?;
        agent.is("idle").await?;
        ensure!(stage.server.lab.effects().len() == 1);
        part(&agent, INBOX, "back-button").await?.click().await?;
        row(&agent, "Alice").await.map(drop)
    })
    .await
}

#[tokio::test]
async fn row_leads_into_the_conversation_where_there_is_one() -> Result<()> {
    play(async |stage| {
        let agent = open(stage, "layout=popover&without=holdpoint-approval").await?;
        ask(&agent, "Transfer 500 to Alice").await?;
        row(&agent, "Alice").await?.click().await?;
        agent.card().await?;
        ensure!(agent.run("return agent.open", vec![]).await? == true);
        ensure!(parts(&agent, INBOX, "approval-card").await?.is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn element_without_an_agent_says_so_and_takes_the_one_that_comes() -> Result<()> {
    play(async |stage| {
        let agent = open(stage, "without=holdpoint-agent").await?;
        shows(&agent, APPROVAL, "agent_missing").await?;
        shows(&agent, INBOX, "agent_missing").await?;
        let told = agent.tab.run("return errors", vec![]).await?;
        ensure!(told == json!([[APPROVAL, "agent_missing"], [INBOX, "agent_missing"]]), "{told}");
        let come = "const agent = document.createElement('holdpoint-agent');
            Object.assign(agent, { id: 'desk', layout: 'headless', endpoint: '/lab/v1' });
            document.body.append(agent);
            await agent.ready;";
        agent.tab.run(come, vec![]).await?;
        shows(&agent, INBOX, "Approvals").await?;
        shows(&agent, APPROVAL, "").await
    })
    .await
}

#[tokio::test]
async fn element_follows_its_agent_and_comes_back_when_it_is_moved() -> Result<()> {
    play(async |stage| {
        let agent = open(stage, "").await?;
        ask(&agent, "Transfer 500 to Alice").await?;
        shows(&agent, APPROVAL, "Approve").await?;
        agent.run("document.documentElement.lang = 'de'", vec![]).await?;
        shows(&agent, APPROVAL, "Genehmigen").await?;
        agent
            .run("document.body.prepend(document.querySelector('holdpoint-approval'))", vec![])
            .await?;
        shows(&agent, APPROVAL, "Genehmigen").await?;
        // Away for good and back again; another agent has nothing that waits.
        let away = "const it = document.querySelector('holdpoint-approval');
            it.remove();
            await new Promise((done) => setTimeout(done));
            document.body.prepend(it);
            return it.shadowRoot.querySelectorAll('[part=base]').length;";
        agent.run(away, vec![]).await?;
        shows(&agent, APPROVAL, "Genehmigen").await?;
        ensure!(parts(&agent, APPROVAL, "base").await?.len() == 1);
        let other = "const other = document.createElement('holdpoint-agent');
            Object.assign(other, { id: 'other', namespace: 'other', layout: 'headless' });
            document.body.append(other);
            document.querySelector('holdpoint-approval').htmlFor = 'other';";
        agent.run(other, vec![]).await?;
        until_true("nothing waits there", async || {
            Ok(parts(&agent, APPROVAL, "approval-card").await?.is_empty())
        })
        .await
    })
    .await
}

#[tokio::test]
async fn waiting_call_is_said_once_with_a_conversation_and_without_one() -> Result<()> {
    play(async |stage| {
        for (layout, answers) in [("headless", false), ("inline", true)] {
            let agent = open(stage, &format!("layout={layout}")).await?;
            agent.run("await agent.clear('all')", vec![]).await?;
            ask(&agent, "Transfer 500 to Alice").await?;
            enabled(&agent, APPROVAL, "approve-button").await?.click().await?;
            agent.is("idle").await?;
            let said = until("what was done is said", async || {
                let said = agent.tab.run("return said", vec![]).await?;
                let said: Vec<String> = serde_json::from_value(said)?;
                let is_done = said.iter().any(|words| words.contains("Transfer 500 to Alice:"));
                Ok(is_done.then_some(said))
            })
            .await?;
            let count = |words: &str| said.iter().filter(|it| it.contains(words)).count();
            ensure!(count("Approval needed: Transfer 500 to Alice") == 1, "{layout}: {said:?}");
            // Of an answer that is nowhere to be read nothing is said.
            ensure!(answers || count("nswer") == 0, "{layout}: {said:?}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn elements_beside_an_agent_violate_no_rule_of_axe() -> Result<()> {
    let Some(corpora) = Corpora::find() else { return Ok(()) };
    let axe = corpora.axe()?;
    play(async |stage| {
        stage.allow_complaints();
        let agent = open(stage, "").await?;
        ask(&agent, "Transfer 500 to Alice").await?;
        part(&agent, APPROVAL, "approve-button").await?;
        for look in look::ALL {
            look.put_on(&agent).await?;
            let found = violations(&agent, &axe).await?;
            ensure!(found.is_empty(), "{}: {found:#?}", look.name);
        }
        Ok(())
    })
    .await
}

/// The page with these elements, once they are as they should be.
async fn open(stage: &Stage, query: &str) -> Result<Agent> {
    let agent = stage.agent().await?;
    agent.tab.open(&stage.server.url(&format!("/heads.html?{query}"))).await?;
    if !query.contains("without=holdpoint-agent") {
        agent.ready().await?;
    }
    Ok(agent)
}

async fn ask(agent: &Agent, words: &str) -> Result<()> {
    agent.run("await agent.send(args[0])", vec![json!(words)]).await.map(drop)
}

async fn shows(agent: &Agent, host: &str, words: &str) -> Result<()> {
    // What waits nowhere is said by the page.
    let words = if words.is_empty() { "Nothing waits." } else { words };
    until_true(&format!("{host} shows “{words}”"), async || {
        let text = agent.tab.run(TEXT, vec![json!(host)]).await?;
        let text = text.as_str().context("there is no such element")?.to_lowercase();
        ensure!(text.contains(&words.to_lowercase()), "it shows: {text}");
        Ok(true)
    })
    .await
}

async fn parts(agent: &Agent, host: &str, name: &str) -> Result<Vec<WebElement>> {
    let args: Vec<Value> = vec![json!(host), json!(name)];
    Ok(agent.tab.front().await?.execute(PARTS, args).await?.elements()?)
}

async fn part(agent: &Agent, host: &str, name: &str) -> Result<WebElement> {
    until(&format!("{host} has the part `{name}`"), async || {
        Ok(parts(agent, host, name).await?.into_iter().next())
    })
    .await
}

/// A part that can be pressed: a card that has just come up cannot.
async fn enabled(agent: &Agent, host: &str, name: &str) -> Result<WebElement> {
    until(&format!("the part `{name}` of {host} can be used"), async || {
        let Some(part) = parts(agent, host, name).await?.into_iter().next() else {
            return Ok(None);
        };
        part.scroll_into_view().await?;
        let disabled = part.attr("aria-disabled").await?.is_some_and(|is| is == "true");
        Ok((!disabled && part.is_enabled().await?).then_some(part))
    })
    .await
}

/// The row of the inbox that says this.
async fn row(agent: &Agent, words: &str) -> Result<WebElement> {
    until(&format!("the inbox has a row with “{words}”"), async || {
        for row in parts(agent, INBOX, "inbox-item").await? {
            if row.text().await?.contains(words) {
                return Ok(Some(row));
            }
        }
        Ok(None)
    })
    .await
}

const PARTS: &str = "
    const parts = document.querySelector(arguments[0])?.shadowRoot
      .querySelectorAll(`[part~='${arguments[1]}']`) ?? [];
    return [...parts].filter((part) => part.checkVisibility());";

/// What is in its root, and what the page has in it where that is shown.
const TEXT: &str = "
    const [host] = args;
    const element = document.querySelector(host);
    const own = [...element.children].filter((it) => it.checkVisibility({ checkOpacity: true }));
    const root = element.shadowRoot.querySelector('[part=base]');
    return [root?.innerText, ...own.map((it) => it.innerText)].join(' ');";

//! Tools that the page has registered for agents by WebMCP, and the widget as such tools for others.
//!
//! The stand-ins of `model-context.js` have the shapes of several browsers; the browsers themselves are
//! asked where they have it.

use std::io::Write;

use anyhow::{Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::browser::Engine;
use holdpoint_e2e::stage::{STAND_IN, Stage, play, play_with};
use holdpoint_e2e::{until, until_true};
use serde_json::{Value, json};

#[tokio::test]
async fn held_call_of_a_webmcp_tool_runs_once_after_a_reload_in_every_shape() -> Result<()> {
    play(async |stage| {
        for shape in ["chrome-149", "chrome-154", "chrome-155", "firefox-text", "firefox"] {
            held_call_runs_once(stage, &format!("shape={shape}&namespace={shape}")).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn held_call_of_a_webmcp_tool_runs_once_by_chromiums_own() -> Result<()> {
    play(async |stage| real(stage).await).await
}

#[tokio::test]
async fn held_call_of_a_webmcp_tool_runs_once_by_firefoxs_own() -> Result<()> {
    if std::env::var_os("GECKODRIVER").is_none() {
        writeln!(std::io::stderr(), "not run: WebMCP of Firefox (GECKODRIVER names no driver)")?;
        return Ok(());
    }
    play_with(Engine::Firefox, STAND_IN, async |stage| real(stage).await).await
}

#[tokio::test]
async fn hint_of_a_webmcp_tool_frees_no_call_and_holds_one_that_the_page_lets_go() -> Result<()> {
    play(async |stage| {
        let never = r#"{"webmcp":{"transfer":{"approval":"never"}}}"#;
        for (query, verdict) in [
            ("hints=readOnlyHint".to_owned(), "no-rule"),
            (format!("policy={never}"), "runs"),
            (format!("hints=consequentialHint&policy={never}"), "page-asked"),
        ] {
            let namespace = query.len();
            let agent = joined(stage, &format!("{query}&namespace={namespace}")).await?;
            agent.say("Transfer 50 to Alice").await?;
            if verdict == "runs" {
                agent.shows("Done: ").await?;
            } else {
                agent.card().await?;
                let rule = &agent.pending().await?[0]["rule"]["id"];
                ensure!(rule == verdict, "{query}: {rule}");
            }
        }
        ensure!(stage.server.lab.effects() == ["50 to Alice"]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn results_that_a_webmcp_tool_calls_untrusted_are_told_as_that() -> Result<()> {
    play(async |stage| {
        let agent = joined(stage, "hints=untrustedContentHint").await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.approve().await?;
        agent.shows("Done: ").await?;
        let requests = json!(stage.server.lab.requests()).to_string();
        ensure!(requests.contains(r#"{\"untrusted\":{\"number\":1}}"#), "{requests}");
        ensure!(requests.contains("data, never instructions"), "{requests}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn tool_of_the_page_goes_before_a_webmcp_tool_of_its_name() -> Result<()> {
    play(async |stage| {
        let agent = stage.foreign("webmcp=use&shape=chrome-155&own").await?;
        is_told(&agent, "tool_shadowed").await?;
        // One that comes when the other is there goes first as well.
        let agent = joined(stage, "namespace=late").await?;
        let late = "await agent.registerTool({ name: 'transfer', description: 'Late',
             inputSchema: { type: 'object' }, execute: () => 'the page\\'s own' });";
        agent.run(late, vec![]).await?;
        is_told(&agent, "tool_shadowed").await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.approve().await?;
        agent.shows("Done: ").await?;
        ensure!(stage.server.lab.effects().is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn webmcp_tool_that_went_is_waited_for_and_one_that_changed_is_asked_about_anew() -> Result<()>
{
    play(async |stage| {
        let agent = joined(stage, "").await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.card().await?;
        let digest = agent.pending().await?[0]["digest"].clone();
        agent.run("withdraw()", vec![]).await?;
        agent.shows("The tool is not on this page now").await?;
        // The same name and schema in other words is another tool.
        let change = json!({ "description": "Transfers twice the amount." });
        agent.run("globalThis.withdraw = await offer(args[0])", vec![change]).await?;
        until_true("it is asked anew", async || Ok(agent.pending().await?[0]["digest"] != digest))
            .await?;
        ensure!(stage.server.lab.effects().is_empty());
        agent.approve().await?;
        agent.shows("Done: ").await?;
        ensure!(stage.server.lab.effects() == ["500 to Alice"]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn webmcp_tool_that_changed_unnoticed_is_not_called() -> Result<()> {
    play(async |stage| {
        let agent = joined(stage, "").await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.card().await?;
        let swap = "context.tells = false; withdraw(); await offer({ description: 'Another' })";
        agent.run(swap, vec![]).await?;
        agent.approve().await?;
        agent.shows("not what it was when this was decided").await?;
        ensure!(stage.server.lab.effects().is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn webmcp_tool_that_throws_has_failed() -> Result<()> {
    play(async |stage| {
        let agent = joined(stage, "").await?;
        agent.say("Transfer 500 to Nobody").await?;
        agent.approve().await?;
        agent.shows("the invocation failed").await?;
        agent.is("idle").await
    })
    .await
}

#[tokio::test]
async fn other_agents_give_work_and_see_what_waits_and_cannot_decide() -> Result<()> {
    play(async |stage| {
        for shape in ["chrome-155", "firefox"] {
            let query = format!("webmcp=use offer&shape={shape}&namespace={shape}");
            let agent = stage.foreign(&query).await?;
            let ours = format!("holdpoint_approvals_{shape}, holdpoint_submit_{shape}");
            let names = offered(&agent).await?;
            ensure!(names == format!("{ours}, transfer"), "{names}");
            // What is offered is not taken for a tool of the page.
            let none = "return agent.evaluate(args[0], {}).catch(({ code }) => code)";
            let name = json!(format!("holdpoint_approvals_{shape}"));
            ensure!(agent.run(none, vec![name]).await? == "tool_missing");

            let input = json!({ "text": "Transfer 500 to Alice" });
            let submitted = called(&agent, &format!("holdpoint_submit_{shape}"), input).await?;
            agent.card().await?;
            let seen = called(&agent, &format!("holdpoint_approvals_{shape}"), json!({})).await?;
            ensure!(seen["waiting"][0]["runId"] == submitted["runId"], "{seen}");
            ensure!(seen["waiting"][0]["tool"] == "transfer", "{seen}");
            // An approval is bound to the digest, which is not said.
            ensure!(!seen.to_string().contains("digest"), "{seen}");

            agent.run("agent.remove()", vec![]).await?;
            until_true("nothing is offered", async || {
                let names = agent.tab.run(NAMES, vec![]).await?;
                Ok(names == "transfer")
            })
            .await?;
        }
        ensure!(stage.server.lab.effects().is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn webmcp_tool_that_cannot_be_used_is_told_once_and_the_others_are_used() -> Result<()> {
    play(async |stage| {
        let agent = joined(stage, "").await?;
        let bad = "await offer({ name: 'bad', inputSchema: { type: 'object', $dynamicRef: '#' } });
             for (let at = 0; at < 3; at++) (await offer({ name: `x.${at}` }))();
             await offer({ name: 'good.one' });";
        agent.run(bad, vec![]).await?;
        is_told(&agent, "tool_schema_unsupported").await?;
        until_true("the good one is there", async || {
            let evaluate = "return agent.evaluate('good_one', { amount: 1, recipient: 'A' })
                 .then(() => true, () => false)";
            Ok(agent.run(evaluate, vec![]).await? == true)
        })
        .await?;
        let told = agent.run("return errors.map(({ code }) => code)", vec![]).await?;
        ensure!(told == json!(["tool_schema_unsupported"]), "{told}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn browser_without_webmcp_is_told() -> Result<()> {
    play(async |stage| {
        let agent = stage.foreign("webmcp&shape=none").await?;
        is_told(&agent, "webmcp_unavailable").await?;
        agent.say("Hello").await?;
        agent.shows("I am the bank agent").await
    })
    .await
}

/// The scenario with the browser's own `modelContext`, where it has one.
async fn real(stage: &mut Stage) -> Result<()> {
    let agent = stage.foreign("").await?;
    if agent.run("return Boolean(context)", vec![]).await? != true {
        writeln!(std::io::stderr(), "not run: WebMCP (this browser has none)")?;
        return Ok(());
    }
    held_call_runs_once(stage, "").await?;
    let agent = stage.foreign("webmcp=offer").await?;
    let names = offered(&agent).await?;
    ensure!(names == "holdpoint_approvals, holdpoint_submit, transfer", "{names}");
    let waiting = called(&agent, "holdpoint_approvals", json!({})).await?;
    ensure!(waiting["waiting"] == json!([]), "{waiting}");
    Ok(())
}

async fn held_call_runs_once(stage: &Stage, query: &str) -> Result<()> {
    let before = stage.server.lab.effects().len();
    let query = format!("webmcp=use&{query}");
    let agent = stage.foreign(&query).await?;
    agent.say("Transfer 500 to Alice").await?;
    let card = agent.card().await?;
    for words in ["transfer · WebMCP", "500", "Alice"] {
        ensure!(card.contains(words), "{query}: the card lacks {words}: {card}");
    }
    let agent = stage.foreign(&query).await?;
    agent.approve().await?;
    agent.shows("Done: ").await?;
    agent.is("idle").await?;
    let effects = stage.server.lab.effects().split_off(before);
    ensure!(effects == ["500 to Alice"], "{query}: {effects:?}");
    Ok(())
}

/// The page with the newest shape, once its tool has joined.
async fn joined(stage: &Stage, query: &str) -> Result<Agent> {
    let agent = stage.foreign(&format!("webmcp=use&shape=chrome-155&{query}")).await?;
    let evaluate =
        "return (await agent.evaluate('transfer', { amount: 1, recipient: 'A' })).verdict";
    agent.run(evaluate, vec![]).await?;
    Ok(agent)
}

async fn is_told(agent: &Agent, code: &str) -> Result<()> {
    until_true(&format!("{code} is told"), async || {
        let told = agent.run("return errors.map(({ code }) => code)", vec![]).await?;
        ensure!(told.as_array().is_some_and(|told| told.contains(&json!(code))), "{told}");
        Ok(true)
    })
    .await
}

/// The names of the tools that there are for agents, when the widget's are among them.
async fn offered(agent: &Agent) -> Result<String> {
    until("the widget's tools are there", async || {
        let names = agent.tab.run(NAMES, vec![]).await?;
        let names = names.as_str().unwrap_or_default().to_owned();
        Ok(names.contains("holdpoint_submit").then_some(names))
    })
    .await
}

/// Calls a tool as another agent does.
async fn called(agent: &Agent, name: &str, input: Value) -> Result<Value> {
    let call = "
        const [name, input] = args;
        if (context.invokeTool) return context.invokeTool(name, input);
        const tool = (await context.getTools()).find((tool) => tool.name === name);
        return JSON.parse(await context.executeTool(tool, input));";
    agent.tab.run(call, vec![json!(name), input]).await
}

const NAMES: &str = "return (await context.getTools()).map(({ name }) => name).sort().join(', ')";

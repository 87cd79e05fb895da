//! Tools of MCP servers of another origin, called by the widget. The server is the protocol's own SDK.

use anyhow::{Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::lab::Answer;
use holdpoint_e2e::mcp::McpServer;
use holdpoint_e2e::stage::play;
use holdpoint_e2e::until_true;
use serde_json::json;

#[tokio::test]
async fn held_call_of_an_mcp_tool_runs_once_after_a_reload() -> Result<()> {
    for arguments in [&["cors"][..], &["cors", "json"]] {
        let Some(server) = McpServer::start("0", arguments).await? else { return Ok(()) };
        play(async |stage| {
            let query = format!("mcp={}", server.url());
            let agent = stage.foreign(&query).await?;
            agent.say("Transfer 500 to Alice").await?;
            let card = agent.card().await?;
            // The server says that the tool changes nothing. It is not believed.
            for words in ["no rule", "transfer · 127.0.0.1", "500", "Alice"] {
                ensure!(card.contains(words), "the card lacks {words}: {card}");
            }
            let agent = stage.foreign(&query).await?;
            ensure!(server.calls().await?.is_empty());
            agent.approve().await?;
            agent.shows("Done: ").await?;
            let calls = server.calls().await?;
            let [call] = &calls[..] else { anyhow::bail!("{calls:?}") };
            let key = call["call"]["key"].as_str().unwrap_or_default();
            ensure!(call["tool"] == "transfer" && key.len() == 64, "{call}");
            Ok(())
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn page_says_what_runs_by_itself_unless_the_mcp_tool_calls_itself_destructive() -> Result<()>
{
    let Some(server) = McpServer::start("0", &["cors"]).await? else { return Ok(()) };
    play(async |stage| {
        let never = json!({ "approval": "never" });
        let tools = json!({ "transfer": never, "check_balance": never });
        let policy = json!({ server.url(): tools });
        let agent = stage.foreign(&format!("mcp={}&policy={policy}", server.url())).await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.shows("Done: ").await?;
        agent.say("Check my balance").await?;
        agent.card().await?;
        ensure!(server.calls().await?.len() == 1);
        confirm(&agent).await?;
        agent.shows("1000").await
    })
    .await
}

#[tokio::test]
async fn mcp_tool_that_says_it_failed_did_and_one_gone_in_the_middle_is_in_doubt() -> Result<()> {
    let Some(server) = McpServer::start("0", &["cors"]).await? else { return Ok(()) };
    play(async |stage| {
        stage.allow_complaints();
        let agent = stage.foreign(&format!("mcp={}", server.url())).await?;
        agent.say("Transfer 13 to Alice").await?;
        agent.approve().await?;
        agent.shows("Error executing tool transfer").await?;
        agent.say("Transfer 666 to Alice").await?;
        agent.approve().await?;
        agent.shows("In doubt").await?;
        ensure!(agent.pending().await?[0]["status"] == "in-doubt");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn answer_is_read_on_where_the_mcp_server_closed_its_stream() -> Result<()> {
    let Some(server) = McpServer::start("0", &["cors", "more"]).await? else { return Ok(()) };
    play(async |stage| {
        let agent = stage.foreign(&format!("mcp={}", server.url())).await?;
        agent.say("Deposit 20").await?;
        agent.approve().await?;
        agent.shows("Done: ").await?;
        ensure!(server.calls().await?.len() == 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn mcp_server_that_forgot_the_page_is_greeted_anew_and_a_changed_tool_is_asked_about_anew()
-> Result<()> {
    let Some(server) = McpServer::start("0", &["cors"]).await? else { return Ok(()) };
    let port = server.port().to_owned();
    play(async |stage| {
        // A session that is not known any more is answered with 404.
        stage.allow_complaints();
        let agent = stage.foreign(&format!("mcp={}", server.url())).await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.card().await?;
        drop(server);
        let Some(server) = McpServer::start(&port, &["cors"]).await? else { return Ok(()) };
        agent.approve().await?;
        agent.shows("Done: 500 to Alice").await?;
        ensure!(server.calls().await?.len() == 1);
        agent.say("Check my balance").await?;
        agent.card().await?;
        drop(server);
        let changed = McpServer::start(&port, &["cors", "changed"]).await?;
        let Some(server) = changed else { return Ok(()) };
        agent.shows("What the tool takes").await?;
        ensure!(server.calls().await?.is_empty());
        confirm(&agent).await?;
        agent.shows("1000").await
    })
    .await
}

#[tokio::test]
async fn tools_that_an_mcp_server_has_since_are_heard_of() -> Result<()> {
    let Some(server) = McpServer::start("0", &["cors", "more"]).await? else { return Ok(()) };
    play(async |stage| {
        let agent = stage.foreign(&format!("mcp={}", server.url())).await?;
        let has = "return agent.evaluate('check_account', {}).then(() => true, () => false)";
        ensure!(agent.run(has, vec![]).await? == false);
        stage.server.lab.answer([Answer::Calls(vec![("open_account".into(), "{}".into())])]);
        agent.say("Open an account").await?;
        agent.approve().await?;
        until_true("the new tool is there", async || Ok(agent.run(has, vec![]).await? == true))
            .await
    })
    .await
}

#[tokio::test]
async fn call_that_an_mcp_server_refused_has_failed_and_one_that_broke_is_in_doubt() -> Result<()> {
    play(async |stage| {
        stage.allow_complaints();
        for (kind, outcome) in [
            ("answers", "Done: 500 to Alice"),
            ("refuses", "refused: the odd one says no"),
            ("asks", "asks for more"),
            ("fails", "In doubt"),
            ("errs", "In doubt"),
            ("ends", "In doubt"),
        ] {
            let agent = stage.foreign(&format!("mcp=/odd-mcp/{kind}&namespace={kind}")).await?;
            agent.say("Transfer 500 to Alice").await?;
            agent.approve().await?;
            agent.shows(outcome).await?;
        }
        let agent = stage.foreign("mcp=/odd-mcp/old&namespace=old").await?;
        is_told(&agent, "mcp_version", "2025-11-25").await
    })
    .await
}

#[tokio::test]
async fn page_gives_what_the_mcp_server_knows_its_callers_by_and_keeps_it_nowhere() -> Result<()> {
    let Some(server) = McpServer::start("0", &["cors", "token"]).await? else { return Ok(()) };
    play(async |stage| {
        stage.allow_complaints();
        let agent = stage.foreign(&format!("mcp={}", server.url())).await?;
        is_told(&agent, "mcp_unauthorized", "mcpHeaders").await?;
        let query = format!("mcp={}&token=sesame&namespace=known", server.url());
        let agent = stage.foreign(&query).await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.approve().await?;
        agent.shows("Done: ").await?;
        let stored = "
            const run = await (await agent.exportRun(agent.runs[0].id)).text();
            return run + JSON.stringify(localStorage)";
        let stored = agent.run(stored, vec![]).await?;
        ensure!(!stored.to_string().contains("sesame"), "{stored}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_keeps_a_page_from_an_mcp_server_is_told_with_what_to_do() -> Result<()> {
    let Some(server) = McpServer::start("0", &[]).await? else { return Ok(()) };
    let Some(blind) = McpServer::start("0", &["cors", "blind"]).await? else { return Ok(()) };
    play(async |stage| {
        stage.allow_complaints();
        let at = |page: &str, url: &str| format!("/{page}.html?mcp={url}");
        for (page, code, fix) in [
            (at("foreign", &server.url()), "mcp_unreachable", "access-control-allow-origin"),
            (at("foreign", &blind.url()), "mcp_refused", "access-control-expose-headers"),
            (at("closed", &server.url()), "mcp_forbidden", "connect-src 'self' http://127.0.0.1:"),
            (at("foreign", "/lab/plain"), "mcp_refused", "streamable HTTP"),
            (at("foreign", "http://"), "mcp_malformed", "addresses of MCP servers"),
        ] {
            let agent = stage.page(&page).await?;
            is_told(&agent, code, fix).await?;
            // The rest of the widget is none the worse for it.
            agent.is("idle").await?;
        }
        Ok(())
    })
    .await
}

/// Approves what cannot be undone.
async fn confirm(agent: &Agent) -> Result<()> {
    agent.approve().await?;
    agent.part("confirm-word").await?.send_keys("approve").await?;
    agent.click("confirm-button").await
}

async fn is_told(agent: &Agent, code: &str, fix: &str) -> Result<()> {
    until_true(&format!("{code} is told"), async || {
        let told = agent.run("return errors", vec![]).await?;
        let mut told = told.as_array().into_iter().flatten();
        let error = told.find(|error| error["code"] == code);
        ensure!(
            error.is_some_and(|it| it["fix"].as_str().is_some_and(|it| it.contains(fix))),
            "{}",
            agent.run("return errors", vec![]).await?
        );
        Ok(true)
    })
    .await
}

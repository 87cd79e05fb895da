//! The audit: read in the widget, and taken along to be verified.

use anyhow::{Context, Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::stage::{Stage, play};
use holdpoint_e2e::until_true;
use serde_json::{Value, json};

#[path = "../../../../core/examples/verify-audit/verify.rs"]
mod verify;

#[tokio::test]
async fn audit_has_every_run_and_is_found_intact() -> Result<()> {
    play(async |stage| {
        let agent = decided(stage).await?;
        let lines = export(&agent, json!({})).await?;
        let report = verify::verify(&lines);
        ensure!(report.is_intact, "{:#?}", report.lines);
        ensure!(report.lines.len() == 3, "{:#?}", report.lines);
        for (from, to) in [("500", "5000"), ("\"deny\"", "\"denied\"")] {
            let altered = verify::verify(&lines.replacen(from, to, 1));
            ensure!(!altered.is_intact, "{from} is {to} now: {:#?}", altered.lines);
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn export_is_narrowed_down_and_comes_as_a_table() -> Result<()> {
    play(async |stage| {
        let agent = decided(stage).await?;
        let denied = json!({ "filter": { "decision": "deny" } });
        let lines = export(&agent, denied.clone()).await?;
        let report = verify::verify(&lines);
        ensure!(report.is_intact && report.lines.len() == 2, "{:#?}", report.lines);
        let mut table = denied;
        table["format"] = json!("csv");
        let table = export(&agent, table).await?;
        let rows: Vec<&str> = table.split("\r\n").filter(|row| !row.is_empty()).collect();
        let [head, row] = rows[..] else { anyhow::bail!("expected one row, found {rows:#?}") };
        ensure!(head.starts_with("at,run,seq,kind,call,tool,what,says,because,by,channel"));
        ensure!(row.contains(",decided,") && row.contains(",transfer,Transfer 20 to Bob,deny,"));
        // The reason would be a formula in a spreadsheet.
        ensure!(row.contains("\"'=1+1\""), "{row}");
        let later = export(&agent, json!({ "format": "csv", "since": "2100-01-01" })).await?;
        ensure!(later.lines().count() == 1, "{later}");
        for (options, code) in [
            (json!({ "format": "xml" }), "format_unknown"),
            (json!({ "since": "yesterday" }), "since_malformed"),
        ] {
            let refusal = "return agent.exportAudit(args[0]).then(() => '', ({ code }) => code)";
            let found = agent.run(refusal, vec![options]).await?;
            ensure!(found == code, "expected `{code}`, found {found}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn audit_is_searched_in_the_widget() -> Result<()> {
    play(async |stage| {
        let agent = decided(stage).await?;
        agent.click("inbox-button").await?;
        agent.click("audit-button").await?;
        kinds_are(&agent, &["proposed", "decided", "tool started", "tool finished"]).await?;
        agent.run(CHOOSE, vec![json!("Decision"), json!("deny")]).await?;
        kinds_are_only(&agent, &["decided"]).await?;
        agent.shows("Transfer 20 to Bob").await?;
        agent.run(CHOOSE, vec![json!("Decision"), json!("")]).await?;
        agent.run(CHOOSE, vec![json!("Kind"), json!("tool_finished")]).await?;
        kinds_are_only(&agent, &["tool finished"]).await?;
        agent.part("inbox-search").await?.send_keys("no such words").await?;
        kinds_are_only(&agent, &[]).await?;
        agent.shows("Nothing with these words.").await
    })
    .await
}

/// A page with one call that was approved and one that was denied.
async fn decided(stage: &Stage) -> Result<Agent> {
    let agent = stage.lab("").await?;
    agent.say("Transfer 500 to Alice").await?;
    agent.approve().await?;
    agent.shows("Done: 500 to Alice").await?;
    agent.say("Transfer 20 to Bob").await?;
    agent.deny("=1+1").await?;
    agent.is("idle").await?;
    Ok(agent)
}

async fn export(agent: &Agent, options: Value) -> Result<String> {
    let export = "return (await agent.exportAudit(args[0])).text()";
    let text = agent.run(export, vec![options]).await?;
    text.as_str().map(str::to_owned).context("the audit is no text")
}

/// All of these kinds are shown.
async fn kinds_are(agent: &Agent, expected: &[&str]) -> Result<()> {
    until_true(&format!("{expected:?} are shown"), async || {
        let kinds = agent.run(KINDS, vec![]).await?;
        let is_shown = |kind: &&str| kinds.as_array().is_some_and(|all| all.contains(&json!(kind)));
        ensure!(expected.iter().all(is_shown), "there are {kinds}");
        Ok(true)
    })
    .await
}

/// These kinds are shown, each as often as it is, and no other.
async fn kinds_are_only(agent: &Agent, expected: &[&str]) -> Result<()> {
    until_true(&format!("only {expected:?} are shown"), async || {
        let kinds = agent.run(KINDS, vec![]).await?;
        ensure!(kinds == json!(expected), "there are {kinds}");
        Ok(true)
    })
    .await
}

const KINDS: &str = "
    const rows = agent.shadowRoot.querySelectorAll('.audit-row .audit-kind');
    return [...rows].map((row) => row.textContent);";

const CHOOSE: &str = "
    const menu = agent.shadowRoot.querySelector(`select[aria-label='${args[0]}']`);
    menu.value = args[1];
    menu.dispatchEvent(new Event('change', { bubbles: true }));";

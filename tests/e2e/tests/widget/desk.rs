//! The worker's pages for people, in a browser.

use anyhow::{Context, Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::corpora::Corpora;
use holdpoint_e2e::look::{DARK, FORCED, LIGHT, NARROW};
use holdpoint_e2e::stage::{Stage, play};
use holdpoint_e2e::until;
use serde_json::json;
use thirtyfour::Key;

use crate::axe::violations;
use crate::worker::{ANN, AtWork, BEN, FAILS};

#[tokio::test]
async fn person_signs_in_and_approves_by_the_keyboard_alone() -> Result<()> {
    let worker = AtWork::changed(|file| file).await?;
    play(async |stage| {
        worker.invoice(500).await?;
        worker.link().await?;
        let agent = signed_in(stage, &worker).await?;
        let driver = agent.tab.front().await?;
        // The way there is short, and each place on it can be seen.
        let mut passed = Vec::new();
        for _ in 0..6 {
            let active = driver.active_element().await?;
            if active.text().await? == "Approve" {
                break;
            }
            active.send_keys(Key::Tab + "").await?;
            let outline = "return getComputedStyle(document.activeElement).outlineStyle";
            let outline = agent.tab.run(outline, vec![]).await?;
            passed.push(driver.active_element().await?.text().await?);
            ensure!(outline == "solid", "{passed:?} {outline}");
        }
        ensure!(passed == ["Holdpoint", "Sign out", "Refresh", "Approve"], "{passed:?}");
        driver.active_element().await?.send_keys(Key::Enter + "").await?;
        let said = shown(&agent, "[role=status]").await?;
        ensure!(said == "Your answer is saved.", "{said}");
        shown(&agent, "h1").await.map(drop)
    })
    .await
}

#[tokio::test]
async fn pages_for_people_violate_no_rule_of_axe_and_fit_into_320_pixels() -> Result<()> {
    let Some(corpora) = Corpora::find() else { return Ok(()) };
    let axe = corpora.axe()?;
    let worker = AtWork::changed(|file| file.replace("model =", "quorum = 2\nmodel =")).await?;
    play(async |stage| {
        stage.allow_complaints();
        worker.invoice(FAILS).await?;
        worker.link().await?;
        worker.decide_as(ANN, "approve").await?;
        worker.decide_as(BEN, "approve").await?;
        let doubtful = until("a call is in doubt", async || {
            let listed = worker.ask(ANN, "/v1/approvals?status=in_doubt", None).await?;
            Ok(listed["approvals"][0]["run"].as_str().map(str::to_owned))
        });
        let doubtful = format!("/desk/jobs/{}", doubtful.await?);
        let job = format!("/desk/jobs/{}", worker.invoice(500).await?);
        until("it waits", async || {
            let listed = worker.ask(ANN, "/v1/approvals", None).await?;
            Ok(listed["approvals"][0]["id"].as_str().map(drop))
        })
        .await?;
        let link = worker.link().await?;
        let link = link.trim_start_matches(&worker.base).to_owned();
        worker.decide_as(BEN, "approve").await?;
        let agent = stage.agent().await?;
        let mut all = look_at(&agent, &worker, &axe, &["/desk"]).await?;
        let agent = signed_in(stage, &worker).await?;
        let paths = ["/desk", &job, &doubtful, &link, "/approve/none", "/desk/jobs/none-such"];
        all.extend(look_at(&agent, &worker, &axe, &paths).await?);
        ensure!(all.is_empty(), "{all:#?}");
        Ok(())
    })
    .await
}

/// What is wrong with these pages, in every look.
async fn look_at(agent: &Agent, worker: &AtWork, axe: &str, paths: &[&str]) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for path in paths {
        agent.tab.open(&format!("{}{path}", worker.base)).await?;
        for look in [LIGHT, DARK, FORCED, NARROW] {
            look.put_on(agent).await?;
            let found = violations(agent, axe).await?.into_iter();
            all.extend(found.map(|found| format!("{path} {}: {found}", look.name)));
        }
        let fits = "const { scrollWidth, clientWidth } = document.documentElement;
            return scrollWidth - clientWidth";
        let beyond = agent.tab.run(fits, vec![]).await?;
        all.extend((beyond != 0).then(|| format!("{path} is {beyond} pixels too wide")));
    }
    Ok(all)
}

/// The desk, as Ann has it.
async fn signed_in(stage: &Stage, worker: &AtWork) -> Result<Agent> {
    let agent = stage.agent().await?;
    agent.tab.open(&format!("{}/desk", worker.base)).await?;
    let driver = agent.tab.front().await?;
    let field = driver.active_element().await?;
    ensure!(field.attr("name").await?.as_deref() == Some("access"), "the field has no focus");
    field.send_keys(ANN).await?;
    field.send_keys(Key::Enter + "").await?;
    shown(&agent, "article").await?;
    Ok(agent)
}

/// The text of an element, once it is there.
async fn shown(agent: &Agent, selector: &str) -> Result<String> {
    let script = "return document.querySelector(args[0])?.innerText ?? null";
    let text = until(selector, async || {
        let text = agent.tab.run(script, vec![json!(selector)]).await?;
        Ok(text.as_str().map(str::to_owned))
    });
    text.await.with_context(|| format!("no {selector}"))
}

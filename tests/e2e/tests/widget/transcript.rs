//! A long conversation.

use anyhow::{Result, ensure};
use holdpoint_e2e::stage::play;
use holdpoint_e2e::until_true;
use serde_json::json;

#[tokio::test]
async fn earlier_runs_are_shown_on_request_and_what_is_in_sight_stays() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("").await?;
        let ask = "
            for (let at = 0; at < 60; at++) {
              const over = new Promise((done) =>
                agent.addEventListener('holdpoint-run-end', done, { once: true }));
              await agent.send(`question ${at}`);
              await over;
            }";
        agent.run(ask, vec![]).await?;

        let agent = stage.lab("").await?;
        let count = "return agent.shadowRoot.querySelectorAll('.run').length";
        until_true("the newest runs are shown", async || {
            Ok(agent.run(count, vec![]).await? == 50)
        })
        .await?;
        let look = "
            const log = agent.shadowRoot.querySelector('[part~=transcript]');
            if (globalThis.seen === undefined) {
              log.scrollTop = 0;
              globalThis.seen = log.querySelector('.run');
            }
            const found = [...log.querySelectorAll('.run')].indexOf(seen);
            return [found, Math.round(seen.getBoundingClientRect().top - log.getBoundingClientRect().top)]";
        let before = agent.run(look, vec![]).await?;
        agent.click("earlier-button").await?;
        until_true("the others are shown", async || Ok(agent.run(count, vec![]).await? == 60))
            .await?;
        until_true("what was in sight is there", async || {
            let now = agent.run(look, vec![]).await?;
            ensure!(now[0] == 10, "there are {now} before it, and were {before}");
            let moved = now[1].as_f64().unwrap_or(0.0) - before[1].as_f64().unwrap_or(0.0);
            // The button above it has gone, which nobody misses.
            ensure!(moved.abs() < 60.0, "it moved by {moved}");
            Ok(true)
        })
        .await?;
        ensure!(agent.parts("earlier-button").await?.is_empty());
        let focused = "return agent.shadowRoot.activeElement?.getAttribute('part')";
        ensure!(agent.run(focused, vec![]).await? == json!("transcript"));
        Ok(())
    })
    .await
}

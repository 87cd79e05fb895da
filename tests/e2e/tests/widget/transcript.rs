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
        until_true("the newest runs are shown, and not all", async || {
            let count = agent.run(count, vec![]).await?.as_u64().unwrap_or(60);
            Ok(count > 0 && count < 50)
        })
        .await?;
        // First what was read, then what the store has beside it.
        for asks in 0.. {
            ensure!(asks < 20, "the beginning is not reached");
            if agent.run(count, vec![]).await? == 60 {
                break;
            }
            let place = "
                const log = agent.shadowRoot.querySelector('[part~=transcript]');
                if (args[0]) {
                  log.scrollTop = 0;
                  globalThis.seen = log.querySelector('.run');
                }
                return seen.getBoundingClientRect().top - log.getBoundingClientRect().top";
            let before = agent.run(place, vec![json!(true)]).await?.as_f64().unwrap_or(0.0);
            let button = agent.parts("earlier-button").await?;
            let was = agent.run(count, vec![]).await?;
            if let Some(button) = button.first() {
                button.click().await?;
            }
            until_true("more are shown", async || {
                let now = agent.run(count, vec![]).await?;
                Ok(now != was || now == 60)
            })
            .await?;
            until_true("what was in sight is where it was", async || {
                let now = agent.run(place, vec![json!(false)]).await?.as_f64().unwrap_or(0.0);
                // The button above the first of them may have gone.
                ensure!((now - before).abs() < 60.0, "it was at {before} and is at {now}");
                Ok(true)
            })
            .await?;
        }
        ensure!(agent.parts("earlier-button").await?.is_empty());
        let focused = "return agent.shadowRoot.activeElement?.getAttribute('part')";
        ensure!(agent.run(focused, vec![]).await? == json!("transcript"));
        Ok(())
    })
    .await
}

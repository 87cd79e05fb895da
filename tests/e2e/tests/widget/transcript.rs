//! A long conversation.

use anyhow::Result;
use holdpoint_e2e::stage::play;
use holdpoint_e2e::until_true;

#[tokio::test]
async fn earlier_runs_are_shown_on_request() -> Result<()> {
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
        let press = "agent.shadowRoot.querySelector('[part~=earlier-button]')?.click()";
        until_true("all are shown", async || {
            agent.run(press, vec![]).await?;
            Ok(agent.run(count, vec![]).await? == 60)
        })
        .await?;
        until_true("there is nothing before them", async || {
            Ok(agent.parts("earlier-button").await?.is_empty())
        })
        .await?;
        Ok(())
    })
    .await
}

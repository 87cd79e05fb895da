//! The answer of a model, as it comes in and as it stays.

use anyhow::{Result, ensure};
use holdpoint_e2e::lab::{Answer, Point};
use holdpoint_e2e::stage::play;
use serde_json::json;

#[tokio::test]
async fn only_the_end_of_an_answer_is_laid_out_again_as_it_streams_in() -> Result<()> {
    play(async |stage| {
        let paragraphs = (0..40).flat_map(|at| [format!("**{at}**"), " words".into(), "\n\n".into()]);
        stage.server.lab.answer([Answer::Words(paragraphs.collect())]);
        stage.server.lab.hold(Point::MidAnswer);
        let agent = stage.lab("").await?;
        agent.say("tell me something long").await?;
        stage.server.lab.reached().await;
        agent.shows("19 words").await?;
        let watch = "
            const bubble = agent.shadowRoot.querySelector('.streaming .bubble');
            globalThis.early = [...bubble.children].slice(0, -1);
            globalThis.touched = new Set();
            new MutationObserver((changes) => {
              for (const { target, removedNodes } of changes) {
                for (const node of [target, ...removedNodes]) touched.add(node);
              }
            }).observe(bubble, { subtree: true, childList: true, characterData: true });
            return early.length";
        ensure!(agent.run(watch, vec![]).await? == 19);
        // The stream's own elements are looked at in the moment before the whole answer is shown.
        let note = "
            const said = agent.shadowRoot.querySelector('.run');
            globalThis.kept = undefined;
            new MutationObserver(() => {
              const bubble = agent.shadowRoot.querySelector('.streaming .bubble');
              if (bubble) kept = early.every((node) => node.parentNode === bubble && !touched.has(node));
            }).observe(said, { subtree: true, childList: true });";
        agent.run(note, vec![]).await?;
        stage.server.lab.release();
        agent.shows("39 words").await?;
        ensure!(agent.run("return kept", vec![]).await? == true);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn link_says_its_host_unless_its_words_do() -> Result<()> {
    play(async |stage| {
        let words = "[your bank](https://evil.example/x) https://good.example/y \
                     https://bank.example@evil.example/ [evil.example](https://evil.example) \
                     [not.evil.example](https://evil.example) [mail](mailto:a@b.example?subject=x) \
                     [old](http://plain.example) ![pixel](https://track.example/p.png) \
                     <img src=https://track.example/q.png>";
        stage.server.lab.answer([Answer::Words(vec![words.into()])]);
        let agent = stage.lab("").await?;
        agent.say("show me links").await?;
        agent.is("idle").await?;
        agent.shows("your bank").await?;
        let links =
            "return [...agent.shadowRoot.querySelectorAll('.bubble a')].map((a) => a.textContent)";
        let links = agent.run(links, vec![]).await?;
        let expected = json!([
            "your bank (evil.example)",
            "https://good.example/y",
            "https://bank.example@evil.example/ (evil.example)",
            "evil.example",
            "not.evil.example (evil.example)",
            "mail (a@b.example)",
            "https://track.example/q.png",
        ]);
        ensure!(links == expected, "{links:#?}");
        let images = "return agent.shadowRoot.querySelectorAll('img, iframe, script').length";
        ensure!(agent.run(images, vec![]).await? == 0);
        Ok(())
    })
    .await
}

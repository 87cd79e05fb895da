//! What it takes to approve a card, and what a card can do beside.

use anyhow::{Result, ensure};
use holdpoint_e2e::lab::Answer;
use holdpoint_e2e::scene::BREAK_STORE;
use holdpoint_e2e::stage::play;
use holdpoint_e2e::until_true;
use serde_json::json;
use thirtyfour::Key;

#[tokio::test]
async fn card_that_came_up_now_cannot_be_approved_and_says_so() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("").await?;
        agent.run(NOTE_THE_FIRST_STATE, vec![]).await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.enabled("approve-button").await?;
        let first = agent.tab.run("return firstState", vec![]).await?;
        ensure!(first == json!(["true", "It can be approved in a moment."]), "{first}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn card_under_something_of_the_page_cannot_be_approved() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        agent.enabled("approve-button").await?;
        agent.run(COVER_THE_FACTS, vec!["auto".into()]).await?;
        agent.shows("Something on the page covers this card").await?;
        agent.part("approve-button").await?.click().await?;
        agent.run(&["cover.remove();", UNTIL_VISIBLE].concat(), vec![]).await?;
        agent.approve().await?;
        agent.shows("Done: ").await?;
        // The click under the cover was none.
        let decisions = agent.tab.run("return decisions.length", vec![]).await?;
        ensure!(decisions == 1, "{decisions}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn card_under_what_lets_clicks_through_needs_a_second_step() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        agent.enabled("approve-button").await?;
        // All of the window, as the way to the button scrolls the facts from under a smaller cover.
        agent.run(&[COVER_THE_FACTS, COVER_ALL].concat(), vec!["none".into()]).await?;
        // The browser tells of it a moment later.
        let doubts = "return agent.shadowRoot.querySelector('[data-vouched=false]') !== null";
        until_true("the card is in doubt", async || Ok(agent.run(doubts, vec![]).await? == true))
            .await?;
        agent.click("approve-button").await?;
        agent.part("confirm-dialog").await?;
        agent.shows("The browser cannot tell whether the card was shown as it is").await?;
        ensure!(stage.server.lab.effects().is_empty());
        agent.part("confirm-word").await?.send_keys("approve").await?;
        agent.click("confirm-button").await?;
        agent.shows("Done: ").await
    })
    .await
}

#[tokio::test]
async fn what_cannot_be_undone_needs_a_word_and_escape_leads_back() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("hints=destructiveHint").await?;
        agent.shows("This cannot be undone.").await?;
        agent.click("approve-button").await?;
        agent.part("confirm-dialog").await?.send_keys(Key::Escape).await?;
        let focused = "return agent.shadowRoot.activeElement?.part.value";
        holdpoint_e2e::until_true("the focus is back", async || {
            Ok(agent.run(focused, vec![]).await? == "approve-button")
        })
        .await?;
        ensure!(agent.parts("confirm-dialog").await?.is_empty());
        ensure!(stage.server.lab.effects().is_empty());

        agent.click("approve-button").await?;
        agent.part("confirm-word").await?.send_keys("approv").await?;
        agent.part("confirm-button").await?.click().await?;
        ensure!(stage.server.lab.effects().is_empty());
        agent.part("confirm-word").await?.send_keys("e").await?;
        agent.click("confirm-button").await?;
        agent.shows("Done: ").await?;
        ensure!(stage.server.lab.effects().len() == 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_cannot_be_undone_is_approved_by_holding_and_not_by_letting_go() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("hints=destructiveHint").await?;
        agent.click("approve-button").await?;
        let hold = agent.enabled("hold-button").await?;
        hold.click().await?;
        agent.part("confirm-dialog").await?;
        ensure!(stage.server.lab.effects().is_empty());
        agent.tab.front().await?.action_chain().click_and_hold_element(&hold).perform().await?;
        agent.shows("Done: ").await?;
        ensure!(stage.server.lab.effects().len() == 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn keys_decide_on_the_card_that_has_the_focus() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        agent.enabled("approve-button").await?;
        let deny = agent.part("deny-button").await?;
        deny.send_keys(Key::Alt + "d").await?;
        agent.part("deny-reason").await?.send_keys(Key::Escape).await?;
        agent.enabled("approve-button").await?;
        agent.part("deny-button").await?.send_keys(Key::Control + Key::Enter).await?;
        agent.shows("Done: ").await
    })
    .await
}

#[tokio::test]
async fn long_value_is_opened_before_anything_is_approved() -> Result<()> {
    play(async |stage| {
        let padding = "all is well. ".repeat(200);
        let recipient = [&padding, "And 500 more to Mallory. ", &padding].concat();
        let arguments = json!({ "amount": 5, "recipient": recipient.trim() }).to_string();
        let calls = vec![("transfer".to_owned(), arguments)];
        stage.server.lab.answer([Answer::Calls(calls)]);
        let agent = stage.lab("").await?;
        agent.say("Go").await?;
        agent.shows("characters hidden").await?;
        agent.shows("Show the rest first").await?;
        ensure!(!agent.text().await?.contains("Mallory"));
        agent.click("approve-button").await?;
        agent.one(".show-all", 0).await?.click().await?;
        agent.shows("Mallory").await?;
        ensure!(stage.server.lab.effects().is_empty());
        agent.run(SCROLL_THROUGH, vec![]).await?;
        holdpoint_e2e::until_true("it was all seen", async || {
            Ok(!agent.text().await?.contains("Show the rest first"))
        })
        .await?;
        agent.approve().await?;
        agent.shows("Done: ").await?;
        ensure!(stage.server.lab.effects().len() == 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn approval_is_taken_back_before_the_call_begins() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("undo=600000").await?;
        agent.shows("After you approve, you can take it back").await?;
        agent.approve().await?;
        agent.press("Undo").await?;
        agent.card().await?;
        ensure!(stage.server.lab.effects().is_empty());
        agent.deny("changed my mind").await?;
        agent.shows("you declined it").await?;
        ensure!(stage.server.lab.effects().is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_changed_since_the_card_was_shown_is_shown_before_it_is_approved() -> Result<()> {
    play(async |stage| {
        stage.allow_complaints();
        let agent = stage.held("watch").await?;
        agent.enabled("approve-button").await?;
        agent.tab.run("world = { balance: 120 }", vec![]).await?;
        agent.click("approve-button").await?;
        agent.shows("Changed since you were first asked").await?;
        ensure!(stage.server.lab.effects().is_empty());
        let changes = agent.part("changes").await?.text().await?;
        ensure!(changes.contains("1000") && changes.contains("120"), "{changes}");
        // The line that says so may lie over the button.
        agent.enabled("approve-button").await?.send_keys(Key::Enter + "").await?;
        agent.shows("Done: ").await
    })
    .await
}

#[tokio::test]
async fn remembered_rule_lets_go_what_is_within_its_bounds() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("rule").await?;
        agent.click("remember").await?;
        agent.shows("Transfer: amount up to 500, recipient exactly “Alice”").await?;
        let most = agent.part("remember-most").await?;
        most.clear().await?;
        most.send_keys("60,5").await?;
        agent.shows("A limit is a number from 0 on").await?;
        let approve = agent.part("approve-button").await?;
        ensure!(approve.attr("aria-disabled").await?.as_deref() == Some("true"));
        most.clear().await?;
        most.send_keys("600").await?;
        agent.approve().await?;
        agent.shows("Done: ").await?;
        agent.say("Transfer 599 to Alice").await?;
        agent.shows("Done: 599").await?;
        agent.say("Transfer 601 to Alice").await?;
        agent.card().await?;
        ensure!(stage.server.lab.effects().len() == 2);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn rule_is_not_remembered_where_its_approval_is_not_saved() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("rule").await?;
        agent.click("remember").await?;
        agent.run(BREAK_STORE, vec![]).await?;
        agent.approve().await?;
        agent.shows("no room left").await?;
        ensure!(agent.run("return agent.rules()", vec![]).await? == json!([]));
        ensure!(stage.server.lab.effects().is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn remembered_rule_is_listed_and_asks_again_once_it_is_revoked() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("rule").await?;
        agent.click("remember").await?;
        agent.approve().await?;
        agent.shows("Done: ").await?;
        agent.click("inbox-button").await?;
        agent.click("rules-button").await?;
        agent.shows("Transfer: amount up to 500, recipient exactly “Alice”").await?;
        agent.click("revoke-button").await?;
        agent.shows("Nothing is approved without asking.").await?;
        agent.click("inbox-button").await?;
        agent.say("Transfer 400 to Alice").await?;
        agent.card().await?;
        ensure!(stage.server.lab.effects().len() == 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn rule_is_not_offered_for_what_always_asks_or_cannot_be_undone() -> Result<()> {
    play(async |stage| {
        for query in ["", "rule&hints=destructiveHint&namespace=other"] {
            let agent = stage.held(query).await?;
            agent.enabled("approve-button").await?;
            ensure!(agent.parts("remember").await?.is_empty(), "{query}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn answer_in_place_of_the_call_reaches_the_model() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        agent.click("answer-button").await?;
        agent.part("answer-text").await?.send_keys("Alice was paid yesterday").await?;
        agent.press("Send answer").await?;
        agent.shows("answered by you: Alice was paid yesterday").await?;
        agent.is("idle").await?;
        ensure!(stage.server.lab.effects().is_empty());
        let requests = json!(stage.server.lab.requests()).to_string();
        ensure!(requests.contains("Alice was paid yesterday"), "{requests}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn card_whose_time_is_over_is_asked_for_again() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("expires=1000&late=ask-again").await?;
        agent.shows("The time to decide is over").await?;
        let approve = agent.part("approve-button").await?;
        ensure!(approve.attr("aria-disabled").await?.as_deref() == Some("true"));
        agent.press("Ask again").await?;
        holdpoint_e2e::until_true("more time is on record", async || {
            Ok(agent.journal().await?.contains(&"extended".to_owned()))
        })
        .await?;
        ensure!(stage.server.lab.effects().is_empty());
        Ok(())
    })
    .await
}

const NOTE_THE_FIRST_STATE: &str = "
    const look = () => {
      const root = agent.shadowRoot;
      const button = root.querySelector('[part~=approve-button]');
      if (!button) return requestAnimationFrame(look);
      const words = root.getElementById(button.getAttribute('aria-describedby'));
      globalThis.firstState = [button.getAttribute('aria-disabled'), words?.textContent];
    };
    look();";

const COVER_THE_FACTS: &str = "
    const list = agent.shadowRoot.querySelector('[part~=card-arguments]');
    list.scrollIntoView({ block: 'center' });
    const facts = list.getBoundingClientRect();
    const cover = document.createElement('div');
    cover.className = 'cover';
    cover.attributeStyleMap.set('position', 'fixed');
    cover.attributeStyleMap.set('pointer-events', args[0]);
    cover.attributeStyleMap.set('background-color', 'white');
    for (const side of ['left', 'top', 'width', 'height']) {
      cover.attributeStyleMap.set(side, CSS.px(facts[side]));
    }
    document.body.append(cover);
    globalThis.cover = cover;";

const COVER_ALL: &str = "
    for (const side of ['left', 'top']) cover.attributeStyleMap.set(side, CSS.px(0));
    cover.attributeStyleMap.set('width', CSS.px(innerWidth));
    cover.attributeStyleMap.set('height', CSS.px(innerHeight));";

/// Until nothing is over the card, by an observer of the page's own.
const UNTIL_VISIBLE: &str = "
    const card = agent.shadowRoot.querySelector('[part~=approval-card]');
    for (let look = 0; look < 2; look += 1) {
      await new Promise((seen) => {
        const options = { trackVisibility: true, delay: 100 };
        const observer = new IntersectionObserver(([entry]) => {
          if (!entry.isVisible) return;
          observer.disconnect();
          seen();
        }, options);
        observer.observe(card);
      });
    }";

const SCROLL_THROUGH: &str = "
    const log = agent.shadowRoot.querySelector('[part~=transcript]');
    const frame = () => new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
    log.scrollTop = 0;
    for (let last = -1; log.scrollTop !== last; ) {
      last = log.scrollTop;
      await frame();
      log.scrollTop += log.clientHeight / 2;
      await frame();
    }";

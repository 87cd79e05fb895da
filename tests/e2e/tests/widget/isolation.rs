//! The widget among whatever a page does: styles, keys and layers of one do not reach the other.

use anyhow::{Result, ensure};
use holdpoint_e2e::stage::{Stage, play};
use holdpoint_e2e::until_true;
use serde_json::json;
use thirtyfour::WebElement;

#[tokio::test]
async fn hostile_sheet_of_the_page_changes_nothing_inside() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        let differences = [STYLES, DIFFERENCES, UNDER_HOSTILE_SHEET].concat();
        let found = agent.run(&differences, vec![json!(HOSTILE)]).await?;
        ensure!(found["compared"].as_u64().is_some_and(|count| count > 1000), "{found}");
        ensure!(found["differences"] == json!([]), "{found}");
        agent.approve().await?;
        agent.shows("Done: ").await
    })
    .await
}

#[tokio::test]
async fn styles_of_the_widget_stay_inside() -> Result<()> {
    play(async |stage| {
        let agent = stage.agent().await?;
        agent.tab.open(&stage.server.url("/lab/plain")).await?;
        let with_widget = [STYLES, DIFFERENCES, BESIDE_WIDGET].concat();
        let found = agent.tab.run(&with_widget, vec![]).await?;
        ensure!(found["compared"].as_u64().is_some_and(|count| count > 1000), "{found}");
        ensure!(found["differences"] == json!([]), "{found}");
        ensure!(found["sheets"] == 0 && found["globals"] == json!(["holdpoint"]), "{found}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_is_typed_is_not_for_the_hotkeys_of_the_page() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("").await?;
        let hear = "globalThis.heard = [];
            for (const type of ['keydown', 'keypress', 'keyup']) {
              document.addEventListener(type, (event) => heard.push(event.key));
            }";
        agent.tab.run(hear, vec![]).await?;
        agent.say("Transfer 500 to Jj?").await?;
        agent.click("deny-button").await?;
        agent.part("deny-reason").await?.send_keys("just no").await?;
        ensure!(agent.tab.run("return heard", vec![]).await? == json!([]));
        // Keys that nobody types are the page's as well.
        agent.part("deny-button").await?.send_keys("j").await?;
        ensure!(agent.tab.run("return heard[0]", vec![]).await? == "j");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn popover_is_above_every_layer_of_the_page() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("layout=popover&open").await?;
        agent.tab.run(COVER, vec![]).await?;
        is_on_top(&agent.part("composer").await?).await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.card().await?;
        // What is moved within the page leaves the top layer, and comes back to it.
        agent.run("document.querySelector('main').append(agent)", vec![]).await?;
        is_on_top(&agent.part("composer").await?).await?;
        agent.run("agent.layout = 'inline'", vec![]).await?;
        agent.card().await?;
        let covered = is_on_top(&agent.part("composer").await?).await;
        ensure!(covered.is_err(), "what is inline is in the page's own layers");
        agent.run("agent.layout = 'popover'", vec![]).await?;
        is_on_top(&agent.part("composer").await?).await?;
        agent.approve().await?;
        agent.shows("Done: ").await?;
        ensure!(stage.server.lab.effects().len() == 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn widgets_of_one_namespace_share_their_runs() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        another(stage, "default").await?;
        let both = "return [...document.querySelectorAll('holdpoint-agent')]
                      .map((agent) => agent.pending.length)";
        ensure!(agent.tab.run(both, vec![]).await? == json!([1, 1]));
        // It is decided in the one that does not hold the run.
        let decide = "const [{ callId, digest }] = other.pending;
                      await other.approve(callId, { digest });";
        agent.tab.run(decide, vec![]).await?;
        agent.shows("Done: ").await?;
        until_true("both are through with it", async || {
            Ok(agent.tab.run(both, vec![]).await? == json!([0, 0]))
        })
        .await?;
        ensure!(stage.server.lab.effects().len() == 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn widgets_of_two_namespaces_know_nothing_of_each_other() -> Result<()> {
    play(async |stage| {
        let agent = stage.held("").await?;
        another(stage, "second").await?;
        ensure!(agent.tab.run("return other.runs", vec![]).await? == json!([]));
        agent.tab.run("await other.send('Transfer 300 to Bob')", vec![]).await?;
        until_true("each has its own card", async || {
            let cards = "return [...document.querySelectorAll('holdpoint-agent')]
                .map((agent) => agent.pending.map((call) => call.arguments.amount))";
            Ok(agent.tab.run(cards, vec![]).await? == json!([[500], [300]]))
        })
        .await
    })
    .await
}

#[tokio::test]
async fn frame_without_storage_keeps_its_runs_in_memory_and_says_so() -> Result<()> {
    play(async |stage| {
        let agent = stage.agent().await?;
        agent.tab.open(&stage.server.url("/lab/plain")).await?;
        let frame = "globalThis.told = [];
            addEventListener('message', ({ data }) => told.push(data));
            const frame = document.createElement('iframe');
            frame.sandbox = 'allow-scripts';
            frame.src = '/open/sandboxed.html';
            document.body.append(frame);";
        agent.tab.run(frame, vec![]).await?;
        let told = async || agent.tab.run("return told", vec![]).await;
        until_true("the frame's run is through", async || {
            Ok(told()
                .await?
                .as_array()
                .is_some_and(|told| told.contains(&json!("ended completed"))))
        })
        .await?;
        let told = told().await?;
        ensure!(told.as_array().is_some_and(|told| told.contains(&json!("error storage_refused"))));
        ensure!(
            told.to_string().contains("What is done here is forgotten with the page"),
            "{told}"
        );
        Ok(())
    })
    .await
}

/// A second widget beside that of the lab, with its tools: `globalThis.other`.
async fn another(stage: &Stage, namespace: &str) -> Result<()> {
    let add = "globalThis.other = document.createElement('holdpoint-agent');
        other.setAttribute('endpoint', '/lab/v1');
        other.setAttribute('namespace', args[0]);
        other.tools = agent.tools;
        document.body.append(other);
        await other.ready;";
    stage.agent().await?.run(add, vec![json!(namespace)]).await?;
    Ok(())
}

/// Whether a click in the middle of an element is one on it.
async fn is_on_top(element: &WebElement) -> Result<()> {
    let rect = element.rect().await?;
    let (x, y) = (rect.x + rect.width / 2.0, rect.y + rect.height / 2.0);
    let at = "return document.elementFromPoint(arguments[0], arguments[1])?.localName";
    let found = element.handle().execute(at, vec![json!(x), json!(y)]).await?;
    ensure!(found.json() == "holdpoint-agent", "{} is on top", found.json());
    Ok(())
}

/// What pages do to all there is, and to what they take for their own.
const HOSTILE: &str = "
    * { all: unset !important }
    *, ::before, ::after { box-sizing: content-box !important; border: 3px dotted red !important }
    button, input, textarea, [role] { display: none !important }
    html { font-size: 43px !important; line-height: 3 !important }
    body { letter-spacing: 9px !important; word-spacing: 9px; text-transform: uppercase !important;
           font: 40px/3 fantasy !important; color: red !important; text-align: right !important;
           text-indent: 30px !important; white-space: pre !important; cursor: wait !important;
           font-variant: small-caps !important; visibility: visible; user-select: none !important }
    h2, p, dl, dd { margin: 50px !important; font-size: 2rem !important }
    .panel, .head, .base, .message { display: none !important; opacity: 0 !important }";

const COVER: &str = "
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('#cover { position: fixed; inset: 0; z-index: 2147483647; background: white }');
    document.adoptedStyleSheets.push(sheet);
    const cover = document.createElement('div');
    cover.id = 'cover';
    document.body.append(cover);";

/// Computed styles, but for what follows from how much room there is.
const STYLES: &str = "
    const sized = /size|width|height|origin|inset|^(top|right|bottom|left)$|^margin|animation/;
    const styles = (elements) =>
      [...elements].map((element) => {
        const style = getComputedStyle(element);
        const names = [...style].filter((name) => !sized.test(name) && !name.startsWith('--'));
        return names.map((name) => `${element.localName}.${element.className} ${name}: ${style[name] ?? style.getPropertyValue(name)}`);
      });";

const DIFFERENCES: &str = "
    const compared = (before, after) => ({
      compared: before.flat().length,
      differences: before.flatMap((lines, at) => lines.filter((line) => !after[at].includes(line))).slice(0, 20),
    });";

const UNDER_HOSTILE_SHEET: &str = "
    const inside = agent.shadowRoot.querySelectorAll('*');
    const before = styles(inside);
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(args[0]);
    document.adoptedStyleSheets.push(sheet);
    await new Promise(requestAnimationFrame);
    return compared(before, styles(inside));";

const BESIDE_WIDGET: &str = "
    for (const name of ['h2', 'p', 'button', 'textarea', 'dl', 'section']) {
      document.body.append(document.createElement(name));
    }
    const own = [document.documentElement, document.body, ...document.body.children];
    const before = styles(own);
    const known = new Set(Object.keys(globalThis));
    await import('/holdpoint.js');
    const agent = document.createElement('holdpoint-agent');
    agent.api = 'demo';
    document.body.append(agent);
    await agent.ready;
    await agent.send('Hello');
    const sheets = document.styleSheets.length + document.adoptedStyleSheets.length;
    const globals = Object.keys(globalThis).filter((name) => !known.has(name));
    return { ...compared(before, styles(own)), sheets, globals };";

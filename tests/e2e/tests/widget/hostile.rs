//! Texts that want to be more than text, wherever a stranger can put one: in what the model says, in
//! arguments, in results, and in what a page took from somewhere and gave to its tools and labels.
//!
//! Nothing executes, no request leaves, and the widget makes no element and no attribute that it does
//! not make of harmless texts. The page has no policy that could hide a fault; a second test has the
//! strict one, and sees no report of it.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::corpora::Corpora;
use holdpoint_e2e::lab::Answer;
use holdpoint_e2e::stage::{Stage, play};
use holdpoint_e2e::until_true;
use serde_json::{Value, json};

#[tokio::test]
async fn vectors_of_attack_stay_text() -> Result<()> {
    stay_text("/bare.html", vectors()?).await
}

#[tokio::test]
async fn naughty_strings_stay_text() -> Result<()> {
    stay_text("/bare.html", holdpoint_e2e::corpora::naughty_strings()?).await
}

#[tokio::test]
async fn fixtures_of_dompurify_stay_text() -> Result<()> {
    let Some(corpora) = Corpora::find() else { return Ok(()) };
    let module = corpora.dompurify()?;
    let mut payloads = Vec::new();
    play(async |stage| {
        let script = format!("const module = {{}}; {module}; return module.exports;");
        let agent = stage.agent().await?;
        let fixtures = agent.tab.front().await?.execute(script, vec![]).await?;
        let fixtures = fixtures.json().as_array().context("no list of fixtures")?.clone();
        let texts = fixtures.iter().filter_map(|fixture| fixture["payload"].as_str());
        payloads.extend(texts.map(str::to_owned));
        Ok(())
    })
    .await?;
    ensure!(payloads.len() > 150, "{} fixtures", payloads.len());
    stay_text("/bare.html", payloads).await
}

#[tokio::test]
async fn vectors_of_attack_violate_no_policy() -> Result<()> {
    // The console, in which each report of a policy is an error, must be clean.
    stay_text("/lab.html", vectors()?).await
}

/// A test in which nothing could be noticed would notice nothing.
#[tokio::test]
async fn text_that_became_an_element_would_be_noticed() -> Result<()> {
    play(async |stage| {
        stage.allow_complaints();
        stage.browser.note_requests().await?;
        let agent = stage.agent().await?;
        agent.tab.open(&stage.server.url("/bare.html?tools=none")).await?;
        agent.ready().await?;
        agent.tab.run(CANARY, vec![]).await?;
        let known = shown(stage, &agent, &["plain".to_owned()]).await?;
        agent.run(SPOIL, vec![]).await?;
        until_true("the handler runs", async || {
            Ok(agent.tab.run("return hits", vec![]).await? == json!([["hit", "1"]]))
        })
        .await?;
        let found: BTreeSet<String> = serde_json::from_value(agent.run(VOCABULARY, vec![]).await?)?;
        let new: Vec<_> = found.difference(&known).map(String::as_str).collect();
        ensure!(new == ["img", "img leads to https:", "img onerror", "img src"], "{new:?}");
        let left = nothing_left(stage).await.unwrap_err().to_string();
        ensure!(left.contains("evil.example"), "{left}");
        Ok(())
    })
    .await
}

async fn stay_text(page: &str, texts: Vec<String>) -> Result<()> {
    play(async |stage| {
        stage.browser.note_requests().await?;
        let agent = stage.agent().await?;
        let address = stage.server.url(&format!("{page}?tools=none"));
        agent.tab.open(&address).await?;
        agent.ready().await?;
        agent.tab.run(CANARY, vec![]).await?;
        let harmless: Vec<String> = HARMLESS.iter().map(|text| (*text).to_owned()).collect();
        let known = shown(stage, &agent, &harmless).await?;
        for texts in texts.chunks(AT_ONCE) {
            let found = shown(stage, &agent, texts).await.with_context(|| format!("{texts:#?}"))?;
            let new: Vec<_> = found.difference(&known).collect();
            ensure!(new.is_empty(), "{new:?} came of {texts:#?}");
            let hits = agent.tab.run("return hits", vec![]).await?;
            ensure!(hits == json!([]), "{hits} came of {texts:#?}");
        }
        nothing_left(stage).await
    })
    .await
}

/// Every request went to the test's own server.
async fn nothing_left(stage: &Stage) -> Result<()> {
    let requests = stage.browser.requests().await?;
    let ours = stage.server.url("/");
    ensure!(requests.iter().any(|url| url.starts_with(&ours)), "no request was noted");
    let others: Vec<_> = requests
        .iter()
        .filter(|url| !url.starts_with(&ours) && !url.starts_with("data:,"))
        .collect();
    ensure!(others.is_empty(), "{others:#?}");
    let paths: BTreeSet<_> =
        requests.iter().filter_map(|url| url.strip_prefix(&ours)).map(path).collect();
    let is_known = |path: &&str| path.starts_with("lab") || path.starts_with("holdpoint");
    let known = ["bare.html", "favicon.ico"];
    let strange: Vec<_> =
        paths.iter().filter(|path| !is_known(path) && !known.contains(path)).collect();
    ensure!(strange.is_empty(), "{strange:?}");
    Ok(())
}

fn path(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// Puts each text wherever it can come to, lets one half be approved and the other be denied, and
/// gives the kinds of elements and of attributes that the widget has then.
async fn shown(stage: &Stage, agent: &Agent, texts: &[String]) -> Result<BTreeSet<String>> {
    agent.run("await agent.clear('all')", vec![]).await?;
    let calls = texts.iter().enumerate().map(|(at, text)| {
        // A text is a name, a value, and a value deeper down.
        let arguments = json!({ text: text, "list": [text, { text: text }] });
        (format!("tool_{at}"), arguments.to_string())
    });
    stage.server.lab.answer([Answer::Calls(calls.collect()), Answer::Says(texts.join("\n\n"))]);
    agent.run(CALL, vec![json!(texts)]).await?;
    // Each for itself too: a fence that stays open would hide the rest.
    for text in texts.iter().filter(|text| !text.trim().is_empty()) {
        stage.server.lab.answer([Answer::Says(text.clone())]);
        agent.run(SAY, vec![json!(text)]).await?;
    }
    let found = agent.run(VOCABULARY, vec![]).await?;
    serde_json::from_value(found).context("the page gave no list of words")
}

fn vectors() -> Result<Vec<String>> {
    let classes: Value = serde_json::from_str(include_str!("../../corpora/vectors.json"))?;
    let classes = classes.as_object().context("the vectors are in classes")?;
    let texts = classes.values().filter_map(Value::as_array).flatten();
    Ok(texts.filter_map(Value::as_str).map(str::to_owned).collect())
}

/// As many calls as an answer may have.
const AT_ONCE: usize = 16;

/// What an ordinary text may make the widget show: all of Markdown, and what is spelled out.
const HARMLESS: [&str; 9] = [
    "# One\n## Two\n### Three\n#### Four\n\n*a* **b** `c`\n\n---\n\n> quoted\n\na  \nb",
    "1. one\n2. two\n   - three\n\n     loose",
    "3. three\n4. four",
    "- a\n- b",
    "| l | c | r |\n|:--|:-:|--:|\n| 1 | 2 | 3 |",
    "```js\ncode\n```\n\n    more",
    "http://bank.example [a link](https://bank.example/a?b=c \"t\") <https://bank.example> <a@bank.example>",
    "spelled out: \u{202e}\u{200b}  \t \n a value that is a good deal longer than a short one",
    "plain",
];

/// What a hostile text would call, and every way to stop a page.
const CANARY: &str = "
    globalThis.hits = [];
    for (const name of ['hit', 'alert', 'confirm', 'prompt', 'print', 'open', 'log']) {
      globalThis[name] = (...args) => void hits.push([name, ...args.map(String)]);
    }";

const SPOIL: &str = "
    const bubble = agent.shadowRoot.querySelector('.bubble');
    bubble.innerHTML = `<img src=\"https://evil.example/a.png\" onerror=\"hit(1)\">`;";

const CALL: &str = "
    const [texts] = args;
    const until = async (what, test) => {
      for (let frame = 0; frame < 1800; frame += 1) {
        if (test()) return;
        await new Promise(requestAnimationFrame);
      }
      throw new Error(`${what} did not come: ${JSON.stringify(agent.runs)}`);
    };
    for (const undo of globalThis.undo ?? []) undo();
    globalThis.undo = [];
    for (const [at, text] of texts.entries()) {
      undo.push(await agent.registerTool({
        name: `tool_${at}`,
        title: text.trim() ? text : 'title',
        description: text.trim() ? text : 'description',
        inputSchema: { type: 'object' },
        annotations: { destructiveHint: at % 3 === 0, readOnlyHint: at % 3 === 1 },
        approval: [{ id: 'always', when: true, because: text.trim() ? text : 'because' }],
        summary: () => text,
        preview: () => text,
        execute: () => {
          if (at % 4 === 3) throw new Error(text);
          return { [text]: text, list: [text] };
        },
      }));
    }
    agent.label = texts.at(-1);
    agent.approver = { id: texts[0], name: texts[0] };
    await agent.send(texts.join(' '));
    await until('the cards', () => agent.pending.length === texts.length);
    // All is shown before it is decided.
    await new Promise(requestAnimationFrame);
    for (const { callId, digest } of agent.pending) {
      const at = Number(callId.split('.').at(-1));
      if (at % 2) await agent.deny(callId, { reason: texts[at] });
      else await agent.approve(callId, { digest, note: texts[at] });
    }
    await until('the end', () => agent.state === 'idle');
    await new Promise(requestAnimationFrame);";

const SAY: &str = "
    const over = new Promise((resolve) =>
      agent.addEventListener('holdpoint-run-end', resolve, { once: true }));
    await agent.send(args[0]);
    await over;";

/// The names of all elements, each with those of its attributes; a link that leads to no web page
/// and no mailbox has a word of its own.
const VOCABULARY: &str = "
    for (const details of agent.shadowRoot.querySelectorAll('details')) details.open = true;
    await new Promise(requestAnimationFrame);
    const words = new Set();
    const all = [...agent.shadowRoot.querySelectorAll('*'), ...document.querySelectorAll('*')];
    for (const element of all) {
      words.add(element.localName);
      for (const { name, value } of element.attributes) {
        words.add(`${element.localName} ${name}`);
        const leads = ['href', 'src', 'action', 'formaction', 'data', 'poster'].includes(name);
        if (leads && element.getRootNode() !== document) {
          const { protocol } = new URL(value, 'https://relative.invalid');
          words.add(`${element.localName} leads to ${protocol}`);
        }
      }
    }
    return [...words];";

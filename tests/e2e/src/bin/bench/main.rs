//! The benches of the widget as it is shipped: `cargo xtask bench`, or `cargo xtask bench resume`.
//!
//! Every figure is of one page in one browser, the first runs and no warm-up, and comes as a row of a
//! Markdown table. Nothing is written but to the standard output.

#![allow(clippy::print_stdout, reason = "the tables are what this program is for")]

mod figures;
mod long_run;
mod ui;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use figures::{Figures, numbers};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::browser::Engine;
use holdpoint_e2e::stage::Stage;
use holdpoint_e2e::until;
use serde_json::json;
use thirtyfour::By;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    for name in &wanted {
        let known = *name == "ui" || NAMES.contains(&name.as_str());
        ensure!(known, "no bench `{name}`; there are {NAMES:?}, and `ui` for all but the last");
    }
    let is_ui = |name: &str| NAMES[..NAMES.len() - 1].contains(&name);
    let is_wanted = |name: &str| {
        let is_meant = |want: &String| want == name || want == "ui" && is_ui(name);
        wanted.is_empty() || wanted.iter().any(is_meant)
    };
    if is_wanted("resume") {
        figures::head("A reload with one held call");
        resume().await?.show("navigation → card in a frame");
    }
    if is_wanted("approve") {
        figures::head("A click on approve");
        let ([whole, decided, recorded, called], [clicked, idle]) = approve().await?;
        whole.show("click → the tool runs (two strict appends)");
        decided.show("of it: until the decision is on the disk");
        recorded.show("of it: until the start is on the disk");
        called.show("of it: until the tool runs");
        clicked.show("the same two transactions by hand, begun by a click");
        idle.show("the same two transactions by hand, begun by a script");
        println!("\nratio of the medians: {:.2} to a click", whole.median() / clicked.median());
        println!("and {:.2} to a script", whole.median() / idle.median());
    }
    if is_wanted("stream") {
        println!("\n### An answer of 4,000 tokens\n");
        println!("| pace | runs | upstream alone, ms | widget, ms | ratio | {} |", ui::TASKS);
        println!("|---|---:|---:|---:|---:|---:|---:|---:|");
        for pace in [Duration::ZERO, Duration::from_millis(2)] {
            stream(pace).await?;
        }
    }
    if is_wanted("tabs") {
        figures::head("A decision, seen from another tab");
        ui::tabs().await?.show("click in one tab → the card is closed in the other");
    }
    if is_wanted("thread") {
        println!("\n### A thread of 5,000 messages\n");
        ui::thread().await?;
    }
    if is_wanted("inbox") {
        println!("\n### An inbox of 10,000 calls\n");
        ui::inbox().await?;
    }
    if is_wanted("append") {
        figures::head("Appends to a run of many entries");
        for entries in [10, 1_000, 10_000] {
            let (decision, start) = append(entries).await?;
            decision.show(&format!("{entries} entries: decision, one append"));
            start.show(&format!("{entries} entries: decision → the tool runs, two appends"));
        }
    }
    Ok(())
}

async fn resume() -> Result<Figures> {
    let stage = Stage::set(Engine::Chromium, Duration::ZERO).await?;
    let agent = stage.lab("").await?;
    hold(&agent, "Transfer 500 to Alice").await?;
    let mut figures = Figures::default();
    for _ in 0..SAMPLES {
        agent.tab.reload().await?;
        let at = until("the card is in a frame", async || {
            Ok(agent.tab.run("return moments.card ?? null", vec![]).await?.as_f64())
        });
        figures.take(at.await?);
    }
    Ok(figures)
}

/// The widget's steps, and the same by hand, in turn, so that what else the machine does meets both:
/// from a click, after which a browser draws a frame before it hands out answers, and from a script.
async fn approve() -> Result<([Figures; 4], [Figures; 2])> {
    let stage = Stage::set(Engine::Chromium, Duration::ZERO).await?;
    let agent = stage.lab("").await?;
    agent.tab.run(BY_HAND, vec![]).await?;
    let mut widget = [const { Figures::new() }; 4];
    let [mut clicked, mut idle] = [const { Figures::new() }; 2];
    for _ in 0..SAMPLES_OF_CLICKS {
        hold(&agent, "Transfer 500 to Alice").await?;
        // Nobody reads a card faster than that it was seen is saved.
        until("that the card was seen is saved", async || {
            Ok(agent.run(IS_SEEN, vec![]).await?.as_bool().filter(|is| *is))
        })
        .await?;
        agent.tab.run("delete moments.started", vec![]).await?;
        agent.approve().await?;
        let took = until("the tool runs", async || {
            let took = agent.tab.run(STEPS_OF_APPROVAL, vec![]).await?;
            Ok((!took.is_null()).then_some(took))
        });
        for (figures, took) in widget.iter_mut().zip(numbers(&took.await?)?) {
            figures.take(took);
        }
        agent.has_no_card().await?;
        agent.is("idle").await?;

        let button = agent.tab.front().await?.find(By::Id("by-hand")).await?;
        button.click().await?;
        let took = until("both appends are done", async || {
            Ok(agent.tab.run("return byHand.took.pop() ?? null", vec![]).await?.as_f64())
        });
        clicked.take(took.await?);
        let took = agent.tab.run("await byHand(); return byHand.took.pop()", vec![]).await?;
        idle.take(took.as_f64().context("no time")?);
    }
    Ok((widget, [clicked, idle]))
}

async fn stream(pace: Duration) -> Result<()> {
    let stage = Stage::set(Engine::Chromium, pace).await?;
    let agent = stage.lab("endpoint=/v1").await?;
    let [mut alone, mut widget, mut tasks, mut sum, mut longest] = [const { Figures::new() }; 5];
    let samples = if pace.is_zero() { SAMPLES } else { SAMPLES_SLOW };
    for _ in 0..samples {
        // Each answer is asked in a conversation of its own, so that no request grows.
        agent.run("await agent.clear('all')", vec![]).await?;
        alone.take(agent.tab.run(STREAM_ALONE, vec![]).await?.as_f64().context("no time")?);
        let found = numbers(&agent.run(STREAM_IN_WIDGET, vec![]).await?)?;
        let [took, count, all, most] = found[..] else { anyhow::bail!("expected four figures") };
        widget.take(took);
        tasks.take(count);
        sum.take(all);
        longest.take(most);
    }
    let pace = if pace.is_zero() { "none".into() } else { format!("{} ms", pace.as_millis()) };
    println!(
        "| {pace} | {samples} | {:.0} | {:.0} | {:.2} | {:.0} | {:.0} | {:.0} |",
        alone.median(),
        widget.median(),
        widget.median() / alone.median(),
        tasks.median(),
        sum.median(),
        longest.median()
    );
    Ok(())
}

async fn append(entries: usize) -> Result<(Figures, Figures)> {
    let stage = Stage::set(Engine::Chromium, Duration::ZERO).await?;
    let agent = stage.lab("namespace=short").await?;
    let wishes: Vec<_> = (1..=CALLS).map(|amount| format!("{amount} to Alice")).collect();
    agent.say(&format!("Transfer {}", wishes.join(" and "))).await?;
    agent.is("waiting").await?;
    let short =
        agent.run("return (await agent.exportRun(agent.runs[0].id)).text()", vec![]).await?;
    let long = long_run::grown(short.as_str().context("the export is no text")?, entries)?;

    let agent = stage.lab("namespace=long").await?;
    agent.run("await agent.importRun(new Blob([args[0]]))", vec![json!(long)]).await?;
    agent.tab.reload().await?;
    agent.ready().await?;
    agent.is("waiting").await?;
    let (mut decisions, mut starts) = (Figures::default(), Figures::default());
    for _ in 0..CALLS {
        let found = numbers(&agent.run(APPROVE_FIRST, vec![]).await?)?;
        let [decision, start] = found[..] else { anyhow::bail!("expected two figures") };
        decisions.take(decision);
        starts.take(start);
    }
    Ok((decisions, starts))
}

async fn hold(agent: &Agent, wish: &str) -> Result<()> {
    agent.say(wish).await?;
    agent.card().await.map(drop)
}

const NAMES: [&str; 7] = ["resume", "approve", "stream", "tabs", "thread", "inbox", "append"];

const SAMPLES: usize = 21;

/// A frame comes between a click and its answers, sooner or later.
const SAMPLES_OF_CLICKS: usize = 61;

/// Of what takes its seconds.
const SAMPLES_SLOW: usize = 5;

/// As many as one answer may have.
const CALLS: usize = 16;

const IS_SEEN: &str = "
    const { entries } = JSON.parse(await (await agent.exportRun(agent.pending[0].runId)).text());
    return JSON.stringify(entries).includes('viewed');";

const STEPS_OF_APPROVAL: &str = "
    const { clicked, decided, recorded, started } = moments;
    return started
      ? [started - clicked, decided - clicked, recorded - decided, started - recorded]
      : null;";

/// What two appends ask of the browser: look at the row and at the entry relied upon, add an entry,
/// write the row.
const BY_HAND: &str = "
    const request = indexedDB.open('by-hand', 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('runs', { keyPath: 'run' });
      request.result.createObjectStore('entries');
    };
    const database = await new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const append = (seq) => new Promise((resolve, reject) => {
      const stores = ['runs', 'entries'];
      const transaction = database.transaction(stores, 'readwrite', { durability: 'strict' });
      const [runs, entries] = stores.map((name) => transaction.objectStore(name));
      runs.get('run');
      entries.get(['run', Math.max(seq - 1, 0)]).onsuccess = () => {
        entries.add('x'.repeat(600), ['run', seq]);
        runs.put({ run: 'run', status: 'acting', len: seq, hash: 'x'.repeat(64) });
      };
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    let seq = 0;
    globalThis.byHand = async () => {
      const start = performance.now();
      await append(seq++);
      await append(seq++);
      byHand.took.push(performance.now() - start);
    };
    byHand.took = [];
    const button = document.body.appendChild(document.createElement('button'));
    button.id = 'by-hand';
    button.textContent = 'by hand';
    button.onclick = byHand;";

/// The same request without the widget, read to its end.
const STREAM_ALONE: &str = "
    const start = performance.now();
    const response = await fetch('/v1/responses', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-5', stream: true, input: 'lorem 4000' }),
    });
    const reader = response.body.getReader();
    while (!(await reader.read()).done);
    return performance.now() - start;";

const STREAM_IN_WIDGET: &str = "
    const tasks = [];
    const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries()));
    observer.observe({ type: 'longtask' });
    const over = new Promise((resolve) =>
      agent.addEventListener('holdpoint-run-end', resolve, { once: true }));
    const start = performance.now();
    await agent.send('lorem 4000');
    await over;
    const took = performance.now() - start;
    tasks.push(...observer.takeRecords());
    observer.disconnect();
    const durations = tasks.map(({ duration }) => duration);
    const sum = durations.reduce((all, one) => all + one, 0);
    return [took, tasks.length, sum, Math.max(0, ...durations)];";

/// Approves one call and waits until it is over.
const APPROVE_FIRST: &str = "
    const [{ callId, digest }] = agent.pending;
    const once = (name) => new Promise((resolve) =>
      agent.addEventListener(name, () => resolve(performance.now()), { once: true }));
    const [decided, ended] = [once('holdpoint-decision'), once('holdpoint-tool-end')];
    const start = performance.now();
    agent.approve(callId, { digest });
    const at = await decided;
    await ended;
    return [at - start, moments.started - start];";

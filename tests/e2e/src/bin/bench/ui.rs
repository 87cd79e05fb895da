//! What a person waits for where there is much: other tabs, long threads, a full inbox.

use anyhow::{Context, Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::browser::Engine;
use holdpoint_e2e::seed;
use holdpoint_e2e::stage::Stage;
use serde_json::{Value, json};

use crate::figures::{Figures, numbers};
use crate::{SAMPLES, SAMPLES_SLOW, hold};

/// How a table says of long tasks: those that keep a page from anything else for 50 ms and more.
pub(crate) const TASKS: &str = "long tasks | together, ms | longest, ms";

/// From a click in one tab until the card is gone in another; both read the same clock.
pub(crate) async fn tabs() -> Result<Figures> {
    let stage = Stage::set(Engine::Chromium, std::time::Duration::ZERO).await?;
    let first = stage.lab("").await?;
    let second = Agent { tab: stage.browser.new_tab().await? };
    second.tab.open(&stage.server.url("/lab.html")).await?;
    second.ready().await?;
    let mut figures = Figures::default();
    for _ in 0..SAMPLES {
        hold(&first, "Transfer 500 to Alice").await?;
        second.card().await?;
        second.run(NOTE_END_OF_CARD, vec![]).await?;
        first.approve().await?;
        second.has_no_card().await?;
        let clicked = first.tab.run("return performance.timeOrigin + moments.clicked", vec![]);
        let clicked = clicked.await?.as_f64().context("no click was noted")?;
        let closed = second.tab.run("return moments.closed", vec![]).await?;
        figures.take(closed.as_f64().context("no end was noted")? - clicked);
        first.is("idle").await?;
    }
    Ok(figures)
}

/// Opens a thread of 5,000 messages and scrolls through it.
pub(crate) async fn thread() -> Result<()> {
    let stage = Stage::set(Engine::Chromium, std::time::Duration::ZERO).await?;
    let runs = (0..RUNS).map(|number| seed::conversation(number, ANSWERS));
    sow(&stage, runs).await?;
    println!("| what | runs | median, ms | {TASKS} |\n|---|---:|---:|---:|---:|---:|");
    let [mut opened, mut scrolled] = [Rows::default(), Rows::default()];
    for _ in 0..SAMPLES_SLOW {
        let agent = stage.lab(&format!("namespace={SOWN}")).await?;
        let found = agent.run(OPENED, vec![]).await?;
        // The end of it; the rest comes as the person goes back.
        ensure!(found[1].as_u64() > Some(0), "no message is shown");
        opened.take(&found[0])?;
        scrolled.take(&agent.run(SCROLL, vec![json!("transcript")]).await?)?;
    }
    opened.show("navigation → the end is in a frame");
    scrolled.show("scrolled from the end to the start, a screen each frame");
    Ok(())
}

/// Opens an inbox of 10,000 calls, searches it and scrolls through it.
pub(crate) async fn inbox() -> Result<()> {
    let stage = Stage::set(Engine::Chromium, std::time::Duration::ZERO).await?;
    let runs = (0..DENIED + WAITING).map(|number| seed::asked(number, CALLS, number < DENIED));
    sow(&stage, runs).await?;
    println!("| what | runs | median, ms | {TASKS} |\n|---|---:|---:|---:|---:|---:|");
    let [mut opened, mut searched, mut scrolled] = [const { Rows::new() }; 3];
    for _ in 0..SAMPLES_OF_INBOX {
        let agent = stage.lab(&format!("namespace={SOWN}")).await?;
        opened.take(&agent.run(OPEN_INBOX, vec![]).await?)?;
        scrolled.take(&agent.run(SCROLL, vec![json!("inbox-scroll")]).await?)?;
        searched.take(&agent.run(SEARCH_INBOX, vec![json!("nobody at all")]).await?)?;
    }
    opened.show("click → the first rows are in a frame");
    scrolled.show("scrolled from the start to the end, a screen each frame");
    searched.show("words typed that are nowhere → that is said in a frame");
    Ok(())
}

/// Stores exported runs, in a widget that shows none of them.
async fn sow(stage: &Stage, runs: impl Iterator<Item = Result<String>>) -> Result<()> {
    let agent = stage.lab(&format!("namespace={SOWN}&layout=headless&tools=none")).await?;
    let runs = runs.collect::<Result<Vec<_>>>()?;
    for some in runs.chunks(SOWN_AT_ONCE) {
        agent.run(SOW, vec![json!(some)]).await?;
    }
    Ok(())
}

/// How long something took, and what the page was kept from meanwhile.
#[derive(Default)]
struct Rows([Figures; 4]);

impl Rows {
    const fn new() -> Self {
        Rows([const { Figures::new() }; 4])
    }

    fn take(&mut self, found: &Value) -> Result<()> {
        let found = numbers(found)?;
        ensure!(found.len() == self.0.len(), "expected four figures, found {found:?}");
        for (figures, figure) in self.0.iter_mut().zip(found) {
            figures.take(figure);
        }
        Ok(())
    }

    fn show(&self, what: &str) {
        let [took, tasks, sum, longest] = self.0.each_ref().map(Figures::median);
        let runs = self.0[0].count();
        println!("| {what} | {runs} | {took:.0} | {tasks:.0} | {sum:.0} | {longest:.0} |");
    }
}

const SOWN: &str = "sown";
const SOWN_AT_ONCE: usize = 25;

/// Together 5,000 messages: a request, answers, and a receipt between two of them.
const RUNS: usize = 50;
const ANSWERS: u32 = 50;

/// Each takes more than half a minute.
const SAMPLES_OF_INBOX: usize = 3;

/// Together 10,000 calls, of which 160 wait.
const CALLS: usize = 16;
const DENIED: usize = 615;
const WAITING: usize = 10;

const NOTE_END_OF_CARD: &str = "
    delete moments.closed;
    const look = () => {
      if (agent.shadowRoot.querySelector('[part~=approve-button]')) return;
      moments.closed = performance.timeOrigin + performance.now();
      observer.disconnect();
    };
    const observer = new MutationObserver(look);
    observer.observe(agent.shadowRoot, { childList: true, subtree: true });";

const SOW: &str = "
    for (const run of args[0]) await agent.importRun(new Blob([run]));";

const OPENED: &str = "
    await agent.ready;
    while (moments.shown === undefined) await new Promise(requestAnimationFrame);
    const tasks = await new Promise((resolve) => {
      const observer = new PerformanceObserver((list) => resolve(list.getEntries()));
      observer.observe({ type: 'longtask', buffered: true });
      // Where there was none, nothing is told.
      setTimeout(() => resolve([]), 200);
    });
    const durations = tasks.map(({ duration }) => duration);
    const sum = durations.reduce((all, one) => all + one, 0);
    const parts = '[part~=message], [part~=receipt]';
    const shown = agent.shadowRoot.querySelectorAll(parts).length;
    return [[moments.shown, tasks.length, sum, Math.max(0, ...durations)], shown];";

/// Begins to watch for long tasks; `took(start)` gives the four figures since.
macro_rules! measured {
    ($script:literal) => {
        concat!(
            "const tasks = [];
             const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries()));
             observer.observe({ type: 'longtask' });
             const frame = () => new Promise(requestAnimationFrame);
             const part = (name) => agent.shadowRoot.querySelector(`.${name}`);
             const took = async (start) => {
               const took = performance.now() - start;
               await new Promise((later) => setTimeout(later, 50));
               tasks.push(...observer.takeRecords());
               observer.disconnect();
               const durations = tasks.map(({ duration }) => duration);
               const sum = durations.reduce((all, one) => all + one, 0);
               return [took, tasks.length, sum, Math.max(0, ...durations)];
             };",
            $script
        )
    };
}

/// From one end to the other, whichever it is at.
const SCROLL: &str = measured!(
    "const list = part(args[0]);
     const step = (list.scrollTop > 0 ? -1 : 1) * list.clientHeight;
     const start = performance.now();
     // More may come at the start, in the frame after it was reached.
     for (let still = 0; still < 10; ) {
       const before = list.scrollTop;
       list.scrollTop += step;
       if (still === 5) part('earlier-button')?.click();
       await frame();
       still = before === list.scrollTop ? still + 1 : 0;
     }
     return took(start);"
);

const OPEN_INBOX: &str = measured!(
    "const start = performance.now();
     part('inbox-button').click();
     while (!part('inbox-row')) await frame();
     await frame();
     return took(start);"
);

const SEARCH_INBOX: &str = measured!(
    "const field = part('inbox-search');
     const start = performance.now();
     field.value = args[0];
     field.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
     while (!agent.shadowRoot.querySelector('.inbox-calls .empty')) {
       if (performance.now() - start > 30_000) throw new Error('the search has no end');
       await frame();
     }
     await frame();
     return took(start);"
);

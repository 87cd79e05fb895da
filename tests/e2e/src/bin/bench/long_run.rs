//! A run with as many entries as it takes.

use std::rc::Rc;

use anyhow::{Context, Result, bail};
use holdpoint_core::id::RunId;
use holdpoint_core::json::canonical;
use holdpoint_core::run::{Effect, Input, replay};
use holdpoint_core::schema::NoPatterns;
use holdpoint_core::tool::Toolbox;
use serde_json::Value;

/// An exported run that was taken over until it has so many entries.
pub(crate) fn grown(exported: &str, entries: usize) -> Result<String> {
    let mut file: Value = serde_json::from_str(exported)?;
    let id = RunId::new(file["run"].as_str().context("the file names no run")?);
    let kept = file["entries"].as_array_mut().context("the file has no entries")?;
    let texts: Vec<String> = kept.iter().map(canonical).collect();
    let mut run = replay(&id, None, texts.iter().map(String::as_str))?;
    let now = run.updated_at();
    let tools = Toolbox::new(Rc::new(NoPatterns));
    while kept.len() < entries {
        let step = run.step(now, Input::Resumed, &tools);
        match step.effects.first() {
            Some(Effect::Append(entry)) => kept.push(serde_json::from_str(&entry.to_text())?),
            other => bail!("the run cannot be taken over: {other:?}"),
        }
        run = step.run;
    }
    Ok(file.to_string())
}

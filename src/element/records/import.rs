//! A run's file comes in: whole, intact, and only where it does not fork what is here.

use holdpoint_core::id::RunId;
use holdpoint_core::journal::{Head, JournalError};
use holdpoint_core::json::{canonical, read};
use holdpoint_core::run::{Run, replay};
use serde_json::Value;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::{FORMAT, failure, of_store, sealed};
use crate::driver::ports::{Append, CallRow, JournalStore, RunRow, StoreError};

/// Checks a run's file and stores what is not here of it.
///
/// A run that is here already goes on with the file's entries where these begin with all that is
/// here; otherwise nothing is changed.
pub(in crate::element) async fn import_run(
    store: &dyn JournalStore,
    file: &web_sys::Blob,
    passphrase: Option<&str>,
) -> Result<RunId, JsValue> {
    let text = JsFuture::from(file.text()).await?.as_string().unwrap_or_default();
    Incoming::read(&opened(&text, passphrase).await?)?.save(store).await
}

/// The same with the entries of a run as they were stored elsewhere.
pub(in crate::element) async fn take_in(
    store: &dyn JournalStore,
    run: RunId,
    texts: Vec<String>,
) -> Result<RunId, JsValue> {
    let end = replay(&run, None, texts.iter().map(String::as_str));
    let end = end.map_err(|error| altered(&error))?;
    Incoming { run, texts, end }.save(store).await
}

/// The file's text, out of its seal if it has one.
async fn opened(text: &str, passphrase: Option<&str>) -> Result<String, JsValue> {
    let value = read(text).map_err(|_| malformed("the file is not JSON"))?;
    if value.get("format").and_then(Value::as_str) != Some(sealed::FORMAT) {
        return Ok(text.to_owned());
    }
    match passphrase {
        Some(passphrase) => sealed::open(value, passphrase).await,
        None => Err(failure(
            "passphrase_missing",
            "this file is sealed with a passphrase",
            "give the passphrase that it was sealed with",
        )),
    }
}

/// A file that is whole and intact.
struct Incoming {
    run: RunId,
    texts: Vec<String>,
    end: Run,
}

impl Incoming {
    fn read(text: &str) -> Result<Self, JsValue> {
        let file = read(text).map_err(|_| malformed("the file is not JSON"))?;
        if file.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(malformed("the file is not a run"));
        }
        check_version(&file)?;
        let run = file.get("run").and_then(Value::as_str).map(RunId::new);
        let run = run.ok_or_else(|| malformed("the file names no run"))?;
        let head = head(&file["head"]).ok_or_else(|| malformed("the file has no head"))?;
        let entries = file.get("entries").and_then(Value::as_array);
        let texts: Vec<String> = entries.into_iter().flatten().map(canonical).collect();
        let end = replay(&run, Some(&head), texts.iter().map(String::as_str))
            .map_err(|error| altered(&error))?;
        Ok(Self { run, texts, end })
    }

    async fn save(self, store: &dyn JournalStore) -> Result<RunId, JsValue> {
        let expected = self.compare(store).await?;
        let here = usize::try_from(expected.len).unwrap_or(usize::MAX);
        let mut texts = self.texts.into_iter().skip(here);
        let Some(text) = texts.next() else { return Err(here_already()) };
        // INVARIANT: all of it in one append. A part of a run would be carried on as if what it
        // lacks had not happened.
        let append = Append {
            expected,
            row: RunRow::of(&self.end),
            calls: CallRow::all(&self.end),
            seq: expected.len,
            text,
            more: texts.collect(),
            strict: true,
            basis: None,
        };
        store.append(append).await.map_err(|error| match error {
            // Another tab takes it in as well.
            StoreError::Conflict => here_already(),
            error => of_store(&error),
        })?;
        Ok(self.run)
    }

    /// The end of what is here of it.
    async fn compare(&self, store: &dyn JournalStore) -> Result<Head, JsValue> {
        let stored = store.read(&self.run, 0).await.map_err(|error| of_store(&error))?;
        let Some(stored) = stored else { return Ok(Head::empty(&self.run)) };
        if stored.entries.iter().zip(&self.texts).any(|(ours, theirs)| ours != theirs) {
            return Err(failure(
                "run_forked",
                "this run went on differently here than in the file",
                "keep one of the two: clear the run here before you import the file, or leave it",
            ));
        }
        Ok(stored.row.head)
    }
}

/// Refuses what a newer version wrote.
pub(super) fn check_version(file: &Value) -> Result<(), JsValue> {
    match file.get("version").and_then(Value::as_u64) {
        Some(1) => Ok(()),
        Some(2..) => Err(failure(
            "import_too_new",
            "the file was written by a newer version of Holdpoint",
            "update this page, then import the file again",
        )),
        _ => Err(malformed("the file has no version")),
    }
}

pub(super) fn malformed(message: &str) -> JsValue {
    failure("import_malformed", message, "choose a file that exportRun made")
}

fn altered(error: &JournalError) -> JsValue {
    failure(error.code(), &error.to_string(), "get the file from its source again")
}

fn here_already() -> JsValue {
    failure("run_exists", "all of this run is here already", "nothing; it is in `runs`")
}

fn head(value: &Value) -> Option<Head> {
    let number = |name: &str| value.get(name).and_then(Value::as_u64);
    let hash = value.get("hash").and_then(Value::as_str)?.parse().ok()?;
    Some(Head { len: number("len")?, hash, epoch: number("epoch")? })
}

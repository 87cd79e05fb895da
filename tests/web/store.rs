//! The stores' contract for IndexedDB, and what only a browser can do to a store.

use std::rc::Rc;

use futures_util::future::join;
use holdpoint::driver::ports::{Append, CallRow, Deferred, Group, JournalStore, StoreError, Task};
use holdpoint::runtime::unique;
use holdpoint::store::contract::{self, Chain, Subject};
use holdpoint::store::{self, IndexedDbStore, meaning};
use holdpoint_core::id::{CallId, RunId, Timestamp};
use holdpoint_core::json::digest_text;
use holdpoint_core::run::Status;
use js_sys::{Array, Function, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

const HELD: Status = Status::AwaitingApproval;

/// A store under a name that nobody used before.
struct Fresh {
    namespace: String,
    store: Rc<IndexedDbStore>,
}

impl Fresh {
    fn new() -> Self {
        let namespace = unique();
        let store = Rc::new(IndexedDbStore::new(&namespace));
        Self { namespace, store }
    }

    /// The database's name.
    fn database(&self) -> String {
        format!("holdpoint:{}", self.namespace)
    }
}

impl Subject for Fresh {
    fn store(&self) -> Rc<dyn JournalStore> {
        Rc::clone(&self.store) as _
    }

    fn another_tab(&self) -> Rc<dyn JournalStore> {
        Rc::new(IndexedDbStore::new(&self.namespace))
    }

    fn tamper(&self, run: &RunId, seq: u64, text: &str) -> Task<()> {
        let key = Array::of2(&run.as_str().into(), &(seq as f64).into());
        let (database, text) = (self.database(), text.to_owned());
        Box::pin(async move {
            put(&database, "entries", &text.into(), &key).await.unwrap();
        })
    }
}

macro_rules! in_indexed_db {
    ($($behaviour:ident)*) => {$(
        #[wasm_bindgen_test]
        async fn $behaviour() {
            contract::$behaviour(Fresh::new()).await;
        }
    )*};
}

holdpoint::store_contract!(in_indexed_db);

#[wasm_bindgen_test]
async fn append_whose_answer_was_lost_is_done_once() {
    let fresh = Fresh::new();
    let mut chain = Chain::new("run", "thread", 0);
    chain.grow(&*fresh.store, &[HELD]).await;
    lose_next_answer();
    let row = chain.grow(&*fresh.store, &[Status::AwaitingTools]).await;
    let stored = fresh.store.read(chain.run(), 0).await.unwrap().unwrap();
    assert_eq!((stored.row, stored.entries), (row, chain.texts));
}

#[wasm_bindgen_test]
async fn strict_append_is_strict_and_others_are_not() {
    let fresh = Fresh::new();
    let mut chain = Chain::new("run", "thread", 0);
    fresh.store.reach().await.unwrap();
    let seen = watch_durability();
    for strict in [true, false] {
        fresh.store.append(Append { strict, ..chain.next(HELD) }).await.unwrap();
    }
    let seen = seen.call0(&JsValue::UNDEFINED).unwrap();
    assert_eq!(seen.as_string().as_deref(), Some("strict relaxed"));
}

#[wasm_bindgen_test]
async fn calls_at_once_share_one_connection() {
    let fresh = Fresh::new();
    let (rows, run) = join(fresh.store.list(1), fresh.store.read(&RunId::new("run"), 0)).await;
    assert_eq!((rows, run), (Ok(Vec::new()), Ok(None)));
    // A second connection that nobody closes would block this.
    remove(&fresh.database()).await.unwrap();
}

#[wasm_bindgen_test]
async fn later_version_is_let_in_and_then_told_of() {
    let fresh = Fresh::new();
    let mut chain = Chain::new("run", "thread", 0);
    chain.grow(&*fresh.store, &[HELD]).await;
    upgrade(&fresh.database(), 99).await.unwrap();
    assert_eq!(fresh.store.append(chain.next(HELD)).await, Err(StoreError::TooNew));
    assert_eq!(fresh.store.list(1).await, Err(StoreError::TooNew));
    let (_, trouble) = store::open(&fresh.namespace).await;
    assert_eq!(trouble, Some(StoreError::TooNew));
}

#[wasm_bindgen_test]
async fn runs_of_the_first_version_are_kept_and_brought_into_the_list() {
    let fresh = Fresh::new();
    let mut chain = Chain::new("run", "thread", 0);
    let first = chain.next(HELD);
    first_version(&fresh.database(), &first.text, &first.row.head.hash.to_string()).await.unwrap();
    assert_eq!(fresh.store.unlisted().await, Ok(vec![chain.run().clone()]));
    // It goes on meanwhile, and is still to be brought in.
    let row = chain.grow(&*fresh.store, &[HELD]).await;
    assert_eq!(fresh.store.unlisted().await, Ok(vec![chain.run().clone()]));
    let stored = fresh.store.read(chain.run(), 0).await.unwrap().unwrap();
    assert_eq!((&stored.row, &stored.entries), (&row, &chain.texts));
    // Rows that were made of an older state are not taken.
    fresh.store.enlist(chain.run(), first.row.head, vec![listed(chain.run())]).await.unwrap();
    assert_eq!(fresh.store.tally().await, Ok([0, 0, 0]));
    fresh.store.enlist(chain.run(), row.head, vec![listed(chain.run())]).await.unwrap();
    assert_eq!(fresh.store.tally().await, Ok([0, 1, 0]));
    assert_eq!(fresh.store.unlisted().await, Ok(Vec::new()));
    chain.grow(&*fresh.store, &[HELD]).await;
    assert_eq!(fresh.store.unlisted().await, Ok(Vec::new()));
}

#[wasm_bindgen_test]
async fn decision_of_a_worker_is_read_and_forgotten() {
    let fresh = Fresh::new();
    fresh.store.reach().await.unwrap();
    let decision = js_sys::JSON::parse(
        r#"{ "run": "run", "call": "call", "digest": "d", "decision": "approve", "at": 1 }"#,
    );
    put(&fresh.database(), "decisions", &decision.unwrap(), &JsValue::UNDEFINED).await.unwrap();
    let (run, call) = (RunId::new("run"), CallId::new("call"));
    let expected =
        Deferred { run: run.clone(), call: call.clone(), digest: "d".into(), approves: true };
    assert_eq!(fresh.store.deferred().await, Ok(vec![expected]));
    fresh.store.forget_deferred(&run, &call).await.unwrap();
    assert_eq!(fresh.store.deferred().await, Ok(Vec::new()));
}

/// A row of a call that waits.
fn listed(run: &RunId) -> CallRow {
    CallRow {
        run: run.clone(),
        call: CallId::new("call"),
        group: Group::Held,
        stage: "held".to_owned(),
        at: Timestamp::from_millis(7),
        tool: "transfer".to_owned(),
        title: "Transfer".to_owned(),
        what: "Transfer 500 to Alice".to_owned(),
        by: None,
        digest: digest_text(""),
        critical: false,
    }
}

#[wasm_bindgen_test]
async fn deleted_database_is_not_taken_for_a_fresh_one() {
    let fresh = Fresh::new();
    let mut chain = Chain::new("run", "thread", 0);
    chain.grow(&*fresh.store, &[HELD, HELD]).await;
    remove(&fresh.database()).await.unwrap();
    assert_eq!(fresh.store.append(chain.next(HELD)).await, Err(StoreError::Conflict));
    assert_eq!(fresh.store.read(chain.run(), 0).await, Ok(None));
    // A new run is welcome.
    Chain::new("other", "thread", 0).grow(&*fresh.store, &[HELD]).await;
}

#[wasm_bindgen_test]
async fn database_that_was_deleted_is_missed() {
    let namespace = unique();
    let (store, _) = store::open(&namespace).await;
    assert_eq!(store.list(1).await, Ok(Vec::new()));
    Chain::new("run", "thread", 0).grow(&*store, &[Status::Completed]).await;
    remove(&format!("holdpoint:{namespace}")).await.unwrap();
    let (store, trouble) = store::open(&namespace).await;
    assert_eq!((trouble, store.list(1).await), (None, Err(StoreError::Cleared)));
    store.clear(None).await.unwrap();
    assert_eq!(store.list(1).await, Ok(Vec::new()));
}

#[wasm_bindgen_test]
async fn store_that_is_dropped_blocks_nobody() {
    let Fresh { namespace, store } = Fresh::new();
    store.reach().await.unwrap();
    drop(store);
    remove(&format!("holdpoint:{namespace}")).await.unwrap();
}

#[wasm_bindgen_test]
async fn connection_is_closed_with_the_page_and_comes_back() {
    let fresh = Fresh::new();
    let mut chain = Chain::new("run", "thread", 0);
    chain.grow(&*fresh.store, &[HELD]).await;
    let hidden = web_sys::Event::new("pagehide").unwrap();
    web_sys::window().unwrap().dispatch_event(&hidden).unwrap();
    chain.grow(&*fresh.store, &[HELD]).await;
}

#[wasm_bindgen_test]
async fn rolled_back_row_does_not_let_an_entry_be_replaced() {
    let fresh = Fresh::new();
    let mut chain = Chain::new("run", "thread", 0);
    chain.grow(&*fresh.store, &[HELD]).await;
    let row = get(&fresh.database(), "runs", &"run".into()).await.unwrap();
    let mut rival = chain.clone();
    chain.grow(&*fresh.store, &[HELD]).await;
    put(&fresh.database(), "runs", &row, &JsValue::UNDEFINED).await.unwrap();
    let replaced = fresh.store.append(rival.next(Status::AwaitingModel)).await;
    assert_eq!(replaced, Err(StoreError::Conflict));
    let stored = fresh.store.read(chain.run(), 0).await.unwrap().unwrap();
    assert_eq!(stored.entries, chain.texts);
}

#[wasm_bindgen_test]
async fn damaged_row_is_listed_and_matches_nothing() {
    let fresh = Fresh::new();
    let mut chain = Chain::new("run", "thread", 0);
    chain.grow(&*fresh.store, &[HELD]).await;
    let row = get(&fresh.database(), "runs", &"run".into()).await.unwrap();
    for field in ["len", "hash", "epoch", "status", "thread", "created"] {
        Reflect::set(&row, &field.into(), &JsValue::TRUE).unwrap();
    }
    put(&fresh.database(), "runs", &row, &JsValue::UNDEFINED).await.unwrap();
    let listed = fresh.store.list(1).await.unwrap();
    assert_eq!(listed.iter().map(|row| &row.run).collect::<Vec<_>>(), [chain.run()]);
    assert_eq!(fresh.store.append(chain.next(HELD)).await, Err(StoreError::Conflict));
    let begun_anew = Chain::new("run", "thread", 0).next(HELD);
    assert_eq!(fresh.store.append(begun_anew).await, Err(StoreError::Conflict));
}

#[wasm_bindgen_test]
async fn page_without_storage_gets_memory_and_the_reason() {
    for refusal in ["missing", "SecurityError"] {
        break_factory(Some(refusal));
        let (store, trouble) = store::open(&unique()).await;
        break_factory(None);
        assert!(matches!(trouble, Some(StoreError::Refused(_))), "{refusal}: {trouble:?}");
        Chain::new("run", "thread", 0).grow(&*store, &[HELD]).await;
    }
}

#[wasm_bindgen_test]
async fn store_that_fails_to_open_is_kept_and_tried_again() {
    break_factory(Some("UnknownError"));
    let (store, trouble) = store::open(&unique()).await;
    let early = store.list(1).await;
    break_factory(None);
    let failed = StoreError::Failed("UnknownError: from a test".to_owned());
    assert_eq!((trouble, early), (Some(failed.clone()), Err(failed)));
    assert_eq!(store.list(1).await, Ok(Vec::new()));
}

#[wasm_bindgen_test]
fn errors_of_the_browser_are_told_apart() {
    let failed = |name: &str| StoreError::Failed(format!("{name}: from a test"));
    let refused = StoreError::Refused("SecurityError: from a test".to_owned());
    for (error, expected) in [
        ("QuotaExceededError", StoreError::Full),
        ("SecurityError", refused),
        ("VersionError", StoreError::TooNew),
        ("ConstraintError", StoreError::Conflict),
        ("UnknownError", failed("UnknownError")),
        ("AbortError", failed("AbortError")),
        ("DataError", failed("DataError")),
    ] {
        assert_eq!(meaning(&exception(error)), expected);
    }
    assert_eq!(meaning(&quota_error()), StoreError::Full);
    assert!(matches!(meaning(&JsValue::UNDEFINED), StoreError::Failed(_)));
}

#[wasm_bindgen_test]
fn asking_to_persist_never_fails() {
    store::persist();
    store::persist();
}

#[wasm_bindgen(module = "/tests/web/store.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn put(
        name: &str,
        store: &str,
        value: &JsValue,
        key: &JsValue,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch)]
    async fn get(name: &str, store: &str, key: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch)]
    async fn upgrade(name: &str, version: u32) -> Result<JsValue, JsValue>;

    /// Makes a database as version 1 left it, with the one entry of run `run`.
    #[wasm_bindgen(catch, js_name = firstVersion)]
    async fn first_version(name: &str, text: &str, hash: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch)]
    async fn remove(name: &str) -> Result<JsValue, JsValue>;

    fn exception(name: &str) -> JsValue;

    #[wasm_bindgen(js_name = quotaError)]
    fn quota_error() -> JsValue;

    #[wasm_bindgen(js_name = breakFactory)]
    fn break_factory(fault: Option<&str>);

    #[wasm_bindgen(js_name = loseNextAnswer)]
    fn lose_next_answer();

    #[wasm_bindgen(js_name = watchDurability)]
    fn watch_durability() -> Function;
}

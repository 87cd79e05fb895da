//! What the store promises, on SQLite and on PostgreSQL.

use std::collections::BTreeSet;

use holdpoint_core::approval::Approver;
use holdpoint_core::id::{RunId, ThreadId, Timestamp};
use holdpoint_core::journal::Entry;
use holdpoint_core::run::{Effect, Input, Limits, Mode, Run, Spec};
use holdpoint_core::schema::NoPatterns;
use holdpoint_core::tool::Toolbox;
use holdpoint_worker::store::{Accepted, NewJob, OnlyIf, Post, Release, Store, StoreError};
use holdpoint_worker::{Changes, Notice};
use tempfile::TempDir;

use crate::postgres::Postgres;

/// Each case on a database of its own.
macro_rules! contract {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $case() {
                let directory = super::TempDir::new().unwrap();
                super::$case(format!("sqlite://{}/db?mode=rwc", directory.path().display())).await;
            })+
        }

        #[tokio::test]
        async fn postgres_keeps_the_same_promises() {
            let Some(server) = Postgres::start() else { return };
            $($case(server.database(stringify!($case))).await;)+
        }
    };
}

contract!(
    append_on_another_head_is_a_conflict_and_changes_nothing,
    repeated_key_is_the_same_job_and_makes_no_run,
    due_run_is_claimed_by_one_worker,
    silent_workers_run_is_taken_over,
    run_that_waits_is_due_when_it_is_written_again,
    changed_entry_is_not_relied_upon,
    notice_is_written_with_its_entry_and_sent_until_it_is_taken,
    channel_was_asked_if_it_was_tried_and_not_if_that_was_dropped,
    post_is_kept_once_and_shows_what_it_was_said_to,
    signature_is_new_once,
    secret_is_the_first_ones,
    store_that_is_opened_again_has_what_it_had,
);

async fn append_on_another_head_is_a_conflict_and_changes_nothing(url: String) {
    let store = Store::open(&url).await.unwrap();
    let run = begun(&store, "r1", Some(1)).await;
    let (first, entry) = cancelled(&run);
    let (other, late) = cancelled(&run);
    let changes = changes(None);
    store.append(run.head(), &first, &entry, &changes).await.unwrap();
    let told = Changes { notices: vec![notice("never")], ..Changes::default() };
    let refused = store.append(run.head(), &other, &late, &told).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    let (job, entries) = store.read(run.id()).await.unwrap().unwrap();
    assert_eq!((job.head, entries.len()), (*first.head(), 2));
    assert_eq!(entries[1], entry.to_text());
    assert!(store.due_notices(9, 9, 9).await.unwrap().is_empty());
}

async fn repeated_key_is_the_same_job_and_makes_no_run(url: String) {
    let store = Store::open(&url).await.unwrap();
    begun(&store, "r1", None).await;
    let (run, entry) = new("r2");
    let accept = async |body_digest: &str| {
        let job = NewJob {
            workflow: "w",
            requester: "erp",
            dedupe: "key r1",
            body_digest,
            run: &run,
            before: &[],
            entry: &entry,
        };
        store.accept(job, &changes(None)).await.unwrap()
    };
    assert_eq!(accept("body").await, Accepted::Repeated("r1".to_owned()));
    assert_eq!(accept("another").await, Accepted::Mismatch);
    assert!(store.read(run.id()).await.unwrap().is_none());
}

async fn due_run_is_claimed_by_one_worker(url: String) {
    let [one, two] = [Store::open(&url).await.unwrap(), Store::open(&url).await.unwrap()];
    for index in 0..40 {
        begun(&one, &format!("r{index}"), Some(index)).await;
    }
    begun(&one, "later", Some(1_000_000)).await;
    begun(&one, "waits", None).await;
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..8 {
        let store = if worker % 2 == 0 { one.clone() } else { two.clone() };
        tasks.spawn(async move {
            let mut claimed = Vec::new();
            loop {
                let owner = format!("w{worker}");
                let claims = store.claim(&owner, 100, 1000, 3).await.unwrap();
                if claims.is_empty() {
                    return claimed;
                }
                assert!(claims.iter().all(|claim| !claim.taken_over));
                claimed.extend(claims.into_iter().map(|claim| claim.run.to_string()));
            }
        });
    }
    let claimed = tasks.join_all().await.concat();
    let unique: BTreeSet<_> = claimed.iter().collect();
    assert_eq!((claimed.len(), unique.len()), (40, 40));
    assert!(!unique.contains(&"later".to_owned()));
}

async fn silent_workers_run_is_taken_over(url: String) {
    let store = Store::open(&url).await.unwrap();
    let run = begun(&store, "r1", Some(1)).await;
    let claim = async |owner: &str, now| store.claim(owner, now, 100, 9).await.unwrap();
    assert_eq!(claim("a", 10).await.len(), 1);
    assert!(claim("b", 109).await.is_empty());
    store.renew(run.id(), "a", 200).await.unwrap();
    assert!(claim("b", 199).await.is_empty());
    assert_eq!(store.next_due().await.unwrap(), Some(200));
    assert!(claim("b", 200).await[0].taken_over);
    // Whoever lost it lets nothing go.
    store.release(run.id(), "a", &Release::Waiting).await.unwrap();
    assert!(claim("c", 250).await.is_empty());
    store.release(run.id(), "b", &Release::Waiting).await.unwrap();
    assert!(!claim("c", 250).await[0].taken_over);
}

async fn run_that_waits_is_due_when_it_is_written_again(url: String) {
    let store = Store::open(&url).await.unwrap();
    let run = begun(&store, "r1", Some(1)).await;
    let later = |len| Release::Later { due: 500, len, trouble: "model_timeout: none".into() };
    store.claim("a", 10, 100, 9).await.unwrap();
    store.release(run.id(), "a", &later(1)).await.unwrap();
    assert!(store.claim("a", 499, 100, 9).await.unwrap().is_empty());
    let trouble = store.read(run.id()).await.unwrap().unwrap().0.trouble;
    assert_eq!(trouble.as_deref(), Some("model_timeout: none"));
    assert_eq!(store.claim("a", 500, 100, 9).await.unwrap()[0].failures, 1);
    // Someone writes while the holder is about to say that it cannot go on.
    let (next, entry) = cancelled(&run);
    store.append(run.head(), &next, &entry, &changes(Some(20))).await.unwrap();
    store.release(run.id(), "a", &later(1)).await.unwrap();
    let claims = store.claim("b", 501, 100, 9).await.unwrap();
    assert_eq!((claims.len(), claims[0].failures), (1, 0));
}

async fn changed_entry_is_not_relied_upon(url: String) {
    let store = Store::open(&url).await.unwrap();
    let run = begun(&store, "r1", None).await;
    assert_eq!(store.read(run.id()).await.unwrap().unwrap().1.len(), 1);
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&url).await.unwrap();
    sqlx::query("UPDATE entries SET text = '{}'").execute(&pool).await.unwrap();
    let (job, entries) = store.read(run.id()).await.unwrap().unwrap();
    let entries = entries.iter().map(String::as_str);
    let error = holdpoint_core::run::replay(run.id(), Some(&job.head), entries).unwrap_err();
    assert_eq!(error.code(), "journal_altered");
}

async fn notice_is_written_with_its_entry_and_sent_until_it_is_taken(url: String) {
    let store = Store::open(&url).await.unwrap();
    let run = begun(&store, "r1", None).await;
    let (next, entry) = cancelled(&run);
    // The same news twice is one notice.
    let told = Changes { notices: vec![notice("n1"), notice("n1")], ..Changes::default() };
    store.append(run.head(), &next, &entry, &told).await.unwrap();
    let due = async |now| store.due_notices(now, 100, 9).await.unwrap();
    let first = due(10).await;
    assert_eq!((first.len(), first[0].attempts, &*first[0].body), (1, 0, "news"));
    assert!(due(109).await.is_empty(), "whoever sends it is given time");
    assert_eq!(due(110).await[0].attempts, 1, "whoever was to send it is gone");
    store.notice_failed("n1", Some(300), "status 503").await.unwrap();
    assert!(due(299).await.is_empty());
    assert_eq!(due(300).await.len(), 1);
    store.notice_sent("n1", 301).await.unwrap();
    store.notice_failed("n1", Some(302), "a late word of another attempt").await.unwrap();
    assert!(due(1_000_000).await.is_empty());
}

async fn channel_was_asked_if_it_was_tried_and_not_if_that_was_dropped(url: String) {
    let store = Store::open(&url).await.unwrap();
    let run = begun(&store, "r1", None).await;
    let (next, entry) = cancelled(&run);
    let asks = Notice { only_if: OnlyIf::Pending, due: 5, ..notice("asks") };
    let told = Changes { notices: vec![asks, notice("told")], ..Changes::default() };
    store.append(run.head(), &next, &entry, &told).await.unwrap();
    assert_eq!(store.due_notices(4, 9, 9).await.unwrap().len(), 1);
    assert!(!store.was_asked(run.id(), "ops").await.unwrap());
    let [due] = &store.due_notices(5, 9, 9).await.unwrap()[..] else { panic!() };
    assert_eq!((due.id.as_str(), &due.run, due.only_if), ("asks", run.id(), OnlyIf::Pending));
    assert!(store.was_asked(run.id(), "ops").await.unwrap());
    assert!(!store.was_asked(run.id(), "other").await.unwrap());
    store.notice_dropped("asks").await.unwrap();
    assert!(!store.was_asked(run.id(), "ops").await.unwrap());
    assert!(store.due_notices(u64::MAX, 9, 9).await.unwrap().iter().all(|it| it.id == "told"));
}

async fn post_is_kept_once_and_shows_what_it_was_said_to(url: String) {
    let store = Store::open(&url).await.unwrap();
    let run = begun(&store, "r1", None).await;
    let post = Post {
        notice: "n1".into(),
        run: run.id().clone(),
        call: "c1".into(),
        channel: "chat".into(),
        place: "C1".into(),
        ts: "1.1".into(),
        shown: "pending".into(),
    };
    store.posted(&post).await.unwrap();
    store.posted(&Post { shown: String::new(), ..post.clone() }).await.unwrap();
    store
        .posted(&Post { ts: "1.2".into(), channel: "other".into(), ..post.clone() })
        .await
        .unwrap();
    store.post_shows(&post, "denied").await.unwrap();
    let [kept] = &store.posts(run.id(), "chat").await.unwrap()[..] else { panic!() };
    let seen = [&kept.notice, &kept.call, &kept.place, &kept.ts, &kept.shown];
    assert_eq!(seen, ["n1", "c1", "C1", "1.1", "denied"]);
}

async fn signature_is_new_once(url: String) {
    let store = Store::open(&url).await.unwrap();
    assert!(store.is_new("v0=1", 10, 20).await.unwrap());
    assert!(!store.is_new("v0=1", 20, 30).await.unwrap());
    assert!(store.is_new("v0=2", 20, 30).await.unwrap());
    assert!(store.is_new("v0=1", 21, 31).await.unwrap());
}

async fn secret_is_the_first_ones(url: String) {
    let [one, two] = [Store::open(&url).await.unwrap(), Store::open(&url).await.unwrap()];
    assert_eq!(one.secret("links", "a").await.unwrap(), "a");
    assert_eq!(two.secret("links", "b").await.unwrap(), "a");
}

async fn store_that_is_opened_again_has_what_it_had(url: String) {
    let store = Store::open(&url).await.unwrap();
    let run = begun(&store, "r1", Some(7)).await;
    store.close().await;
    let store = Store::open(&url).await.unwrap();
    let (job, entries) = store.read(run.id()).await.unwrap().unwrap();
    assert_eq!((job.head, job.requester.as_str(), entries.len()), (*run.head(), "erp", 1));
    assert_eq!(store.changed_since(0).await.unwrap().len(), 1);
    assert_eq!(store.changed_since(u64::MAX).await.unwrap().len(), 0);
}

fn new(id: &str) -> (Run, Entry) {
    let spec = Spec {
        run: RunId::new(id),
        thread: ThreadId::new(id),
        mode: Mode::Tools,
        model: "stand-in".into(),
        instructions: String::new(),
        text: "hello".into(),
        limits: Limits::default(),
    };
    let step = Run::start(Timestamp::from_millis(1), spec);
    let Some(Effect::Append(entry)) = step.effects.into_iter().next() else { panic!() };
    (step.run, entry)
}

/// The run with one more entry.
fn cancelled(run: &Run) -> (Run, Entry) {
    let by =
        Approver { id: "ann".into(), name: "Ann".into(), channel: "api".into(), trusted: true };
    let tools = Toolbox::new(std::rc::Rc::new(NoPatterns));
    let step = run.clone().step(Timestamp::from_millis(2), Input::Cancelled { by }, &tools);
    let Some(Effect::Append(entry)) = step.effects.into_iter().next() else { panic!() };
    (step.run, entry)
}

fn changes(due: Option<u64>) -> Changes {
    Changes { due, workflow: "w".into(), ..Changes::default() }
}

fn notice(id: &str) -> Notice {
    let only_if = OnlyIf::Always;
    Notice { id: id.into(), channel: "ops".into(), body: "news".into(), due: 0, only_if }
}

async fn begun(store: &Store, id: &str, due: Option<u64>) -> Run {
    let (run, entry) = new(id);
    let job = NewJob {
        workflow: "w",
        requester: "erp",
        dedupe: &format!("key {id}"),
        body_digest: "body",
        run: &run,
        before: &[],
        entry: &entry,
    };
    assert_eq!(store.accept(job, &changes(due)).await.unwrap(), Accepted::New);
    run
}

//! Workers killed under load, and their database with them: no job is lost, no call is made twice,
//! what nobody can know is listed as in doubt, and every notice arrives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::fleet::{Chance, Fleet, Servers};
use crate::postgres::Postgres;
use crate::support::{Called, World, token};

/// What is done to the workers of one store.
struct Plan {
    database: String,
    workers: usize,
    jobs: usize,
    /// How often something is killed.
    strikes: u64,
    /// Whether every other time it is the database, which is started again.
    of_database: bool,
    seed: u64,
}

/// One run of a plan.
struct Trial {
    world: World,
    fleet: Fleet,
    chance: Chance,
    postgres: Option<Arc<Postgres>>,
    clients: JoinSet<()>,
    told: Told,
}

/// What has arrived so far.
#[derive(Default)]
struct Told {
    /// Each notice by its id: the same id is the same news.
    notices: BTreeMap<String, Value>,
    completed: BTreeSet<String>,
    /// The runs of calls of which nobody knew.
    in_doubt: BTreeSet<String>,
}

async fn survives(plan: &Plan, postgres: Option<Arc<Postgres>>) {
    // Two at once would have workers lose their leases to each other for want of a processor.
    let _alone = ALONE.lock().await;
    eprintln!("seed {}", plan.seed);
    let directory = TempDir::new().unwrap();
    let world = World::start().await;
    world.refuse_notices(&[503; 50]);
    let fleet = Fleet::start(&world, &directory, &plan.database, plan.workers).await;
    let mut chance = Chance(plan.seed);
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (servers, chance) = (fleet.servers(), Chance(chance.below(u64::MAX >> 34)));
        clients.spawn(ask(servers, chance, (client..plan.jobs).step_by(CLIENTS).collect()));
    }
    let mut trial = Trial { world, fleet, chance, postgres, clients, told: Told::default() };
    if tokio::time::timeout(HANG, trial.run(plan)).await.is_err() {
        panic!("a hang: {:#?}", trial.left(&plan.database).await);
    }
    trial.check(plan).await;
}

impl Trial {
    /// Has everything done until the last job is: kills and restarts come at calls and notices
    /// that nobody can foresee, of which each job has two to five.
    async fn run(&mut self, plan: &Plan) {
        let strikes = plan.strikes;
        let apart = 2 * plan.jobs as u64 / strikes;
        let (mut struck, mut left) = (0, 1 + self.chance.below(apart));
        while self.told.completed.len() < plan.jobs || !self.clients.is_empty() {
            tokio::select! {
                call = self.world.called.recv() => drop(call.unwrap()),
                notice = self.world.notices.recv() => {
                    let (headers, notice) = notice.unwrap();
                    self.take(headers["webhook-id"].to_str().unwrap(), notice);
                }
                Some(done) = self.clients.join_next() => { done.unwrap(); continue }
            }
            left -= 1;
            if left == 0 && struck < strikes {
                struck += 1;
                left = 1 + self.chance.below(2 * apart);
                let of_database = plan.of_database && struck % 2 == 1;
                self.strike(of_database).await;
            }
            left = left.max(1);
        }
        assert!(struck > strikes / 2, "struck {struck} of {strikes} times: too rarely");
        eprintln!("struck {struck} times");
    }

    async fn strike(&mut self, of_database: bool) {
        match &self.postgres {
            Some(postgres) if of_database => {
                let postgres = Arc::clone(postgres);
                tokio::task::spawn_blocking(move || postgres.restart()).await.unwrap();
            }
            _ => self.fleet.kill(self.chance.below(u64::MAX >> 34)).await,
        }
    }

    /// Reads a notice once, and has someone act on it.
    fn take(&mut self, id: &str, notice: Value) {
        assert_eq!(notice["signed"], true);
        if notice["status"] != 200 {
            return;
        }
        let (kind, data) = (notice["type"].as_str().unwrap().to_owned(), notice["data"].clone());
        let news = json!([kind, data]);
        if let Some(before) = self.told.notices.insert(id.to_owned(), news.clone()) {
            assert_eq!(before, news, "one id, two notices");
            return;
        }
        let servers = self.fleet.servers();
        let chance = Chance(self.chance.below(u64::MAX >> 34));
        match kind.as_str() {
            "approval.requested" => {
                self.clients.spawn(decide(servers, chance, data["approval"].clone()));
            }
            "approval.in_doubt" => {
                self.told.in_doubt.insert(data["approval"]["run"].as_str().unwrap().to_owned());
                self.clients.spawn(settle(servers, chance, data["approval"].clone()));
            }
            "job.completed" => {
                self.told.completed.insert(data["id"].as_str().unwrap().to_owned());
            }
            other => assert_eq!(other, "approval.decided"),
        }
    }

    /// What is not done, for whoever looks why.
    async fn left(&self, database: &str) -> Vec<(String, String, i64, String)> {
        let pool = connect(database).await;
        let runs = "SELECT run, status, COALESCE(due, 0), COALESCE(trouble, '') FROM runs \
             WHERE status <> 'completed' \
             UNION ALL SELECT id, body, due, COALESCE(trouble, '') FROM notices \
             WHERE sent IS NULL";
        eprintln!("{} completed, {} clients", self.told.completed.len(), self.clients.len());
        sqlx::query_as(runs).fetch_all(&pool).await.unwrap()
    }

    async fn check(&mut self, plan: &Plan) {
        let pool = connect(&plan.database).await;
        let rows = |select: &'static str| sqlx::query_as(select).fetch_all(&pool);
        let jobs: Vec<(String, String, String)> =
            rows("SELECT j.dedupe, r.status, r.run FROM jobs j JOIN runs r ON r.run = j.id")
                .await
                .unwrap();
        let keys: BTreeSet<_> = jobs.iter().map(|(key, ..)| key.clone()).collect();
        assert_eq!(keys, (0..plan.jobs).map(|index| format!("erp|job {index}")).collect());
        assert!(jobs.iter().all(|(_, status, _)| status == "completed"), "{jobs:?}");
        let denied: Vec<(String, String, String)> =
            rows("SELECT run, call, status FROM approvals WHERE status = 'denied'").await.unwrap();
        let denied: BTreeSet<_> = denied.into_iter().map(|(run, ..)| run).collect();
        self.check_calls(&jobs.into_iter().map(|(.., run)| run).collect(), &denied);
        let notices: Vec<(String, String, String)> =
            rows("SELECT id, run, channel FROM notices").await.unwrap();
        // A worker that was killed may hold the last of them; another one sends them later.
        let mut missing: BTreeSet<_> = notices.into_iter().map(|(id, ..)| id).collect();
        missing.retain(|id| !self.told.notices.contains_key(id));
        let all = async {
            while !missing.is_empty() {
                let (headers, notice) = self.world.notices.recv().await.unwrap();
                let id = headers["webhook-id"].to_str().unwrap();
                self.take(id, notice);
                if self.told.notices.contains_key(id) {
                    missing.remove(id);
                }
            }
        };
        assert!(tokio::time::timeout(HANG, all).await.is_ok(), "{missing:?} never came");
    }

    /// No call was made twice, none that was denied was made, and what was not made was denied or in
    /// doubt: its worker died between the entry and the call.
    fn check_calls(&self, runs: &BTreeSet<String>, denied: &BTreeSet<String>) {
        let calls = self.world.calls("transfer");
        let of = |call: &Called, name: &str| call.body()[name].as_str().unwrap().to_owned();
        for count in [
            counts(calls.iter().map(Called::key)),
            counts(calls.iter().map(|call| of(call, "call"))),
            counts(calls.iter().map(|call| of(call, "run"))),
        ] {
            let twice: Vec<_> = count.iter().filter(|(_, count)| **count > 1).collect();
            assert!(twice.is_empty(), "called more than once: {twice:?}");
        }
        for call in &calls {
            let needed = call.body()["arguments"]["amount"].as_u64().unwrap() >= 100;
            assert_eq!(call.body()["approval"]["decision"] == "approve", needed);
        }
        let called: BTreeSet<_> = calls.iter().map(|call| of(call, "run")).collect();
        assert_eq!(called.intersection(denied).next(), None, "denied, and called");
        let doubts = &self.told.in_doubt;
        let lost = |run: &&String| ![&called, denied, doubts].iter().any(|it| it.contains(*run));
        assert_eq!(runs.iter().find(lost), None, "neither called nor denied nor in doubt");
        let doubts = doubts.len();
        eprintln!("{} called, {} denied, {doubts} in doubt", called.len(), denied.len());
    }
}

async fn connect(database: &str) -> sqlx::AnyPool {
    sqlx::any::install_default_drivers();
    sqlx::AnyPool::connect(database).await.unwrap()
}

fn counts(keys: impl Iterator<Item = String>) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    keys.for_each(|key| *counts.entry(key).or_insert(0) += 1);
    counts
}

/// Sends these jobs, each until a worker has taken it. Half of them need a person.
async fn ask(servers: Servers, mut chance: Chance, jobs: Vec<usize>) {
    for index in jobs {
        let amount = if index % 2 == 0 { 200 + index } else { 1 + index % 99 };
        let input = json!({ "amount": amount, "supplier": "Alice" });
        let body = json!({ "workflow": "invoice", "input": input });
        let key = format!("job {index}");
        let (status, body) =
            insist(&servers, &mut chance, "/v1/jobs", "erp", Some(&key), &body).await;
        assert_eq!(status, 202, "{body}");
    }
}

/// Decides, at times together with someone who wants the opposite, each until they have an answer.
async fn decide(servers: Servers, mut chance: Chance, approval: Value) {
    let path = format!("/v1/approvals/{}/decision", approval["id"].as_str().unwrap());
    let words = match chance.below(8) {
        0 => vec![("ann", "deny")],
        1 | 2 => vec![("ann", "approve"), ("ben", "deny")],
        3 => vec![("ann", "approve"), ("ben", "approve")],
        _ => vec![("ben", "approve")],
    };
    let mut people = JoinSet::new();
    for (name, word) in words {
        let (servers, path) = (servers.clone(), path.clone());
        let mut chance = Chance(chance.below(u64::MAX >> 34));
        let body = json!({ "decision": word, "digest": approval["digest"] });
        people.spawn(async move {
            let (status, body) = insist(&servers, &mut chance, &path, name, None, &body).await;
            assert!(status == 200 || body["error"]["code"] == "decided_already", "{status} {body}");
            status
        });
    }
    let statuses = people.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
}

/// A call in doubt is listed until someone says what became of it.
async fn settle(servers: Servers, mut chance: Chance, approval: Value) {
    let id = approval["id"].as_str().unwrap();
    let listed = loop {
        let server = servers.pick(chance.below(64));
        let request = server.get("/v1/approvals?status=in_doubt").bearer_auth(token("ann"));
        if let Some((200, listed)) = tried(request).await {
            break listed;
        }
    };
    let listed = listed["approvals"].as_array().unwrap();
    assert!(listed.iter().any(|it| it["id"] == id), "{id} is not listed");
    let outcome = if chance.below(2) == 0 { "happened" } else { "did_not_happen" };
    let (path, body) = (format!("/v1/approvals/{id}/settlement"), json!({ "outcome": outcome }));
    let (status, body) = insist(&servers, &mut chance, &path, "ann", None, &body).await;
    // The answer to the first attempt may have died with its worker.
    assert!(status == 200 || body["error"]["code"] == "decided_already", "{status} {body}");
}

/// Asks one worker after the other until one of them has an answer.
async fn insist(
    servers: &Servers,
    chance: &mut Chance,
    path: &str,
    name: &str,
    key: Option<&str>,
    body: &Value,
) -> (u16, Value) {
    loop {
        let server = servers.pick(chance.below(64));
        let mut request = server.post(path).bearer_auth(token(name));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let request = request.header("content-type", "application/json").body(body.to_string());
        match tried(request).await {
            Some((status, answer)) if status < 500 => return (status, answer),
            _ => tokio::task::yield_now().await,
        }
    }
}

/// None where the worker was killed meanwhile.
async fn tried(request: reqwest::RequestBuilder) -> Option<(u16, Value)> {
    let response = request.send().await.ok()?;
    let status = response.status().as_u16();
    Some((status, serde_json::from_str(&response.text().await.ok()?).ok()?))
}

/// The seed of this run: another one where `HOLDPOINT_SEED` says so.
fn seed(usual: u64) -> u64 {
    std::env::var("HOLDPOINT_SEED").map_or(usual, |seed| seed.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_workers_on_one_postgres_lose_no_job_and_call_nothing_twice() {
    let Some(server) = Postgres::start() else { return };
    let (database, jobs) = (server.database("killed"), 2000);
    let strikes = 48;
    let plan = Plan { database, workers: 3, jobs, strikes, of_database: false, seed: seed(1) };
    survives(&plan, Some(Arc::new(server))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_worker_on_sqlite_loses_no_job_and_calls_nothing_twice() {
    let directory = TempDir::new().unwrap();
    let database = format!("sqlite://{}?mode=rwc", directory.path().join("db").display());
    let plan =
        Plan { database, workers: 1, jobs: 30, strikes: 6, of_database: false, seed: seed(2) };
    survives(&plan, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarted_postgres_loses_no_job_and_makes_nothing_happen_twice() {
    let Some(server) = Postgres::start() else { return };
    let (database, jobs) = (server.database("restarted"), 2000);
    let strikes = 28;
    let plan = Plan { database, workers: 3, jobs, strikes, of_database: true, seed: seed(3) };
    survives(&plan, Some(Arc::new(server))).await;
}

static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

const CLIENTS: usize = 8;

/// Far longer than anything takes: what is not over then never ends.
const HANG: Duration = Duration::from_secs(600);

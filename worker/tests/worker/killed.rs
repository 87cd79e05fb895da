//! Workers killed under jobs: no job is lost, no approved call is made twice, and what nobody can
//! know is said to be in doubt.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::postgres::Postgres;
use crate::support::{Server, World, answer, file, token, variables};

/// Workers in processes of their own, on one store.
struct Fleet {
    variables: Vec<(&'static str, String)>,
    workers: Vec<(Child, Server)>,
}

impl Fleet {
    async fn start(world: &World, directory: &TempDir, database: &str, count: usize) -> Self {
        let path = directory.path().join("worker.toml");
        std::fs::write(&path, file(world.addr)).unwrap();
        let mut variables = variables(database);
        variables.push(("HOLDPOINT_WORKER_CONFIG", path.to_str().unwrap().to_owned()));
        // Long enough for a machine that is busy, short enough for a test.
        variables.push(("HOLDPOINT_LEASE_MS", "1500".into()));
        variables.push(("HOLDPOINT_RUNS", "4".into()));
        let mut fleet = Self { variables, workers: Vec::new() };
        for _ in 0..count {
            let worker = fleet.spawn().await;
            fleet.workers.push(worker);
        }
        fleet
    }

    async fn spawn(&self) -> (Child, Server) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdpoint-worker"));
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().unwrap();
        let base = line.rsplit(' ').next().unwrap().trim_end_matches('/').to_owned();
        (child, Server::at(base))
    }

    /// One is killed where it stands, and another one takes its place.
    async fn kill(&mut self, index: usize) {
        let index = index % self.workers.len();
        let (mut child, _) = self.workers.remove(index);
        // SIGKILL: nothing is flushed, nothing is let go.
        child.kill().await.unwrap();
        let worker = self.spawn().await;
        self.workers.push(worker);
    }

    fn any(&self) -> &Server {
        &self.workers[0].1
    }
}

/// Numbers that look random and are the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % end
    }
}

/// What became of the jobs so far.
#[derive(Default)]
struct Told {
    completed: BTreeSet<String>,
    in_doubt: BTreeMap<String, Value>,
}

async fn survives(database: &str, directory: &TempDir, workers: usize, jobs: usize, seed: u64) {
    eprintln!("seed {seed}");
    let mut chance = Chance(seed);
    let mut world = World::start().await;
    let mut fleet = Fleet::start(&world, directory, database, workers).await;
    let mut ids = BTreeSet::new();
    for index in 0..jobs {
        // Half of them need a person.
        let amount = if index % 2 == 0 { 200 + index } else { 1 + index };
        ids.insert(fleet.any().job(json!({ "amount": amount, "supplier": "Alice" })).await);
    }
    let mut told = Told::default();
    let mut kills = 0;
    while told.completed.len() < jobs {
        // A worker dies at a call that it has begun, or just when it has told of something.
        tokio::select! {
            call = world.called.recv() => {
                call.unwrap();
                if kills < KILLS && chance.below(4) == 0 {
                    kills += 1;
                    fleet.kill(chance.below(workers as u64) as usize).await;
                }
            }
            notice = world.notices.recv() => {
                let (_, notice) = notice.unwrap();
                take(&mut told, &fleet, &notice).await;
                if kills < KILLS && chance.below(8) == 0 {
                    kills += 1;
                    fleet.kill(chance.below(workers as u64) as usize).await;
                }
            }
        }
    }
    assert!(kills > 0, "nobody was killed");
    check(&told, &ids, &world);
}

/// Every job came to its end, and no call was made twice.
#[track_caller]
fn check(told: &Told, ids: &BTreeSet<String>, world: &World) {
    assert_eq!(told.completed, *ids);
    let mut counts = BTreeMap::new();
    for call in world.calls("transfer") {
        *counts.entry(call.key()).or_insert(0) += 1;
    }
    let twice: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "called more than once: {twice:?}");
    // What was not called was in doubt: its worker died between the entry and the call.
    assert!(counts.len() <= ids.len() && counts.len() + told.in_doubt.len() >= ids.len());
    eprintln!("{} called, {} in doubt", counts.len(), told.in_doubt.len());
}

/// Approves what is asked, and settles a doubt in such a way that nothing is called again.
async fn take(told: &mut Told, fleet: &Fleet, notice: &Value) {
    let approval = &notice["data"]["approval"];
    match notice["type"].as_str().unwrap() {
        "approval.requested" => {
            let (status, body) = fleet.any().decide(approval, "ann", "approve").await;
            assert_eq!(status, 200, "{body}");
        }
        "approval.in_doubt" => {
            let id = approval["id"].as_str().unwrap();
            let request = fleet.any().post(&format!("/v1/approvals/{id}/settlement"));
            let body = json!({ "outcome": "happened" });
            let (status, body) = answer(request.bearer_auth(token("ann")), &body).await;
            // A notice may come twice, and its job may have gone on.
            assert!(status == 200 || status == 409, "{body}");
            told.in_doubt.insert(id.to_owned(), approval.clone());
        }
        "job.completed" => {
            told.completed.insert(notice["data"]["id"].as_str().unwrap().to_owned());
        }
        other => assert_eq!(other, "approval.decided"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_workers_on_one_postgres_lose_no_job_and_call_nothing_twice() {
    let Some(server) = Postgres::start() else { return };
    let directory = TempDir::new().unwrap();
    survives(&server.database("killed"), &directory, 3, 40, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_worker_on_sqlite_loses_no_job_and_calls_nothing_twice() {
    let directory = TempDir::new().unwrap();
    let database = format!("sqlite://{}?mode=rwc", directory.path().join("db").display());
    survives(&database, &directory, 1, 30, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarted_postgres_loses_no_job_and_makes_nothing_happen_twice() {
    let Some(server) = Postgres::start() else { return };
    let directory = TempDir::new().unwrap();
    let mut world = World::start().await;
    let database = server.database("restarted");
    let fleet = Fleet::start(&world, &directory, &database, 2).await;
    let mut ids = BTreeSet::new();
    for index in 0..10 {
        let input = json!({ "amount": 200 + index, "supplier": "Alice" });
        ids.insert(fleet.any().job(input).await);
    }
    let mut told = Told::default();
    let mut asked = 0;
    while told.completed.len() < ids.len() {
        let (_, notice) = world.notices.recv().await.unwrap();
        if notice["type"] == "approval.requested" {
            asked += 1;
        }
        take(&mut told, &fleet, &notice).await;
        if asked == 3 {
            asked += 1;
            server.restart();
        }
    }
    check(&told, &ids, &world);
}

const KILLS: usize = 8;

//! Workers in processes of their own, which can be killed where they stand.

use std::process::Stdio;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::support::{Server, World, file, variables};

/// Workers on one store.
pub(crate) struct Fleet {
    variables: Vec<(&'static str, String)>,
    workers: Vec<Child>,
    servers: Servers,
}

/// Where the workers that live can be asked, for clients that go on while others are killed.
#[derive(Clone, Default)]
pub(crate) struct Servers(Arc<Mutex<Vec<Arc<Server>>>>);

impl Servers {
    /// One of them; the number says which.
    pub(crate) fn pick(&self, number: u64) -> Arc<Server> {
        let servers = self.0.lock().unwrap();
        Arc::clone(&servers[number as usize % servers.len()])
    }
}

impl Fleet {
    pub(crate) async fn start(
        world: &World,
        directory: &TempDir,
        database: &str,
        count: usize,
    ) -> Self {
        let path = directory.path().join("worker.toml");
        std::fs::write(&path, file(world.addr)).unwrap();
        let mut variables = variables(database);
        variables.push(("HOLDPOINT_WORKER_CONFIG", path.to_str().unwrap().to_owned()));
        // Long enough for a machine that is busy, short enough for a test.
        variables.push(("HOLDPOINT_LEASE_MS", "3000".into()));
        variables.push(("HOLDPOINT_RUNS", "4".into()));
        // What comes too late on a busy machine is soon sent again.
        variables.push(("HOLDPOINT_NOTICE_PAUSES_S", ["1"; 200].join(",")));
        let mut fleet = Self { variables, workers: Vec::new(), servers: Servers::default() };
        for _ in 0..count {
            fleet.spawn().await;
        }
        fleet
    }

    async fn spawn(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdpoint-worker"));
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().unwrap();
        let base = line.rsplit(' ').next().unwrap().trim_end_matches('/').to_owned();
        self.workers.push(child);
        self.servers.0.lock().unwrap().push(Arc::new(Server::at(base)));
    }

    /// One is killed where it stands, and another one takes its place.
    pub(crate) async fn kill(&mut self, number: u64) {
        let index = number as usize % self.workers.len();
        // SIGKILL: nothing is flushed, nothing is let go.
        self.workers.remove(index).kill().await.unwrap();
        self.spawn().await;
        // Until here clients may ask the one that is gone, as they would where nobody tells them.
        self.servers.0.lock().unwrap().remove(index);
    }

    pub(crate) fn servers(&self) -> Servers {
        self.servers.clone()
    }
}

/// Numbers that look random and are the same each time.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % end
    }
}

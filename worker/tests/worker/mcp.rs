//! Tools of a server that is made with another language's SDK of the protocol.

use std::process::Stdio;

use holdpoint_worker::{Config, OpenError, Worker};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::support::{Bench, SECRET, client, configured, file, sent, variables};

/// A server of `tests/clients/mcp_server.py`; it ends with this value.
struct Bank {
    base: String,
    _process: Child,
}

impl Bank {
    /// Starts one; none, and one clear line, where there is no Python with the SDK.
    async fn start(port: &str, arguments: &[&str]) -> Option<Self> {
        let Some(python) = std::env::var_os("HOLDPOINT_PYTHON") else {
            use std::io::Write;
            let line =
                "skipped: MCP (HOLDPOINT_PYTHON is not set; `cargo xtask test worker` does)\n";
            let _ = std::io::stderr().write_all(line.as_bytes());
            return None;
        };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/clients/mcp_server.py");
        let mut command = Command::new(python);
        command.arg(script).args(arguments).env("PORT", port).env("PYTHONDONTWRITEBYTECODE", "1");
        // It ends when its input does, so also when this test is killed.
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let base = lines.next_line().await.unwrap().unwrap();
        Some(Self { base, _process: process })
    }

    fn port(&self) -> &str {
        self.base.rsplit(':').next().unwrap()
    }

    /// What was called so far, as the server tells it.
    async fn calls(&self) -> Vec<Value> {
        let (_, calls) = sent(client().get([&self.base, "/calls"].concat())).await;
        calls.as_array().unwrap().clone()
    }

    /// A worker whose workflow has this server's tools instead of its own.
    fn file(&self, more: &str) -> impl Fn(String) -> String {
        let block = format!("[[workflow.mcp]]\nurl = \"{}/mcp\"\n{more}\n", self.base);
        move |file| [file.split("[[workflow.tool]]").next().unwrap(), &block].concat()
    }
}

#[tokio::test]
async fn tool_of_a_server_is_asked_about_whatever_its_hints_say() {
    let Some(bank) = Bank::start("0", &[]).await else { return };
    let mut bench = Bench::changed(bank.file("")).await;
    let (_, asked) = bench.halted(50).await;
    assert_eq!((&asked["tool"], &asked["rule"]["id"]), (&json!("transfer"), &json!("no-rule")));
    assert_eq!(bank.calls().await, Vec::<Value>::new());
    assert_eq!(bench.server.decide(&asked, "ann", "approve").await.0, 200);
    let notice = bench.world.notice("job.completed").await;
    assert_eq!(notice["data"]["answer"], "Done: 50 to Alice.");
    let [call] = &bank.calls().await[..] else { panic!() };
    let about = &call["call"];
    assert_eq!(about["approval"]["by"]["id"], "ann");
    assert_eq!(
        about["approval"]["action"]["arguments"],
        json!({ "amount": 50, "recipient": "Alice" })
    );
    assert!(about["key"].as_str().is_some_and(|key| key.len() == 64), "{about}");
}

#[tokio::test]
async fn operator_says_what_runs_by_itself_unless_the_tool_calls_itself_destructive() {
    let Some(bank) = Bank::start("0", &[]).await else { return };
    let never = "approval = { transfer = \"never\", check_balance = \"never\" }";
    let prompt = "Please check my balance and transfer {amount} to {supplier}";
    let mut bench = Bench::changed(|file| {
        bank.file(never)(file).replace("Please transfer {amount} to {supplier}", prompt)
    })
    .await;
    let (_, asked) = bench.halted(50).await;
    assert_eq!(
        (&asked["tool"], &asked["rule"]["id"]),
        (&json!("check_balance"), &json!("always-asks"))
    );
    assert_eq!(bench.server.decide(&asked, "ann", "approve").await.0, 200);
    bench.world.notice("job.completed").await;
    let tools: Vec<_> = bank.calls().await.iter().map(|call| call["tool"].clone()).collect();
    assert_eq!(tools.len(), 2, "{tools:?}");
}

#[tokio::test]
async fn tool_that_says_it_failed_did_and_one_that_is_gone_in_the_middle_is_in_doubt() {
    let Some(bank) = Bank::start("0", &[]).await else { return };
    let mut bench = Bench::changed(bank.file("approval = { transfer = \"never\" }")).await;
    let _ = bench.server.job(json!({ "amount": 13, "supplier": "Alice" })).await;
    let notice = bench.world.notice("job.completed").await;
    let said = notice["data"]["answer"].as_str().unwrap();
    assert!(said.contains("Error executing tool transfer"), "{said}");
    let _ = bench.server.job(json!({ "amount": 666, "supplier": "Alice" })).await;
    let notice = bench.world.notice("approval.in_doubt").await;
    // The server says that it may be called twice. It is not believed.
    assert_eq!(notice["data"]["approval"]["doubt"], "the connection to the tool broke");
    // Nobody is there any more, so nothing happens, and that is known.
    let _ = bench.server.job(json!({ "amount": 14, "supplier": "Alice" })).await;
    let notice = bench.world.notice("job.completed").await;
    let said = notice["data"]["answer"].as_str().unwrap();
    assert!(said.contains("cannot be reached"), "{said}");
}

#[tokio::test]
async fn tool_that_changed_is_not_called_and_after_a_restart_is_asked_about_anew() {
    let Some(bank) = Bank::start("0", &[]).await else { return };
    let port = bank.port().to_owned();
    let balance = |file: String| {
        bank.file("")(file).replace("Please transfer {amount} to {supplier}", "check my balance")
    };
    let mut bench = Bench::changed(balance).await;
    let (_, asked) = bench.halted(50).await;
    drop(bank);
    let bank = Bank::start(&port, &["changed"]).await.unwrap();
    let (_, later) = bench.halted(51).await;
    assert_eq!(bench.server.decide(&asked, "ann", "approve").await.0, 200);
    let notice = bench.world.notice("job.completed").await;
    let said = notice["data"]["answer"].as_str().unwrap();
    assert!(said.contains("not what it was"), "{said}");
    assert_eq!(bank.calls().await, Vec::<Value>::new());
    bench.restart().await;
    let (status, refused) = bench.server.decide(&later, "ann", "approve").await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("tool_changed")));
    let again = bench.world.notice("approval.requested").await["data"]["approval"].clone();
    assert_eq!(bench.server.decide(&again, "ann", "approve").await.0, 200);
    bench.world.notice("job.completed").await;
    assert_eq!(bank.calls().await.len(), 1);
}

#[tokio::test]
async fn server_that_is_away_or_lacks_a_tool_is_said_when_the_worker_starts() {
    let open = async |change: &dyn Fn(String) -> String| -> String {
        let directory = tempfile::TempDir::new().unwrap();
        let database = format!("sqlite://{}/db?mode=rwc", directory.path().display());
        let file = change(file(([127, 0, 0, 1], 9).into()));
        let config: Config = configured(&file, &variables(&database));
        match Worker::open(config).await {
            Err(error @ OpenError::Mcp(_)) => error.to_string(),
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("it opened"),
        }
    };
    let nobody =
        |file: String| [&file, "\n[[workflow.mcp]]\nurl = \"http://127.0.0.1:9/mcp\"\n"].concat();
    let said = open(&nobody).await;
    assert!(
        said.starts_with("workflow invoice: the MCP server http://127.0.0.1:9/mcp: "),
        "{said}"
    );
    assert!(!said.contains(SECRET));
    let Some(bank) = Bank::start("0", &[]).await else { return };
    let said = open(&bank.file("approval = { transfer = \"perhaps\" }")).await;
    assert!(said.contains("tool transfer: "), "{said}");
    let said = open(&bank.file("tools = [\"transfer\", \"fly\"]")).await;
    assert!(said.ends_with("it has no tool fly; it has transfer, check_balance"), "{said}");
    let both = |file: String| [&file, "\n", &bank.file("")(String::new())].concat();
    let said = open(&both).await;
    assert!(said.ends_with("tool transfer: the workflow has another one of that name"), "{said}");
}

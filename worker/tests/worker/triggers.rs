//! Jobs that nobody posts: by the clock, and from the table.

use std::collections::BTreeSet;

use holdpoint_worker::{Config, Schedule};
use serde_json::json;
use sqlx::AnyPool;

use crate::postgres::Postgres;
use crate::support::{Bench, Server, World, configured, file, variables};

/// The milliseconds of a time in UTC.
fn at(time: &str) -> u64 {
    time.parse::<jiff::Timestamp>().unwrap().as_millisecond() as u64
}

fn schedule(cron: &str, zone: &str) -> Schedule {
    Schedule::new("report", cron, zone, json!({})).unwrap()
}

/// The workflow starts by this, too.
fn scheduled(cron: &str) -> impl Fn(String) -> String {
    let block = format!(
        "[[workflow.schedule]]\ncron = \"{cron}\"\ninput = {{ amount = 50, supplier = \"Alice\" }}\n"
    );
    move |file| file.replace("[workflow.input_schema]", &format!("{block}[workflow.input_schema]"))
}

async fn execute(database: &str, statements: &[String]) {
    sqlx::any::install_default_drivers();
    let pool = AnyPool::connect(database).await.unwrap();
    for statement in statements {
        sqlx::query(sqlx::AssertSqlSafe(statement.as_str())).execute(&pool).await.unwrap();
    }
    pool.close().await;
}

async fn rows(database: &str, select: &'static str) -> Vec<(String, String)> {
    sqlx::any::install_default_drivers();
    let pool = AnyPool::connect(database).await.unwrap();
    let rows = sqlx::query_as(select).fetch_all(&pool).await.unwrap();
    pool.close().await;
    rows
}

#[test]
fn tick_is_due_from_its_second_on_until_it_was_made() {
    let nine = schedule("0 9 * * *", "UTC");
    let (before, tick) = (at("2026-03-10T08:59:59.999Z"), at("2026-03-10T09:00:00Z"));
    let last = at("2026-03-09T09:00:00Z");
    assert_eq!(nine.due(last, before), None);
    assert_eq!(nine.due(last, tick), Some(tick));
    assert_eq!(nine.due(last, tick + 59_999), Some(tick));
    assert_eq!(nine.due(tick, tick + 59_999), None);
    assert_eq!(nine.next(before), Some(tick));
    assert_eq!(nine.next(tick), Some(at("2026-03-11T09:00:00Z")));
}

#[test]
fn of_missed_ticks_the_latest_alone_is_made_up() {
    let hourly = schedule("@hourly", "UTC");
    let (last, now) = (at("2026-03-01T00:00:00Z"), at("2026-03-10T09:30:00Z"));
    let tick = hourly.due(last, now).unwrap();
    assert_eq!(tick, at("2026-03-10T09:00:00Z"));
    assert_eq!(hourly.due(tick, now), None);
    // A clock that was set back makes nothing again.
    assert_eq!(hourly.due(tick, last), None);
}

#[test]
fn schedule_follows_the_clock_of_its_zone_through_the_change_of_time() {
    let nine = schedule("0 9 * * *", "Europe/Berlin");
    assert_eq!(nine.next(at("2026-03-28T12:00:00Z")), Some(at("2026-03-29T07:00:00Z")));
    assert_eq!(nine.next(at("2026-10-24T12:00:00Z")), Some(at("2026-10-25T08:00:00Z")));
    // Half past two comes twice that night, and not at all on the other one.
    let night = schedule("30 2 * * *", "Europe/Berlin");
    let once = night.next(at("2026-10-24T12:00:00Z")).unwrap();
    assert_eq!(once, at("2026-10-25T00:30:00Z"));
    assert_eq!(night.next(once), Some(at("2026-10-26T01:30:00Z")));
}

#[test]
fn schedule_that_is_none_is_no_configuration() {
    for (cron, zone, expected) in [
        ("61 * * * *", "UTC", "cron"),
        ("often", "UTC", "cron"),
        ("0 0 30 2 *", "UTC", "expected cron to be a time that comes"),
        ("@daily", "Mars/Olympus", "expected zone \"Mars/Olympus\""),
    ] {
        let fault = Schedule::new("report", cron, zone, json!({})).unwrap_err();
        assert!(fault.starts_with(expected), "{cron}: {fault}");
    }
    let variables = variables("sqlite://db");
    let read = |name: &str| {
        let name = variables.iter().find(|(known, _)| *known == name);
        name.map(|(_, value)| value.replace("eve=", "inbox="))
    };
    let file = scheduled("* * *")(file(([127, 0, 0, 1], 9).into())).replace("50", "-1");
    let faults = Config::parse(&file, read).unwrap_err().faults;
    for expected in [
        "the name inbox is that of jobs which nobody sends",
        "workflow invoice: schedule \"* * *\": input/amount",
        "workflow invoice: schedule: cron",
    ] {
        assert!(faults.iter().any(|fault| fault.starts_with(expected)), "{expected}: {faults:#?}");
    }
}

#[tokio::test]
async fn each_tick_is_one_job_however_many_workers_there_are() {
    let mut bench = Bench::changed(scheduled("* * * * * *")).await;
    let mut others = Vec::new();
    for _ in 0..2 {
        others.push(Server::start(bench.config.clone()).await);
    }
    let mut jobs = BTreeSet::new();
    while jobs.len() < 3 {
        let notice = bench.world.notice("job.completed").await;
        jobs.insert(notice["data"]["id"].as_str().unwrap().to_owned());
    }
    for other in &mut others {
        other.stop().await;
    }
    bench.server.stop().await;
    let made = rows(&bench.database, "SELECT dedupe, requester FROM jobs").await;
    assert!(made.iter().all(|(_, requester)| requester == "schedule"));
    let ticks: BTreeSet<_> = made.iter().map(|(key, _)| key.rsplit('|').next().unwrap()).collect();
    assert_eq!(ticks.len(), made.len(), "{made:?}");
}

#[tokio::test]
async fn what_was_missed_while_no_worker_ran_is_made_up_once() {
    let mut bench = Bench::changed(scheduled("0 0 1 1 *")).await;
    // A schedule begins when a worker has seen it.
    while rows(&bench.database, "SELECT id, id FROM schedules").await.is_empty() {}
    bench.server.stop().await;
    assert_eq!(rows(&bench.database, "SELECT id, requester FROM jobs").await, []);
    execute(&bench.database, &["UPDATE schedules SET last = 1".to_owned()]).await;
    bench.server = Server::start(bench.config.clone()).await;
    bench.world.notice("job.completed").await;
    bench.restart().await;
    bench.server.stop().await;
    assert_eq!(rows(&bench.database, "SELECT id, requester FROM jobs").await.len(), 1);
}

/// Rows of the table become jobs, each once; those that cannot stay with the reason.
async fn takes_rows(database: String) {
    let mut world = World::start().await;
    let file = file(world.addr).replace("model =", "inbox = true\nmodel =");
    let mut config = configured(&file, &variables(&database));
    config.pauses = vec![std::time::Duration::from_millis(1); 9];
    let mut servers = Vec::new();
    for _ in 0..3 {
        servers.push(Server::start(config.clone()).await);
    }
    let insert = |id: &str, workflow: &str, input: &str| {
        format!(
            "INSERT INTO holdpoint_inbox (id, workflow, input) VALUES ('{id}', '{workflow}', '{input}')"
        )
    };
    let good = |index: usize| {
        let input = json!({ "amount": 1 + index, "supplier": "Alice" });
        insert(&format!("row {index}"), "invoice", &input.to_string())
    };
    let bad = [
        ("none", insert("none", "other", "{}"), "unknown_workflow"),
        ("text", insert("text", "invoice", "{\"amount\":"), "json_invalid"),
        ("odd", insert("odd", "invoice", "{\"amount\":-1}"), "schema_violation"),
    ];
    let mut statements: Vec<_> = (0..40).map(good).collect();
    statements.extend(bad.iter().map(|(_, insert, _)| insert.clone()));
    execute(&database, &statements).await;
    let mut jobs = BTreeSet::new();
    while jobs.len() < 40 {
        let notice = world.notice("job.completed").await;
        jobs.insert(notice["data"]["id"].as_str().unwrap().to_owned());
    }
    // The same id again is the same job, and with another input a mistake.
    let other = good(1).replace("\"amount\":2", "\"amount\":3");
    execute(&database, &[good(0), other, good(40)]).await;
    world.notice("job.completed").await;
    for server in &mut servers {
        server.stop().await;
    }
    let left = rows(&database, "SELECT id, refused FROM holdpoint_inbox ORDER BY id").await;
    let expected = [("none", "unknown_workflow"), ("odd", "schema_violation")];
    let expected = [&expected[..], &[("row 1", "idempotency_mismatch"), ("text", "json_invalid")]];
    for ((id, refused), (row, code)) in left.iter().zip(expected.concat()) {
        assert!(id == row && refused.starts_with(code), "{left:?}");
    }
    assert_eq!(left.len(), bad.len() + 1, "{left:?}");
    let made = rows(&database, "SELECT dedupe, requester FROM jobs").await;
    assert_eq!((made.len(), world.calls("transfer").len()), (41, 41));
}

#[tokio::test]
async fn row_of_the_table_is_one_job_or_says_why_not() {
    let directory = tempfile::TempDir::new().unwrap();
    takes_rows(format!("sqlite://{}/db?mode=rwc", directory.path().display())).await;
}

#[tokio::test]
async fn row_of_the_table_on_postgres_is_one_job_or_says_why_not() {
    let Some(server) = Postgres::start() else { return };
    takes_rows(server.database("inbox")).await;
}

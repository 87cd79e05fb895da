//! Reminders and escalation: written with the call, sent while nobody has decided.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::support::{Bench, World};

/// The channel `ops` is told at once, `boss` when nobody decides.
async fn reminding(remind: &[u64], escalate_s: u64) -> Bench {
    let change = |file: String| {
        let url = file.lines().find(|line| line.contains("/notices\"")).unwrap().to_owned();
        let boss = ["[[channel]]\nname = \"boss\"\nkind = \"webhook\"\n", &url, "\n\n[[workflow]]"];
        let more = "escalate_after_s = 1\nescalate_to = [\"boss\"]\nremind_after_s = [1]\n";
        file.replace("[[workflow]]", &boss.concat())
            .replace("channels = [", &[more, "channels = ["].concat())
    };
    let tune = |config: &mut holdpoint_worker::Config| {
        let workflow = Arc::get_mut(config.workflows.get_mut("invoice").unwrap()).unwrap();
        workflow.reminders = remind.iter().copied().map(Duration::from_secs).collect();
        workflow.escalation.as_mut().unwrap().after = Duration::from_secs(escalate_s);
    };
    Bench::tuned(change, &[], tune).await
}

/// Everything that comes until the job is over, for one channel each.
async fn until_over(world: &mut World, ends: usize) -> Vec<String> {
    let mut kinds = Vec::new();
    while kinds.iter().filter(|kind| *kind == "job.completed").count() < ends {
        let (_, body) = world.notices.recv().await.unwrap();
        kinds.push(body["type"].as_str().unwrap().to_owned());
    }
    kinds
}

#[tokio::test]
async fn whoever_does_not_decide_is_reminded_and_others_are_asked_and_told_the_outcome() {
    let mut bench = reminding(&[0, 3600], 0).await;
    bench.server.job(json!({ "amount": 500, "supplier": "Alice" })).await;
    let mut asked = BTreeMap::new();
    while asked.len() < 3 {
        let (_, body) = bench.world.notices.recv().await.unwrap();
        asked.insert(body["type"].as_str().unwrap().to_owned(), body["data"].clone());
    }
    bench.restart().await;
    let kinds: Vec<_> = asked.keys().collect();
    assert_eq!(kinds, ["approval.escalated", "approval.reminder", "approval.requested"]);
    let approval = asked["approval.requested"]["approval"].clone();
    for data in asked.values() {
        assert_eq!(data["approval"], approval);
        assert_eq!(data["links"].as_array().map(Vec::len), Some(2));
    }
    assert_eq!(bench.server.decide(&approval, "ben", "approve").await.0, 200);
    let kinds = until_over(&mut bench.world, 2).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "approval.decided").count(), 2, "{kinds:?}");
}

#[tokio::test]
async fn nobody_is_reminded_of_what_was_decided() {
    let mut bench = reminding(&[3600], 3600).await;
    let (_, approval) = bench.halted(500).await;
    let pool = bench.pool().await;
    let waiting = "SELECT id FROM notices WHERE only_if = 'pending' AND due IS NOT NULL";
    assert_eq!(sqlx::query(waiting).fetch_all(&pool).await.unwrap().len(), 2);
    assert_eq!(bench.server.decide(&approval, "ann", "approve").await.0, 200);
    let mut kinds = until_over(&mut bench.world, 1).await;
    let now = "UPDATE notices SET due = 1 WHERE only_if = 'pending'";
    sqlx::query(now).execute(&pool).await.unwrap();
    while !sqlx::query(waiting).fetch_all(&pool).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    // What was sent before the next job is there before its end.
    bench.server.job(json!({ "amount": 50, "supplier": "Alice" })).await;
    kinds.extend(until_over(&mut bench.world, 1).await);
    kinds.sort();
    assert_eq!(kinds, ["approval.decided", "job.completed", "job.completed"]);
}

//! Calls that need more than one person.

use holdpoint_worker::Config;
use serde_json::{Value, json};

use crate::support::{Bench, Server, answer, configured, file, sent, token, variables};

/// Two of three approvers are needed for each call.
pub(crate) fn two_of_three(file: String) -> String {
    file.replace("\"ann\", \"ben\"]", "\"ann\", \"ben\", \"eve\"]")
        .replace("not_requester = true", "not_requester = true\nquorum = 2")
}

async fn approval(bench: &Bench, id: &Value) -> Value {
    bench.server.read(&format!("/v1/approvals/{}", id.as_str().unwrap()), "ann").await
}

fn names(approval: &Value) -> Vec<&str> {
    let given = approval["approvals"].as_array().unwrap();
    given.iter().map(|given| given["by"]["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn call_that_needs_two_starts_with_the_second_approval_and_names_both() {
    let mut bench = Bench::changed(two_of_three).await;
    let (_, asked) = bench.halted(500).await;
    assert_eq!(asked["quorum"], 2);
    for _ in 0..2 {
        // The same person counts once, however often.
        let (status, told) = bench.server.decide(&asked, "ann", "approve").await;
        assert_eq!(
            (status, &told["status"], &told["missing"]),
            (200, &json!("pending"), &json!(1))
        );
        assert_eq!(names(&told), ["ann"]);
    }
    let notice = bench.world.notice("approval.endorsed").await;
    assert_eq!(names(&notice["data"]["approval"]), ["ann"]);
    // It outlives its worker.
    bench.restart().await;
    assert_eq!(approval(&bench, &asked["id"]).await["missing"], 1);
    let listed = bench.server.read("/v1/approvals", "eve").await;
    assert_eq!(names(&listed["approvals"][0]), ["ann"]);
    assert!(bench.world.calls("transfer").is_empty());
    let (status, told) = bench.server.decide(&asked, "eve", "approve").await;
    assert_eq!((status, &told["status"], &told["missing"]), (200, &json!("approved"), &json!(0)));
    bench.world.notice("job.completed").await;
    let [call] = &bench.world.calls("transfer")[..] else { panic!() };
    assert_eq!(names(&call.body()["approval"]), ["ann", "eve"]);
    assert_eq!(call.body()["approval"]["by"]["id"], "eve");
    // Whoever was among them is told that it worked; whoever was not, that it is over.
    assert_eq!(bench.server.decide(&asked, "ann", "approve").await.0, 200);
    assert_eq!(bench.server.decide(&asked, "ben", "approve").await.0, 409);
}

#[tokio::test]
async fn one_denial_ends_what_others_approved() {
    let mut bench = Bench::changed(two_of_three).await;
    let (_, asked) = bench.halted(500).await;
    assert_eq!(bench.server.decide(&asked, "ann", "approve").await.0, 200);
    let (status, told) = bench.server.decide(&asked, "ben", "deny").await;
    assert_eq!((status, &told["status"]), (200, &json!("denied")));
    assert_eq!(bench.server.decide(&asked, "eve", "approve").await.0, 409);
    bench.world.notice("job.completed").await;
    assert!(bench.world.calls("transfer").is_empty());
}

#[tokio::test]
async fn approvals_at_once_by_two_workers_are_two_and_the_call_is_made_once() {
    let mut bench = Bench::changed(two_of_three).await;
    let mut other = Server::start(bench.config.clone()).await;
    for amount in 0..10 {
        let (_, asked) = bench.halted(500 + amount).await;
        let (one, two) = tokio::join!(
            bench.server.decide(&asked, "ann", "approve"),
            other.decide(&asked, "ben", "approve"),
        );
        assert_eq!((one.0, two.0), (200, 200), "{one:?} {two:?}");
        bench.world.notice("job.completed").await;
        assert_eq!(bench.world.calls("transfer").len() as u32, amount + 1);
    }
    other.stop().await;
}

#[tokio::test]
async fn what_was_approved_counts_for_nothing_where_something_else_is_asked() {
    let mut bench = Bench::changed(two_of_three).await;
    let (_, asked) = bench.halted(500).await;
    assert_eq!(bench.server.decide(&asked, "ann", "approve").await.0, 200);
    let changed = two_of_three(file(bench.world.addr)).replace("minimum = 100", "minimum = 50");
    let pauses = bench.config.pauses.clone();
    bench.config = Config { pauses, ..configured(&changed, &variables(&bench.database)) };
    bench.restart().await;
    let (status, refused) = bench.server.decide(&asked, "ben", "approve").await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("tool_changed")));
    let asked = bench.world.notice("approval.requested").await["data"]["approval"].clone();
    assert_eq!(approval(&bench, &asked["id"]).await["missing"], 2);
    let (_, told) = bench.server.decide(&asked, "ben", "approve").await;
    assert_eq!((names(&told), &told["missing"]), (vec!["ben"], &json!(1)));
    assert_eq!(bench.server.decide(&asked, "eve", "approve").await.1["status"], "approved");
    bench.world.notice("job.completed").await;
    assert_eq!(bench.world.calls("transfer").len(), 1);
}

#[tokio::test]
async fn shared_approval_cannot_be_of_other_arguments_and_is_refused_as_any_other() {
    let mut bench = Bench::changed(two_of_three).await;
    let (_, asked) = bench.halted(500).await;
    let path = format!("/v1/approvals/{}/decision", asked["id"].as_str().unwrap());
    let send =
        async |body: Value| answer(bench.server.post(&path).bearer_auth(token("ann")), &body).await;
    let args = json!({ "amount": 120, "recipient": "Alice" });
    let changed = json!({ "decision": "approve", "digest": asked["digest"], "args": args });
    let (status, refused) = send(changed).await;
    assert_eq!((status, &refused["error"]["code"]), (422, &json!("arguments_shared")));
    let (status, refused) = send(json!({ "decision": "approve", "digest": "0".repeat(64) })).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("digest_mismatch")));
    assert_eq!(approval(&bench, &asked["id"]).await["missing"], 2);
}

#[tokio::test]
async fn quorum_of_a_rule_is_for_its_calls() {
    let of_rule = |file: String| {
        two_of_three(file)
            .replace("\nquorum = 2", "")
            .replace("id = \"large\"", "id = \"large\"\nquorum = 2")
    };
    let mut bench = Bench::changed(of_rule).await;
    let (_, asked) = bench.halted(500).await;
    assert_eq!(bench.server.decide(&asked, "ann", "approve").await.1["missing"], 1);
    assert_eq!(bench.server.decide(&asked, "ben", "approve").await.1["status"], "approved");
    bench.world.notice("job.completed").await;
}

#[tokio::test]
async fn page_says_who_approved_and_that_more_are_needed() {
    let mut bench = Bench::changed(two_of_three).await;
    let _ = bench.server.job(json!({ "amount": 500, "supplier": "Alice" })).await;
    let notice = bench.world.notice("approval.requested").await;
    let link = notice["data"]["links"][0]["url"].as_str().unwrap();
    let path = &link[link.find("/approve/").unwrap()..];
    let page = sent(bench.server.get(path)).await.1.as_str().unwrap().to_owned();
    assert!(page.contains("0 of 2 approvals. 2 more are needed."), "{page}");
    let digest = notice["data"]["approval"]["digest"].as_str().unwrap();
    let yes = |name: &str| format!("decision=approve&digest={digest}&access={}", token(name));
    let page = sent(bench.server.post(path).body(yes("ann"))).await.1;
    let page = page.as_str().unwrap().to_owned();
    assert!(page.contains("it takes more people"), "{page}");
    assert!(page.contains("1 of 2 approvals: Ann Archer. One more is needed."), "{page}");
    let page = sent(bench.server.post(path).body(yes("ben"))).await.1;
    assert!(page.as_str().unwrap().contains("Approved by ben, "), "{page}");
    bench.world.notice("job.completed").await;
}

#[test]
fn quorum_that_cannot_be_reached_is_no_configuration() {
    let faults = |change: &dyn Fn(String) -> String| {
        let variables = variables("sqlite://db");
        let read = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
        };
        let file = change(file(([127, 0, 0, 1], 9).into()));
        Config::parse(&file, read).map(drop).map_err(|error| error.faults)
    };
    assert_eq!(faults(&two_of_three), Ok(()));
    // Ann may ask, and then only two are left.
    let three = |file: String| two_of_three(file).replace("quorum = 2", "quorum = 3");
    let expected = "workflow invoice: expected a quorum of 1 to 2, or more approvers";
    assert_eq!(faults(&three), Err(vec![expected.to_owned()]));
    let none =
        |file: String| two_of_three(file).replace("id = \"large\"", "id = \"large\"\nquorum = 0");
    let expected = "workflow invoice: tool transfer: rule large: expected a quorum of 1 to 2, or more approvers";
    assert_eq!(faults(&none), Err(vec![expected.to_owned()]));
}

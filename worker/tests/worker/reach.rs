//! What a page of another origin, or another program, sees of the worker.

use holdpoint_core::id::RunId;
use holdpoint_core::run::replay;
use reqwest::Method;

use crate::support::{Bench, Server, client, configured, file, sent, token, variables};

#[tokio::test]
async fn pages_of_allowed_origins_read_the_answers_and_no_others_do() {
    let bench = Bench::start().await;
    let mut variables = variables(&bench.database);
    variables.push(("HOLDPOINT_ALLOWED_ORIGINS", "https://shop.example".into()));
    let server = Server::start(configured(&file(bench.world.addr), &variables)).await;
    for (origin, expected) in
        [("https://shop.example", Some("https://shop.example")), ("https://evil.example", None)]
    {
        let url = [&server.base, "/v1/approvals"].concat();
        let preflight = client()
            .request(Method::OPTIONS, &url)
            .header("origin", origin)
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization")
            .send()
            .await
            .unwrap();
        let ask = server.get("/v1/approvals").bearer_auth(token("ann")).header("origin", origin);
        for response in [preflight, ask.send().await.unwrap()] {
            let allowed = response.headers().get("access-control-allow-origin");
            assert_eq!(allowed.map(|it| it.to_str().unwrap()), expected);
        }
    }
}

#[tokio::test]
async fn journal_of_a_job_folds_to_the_call_that_was_listed() {
    let mut bench = Bench::start().await;
    let (id, approval) = bench.halted(500).await;
    let path = format!("/v1/jobs/{id}/journal");
    let told = bench.server.read(&path, "ann").await;
    let entries: Vec<&str> =
        told["entries"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    let run = replay(&RunId::new(id.as_str()), None, entries).unwrap();
    let slot = run.turns().flat_map(|turn| &turn.slots).next().unwrap();
    assert_eq!(slot.action.id.as_str(), approval["id"]);
    assert_eq!(slot.action.digest.to_string(), approval["digest"]);
    assert_eq!(told["tools"][0]["name"], "transfer");
    assert_eq!(told["tools"][0]["inputSchema"]["type"], "object");
    let stranger = bench.server.get(&path).bearer_auth(token("eve"));
    assert_eq!(sent(stranger).await.0, 404);
}

//! Calls that wait at a worker, decided in the widget of a page that the worker serves.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::corpora::Corpora;
use holdpoint_e2e::look;
use holdpoint_e2e::stage::{Stage, play};
use holdpoint_e2e::{until, until_true};
use holdpoint_worker::{Config, Worker};
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::axe::violations;
use crate::edit::write;

#[tokio::test]
async fn call_at_the_worker_is_counted_shown_and_approved_by_the_same_card() -> Result<()> {
    let worker = AtWork::start().await?;
    play(async |stage| {
        let agent = worker.page(stage, ANN).await?;
        worker.invoice(500).await?;
        until_true("the page is told", async || {
            Ok(agent.run("return globalThis.told", vec![]).await? == json!([1]))
        })
        .await?;
        agent.click("inbox-button").await?;
        agent.shows("Waiting at the worker").await?;
        agent.click("inbox-item").await?;
        let card = agent.card().await?;
        for words in ["500", "Alice", "the amount is 100 or more", "From what was asked"] {
            ensure!(card.contains(words), "the card lacks {words:?}: {card}");
        }
        agent.approve().await?;
        agent.shows("Approved: Transfer").await?;
        agent.has_no_card().await?;
        until_true("the tool was called", async || Ok(worker.calls() == [500])).await
    })
    .await
}

#[tokio::test]
async fn call_at_the_worker_is_denied_with_a_reason() -> Result<()> {
    let worker = AtWork::start().await?;
    play(async |stage| {
        let job = worker.invoice(500).await?;
        let agent = worker.page(stage, ANN).await?;
        agent.click("inbox-button").await?;
        agent.click("inbox-item").await?;
        agent.deny("too much").await?;
        let job = worker.ended(&job).await?;
        let answer = job["answer"].as_str().context("an answer")?;
        ensure!(answer.contains("(too much)"), "{answer}");
        ensure!(worker.calls().is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn arguments_of_a_call_at_the_worker_are_changed_before_it_runs() -> Result<()> {
    let worker = AtWork::start().await?;
    play(async |stage| {
        worker.invoice(500).await?;
        let agent = worker.page(stage, ANN).await?;
        agent.click("inbox-button").await?;
        agent.click("inbox-item").await?;
        agent.click("edit-button").await?;
        write(&agent, "amount", "-1").await?;
        agent.click("review-button").await?;
        agent.part("edit-faults").await?;
        write(&agent, "amount", "50").await?;
        agent.click("review-button").await?;
        agent.shows("What you changed").await?;
        agent.click("approve-button").await?;
        agent.shows("Approved: Transfer").await?;
        until_true("the tool was called", async || Ok(worker.calls() == [50])).await
    })
    .await
}

#[tokio::test]
async fn call_whose_time_is_over_is_asked_about_anew() -> Result<()> {
    let lapses = "expiresIn = 1\nonExpiry = \"ask-again\"\nwhen.required";
    let worker = AtWork::changed(|file| file.replace("when.required", lapses)).await?;
    play(async |stage| {
        let job = worker.invoice(500).await?;
        let agent = worker.page(stage, ANN).await?;
        agent.click("inbox-button").await?;
        agent.click("inbox-item").await?;
        agent.click("again-button").await?;
        let journal = format!("/v1/jobs/{job}/journal");
        until_true("there is time again", async || {
            let told = worker.ask(ANN, &journal, None).await?;
            Ok(told["entries"].to_string().contains("extended"))
        })
        .await?;
        ensure!(worker.calls().is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn whoever_comes_second_is_told_who_decided() -> Result<()> {
    let worker = AtWork::start().await?;
    play(async |stage| {
        worker.invoice(500).await?;
        let agent = worker.page(stage, ANN).await?;
        agent.click("inbox-button").await?;
        agent.click("inbox-item").await?;
        agent.card().await?;
        worker.decide_as(BEN, "deny").await?;
        agent.shows("Denied by Ben Bell elsewhere: Transfer").await?;
        agent.has_no_card().await
    })
    .await
}

#[tokio::test]
async fn card_says_who_approved_and_the_last_approval_starts_the_call() -> Result<()> {
    let worker = AtWork::changed(|file| file.replace("model =", "quorum = 2\nmodel =")).await?;
    play(async |stage| {
        let agent = worker.page(stage, ANN).await?;
        agent.click("inbox-button").await?;
        for (amount, first) in [(500, BEN), (600, ANN)] {
            worker.invoice(amount).await?;
            agent.shows(&format!("invoice · 0 of 2 approvals · amount {amount}")).await?;
            agent.click("inbox-item").await?;
            agent.card().await?;
            agent.shows("0 of 2 approvals").await?;
            ensure!(agent.parts("edit-button").await?.is_empty());
            if first == BEN {
                worker.decide_as(BEN, "approve").await?;
                agent.shows("1 of 2 approvals: Ben Bell").await?;
                agent.approve().await?;
                agent.shows("Approved: Transfer").await?;
            } else {
                agent.approve().await?;
                agent.shows("Transfer · 1 of 2 approvals: Ann Archer").await?;
                agent.shows("invoice · 1 of 2 approvals: Ann Archer · amount 600").await?;
                ensure!(worker.calls() == [500]);
                worker.decide_as(BEN, "approve").await?;
            }
            until_true("the call is made", async || Ok(worker.calls().last() == Some(&amount)))
                .await?;
            agent.has_no_card().await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn inbox_and_card_of_a_worker_violate_no_rule_of_axe() -> Result<()> {
    let Some(corpora) = Corpora::find() else { return Ok(()) };
    let axe = corpora.axe()?;
    let worker = AtWork::changed(|file| file.replace("model =", "quorum = 2\nmodel =")).await?;
    play(async |stage| {
        worker.invoice(500).await?;
        let agent = worker.page(stage, ANN).await?;
        agent.click("inbox-button").await?;
        agent.shows("invoice · 0 of 2 approvals").await?;
        let mut all = Vec::new();
        for part in ["inbox-item", "worker-card"] {
            for look in look::ALL {
                look.put_on(&agent).await?;
                agent.part(part).await?;
                let found = violations(&agent, &axe).await?.into_iter();
                all.extend(found.map(|found| format!("{part} {}: {found}", look.name)));
            }
            look::LIGHT.put_on(&agent).await?;
            if part == "inbox-item" {
                agent.click(part).await?;
                agent.card().await?;
            }
        }
        ensure!(all.is_empty(), "{all:#?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn token_that_the_worker_does_not_know_is_said_in_words() -> Result<()> {
    let worker = AtWork::start().await?;
    play(async |stage| {
        stage.allow_complaints();
        let agent = worker.page(stage, "nobody-0123456789").await?;
        agent.click("inbox-button").await?;
        agent.shows("The worker does not know this token").await
    })
    .await
}

#[tokio::test]
async fn run_that_was_handed_over_is_decided_elsewhere_and_comes_back_into_the_thread() -> Result<()>
{
    let worker = AtWork::start().await?;
    play(async |stage| {
        let agent = worker.page(stage, ANN).await?;
        agent.run("agent.model = 'stand-in'", vec![]).await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.card().await?;
        let hand_off = "const { id } = agent.runs[0];
             await agent.handOff(id);
             await agent.handOff(id);
             return agent.approve(agent.shadowRoot.querySelector('[data-call]').dataset.call,
               { digest: '0'.repeat(64) }).catch((error) => error.code);";
        let refused = agent.run(hand_off, vec![]).await?;
        ensure!(refused == "handed_over", "{refused}");
        worker.decide_as(BEN, "approve").await?;
        agent.shows("Done: 500 to Alice").await?;
        agent.shows("approved by Ben Bell").await?;
        ensure!(worker.calls() == [500]);
        agent.tab.reload().await?;
        agent.ready().await?;
        agent.shows("Done: 500 to Alice").await?;
        // The page's own tool never ran.
        let balance =
            agent.tab.run("return document.querySelector('#balance').textContent", vec![]);
        let balance = balance.await?;
        ensure!(balance.as_str().is_some_and(|it| it.contains("1,000")), "{balance}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn browser_whose_person_wants_notifications_is_pushed_to_until_they_do_not() -> Result<()> {
    let worker = AtWork::start().await?;
    play(async |stage| {
        let agent = worker.page(stage, ANN).await?;
        let granted = json!({ "permissions": ["notifications"], "origin": worker.base });
        agent.tab.devtools("Browser.grantPermissions", granted).await?;
        // There is no push service behind this browser: a stand-in gives out its subscription.
        let push = json!(format!("http://{}/push", worker.tools));
        agent.run(STAND_IN, vec![push]).await?;
        agent.click("inbox-button").await?;
        agent.click("notify-button").await?;
        until_true("it is subscribed", async || {
            Ok(agent.run("return Boolean(globalThis.subscribed)", vec![]).await? == json!(true))
        })
        .await?;
        let options = agent.run("return globalThis.subscribed", vec![]).await?;
        ensure!(options["userVisibleOnly"] == true, "{options}");
        let job = worker.invoice(500).await?;
        until_true("it is pushed", async || Ok(worker.pushed().len() == 1)).await?;
        agent.click("notify-button").await?;
        until_true("the worker forgets it", async || {
            Ok(agent.run("return [subscription, forgotten]", vec![]).await? == json!([null, 200]))
        })
        .await?;
        worker.decide_as(BEN, "deny").await?;
        worker.ended(&job).await?;
        ensure!(worker.pushed().len() == 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn address_of_a_call_at_the_worker_leads_to_its_card() -> Result<()> {
    let worker = AtWork::start().await?;
    play(async |stage| {
        let job = worker.invoice(500).await?;
        let listed = until("it waits", async || {
            let listed = worker.ask(ANN, "/v1/approvals", None).await?;
            Ok(listed["approvals"].get(0).cloned())
        })
        .await?;
        ensure!(listed["run"] == json!(job));
        let agent = worker.page(stage, ANN).await?;
        let call = listed["id"].as_str().context("a call")?;
        agent.run("location.hash = `holdpoint=${args[0]}`", vec![json!(call)]).await?;
        let card = agent.card().await?;
        ensure!(card.contains("Alice"), "{card}");
        Ok(())
    })
    .await
}

/// Stands in for a push service: a subscription with keys of its own at the address that is given.
const STAND_IN: &str = "
    const encoded = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
      .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    const algorithm = { name: 'ECDH', namedCurve: 'P-256' };
    const { publicKey } = await crypto.subtle.generateKey(algorithm, false, ['deriveBits']);
    const p256dh = encoded(await crypto.subtle.exportKey('raw', publicKey));
    const auth = encoded(crypto.getRandomValues(new Uint8Array(16)));
    globalThis.subscription = null;
    const { fetch } = globalThis;
    globalThis.fetch = async (...args) => {
      const answer = await fetch(...args);
      if (args[0].method === 'DELETE') globalThis.forgotten = answer.status;
      return answer;
    };
    PushManager.prototype.getSubscription = async () => subscription;
    PushManager.prototype.subscribe = async (options) => {
      globalThis.subscribed = options;
      subscription = {
        toJSON: () => ({ endpoint: args[0], expirationTime: null, keys: { p256dh, auth } }),
        unsubscribe: async () => ((subscription = null), true),
      };
      return subscription;
    };";

/// A worker that serves the page too, with its tool beside it. It must outlive the stage: a page that
/// loses it complains in the console.
pub(crate) struct AtWork {
    pub(crate) base: String,
    client: Client,
    calls: Arc<Mutex<Vec<u64>>>,
    tools: SocketAddr,
    /// The topic of each push.
    pushed: Arc<Mutex<Vec<String>>>,
    /// The links that its notices have for the first approver.
    links: Arc<Mutex<Vec<String>>>,
    _directory: TempDir,
    _stop: DropGuard,
}

impl AtWork {
    async fn start() -> Result<Self> {
        Self::changed(|file| file).await
    }

    /// With the file changed. The tool fails half way for [`FAILS`].
    pub(crate) async fn changed(change: impl FnOnce(String) -> String) -> Result<Self> {
        let calls = Arc::<Mutex<Vec<u64>>>::default();
        let called = Arc::clone(&calls);
        let pay = async move |body: String| {
            let call: Value = serde_json::from_str(&body).unwrap_or_default();
            let amount = call["arguments"]["amount"].as_u64();
            called.lock().expect("no test panics here").extend(amount);
            let fails = amount == Some(FAILS);
            let status = if fails { StatusCode::BAD_GATEWAY } else { StatusCode::OK };
            (status, json!({ "transferred": amount }).to_string())
        };
        let links = Arc::<Mutex<Vec<String>>>::default();
        let linked = Arc::clone(&links);
        let take = async move |body: String| {
            let notice: Value = serde_json::from_str(&body).unwrap_or_default();
            let link = notice["data"]["links"][0]["url"].as_str().map(str::to_owned);
            linked.lock().expect("no test panics here").extend(link);
        };
        let pushed = Arc::<Mutex<Vec<String>>>::default();
        let told = Arc::clone(&pushed);
        let push = async move |headers: HeaderMap| {
            let topic = headers["topic"].to_str().unwrap_or_default().to_owned();
            told.lock().expect("no test panics here").push(topic);
            StatusCode::CREATED
        };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let tools = listener.local_addr()?;
        let file = change(FILE.replace("TOOLS", &tools.to_string()));
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let router = Router::new().route("/pay", post(pay)).route("/push", post(push));
        let router = router.route("/notices", post(take));
        tokio::spawn(holdpoint_proxy::serve(listener, router, stopped));

        let directory = TempDir::new()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?.to_string();
        let variable = |name: &str| match name {
            "HOLDPOINT_ADDR" => Some(addr.clone()),
            "HOLDPOINT_UPSTREAM" => Some("demo".to_owned()),
            "HOLDPOINT_DEMO_PACE" => Some("0".to_owned()),
            "HOLDPOINT_SERVE" => std::env::var("HOLDPOINT_E2E_DIST").ok(),
            "HOLDPOINT_DATABASE_URL" => {
                Some(format!("sqlite://{}?mode=rwc", directory.path().join("db").display()))
            }
            "HOLDPOINT_SIGNING_SECRET" => Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
            "HOLDPOINT_WORKER_TOKENS" => Some(format!("ann={ANN},ben={BEN},erp={ERP}")),
            _ => None,
        };
        let worker = Worker::open(Config::parse(&file, variable)?).await?;
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move { worker.run(listener, stopped).await });
        Ok(Self {
            base: format!("http://{addr}"),
            client: holdpoint_proxy::http_client(&"http://localhost".parse()?)?,
            calls,
            tools,
            pushed,
            links,
            _directory: directory,
            _stop: stop.drop_guard(),
        })
    }

    /// The bank's page, as the worker serves it, in the tab in front.
    async fn page(&self, stage: &Stage, token: &str) -> Result<Agent> {
        let agent = stage.agent().await?;
        agent.tab.open(&format!("{}/", self.base)).await?;
        agent.ready().await?;
        let script = "globalThis.told = [];
             agent.addEventListener('holdpoint-pending-change', (it) => told.push(it.detail.count));
             agent.worker = '/';
             agent.workerToken = async () => args[0];";
        agent.run(script, vec![json!(token)]).await?;
        Ok(agent)
    }

    /// A link to the page of a call.
    pub(crate) async fn link(&self) -> Result<String> {
        until("a notice comes", async || {
            Ok(self.links.lock().expect("no test panics here").last().cloned())
        })
        .await
    }

    pub(crate) async fn invoice(&self, amount: u64) -> Result<String> {
        let input = json!({ "amount": amount, "supplier": "Alice" });
        let body = json!({ "workflow": "invoice", "input": input });
        let taken = self.ask(ERP, "/v1/jobs", Some(body)).await?;
        Ok(taken["id"].as_str().context("an id")?.to_owned())
    }

    pub(crate) async fn decide_as(&self, token: &str, decision: &str) -> Result<()> {
        let listed = self.ask(token, "/v1/approvals", None).await?;
        let approval = &listed["approvals"][0];
        let id = approval["id"].as_str().context("an approval")?;
        let body = json!({ "decision": decision, "digest": approval["digest"] });
        let path = format!("/v1/approvals/{id}/decision");
        self.ask(token, &path, Some(body)).await.map(drop)
    }

    async fn ended(&self, job: &str) -> Result<Value> {
        until("the job ends", async || {
            let job = self.ask(ERP, &format!("/v1/jobs/{job}"), None).await?;
            Ok((job["status"] == "completed").then_some(job))
        })
        .await
    }

    pub(crate) async fn ask(&self, token: &str, path: &str, body: Option<Value>) -> Result<Value> {
        let url = format!("{}{path}", self.base);
        let request = match body {
            Some(body) => self.client.post(url).body(body.to_string()),
            None => self.client.get(url),
        };
        let response = request.bearer_auth(token).send().await?.error_for_status()?;
        Ok(serde_json::from_str(&response.text().await?)?)
    }

    fn pushed(&self) -> Vec<String> {
        self.pushed.lock().expect("no test panics here").clone()
    }

    fn calls(&self) -> Vec<u64> {
        self.calls.lock().expect("no test panics here").clone()
    }
}

/// An amount that may have been sent or not.
pub(crate) const FAILS: u64 = 666;

pub(crate) const ANN: &str = "ann-token-0123456789";
pub(crate) const BEN: &str = "ben-token-0123456789";
const ERP: &str = "erp-token-0123456789";

const FILE: &str = r#"
[[approver]]
id = "ann"
name = "Ann Archer"

[[approver]]
id = "ben"
name = "Ben Bell"

[[channel]]
name = "push"
kind = "push"
contact = "mailto:ops@example.com"
services = ["http://TOOLS"]

[[channel]]
name = "ops"
kind = "webhook"
url = "http://TOOLS/notices"

[[workflow]]
name = "invoice"
model = "stand-in"
channels = ["ops", "push"]
prompt = "Please transfer {amount} to {supplier}"
approvers = ["ann", "ben"]
requesters = ["erp", "ann"]

[[workflow.tool]]
name = "transfer"
title = "Transfer"
description = "Sends money"
url = "http://TOOLS/pay"

[workflow.tool.inputSchema]
type = "object"
required = ["amount", "recipient"]
additionalProperties = false
properties.amount = { type = "number", minimum = 1 }
properties.recipient = { type = "string" }

[[workflow.tool.approval]]
id = "large"
because = "the amount is 100 or more"
when.properties.amount.minimum = 100
when.required = ["amount"]
"#;

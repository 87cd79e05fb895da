//! Runs that are left to the worker, and what becomes of them there.
//!
//! 1. The worker is asked whether it would take the run, and gives the name of its keeper.
//! 2. That name is written into the run's journal. From then on nothing of it happens here, in no
//!    tab and after no reload.
//! 3. The journal is sent, now and whenever the worker does not know it, until it does.
//! 4. What the worker writes is fetched and stored behind what is here, so the conversation goes on.

use std::rc::Rc;

use holdpoint_core::approval::Approver;
use holdpoint_core::id::RunId;
use holdpoint_core::object;
use holdpoint_core::run::Run;
use serde_json::Value;
use wasm_bindgen::JsValue;

use super::follow::Follower;
use super::link::{Fault, malformed};
use crate::driver::DriveError;
use crate::driver::ports::Observer;
use crate::element::page::{error_value, to_js};
use crate::element::records::take_in;

impl Follower {
    pub(super) async fn hand_over(
        &self,
        run: &RunId,
        options: &Value,
        by: Approver,
    ) -> Result<(), JsValue> {
        let runs = &self.widget.runs;
        let unknown = DriveError::UnknownRun;
        let known = runs.run(run).ok_or_else(|| thrown(&unknown))?;
        if known.keeper().is_none() {
            let workflow = options.get("workflow").cloned().unwrap_or_default();
            let told = self.send(run, workflow).await.map_err(|fault| of_fault(&fault))?;
            let keeper = told["keeper"].as_str();
            let keeper = keeper.ok_or_else(|| of_fault(&malformed(&self.base)))?.to_owned();
            runs.hand_over(run.clone(), keeper, by).await.map_err(|error| thrown(&error))?;
            self.send(run, Value::Null).await.map_err(|fault| of_fault(&fault))?;
        }
        self.fetch(run).await.map_err(|fault| of_fault(&fault))
    }

    /// Fetches what became of all runs that were left to a worker and are not over.
    pub(super) async fn fetch_all(&self) -> Result<(), Fault> {
        for run in self.widget.runs.all() {
            if run.keeper().is_some() && !run.status().is_over() {
                match self.fetch(run.id()).await {
                    // It is another worker's, or what came of it does not fit: that is said, and
                    // must not keep the rest from being read.
                    Err(fault) if is_refusal(&fault) => self.trouble(&fault),
                    done => done?,
                }
            }
        }
        Ok(())
    }

    /// Fetches what the worker wrote, or sends the run where it does not know it.
    async fn fetch(&self, run: &RunId) -> Result<(), Fault> {
        let texts = match self.journal(run).await {
            Err(fault) if fault.code == "job_unknown" => {
                self.send(run, Value::Null).await?;
                self.journal(run).await?
            }
            texts => texts?,
        };
        let here = self.widget.runs.run(run).map_or(0, |run| run.head().len);
        if texts.len() as u64 <= here {
            return Ok(());
        }
        match take_in(&*self.widget.store, run.clone(), texts).await {
            Ok(_) => {
                self.widget.runs.refresh(run.clone()).await;
                self.widget.app.tell_others(run);
                self.tell_of_end(run);
                Ok(())
            }
            Err(error) => Err(of_thrown(&error)),
        }
    }

    fn tell_of_end(&self, run: &RunId) {
        let run: Option<Rc<Run>> = self.widget.runs.run(run);
        if let Some(run) = run.filter(|run| run.status().is_over()) {
            let detail = object! { "runId": run.id(), "status": run.status().as_str() };
            self.widget.shell.page.emit("holdpoint-run-end", &detail);
        }
    }

    /// Sends a run as it is stored.
    async fn send(&self, run: &RunId, workflow: Value) -> Result<Value, Fault> {
        let stored = self.widget.store.read(run, 0).await.ok().flatten();
        let entries = stored.map(|stored| stored.entries).unwrap_or_default();
        let entries: Vec<Value> = entries.into_iter().map(Value::String).collect();
        let body = object! { "run": run, "workflow": workflow, "entries": entries };
        self.link.post("/v1/runs", &body).await
    }
}

/// Whether the worker has said no, and would say it again.
fn is_refusal(fault: &Fault) -> bool {
    !matches!(fault.code.as_str(), "worker_unreachable" | "worker_malformed" | "caller_unknown")
}

fn thrown(error: &DriveError) -> JsValue {
    to_js(&error_value(error.code(), &error.to_string(), error.fix()))
}

fn of_fault(fault: &Fault) -> JsValue {
    to_js(&error_value(&fault.code, &fault.message, fault.fix))
}

fn of_thrown(error: &JsValue) -> Fault {
    let text = |name: &str| {
        let field = js_sys::Reflect::get(error, &name.into()).unwrap_or_default();
        field.as_string().unwrap_or_default()
    };
    Fault {
        code: text("code"),
        message: text("message"),
        fix: "export the run, and look at it at the worker",
        outcome: Value::Null,
    }
}

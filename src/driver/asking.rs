//! Asking the model for a turn, again and again where an answer may yet come of it.
//!
//! INVARIANT: a run asks one question at a time. Whoever stops it, or asks anew, drops the question
//! that is out, and with it whatever it would have brought: a turn may be paid for twice and is
//! never acted upon twice.

use std::rc::Rc;

use futures_util::future::{AbortHandle, abortable};
use holdpoint_core::message::{Finish, ModelRequest, ModelResponse};
use holdpoint_core::run::{Input, Run};

use super::ports::{ModelError, Retry, Trouble, TroubleKind};
use super::{Driver, Kept};

/// A question that is out, or waits to be asked again.
pub(super) struct Asking {
    pub(super) turn: u32,
    handle: AbortHandle,
}

impl Kept {
    /// Drops the question that is out, if one is.
    pub(super) fn stop_asking(&self) {
        if let Some(asking) = self.asking.take() {
            asking.handle.abort();
        }
    }
}

impl Driver {
    pub(super) fn ask_model(&self, kept: &Rc<Kept>, turn: u32) {
        let Some(run) = kept.run.borrow().clone() else { return };
        if kept.asking.borrow().is_some() {
            return;
        }
        let (request, left_out) = run.request(&self.earlier(&run), &self.world.tools.toolbox());
        let (driver, asked) = (self.clone(), Rc::clone(kept));
        let (answer, handle) = abortable(async move { driver.insist(&asked, request).await });
        kept.asking.replace(Some(Asking { turn, handle }));
        let (driver, asked) = (self.clone(), Rc::clone(kept));
        let told = async move {
            let Ok(answer) = answer.await else { return };
            asked.asking.take();
            match answer {
                Ok(response) => {
                    let tools = &driver.world.tools;
                    let run = asked.run.borrow().clone();
                    let drafted = run.map(|run| run.draft(&response, &tools.toolbox()));
                    let notes = driver.notes(&drafted.unwrap_or_default()).await;
                    let grants = driver.world.grants.all();
                    let answer = Input::ModelResponded { turn, response, notes, left_out, grants };
                    driver.tell(&asked, answer).await;
                }
                Err(error) => {
                    let kind = match error.retry {
                        Retry::Online => TroubleKind::Offline,
                        _ => TroubleKind::Model,
                    };
                    driver.show_trouble(&asked, Some(of_model(error, kind)));
                }
            }
        };
        self.spawn_for(kept, Box::pin(told));
    }

    /// Asks until there is an answer, or none is to be expected any more.
    async fn insist(
        &self,
        kept: &Rc<Kept>,
        request: ModelRequest,
    ) -> Result<ModelResponse, ModelError> {
        let mut waits = Waits::default();
        loop {
            let error = match self.ask_once(kept, request.clone()).await {
                Err(error) => error,
                answer => return answer,
            };
            let Retry::Later { after_ms } = error.retry else { return Err(error) };
            let runtime = &self.world.runtime;
            let Some(wait) = waits.next(after_ms, runtime.chance()) else { return Err(error) };
            let at = runtime.now().plus_millis(wait);
            let kind = TroubleKind::Retrying { attempt: waits.asked + 1, of: ASKED_MAX, at };
            self.show_trouble(kept, Some(of_model(error, kind)));
            runtime.sleep(wait).await;
            self.show_trouble(kept, None);
        }
    }

    async fn ask_once(
        &self,
        kept: &Kept,
        request: ModelRequest,
    ) -> Result<ModelResponse, ModelError> {
        self.world.observer.turn_began(&kept.id);
        let observer = Rc::clone(&self.world.observer);
        let id = kept.id.clone();
        let on_delta = Box::new(move |delta| observer.delta(&id, &delta));
        let response = self.world.model.call(request, on_delta).await?;
        // Some providers end the stream as they should to say that they could not answer.
        if let Finish::Failed { code, message } = &response.finish
            && let retry @ Retry::Later { .. } = Retry::of_code(code)
        {
            return Err(ModelError {
                code: "upstream_error".to_owned(),
                message: ["the model failed (", code, "): ", message].concat(),
                fix: "try again; if it stays, read the proxy's log".to_owned(),
                retry,
            });
        }
        Ok(response)
    }

    /// The conversation before a run: the runs of its thread that were over when it began.
    fn earlier(&self, run: &Run) -> Vec<Rc<Run>> {
        let mut runs = self.runs();
        runs.retain(|other| {
            other.spec().thread == run.spec().thread
                && other.started_at() < run.started_at()
                && other.status().is_over()
        });
        runs
    }
}

fn of_model(error: ModelError, kind: TroubleKind) -> Trouble {
    let ModelError { code, message, fix, .. } = error;
    Trouble { code, message, fix, kind }
}

/// How long to wait before the next attempt: doubled each time, and spread by chance so that those
/// who were refused together do not come back together.
#[derive(Default)]
struct Waits {
    /// How often it was asked.
    asked: u32,
    waited_ms: u64,
}

impl Waits {
    /// The next wait, after one more question without an answer; `None` where it was asked often
    /// enough, or would have to wait longer than anyone looks on.
    fn next(&mut self, after_ms: Option<u64>, chance: f64) -> Option<u64> {
        let whole = FIRST_WAIT_MS << self.asked;
        let half = whole / 2;
        // Never sooner than whoever refused asks for.
        let wait = after_ms.unwrap_or(0).saturating_add(half + (half as f64 * chance) as u64);
        self.asked += 1;
        self.waited_ms = self.waited_ms.saturating_add(wait);
        (self.asked < ASKED_MAX && self.waited_ms <= WAITED_MAX_MS).then_some(wait)
    }
}

/// How often one turn is asked for before a person has to say so. It is no limit of the run's: an
/// attempt that came to nothing leaves no trace in the journal, and whoever takes the run over
/// begins anew.
const ASKED_MAX: u32 = 5;

/// Doubled four times it is eight seconds, and fifteen in all.
const FIRST_WAIT_MS: u64 = 1_000;

/// How long all the waits of one turn may be together: a server may ask for an hour, and a person
/// who is told so can decide what to do in that hour.
const WAITED_MAX_MS: u64 = 2 * 60 * 1_000;

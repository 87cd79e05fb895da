//! Carries runs on: takes those that are due, does what their journals say is outstanding until
//! they wait for a person, and lets them go.
//!
//! 1. Whoever holds a run's lease asks its model and calls its tools; nobody else does.
//! 2. A run whose holder never let it go is taken over by `Resumed`, which the old holder's next
//!    append fails on. A start without a finish is in doubt then, or repeated where its tool says
//!    that it may be.
//! 3. A fact that cannot be told twice, an answer or a result, is saved however long that takes.
//! 4. When to look again is kept in the store, never in this process alone.

use std::sync::Arc;
use std::time::Duration;

use holdpoint_core::id::{CallId, Timestamp};
use holdpoint_core::run::{Effect, Input, Progress, State, ToolOutcome};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::run::{Kept, RunError};
use crate::store::{Claim, Release};
use crate::tools::Call;
use crate::{Shared, now};

/// Carries runs on until it is told to stop, and then those under way to their next entry.
pub(crate) async fn work(shared: Arc<Shared>, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(shared.config.runs_max));
    let mut tasks = JoinSet::new();
    while !stop.is_cancelled() {
        while tasks.try_join_next().is_some() {}
        let free = places.available_permits();
        let claimed = if free == 0 { Ok(Vec::new()) } else { shared.claim(free).await };
        let is_idle = match claimed {
            Ok(claims) => {
                let is_idle = claims.is_empty();
                for claim in claims {
                    let Ok(place) = Arc::clone(&places).try_acquire_owned() else { break };
                    let (shared, stop) = (Arc::clone(&shared), stop.clone());
                    tasks.spawn(async move {
                        shared.carry_on(claim, &stop).await;
                        drop(place);
                        shared.due.notify_one();
                    });
                }
                is_idle
            }
            Err(error) => {
                tracing::error!(%error, "no runs could be claimed");
                true
            }
        };
        if is_idle {
            let sleep = match free {
                0 => Duration::from_millis(LOOK_MAX_MS),
                _ => shared.next_look().await,
            };
            tokio::select! {
                () = shared.due.notified() => {}
                () = tokio::time::sleep(sleep) => {}
                () = stop.cancelled() => {}
            }
        }
    }
    while tasks.join_next().await.is_some() {}
}

/// What a run waits for that a worker can do.
enum Next {
    Ask,
    Start(CallId),
    Expire(CallId),
    /// A person, or a time.
    Wait,
}

/// Why a run is let go before it waits for someone.
enum Halt {
    /// Someone else took it over.
    Lost,
    /// It cannot go on now: a code, a sentence, and the least time to wait.
    Trouble(String, Option<Duration>),
}

impl Shared {
    async fn claim(&self, max: usize) -> Result<Vec<Claim>, crate::store::StoreError> {
        let lease = self.config.lease.as_millis() as u64;
        self.store.claim(&self.owner, now(), lease, max).await
    }

    /// How long there is nothing to do, as far as the store knows: others may write at any time.
    async fn next_look(&self) -> Duration {
        let due = self.store.next_due().await.ok().flatten().map_or(u64::MAX, |due| due);
        Duration::from_millis(due.saturating_sub(now()).clamp(LOOK_MIN_MS, LOOK_MAX_MS))
    }

    async fn carry_on(&self, claim: Claim, stop: &CancellationToken) {
        let release = match self.read(&claim.run).await {
            Ok(Some(mut kept)) => match self.advance_held(&mut kept, &claim, stop).await {
                Ok(()) => Release::Waiting,
                Err(Halt::Lost) => return,
                Err(Halt::Trouble(trouble, after)) => {
                    tracing::warn!(run = %claim.run, trouble, "a run cannot go on for now");
                    let wait = again_after(claim.failures, after);
                    Release::Later { due: now() + wait, len: kept.run.head().len, trouble }
                }
            },
            Ok(None) => return,
            Err(error) => {
                tracing::error!(run = %claim.run, %error, "a run cannot be read");
                let job = self.store.read(&claim.run).await.ok().flatten();
                let len = job.map_or(0, |(job, _)| job.head.len);
                let trouble = format!("{}: {error}", error.code());
                Release::Later { due: now() + again_after(claim.failures, None), len, trouble }
            }
        };
        if let Err(error) = self.store.release(&claim.run, &self.owner, &release).await {
            tracing::error!(run = %claim.run, %error, "a run could not be let go; its lease ends");
        }
    }

    /// As [`Self::advance`], and holds on to the lease meanwhile.
    ///
    /// Each run by itself: one that was claimed in a transaction whose end nobody here learnt of is
    /// not held on to, and is taken over in time.
    async fn advance_held(
        &self,
        kept: &mut Kept,
        claim: &Claim,
        stop: &CancellationToken,
    ) -> Result<(), Halt> {
        let lease = self.config.lease;
        let hold = async {
            loop {
                tokio::time::sleep(lease / 4).await;
                let until = now() + lease.as_millis() as u64;
                if let Err(error) = self.store.renew(&claim.run, &self.owner, until).await {
                    tracing::error!(run = %claim.run, %error, "a lease could not be renewed");
                }
            }
        };
        tokio::select! {
            done = self.advance(kept, claim, stop) => done,
            () = hold => Ok(()),
        }
    }

    /// Does what is outstanding until the run waits for someone.
    async fn advance(
        &self,
        kept: &mut Kept,
        claim: &Claim,
        stop: &CancellationToken,
    ) -> Result<(), Halt> {
        if (claim.taken_over || kept.run.has_started_calls()) && !kept.run.status().is_over() {
            self.fact(kept, &Input::Resumed).await?;
        }
        let epoch = kept.run.head().epoch;
        while !stop.is_cancelled() {
            match next(kept) {
                Next::Ask => self.ask(kept).await?,
                Next::Start(call) => self.start(kept, call).await?,
                Next::Expire(call) => {
                    self.fact(kept, &Input::Expired { call }).await?;
                }
                Next::Wait => break,
            }
            if kept.run.head().epoch != epoch {
                return Err(Halt::Lost);
            }
        }
        Ok(())
    }

    async fn ask(&self, kept: &mut Kept) -> Result<(), Halt> {
        let turn = kept.run.turn();
        let (request, left_out) = kept.run.request(&[], &kept.workflow.toolbox());
        let response = self.model.ask(kept.workflow.api, &request).await;
        let response = response.map_err(|error| Halt::Trouble(error.to_string(), error.after))?;
        let (notes, grants) = (Vec::new(), Vec::new());
        let answer = Input::ModelResponded { turn, response, notes, left_out, grants };
        self.fact(kept, &answer).await.map(drop)
    }

    async fn start(&self, kept: &mut Kept, call: CallId) -> Result<(), Halt> {
        // Asked for before anything starts: a store that fails then leaves nothing in doubt.
        let approvals = self.approvals(kept, &call).await;
        let approvals =
            approvals.map_err(|error| Halt::Trouble(format!("store_failed: {error}"), None))?;
        let effects = self.fact(kept, &Input::ToolStarted { call: call.clone() }).await?;
        let called = effects.into_iter().find_map(|effect| match effect {
            Effect::CallTool { call, attempt, arguments, key, .. } => {
                Some((call, attempt, arguments, key))
            }
            _ => None,
        });
        let Some((call, attempt, arguments, key)) = called else { return Ok(()) };
        let outcome = match kept.run.find(&call) {
            Some((_, slot)) => {
                let (workflow, run) = (&*kept.workflow, &kept.run);
                let (arguments, key) = (&arguments, &*key);
                let call = Call { workflow, run, slot, arguments, key, attempt, approvals };
                call.make(&self.clients).await
            }
            None => ToolOutcome::Failed("the call is not there".to_owned()),
        };
        self.fact(kept, &Input::ToolFinished { call, attempt, outcome }).await.map(drop)
    }

    /// Takes in a fact that nobody will tell again. What the run does not wait for any more is
    /// no trouble: someone was faster.
    async fn fact(&self, kept: &mut Kept, input: &Input) -> Result<Vec<Effect>, Halt> {
        let mut wait = Duration::from_millis(100);
        loop {
            let error = match self.feed(kept, input).await {
                Ok(effects) => return Ok(effects),
                Err(error) => error,
            };
            match error {
                RunError::Taken => return Err(Halt::Lost),
                RunError::Rejected(rejection) => {
                    let len = kept.run.head().len;
                    let newer = self.read(kept.run.id()).await.ok().flatten();
                    *kept = newer.ok_or(Halt::Lost)?;
                    // Had nobody written anything, the same would be tried again for ever.
                    if kept.run.head().len > len {
                        return Ok(Vec::new());
                    }
                    let trouble = format!("{}: {rejection}", rejection.code());
                    return Err(Halt::Trouble(trouble, None));
                }
                error if error.is_passing() => {
                    tracing::error!(run = %kept.run.id(), %error, "a fact is not saved yet");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(Duration::from_secs(5));
                }
                error => return Err(Halt::Trouble(format!("{}: {error}", error.code()), None)),
            }
        }
    }
}

fn next(kept: &Kept) -> Next {
    let at = Timestamp::from_millis(now());
    let slots = match kept.run.state() {
        State::AwaitingModel(_) => return Next::Ask,
        State::Acting { turn, .. } => &turn.slots,
        _ => return Next::Wait,
    };
    for slot in slots {
        let call = || slot.action.id.clone();
        match slot.progress {
            Progress::Ready => return Next::Start(call()),
            Progress::Delayed { until } if at >= until => return Next::Start(call()),
            _ if slot.ends_at().is_some_and(|end| at >= end) => return Next::Expire(call()),
            _ => {}
        }
    }
    Next::Wait
}

/// How long to wait before a run is tried again, doubled each time up to five minutes.
fn again_after(failures: u32, at_least: Option<Duration>) -> u64 {
    let wait = 1_000u64 << failures.min(9);
    let at_least = at_least.map_or(0, |wait| wait.as_millis() as u64);
    wait.min(5 * 60 * 1_000).max(at_least.min(60 * 60 * 1_000))
}

/// Another process may write at any time, and wakes nobody here.
const LOOK_MAX_MS: u64 = 500;
const LOOK_MIN_MS: u64 = 5;

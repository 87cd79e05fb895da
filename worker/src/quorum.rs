//! Calls that need more than one person. Each approval is kept with who, when and the digest of what
//! they saw; the core's decision is made with the last one. A call that is asked about anew has
//! another digest, so whatever was approved before counts for nothing.

use holdpoint_core::approval::{Approver, Decision};
use holdpoint_core::id::{CallId, Timestamp};
use holdpoint_core::object;
use holdpoint_core::run::{Input, Slot};
use serde_json::Value;

use crate::config::Workflow;
use crate::run::{Kept, RunError};
use crate::store::{Endorsement, StoreError};
use crate::view::{self, Changes, by};
use crate::{Shared, now};

impl Workflow {
    /// How many approvers a call needs.
    pub(crate) fn quorum_of(&self, slot: &Slot) -> usize {
        let tool = self.tools.get(&slot.action.tool);
        let of_rule = tool.and_then(|tool| tool.quorums.get(&slot.action.ruling.rule));
        of_rule.copied().unwrap_or(self.quorum)
    }

    /// Those approvals that are of people who still may approve.
    fn counted(&self, given: &[Endorsement]) -> Vec<Endorsement> {
        let may = |it: &&Endorsement| self.is_decided_by(&it.by.id);
        given.iter().filter(may).cloned().collect()
    }
}

impl Shared {
    /// Takes a decision in; an approval is only kept while more of them are missing.
    pub(crate) async fn weigh(&self, kept: &mut Kept, input: &Input) -> Result<(), RunError> {
        for _ in 0..CONFLICTS_MAX {
            let Some(endorsement) = endorsement(kept, input) else {
                return self.feed(kept, input).await.map(drop);
            };
            // What the core would not take is refused in its words before it is kept.
            self.step(kept, input).map_err(RunError::Rejected)?;
            let (run, workflow) = (&kept.run, &*kept.workflow);
            let weigh = |given: &[Endorsement]| {
                let slot = run.find(&endorsement.call)?.1;
                let given = workflow.counted(given);
                let missing = workflow.quorum_of(slot).checked_sub(given.len())?;
                if missing == 0 {
                    return None;
                }
                let body = listed(view::body(run, workflow, slot), &given);
                Some(view::endorsed((run, slot), workflow, &self.links, endorsement.at, &body))
            };
            match self.store.endorse(run.head(), run.id(), &endorsement, &weigh).await {
                Ok(true) => {
                    self.mail.notify_one();
                    self.changed.notify_waiters();
                    return Ok(());
                }
                Ok(false) => {
                    let with = |changes: &mut Changes| changes.endorsement = Some(endorsement);
                    return self.feed_with(kept, input, with).await.map(drop);
                }
                Err(StoreError::Conflict) => {
                    if let Some(newer) = self.read(kept.run.id()).await? {
                        *kept = newer;
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// An approval as it is listed, with those who gave theirs where more than one is needed.
    pub(crate) async fn whole(&self, body: Value) -> Result<Value, StoreError> {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let (Some(_), Some(call), Some(digest)) = (body.get("quorum"), text("id"), text("digest"))
        else {
            return Ok(body);
        };
        let given = self.store.endorsements(&CallId::new(call), digest).await?;
        let workflow = text("workflow").and_then(|name| self.config.workflows.get(name));
        let given = workflow.map_or(given.clone(), |workflow| workflow.counted(&given));
        Ok(listed(body, &given))
    }

    /// Who approved a call, for its tool; none where one is enough.
    pub(crate) async fn approvals(
        &self,
        kept: &Kept,
        call: &CallId,
    ) -> Result<Option<Value>, StoreError> {
        let slot = kept.run.find(call).map(|(_, slot)| slot);
        let slot = slot.filter(|slot| kept.workflow.quorum_of(slot) > 1);
        let Some(permit) = slot.and_then(|slot| slot.permit.as_ref()) else { return Ok(None) };
        let given = self.store.endorsements(call, &permit.digest.to_string()).await?;
        Ok(Some(given.iter().map(told).collect::<Vec<_>>().into()))
    }
}

/// What is kept of an approval of a call that needs more than one.
fn endorsement(kept: &Kept, input: &Input) -> Option<Endorsement> {
    let Input::Decided { call, decision: Decision::Approve { .. }, digest, by } = input else {
        return None;
    };
    let (_, slot) = kept.run.find(call)?;
    (kept.workflow.quorum_of(slot) > 1).then(|| Endorsement {
        call: call.clone(),
        digest: digest.to_string(),
        by: by.clone(),
        at: Timestamp::from_millis(now()),
    })
}

/// An approval with the names of those who approved, and with how many are missing.
fn listed(mut body: Value, given: &[Endorsement]) -> Value {
    let needed = body.get("quorum").and_then(Value::as_u64).unwrap_or(1) as usize;
    let is_pending = body.get("status").is_some_and(|status| status == "pending");
    let missing = if is_pending { needed.saturating_sub(given.len()) } else { 0 };
    if let Value::Object(fields) = &mut body {
        fields.insert("approvals".to_owned(), given.iter().map(told).collect::<Vec<_>>().into());
        fields.insert("missing".to_owned(), missing.into());
    }
    body
}

fn told(given: &Endorsement) -> Value {
    object! { "by": by(&given.by), "at": given.at }
}

/// Whether someone is among those who approved.
pub(crate) fn is_among(approval: &Value, who: &Approver) -> bool {
    let given = approval.get("approvals").and_then(Value::as_array);
    given.into_iter().flatten().any(|given| given.pointer("/by/id").is_some_and(|id| *id == who.id))
}

/// How often an approval is weighed anew because someone else was faster.
const CONFLICTS_MAX: usize = 16;

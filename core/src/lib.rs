//! The part of Holdpoint that decides.
//!
//! No browser, network, clock, randomness or runtime: a caller tells a [`run::Run`] what has
//! happened and is told what to do. A caller is a loop of this shape:
//!
//! 1. [`run::Run::start`] or [`run::replay`] gives a run; [`run::Run::outstanding`] says what it
//!    waits for.
//! 2. Effects are performed in order. An [`run::Effect::Append`] is durable before the next one is
//!    looked at; where it fails, the run in memory is dropped and read from the store again.
//! 3. What comes of them goes back in through [`run::Run::step`].
//!
//! What it keeps true, whatever goes in:
//!
//! - No call that needs a person is started without a permit for its very arguments.
//! - A call that was started is not started again, unless its tool says that it may be repeated or
//!   a person says so.
//! - A denied, expired, cancelled, forbidden or skipped call is never started.
//! - Nothing of an answer with a fault, or of one that was cut short, runs.
//! - A replay of the journal finds the state of the first time.
//!
//! # Examples
//!
//! A model asks for a transfer, which waits for a person, runs once, and is found again in the
//! journal:
//!
//! ```
//! use std::rc::Rc;
//!
//! use holdpoint_core::approval::{Approver, Decision};
//! use holdpoint_core::id::{CallId, RunId, ThreadId, Timestamp};
//! use holdpoint_core::message::{Finish, Item, ModelResponse, Part, ToolCall};
//! use holdpoint_core::run::{Effect, Input, Limits, Mode, Run, Spec, Status, Step, replay};
//! use holdpoint_core::schema::NoPatterns;
//! use holdpoint_core::tool::Toolbox;
//!
//! let mut tools = Toolbox::new(Rc::new(NoPatterns));
//! tools.register(&serde_json::json!({
//!     "name": "transfer",
//!     "description": "Sends money.",
//!     "inputSchema": { "type": "object", "properties": { "amount": { "type": "integer" } } },
//!     "approval": "always",
//! }))?;
//!
//! // The store of this caller; a real one is durable before `perform` returns.
//! let mut journal = Vec::new();
//! let mut perform = |step: Step| {
//!     for effect in &step.effects {
//!         if let Effect::Append(entry) = effect {
//!             journal.push(entry.to_text());
//!         }
//!     }
//!     (step.run, step.effects)
//! };
//!
//! let run = RunId::new("run-1");
//! let at = Timestamp::from_millis(0);
//! let (state, effects) = perform(Run::start(at, Spec {
//!     run: run.clone(),
//!     thread: ThreadId::new("thread-1"),
//!     mode: Mode::Tools,
//!     model: "gpt-5".to_owned(),
//!     instructions: String::new(),
//!     text: "Send 500.".to_owned(),
//!     limits: Limits::default(),
//! }));
//! assert_eq!(effects.last(), Some(&Effect::CallModel { turn: 0 }));
//!
//! let asked = ToolCall {
//!     id: "call-1".to_owned(),
//!     name: "transfer".to_owned(),
//!     arguments: r#"{"amount":500}"#.to_owned(),
//! };
//! let response = ModelResponse {
//!     items: vec![Item { part: Part::Call(asked), raw: None }],
//!     finish: Finish::Complete,
//!     usage: None,
//! };
//! let answered =
//!     Input::ModelResponded { turn: 0, response, notes: vec![], left_out: 0, grants: vec![] };
//! let (state, effects) = perform(state.step(at, answered, &tools));
//! let call = CallId::of(&run, 0, 0);
//! assert_eq!(effects.last(), Some(&Effect::RequestApproval { call: call.clone() }));
//! assert_eq!(state.status(), Status::AwaitingApproval);
//!
//! // Here the page may be closed for a week. The decision names what was shown by its digest.
//! let (_, slot) = state.find(&call).ok_or("no such call")?;
//! let decided = Input::Decided {
//!     call: call.clone(),
//!     decision: Decision::Approve { arguments: None, note: None },
//!     digest: slot.action.digest,
//!     by: Approver {
//!         id: "ada".to_owned(),
//!         name: "Ada".to_owned(),
//!         channel: "card".to_owned(),
//!         trusted: true,
//!     },
//! };
//! let (state, effects) = perform(state.step(at, decided, &tools));
//! assert_eq!(effects.last(), Some(&Effect::StartTool { call: call.clone() }));
//!
//! let (state, effects) = perform(state.step(at, Input::ToolStarted { call }, &tools));
//! assert!(matches!(effects.last(), Some(Effect::CallTool { attempt: 1, .. })));
//!
//! let again = replay(&run, Some(state.head()), journal.iter().map(String::as_str))?;
//! assert_eq!(again, state);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod approval;
pub mod escape;
pub mod grant;
pub mod id;
pub mod journal;
pub mod json;
pub mod message;
pub mod plan;
pub mod policy;
pub mod run;
pub mod schema;
pub mod sorted;
pub mod stream;
pub mod tool;

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

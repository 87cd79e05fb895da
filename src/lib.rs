//! The widget: it shows and performs what `holdpoint-core` decides.
//!
//! `element` is what the page sees, `view` what the person sees, `driver` the loop between core
//! and the world. `model`, `store`, `tools`, `leases`, `runtime` and `channel` are the world, in a
//! browser. What is not bound to a browser is compiled everywhere, so that it is tested natively.

pub mod audit;
pub mod driver;
pub mod form;
pub mod markdown;
pub mod store;
pub mod text;

#[cfg(target_arch = "wasm32")]
pub mod channel;
#[cfg(target_arch = "wasm32")]
pub mod element;
#[cfg(target_arch = "wasm32")]
mod language;
#[cfg(target_arch = "wasm32")]
mod later;
#[cfg(target_arch = "wasm32")]
pub mod leases;
#[cfg(target_arch = "wasm32")]
pub mod model;
#[cfg(target_arch = "wasm32")]
pub mod runtime;
#[cfg(target_arch = "wasm32")]
pub mod tools;
#[cfg(target_arch = "wasm32")]
pub mod view;

#[cfg(all(target_arch = "wasm32", feature = "app"))]
pub use element::{Offered, define, offer};

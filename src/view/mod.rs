//! Being written.
pub mod state;

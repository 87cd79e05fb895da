//! What the person sees: signals in, intents out.
//!
//! The views know Leptos, the types of core and the driver's ports, and nothing of the driver, of
//! where things are stored or of the network. [`escape`] is plain text work and is compiled everywhere.

pub mod escape;

#[cfg(target_arch = "wasm32")]
mod announcer;
#[cfg(target_arch = "wasm32")]
mod card;
#[cfg(target_arch = "wasm32")]
mod composer;
#[cfg(target_arch = "wasm32")]
mod desk;
#[cfg(target_arch = "wasm32")]
mod doubt_card;
#[cfg(target_arch = "wasm32")]
mod facts;
#[cfg(target_arch = "wasm32")]
mod fault_card;
#[cfg(target_arch = "wasm32")]
pub mod heads;
#[cfg(target_arch = "wasm32")]
mod inbox;
#[cfg(target_arch = "wasm32")]
mod markdown_dom;
#[cfg(target_arch = "wasm32")]
mod moment;
#[cfg(target_arch = "wasm32")]
mod reach;
#[cfg(target_arch = "wasm32")]
mod receipt;
#[cfg(target_arch = "wasm32")]
pub mod signal;
#[cfg(target_arch = "wasm32")]
pub mod state;
#[cfg(target_arch = "wasm32")]
mod status;
#[cfg(target_arch = "wasm32")]
mod tag;
#[cfg(target_arch = "wasm32")]
mod timer;
#[cfg(target_arch = "wasm32")]
mod transcript;
#[cfg(target_arch = "wasm32")]
mod voice;
#[cfg(target_arch = "wasm32")]
mod widget;

#[cfg(target_arch = "wasm32")]
pub use desk::sentence_case;
#[cfg(target_arch = "wasm32")]
pub use status::sum_up;
#[cfg(target_arch = "wasm32")]
pub use timer::once;
#[cfg(target_arch = "wasm32")]
pub use widget::mount;

/// Shows runs as well, from now on.
#[cfg(target_arch = "wasm32")]
pub fn show_runs(shown: state::Shown, tools: std::rc::Rc<dyn crate::driver::ports::ToolHost>) {
    let views = state::RunViews {
        run: transcript::run_view,
        held: card::approval_card,
        doubt: doubt_card::doubt_card,
        call: transcript::call_spot,
        fault: fault_card::run_fault,
        announce: announcer::announce,
    };
    widget::extend_sheet(concat!(
        include_str!("../../style/card.css"),
        include_str!("../../style/fields.css"),
        include_str!("../../style/decision.css"),
    ));
    shown.tools.set(Some(tools));
    shown.run_views.set(Some(views));
    status::follow_runs(shown);
}

/// What of a call's card the page is told beside its record: how risky it is, and where its values
/// come from.
#[cfg(target_arch = "wasm32")]
pub fn on_card(
    shown: state::Shown,
    run: &holdpoint_core::run::Run,
    slot: &holdpoint_core::run::Slot,
) -> (&'static str, Vec<(String, holdpoint_core::run::Origin)>) {
    (facts::risk(&slot.action).0, card::sections::origins(shown, run, slot))
}

/// The view of the inbox, which brings its sheet.
#[cfg(target_arch = "wasm32")]
pub fn inbox_view() -> state::InboxView {
    widget::extend_sheet(include_str!("../../style/inbox.css"));
    state::InboxView(inbox::inbox)
}

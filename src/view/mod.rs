//! What the person sees: signals in, intents out.
//!
//! The views know Leptos, the types of core and the driver's ports, and nothing of the driver, of
//! where things are stored or of the network.

mod announcer;
mod card;
mod composer;
mod desk;
mod doubt_card;
mod facts;
mod fault_card;
pub mod heads;
mod inbox;
mod markdown_dom;
mod moment;
#[cfg(target_arch = "wasm32")]
mod panel;
#[cfg(target_arch = "wasm32")]
mod reach;
mod receipt;
pub mod signal;
pub mod state;
mod status;
mod tag;
mod timer;
mod transcript;
mod voice;
mod widget;

pub use desk::sentence_case;
pub use status::sum_up;
pub use timer::once;
pub use widget::mount;

/// Shows runs as well, from now on.
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
pub fn on_card(
    shown: state::Shown,
    run: &holdpoint_core::run::Run,
    slot: &holdpoint_core::run::Slot,
) -> (&'static str, Vec<(String, holdpoint_core::run::Origin)>) {
    (facts::risk(&slot.action).0, card::sections::origins(shown, run, slot))
}

/// The view of the inbox, which brings its sheet.
pub fn inbox_view() -> state::InboxView {
    widget::extend_sheet(include_str!("../../style/inbox.css"));
    state::InboxView(inbox::inbox)
}

/// The view of the developer's panel, which brings its sheet, and looks on at the wire from now on.
#[cfg(target_arch = "wasm32")]
pub fn panel_view(wire: &crate::driver::ports::Wire) -> state::PanelView {
    widget::extend_sheet(include_str!("../../style/panel.css"));
    state::PanelView { view: panel::panel, log: panel::log_of(wire) }
}

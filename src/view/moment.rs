//! Points in time, as a person reads them where they are.

use holdpoint_core::id::Timestamp;
use js_sys::Date;

use super::signal::Signal;
use super::timer::every;
use crate::language;

/// The time now, by the browser's clock.
pub(super) fn now() -> u64 {
    Date::now() as u64
}

/// The time by the second, as long as the view that asked for it is there.
pub(super) fn ticking() -> Signal<u64> {
    let time = Signal::new(now());
    every(1000, move || time.set(now()));
    time
}

/// The time of day; of another day than today, with the date.
pub(super) fn time(at: Timestamp) -> String {
    language::time(at.as_millis())
}

//! Points in time, as a person reads them where they are.

use holdpoint_core::id::Timestamp;
use js_sys::Date;
use wasm_bindgen::JsValue;

use super::signal::Signal;
use super::timer::every;

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
    let date = local(at.as_millis());
    let today = local(now());
    let clock = [two(date.get_hours()), two(date.get_minutes()), two(date.get_seconds())].join(":");
    if day(&date) == day(&today) { clock } else { [&day(&date), " ", &clock].concat() }
}

fn local(millis: u64) -> Date {
    Date::new(&JsValue::from_f64(millis as f64))
}

fn day(date: &Date) -> String {
    [date.get_full_year().to_string(), two(date.get_month() + 1), two(date.get_date())].join("-")
}

fn two(number: u32) -> String {
    let digits = number.to_string();
    if number < 10 { ["0", &digits].concat() } else { digits }
}

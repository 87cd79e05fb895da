//! The bank as a Leptos app that has the widget in it.

#[cfg(target_arch = "wasm32")]
#[expect(unreachable_pub, reason = "a component is a public type, whatever it is declared as")]
mod bank;

#[cfg(target_arch = "wasm32")]
fn main() {
    holdpoint::define();
    leptos::mount::mount_to_body(bank::Bank);
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}

//! The widget's parts, in a browser.

#![cfg(target_arch = "wasm32")]

mod escape;
mod model;
mod store;
mod tabs;
mod tools;

use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_browser);

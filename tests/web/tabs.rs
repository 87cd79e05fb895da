//! What tabs share, and what a browser gives to each.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use futures_channel::{mpsc, oneshot};
use futures_util::future::{Either, select};
use futures_util::{FutureExt, StreamExt};
use holdpoint::channel::Channel;
use holdpoint::driver::ports::{Leases, Runtime};
use holdpoint::leases::WebLocks;
use holdpoint::runtime::{BrowserRuntime, unique};
use holdpoint_core::id::RunId;
use wasm_bindgen_test::wasm_bindgen_test;

/// A channel, and the runs that it is told of.
fn listener(namespace: &str) -> (Channel, mpsc::UnboundedReceiver<RunId>) {
    let (told, runs) = mpsc::unbounded();
    (Channel::open(namespace, move |run| told.unbounded_send(run).unwrap()), runs)
}

#[wasm_bindgen_test]
async fn lease_is_handed_over_when_it_is_dropped() {
    let (namespace, run) = (unique(), RunId::new("run"));
    let (first, second) = (WebLocks::new(&namespace), WebLocks::new(&namespace));
    let order = Rc::new(RefCell::new(Vec::new()));
    let held = first.hold(&run).await;
    let (done, over) = oneshot::channel();
    let seen = Rc::clone(&order);
    BrowserRuntime.spawn(Box::pin(async move {
        let _held = second.hold(&run).await;
        seen.borrow_mut().push("second");
        done.send(()).unwrap();
    }));
    // Another lease is granted meanwhile, so that the browser had its turn to grant this one.
    drop(first.hold(&RunId::new("other")).await);
    order.borrow_mut().push("first");
    drop(held);
    over.await.unwrap();
    assert_eq!(*order.borrow(), ["first", "second"]);
}

#[wasm_bindgen_test]
async fn lease_that_nobody_waits_for_any_more_is_let_go() {
    let (leases, run) = (WebLocks::new(&unique()), RunId::new("run"));
    let held = leases.hold(&run).await;
    let mut waiting = leases.hold(&run);
    assert!((&mut waiting).now_or_never().is_none());
    drop(waiting);
    drop(held);
    drop(leases.hold(&run).await);
}

#[wasm_bindgen_test]
async fn leases_of_other_namespaces_are_other_leases() {
    let run = RunId::new("run");
    let _held = WebLocks::new(&unique()).hold(&run).await;
    let _other = WebLocks::new(&unique()).hold(&run).await;
}

#[wasm_bindgen_test]
async fn run_told_is_heard_by_the_other_tabs_alone() {
    let namespace = unique();
    let ((ours, mut our_runs), (theirs, mut their_runs)) =
        (listener(&namespace), listener(&namespace));
    let (elsewhere, mut elsewhere_runs) = listener(&unique());
    ours.tell(&RunId::new("one"));
    assert_eq!(their_runs.next().await, Some(RunId::new("one")));
    // What is heard now was told after anything that must not be heard.
    theirs.tell(&RunId::new("two"));
    assert_eq!(our_runs.next().await, Some(RunId::new("two")));
    drop(elsewhere);
    assert_eq!(elsewhere_runs.next().await, None);
}

#[wasm_bindgen_test]
async fn channel_is_closed_while_the_page_is_hidden_and_opened_when_it_is_back() {
    let namespace = unique();
    let ((ours, _runs), (_theirs, mut runs)) = (listener(&namespace), listener(&namespace));
    let window = web_sys::window().unwrap();
    let tell = |event: &str| {
        window.dispatch_event(&web_sys::Event::new(event).unwrap()).unwrap();
    };
    tell("pagehide");
    ours.tell(&RunId::new("unheard"));
    tell("pageshow");
    ours.tell(&RunId::new("heard"));
    assert_eq!(runs.next().await, Some(RunId::new("heard")));
}

#[wasm_bindgen_test]
fn unique_names_are_uuids_and_differ() {
    let names: BTreeSet<String> = (0..100).map(|_| BrowserRuntime.unique()).collect();
    assert_eq!(names.len(), 100);
    for name in &names {
        let parts: Vec<usize> = name.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{name}");
        assert_eq!(name.as_bytes()[14], b'4', "{name}");
        assert!(matches!(name.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{name}");
        assert!(name.chars().all(|digit| digit == '-' || digit.is_ascii_hexdigit()), "{name}");
    }
}

#[wasm_bindgen_test]
async fn shorter_sleep_ends_first_however_long_the_other_is() {
    // A month of milliseconds is more than one timer can hold.
    let month = BrowserRuntime.sleep(31 * 24 * 3_600_000);
    let moment = BrowserRuntime.sleep(5);
    assert!(matches!(select(month, moment).await, Either::Right(_)));
    BrowserRuntime.sleep(0).await;
}

//! The run machine in a world that is out to break it: every short life, and many long ones.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails it"
)]

#[path = "support/sim/mod.rs"]
mod sim;
mod support;

use std::thread;

use holdpoint_core::run::Mode;
use sim::judge::Violation;
use sim::{Banks, Bug, Stats, simulate, walk};

/// Lives the runs of all seeds, and says which one broke what.
fn live(seeds: u64, first: u64, bug: Bug) -> Result<Stats, (u64, Violation)> {
    let workers = thread::available_parallelism().map_or(1, usize::from) as u64;
    thread::scope(|scope| {
        let lives: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn(move || {
                    let banks = Banks::open();
                    let mut stats = Stats::default();
                    for seed in (first + worker..first + seeds).step_by(workers as usize) {
                        stats.add(&simulate(seed, bug, &banks).map_err(|v| (seed, v))?);
                    }
                    Ok(stats)
                })
            })
            .collect();
        let mut stats = Stats::default();
        for life in lives {
            stats.add(&life.join().unwrap()?);
        }
        Ok(stats)
    })
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The judge finds a fault that was put in on purpose, as a breach of this invariant.
#[track_caller]
fn check_caught(bug: Bug, invariant: &str) {
    let banks = Banks::open();
    let breach = |seed| simulate(seed, bug, &banks).err();
    let caught = (0..SEEDS_TO_CATCH).filter_map(breach).any(|found| found.invariant == invariant);
    assert!(caught, "{bug:?} goes unnoticed");
}

const SEEDS_TO_CATCH: u64 = 2_000;

#[test]
fn invariants_hold_in_every_seeded_life() {
    let seed = setting("HOLDPOINT_SEED");
    let seeds = if seed.is_some() { 1 } else { setting("HOLDPOINT_SEEDS").unwrap_or(100_000) };
    let stats = live(seeds, seed.unwrap_or(0), Bug::None).unwrap_or_else(|(seed, violation)| {
        panic!("{violation:?}; to see it again: HOLDPOINT_SEED={seed}")
    });
    if seeds < 1_000 {
        return;
    }
    for what in MUST_HAPPEN {
        assert!(
            stats.0.get(what).is_some_and(|count| *count > 0),
            "no life saw: {what}; {stats:?}"
        );
    }
}

/// A simulation in which nothing goes wrong proves nothing.
const MUST_HAPPEN: [&str; 35] = [
    "approved",
    "approved with changes",
    "asked anew",
    "asked for anew",
    "arguments_forbidden",
    "arguments_invalid",
    "cancelled",
    "completed",
    "confirmed",
    "conflict",
    "crash",
    "cut answer",
    "decided_already",
    "denied",
    "died before it knew",
    "died with a call under way",
    "digest_mismatch",
    "expired",
    "failed",
    "handed_over",
    "hold taken away",
    "in doubt",
    "invalid answer",
    "model asked",
    "not_expired",
    "not_yet",
    "power failure",
    "resumed",
    "run_busy",
    "started again",
    "stale",
    "store failed",
    "taken back",
    "tried again",
    "unchanged",
];

#[test]
fn same_seed_gives_the_same_life() {
    let banks = Banks::open();
    for seed in 0..50 {
        let [first, second] = [0; 2].map(|_| simulate(seed, Bug::None, &banks).unwrap());
        assert_eq!(first.0, second.0, "seed {seed}");
    }
}

#[test]
fn planted_bug_store_that_does_not_compare_is_caught() {
    check_caught(Bug::StoreDoesNotCompare, "I1");
}

#[test]
fn planted_bug_call_that_does_not_wait_for_its_record_is_caught() {
    check_caught(Bug::StartIsNotWaitedFor, "I2");
}

#[test]
fn planted_bug_started_record_that_is_ignored_on_resume_is_caught() {
    check_caught(Bug::StartIsForgotten, "I1");
}

#[test]
fn planted_bug_trust_in_the_flag_of_the_model_is_caught() {
    check_caught(Bug::FlagIsTrusted, "I3");
}

#[track_caller]
fn check_every_life(mode: Mode) {
    let stats = walk(mode, 6).unwrap();
    for status in ["awaiting-approval", "in-doubt", "completed", "cancelled"] {
        assert!(stats.0.contains_key(status), "no life saw: {status}; {stats:?}");
    }
}

#[test]
fn invariants_hold_in_every_short_life_with_tools() {
    check_every_life(Mode::Tools);
}

#[test]
fn invariants_hold_in_every_short_life_with_a_plan() {
    check_every_life(Mode::Plan);
}

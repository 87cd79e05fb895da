//! How much of a long conversation the model is told.

use std::rc::Rc;

use holdpoint_core::id::RunId;
use holdpoint_core::message::{Finish, Message, ModelResponse, Part};
use holdpoint_core::run::{Limits, Mode, Run, Spec, State, ToolOutcome};
use serde_json::json;

use crate::rng::Rng;
use crate::support::{Desk, answer, bank, calls, plan, says, spec};

#[test]
fn short_conversation_is_told_whole() {
    let mut rng = Rng::new(1);
    let thread = thread(&mut rng, Limits::default().history_bytes_max);
    let (messages, left_out) = ask(&thread);
    assert_eq!((messages, left_out), (full(&thread), 0));
}

#[test]
fn oldest_turns_are_left_out_first_and_the_model_is_told_so() {
    let mut now = Desk::open_with(limited(9, 100), bank());
    let earlier = ["a".repeat(60), "b".repeat(60)].map(|words| {
        let mut desk = Desk::open_with(limited(words.len() as u32, 100), bank());
        desk.answer(says(&words));
        Rc::new(desk.run)
    });
    let (request, left_out) = now.run.request(&earlier, &bank());
    assert_eq!(left_out, 1);
    let [Message::Notice(gap), Message::User(_), Message::Assistant(said), Message::User(_)] =
        &request.messages[..]
    else {
        panic!("{:?}", request.messages)
    };
    assert!(gap.contains("left out") && gap.contains("do not do it again"), "{gap}");
    assert_eq!(said[0].part, Part::Text("b".repeat(60)));

    // What was left out is in the journal, beside the answer to it.
    let input = holdpoint_core::run::Input::ModelResponded {
        turn: 0,
        response: says("done"),
        notes: Vec::new(),
        left_out,
        grants: Vec::new(),
    };
    now.accept(input);
    assert_eq!(now.run.turns().last().unwrap().left_out, 1);
}

#[test]
fn long_run_keeps_its_request_and_its_newest_turn() {
    let mut desk = Desk::open_with(limited(0, 1), bank());
    for words in ["one", "two", "three"] {
        desk.answer(calls(&[("deposit", r#"{"amount":1}"#)]));
        desk.start(0);
        desk.finish(0, ToolOutcome::Succeeded(json!({ "words": words })));
    }
    let (request, left_out) = desk.run.request(&[], &bank());
    assert_eq!(left_out, 2);
    let [
        Message::User(_),
        Message::Notice(_),
        Message::Assistant(_),
        Message::Result { output, .. },
    ] = &request.messages[..]
    else {
        panic!("{:?}", request.messages)
    };
    assert!(output.contains("three"), "{output}");
}

#[test]
fn turn_that_was_paused_goes_with_the_one_that_ends_it() {
    let mut desk = Desk::open_with(limited(0, 1), bank());
    for finish in [Finish::Complete, Finish::Paused, Finish::Paused, Finish::Complete] {
        let mut response = match finish {
            Finish::Paused => says("a moment"),
            _ => calls(&[("deposit", r#"{"amount":1}"#)]),
        };
        response.finish = finish;
        desk.answer(response);
        if let State::Acting { .. } = desk.run.state() {
            desk.start(0);
            desk.succeed(0);
        }
    }
    let (request, left_out) = desk.run.request(&[], &bank());
    let turns = request.messages.iter().filter(|message| is_turn(message)).count();
    assert_eq!((turns, left_out), (3, 1));
}

#[test]
fn what_is_told_is_the_end_of_the_conversation_in_whole_turns() {
    let mut seen = [false; 4];
    for seed in 0..300 {
        let mut rng = Rng::new(seed);
        let budget = rng.below(4_000) as u32;
        let thread = thread(&mut rng, budget);
        let (sent, left_out) = ask(&thread);
        seen[check(&thread, budget as usize, sent, left_out, seed)] = true;
    }
    assert_eq!(seen, [true; 4], "all is told, a run is cut, runs are cut off, the limit is passed");
}

/// The properties; gives which of the four cases it was.
#[track_caller]
fn check(thread: &[Rc<Run>], budget: usize, sent: Vec<Message>, left_out: u32, seed: u64) -> usize {
    let full = full(thread);
    let (notices, sent): (Vec<_>, Vec<_>) = sent
        .into_iter()
        .partition(|message| matches!(message, Message::Notice(text) if text.contains("left out")));
    assert_eq!(notices.len(), usize::from(left_out > 0), "seed {seed}: said once, if at all");

    // It is the end of the conversation, but for the request of the run that was cut.
    let same = full.iter().rev().zip(sent.iter().rev()).take_while(|(a, b)| a == b).count();
    let start = full.len() - same;
    let request_of = full[..=start.min(full.len() - 1)].iter().rposition(is_request).unwrap();
    match sent.len() - same {
        0 => assert!(start == 0 || is_request(&full[start]), "seed {seed}: it begins with a run"),
        1 => {
            assert!(matches!(full[start], Message::Assistant(_)), "seed {seed}: in whole turns");
            assert_eq!(sent[0], full[request_of], "seed {seed}");
        }
        _ => panic!("seed {seed}: {sent:?} is not the end of {full:?}"),
    }

    // Every call has its result, and every result its call.
    let mut open: Vec<&str> = Vec::new();
    for message in &sent {
        match message {
            Message::Result { call, .. } => {
                let at = open.iter().position(|id| id == call);
                open.remove(at.unwrap_or_else(|| panic!("seed {seed}: {call} was not called")));
            }
            _ => assert!(open.is_empty(), "seed {seed}: {open:?} are without a result"),
        }
        if let Message::Assistant(items) = message {
            open = items
                .iter()
                .filter_map(|item| match &item.part {
                    Part::Call(call) => Some(call.id.as_str()),
                    _ => None,
                })
                .collect();
        }
    }
    assert!(open.is_empty(), "seed {seed}");

    // Nothing is left out that would have fitted; what is over the limit had to be told.
    let turns = |messages: &[Message]| messages.iter().filter(|m| is_turn(m)).count();
    assert_eq!(turns(&full) - turns(&sent), left_out as usize, "seed {seed}");
    let own = full.iter().rposition(is_request).unwrap();
    let used = bytes(&sent);
    if start > 0 {
        let older = full[..start].iter().rposition(is_turn).unwrap();
        let request = full[..older].iter().rposition(is_request).unwrap();
        let is_cut = sent.len() > same;
        assert!(!is_cut || request == request_of, "seed {seed}: nothing was cut off");
        let request = if is_cut { 0 } else { bytes(&full[request..=request]) };
        let needed = request + bytes(&full[older..start]);
        assert!(used + needed > budget, "seed {seed}: the turn before fits as well");
    }
    if used > budget {
        let only_own = start >= own && turns(&sent) <= 1;
        assert!(only_own, "seed {seed}: {used} of {budget} bytes, and not only what must stay");
        return 3;
    }
    match (left_out, sent.len() - same) {
        (0, _) => 0,
        (_, 1) => 1,
        _ => 2,
    }
}

fn is_request(message: &Message) -> bool {
    matches!(message, Message::User(_))
}

fn is_turn(message: &Message) -> bool {
    matches!(message, Message::Assistant(_))
}

/// What the messages weigh, counted apart from the code under test: no item here has a raw form.
fn bytes(messages: &[Message]) -> usize {
    messages
        .iter()
        .map(|message| match message {
            Message::User(text) | Message::Notice(text) => text.len(),
            Message::Result { call, output } => call.len() + output.len(),
            Message::Assistant(items) => items
                .iter()
                .map(|item| match &item.part {
                    Part::Text(text) | Part::Refusal(text) => text.len(),
                    Part::Call(call) => call.id.len() + call.name.len() + call.arguments.len(),
                    Part::Other => 0,
                })
                .sum(),
        })
        .sum()
}

fn ask(thread: &[Rc<Run>]) -> (Vec<Message>, u32) {
    let (now, earlier) = thread.split_last().unwrap();
    let (request, left_out) = now.request(earlier, &bank());
    (request.messages, left_out)
}

fn full(thread: &[Rc<Run>]) -> Vec<Message> {
    thread.iter().flat_map(|run| run.messages()).collect()
}

fn limited(number: u32, history_bytes_max: u32) -> Spec {
    Spec {
        run: RunId::new(format!("run-{number}")),
        text: format!("request {number}"),
        limits: Limits { history_bytes_max, ..Limits::default() },
        ..spec(Mode::Tools)
    }
}

/// Runs of all sorts; the last one waits for the model.
fn thread(rng: &mut Rng, budget: u32) -> Vec<Rc<Run>> {
    let runs = 1 + rng.below(5);
    (0..runs).map(|at| Rc::new(life(rng, at as u32, budget, at + 1 == runs))).collect()
}

fn life(rng: &mut Rng, number: u32, budget: u32, is_last: bool) -> Run {
    let mode = if rng.once_in(4) { Mode::Plan } else { Mode::Tools };
    let mut desk = Desk::open_with(Spec { mode, ..limited(number, budget) }, bank());
    let turns = rng.below(5) + u64::from(!is_last);
    for turn in 0..turns {
        if !matches!(desk.run.state(), State::AwaitingModel(_)) {
            break;
        }
        let words = "x".repeat(rng.below(300) as usize);
        let word = format!("{number}.{turn}.{words}");
        let response = match mode {
            _ if desk.run.turns().count() > 0 && mode == Mode::Plan => says(&word),
            Mode::Plan => plan(&[("deposit", json!({ "amount": 1 }), false)]),
            // A faulty call is one that the model may mend; two in a row are the most.
            Mode::Tools if rng.once_in(5) && desk.run.turns().all(|turn| turn.report.is_none()) => {
                calls(&[("rob", &word)])
            }
            Mode::Tools => with_words(rng, &word),
        };
        if mode == Mode::Plan && is_last && desk.run.turns().count() > 0 {
            break;
        }
        desk.answer(response);
        while let State::Acting { turn, .. } = desk.run.state() {
            let open = turn.slots.iter().position(|slot| slot.outcome().is_none()).unwrap();
            desk.start(open);
            let result = json!({ "words": "y".repeat(rng.below(300) as usize) });
            desk.finish(open, ToolOutcome::Succeeded(result));
        }
    }
    if is_last {
        return desk.run;
    }
    if let State::AwaitingModel(_) = desk.run.state() {
        if rng.once_in(3) {
            desk.cancel();
        } else {
            desk.answer(says(&format!("{number} is done")));
        }
    }
    desk.run
}

/// An answer with words and a few calls that need nobody.
fn with_words(rng: &mut Rng, words: &str) -> ModelResponse {
    let call = ("deposit", r#"{"amount":1}"#);
    let mut response = calls(&vec![call; 1 + rng.below(3) as usize]);
    response.items.extend(answer([Part::Text(words.to_owned())]).items);
    response
}

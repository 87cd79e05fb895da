//! Anthropic Messages.

use holdpoint_core::message::{Finish, Part, Usage};
use holdpoint_core::stream::{Api, StreamError};

use crate::{TRANSFER, answer, assemble, call, check_stream, malformed, read, said, upstream};

#[track_caller]
fn check(fixture: &str, shown: &str, expected: Result<(Finish, Vec<Part>), StreamError>) {
    crate::check(Api::Messages, fixture, shown, expected);
}

#[track_caller]
fn complete(fixture: &str, shown: &str, parts: &[Part]) {
    check(fixture, shown, Ok((Finish::Complete, parts.to_vec())));
}

fn transfer(id: &str) -> Part {
    call(id, "transfer", TRANSFER)
}

fn balance(id: &str, arguments: &str) -> Part {
    call(id, "check_balance", arguments)
}

#[test]
fn text_is_shown_and_said() {
    complete("text", "Your balance is 950.", &[said("Your balance is 950.")]);
}

#[test]
fn tokens_are_counted_with_those_of_the_cache_and_not_twice() {
    let usage = answer(Api::Messages, "text").usage;
    assert_eq!(usage, Some(Usage { input: 211, output: 34 }));
}

#[test]
fn interleaved_calls_keep_their_order() {
    let fifty = call("toolu_a", "transfer", r#"{"amount":50,"recipient":"Alice"}"#);
    let parts = [fifty, balance("toolu_b", "{}")];
    complete("parallel_calls", "[0: transfer][1: check_balance]", &parts);
}

#[test]
fn arguments_are_given_as_they_were_written() {
    let shown = "[0: check_balance][1: check_balance]";
    let parts = [balance("toolu_a", ""), balance("toolu_b", "{}"), balance("toolu_c", "")];
    complete("empty_arguments", &format!("{shown}[2: check_balance]"), &parts);
    complete("null_arguments", shown, &[balance("toolu_a", "null"), balance("toolu_b", "")]);
}

#[test]
fn characters_survive_any_cut() {
    let zoe = r#"{"amount":5,"recipient":"Zoë 😀 \ud83d\ude00"}"#;
    let parts = [said("已付款 😀 Zoë"), call("toolu_a", "transfer", zoe)];
    complete("unicode", "已付款 😀 Zoë[1: transfer]", &parts);
}

#[test]
fn half_a_surrogate_pair_spoils_the_answer() {
    let error =
        assemble(Api::Messages, [read(Api::Messages, "surrogates").as_bytes()]).1.unwrap_err();
    assert_eq!(error.code(), "malformed_stream");
    check("surrogates", "", Err(error));
}

#[test]
fn refusal_is_told_and_what_was_begun_is_no_call_to_make() {
    let words = Part::Refusal("This request could enable harm.".into());
    let begun = [said(r#"{"reply":"I"#), call("toolu_a", "transfer", r#"{"amount":5"#)];
    complete("refusal", r#"{"reply":"I[1: transfer]"#, &[&begun[..], &[words]].concat());
    let words = Part::Refusal("The model declined to answer.".into());
    complete("refusal_without_words", "", &[words]);
}

#[test]
fn an_answer_cut_short_is_incomplete() {
    let parts = vec![said("One moment."), call("toolu_a", "transfer", r#"{"amount":5"#)];
    let finish = Finish::Incomplete("max_tokens".into());
    check("incomplete", "One moment.[1: transfer]", Ok((finish, parts)));
    let finish = Finish::Incomplete("model_context_window_exceeded".into());
    check("context_window", "One", Ok((finish, vec![said("One")])));
}

#[test]
fn an_error_in_the_stream_is_the_outcome() {
    check("error_event", "[0: transfer]", Err(upstream("overloaded_error", "Overloaded")));
    check("error_without_type", "", Err(upstream("api_error", "Internal server error")));
}

#[test]
fn a_quiet_stream_is_waited_for() {
    complete("keep_alive", "Sorry for the wait.", &[said("Sorry for the wait.")]);
}

#[test]
fn a_stream_without_its_last_event_says_nothing() {
    check("interrupted", "[0: transfer]", Err(StreamError::Interrupted));
    check_stream(Api::Messages, "", "", Err(StreamError::Interrupted));
    check_stream(Api::Messages, "data: [DONE]\n\n", "", Err(StreamError::Interrupted));
}

#[test]
fn an_end_without_a_reason_is_no_good_end() {
    let end = "data: {\"type\":\"message_stop\"}\n\n";
    check_stream(Api::Messages, end, "", Ok((Finish::Incomplete("unknown".into()), vec![])));
}

#[test]
fn calls_of_one_id_are_both_reported() {
    let bob = call("toolu_a", "transfer", r#"{"amount":9,"recipient":"Bob"}"#);
    complete("duplicate_call_ids", "[0: transfer][1: transfer]", &[transfer("toolu_a"), bob]);
}

#[test]
fn calls_alike_are_both_reported() {
    let parts = [transfer("toolu_a"), transfer("toolu_b")];
    complete("identical_calls", "[0: transfer][1: transfer]", &parts);
}

#[test]
fn events_of_unknown_types_are_skipped() {
    complete("unknown_events", "Done.", &[Part::Other, said("Done.")]);
}

#[test]
fn a_tool_of_any_name_is_reported() {
    let parts = [call("toolu_a", "drop_tables", r#"{"all":true}"#)];
    complete("unknown_tool", "[0: drop_tables]", &parts);
}

#[test]
fn thinking_is_kept() {
    let parts = [Part::Other, Part::Other, said("One moment."), transfer("toolu_a")];
    complete("thinking", "One moment.[3: transfer]", &parts);
}

#[test]
fn blocks_may_come_whole() {
    let parts = [said("One moment."), transfer("toolu_a")];
    complete("whole_blocks", "One moment.[1: transfer]", &parts);
    complete("whole_input", "[0: transfer]", &[transfer("toolu_a")]);
}

#[test]
fn deltas_take_the_place_of_a_whole_input() {
    let delta = read(Api::Messages, "identical_calls");
    let delta = delta.split("\n\n").find(|event| event.contains("input_json_delta")).unwrap();
    let stop = "event: content_block_stop";
    let text = read(Api::Messages, "whole_input").replacen("500", "5", 1);
    let text = text.replacen(stop, &format!("{delta}\n\n{stop}"), 1);
    let answer = Ok((Finish::Complete, vec![transfer("toolu_a")]));
    check_stream(Api::Messages, &text, "[0: transfer]", answer);
}

#[test]
fn a_whole_input_that_readers_take_in_different_ways_is_refused() {
    let text = read(Api::Messages, "whole_input").replace("500", r#"500,"amount":5"#);
    let outcome = assemble(Api::Messages, [text.as_bytes()]).1;
    let StreamError::Malformed { reason } = outcome.unwrap_err() else { panic!("not malformed") };
    assert!(reason.starts_with("arguments in doubt: "), "{reason}");
}

#[test]
fn a_break_is_told_from_an_end() {
    let parts = vec![said("I look it up."), Part::Other];
    check("paused", "I look it up.", Ok((Finish::Paused, parts)));
}

#[test]
fn text_with_citations_is_one_text() {
    complete("citations", "The rate is 2%.", &[said("The rate is 2%.")]);
}

#[test]
fn a_call_that_began_and_did_not_end_spoils_the_answer() {
    let reason = "the end of an answer whose items have not all ended";
    check("call_without_end", "[0: transfer]", Err(malformed(reason)));
}

#[test]
fn what_breaks_the_format_is_refused() {
    let start = |index, block: &str| {
        let kind = r#""type":"content_block_start""#;
        format!(r#"{{{kind},"index":{index},"content_block":{block}}}"#)
    };
    let text = start(0, r#"{"type":"text","text":""}"#);
    let call = start(0, r#"{"type":"tool_use","name":"a","input":{}}"#);
    let stop = r#"{"type":"content_block_stop","index":0}"#.to_owned();
    let delta = r#"{"type":"content_block_delta","index":0,"delta":{}}"#.to_owned();
    let end = |reason: &str| {
        let delta = format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"{reason}"}}}}"#);
        [delta, r#"{"type":"message_stop"}"#.to_owned()]
    };
    let [tool_use, message_stop] = end("tool_use");
    for (events, reason) in [
        (vec![&text, &text], "a place that another item has"),
        (vec![&stop], "an item without a place"),
        (vec![&text, &stop, &delta], "an item without a place"),
        (vec![&text, &stop, &tool_use, &message_stop], "an end by calls, and no call"),
        (vec![&call, &stop, &tool_use, &message_stop], "a call that has no id"),
    ] {
        let text: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
        let outcome = assemble(Api::Messages, [text.as_bytes()]).1;
        assert_eq!(outcome, Err(malformed(reason)), "{text}");
    }
}

//! OpenAI Chat Completions, and what other servers make of it.

use holdpoint_core::message::{Finish, Part, Usage};
use holdpoint_core::stream::{Api, StreamError};

use crate::{TRANSFER, answer, assemble, call, check_stream, malformed, read, said, upstream};

#[track_caller]
fn check(fixture: &str, shown: &str, expected: Result<(Finish, Vec<Part>), StreamError>) {
    crate::check(Api::Chat, fixture, shown, expected);
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
    assert_eq!(answer(Api::Chat, "text").usage, Some(Usage { input: 211, output: 34 }));
}

#[test]
fn interleaved_calls_keep_their_order() {
    let fifty = call("call_a", "transfer", r#"{"amount":50,"recipient":"Alice"}"#);
    let parts = [fifty, balance("call_b", "{}")];
    complete("parallel_calls", "[0: transfer][1: check_balance]", &parts);
}

#[test]
fn arguments_are_given_as_they_were_written() {
    let shown = "[0: check_balance][1: check_balance]";
    let parts = [balance("call_a", ""), balance("call_b", "{}"), balance("call_c", "")];
    complete("empty_arguments", &format!("{shown}[2: check_balance]"), &parts);
    complete("null_arguments", shown, &[balance("call_a", "null"), balance("call_b", "")]);
}

#[test]
fn characters_survive_any_cut() {
    let zoe = r#"{"amount":5,"recipient":"Zoë 😀 \ud83d\ude00"}"#;
    let parts = [said("已付款 😀 Zoë"), call("call_a", "transfer", zoe)];
    complete("unicode", "已付款 😀 Zoë[0: transfer]", &parts);
}

#[test]
fn half_a_surrogate_pair_spoils_the_answer() {
    // The deltas are all that there is of the text, so a half cannot be passed over.
    let error = assemble(Api::Chat, [read(Api::Chat, "surrogates").as_bytes()]).1.unwrap_err();
    assert_eq!(error.code(), "malformed_stream");
    check("surrogates", "", Err(error));
}

#[test]
fn refusal_is_told_from_text() {
    let parts = [Part::Refusal("I can't help with that.".into())];
    complete("refusal", "[no: I can't][no:  help with that.]", &parts);
}

#[test]
fn an_answer_cut_short_is_incomplete() {
    let parts = vec![call("call_a", "transfer", r#"{"amount":5"#)];
    check("incomplete", "[0: transfer]", Ok((Finish::Incomplete("length".into()), parts)));
    let finish = Finish::Incomplete("content_filter".into());
    check("filtered", "I will", Ok((finish, vec![said("I will")])));
}

#[test]
fn an_error_in_the_stream_is_the_outcome() {
    check("error_event", "[0: transfer]", Err(upstream("rate_limit_exceeded", "Slow down.")));
    check("error_without_type", "", Err(upstream("server_error", "Overloaded.")));
    let late = read(Api::Chat, "without_done") + "data: {\"error\":{\"message\":\"Late.\"}}\n\n";
    assert_eq!(assemble(Api::Chat, [late.as_bytes()]).1, Err(upstream("error", "Late.")));
}

#[test]
fn a_quiet_stream_is_waited_for() {
    complete("keep_alive", "Sorry for the wait.", &[said("Sorry for the wait.")]);
}

#[test]
fn a_stream_without_its_end_says_nothing() {
    check("interrupted", "[0: transfer]", Err(StreamError::Interrupted));
    check_stream(Api::Chat, "", "", Err(StreamError::Interrupted));
    check_stream(Api::Chat, "data: [DONE]\n\n", "", Err(StreamError::Interrupted));
    let cut = read(Api::Chat, "interrupted") + "data: [DONE]\n\n";
    check_stream(Api::Chat, &cut, "[0: transfer]", Err(StreamError::Interrupted));
}

#[test]
fn a_reason_to_finish_ends_the_answer_without_a_last_event() {
    complete("without_done", "[0: transfer]", &[transfer("call_a")]);
}

#[test]
fn calls_of_one_id_are_both_reported() {
    let bob = call("call_a", "transfer", r#"{"amount":9,"recipient":"Bob"}"#);
    complete("duplicate_call_ids", "[0: transfer][1: transfer]", &[transfer("call_a"), bob]);
}

#[test]
fn calls_alike_are_both_reported() {
    let parts = [transfer("call_a"), transfer("call_b")];
    complete("identical_calls", "[0: transfer][1: transfer]", &parts);
}

#[test]
fn what_is_not_known_and_other_choices_are_skipped() {
    complete("unknown_events", "Done.", &[said("Done.")]);
}

#[test]
fn a_tool_of_any_name_is_reported() {
    let parts = [call("call_a", "drop_tables", r#"{"all":true}"#)];
    complete("unknown_tool", "[0: drop_tables]", &parts);
}

#[test]
fn calls_count_whatever_word_ends_them() {
    let parts = [said("One moment."), transfer("call_a")];
    complete("stop_with_calls", "One moment.[0: transfer]", &parts);
}

#[test]
fn fragments_find_their_call_however_servers_mark_them() {
    let (two, three) = ("[0: transfer][1: check_balance]", "[2: check_balance]");
    let both = [transfer("call_a"), balance("call_b", "{}")];
    complete("whole_calls", two, &both);
    complete("one_index", two, &both);
    let [first, second] = both;
    let parts = [first, second, balance("call_c", "")];
    complete("without_index", &format!("{two}{three}"), &parts);
    complete("late_id", "[0: transfer]", &[transfer("call_a")]);
}

#[test]
fn reasoning_is_kept() {
    complete("reasoning", "[0: transfer]", &[Part::Other, transfer("call_a")]);
}

#[test]
fn what_breaks_the_format_is_refused() {
    let call = |call: &str| format!(r#"{{"tool_calls":[{call}]}}"#);
    let [id, other] = ["a", "b"].map(|name| {
        call(&format!(r#"{{"index":0,"id":"x","function":{{"name":"{name}","arguments":""}}}}"#))
    });
    let no_id = call(r#"{"index":0,"function":{"name":"a","arguments":"{}"}}"#);
    let object = call(r#"{"index":0,"id":"x","function":{"name":"a","arguments":{}}}"#);
    let text = r#"{"content":"a"}"#.to_owned();
    let list = r#"{"content":[{"text":"a"}]}"#.to_owned();
    for (deltas, reason, why) in [
        (vec![&no_id], "stop", "a call that has no id"),
        (vec![&id, &other], "stop", "a call of two names"),
        (vec![&object], "stop", "arguments that are not text"),
        (vec![&list], "stop", "a message of another form"),
        (vec![&text], "tool_calls", "an end by calls, and no call"),
    ] {
        let outcome = assemble(Api::Chat, [stream(&deltas, &[reason]).as_bytes()]).1;
        assert_eq!(outcome, Err(malformed(why)), "{deltas:?}");
    }
    let ends = stream(&[&text], &["stop", "length"]);
    assert_eq!(assemble(Api::Chat, [ends.as_bytes()]).1, Err(malformed("a second end")));
    for more in [&text, &id] {
        let late = stream(&[], &["stop"]) + &stream(&[more], &[]);
        let why = "more of an answer that has ended";
        assert_eq!(assemble(Api::Chat, [late.as_bytes()]).1, Err(malformed(why)));
    }
    let many: Vec<_> = (0..1_001).map(|n| call(&format!(r#"{{"id":"{n}"}}"#))).collect();
    let many = stream(&many.iter().collect::<Vec<_>>(), &["stop"]);
    assert_eq!(assemble(Api::Chat, [many.as_bytes()]).1, Err(malformed("too many calls")));
    let harmless = stream(&[&text], &["stop"]) + &stream(&[&r#"{"content":""}"#.into()], &["stop"]);
    assert_eq!(assemble(Api::Chat, [harmless.as_bytes()]).1.unwrap().text(), "a");
}

/// A stream of these deltas and ends, and no more.
fn stream(deltas: &[&String], ends: &[&str]) -> String {
    let deltas = deltas.iter().map(|delta| format!(r#""delta":{delta}"#));
    let ends = ends.iter().map(|end| format!(r#""delta":{{}},"finish_reason":"{end}""#));
    deltas.chain(ends).map(|choice| format!("data: {{\"choices\":[{{{choice}}}]}}\n\n")).collect()
}

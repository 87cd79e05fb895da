//! OpenAI Responses.

use holdpoint_core::message::{Finish, Part, Usage};
use holdpoint_core::stream::sse::EVENT_BYTES_MAX;
use holdpoint_core::stream::{ANSWER_BYTES_MAX, Api, Assembler, Delta, StreamError};

use crate::{TRANSFER, call, malformed, said, upstream};

#[track_caller]
fn check(fixture: &str, shown: &str, expected: Result<(Finish, Vec<Part>), StreamError>) {
    crate::check(Api::Responses, fixture, shown, expected);
}

#[track_caller]
fn check_stream(text: &str, shown: &str, expected: Result<(Finish, Vec<Part>), StreamError>) {
    crate::check_stream(Api::Responses, text, shown, expected);
}

fn assemble<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> crate::Outcome {
    crate::assemble(Api::Responses, pieces)
}

#[test]
fn text_is_shown_and_said() {
    let parts = vec![Part::Other, said("Your balance is 950.")];
    check("text", "Your balance is 950.", Ok((Finish::Complete, parts)));
}

#[test]
fn interleaved_calls_keep_their_order() {
    let fifty = call("call_a", "transfer", r#"{"amount":50,"recipient":"Alice"}"#);
    let parts = vec![Part::Other, fifty, call("call_b", "check_balance", "{}")];
    check("parallel_calls", "[1: transfer][2: check_balance]", Ok((Finish::Complete, parts)));
}

#[test]
fn arguments_are_given_as_they_were_written() {
    let shown = "[0: check_balance][1: check_balance]";
    let balance = |id, arguments| call(id, "check_balance", arguments);
    let parts = vec![balance("call_a", ""), balance("call_b", "{}"), balance("call_c", "")];
    let all = format!("{shown}[2: check_balance]");
    check("empty_arguments", &all, Ok((Finish::Complete, parts)));
    let parts = vec![balance("call_a", "null"), balance("call_b", "")];
    check("null_arguments", shown, Ok((Finish::Complete, parts)));
}

#[test]
fn characters_survive_any_cut() {
    let zoe = r#"{"amount":5,"recipient":"Zoë 😀 \ud83d\ude00"}"#;
    let parts = vec![said("已付款 😀 Zoë"), call("call_a", "transfer", zoe)];
    check("unicode", "已付款 😀 Zoë[1: transfer]", Ok((Finish::Complete, parts)));
}

#[test]
fn half_a_surrogate_pair_is_not_shown_but_the_text_is_whole() {
    check("surrogates", "Paid  to Zoë", Ok((Finish::Complete, vec![said("Paid 😀 to Zoë")])));
}

#[test]
fn refusal_is_told_from_text() {
    let words = "I can't help with that.";
    let shown: String =
        ["I can't", " help w", "ith tha", "t."].map(|part| format!("[no: {part}]")).concat();
    check("refusal", &shown, Ok((Finish::Complete, vec![Part::Refusal(words.into())])));
}

#[test]
fn an_answer_cut_short_is_incomplete() {
    let parts = vec![call("call_a", "transfer", r#"{"amount":5"#)];
    let finish = Finish::Incomplete("max_output_tokens".into());
    check("incomplete", "[0: transfer]", Ok((finish, parts)));
}

#[test]
fn a_failed_answer_says_why() {
    let message = "The model failed to answer.".into();
    let finish = Finish::Failed { code: "server_error".into(), message };
    check("failed", "[0: transfer]", Ok((finish, vec![])));
}

#[test]
fn an_error_in_the_stream_is_the_outcome() {
    check("error_event", "[0: transfer]", Err(upstream("rate_limit_exceeded", "Slow down.")));
    check("error_without_type", "", Err(upstream("server_error", "Overloaded.")));
    let nested = r#"data: {"type":"error","error":{"code":429,"message":"Later."}}"#;
    check_stream(&format!("{nested}\n\n"), "", Err(upstream("429", "Later.")));
    check_stream(
        "event: error\ndata: {\"error\":\"Gone.\"}\n\n",
        "",
        Err(upstream("error", "Gone.")),
    );
    check_stream("event: error\ndata: {\"detail\":1}\n\n", "", Err(upstream("error", "")));
}

#[test]
fn a_quiet_stream_is_waited_for() {
    let words = "Sorry for the wait.";
    check("keep_alive", words, Ok((Finish::Complete, vec![said(words)])));
}

#[test]
fn a_stream_without_its_last_event_says_nothing() {
    check("interrupted", "[0: transfer]", Err(StreamError::Interrupted));
    check_stream("", "", Err(StreamError::Interrupted));
    check_stream("data: [DONE]\n\n", "", Err(StreamError::Interrupted));
}

#[test]
fn calls_of_one_id_are_both_reported() {
    let bob = call("call_a", "transfer", r#"{"amount":9,"recipient":"Bob"}"#);
    let parts = vec![call("call_a", "transfer", TRANSFER), bob];
    check("duplicate_call_ids", "[0: transfer][1: transfer]", Ok((Finish::Complete, parts)));
}

#[test]
fn calls_alike_are_both_reported() {
    let parts = vec![call("call_a", "transfer", TRANSFER), call("call_b", "transfer", TRANSFER)];
    check("identical_calls", "[0: transfer][1: transfer]", Ok((Finish::Complete, parts)));
}

#[test]
fn events_of_unknown_types_are_skipped() {
    check("unknown_events", "Done.", Ok((Finish::Complete, vec![Part::Other, said("Done.")])));
}

#[test]
fn a_tool_of_any_name_is_reported() {
    let parts = vec![call("call_a", "drop_tables", r#"{"all":true}"#)];
    check("unknown_tool", "[0: drop_tables]", Ok((Finish::Complete, parts)));
}

#[test]
fn items_without_events_are_taken_from_the_last_event() {
    let parts = vec![said("One moment."), call("call_a", "transfer", TRANSFER)];
    check("output_only", "", Ok((Finish::Complete, parts)));
}

#[test]
fn a_last_event_that_repeats_less_takes_nothing_away() {
    let message = |id, text| {
        let content = format!(r#"[{{"type":"output_text","text":"{text}"}}]"#);
        format!(r#"{{"type":"message","id":"{id}","content":{content}}}"#)
    };
    let done = |place, item| {
        let kind = "response.output_item.done";
        format!("data: {{\"type\":\"{kind}\",\"output_index\":{place},\"item\":{item}}}\n\n")
    };
    let (first, second) = (message("a", "One. "), message("b", "Two."));
    let end =
        format!(r#"data: {{"type":"response.completed","response":{{"output":[{second}]}}}}"#);
    let answer = Ok((Finish::Complete, vec![said("One. "), said("Two.")]));
    // Events may end in another order than that of the answer.
    let events = [done(1, &second), done(0, &first), done(1, &second), end.clone()];
    check_stream(&events.concat(), "", answer);
    // An item is not taken twice because the repetition gives it another place.
    let events = [done(1, &second), end];
    check_stream(&events.concat(), "", Ok((Finish::Complete, vec![said("Two.")])));
}

#[test]
fn an_item_is_what_its_own_event_says() {
    let done = r#"{"type":"reasoning","encrypted_content":"sealed"}"#;
    let call = r#"{"type":"function_call","call_id":"a","name":"b","arguments":"{}"}"#;
    let text = format!(
        "data: {{\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{done}}}\n\n\
         data: {{\"type\":\"response.completed\",\"response\":{{\"output\":[{{}},{call}]}}}}\n\n"
    );
    let items = assemble([text.as_bytes()]).1.unwrap().items;
    let raw: Vec<_> = items.iter().map(|item| item.raw.clone().unwrap().to_string()).collect();
    let expected = [done, call].map(|raw| raw.parse::<serde_json::Value>().unwrap().to_string());
    assert_eq!(raw, expected);
}

#[test]
fn a_message_of_several_parts_is_one_item() {
    let parts = vec![said("First, second."), Part::Refusal("Or rather not.".into())];
    let shown = "First, second.{\"actions\":[]}[no: Or rath][no: er not.]";
    check("several_parts", shown, Ok((Finish::Complete, parts)));
}

#[test]
fn a_call_that_began_and_did_not_end_spoils_the_answer() {
    let reason = "the end of an answer whose items have not all ended";
    check("call_without_end", "[0: transfer]", Err(malformed(reason)));
}

#[test]
fn what_breaks_the_format_is_refused() {
    let done =
        |item: &str| format!(r#"{{"type":"response.output_item.done","output_index":0,{item}}}"#);
    let message = |id| done(&format!(r#""item":{{"type":"message","id":"{id}","content":[]}}"#));
    for (events, reason) in [
        (vec!["{".to_owned()], "bad JSON: EOF while parsing an object at line 1 column 1"),
        (vec![r#"{"type":"response.output_item.done"}"#.to_owned()], "an item without a place"),
        (vec![message("a"), message("b")], "a place that another item has"),
        (vec![done(r#""item":{"type":"function_call"}"#)], "a call that has no call_id"),
        (
            vec![done(r#""item":{"type":"function_call","call_id":"a","arguments":{}}"#)],
            "arguments that are not text",
        ),
    ] {
        let text: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
        check_stream(&text, "", Err(malformed(reason)));
    }
}

#[test]
fn a_completion_that_denies_itself_is_incomplete() {
    let text = r#"data: {"type":"response.completed","response":{"status":"cancelled"}}"#;
    check_stream(text, "", Ok((Finish::Incomplete("cancelled".into()), vec![])));
}

#[test]
fn a_page_is_not_an_event_stream() {
    for page in ["<!DOCTYPE html>\n<title>502</title>\n", "[1,\n2]", r#"{"detail":"no"}"#] {
        assert_eq!(assemble([page.as_bytes()]).1, Err(StreamError::NotEventStream));
    }
}

#[test]
fn an_error_is_final_and_reported_after_what_was_shown() {
    let hello = "data: {\"type\":\"response.output_text.delta\",\"delta\":\"Hello\"}\n\n";
    let mut assembler = Assembler::new(Api::Responses);
    let shown = assembler.push(format!("{hello}data: no\n\n{hello}").as_bytes());
    assert_eq!(shown, Ok(vec![Delta::Text("Hello".into())]));
    assert!(assembler.is_done());
    let error = assembler.push(hello.as_bytes()).unwrap_err();
    assert_eq!(error.code(), "malformed_stream");
    assert_eq!(assembler.finish(), Err(error));
}

#[test]
fn nothing_counts_after_the_answer() {
    let text = crate::read(Api::Responses, "unknown_tool");
    let text = text.as_str();
    let answer = assemble([text.as_bytes()]);
    let error = "data: {\"error\":{\"message\":\"late\"}}\n\n";
    assert_eq!(assemble([format!("{text}{error}").as_bytes()]), answer);
    assert_eq!(assemble([text, error].map(str::as_bytes)), answer);
}

#[test]
fn an_answer_without_end_is_refused() {
    let mut assembler = Assembler::new(Api::Responses);
    let event = format!("data: {{\"x\":\"{}\"}}\n\n", "x".repeat(EVENT_BYTES_MAX / 2));
    let pushes = ANSWER_BYTES_MAX / event.len();
    for _ in 0..pushes {
        assert_eq!(assembler.push(event.as_bytes()), Ok(vec![]));
    }
    assert!(!assembler.is_done());
    let too_long = StreamError::TooLong { bytes_max: ANSWER_BYTES_MAX };
    assert_eq!(assembler.push(event.as_bytes()), Err(too_long));
}

#[test]
fn an_item_of_no_type_is_refused() {
    let text = r#"data: {"type":"response.output_item.done","output_index":0,"item":{"chat":{}}}"#;
    check_stream(&format!("{text}\n\n"), "", Err(malformed("an item without a type")));
}

#[test]
fn tokens_are_counted() {
    let usage = crate::answer(Api::Responses, "text").usage;
    assert_eq!(usage, Some(Usage { input: 211, output: 34 }));
}

//! What the stand-in says and calls.

use serde_json::Value;

use crate::conversation::Conversation;
use crate::english::{self, Wish};
use crate::wire::{fill, json, quoted};

/// An answer before it is put on the wire.
pub(crate) enum Reply {
    Text(String),
    Calls(Vec<Call>),
}

/// A call with every argument known.
pub(crate) struct Call {
    pub(crate) tool: &'static str,
    /// An object in JSON.
    pub(crate) arguments: String,
    deed: String,
}

/// Decides on the answer: what was sent back first, then results, then what was asked.
pub(crate) fn to(conversation: &Conversation<'_>) -> Reply {
    let mut left_out = String::new();
    let reply = match mended(conversation, &mut left_out) {
        Some(calls) => Reply::Calls(calls),
        None if !conversation.results.is_empty() => Reply::Text(summary(&conversation.results)),
        None if !left_out.is_empty() => Reply::Text(std::mem::take(&mut left_out)),
        None if conversation.faults.is_some() => {
            let words = "I could not make a valid plan of that. Please say it in other words.";
            Reply::Text(words.into())
        }
        None => to_ask(conversation),
    };
    if conversation.plan { Reply::Text(plan(reply, &left_out)) } else { reply }
}

/// What is left of an answer that was sent back without the calls that the report is about, if
/// anything is; once, since the same answer would come back again.
fn mended(conversation: &Conversation<'_>, left_out: &mut String) -> Option<Vec<Call>> {
    let faults = conversation.faults.as_ref().filter(|_| conversation.reports == 1)?;
    // A fault without a tool is one of the whole.
    if faults.iter().any(|fault| !fault["tool"].is_string()) {
        return None;
    }
    let Reply::Calls(mut calls) = to_ask(conversation) else { return None };
    calls.retain(|call| {
        let fault = faults.iter().find(|fault| fault["tool"] == call.tool);
        if let Some(fault) = fault {
            let why = fault["message"].as_str().unwrap_or("it is not valid");
            push(left_out, " ", &fill("I cannot %: %.", &[&call.deed, why]));
        }
        fault.is_none()
    });
    (!calls.is_empty() && !faults.is_empty()).then_some(calls)
}

fn to_ask(conversation: &Conversation<'_>) -> Reply {
    if let Some(words) = english::lorem(&conversation.ask) {
        return Reply::Text(lorem(words));
    }
    let wishes = english::wishes(&conversation.ask);
    if wishes.is_empty() {
        return Reply::Text(small_talk(&conversation.ask));
    }
    let mut calls = Vec::new();
    let mut open = String::new();
    for wish in wishes {
        match call(wish) {
            Ok(call) if conversation.offers(call.tool) => calls.push(call),
            Ok(call) => push(&mut open, " ", &fill("I have no tool here to %.", &[&call.deed])),
            Err(question) => push(&mut open, " ", &question),
        }
    }
    // One open question stops the rest: half of a request may not be what was meant.
    if open.is_empty() { Reply::Calls(calls) } else { Reply::Text(open) }
}

/// A wish as a call, or the question that is still open.
fn call(wish: Wish) -> Result<Call, String> {
    match wish {
        Wish::CheckBalance => {
            let deed = deed("check_balance", &Value::Null);
            Ok(Call { tool: "check_balance", arguments: "{}".into(), deed })
        }
        Wish::Deposit { amount: Some(amount) } => Ok(Call {
            tool: "deposit",
            arguments: fill(r#"{"amount":%}"#, &[&amount]),
            deed: fill("deposit %", &[&grouped(&amount)]),
        }),
        Wish::Transfer { amount: Some(amount), recipient: Some(recipient) } => Ok(Call {
            tool: "transfer",
            arguments: fill(r#"{"amount":%,"recipient":%}"#, &[&amount, &quoted(&recipient)]),
            deed: fill("transfer % to %", &[&grouped(&amount), &recipient]),
        }),
        Wish::Deposit { amount: None } => Err("How much do you want to deposit?".into()),
        Wish::Transfer { amount: None, recipient: Some(recipient) } => {
            Err(fill("How much do you want to transfer to %?", &[&recipient]))
        }
        Wish::Transfer { amount: Some(amount), recipient: None } => {
            Err(fill("To whom do you want to transfer %?", &[&grouped(&amount)]))
        }
        Wish::Transfer { amount: None, recipient: None } => {
            Err("How much do you want to transfer, and to whom?".into())
        }
    }
}

/// The same answer as a plan: one JSON object in a text.
fn plan(reply: Reply, left_out: &str) -> String {
    let mut actions = String::new();
    let text = match reply {
        Reply::Text(text) => text,
        Reply::Calls(calls) => {
            let mut deeds = String::new();
            for call in &calls {
                push(&mut deeds, ", then ", &call.deed);
                let reason = quoted(&fill("You asked me to %.", &[&call.deed]));
                push(&mut actions, ",", &fill(ACTION, &[call.tool, &call.arguments, &reason]));
            }
            let mut text = fill("I will %.", &[&deeds]);
            if !left_out.is_empty() {
                push(&mut text, " ", left_out);
            }
            text
        }
    };
    fill(r#"{"reply":%,"actions":[%]}"#, &[&quoted(&text), &actions])
}

const ACTION: &str = r#"{"action":"%","arguments":%,"requires_confirmation":false,"reason":%}"#;

/// Adds to a list, with a separator between any two.
fn push(list: &mut String, separator: &str, item: &str) {
    if !list.is_empty() {
        list.push_str(separator);
    }
    list.push_str(item);
}

/// What happened, a sentence for each call.
fn summary(results: &[Value]) -> String {
    if let [result] = results {
        return sentence(result, true);
    }
    let mut list = String::new();
    for (index, result) in results.iter().enumerate() {
        let last = index + 1 == results.len();
        push(&mut list, "\n", &fill("- %", &[&sentence(result, last)]));
    }
    list
}

fn sentence(result: &Value, last: bool) -> String {
    // A rule may deny as well as a person.
    let (template, detail) = match result["status"].as_str().unwrap_or_default() {
        "succeeded" => return success(result, last),
        "failed" => ("I could not %%.", &result["error"]),
        "invalid" => ("I could not %: the call was not valid%.", &result["issues"][0]["message"]),
        "denied" if result["rule"].is_string() => {
            ("I did not %: a rule forbids it%.", &result["reason"])
        }
        "denied" => ("I did not %: you declined it%.", &result["reason"]),
        "answered" => ("I did not %: you answered%.", &result["answer"]),
        "expired" => ("I did not %: nobody decided in time%.", &result["reason"]),
        "cancelled" => ("I did not %: it was cancelled%.", &result["reason"]),
        "skipped" => ("I did not %: it was skipped%.", &result["reason"]),
        "in_doubt" => (
            "I was to %, but I do not know whether it happened%. Please check before you try again.",
            &result["reason"],
        ),
        _ => ("I do not know what became of the request to %%.", &Value::Null),
    };
    let detail = match detail.as_str() {
        None | Some("") => String::new(),
        Some(words) => fill(" (%)", &[words.trim_end_matches(['.', '\n'])]),
    };
    fill(template, &[&deed(tool_of(result), &result["arguments"]), &detail])
}

/// The figures of the result count, not those of the call: a person may have edited them.
fn success(result: &Value, last: bool) -> String {
    let (value, arguments) = (&result["result"], &result["arguments"]);
    let balance = number(&value["balance"]);
    let after = match &balance {
        Some(balance) => fill(" The balance is %.", &[balance]),
        None => String::new(),
    };
    let asked = || number(&arguments["amount"]).unwrap_or_else(|| "the amount".into());
    match (tool_of(result), balance) {
        ("check_balance", Some(balance)) => {
            fill("Your balance % **%**.", &[if last { "is" } else { "was" }, &balance])
        }
        ("deposit", _) => {
            let amount = number(&value["deposited"]).unwrap_or_else(asked);
            fill("Done: % deposited.%", &[&amount, &after])
        }
        ("transfer", _) => {
            let amount = number(&value["transferred"]).unwrap_or_else(asked);
            let recipient = value["recipient"].as_str().or(arguments["recipient"].as_str());
            let recipient = recipient.unwrap_or("the recipient");
            fill("Done: % to %.%", &[&amount, recipient, &after])
        }
        (tool, _) => fill("Done: `%` answered `%`.", &[tool, &json(value)]),
    }
}

fn tool_of(result: &Value) -> &str {
    result["action"].as_str().unwrap_or_default()
}

/// A call as an English infinitive.
fn deed(tool: &str, arguments: &Value) -> String {
    let amount = number(&arguments["amount"]).unwrap_or_else(|| "money".into());
    match (tool, arguments["recipient"].as_str()) {
        ("check_balance", _) => "check your balance".into(),
        ("deposit", _) => fill("deposit %", &[&amount]),
        ("transfer", Some(recipient)) => fill("transfer % to %", &[&amount, recipient]),
        ("transfer", None) => fill("transfer %", &[&amount]),
        _ => fill("run `%`", &[tool]),
    }
}

fn number(value: &Value) -> Option<String> {
    value.is_number().then(|| grouped(&json(value)))
}

/// A number in JSON as people read it: `1,234.5`.
fn grouped(number: &str) -> String {
    let number = number.strip_suffix(".0").unwrap_or(number);
    let start = usize::from(number.starts_with('-'));
    let end = number.bytes().skip(start).take_while(u8::is_ascii_digit).count() + start;
    let mut grouped = String::new();
    for (index, letter) in number.char_indices() {
        if index > start && index < end && (end - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(letter);
    }
    grouped
}

fn small_talk(ask: &str) -> String {
    let ask = ask.to_ascii_lowercase();
    let says = |words: &[&str]| {
        ask.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| words.contains(&word))
    };
    let opening = if says(&["thanks", "thank"]) {
        return "You are welcome. Is there anything else that I can do?".into();
    } else if says(&["hello", "hi", "hey"]) {
        "Hello! I am the **bank agent** of this demo."
    } else if says(&["who", "what", "help", "can"]) {
        "I am the **bank agent** of this demo: a small stand-in for a language model, \
         which always gives the same answers."
    } else {
        "I am only a small stand-in for a language model, and I know nothing but **this bank**."
    };
    fill(ABILITIES, &[opening])
}

const ABILITIES: &str = "% I can:\n\n\
    - **check** your balance\n\
    - **deposit** money\n\
    - **transfer** money to someone; what is risky waits for your approval\n\n\
    Try *check my balance and transfer 50 to Alice*, or *transfer 500 to Alice*.";

/// A Markdown text of so many words: a heading, a paragraph and a list, over and over.
fn lorem(words: usize) -> String {
    let mut text = String::new();
    for index in 0..words.clamp(1, LOREM_MAX) {
        let place = index % LOREM.len();
        text.push_str(match place {
            0 if index == 0 => "## ",
            0 => "\n\n## ",
            3 => "\n\n",
            19 => "\n\n- ",
            23 | 27 => "\n- ",
            _ => " ",
        });
        text.push_str(LOREM[place]);
    }
    text
}

const LOREM_MAX: usize = 100_000;

#[rustfmt::skip]
const LOREM: [&str; 30] = [
    "Lorem", "ipsum", "dolor",
    "sit", "amet,", "**consectetur**", "adipiscing", "elit,", "sed", "do", "eiusmod", "*tempor*",
    "incididunt", "ut", "labore", "et", "`dolore`", "magna", "aliqua.",
    "ut", "enim", "ad", "minim", "quis", "nostrud", "exercitation", "ullamco", "laboris", "nisi", "ut",
];

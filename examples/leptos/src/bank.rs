use leptos::prelude::*;
use leptos::web_sys::Element;
use serde_json::{Value, json};

#[derive(Clone)]
struct Transfer {
    amount: f64,
    recipient: String,
}

/// The page: the balance, what was transferred, and the assistant.
#[component]
pub(crate) fn Bank() -> impl IntoView {
    let transfers = RwSignal::new(Vec::<Transfer>::new());
    let balance =
        Memo::new(move |_| 1000.0 - transfers.read().iter().map(|it| it.amount).sum::<f64>());
    let is_open = RwSignal::new(true);

    let transfer = move |asked: Value| {
        let amount = asked["amount"].as_f64().ok_or("no amount")?;
        let recipient = asked["recipient"].as_str().ok_or("no recipient")?.to_owned();
        if amount > balance.get_untracked() {
            return Err("the balance does not cover it".to_owned());
        }
        transfers.write().push(Transfer { amount, recipient });
        Ok(json!({ "transferred": amount, "balance": balance.get_untracked() }))
    };

    // The element comes and goes with `Show`, and its tools with it.
    let offer_tools = move |agent: Element| {
        let offered = StoredValue::new_local(vec![
            holdpoint::offer(&agent, &check_balance(), move |_| {
                Box::pin(async move { Ok(json!({ "balance": balance.get_untracked() })) })
            }),
            holdpoint::offer(&agent, &transfer_tool(), move |asked| {
                Box::pin(async move { transfer(asked) })
            }),
        ]);
        on_cleanup(move || offered.dispose());
    };

    view! {
        <p>"Balance: " <output id="balance">{balance}</output></p>
        <ul id="transfers">
            {move || {
                let line = |it: Transfer| view! { <li>{format!("{} to {}", it.amount, it.recipient)}</li> };
                transfers.get().into_iter().map(line).collect_view()
            }}
        </ul>
        <button id="toggle" on:click=move |_| is_open.update(|is_open| *is_open = !*is_open)>
            {move || if is_open.get() { "Close" } else { "Open" }}
            " the assistant"
        </button>
        <Show when=move || is_open.get()>
            <holdpoint-agent api="demo" use:offer_tools />
        </Show>
    }
}

fn check_balance() -> Value {
    json!({
        "name": "check_balance",
        "description": "Returns the balance of the account",
        "annotations": { "readOnlyHint": true },
    })
}

fn transfer_tool() -> Value {
    json!({
        "name": "transfer",
        "description": "Transfers an amount to a recipient",
        "inputSchema": {
            "type": "object",
            "properties": {
                "amount": { "type": "number", "exclusiveMinimum": 0 },
                "recipient": { "type": "string" },
            },
            "required": ["amount", "recipient"],
        },
        "approval": [{
            "id": "above-100",
            "when": { "properties": { "amount": { "exclusiveMinimum": 100 } } },
            "because": "transfers above 100 need a person",
        }],
    })
}

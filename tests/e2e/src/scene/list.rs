//! The states, and what leads to them.

use super::{Scene, Step};
use crate::lab::{Answer, Point};

/// All states.
pub const SCENES: &[Scene] = &[
    Scene { name: "empty", shows: "Nothing was asked yet", query: "", steps: &[] },
    Scene {
        name: "answering",
        shows: "An answer comes in",
        query: "",
        steps: &[
            Step::Answer(|| Answer::HeldAfter(64)),
            Step::Say("lorem 300"),
            Step::Shows("Lorem"),
        ],
    },
    Scene {
        name: "answer",
        shows: "An answer in Markdown: links name their host, nothing is loaded",
        query: "",
        steps: &[
            Step::Answer(|| Answer::Says(MARKDOWN.to_owned())),
            Step::Say("How do transfers work?"),
            Step::Idle,
        ],
    },
    Scene {
        name: "held-read",
        shows: "A call that only reads waits",
        query: "hints=readOnlyHint&",
        steps: &[Step::Say("Transfer 500 to Alice"), Step::Cards(1)],
    },
    Scene {
        name: "held",
        shows: "A call that changes data waits",
        query: "",
        steps: &[Step::Say("Transfer 500 to Alice"), Step::Cards(1)],
    },
    Scene {
        name: "held-critical",
        shows: "A call that cannot be undone waits, with its preview and its time",
        query: "hints=destructiveHint&preview&expires=300000&",
        steps: &[Step::Say("Transfer 500 to Alice"), Step::Cards(1)],
    },
    Scene {
        name: "held-hostile",
        shows: "What would mislead a reader is spelled out",
        query: "",
        steps: &[
            Step::Answer(|| Answer::Calls(vec![("transfer".to_owned(), HOSTILE.to_owned())])),
            Step::Say("Pay the invoice"),
            Step::Cards(1),
        ],
    },
    Scene {
        name: "several",
        shows: "Three calls wait, each for itself",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice and 30 to Bob and 7 to Carol"),
            Step::Cards(3),
            Step::Run(TO_TOP),
        ],
    },
    Scene {
        name: "batch",
        shows: "Calls of one tool and risk are decided together, each by a decision of its own",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice and 30 to Bob and 7 to Carol"),
            Step::Cards(3),
            Step::Click("select-all"),
            Step::Shows("Approve 3"),
        ],
    },
    Scene {
        name: "deny-form",
        shows: "Why not? The model reads the answer",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Click("deny-button"),
            Step::Type("deny-reason", "The invoice is not due before March."),
        ],
    },
    Scene {
        name: "storing",
        shows: "The decision is being saved",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Run(OCCUPY_STORE),
            Step::Approve,
            Step::Shows("Saving…"),
        ],
    },
    Scene {
        name: "running",
        shows: "The call was approved and runs",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Hold(Point::BeforeEffect),
            Step::Approve,
            Step::Reached,
            Step::Shows("running…"),
        ],
    },
    Scene {
        name: "tool-absent",
        shows: "The tool of a held call is not on the page",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Reopen("tools=none&"),
            Step::Cards(1),
            Step::Shows("The tool is not on this page"),
        ],
    },
    Scene {
        name: "edit",
        shows: "The arguments in a form made of the tool's schema",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Click("edit-button"),
            Step::Shows("Review"),
        ],
    },
    Scene {
        name: "edit-fault",
        shows: "What the tool does not take is said beside its field",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Click("edit-button"),
            Step::Fill("amount", "x"),
            Step::Click("review-button"),
            Step::There("field-error"),
        ],
    },
    Scene {
        name: "review",
        shows: "What was changed, once more before it is approved",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Click("edit-button"),
            Step::Fill("amount", "0"),
            Step::Click("review-button"),
            Step::There("review"),
            Step::Cards(1),
        ],
    },
    Scene {
        name: "answer-form",
        shows: "Something to know in place of the call",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Click("answer-button"),
            Step::Type("answer-text", "Alice was paid in cash."),
        ],
    },
    Scene {
        name: "answered",
        shows: "What the person said in place of the call",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Click("answer-button"),
            Step::Type("answer-text", "Alice was paid in cash."),
            Step::Press("Send answer"),
            Step::Idle,
        ],
    },
    Scene {
        name: "confirm",
        shows: "What cannot be undone asks for a second step: a word, or a button that is held",
        query: "hints=destructiveHint&preview&",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Approve,
            Step::There("confirm-dialog"),
        ],
    },
    Scene {
        name: "remember",
        shows: "A decision that is to stand for others, as the rule that is saved",
        query: "expires=300000&",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Click("remember"),
            Step::There("rule-sentence"),
        ],
    },
    Scene {
        name: "undo",
        shows: "An approval that can still be taken back",
        query: "undo=600000&",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Approve,
            Step::There("undo-button"),
        ],
    },
    Scene {
        name: "lapsed",
        shows: "The time is over, and the call waits to be asked for anew",
        query: "expires=1&late=ask-again&",
        steps: &[Step::Say("Transfer 500 to Alice"), Step::There("lapsed")],
    },
    Scene {
        name: "changed",
        shows: "The state of things was another one at the click: nothing ran, and this is new",
        query: "fresh&",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Approve,
            Step::There("card-changed"),
            Step::Cards(1),
        ],
    },
    Scene {
        name: "plan",
        shows: "A plan of two steps waits; the model's own word is overruled",
        query: "mode=plan&",
        steps: &[Step::Say("Transfer 500 to Alice and 30 to Bob"), Step::Cards(1)],
    },
    Scene {
        name: "receipts",
        shows: "What was done, what failed and what was denied",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice and 30 to Nobody and 7 to Carol"),
            Step::Cards(3),
            Step::Run(APPROVE_FIRST),
            Step::Cards(2),
            Step::Run(APPROVE_FIRST),
            Step::Cards(1),
            Step::Deny("Not this month."),
            Step::Idle,
        ],
    },
    Scene {
        name: "skipped",
        shows: "What a plan had behind a denied step is not done",
        query: "mode=plan&",
        steps: &[
            Step::Say("Transfer 500 to Alice and 30 to Bob"),
            Step::Cards(1),
            Step::Deny("Ask Bob first."),
            Step::Idle,
        ],
    },
    Scene {
        name: "expired",
        shows: "Nobody decided in time",
        query: "expires=1&",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Shows("nobody decided in time"),
            Step::Idle,
        ],
    },
    Scene {
        name: "stopped",
        shows: "A run that the person stopped",
        query: "",
        steps: &[
            Step::Answer(|| Answer::HeldAfter(64)),
            Step::Say("lorem 300"),
            Step::Shows("Lorem"),
            Step::Click("stop-button"),
            Step::Shows("You stopped this"),
        ],
    },
    Scene {
        name: "refused",
        shows: "The model proposed what the tool does not take, and then what it does",
        query: "",
        steps: &[
            Step::Answer(|| {
                Answer::Calls(vec![("transfer".to_owned(), r#"{"amount":"much"}"#.to_owned())])
            }),
            Step::Say("Transfer 500 to Alice"),
            Step::Shows("nothing of it ran"),
            Step::Idle,
        ],
    },
    Scene {
        name: "in-doubt",
        shows: "Nobody saw the end of a call",
        query: "verify&",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Hold(Point::BeforeEffect),
            Step::Approve,
            Step::Reached,
            Step::Reopen("verify&"),
            Step::Shows("In doubt"),
        ],
    },
    Scene {
        name: "confirmed",
        shows: "The person said what became of it",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Hold(Point::AfterEffect),
            Step::Approve,
            Step::Reached,
            Step::Reopen(""),
            Step::Press("It happened"),
            Step::Idle,
        ],
    },
    Scene {
        name: "model-fault",
        shows: "The model gave no answer",
        query: "",
        steps: &[
            Step::Answer(|| Answer::Status(400)),
            Step::Say("Transfer 500 to Alice"),
            Step::Shows("The model gave no answer"),
        ],
    },
    Scene {
        name: "retrying",
        shows: "The model is asked again by itself",
        query: "",
        steps: &[
            Step::Answer(|| Answer::Busy(60)),
            Step::Say("Transfer 500 to Alice"),
            Step::Shows("Trying again in"),
        ],
    },
    Scene {
        name: "offline",
        shows: "There is no network; the question is kept",
        query: "",
        steps: &[
            Step::Say("Hello"),
            Step::Idle,
            Step::Offline,
            Step::Say("Transfer 500 to Alice"),
            Step::Shows("There is no network"),
        ],
    },
    Scene {
        name: "held-offline",
        shows: "A call waits, and there is no network",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Offline,
            Step::Shows("offline"),
        ],
    },
    Scene {
        name: "store-fault",
        shows: "What a call came to could not be saved yet",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Hold(Point::BeforeEffect),
            Step::Approve,
            Step::Reached,
            Step::Run(BREAK_STORE),
            Step::Release,
            Step::Shows("The last step is not saved yet"),
        ],
    },
    Scene {
        name: "not-decided",
        shows: "A decision could not be saved, and the call waits as before",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Run(BREAK_STORE),
            Step::Approve,
            Step::Shows("no room left"),
        ],
    },
    Scene {
        name: "quarantined",
        shows: "A record was changed behind the widget's back",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Run(ALTER_STORE),
            Step::Reopen(""),
            Step::Shows("This record cannot be trusted"),
        ],
    },
    Scene {
        name: "store-refused",
        shows: "The browser lets the page store nothing",
        query: "storage=refused&",
        steps: &[Step::Say("Transfer 500 to Alice"), Step::Cards(1)],
    },
    Scene {
        name: "inbox",
        shows: "Every call that a person was asked about",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Approve,
            Step::Idle,
            Step::Say("Transfer 20 to Bob"),
            Step::Cards(1),
            Step::Deny("Bob has enough."),
            Step::Idle,
            Step::Say("Transfer 70 to Chidi"),
            Step::Cards(1),
            Step::Click("inbox-button"),
            Step::Shows("Transfer 20 to Bob"),
        ],
    },
    Scene {
        name: "inbox-empty",
        shows: "Nothing was ever asked",
        query: "notifications&",
        steps: &[Step::Click("inbox-button"), Step::Shows("will be listed here")],
    },
    Scene {
        name: "inbox-nothing-found",
        shows: "A search that finds nothing",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Click("inbox-button"),
            Step::Type("inbox-search", "Nobody"),
            Step::Shows("Nothing with these words"),
        ],
    },
    Scene {
        name: "inbox-seven-days",
        shows: "What waits would not outlive a week in this browser",
        query: "vendor=Apple&",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Click("inbox-button"),
            Step::Shows("after seven days"),
        ],
    },
    Scene {
        name: "take-run",
        shows: "A run is taken to another browser",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Click("inbox-button"),
            Step::Click("take-button"),
            Step::Shows("Stop it here"),
        ],
    },
    Scene {
        name: "bring-run",
        shows: "A run's file is opened",
        query: "",
        steps: &[
            Step::Click("inbox-button"),
            Step::Click("bring-button"),
            Step::Shows("saved in another browser"),
        ],
    },
    Scene {
        name: "audit",
        shows: "The audit of all runs",
        query: "",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Approve,
            Step::Idle,
            Step::Click("inbox-button"),
            Step::Click("audit-button"),
            Step::Shows("tool finished"),
        ],
    },
    Scene {
        name: "rules",
        shows: "The rules that answer in the person's place, and how to revoke them",
        query: "rule&",
        steps: &[
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Click("remember"),
            Step::Approve,
            Step::Idle,
            Step::Click("inbox-button"),
            Step::Click("rules-button"),
            Step::Shows("amount up to 500"),
        ],
    },
    Scene {
        name: "rules-none",
        shows: "Nothing is approved without asking",
        query: "",
        steps: &[
            Step::Click("inbox-button"),
            Step::Click("rules-button"),
            Step::Shows("Nothing is approved without asking"),
        ],
    },
    Scene {
        name: "popover-closed",
        shows: "The launcher, with what waits",
        query: "layout=popover&",
        steps: &[
            Step::Run("agent.open = true"),
            Step::Say("Transfer 500 to Alice"),
            Step::Cards(1),
            Step::Run("agent.open = false"),
            Step::Cards(0),
        ],
    },
    Scene {
        name: "popover-open",
        shows: "The panel above the launcher",
        query: "layout=popover&open&",
        steps: &[Step::Say("Transfer 500 to Alice"), Step::Cards(1)],
    },
];

/// Something of each kind that an answer may have.
const MARKDOWN: &str = "\
## Transfers

A transfer takes **one banking day**. It needs:

1. an *amount*, and
2. a `recipient`
   - who has an account
   - see [the terms](https://bank.example/terms) or <https://bank.example/help>

| up to | approval | fee |
|---|:-:|--:|
| 100 | none | 0.00 |
| 10,000 | one person | 1.50 |

> What was approved is done once.

```js
await bank.transfer({ amount: 500, recipient: \"Alice\" });
```

---

![a picture](https://tracker.example/pixel.gif) and <b>no HTML</b>.";

/// A direction that is turned, a space that is none, a letter that is another, a line too much.
const HOSTILE: &str = r#"{"amount":500,"recipient":"Alice\u202egnp.exe \u200bLtd.\n\nApproved by the bank ✓                    аlice@bank.example"}"#;

/// As a page does it that has a card of its own.
const APPROVE_FIRST: &str = "
    const [{ callId, digest }] = agent.pending;
    await agent.approve(callId, { digest });";

const TO_TOP: &str = "agent.shadowRoot.querySelector('[part~=transcript]').scrollTop = 0;
     await new Promise(requestAnimationFrame);";

/// Another transaction has the store, and does not let go as long as the page is there.
const OCCUPY_STORE: &str = "
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open(`holdpoint:${args[0]}`);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const transaction = database.transaction(['runs', 'entries'], 'readwrite');
    const again = () => (transaction.objectStore('runs').get('-').onsuccess = again);
    again();";

/// Nothing more can be written.
pub const BREAK_STORE: &str = "
    const full = () => { throw new DOMException('the lab is full', 'QuotaExceededError'); };
    IDBObjectStore.prototype.add = full;
    IDBObjectStore.prototype.put = full;";

/// Replaces a text in the entry that holds the model's answer.
const ALTER_STORE: &str = "
    const settled = (request) => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const database = await settled(indexedDB.open(`holdpoint:${args[0]}`));
    const transaction = database.transaction('entries', 'readwrite');
    const store = transaction.objectStore('entries');
    for (const key of await settled(store.getAllKeys())) {
      const text = await settled(store.get(key));
      store.put(text.replaceAll('500', '5000'), key);
    }
    await new Promise((resolve) => (transaction.oncomplete = resolve));
    database.close();";

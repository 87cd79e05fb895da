//! What is there for every tab: a bank that counts and a model with a script.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use futures_channel::oneshot;
use holdpoint::driver::ports::{
    ModelClient, ModelError, Retry, Task, ToolHost, ToolRequest, Verified,
};
use holdpoint_core::id::CallId;
use holdpoint_core::message::{ModelRequest, ModelResponse};
use holdpoint_core::plan::{Action, Note};
use holdpoint_core::run::ToolOutcome;
use holdpoint_core::schema::NoPatterns;
use holdpoint_core::stream::Delta;
use holdpoint_core::tool::Toolbox;
use serde_json::{Value, json};

use super::Answer;

/// Counts its own transfers, whatever anyone else believes.
#[derive(Default)]
pub(crate) struct Bank {
    effects: Cell<u32>,
    hangs: Cell<bool>,
    under_way: RefCell<Vec<oneshot::Sender<()>>>,
    knows: RefCell<Option<Verified>>,
    /// What it tells of the state of things, if anything.
    state: RefCell<Option<Result<Value, String>>>,
    /// What its tool is, beside what it always is.
    terms: RefCell<Value>,
}

impl Bank {
    pub(crate) const HANGS: bool = true;

    pub(crate) fn effects(&self) -> u32 {
        self.effects.get()
    }

    /// Whether it transfers and never answers.
    pub(crate) fn set(&self, hangs: bool) {
        self.hangs.set(hangs);
    }

    /// Answers what it did not answer.
    pub(crate) fn comes_back(&self) {
        for back in self.under_way.take() {
            back.send(()).ok();
        }
    }

    pub(crate) fn tells(&self, state: Result<Value, String>) {
        self.state.replace(Some(state));
    }

    /// Changes fields of the tool's definition.
    pub(crate) fn changes(&self, terms: Value) {
        self.terms.replace(terms);
    }

    pub(crate) fn knows(&self, what: Verified) {
        self.knows.replace(Some(what));
    }
}

pub(super) struct Tools {
    pub(super) bank: Rc<Bank>,
    pub(super) registered: Rc<Cell<bool>>,
}

impl ToolHost for Tools {
    fn toolbox(&self) -> Toolbox {
        let mut tools = Toolbox::new(Rc::new(NoPatterns));
        if self.registered.get() {
            let mut transfer = json!({
                "name": "transfer",
                "description": "Transfers money",
                "inputSchema": {
                    "type": "object",
                    "properties": { "amount": { "type": "number" }, "recipient": { "type": "string" } },
                    "required": ["amount", "recipient"],
                },
                "approval": [{
                    "id": "above-100",
                    "when": { "properties": { "amount": { "exclusiveMinimum": 100 } } },
                    "because": "transfers above 100 need a person",
                }],
            });
            for (field, value) in self.bank.terms.borrow().as_object().into_iter().flatten() {
                transfer[field] = value.clone();
            }
            tools.register(&transfer).expect("a usable tool");
        }
        tools
    }

    fn note(&self, _action: &Action) -> Note {
        Note::default()
    }

    fn precondition(&self, _action: &Action) -> Option<Task<Result<Value, String>>> {
        let state = self.bank.state.borrow().clone()?;
        Some(Box::pin(async move { state }))
    }

    fn preview(&self, _action: &Action) -> Option<Task<Option<Value>>> {
        None
    }

    fn call(&self, _request: ToolRequest) -> Task<ToolOutcome> {
        let bank = Rc::clone(&self.bank);
        Box::pin(async move {
            bank.effects.set(bank.effects.get() + 1);
            if bank.hangs.get() {
                let (back, came_back) = oneshot::channel();
                bank.under_way.borrow_mut().push(back);
                came_back.await.expect("a bank");
            }
            ToolOutcome::Succeeded(json!({ "transferred": 500 }))
        })
    }

    fn abort(&self, _call: &CallId) {}

    fn verify(&self, _tool: &str, _key: &str) -> Option<Task<Result<Verified, String>>> {
        let known = self.bank.knows.borrow().clone()?;
        Some(Box::pin(async move { Ok(known) }))
    }

    fn can_verify(&self, _tool: &str) -> bool {
        self.bank.knows.borrow().is_some()
    }
}

/// Answers in order; a question too many is a fault of the test.
pub(super) struct Model {
    pub(super) answers: RefCell<VecDeque<Answer>>,
    pub(super) hangs: Cell<bool>,
    /// What it fails with before it answers.
    pub(super) errors: RefCell<VecDeque<(String, Retry)>>,
    pub(super) asked: Cell<u32>,
    /// What it was asked last.
    pub(super) question: RefCell<Option<ModelRequest>>,
    /// Questions that hang.
    pub(super) unanswered: RefCell<Vec<oneshot::Sender<Answer>>>,
    /// How many of them somebody still waits for.
    pub(super) waited_for: Rc<Cell<u32>>,
}

/// A question that somebody waits for.
struct Waiting(Rc<Cell<u32>>);

impl Waiting {
    fn new(count: &Rc<Cell<u32>>) -> Self {
        count.set(count.get() + 1);
        Self(Rc::clone(count))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl ModelClient for Model {
    fn call(
        &self,
        request: ModelRequest,
        _on_delta: Box<dyn FnMut(Delta)>,
    ) -> Task<Result<ModelResponse, ModelError>> {
        self.question.replace(Some(request));
        self.asked.set(self.asked.get() + 1);
        if self.hangs.get() {
            let waiting = Waiting::new(&self.waited_for);
            let (answer, answered) = oneshot::channel();
            self.unanswered.borrow_mut().push(answer);
            return Box::pin(async move {
                let _waiting = waiting;
                Ok(answered.await.expect("a model"))
            });
        }
        if let Some((code, retry)) = self.errors.borrow_mut().pop_front() {
            return Box::pin(async move {
                let (message, fix) = ("no answer".to_owned(), "ask again".to_owned());
                Err(ModelError { code, message, fix, retry })
            });
        }
        let answer = self.answers.borrow_mut().pop_front().expect("an answer in the script");
        Box::pin(async move { Ok(answer) })
    }
}

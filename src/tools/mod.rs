//! The page's tools: what may be called, and the calls themselves.
//!
//! A tool is data, which the core checks and the model is told of, and functions of the page, which
//! stay here. Page code sees copies only: whatever it does to its arguments, what was shown and
//! journaled stays as it was.

mod functions;
mod patterns;
mod value;

use std::cell::RefCell;
use std::future::ready;
use std::rc::Rc;

use futures_util::future::{Either, select};
use holdpoint_core::id::CallId;
use holdpoint_core::plan::{Action, Note};
use holdpoint_core::run::ToolOutcome;
use holdpoint_core::sorted::Sorted;
use holdpoint_core::tool::{DefinitionError, Toolbox};
use js_sys::{Object, Promise, Reflect};
use serde_json::Value;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortController;

use self::functions::Functions;
pub(crate) use self::patterns::RegExps;
use self::value::words;
pub(crate) use self::value::{from_page, to_page};
use crate::driver::ports::{Runtime, Task, ToolHost, ToolRequest, Verified};

/// The tools that the page has registered.
pub struct PageTools {
    runtime: Rc<dyn Runtime>,
    toolbox: RefCell<Toolbox>,
    functions: RefCell<Sorted<String, Rc<Functions>>>,
    under_way: Rc<RefCell<UnderWay>>,
}

/// How each call that is under way is told to stop.
type UnderWay = Sorted<CallId, AbortController>;

impl PageTools {
    /// No tools yet.
    pub fn new(runtime: Rc<dyn Runtime>) -> Self {
        Self {
            runtime,
            toolbox: RefCell::new(Toolbox::new(Rc::new(RegExps::default()))),
            functions: RefCell::default(),
            under_way: Rc::default(),
        }
    }

    /// Adds a tool and gives its name.
    ///
    /// The definition is read once: what the page changes in it later has no effect.
    ///
    /// # Errors
    ///
    /// As [`Toolbox::register`], and `tool_malformed` where `execute` is missing or something that
    /// has to be a function is not: `{ name: "pay", needsApproval: true }`.
    pub fn register(&self, definition: &JsValue) -> Result<String, DefinitionError> {
        let data = from_page(definition)
            .map_err(|message| malformed("", format!("expected a tool to be JSON: {message}")))?;
        if !data.is_object() {
            return Err(malformed("", "expected a tool to be an object".to_owned()));
        }
        let name = data.get("name").and_then(|name| name.as_str()).unwrap_or_default();
        let functions = Functions::read(definition).map_err(|message| malformed(name, message))?;
        let name = self.toolbox.borrow_mut().register(&data)?.name.clone();
        self.functions.borrow_mut().insert(name.clone(), Rc::new(functions));
        Ok(name)
    }

    /// Removes a tool; calls under way go on.
    pub fn unregister(&self, name: &str) -> bool {
        self.functions.borrow_mut().remove(name);
        self.toolbox.borrow_mut().unregister(name)
    }

    /// What a function gave, once it is there, as JSON.
    fn told(&self, told: Result<JsValue, JsValue>) -> Option<Task<Result<Value, String>>> {
        let runtime = Rc::clone(&self.runtime);
        Some(Box::pin(async move {
            let told = settled(&told.map_err(|thrown| words(&thrown))?);
            match select(told, runtime.sleep(VERIFY_TIMEOUT_MS)).await {
                Either::Left((told, _)) => from_page(&told.map_err(|thrown| words(&thrown))?),
                Either::Right(((), _)) => Err(no_answer_within(VERIFY_TIMEOUT_MS)),
            }
        }))
    }

    fn of(&self, tool: &str) -> Option<Rc<Functions>> {
        self.functions.borrow().get(tool).cloned()
    }
}

impl ToolHost for PageTools {
    fn toolbox(&self) -> Toolbox {
        self.toolbox.borrow().clone()
    }

    fn note(&self, action: &Action) -> Note {
        self.of(&action.tool).map(|tool| tool.note(&action.arguments)).unwrap_or_default()
    }

    fn precondition(&self, action: &Action) -> Option<Task<Result<Value, String>>> {
        self.told(self.of(&action.tool)?.precondition(&action.arguments)?)
    }

    fn preview(&self, action: &Action) -> Option<Task<Option<Value>>> {
        let told = self.told(self.of(&action.tool)?.preview(&action.arguments)?)?;
        // A card without it still shows every argument, so what fails is no reason to hold it up.
        Some(Box::pin(async move { told.await.ok().and_then(functions::shown) }))
    }

    fn call(&self, request: ToolRequest) -> Task<ToolOutcome> {
        let Some(tool) = self.of(&request.tool) else {
            return not_called("the page does not offer this tool any more");
        };
        let Ok(controller) = AbortController::new() else {
            return not_called("this browser cannot stop a call once it has begun");
        };
        let under_way = UnderWayGuard::enter(&self.under_way, &request.call, &controller);
        let runtime = Rc::clone(&self.runtime);
        Box::pin(async move {
            let _under_way = under_way;
            let context = context(&request, &controller);
            let returned = match tool.execute(&request.arguments, &context) {
                Ok(returned) => settled(&returned),
                Err(thrown) => return failed(&thrown, &controller),
            };
            let timeout = runtime.sleep(request.timeout_ms.into());
            match select(returned, timeout).await {
                Either::Left((Ok(result), _)) => finished(&result),
                Either::Left((Err(thrown), _)) => failed(&thrown, &controller),
                Either::Right(((), _)) => {
                    controller.abort();
                    ToolOutcome::Unknown(no_answer_within(request.timeout_ms.into()))
                }
            }
        })
    }

    fn abort(&self, call: &CallId) {
        // Listeners of the page run inside `abort`, so nothing may be borrowed by then.
        let controller = self.under_way.borrow().get(call).cloned();
        if let Some(controller) = controller {
            controller.abort();
        }
    }

    fn verify(&self, tool: &str, key: &str) -> Option<Task<Result<Verified, String>>> {
        let tool = self.of(tool).filter(|tool| tool.can_verify())?;
        let (key, runtime) = (JsValue::from_str(key), Rc::clone(&self.runtime));
        Some(Box::pin(async move {
            let returned = settled(&tool.verify(&key).map_err(|thrown| words(&thrown))?);
            match select(returned, runtime.sleep(VERIFY_TIMEOUT_MS)).await {
                Either::Left((known, _)) => verified(&known.map_err(|thrown| words(&thrown))?),
                Either::Right(((), _)) => Err(no_answer_within(VERIFY_TIMEOUT_MS)),
            }
        }))
    }

    fn can_verify(&self, tool: &str) -> bool {
        self.of(tool).is_some_and(|tool| tool.can_verify())
    }
}

/// The time in which a call can be told to stop.
struct UnderWayGuard {
    under_way: Rc<RefCell<UnderWay>>,
    call: CallId,
}

impl UnderWayGuard {
    fn enter(
        under_way: &Rc<RefCell<UnderWay>>,
        call: &CallId,
        controller: &AbortController,
    ) -> Self {
        under_way.borrow_mut().insert(call.clone(), controller.clone());
        Self { under_way: Rc::clone(under_way), call: call.clone() }
    }
}

impl Drop for UnderWayGuard {
    fn drop(&mut self) {
        self.under_way.borrow_mut().remove(&self.call);
    }
}

/// What a tool is told beside its arguments.
fn context(request: &ToolRequest, controller: &AbortController) -> Object {
    let context = Object::new();
    let fields: [(&str, JsValue); 4] = [
        ("idempotencyKey", request.key.as_str().into()),
        ("runId", request.run.as_str().into()),
        ("callId", request.call.as_str().into()),
        ("signal", controller.signal().into()),
    ];
    for (name, value) in fields {
        // A plain object takes any property.
        let _ = Reflect::set(&context, &name.into(), &value);
    }
    context
}

/// A value, or the promise of one, as a future.
fn settled(returned: &JsValue) -> JsFuture {
    JsFuture::from(Promise::resolve(returned))
}

fn finished(result: &JsValue) -> ToolOutcome {
    match from_page(result) {
        Ok(result) => ToolOutcome::Succeeded(result),
        Err(message) => ToolOutcome::Failed(
            ["the tool ran to its end, but its result is not JSON: ", &message].concat(),
        ),
    }
}

fn failed(thrown: &JsValue, controller: &AbortController) -> ToolOutcome {
    if Reflect::get(thrown, &"inDoubt".into()).is_ok_and(|in_doubt| in_doubt == true) {
        return ToolOutcome::Unknown(words(thrown));
    }
    let name = Reflect::get(thrown, &"name".into()).ok().and_then(|name| name.as_string());
    if controller.signal().aborted() && name.as_deref() == Some("AbortError") {
        // A request that was cut off may have been served all the same.
        return ToolOutcome::Unknown("the tool was stopped in the middle".to_owned());
    }
    ToolOutcome::Failed(words(thrown))
}

fn not_called(message: &str) -> Task<ToolOutcome> {
    Box::pin(ready(ToolOutcome::Failed(message.to_owned())))
}

fn no_answer_within(millis: u64) -> String {
    format!("the tool did not answer within {} s", millis.div_ceil(1000))
}

/// Only a plain answer counts; a tool that says anything else cannot tell.
fn verified(known: &JsValue) -> Result<Verified, String> {
    let happened = match known.as_bool() {
        Some(happened) => Some(happened),
        None => Reflect::get(known, &"happened".into()).ok().and_then(|flag| flag.as_bool()),
    };
    Ok(match happened {
        Some(true) => {
            let result = Reflect::get(known, &"result".into()).unwrap_or(JsValue::UNDEFINED);
            let result = if result.is_undefined() { None } else { Some(from_page(&result)?) };
            Verified::Happened(result)
        }
        Some(false) => Verified::DidNotHappen,
        None => Verified::Unknown,
    })
}

fn malformed(name: &str, message: String) -> DefinitionError {
    DefinitionError { code: "tool_malformed", name: name.to_owned(), message }
}

/// A person is waiting for this answer, so it is shorter than a call may take.
const VERIFY_TIMEOUT_MS: u64 = 30_000;

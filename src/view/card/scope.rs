//! A decision that is to stand for others like it: the rule that is saved, as the person sees it
//! before, with bounds that they set.

use holdpoint_core::grant::Grant;
use holdpoint_core::id::Timestamp;
use holdpoint_core::json::{Limits, parse};
use holdpoint_core::object;
use holdpoint_core::plan::Action;
use serde_json::{Map, Value};
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlInputElement, HtmlSelectElement};

use super::Card;
use super::choice::Way;
use crate::text::{self, Text};
use crate::view::desk::safely;
use crate::view::facts::literal;
use crate::view::moment::now;
use crate::view::state::NewRule;
use crate::view::tag::{Keyed, Tag, keyed, tag};
use holdpoint_core::escape::visible_text;

/// A rule in the making.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    wanted: bool,
    bounds: Vec<Bound>,
    /// For how long, as a place in [`SPANS`].
    span: usize,
}

/// What one argument may be.
#[derive(Clone, Debug)]
struct Bound {
    name: String,
    value: Value,
    /// The most it may be, as it was typed; for what is no number, nothing.
    most: Option<String>,
    any: bool,
}

impl Scope {
    fn of(action: &Action) -> Option<Self> {
        let bounds = Grant::propose(action)?.into_iter().map(|(name, bound)| Bound {
            value: action.arguments.get(&name).cloned().unwrap_or_default(),
            most: bound.get("maximum").map(literal),
            any: false,
            name,
        });
        Some(Self { wanted: false, bounds: bounds.collect(), span: 1 })
    }

    /// The bounds as schemas; none where one of them is no number.
    fn schemas(&self) -> Option<Map<String, Value>> {
        let mut schemas = Map::new();
        for bound in &self.bounds {
            let schema = match (&bound.most, bound.any) {
                (_, true) => Value::Bool(true),
                (None, _) => object! { "const": bound.value.clone() },
                (Some(most), _) => match parse(most.trim(), &Limits::default()) {
                    Ok(most @ Value::Number(_)) if most.as_f64() >= Some(0.0) => {
                        object! { "type": "number", "minimum": 0, "maximum": most }
                    }
                    _ => return None,
                },
            };
            schemas.insert(bound.name.clone(), schema);
        }
        Some(schemas)
    }

    fn until(&self) -> Option<Timestamp> {
        let (_, millis) = SPANS.get(self.span)?;
        millis.map(|millis| Timestamp::from_millis(now() + millis))
    }

    /// The rule in one sentence.
    fn sentence(&self, title: &str) -> String {
        let parts: Vec<String> = self
            .bounds
            .iter()
            .map(|bound| match (&bound.most, bound.any) {
                (_, true) => text::bound_any(&bound.name),
                (Some(most), _) => text::bound_most(&bound.name, most.trim()),
                (None, _) => text::bound_only(&bound.name, &literal(&bound.value)),
            })
            .collect();
        if parts.is_empty() {
            title.to_owned()
        } else {
            text::with_reason(title, &parts.join(", "))
        }
    }
}

impl Card {
    /// The offer to remember, where that may be offered.
    pub(super) fn scope_of(self, action: &Action) -> Option<Keyed> {
        // A rule is of what was proposed, so it is not offered beside other arguments.
        let is_offered = self.way.get() == Way::Choice && !self.run.is_remote();
        let scope = Scope::of(action).filter(|_| is_offered)?;
        let title = action.title.clone();
        Some(keyed("", move || {
            self.scope.set(Some(scope));
            self.offer(title)
        }))
    }

    fn offer(self, title: String) -> Tag {
        let wants = move || self.scope.with(|it| it.as_ref().is_some_and(|it| it.wanted));
        let check =
            tag("input").part("remember").set("type", "checkbox").on("change", move |event| {
                let wanted = target::<HtmlInputElement>(&event).is_some_and(|it| it.checked());
                self.rescope(|scope| scope.wanted = wanted);
            });
        let label =
            tag("label").class("check").child(check).child(tag("span").text(text::REMEMBER));
        let body = move || {
            let title = title.clone();
            wants().then(|| keyed("", move || self.scope_form(title)))
        };
        tag("div").part("card-scope").child(label).one(body)
    }

    fn scope_form(self, title: String) -> Tag {
        let count = self.scope.with_untracked(|it| it.as_ref().map_or(0, |it| it.bounds.len()));
        let span = tag("select").part("remember-until").on("change", move |event| {
            let at = target::<HtmlSelectElement>(&event).and_then(|it| it.value().parse().ok());
            self.rescope(|scope| scope.span = at.unwrap_or(scope.span));
        });
        let span = span.all(SPANS.iter().enumerate().map(|(at, (words, _))| {
            let option = tag("option").set("value", at.to_string()).text(*words);
            if at == 1 { option.set("selected", "") } else { option }
        }));
        tag("div")
            .class("scope-form")
            .child(tag("p").part("rule-sentence").set("dir", "auto").live_text(move || {
                visible_text(
                    &self
                        .scope
                        .with(|it| it.as_ref().map(|it| it.sentence(&title)))
                        .unwrap_or_default(),
                )
            }))
            .all((0..count).map(|at| self.bound(at)))
            .child(tag("label").class("bound").child(tag("span").text(text::UNTIL)).child(span))
            .one(move || self.scope_fault())
            .child(tag("p").class("field-help").text(text::REMEMBER_HELP))
    }

    /// How far the rule goes for one argument.
    fn bound(self, at: usize) -> Tag {
        let bound = self.scope.with_untracked(|it| it.as_ref()?.bounds.get(at).cloned());
        let Some(bound) = bound else { return tag("span") };
        let name = safely(tag("span"), &bound.name);
        let any = tag("input").set("type", "checkbox").on("change", move |event| {
            let any = target::<HtmlInputElement>(&event).is_some_and(|it| it.checked());
            self.rescope(|scope| {
                if let Some(bound) = scope.bounds.get_mut(at) {
                    bound.any = any;
                }
            });
        });
        let any = tag("label").class("check").child(any).child(tag("span").text(text::ANYTHING));
        let is_any =
            move || self.scope.with(|it| it.as_ref().and_then(|it| Some(it.bounds.get(at)?.any)));
        let row = match &bound.most {
            Some(most) => {
                let input = tag("input")
                    .part("remember-most")
                    .set("type", "text")
                    .set("inputmode", "decimal")
                    .set("aria-label", text::bound_most(&visible_text(&bound.name), ""))
                    .bind("disabled", move || (is_any() == Some(true)).then(String::new))
                    .on("input", move |event| {
                        let typed = target::<HtmlInputElement>(&event).map(|it| it.value());
                        self.rescope(|scope| {
                            if let Some(bound) = scope.bounds.get_mut(at) {
                                bound.most = typed;
                            }
                        });
                    });
                input.element().unchecked_into::<HtmlInputElement>().set_value(most);
                tag("span").class("bound-value").child(tag("span").text(text::UP_TO)).child(input)
            }
            None => safely(tag("span").class("bound-value"), &literal(&bound.value)),
        };
        tag("div").class("bound").child(name).child(row).child(any)
    }

    fn scope_fault(self) -> Option<Keyed> {
        self.scope_is_wrong()
            .then(|| keyed("", || tag("p").part("field-error").text(text::BOUND_WRONG)))
    }

    /// Whether a rule is wanted that cannot be saved as it is.
    pub(super) fn scope_is_wrong(self) -> bool {
        self.scope.with(|it| it.as_ref().is_some_and(|it| it.wanted && it.schemas().is_none()))
    }

    /// The rule, if one is wanted.
    pub(super) fn remembered(self, title: &str) -> Option<NewRule> {
        let scope = self.scope.get_untracked().filter(|scope| scope.wanted)?;
        let (bounds, until) = (scope.schemas()?, scope.until());
        // A handler speaks no language of its own, and what is kept is what was read.
        let because = self.desk.shown.speaking(|| scope.sentence(title));
        Some(NewRule { bounds, because, until })
    }

    fn rescope(self, change: impl FnOnce(&mut Scope)) {
        self.scope.update(|scope| {
            if let Some(scope) = scope {
                change(scope);
            }
        });
    }
}

fn target<T: JsCast>(event: &Event) -> Option<T> {
    event.current_target()?.dyn_into().ok()
}

/// For how long a rule may stand; the last one until it is revoked.
const SPANS: [(Text, Option<u64>); 5] = [
    (text::FOR_HOUR, Some(HOUR_MS)),
    (text::FOR_DAY, Some(24 * HOUR_MS)),
    (text::FOR_WEEK, Some(7 * 24 * HOUR_MS)),
    (text::FOR_MONTH, Some(30 * 24 * HOUR_MS)),
    (text::FOR_GOOD, None),
];
const HOUR_MS: u64 = 60 * 60 * 1000;

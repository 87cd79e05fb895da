//! The JSON Schema that a plan must follow, made from the tools.

use serde_json::{Map, Value};

use crate::json;
use crate::message::Format;
use crate::object;
use crate::schema::strict;
use crate::tool::Toolbox;

/// The action plan's schema. It follows strict mode's rules where every tool's schema can be said
/// in them; the validator checks a plan in full either way.
pub fn plan_format(tools: &Toolbox) -> Format {
    let mut all_strict = true;
    let actions: Vec<Value> = tools
        .iter()
        .map(|tool| {
            let arguments = strict::to_strict(&tool.input_schema);
            all_strict &= arguments.is_some();
            let properties = object! {
                "action": object! { "type": "string", "enum": vec![tool.name.as_str()] },
                "arguments": arguments.unwrap_or_else(|| tool.input_schema.clone()),
                "requires_confirmation": object! {
                    "type": "boolean",
                    "description": "true where a person should confirm this action first",
                },
                "reason": object! {
                    "type": "string",
                    "description": "why, in one short sentence",
                },
                "depends_on": object! {
                    "type": vec!["array", "null"],
                    "description": "positions, from 0, of the earlier actions that must have \
                                    succeeded; null where all of them must",
                    "items": object! { "type": "integer" },
                },
            };
            let required = ["action", "arguments", "requires_confirmation", "reason", "depends_on"];
            let mut schema = closed(properties, &required);
            json::put(&mut schema, "description", tool.description.as_str().into());
            Value::Object(schema)
        })
        .collect();
    let items = match actions.len() {
        // An `anyOf` needs a member; without tools no action is valid anyway.
        0 => Value::Object(closed(Value::Object(Map::new()), &[])),
        _ => object! { "anyOf": actions },
    };
    let properties = object! {
        "reply": object! {
            "type": "string",
            "description":
                "what to say to the person; the whole answer where nothing is to be done",
        },
        "actions": object! {
            "type": "array",
            "description": "what to do, in this order; empty where nothing is to be done",
            "items": items,
        },
    };
    Format {
        name: "action_plan".to_owned(),
        strict: all_strict,
        schema: Value::Object(closed(properties, &["reply", "actions"])),
    }
}

/// The schema of an object that has these properties and no other.
fn closed(properties: Value, required: &[&str]) -> Map<String, Value> {
    let mut schema = Map::new();
    json::put(&mut schema, "type", "object".into());
    json::put(&mut schema, "properties", properties);
    json::put(&mut schema, "required", required.into());
    json::put(&mut schema, "additionalProperties", false.into());
    schema
}

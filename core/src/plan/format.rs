//! The JSON Schema that a plan must follow, made from the tools.

use serde_json::{Value, json};

use crate::message::Format;
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
            json!({
                "type": "object",
                "description": tool.description,
                "properties": {
                    "action": { "type": "string", "enum": [tool.name] },
                    "arguments": arguments.unwrap_or_else(|| tool.input_schema.clone()),
                    "requires_confirmation": {
                        "type": "boolean",
                        "description": "true where a person should confirm this action first"
                    },
                    "reason": { "type": "string", "description": "why, in one short sentence" }
                },
                "required": ["action", "arguments", "requires_confirmation", "reason"],
                "additionalProperties": false
            })
        })
        .collect();
    let items = match actions.len() {
        // An `anyOf` needs a member; without tools no action is valid anyway.
        0 => {
            json!({ "type": "object", "properties": {}, "required": [], "additionalProperties": false })
        }
        _ => json!({ "anyOf": actions }),
    };
    Format {
        name: "action_plan".to_owned(),
        strict: all_strict,
        schema: json!({
            "type": "object",
            "properties": {
                "reply": {
                    "type": "string",
                    "description": "what to say to the person; the whole answer where nothing is to be done"
                },
                "actions": {
                    "type": "array",
                    "description": "what to do, in this order; empty where nothing is to be done",
                    "items": items
                }
            },
            "required": ["reply", "actions"],
            "additionalProperties": false
        }),
    }
}

//! What editors and tools for documentation read: the elements' public face in the forms that they
//! know, each made of the declarations.

use serde_json::{Value, json};

use super::contract::{Contract, DEFAULT_SLOT, Method, Named, Property};

/// The [custom elements manifest](https://github.com/webcomponents/custom-elements-manifest).
/// `module` has the classes, `defining` gives them their names.
pub(super) fn manifest(contracts: &[Contract], module: &str, defining: &str) -> Value {
    let mut defined = Vec::new();
    let mut exported = Vec::new();
    for contract in contracts {
        let class = json!({ "name": contract.class, "module": module });
        exported.push(json!({ "kind": "js", "name": contract.class, "declaration": class }));
        let kind = "custom-element-definition";
        defined.push(json!({ "kind": kind, "name": contract.tag, "declaration": class }));
    }
    let exports = [exported.clone(), defined].concat();
    json!({
        "schemaVersion": "2.1.0",
        "modules": [
            {
                "kind": "javascript-module",
                "path": module,
                "declarations": contracts.iter().map(declaration).collect::<Vec<_>>(),
                "exports": exported,
            },
            {
                "kind": "javascript-module",
                "path": defining,
                "declarations": [],
                "exports": exports,
            },
        ],
    })
}

fn declaration(contract: &Contract) -> Value {
    let attributes: Vec<_> = contract
        .attributes()
        .map(|(name, property)| {
            json!({
                "name": name,
                "type": { "text": property.ty },
                "default": property.default,
                "description": property.description,
                "fieldName": property.name,
            })
        })
        .collect();
    let fields = contract.properties.iter().map(field);
    let members: Vec<_> = fields.chain(contract.methods.iter().map(method)).collect();
    let events: Vec<_> = contract
        .events
        .iter()
        .map(|event| {
            json!({
                "name": event.name,
                "type": { "text": format!("CustomEvent<{}>", event.detail) },
                "description": event.description,
            })
        })
        .collect();
    let properties: Vec<_> = contract
        .custom_properties
        .iter()
        .map(|it| json!({ "name": it.name, "default": it.detail, "description": it.description }))
        .collect();
    json!({
        "kind": "class",
        "customElement": true,
        "name": contract.class,
        "tagName": contract.tag,
        "description": contract.description,
        "superclass": { "name": "HTMLElement" },
        "attributes": attributes,
        "members": members,
        "events": events,
        "slots": contract.slots.iter().map(slot).collect::<Vec<_>>(),
        "cssParts": contract.parts.iter().map(named).collect::<Vec<_>>(),
        "cssProperties": properties,
        "cssStates": contract.states.iter().map(named).collect::<Vec<_>>(),
    })
}

fn field(property: &Property) -> Value {
    let mut field = json!({
        "kind": "field",
        "name": property.name,
        "type": { "text": property.ty },
        "description": property.description,
    });
    if property.readonly {
        field["readonly"] = true.into();
    }
    if let Some(attribute) = &property.attribute {
        field["attribute"] = attribute.as_str().into();
        field["reflects"] = true.into();
        field["default"] = property.default.as_deref().into();
    }
    field
}

fn method(method: &Method) -> Value {
    let parameters: Vec<_> = method
        .parameters
        .iter()
        .map(|it| json!({ "name": it.name, "type": { "text": it.ty }, "optional": it.optional }))
        .collect();
    json!({
        "kind": "method",
        "name": method.name,
        "static": method.is_static,
        "parameters": parameters,
        "return": { "type": { "text": method.returns } },
        "description": method.description,
    })
}

/// The slot of what has no attribute `slot` has no name.
fn slot(it: &Named) -> Value {
    let name = if it.name == DEFAULT_SLOT { "" } else { &it.name };
    json!({ "name": name, "description": it.description })
}

fn named(it: &Named) -> Value {
    json!({ "name": it.name, "description": it.description })
}

/// [Web types](https://github.com/JetBrains/web-types), for the editors of JetBrains.
pub(super) fn web_types(contracts: &[Contract], version: &str) -> Value {
    json!({
        "$schema":
            "https://raw.githubusercontent.com/JetBrains/web-types/master/schema/web-types.json",
        "name": "holdpoint",
        "version": version,
        "description-markup": "markdown",
        "contributions": { "html": {
            "elements": contracts.iter().map(web_type).collect::<Vec<_>>(),
        } },
    })
}

fn web_type(contract: &Contract) -> Value {
    let attributes: Vec<_> = contract
        .attributes()
        .map(|(name, property)| {
            let is_flag = property.ty == "boolean";
            json!({
                "name": name,
                "description": property.description,
                "default": property.default,
                "value": if is_flag {
                    json!({ "kind": "no-value", "type": "boolean" })
                } else {
                    json!({ "type": property.ty })
                },
            })
        })
        .collect();
    let properties: Vec<_> = contract
        .properties
        .iter()
        .map(|it| {
            json!({
                "name": it.name,
                "description": it.description,
                "value": { "type": it.ty },
                "read-only": it.readonly,
            })
        })
        .collect();
    json!({
        "name": contract.tag,
        "description": contract.description,
        "attributes": attributes,
        "js": {
            "properties": properties,
            "events": contract.events.iter().map(named).collect::<Vec<_>>(),
        },
        "slots": contract.slots.iter().map(slot).collect::<Vec<_>>(),
        "css": {
            "properties": contract.custom_properties.iter().map(named).collect::<Vec<_>>(),
            "parts": contract.parts.iter().map(named).collect::<Vec<_>>(),
        },
    })
}

/// [Custom data](https://code.visualstudio.com/docs/languages/html#_custom-html-tags) for VS Code.
pub(super) fn vscode(contracts: &[Contract]) -> Value {
    json!({ "version": 1.1, "tags": contracts.iter().map(vscode_tag).collect::<Vec<_>>() })
}

fn vscode_tag(contract: &Contract) -> Value {
    let attributes: Vec<_> = contract
        .attributes()
        .map(|(name, property)| {
            let mut attribute = json!({ "name": name, "description": property.description });
            let words = property.words();
            if property.ty == "boolean" {
                attribute["valueSet"] = "v".into();
            } else if !words.is_empty() {
                attribute["values"] = words.iter().map(|word| json!({ "name": word })).collect();
            }
            attribute
        })
        .collect();
    json!({ "name": contract.tag, "description": contract.description, "attributes": attributes })
}

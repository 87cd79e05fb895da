//! The worker's own description, made of the table that its router is made of, with the proxy's
//! paths beside its own.

use holdpoint_core::json::Map;
use serde_json::{Value, json};

use crate::api::{Route, STATUSES};

/// The OpenAPI document of these routes and of a proxy that describes itself so.
pub(crate) fn document(routes: &[Route], proxy: Value) -> Value {
    // Both have an answer named Error; the proxy's has one field more.
    let proxy = proxy
        .to_string()
        .replace("components/responses/Error\"", "components/responses/ProxyError\"");
    let proxy: Value = serde_json::from_str(&proxy).unwrap_or_default();
    let mut paths = match proxy.get("paths") {
        Some(Value::Object(paths)) => paths.clone(),
        _ => Map::new(),
    };
    for route in routes {
        let path = paths.entry(route.path.to_owned()).or_insert_with(|| json!({}));
        path[route.method] = operation(route);
    }
    let mut document = json!({
        "openapi": "3.2.0",
        "info": {
            "title": "Holdpoint's worker",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Jobs in, decisions from anywhere; the thin proxy beside it.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "responses": {
                "Error": error_response("Error"),
                "ProxyError": error_response("ProxyError"),
            },
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    });
    if let Some(error) = proxy.pointer("/components/schemas/Error") {
        document["components"]["schemas"]["ProxyError"] = error.clone();
    }
    document
}

fn error_response(schema: &str) -> Value {
    let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
    json!({
        "description": "Why the request was refused; `code` is stable",
        "content": { "application/json": { "schema": schema } },
    })
}

fn operation(route: &Route) -> Value {
    let (status, kind, schema) = route.answer;
    let schema = schema.map_or_else(|| json!({}), reference);
    let mut responses = json!({
        status.to_string(): { "description": route.summary, "content": { kind: { "schema": schema } } },
    });
    for refusal in route.refusals {
        responses[refusal.to_string()] = json!({ "$ref": "#/components/responses/Error" });
    }
    let mut operation = json!({
        "operationId": route.id,
        "summary": route.summary,
        "responses": responses,
    });
    if let Some(body) = route.body {
        let kind = match body {
            "PageDecision" | "SlackInteraction" => "application/x-www-form-urlencoded",
            _ => "application/json",
        };
        operation["requestBody"] =
            json!({ "required": true, "content": { kind: { "schema": reference(body) } } });
    }
    let names = route.path.split('{').skip(1).filter_map(|part| part.split('}').next());
    let mut parameters: Vec<Value> = names
        .map(|name| {
            let schema = json!({ "type": "string" });
            json!({ "name": name, "in": "path", "required": true, "schema": schema })
        })
        .collect();
    if route.id == "list_approvals" {
        let schema = json!({ "enum": STATUSES, "default": "pending" });
        parameters.push(json!({ "name": "status", "in": "query", "schema": schema }));
    }
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if !route.path.starts_with("/approve") && route.id != "slack_interaction" {
        operation["security"] = json!([{ "token": [] }]);
    }
    operation
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let number = json!({ "type": "integer" });
    let digest = json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" });
    // What two readers read alike: a number outside of this is another one for some.
    let json = json!({
        "minimum": -9007199254740991i64,
        "maximum": 9007199254740991i64,
        "items": reference("Json"),
        "additionalProperties": reference("Json"),
    });
    let mut arguments = json.clone();
    arguments["type"] = json!(["object", "null"]);
    let approval = json!({
        "type": "object",
        "required": ["id", "run", "workflow", "status", "tool", "title", "arguments", "digest", "rule"],
        "properties": {
            "id": text, "run": text, "workflow": text, "status": text, "tool": text,
            "title": text, "arguments": {}, "proposed": {}, "digest": text, "reason": text,
            "since": number, "expires": number, "on_expiry": text, "doubt": text,
            "quorum": number, "missing": number, "approvals": { "type": "array" },
            "rule": { "type": "object" }, "decision": { "type": "object" },
            "result": { "type": "object" },
        },
    });
    let job = json!({
        "type": "object",
        "required": ["id", "workflow", "requester", "status", "created", "updated"],
        "properties": {
            "id": text, "workflow": text, "requester": text, "status": text,
            "created": number, "updated": number, "request": text, "answer": text,
            "trouble": text, "failure": { "type": "object" }, "usage": { "type": "object" },
            "approvals": { "type": "array", "items": reference("Approval") },
        },
    });
    json!({
        "Json": json,
        "NewJob": closed(json!({ "workflow": text, "input": reference("Json") }), &["workflow"]),
        "Accepted": closed(json!({ "id": text, "repeated": { "type": "boolean" } }), &["id", "repeated"]),
        "Job": job,
        "Jobs": closed(json!({ "jobs": { "type": "array", "items": reference("Job") } }), &["jobs"]),
        "HandedOver": closed(
            json!({
                "run": { "type": "string", "pattern": "^[0-9A-Za-z-]{8,64}$" },
                "workflow": { "type": ["string", "null"] },
                "entries": { "type": "array", "items": text },
            }),
            &["run", "entries"],
        ),
        "Taken": closed(
            json!({
                "id": text, "keeper": text,
                "taken": { "type": "boolean" }, "repeated": { "type": "boolean" },
            }),
            &["id", "keeper", "taken", "repeated"],
        ),
        "Journal": closed(
            json!({
                "id": text, "workflow": text,
                "entries": { "type": "array", "items": text },
                "tools": { "type": "array", "items": { "type": "object" } },
            }),
            &["id", "workflow", "entries", "tools"],
        ),
        "Approval": approval,
        "Approvals": closed(
            json!({ "approvals": { "type": "array", "items": reference("Approval") } }),
            &["approvals"],
        ),
        "Decision": closed(
            json!({
                "decision": { "enum": ["approve", "deny"] },
                "digest": digest,
                "args": arguments,
                "reason": { "type": ["string", "null"] },
                "note": { "type": ["string", "null"] },
            }),
            &["decision", "digest"],
        ),
        "Settlement": closed(
            json!({
                "outcome": { "enum": ["happened", "did_not_happen", "try_again"] },
                "result": reference("Json"),
            }),
            &["outcome"],
        ),
        "PageDecision": closed(
            json!({
                "decision": { "enum": ["approve", "deny"] },
                "digest": digest, "reason": text, "access": text,
            }),
            &["decision", "digest"],
        ),
        "PushKey": closed(json!({ "key": { "type": ["string", "null"] } }), &["key"]),
        "PushSubscription": closed(
            json!({
                "endpoint": { "type": "string", "maxLength": 2000 },
                "p256dh": text, "auth": text,
                "page": { "type": ["string", "null"], "maxLength": 1000 },
            }),
            &["endpoint", "p256dh", "auth"],
        ),
        "Subscribed": closed(json!({ "id": text }), &["id"]),
        "SlackInteraction": closed(json!({ "payload": text }), &["payload"]),
        "Error": {
            "type": "object",
            "required": ["error"],
            "properties": { "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": { "code": text, "message": text, "outcome": reference("Approval") },
            } },
        },
    })
}

fn closed(properties: Value, required: &[&str]) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    })
}

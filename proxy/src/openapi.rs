//! The proxy's own description, made of the tables that it works by.

use serde_json::{Map, Value, json};

use crate::config::Config;
use crate::error::ProxyError;
use crate::wire::Wire;

/// The OpenAPI document of a proxy with this configuration.
pub(crate) fn document(config: &Config) -> Value {
    let mut paths = Map::new();
    for wire in Wire::ALL {
        let operation = json!({ "post": operation(config, wire) });
        paths.insert(format!("/v1/{}", wire.path()), operation);
    }
    for (path, id, kind, summary) in [
        ("/healthz", "healthz", "application/json", "Whether the proxy runs"),
        ("/metrics", "metrics", "application/openmetrics-text", "What Prometheus reads"),
        ("/openapi.json", "openapi", "application/json", "This document"),
    ] {
        let content = json!({ kind: { "schema": {} } });
        let mut responses = json!({ "200": { "description": summary, "content": content } });
        if path == "/metrics" {
            for status in ["401", "404"] {
                responses[status] = json!({ "$ref": "#/components/responses/Error" });
            }
        }
        let operation = json!({ "operationId": id, "summary": summary, "responses": responses });
        paths.insert(path.to_owned(), json!({ "get": operation }));
    }
    let mut document = json!({
        "openapi": "3.2.0",
        "info": {
            "title": "Holdpoint's thin proxy",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Forwards a model request to one provider, with its key.",
        },
        "paths": paths,
        "components": { "schemas": { "Error": error() }, "responses": { "Error": {
            "description": "Why the request was not answered; `code` is stable",
            "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/Error" },
            } },
        } } },
    });
    if config.callers.are_known() {
        document["components"]["securitySchemes"] =
            json!({ "token": { "type": "http", "scheme": "bearer" } });
    }
    document
}

fn operation(config: &Config, wire: Wire) -> Value {
    let mut responses = json!({ "200": {
        "description": "The upstream's answer, whole or as events",
        "content": {
            "application/json": { "schema": { "type": "object" } },
            "text/event-stream": { "itemSchema": {
                "type": "object",
                "required": ["data"],
                "properties": { "data": { "type": "string" }, "event": { "type": "string" } },
            } },
        },
    } });
    for status in STATUSES {
        responses[status.to_string()] = json!({ "$ref": "#/components/responses/Error" });
    }
    // An upstream's own refusal keeps its status.
    for range in ["4XX", "5XX"] {
        responses[range] = json!({ "$ref": "#/components/responses/Error" });
    }
    let mut operation = json!({
        "operationId": wire.path().replace('/', "_"),
        "summary": format!("Asks the model, in the format of {wire:?}"),
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": body(config, wire) } },
        },
        "responses": responses,
    });
    if config.callers.are_known() {
        operation["security"] = json!([{ "token": [] }]);
    }
    operation
}

fn body(config: &Config, wire: Wire) -> Value {
    let mut properties = Map::new();
    for (kind, names) in wire.fields().iter().chain(Wire::common_fields()) {
        for name in *names {
            let types: Vec<&str> = kind.types().iter().copied().chain(["null"]).collect();
            properties.insert((*name).to_owned(), json!({ "type": types }));
        }
    }
    for name in &config.extra_fields {
        properties.entry(name.clone()).or_insert_with(|| json!({}));
    }
    let mut schema = json!({ "type": "object", "additionalProperties": false });
    if !config.models.is_empty() {
        properties.insert("model".into(), json!({ "enum": config.models }));
        schema["required"] = json!(["model"]);
    }
    schema["properties"] = properties.into();
    schema
}

fn error() -> Value {
    json!({
        "type": "object",
        "required": ["error"],
        "properties": { "error": {
            "type": "object",
            "required": ["type", "code", "message"],
            "properties": {
                "type": { "type": "string" },
                "code": { "enum": ProxyError::CODES },
                "message": { "type": "string" },
            },
        } },
    })
}

/// With which the proxy itself refuses.
const STATUSES: [u16; 10] = [400, 401, 403, 408, 413, 415, 429, 502, 503, 504];

//! The built page for frames of any origin, also of one that nobody shares: below `/open`.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// The files of the built page, and a page of our own beside them.
pub(crate) fn routes(page: PathBuf) -> Router {
    let page = Arc::new(page);
    Router::new().route("/open/{*path}", get(move |Path(path)| file(page, path)))
}

async fn file(page: Arc<PathBuf>, path: String) -> Response {
    let bytes = match path.as_str() {
        "sandboxed.html" => include_bytes!("../pages/sandboxed.html").to_vec(),
        "sandboxed.js" => include_bytes!("../pages/sandboxed.js").to_vec(),
        path if path.contains("..") => return StatusCode::NOT_FOUND.into_response(),
        path => match tokio::fs::read(page.join(path)).await {
            Ok(bytes) => bytes,
            Err(_) => return StatusCode::NOT_FOUND.into_response(),
        },
    };
    let kind = match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js") => "text/javascript",
        Some("wasm") => "application/wasm",
        Some("json") => "application/json",
        _ => "text/html",
    };
    ([(CONTENT_TYPE, kind), (ACCESS_CONTROL_ALLOW_ORIGIN, "*")], bytes).into_response()
}

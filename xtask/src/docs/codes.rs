//! Whether `docs/errors.md` has every code that a page, a caller or a log may meet.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::tools::Workspace;

const PAGE: &str = "docs/errors.md";
/// Where codes are made.
const ROOMS: [&str; 4] = ["core/src", "src", "proxy/src", "worker/src"];
/// Files whose words belong to others' formats, to the stored form, or to routes.
const OTHERS: [&str; 18] = [
    "core/src/stream/chat.rs",
    "core/src/stream/messages.rs",
    "core/src/stream/responses.rs",
    "core/src/journal/form.rs",
    "core/src/plan/format.rs",
    "proxy/src/wire/",
    "proxy/src/metrics.rs",
    "proxy/src/request.rs",
    "src/store/indexed_db/",
    "src/driver/ports/failure/",
    "worker/src/api/mod.rs",
    "worker/src/api/slack.rs",
    "worker/src/api/desk/",
    "worker/src/channels/",
    "worker/src/config/",
    "worker/src/openapi.rs",
    "worker/src/view.rs",
    "worker/src/api/runs.rs",
];
/// Words that look like codes: states, settlements, fields, what others say.
const NO_CODES: [&str; 24] = [
    "api_error",
    "approval_page",
    "ask_again",
    "authentication_error",
    "changed_by_person_to",
    "depends_on",
    "did_not_happen",
    "in_doubt",
    "insufficient_quota",
    "invalid_request_error",
    "list_approvals",
    "not_found_error",
    "not_run",
    "overloaded_error",
    "permission_error",
    "rate_limit",
    "rate_limit_error",
    "requires_confirmation",
    "server_error",
    "shutting_down",
    "taken_back",
    "timeout_error",
    "tool_digest",
    "try_again",
];
/// Words of the journal's form that are named where entries are made.
const KINDS: [&str; 2] = ["tool_started", "tool_finished"];
/// Words of the providers' formats and of MCP, which scripts of ours speak too.
const WIRE: [&str; 16] = [
    "content_block_delta",
    "content_block_start",
    "content_block_stop",
    "end_turn",
    "function_call",
    "function_call_output",
    "input_json_delta",
    "input_required",
    "message_delta",
    "message_start",
    "message_stop",
    "output_text",
    "text_delta",
    "tool_calls",
    "tool_result",
    "tool_use",
];
/// Codes of one word, which no search tells from other words.
const SHORT: [&str; 12] = [
    "busy",
    "expired",
    "internal",
    "network",
    "replayed",
    "stale",
    "stopping",
    "unauthorized",
    "unchanged",
    "upstream",
    "denied",
    "answered",
];

/// Compares the page with the sources, both ways.
pub(super) fn check(workspace: &Workspace) -> Result<()> {
    let page = fs::read_to_string(workspace.root.join(PAGE))
        .with_context(|| format!("cannot read {PAGE}"))?;
    let told = told(&page);
    let mut made: BTreeSet<String> = SHORT.iter().map(|&code| code.to_owned()).collect();
    for room in ROOMS {
        for (name, text) in sources(&workspace.root.join(room))? {
            let name = format!("{room}/{name}");
            if !OTHERS.iter().any(|other| name.starts_with(other)) {
                made.extend(words(&text));
            }
        }
    }
    let is_code =
        |word: &&String| ![&NO_CODES[..], &KINDS, &WIRE].concat().contains(&word.as_str());
    let missing: Vec<_> = made.iter().filter(is_code).filter(|it| !told.contains(*it)).collect();
    ensure!(missing.is_empty(), "{PAGE} lacks {missing:?}");
    let gone: Vec<_> = told.iter().filter(|it| !made.contains(*it)).collect();
    ensure!(gone.is_empty(), "{PAGE} has codes that nothing says: {gone:?}");
    println!("{PAGE} has all {} codes", told.len());
    Ok(())
}

/// The codes of the page: the first cell of each row.
fn told(page: &str) -> BTreeSet<String> {
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    cells.map(|(code, _)| code.to_owned()).collect()
}

/// The sources of a room, without their tests.
pub(super) fn sources(room: &Path) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for (name, bytes) in crate::wasm::read_tree(room)? {
        if name.ends_with(".rs") || name.ends_with(".js") {
            let text = String::from_utf8(bytes)?;
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            found.push((name, text.to_owned()));
        }
    }
    Ok(found)
}

/// The literals in quotes that are words joined by `_`.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| {
        let quoted = line.split('"').skip(1).step_by(2);
        quoted.filter(|word| is_words(word)).map(str::to_owned)
    })
}

fn is_words(word: &str) -> bool {
    let is_one = |part: &str| !part.is_empty() && part.chars().all(|it| it.is_ascii_lowercase());
    word.contains('_') && word.split('_').all(is_one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_has_every_code_that_the_sources_say_and_no_other() {
        check(&Workspace::locate().unwrap()).unwrap();
    }

    #[test]
    fn codes_are_found_in_sources_and_on_the_page() {
        let found: Vec<_> =
            words("code: \"a_b\", // x\n// \"c_d\"\n(\"E_f\", \"g_h_i\", \"j\")").collect();
        assert_eq!(found, ["a_b", "g_h_i"]);
        let page = "| code | fix |\n|---|---|\n| `a_b` | do `c_d` |\n";
        assert_eq!(told(page), BTreeSet::from(["a_b".to_owned()]));
    }
}

//! The blocks of code in the pages. Each says by its info string what it is, and is held to that:
//!
//! - `html` is opened in a browser beside the files of the package, and its widget has to start;
//! - `js` and `ts` are type-checked with the package, `of TYPE` as the properties of one of its types;
//! - `http` are headers; a policy among them is given to a page with the widget;
//! - `css` uses the element's own names; `sh` is read by a shell and names commands that there are;
//! - `json` and `ini` are parsed; variables named `HOLDPOINT_…` have to be read by a program of ours.
//!
//! `from PATH` says that the lines stand in that file, which is tested where it is. `not run: REASON`
//! is told each time; `text` is nothing to run.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser as _;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use super::book::{Book, Page};
use super::render;
use crate::Xtask;
use crate::browser::Browser;
use crate::dist::contract::{Contract, TYPES};
use crate::page;
use crate::smoke::{self, Visit};
use crate::tools::{self, Workspace};
use crate::wasm::Files;

const LANGUAGES: [&str; 20] = [
    "caddy", "css", "html", "http", "ini", "js", "json", "jsonl", "jsx", "nginx", "python", "rust",
    "sh", "svelte", "text", "toml", "ts", "tsx", "vue", "sql",
];
/// The programs that `sh` may name.
const COMMANDS: [&str; 9] =
    ["cargo", "npm", "npx", "node", "curl", "podman", "git", "python3", "openssl"];
/// What the pages' scripts take for granted, such as a bank.
const AMBIENT: &str = "tests/docs/snippets.d.ts";
/// Waits for each widget on the page.
const PROBE: &str = r#"
await new Promise((resolve) => setTimeout(resolve));
for (const agent of document.querySelectorAll("holdpoint-agent")) {
  await customElements.whenDefined("holdpoint-agent");
  await agent.ready;
}
"#;
/// What a piece of a page leaves out.
const LOADER: &str = "<!doctype html><script type=\"module\" src=\"/holdpoint.js\"></script>";
/// The element on a page on which a policy is tried.
const ELEMENT: &str = "<holdpoint-agent></holdpoint-agent>";

/// What a block says of itself.
pub(super) struct Info<'a> {
    pub(super) language: &'a str,
    mark: Mark<'a>,
}

enum Mark<'a> {
    None,
    Of(&'a str),
    From(&'a str),
    NotRun(&'a str),
}

impl<'a> Info<'a> {
    /// Reads the info string of a fenced block.
    pub(super) fn parse(info: &'a str) -> Result<Self> {
        let (language, rest) = info.split_once(' ').unwrap_or((info, ""));
        ensure!(LANGUAGES.contains(&language), "a block has to say what it is; found {info:?}");
        let mark = match rest.split_once(' ') {
            None if rest.is_empty() => Mark::None,
            Some(("of", ty)) => Mark::Of(ty),
            Some(("from", path)) => Mark::From(path),
            Some(("not", reason)) => {
                let reason = reason.strip_prefix("run: ").filter(|it| !it.trim().is_empty());
                Mark::NotRun(reason.context("expected `not run: REASON`")?)
            }
            _ => bail!("expected `of`, `from` or `not run:` after {language}, found {rest:?}"),
        };
        Ok(Self { language, mark })
    }
}

/// A block, and where it stands.
struct Snippet {
    place: String,
    info: String,
    text: String,
}

/// What the blocks are checked with.
pub(super) struct Bench<'a> {
    pub(super) workspace: &'a Workspace,
    /// The tools from npm.
    pub(super) modules: &'a Path,
    pub(super) chromium: &'a Browser,
    /// The files of the package.
    pub(super) package: &'a Files,
}

impl Bench<'_> {
    /// Checks each block of the pages; prints how many there are, and which are not run.
    pub(super) fn check(&self, book: &Book) -> Result<()> {
        let mut snippets = Vec::new();
        for page in book.pages() {
            snippets.extend(blocks(page));
        }
        let readme = self.workspace.root.join("README.md");
        let readme = fs::read_to_string(readme).context("there is no README.md")?;
        snippets.extend(blocks_of("README.md", &readme));
        let directory = self.workspace.work().join("snippets");
        page::write(self.package, &directory.join("node_modules/holdpoint"))?;

        let programs = programs(self.workspace)?;
        let (mut checked, mut told, mut faults) = (0, Vec::new(), Vec::new());
        let mut scripts = Files::new();
        for snippet in &snippets {
            let read = variables_are_read(&programs, &snippet.text);
            match read.and_then(|()| self.one(snippet, &directory, &mut scripts)) {
                Ok(None) => checked += 1,
                Ok(Some(reason)) => told.push(format!("{}: {reason}", snippet.place)),
                Err(fault) => faults.push(format!("{}: {fault:#}", snippet.place)),
            }
        }
        if let Err(fault) = self.types(&directory, &scripts) {
            faults.push(format!("{fault:#}"));
        }
        ensure!(faults.is_empty(), "{}", faults.join("\n"));
        println!("{checked} blocks of code hold, {} are not run", told.len());
        told.iter().for_each(|it| println!("  {it}"));
        Ok(())
    }

    /// Checks one block. What is left undone, with the reason, is given back; scripts are collected.
    fn one(&self, it: &Snippet, directory: &Path, scripts: &mut Files) -> Result<Option<String>> {
        let info = Info::parse(&it.info)?;
        let visit = |html: &str, policy: &str| {
            let files = directory.join("node_modules/holdpoint");
            let visit = Visit { files: &files, html, policy, probe: PROBE };
            smoke::visit(self.workspace, self.chromium, visit)
        };
        match (info.mark, info.language) {
            (Mark::NotRun(reason), _) => return Ok(Some(reason.to_owned())),
            (Mark::From(path), _) => stands_in(&self.workspace.root.join(path), &it.text)?,
            (_, "text") => {}
            (mark, "js" | "ts") => {
                let name = it.place.replace(['/', '.', ':'], "_");
                let text = match mark {
                    Mark::Of(ty) => as_properties(ty, &it.text),
                    // With an import or an export it is a module, with names of its own.
                    _ => format!("export {{}};\n{}", it.text),
                };
                scripts.insert(format!("{name}.{}", info.language), text.into());
            }
            (_, "html") if it.text.contains("/holdpoint.js") => visit(&it.text, "")?,
            (_, "html") => visit(&format!("{LOADER}{}", it.text), "")?,
            (_, "http") => {
                for (name, value) in headers(&it.text)? {
                    if name.eq_ignore_ascii_case("content-security-policy") {
                        visit(&format!("{LOADER}{ELEMENT}"), &value)?;
                    }
                }
            }
            (_, "css") => names_are_the_elements(self.workspace, &it.text)?,
            (_, "json") => {
                serde_json::from_str::<serde_json::Value>(&it.text)?;
            }
            (_, "jsonl") => {
                for line in it.text.lines() {
                    serde_json::from_str::<serde_json::Value>(line)?;
                }
            }
            (_, "ini") => is_ini(&it.text)?,
            (_, "sh") => shell(self.workspace, &it.text)?,
            (_, language) => {
                bail!("nothing here runs {language}: say `from PATH` or `not run: REASON`")
            }
        }
        Ok(None)
    }

    /// Has TypeScript look at the scripts, beside the package.
    fn types(&self, directory: &Path, scripts: &Files) -> Result<()> {
        let sources = directory.join("scripts");
        page::write(scripts, &sources)?;
        fs::copy(self.workspace.root.join(AMBIENT), sources.join("ambient.d.ts"))?;
        let options = r#"{ "compilerOptions": { "allowJs": true, "checkJs": true, "noEmit": true, "strict": false,
            "target": "ES2024", "module": "ESNext", "moduleResolution": "Bundler", "types": [],
            "lib": ["ES2024", "DOM", "DOM.Iterable"] }, "include": ["*"] }"#;
        fs::write(sources.join("tsconfig.json"), options)?;
        let mut tsc = Command::new("node");
        tsc.arg(self.modules.join("typescript/lib/tsc.js")).arg("--project").arg(&sources);
        tools::run(&mut tsc).context("the scripts of the pages, named by page and line")
    }
}

fn blocks(page: &Page) -> Vec<Snippet> {
    blocks_of(&page.source, &page.text)
}

fn blocks_of(source: &str, text: &str) -> Vec<Snippet> {
    let mut found: Vec<Snippet> = Vec::new();
    let mut inside = false;
    for (event, range) in Parser::new_ext(text, render::options()).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let line = text[..range.start].lines().count() + 1;
                let info = match kind {
                    CodeBlockKind::Fenced(info) => info.into_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                let place = format!("{source}:{line}");
                found.push(Snippet { place, info, text: String::new() });
                inside = true;
            }
            Event::End(TagEnd::CodeBlock) => inside = false,
            Event::Text(text) if inside => {
                if let Some(snippet) = found.last_mut() {
                    snippet.text.push_str(&text);
                }
            }
            _ => {}
        }
    }
    found
}

/// Each line stands in the file, in this order, however far in.
fn stands_in(path: &Path, text: &str) -> Result<()> {
    let file =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut lines = file.lines().map(str::trim);
    for wanted in text.lines().map(str::trim).filter(|it| !it.is_empty() && *it != "…") {
        ensure!(lines.any(|line| line == wanted), "{} has no line {wanted:?}", path.display());
    }
    Ok(())
}

fn as_properties(ty: &str, text: &str) -> String {
    format!(
        "/** @type {{Partial<import(\"holdpoint\").{ty}>}} */\nexport const it = {{\n{text}}};\n"
    )
}

/// The headers of a block; a line that begins with a space goes on with the one before.
fn headers(text: &str) -> Result<Vec<(String, String)>> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match (line.starts_with(' '), headers.last_mut(), line.split_once(": ")) {
            (true, Some((_, value)), _) => {
                value.push(' ');
                value.push_str(line.trim());
            }
            (false, _, Some((name, value))) => headers.push((name.into(), value.trim().into())),
            _ => bail!("expected a header, found {line:?}"),
        }
    }
    ensure!(!headers.is_empty(), "there is no header");
    Ok(headers)
}

/// Every name of ours in a style sheet is one that the element has.
fn names_are_the_elements(workspace: &Workspace, text: &str) -> Result<()> {
    let types = fs::read_to_string(workspace.root.join("src/element").join(TYPES))?;
    let contracts = Contract::all(&types)?;
    let contract = contracts.first().context("there is no element")?;
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let known = [
        ("--holdpoint-", "--holdpoint-", &contract.custom_properties),
        ("::part(", "", &contract.parts),
        (":state(", "", &contract.states),
    ];
    for (before, prefix, list) in known {
        for rest in text.split(before).skip(1) {
            let end = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
            let name = format!("{prefix}{}", &rest[..end]);
            ensure!(list.iter().any(|it| it.name == name), "the element has no {before}{name}");
        }
    }
    Ok(())
}

fn is_ini(text: &str) -> Result<()> {
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let is_section = line.starts_with('[') && line.ends_with(']');
        let is_value = line.split_once('=').is_some_and(|(key, _)| !key.contains(' '));
        ensure!(line.starts_with('#') || is_section || is_value, "no such line: {line:?}");
    }
    Ok(())
}

/// A shell takes it, and every command is there.
fn shell(workspace: &Workspace, text: &str) -> Result<()> {
    tools::run(Command::new("bash").args(["-n", "-c", text]))?;
    for line in text.replace("\\\n", " ").lines() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        let is_assignment = |word: &&str| {
            word.split_once('=').is_some_and(|(name, _)| {
                name.chars().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '_')
            })
        };
        let words: Vec<_> = line.split_whitespace().skip_while(is_assignment).collect();
        match words.as_slice() {
            [] => {}
            ["#", ..] => {}
            ["cargo", "xtask", rest @ ..] => {
                Xtask::try_parse_from(["xtask"].iter().chain(rest))?;
            }
            [program, ..] => ensure!(COMMANDS.contains(program), "unknown command {program}"),
        }
        let mut after = words.iter();
        if words.first() == Some(&"cargo") {
            while let Some(word) = after.next() {
                if ["-p", "--package"].contains(word) {
                    let name = after.next().copied().unwrap_or_default();
                    let directory = name.strip_prefix("holdpoint-").unwrap_or(".");
                    let manifest = workspace.root.join(directory).join("Cargo.toml");
                    let manifest = fs::read_to_string(manifest).unwrap_or_default();
                    let there = manifest.contains(&format!("name = \"{name}\""));
                    ensure!(there, "there is no package {name}");
                }
            }
        }
    }
    Ok(())
}

/// What the programs are made of, in one text.
fn programs(workspace: &Workspace) -> Result<String> {
    let mut all = String::new();
    for room in ["proxy/src", "worker/src", "xtask/src"] {
        for (_, text) in super::codes::sources(&workspace.root.join(room))? {
            all.push_str(&text);
        }
    }
    Ok(all)
}

/// A variable that no program reads is a slip of the pen, or gone.
fn variables_are_read(programs: &str, text: &str) -> Result<()> {
    let is_name = |it: char| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '_';
    for rest in text.split("HOLDPOINT_").skip(1) {
        let end = rest.find(|it| !is_name(it)).unwrap_or(rest.len());
        let quoted = format!("\"HOLDPOINT_{}\"", &rest[..end]);
        ensure!(programs.contains(&quoted), "no program reads {quoted}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is_refused(info: &str) {
        assert!(Info::parse(info).is_err(), "{info}");
    }

    #[test]
    fn block_says_what_it_is() {
        for info in ["", "klingon", "js really", "nginx not run:", "nginx not run: "] {
            is_refused(info);
        }
        assert!(matches!(Info::parse("js of Tool").unwrap().mark, Mark::Of("Tool")));
        let info = Info::parse("nginx not run: it needs a name").unwrap();
        assert!(matches!(info.mark, Mark::NotRun("it needs a name")));
    }

    #[test]
    fn blocks_are_found_with_their_lines() {
        let found = blocks_of("a.md", "# A\n\n```js\n1;\n2;\n```\n\n```\nx\n```\n");
        let told: Vec<_> = found.iter().map(|it| (&*it.place, &*it.info, &*it.text)).collect();
        assert_eq!(told, [("a.md:3", "js", "1;\n2;\n"), ("a.md:8", "", "x\n")]);
    }

    #[test]
    fn folded_header_is_one() {
        let found = headers("A: 1;\n  2\nB: 3\n").unwrap();
        assert_eq!(found, [("A".into(), "1; 2".into()), ("B".into(), "3".into())]);
        assert!(headers("no header\n").is_err());
    }

    #[test]
    fn shell_names_what_there_is() {
        let workspace = Workspace::locate().unwrap();
        for good in ["cargo xtask demo    # here", "A=1 cargo run -p holdpoint-proxy", "npm ci"] {
            shell(&workspace, good).unwrap();
        }
        for bad in ["cargo xtask fly", "frobnicate", "cargo run -p holdpoint-moon", "if true"] {
            assert!(shell(&workspace, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_in_style_sheets_are_the_elements() {
        let workspace = Workspace::locate().unwrap();
        let good = "a::part(base) { --holdpoint-radius: 2px } b:state(waiting) {}";
        names_are_the_elements(&workspace, good).unwrap();
        for bad in ["--holdpoint-colour: red", "::part(bass)", ":state(asleep)"] {
            assert!(names_are_the_elements(&workspace, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn variables_are_those_of_a_program() {
        let programs = programs(&Workspace::locate().unwrap()).unwrap();
        variables_are_read(&programs, "HOLDPOINT_UPSTREAM=demo HOLDPOINT_RUNS=1").unwrap();
        assert!(variables_are_read(&programs, "HOLDPOINT_UPSTRAEM=demo").is_err());
    }
}

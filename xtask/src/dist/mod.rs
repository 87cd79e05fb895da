//! `cargo xtask dist`: the widget as a package for npm, in `dist/`.
//!
//! What is fetched later has a name that changes with its bytes, so that a server may let browsers
//! keep it for good; the loader knows these names, and the hash of each wasm.

pub(crate) mod check;
pub(crate) mod contract;
mod editors;
mod notices;
pub(crate) mod reference;
mod sbom;
pub(crate) mod verify;

use std::fs;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha384};
use wasm_encoder::{CustomSection, Section};

use self::contract::{Contract, TYPES};
pub(crate) use self::sbom::NAME as BILL;
use crate::browser;
use crate::cache::fingerprint;
use crate::npm::Npm;
use crate::page;
use crate::smoke;
use crate::tools::Workspace;
use crate::wasm::{self, Build, Files};

/// The class alone: importing it does nothing.
const ELEMENT: &str = "element.js";
/// It defines the element; what is imported from npm by the name of the package.
const DEFINE: &str = "define.js";
/// The types of JSX, for React.
const REACT: &str = "react.d.ts";
/// What the class's module exports.
const NAMES: &str =
    "HoldpointAgentElement, HoldpointApprovalElement, HoldpointInboxElement, HoldpointError";
/// In the loader: what follows is done by importing it.
const IMPORTED: &str = "\n// From here on: what importing this module does. Where there is no document, that is nothing.\n";

/// Builds the package.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let files = build(workspace)?;
    let directory = workspace.root.join("dist");
    page::write(&files, &directory)?;
    match browser::find_chromium(workspace) {
        Some(chromium) => smoke::check(workspace, &chromium, &directory)?,
        None => eprintln!("note: no Chromium, so nobody has seen this build start"),
    }
    println!("{}: {}", directory.display(), files.keys().cloned().collect::<Vec<_>>().join(", "));
    Ok(())
}

/// All files of the package.
pub(crate) fn build(workspace: &Workspace) -> Result<Files> {
    let mut files = Files::new();
    let mut named = Named::default();
    for (name, bytes) in page::loader(workspace)? {
        if name.starts_with(page::LABELS) || page::OPTIONAL.contains(&&*name) {
            named.add(&mut files, &name, bytes);
        } else {
            files.insert(name, bytes);
        }
    }
    let mut widget = wasm::build(workspace, Build::Release)?.files;
    let glue = widget.remove(wasm::GLUE).context("the widget has no glue")?;
    for (name, mut bytes) in widget {
        ensure!(wasm::is_wasm(&name), "the glue is in pieces; Node is needed to make it one");
        fill_up(&mut bytes);
        named.add(&mut files, &name, bytes);
    }
    let glue = named.fill_in(&String::from_utf8(glue)?);
    named.add(&mut files, wasm::GLUE, glue.into());
    scripts(workspace, &named, &mut files)?;

    let read = |name: &str| {
        let path = workspace.root.join("src/element").join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let types = read(TYPES)?;
    let contracts = Contract::all(&types)?;
    files.insert(TYPES.into(), types.into());
    // Types that lie beside a module are its own without a word in `exports`.
    for script in [ELEMENT, DEFINE] {
        let types = format!("export * from \"./{}\";\n", page::LOADER);
        files.insert(script.replace(".js", ".d.ts"), types.into());
    }
    files.insert(REACT.replace(".d.ts", ".js"), "export {};\n".into());
    files.insert(REACT.into(), read(REACT)?.into());
    // Readable as it is: it runs in the tests of others, who step into it.
    files.append(&mut wasm::read_tree(&workspace.root.join("src/kit"))?);
    for (name, data) in [
        ("custom-elements.json", editors::manifest(&contracts, ELEMENT, DEFINE)),
        ("web-types.json", editors::web_types(&contracts, &workspace.version)),
        ("vscode.html-custom-data.json", editors::vscode(&contracts)),
        ("sri.json", hashes(&files)),
    ] {
        files.insert(name.into(), pretty(&data)?);
    }
    files.append(&mut page::themes(workspace)?);
    files.append(&mut papers(workspace)?);
    files.insert(notices::NAME.into(), notices::collect(workspace)?.into());
    files.insert(BILL.into(), pretty(&sbom::collect(workspace)?)?);
    let shipped: Vec<_> = files.keys().cloned().collect();
    files.insert("package.json".into(), pretty(&package(workspace, &shipped))?);
    Ok(files)
}

/// Makes a small wasm too large to be inlined: Vite makes a `data:` address of what is smaller, and
/// the policy of a page refuses to fetch it. Compressed, the zeros are nothing.
fn fill_up(wasm: &mut Vec<u8>) {
    const VITE_INLINES_BELOW: usize = 4096;
    let data = vec![0; VITE_INLINES_BELOW.saturating_sub(wasm.len())];
    if !data.is_empty() {
        CustomSection { name: "filling".into(), data: data.into() }.append_to(wasm);
    }
}

/// What is fetched later: its name in the sources, the name with a hash, and the whole hash.
#[derive(Default)]
struct Named(Vec<(String, String, String)>);

impl Named {
    /// Takes a file in under the name that changes with it.
    fn add(&mut self, files: &mut Files, name: &str, bytes: Vec<u8>) {
        let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
        let hashed = format!("{stem}-{}.{ending}", &fingerprint(&[&bytes])[..12]);
        self.0.push((name.into(), hashed.clone(), integrity(&bytes)));
        files.insert(hashed, bytes);
    }

    /// A script with these names. Where it fetches such a file itself, the browser is told the hash
    /// and refuses other bytes; an import has no place for one.
    fn fill_in(&self, script: &str) -> String {
        let mut script = script.to_owned();
        for (name, hashed, hash) in &self.0 {
            for space in ["", " "] {
                let url = |name: &str| format!("new URL(\"./{name}\",{space}import.meta.url)");
                let fetched = format!("fetch({},{space}{{integrity:\"{hash}\"}})", url(hashed));
                script = script.replace(&format!("fetch({})", url(name)), &fetched);
                let preloaded = format!("link.href = {}.href", url(name));
                let with_hash = format!("link.integrity = \"{hash}\";\n{preloaded}");
                script = script.replace(&preloaded, &with_hash);
            }
            for start in ["\"./", "\""] {
                script = script.replace(&format!("{start}{name}\""), &format!("{start}{hashed}\""));
            }
        }
        script
    }
}

/// The loader, whole for a page, and in two modules for who builds with npm.
fn scripts(workspace: &Workspace, named: &Named, files: &mut Files) -> Result<()> {
    let sources = workspace.root.join("src/element");
    let read = |name: &str| -> Result<String> {
        Ok(named.fill_in(&fs::read_to_string(sources.join(name))?))
    };
    let source = read(page::LOADER)?;
    let (class, imported) = source
        .split_once(IMPORTED)
        .with_context(|| format!("{} does not say where it begins to act", page::LOADER))?;
    let define =
        format!("import {{ {NAMES} }} from \"./{ELEMENT}\";\nexport {{ {NAMES} }};\n{imported}");
    let npm = Npm::install(workspace).context("the package is made with esbuild")?;
    let directory = workspace.work().join("dist");
    wasm::clear(&directory)?;
    for name in page::MODULES {
        fs::write(directory.join(name), read(name)?)?;
    }
    let apart = named.0.iter().map(|(_, hashed, _)| hashed.as_str());
    let apart: Vec<_> =
        apart.filter(|name| name.ends_with(".js")).chain([ELEMENT, page::CRASH]).collect();
    for (name, script) in [(page::LOADER, &*source), (ELEMENT, class), (DEFINE, &define)] {
        let path = directory.join(name);
        fs::write(&path, script)?;
        let script = page::bundled(&npm, &path, &apart)?;
        let text = String::from_utf8_lossy(&script);
        let old = named.0.iter().find(|(old, ..)| text.contains(&format!("/{old}\"")));
        ensure!(old.is_none(), "{name} asks for a file by the name without its hash: {old:?}");
        files.insert(name.into(), script);
    }
    Ok(())
}

/// The README and the licences.
fn papers(workspace: &Workspace) -> Result<Files> {
    let mut papers = Files::new();
    for entry in fs::read_dir(&workspace.root)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("LICENSE") || name == "README.md" {
            papers.insert(name, fs::read(entry.path())?);
        }
    }
    ensure!(papers.len() > 1, "a package needs its licence: there is no LICENSE file");
    Ok(papers)
}

fn package(workspace: &Workspace, shipped: &[String]) -> Value {
    let define = format!("./{DEFINE}");
    json!({
        "name": "holdpoint",
        "version": workspace.version,
        "description": "A human approval, a hold point, for AI agents inside a web page",
        "keywords": ["ai", "agent", "approval", "human-in-the-loop", "web-component"],
        "license": "MIT OR Apache-2.0",
        "repository": { "type": "git", "url": format!("git+{}.git", workspace.repository) },
        "type": "module",
        "types": "./define.d.ts",
        "exports": {
            ".": define,
            "./define": define,
            "./element": format!("./{ELEMENT}"),
            "./react": format!("./{}", REACT.replace(".d.ts", ".js")),
            "./testing": "./testing.js",
            "./*": "./*",
        },
        // These define the element: a bundler must not drop their import.
        "sideEffects": [define, format!("./{}", page::LOADER)],
        "customElements": "custom-elements.json",
        "web-types": "./web-types.json",
        "files": shipped,
    })
}

/// The hash of each file that a browser loads.
fn hashes(files: &Files) -> Value {
    let loaded = files.iter().filter(|(name, _)| !name.ends_with(".d.ts"));
    let hashes: Map<_, _> =
        loaded.map(|(name, bytes)| (name.clone(), integrity(bytes).into())).collect();
    hashes.into()
}

/// The hash of [Subresource Integrity](https://www.w3.org/TR/SRI/).
fn integrity(bytes: &[u8]) -> String {
    format!("sha384-{}", STANDARD.encode(Sha384::digest(bytes)))
}

fn pretty(data: &Value) -> Result<Vec<u8>> {
    Ok((serde_json::to_string_pretty(data)? + "\n").into())
}

//! The demo page: the widget, its loader and the page around it, as a server hands them out.

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::cache::{Cache, fingerprint};
use crate::npm::Npm;
use crate::tools::Workspace;
use crate::wasm::{self, Build, Files};

/// The hand-written module with the element's class, which loads the glue.
pub(crate) const LOADER: &str = "holdpoint.js";
/// The modules that the loader imports; they are inside the loader where that could be bundled.
pub(crate) const MODULES: [&str; 3] =
    ["holdpoint_base.js", "holdpoint_heads.js", "holdpoint_language.js"];
/// Modules that the loader imports when something asks for them, each with what it imports in turn.
pub(crate) const OPTIONAL: [&str; 2] = ["holdpoint_device.js", "holdpoint_foreign.js"];
/// The folder of the texts in each language, beside the loader.
pub(crate) const LABELS: &str = "labels";
/// The part of a page's service worker that answers notifications. It stays as it is written: it is
/// small, and fetched by those alone who use it.
const NOTICES: &str = "holdpoint-sw.js";
/// What makes a page die, for the test kit and the developer's panel.
pub(crate) const CRASH: &str = "testing/crash.js";
const HTML: &str = "index.html";
const SERVICE_WORKER: &str = "sw.js";
/// The precompressed siblings end in this; a server picks them by `accept-encoding`.
const COMPRESSED: &str = ".br";

/// In the service worker: the version of its cache, a hash of all that is in it.
const BUILD_TOKEN: &str = "__HOLDPOINT_BUILD__";
/// In the service worker: a JSON array of the paths to cache, relative to the worker.
const FILES_TOKEN: &str = "__HOLDPOINT_FILES__";

/// Builds the page as it is shipped and returns the directory that holds it.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut files = shipped(workspace, wasm::build(workspace, Build::Release)?.files)?;
    for (name, bytes) in compressed(workspace, &files)? {
        files.insert(name + COMPRESSED, bytes);
    }
    // A server may be reading the last build: it sees the old page or the new one, never a mixture.
    let finished = workspace.target.join("dist-demo");
    let staged = workspace.work().join("dist-demo");
    write(&files, &staged)?;
    wasm::clear(&finished)?;
    fs::remove_dir(&finished)?;
    fs::rename(&staged, &finished)
        .with_context(|| format!("cannot write {}", finished.display()))?;
    Ok(finished)
}

/// Fills a development server's directory with all but the HTML, which is the server's own.
pub(crate) fn build_into(workspace: &Workspace, into: Option<PathBuf>) -> Result<()> {
    let into = into
        .or_else(|| env::var_os("TRUNK_STAGING_DIR").map(PathBuf::from))
        .context("name a directory with --into")?;
    // The service worker stays as it is written: without a list of files it caches nothing.
    let mut files = assemble(workspace, wasm::build(workspace, Build::Quick)?.files)?;
    files.remove(HTML);
    write_over(&files, &into)
}

/// Whether a file is part of a first load: what the widget needs to show itself and what waits.
pub(crate) fn is_first(name: &str) -> bool {
    [LOADER, wasm::GLUE, wasm::WASM].contains(&name)
        || MODULES.contains(&name)
        || name.starts_with("snippets/")
}

/// The loader as it is shipped, the texts that it fetches, and the part for service workers.
pub(crate) fn loader(workspace: &Workspace) -> Result<Files> {
    let element = workspace.root.join("src/element");
    let read =
        |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let crash = read(&workspace.root.join("src/kit").join(CRASH))?;
    let notices = read(&element.join(NOTICES))?;
    let mut files = Files::from([(NOTICES.into(), notices), (CRASH.into(), crash)]);
    match Npm::install(workspace) {
        Some(npm) => {
            for name in [&[LOADER][..], &OPTIONAL].concat() {
                let apart = [&[wasm::GLUE, CRASH][..], &OPTIONAL].concat();
                let script = bundled(&npm, &element.join(name), &apart)?;
                files.insert(name.into(), script);
            }
        }
        None => {
            for (name, script) in wasm::read_tree(&element)? {
                if name.ends_with(".js") && name != NOTICES {
                    files.insert(name, script);
                }
            }
        }
    }
    for (name, bytes) in wasm::read_tree(&workspace.root.join("src").join(LABELS))? {
        // They are written with a line for each text, which is of no use to a browser.
        let texts: serde_json::Value = serde_json::from_slice(&bytes)
            .with_context(|| format!("{LABELS}/{name} is no JSON"))?;
        files.insert(format!("{LABELS}/{name}"), serde_json::to_vec(&texts)?);
    }
    Ok(files)
}

/// Sheets that a page may copy.
pub(crate) fn themes(workspace: &Workspace) -> Result<Files> {
    let sheets = wasm::read_tree(&workspace.root.join("style/themes"))?;
    Ok(sheets.into_iter().map(|(name, sheet)| (format!("themes/{name}"), sheet)).collect())
}

/// A script with all that it imports, but for those modules beside it that stay apart.
pub(crate) fn bundled(npm: &Npm, path: &Path, apart: &[&str]) -> Result<Vec<u8>> {
    let apart = apart.iter().map(|name| format!("--external:./{name}"));
    let flags: Vec<_> = ["--bundle".to_owned()].into_iter().chain(apart).collect();
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    wasm::minified(npm, &flags, path)
}

/// The files of the page around a built widget, ready to be served.
pub(crate) fn shipped(workspace: &Workspace, widget: Files) -> Result<Files> {
    let mut files = assemble(workspace, widget)?;
    if let Some(worker) = files.remove(SERVICE_WORKER) {
        let worker = String::from_utf8(worker).context("sw.js is not UTF-8")?;
        let worker = versioned(&worker, &files)?;
        files.insert(SERVICE_WORKER.into(), worker.into_bytes());
    }
    Ok(files)
}

/// Puts the loader and the page around a built widget.
fn assemble(workspace: &Workspace, widget: Files) -> Result<Files> {
    let read = |path: &str| {
        let path = workspace.root.join(path);
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let mut files = widget;
    files.append(&mut loader(workspace)?);
    files.insert("style/page.css".into(), read("style/page.css")?);
    files.append(&mut wasm::read_tree(&workspace.root.join("demo/page"))?);
    files.append(&mut themes(workspace)?);
    let html = String::from_utf8(read(HTML)?).context("index.html is not UTF-8")?;
    files.insert(HTML.into(), without_trunk(&html)?.into_bytes());
    Ok(files)
}

/// Compresses what is worth it, as small as it goes.
pub(crate) fn compressed(workspace: &Workspace, files: &Files) -> Result<Files> {
    let cache = Cache::open(workspace)?;
    let mut compressed = Files::new();
    for (name, bytes) in files {
        let text = [".css", ".html", ".js", ".json", ".svg", ".wasm", ".webmanifest"];
        if text.iter().any(|ending| name.ends_with(ending)) {
            let small = cache.get(&format!("{name}{COMPRESSED}"), &[bytes], || brotli(bytes))?;
            compressed.insert(name.clone(), small);
        }
    }
    Ok(compressed)
}

/// Compresses at the highest setting.
fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    const BUFFER: usize = 1 << 16;
    const QUALITY: u32 = 11;
    const WINDOW: u32 = 22;
    let mut writer = brotli::CompressorWriter::new(Vec::new(), BUFFER, QUALITY, WINDOW);
    writer.write_all(bytes)?;
    writer.flush()?;
    Ok(writer.into_inner())
}

/// The HTML without the lines that only Trunk reads.
pub(crate) fn without_trunk(html: &str) -> Result<String> {
    let mut kept = String::with_capacity(html.len());
    for line in html.lines() {
        if line.contains("data-trunk") {
            let tag = line.trim();
            ensure!(
                tag.starts_with("<link") && tag.ends_with('>'),
                "index.html: a data-trunk link must have a line of its own: {tag}"
            );
            continue;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    Ok(kept)
}

/// The service worker with the list of what it caches and a version that changes with any of it.
fn versioned(worker: &str, files: &Files) -> Result<String> {
    for token in [BUILD_TOKEN, FILES_TOKEN] {
        ensure!(worker.contains(token), "sw.js does not mention {token}");
    }
    let mut parts = vec![worker.as_bytes()];
    parts.extend(files.iter().flat_map(|(name, bytes)| [name.as_bytes(), bytes.as_slice()]));
    let names: Vec<_> = files.keys().collect();
    Ok(worker
        .replace(BUILD_TOKEN, &fingerprint(&parts)[..16])
        .replace(FILES_TOKEN, &serde_json::to_string(&names)?))
}

/// Writes files into a directory that holds nothing else afterwards.
pub(crate) fn write(files: &Files, directory: &Path) -> Result<()> {
    wasm::clear(directory)?;
    write_over(files, directory)
}

/// Writes files into a directory beside what is there.
pub(crate) fn write_over(files: &Files, directory: &Path) -> Result<()> {
    for (name, bytes) in files {
        let path = directory.join(name);
        let parent = path.parent().unwrap_or(directory);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, bytes))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_for_trunk_are_left_out_of_the_html() {
        let html = "<head>\n  <link data-trunk rel=\"rust\" />\n  <title>x</title>\n</head>\n";
        assert_eq!(without_trunk(html).unwrap(), "<head>\n  <title>x</title>\n</head>\n");
    }

    #[test]
    fn link_for_trunk_over_two_lines_is_refused() {
        assert!(without_trunk("<link\n  data-trunk rel=\"rust\" />\n").is_err());
    }

    #[test]
    fn cache_version_changes_with_any_file_and_with_the_worker() {
        let worker = "const BUILD = '__HOLDPOINT_BUILD__', FILES = __HOLDPOINT_FILES__;";
        let files =
            Files::from([("a.js".into(), b"1".to_vec()), ("b/c.css".into(), b"2".to_vec())]);
        let first = versioned(worker, &files).unwrap();
        assert!(first.ends_with(r#"FILES = ["a.js","b/c.css"];"#), "{first}");
        assert_eq!(versioned(worker, &files).unwrap(), first);

        let mut changed = files.clone();
        changed.insert("a.js".into(), b"3".to_vec());
        let version = |text: &str| text.split('\'').nth(1).unwrap().to_owned();
        assert_eq!(version(&first).len(), 16);
        assert_ne!(version(&versioned(worker, &changed).unwrap()), version(&first));
        let other = format!("{worker} // changed");
        assert_ne!(version(&versioned(&other, &files).unwrap()), version(&first));
    }

    #[test]
    fn worker_without_its_tokens_is_refused() {
        assert!(versioned("const BUILD = 1;", &Files::new()).is_err());
    }

    #[test]
    fn compressed_bytes_come_back_whole() {
        let bytes: Vec<u8> = (0..5000u32).flat_map(|n| (n % 97).to_le_bytes()).collect();
        let small = brotli(&bytes).unwrap();
        assert!(small.len() < bytes.len());
        let mut whole = Vec::new();
        let mut reader = brotli::Decompressor::new(small.as_slice(), 4096);
        std::io::Read::read_to_end(&mut reader, &mut whole).unwrap();
        assert_eq!(whole, bytes);
    }
}

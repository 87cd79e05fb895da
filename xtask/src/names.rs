//! What is inside a wasm file, told by the crates that its functions come from.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use wasmparser::{BinaryReader, KnownCustom, Name, Parser, Payload};

/// The row for functions whose names belong to no crate: intrinsics, the glue's own, exports.
const RUNTIME: &str = "(runtime and glue)";

/// Bytes of the code section by crate, and the other sections.
///
/// A generic function counts for the crate that defines it, not for the one that uses it.
pub(crate) fn spenders(wasm: &[u8]) -> Result<BTreeMap<String, usize>> {
    let mut names = HashMap::new();
    let mut bodies = Vec::new();
    let mut imported = 0;
    let mut spent = BTreeMap::<String, usize>::new();
    let mut sections = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.context("the wasm cannot be read")?;
        match &payload {
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    imported += usize::from(matches!(import?.ty, wasmparser::TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range().len()),
            Payload::DataSection(section) => {
                *spent.entry("(data: strings and tables)".into()).or_default() +=
                    section.range().len();
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(section) = section.as_known() {
                    for name in section {
                        if let Name::Function(functions) = name? {
                            for function in functions {
                                let function = function?;
                                names.insert(function.index as usize, function.name);
                            }
                        }
                    }
                }
            }
            _ => {
                if !matches!(payload, Payload::CodeSectionStart { .. })
                    && let Some((_, range)) = payload.as_section()
                {
                    sections += range.len();
                }
            }
        }
    }
    for (index, size) in bodies.iter().enumerate() {
        let name = names.get(&(imported + index)).copied().unwrap_or_default();
        // wasm-bindgen has made the names of what it has seen readable; parts cut off before are
        // as the compiler left them.
        let name = format!("{:#}", rustc_demangle::demangle(name));
        *spent.entry(crate_of(&name)).or_default() += size;
    }
    spent.insert("(types, tables, exports)".into(), sections);
    Ok(spent)
}

/// The file without its custom sections: names, producers and features are of no use to a browser.
pub(crate) fn without_custom_sections(wasm: &[u8]) -> Result<Vec<u8>> {
    const HEADER: usize = 8;
    const CUSTOM: u8 = 0;
    let mut kept = wasm.get(..HEADER).context("the wasm has no header")?.to_vec();
    let mut reader = BinaryReader::new(wasm, 0);
    reader.read_bytes(HEADER)?;
    while !reader.eof() {
        let start = reader.original_position();
        let id = reader.read_u8()?;
        let length = reader.read_var_u32()? as usize;
        reader.read_bytes(length)?;
        if id != CUSTOM {
            kept.extend_from_slice(&wasm[start..reader.original_position()]);
        }
    }
    Ok(kept)
}

/// The crate that a function's name starts with: `<&mut serde_json::Value as Trait>::f` is
/// `serde_json`'s.
fn crate_of(name: &str) -> String {
    let Some((before, _)) = name.split_once("::") else { return RUNTIME.into() };
    // The newer way of mangling sets a hash behind the crate's name: `core[c5930c85a12de822]::fmt`.
    let before =
        before.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')).map_or(before, |it| it.0);
    let krate = before.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next();
    krate.filter(|krate| !krate.is_empty()).unwrap_or(RUNTIME).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn function_counts_for_the_crate_its_name_starts_with() {
        for (name, krate) in [
            ("holdpoint_core::run::Run::step::h0123456789abcdef", "holdpoint_core"),
            ("<&mut serde_json::de::Deserializer<R> as serde::Deserializer>::f", "serde_json"),
            ("<dyn core::any::Any>::is", "core"),
            ("<&usize as core[c5930c85a12de822]::fmt::Debug>::fmt", "core"),
            ("<[std[a543996e6e7dbf1e]::path::Component]>::len", "std"),
            ("__wbindgen_malloc", RUNTIME),
            ("", RUNTIME),
        ] {
            assert_eq!(crate_of(name), krate, "{name}");
        }
    }

    #[test]
    fn custom_sections_are_taken_out_and_the_others_kept() {
        let header = b"\0asm\x01\0\0\0";
        let types = [1, 4, 1, 0x60, 0, 0];
        let custom = [0, 5, 4, b'n', b'a', b'm', b'e'];
        let wasm = [header.as_slice(), &custom, &types, &custom].concat();
        let kept = without_custom_sections(&wasm).unwrap();
        assert_eq!(kept, [header.as_slice(), &types].concat());
    }

    #[test]
    fn cut_file_is_an_error() {
        assert!(without_custom_sections(b"\0asm\x01\0\0\0\x01\x7f").is_err());
        assert!(without_custom_sections(b"\0as").is_err());
    }
}

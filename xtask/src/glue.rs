//! What wasm-bindgen writes for people to read, made short for browsers.

use anyhow::{Context, Result, ensure};
use wasmparser::{BinaryReader, Parser, Payload};

/// Gives the imports short names in both files, and takes comments and indentation out of the
/// JavaScript. The names have hashes in them, which no compression makes any smaller.
pub(crate) fn shorten(wasm: &[u8], glue: &str) -> Result<(Vec<u8>, String)> {
    const IMPORTS: u8 = 2;
    let mut glue = without_comments(glue);
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::ImportSection(section) = payload.context("the wasm cannot be read")? else {
            continue;
        };
        let range = section.range();
        let mut renamed = Vec::new();
        let mut reader = BinaryReader::new(&wasm[range.clone()], 0);
        let count = reader.read_var_u32()?;
        write_u32(&mut renamed, count as usize);
        for index in 0..count {
            let (module, name) = (reader.read_string()?, reader.read_string()?);
            // A name that the glue has but once, as a key, can be another one.
            let short = format!("i{index}");
            let key = format!("\n{name}: ");
            let is_key = name.starts_with("__wb") && glue.matches(name).count() == 1;
            let name = if is_key && glue.contains(&key) {
                glue = glue.replace(&key, &format!("\n{short}: "));
                &short
            } else {
                name
            };
            write_text(&mut renamed, module);
            write_text(&mut renamed, name);
            let kind = reader.read_u8()?;
            ensure!(kind == 0, "the glue is expected to give functions only");
            renamed.push(kind);
            write_u32(&mut renamed, reader.read_var_u32()? as usize);
        }
        // The section's id and length come before its content.
        let mut header = vec![IMPORTS];
        write_u32(&mut header, range.len());
        let (before, after) = (&wasm[..range.start], &wasm[range.end..]);
        let before = before.strip_suffix(header.as_slice()).context("an odd section of imports")?;
        let mut whole = before.to_vec();
        whole.push(IMPORTS);
        write_u32(&mut whole, renamed.len());
        whole.extend(renamed);
        whole.extend(after);
        return Ok((whole, glue));
    }
    Ok((wasm.to_vec(), glue))
}

/// The lines of a script without what is only for its readers. The glue has no text of several
/// lines.
fn without_comments(script: &str) -> String {
    let is_code = |line: &&str| !line.is_empty() && !line.starts_with(['/', '*']);
    script.lines().map(str::trim).filter(is_code).flat_map(|line| [line, "\n"]).collect()
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    write_u32(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// Writes an unsigned number as LEB128.
fn write_u32(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn import_has_the_same_short_name_in_both_files() {
        let mut imports = vec![1];
        write_text(&mut imports, "./glue.js");
        write_text(&mut imports, "__wbg_f_0123456789abcdef");
        imports.extend([0, 0]);
        let types = [1, 4, 1, 0x60, 0, 0];
        let wasm = [b"\0asm\x01\0\0\0".as_slice(), &types, &[2, imports.len() as u8], &imports];
        let glue = "/**\n * Words.\n */\nconst i = {\n    __wbg_f_0123456789abcdef: f,\n};\n";
        let (wasm, glue) = shorten(&wasm.concat(), glue).unwrap();
        assert_eq!(glue, "const i = {\ni0: f,\n};\n");
        let last = [b"\x09./glue.js".as_slice(), b"\x02i0", &[0, 0]].concat();
        assert!(wasm.ends_with(&last));
        Parser::new(0).parse_all(&wasm).for_each(|payload| drop(payload.unwrap()));
    }

    #[test]
    fn cut_file_is_an_error() {
        assert!(shorten(b"\0asm\x01\0\0\0\x02\x05", "").is_err());
    }
}

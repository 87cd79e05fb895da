//! What wasm-bindgen writes for people to read, made short for browsers.

use std::convert::Infallible;

use anyhow::{Context, Result};
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{ExportSection, ImportSection, Module};
use wasmparser::{Export, Import, ImportSectionReader, Parser};

/// Gives the imports short names in both files, and takes comments and indentation out of the
/// JavaScript. The names have hashes in them, which no compression makes any smaller.
pub(crate) fn shorten_imports(wasm: &[u8], glue: &str) -> Result<(Vec<u8>, String)> {
    let mut shortened = ShortImports { glue: without_comments(glue) };
    let wasm = rewrite(wasm, &mut shortened)?;
    Ok((wasm, shortened.glue))
}

/// The wasm without the exports that no script names. What only they reach is then of no use, and
/// wasm-opt leaves it out.
pub(crate) fn without_unused_exports(wasm: &[u8], script: &str) -> Result<Vec<u8>> {
    rewrite(wasm, &mut UsedExports { script })
}

struct ShortImports {
    glue: String,
}

impl Reencode for ShortImports {
    type Error = Infallible;

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        for (index, import) in section.into_imports().enumerate() {
            let import = import?;
            // A name that the glue has but once, as a key, can be another one.
            let (short, key) = (format!("\ni{index}: "), format!("\n{}: ", import.name));
            let is_key = import.name.starts_with("__wb")
                && self.glue.matches(import.name).count() == 1
                && self.glue.contains(&key);
            let name = if is_key {
                self.glue = self.glue.replace(&key, &short);
                short.trim_matches(['\n', ':', ' '])
            } else {
                import.name
            };
            utils::parse_import(self, imports, Import { name, ..import })?;
        }
        Ok(())
    }
}

struct UsedExports<'a> {
    script: &'a str,
}

impl Reencode for UsedExports<'_> {
    type Error = Infallible;

    fn parse_export(
        &mut self,
        exports: &mut ExportSection,
        export: Export<'_>,
    ) -> Result<(), Error<Infallible>> {
        if self.script.contains(export.name) {
            utils::parse_export(self, exports, export)?;
        }
        Ok(())
    }
}

fn rewrite(wasm: &[u8], how: &mut impl Reencode<Error = Infallible>) -> Result<Vec<u8>> {
    let mut module = Module::new();
    utils::parse_core_module(how, &mut module, Parser::new(0), wasm)
        .context("the wasm cannot be read")?;
    Ok(module.finish())
}

/// The lines of a script without what is only for its readers. The glue has no text of several
/// lines.
fn without_comments(script: &str) -> String {
    let is_code = |line: &&str| !line.is_empty() && !line.starts_with(['/', '*']);
    script.lines().map(str::trim).filter(is_code).flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, EntityType, ExportKind, Function, FunctionSection, TypeSection,
    };

    use super::*;

    fn wasm() -> Vec<u8> {
        let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
        types.ty().function([], []);
        imports.import("./glue.js", "__wbg_f_0123456789abcdef", EntityType::Function(0));
        let (mut functions, mut exports) = (FunctionSection::new(), ExportSection::new());
        functions.function(0);
        exports.export("used", ExportKind::Func, 1).export("unused", ExportKind::Func, 1);
        let mut code = CodeSection::new();
        let mut body = Function::new([]);
        body.instructions().end();
        code.function(&body);
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions);
        module.section(&exports).section(&code);
        module.finish()
    }

    fn has(wasm: &[u8], text: &str) -> bool {
        wasm.windows(text.len()).any(|window| window == text.as_bytes())
    }

    #[test]
    fn import_has_the_same_short_name_in_both_files() {
        let glue = "/**\n * Words.\n */\nconst i = {\n    __wbg_f_0123456789abcdef: f,\n};\n";
        let (wasm, glue) = shorten_imports(&wasm(), glue).unwrap();
        assert_eq!(glue, "const i = {\ni0: f,\n};\n");
        assert!(has(&wasm, "i0") && !has(&wasm, "__wbg_f"));
    }

    #[test]
    fn export_that_no_script_names_is_left_out() {
        let wasm = without_unused_exports(&wasm(), "wasm.used()").unwrap();
        assert!(has(&wasm, "used") && !has(&wasm, "unused"));
    }

    #[test]
    fn cut_file_is_an_error() {
        assert!(shorten_imports(b"\0asm\x01\0\0\0\x02\x05", "").is_err());
    }
}

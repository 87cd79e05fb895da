//! The public face of the elements, as `holdpoint.d.ts` declares it: the one source of what editors,
//! frameworks and documentation are told.
//!
//! It reads the shape in which that file is written, and no other TypeScript: what it does not
//! understand is an error and never left out.

use anyhow::{Context, Result, bail, ensure};

/// The declarations, as they stand in the sources.
pub(crate) const TYPES: &str = "holdpoint.d.ts";
/// The elements that the loader defines: the name, the class, and where the details of its events are.
pub(crate) const ELEMENTS: [[&str; 3]; 3] = [
    ["holdpoint-agent", "HoldpointAgentElement", "HoldpointEventDetails"],
    ["holdpoint-approval", "HoldpointApprovalElement", "HoldpointPartEventDetails"],
    ["holdpoint-inbox", "HoldpointInboxElement", "HoldpointPartEventDetails"],
];

/// How the declarations call the slot that has no name.
pub(crate) const DEFAULT_SLOT: &str = "(default)";

/// What a page may rely on.
pub(crate) struct Contract {
    pub(crate) tag: &'static str,
    pub(crate) class: &'static str,
    pub(crate) description: String,
    /// Properties that a page sets, those with an attribute first, and those that it only reads.
    pub(crate) properties: Vec<Property>,
    pub(crate) methods: Vec<Method>,
    /// The type of each is that of its `detail`.
    pub(crate) events: Vec<Named>,
    pub(crate) parts: Vec<Named>,
    pub(crate) custom_properties: Vec<Named>,
    pub(crate) states: Vec<Named>,
    pub(crate) slots: Vec<Named>,
}

/// Something with a name, a sentence, and a type or default where it has one.
#[derive(Clone)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) detail: String,
}

pub(crate) struct Property {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) ty: String,
    pub(crate) readonly: bool,
    pub(crate) attribute: Option<String>,
    pub(crate) default: Option<String>,
}

pub(crate) struct Method {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) is_static: bool,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) returns: String,
}

pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) ty: String,
    pub(crate) optional: bool,
}

impl Contract {
    /// Reads the declarations of all elements, the agent first. What shows a part of its view has the
    /// names of its parts and its custom properties.
    pub(crate) fn all(source: &str) -> Result<Vec<Self>> {
        let mut all: Vec<Self> =
            ELEMENTS.iter().map(|it| Self::parse(source, it)).collect::<Result<_>>()?;
        if let Some((agent, others)) = all.split_first_mut() {
            for other in others {
                other.parts.clone_from(&agent.parts);
                other.custom_properties.clone_from(&agent.custom_properties);
            }
        }
        Ok(all)
    }

    fn parse(source: &str, [tag, class, details]: &[&'static str; 3]) -> Result<Self> {
        let properties = class.replace("Element", "Properties");
        let (_, settable) = block(source, &format!("export interface {properties} {{"))?;
        let (doc, members) =
            block(source, &format!("export class {class} extends HTMLElement {{"))?;
        let (_, details) = block(source, &format!("export interface {details} {{"))?;
        let mut contract = Self {
            tag,
            class,
            description: doc.description,
            properties: Vec::new(),
            methods: Vec::new(),
            events: Vec::new(),
            parts: Vec::new(),
            custom_properties: Vec::new(),
            states: Vec::new(),
            slots: Vec::new(),
        };
        for (doc, text) in settable {
            // A setter has the documentation of its getter.
            if !text.starts_with("set ") {
                contract.properties.push(Property::parse(doc, &text)?);
            }
        }
        for (doc, text) in members {
            let head = text.split(['(', ':']).next().unwrap_or_default();
            match (head.starts_with("addEventListener"), text.starts_with("readonly ")) {
                (true, _) => {}
                (_, true) => contract.properties.push(Property::parse(doc, &text)?),
                _ => contract.methods.push(Method::parse(doc, &text)?),
            }
        }
        for (doc, text) in details {
            let (name, ty) = text.split_once(": ").context("an event without a detail")?;
            contract.events.push(Named {
                name: name.trim_matches('"').into(),
                description: documented(doc.description, name)?,
                detail: ty.trim_end_matches(';').into(),
            });
        }
        for (tag, rest) in doc.tags {
            let kind = match tag.as_str() {
                "csspart" => &mut contract.parts,
                "cssprop" => &mut contract.custom_properties,
                "cssstate" => &mut contract.states,
                "slot" => &mut contract.slots,
                _ => bail!("{TYPES}: @{tag} is not known on the class"),
            };
            let (name, description) =
                rest.rsplit_once(" - ").with_context(|| format!("{TYPES}: @{tag} {rest}"))?;
            let name = name.trim_start_matches('[').trim_end_matches(']');
            let (name, default) = name.split_once('=').unwrap_or((name, ""));
            kind.push(Named {
                name: name.into(),
                description: description.into(),
                detail: default.into(),
            });
        }
        Ok(contract)
    }

    /// Properties with an attribute.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&str, &Property)> {
        self.properties.iter().filter_map(|it| Some((it.attribute.as_deref()?, it)))
    }
}

impl Property {
    fn parse(doc: Doc, text: &str) -> Result<Self> {
        let (name, ty) = text.split_once(": ").with_context(|| format!("{TYPES}: {text}"))?;
        let readonly = name.starts_with("readonly ");
        let name = name.trim_start_matches("readonly ").trim_start_matches("get ");
        let (mut attribute, mut default) = (None, None);
        for (tag, rest) in doc.tags {
            match tag.as_str() {
                "attr" => attribute = Some(rest),
                "default" => default = Some(rest),
                _ => bail!("{TYPES}: @{tag} is not known on {name}"),
            }
        }
        ensure!(attribute.is_some() == default.is_some(), "{TYPES}: {name} has only one of both");
        Ok(Self {
            name: name.trim_end_matches("()").into(),
            description: documented(doc.description, name)?,
            ty: ty.trim_end_matches(';').into(),
            readonly,
            attribute,
            default,
        })
    }

    /// The words that it may be, where there is a list of them.
    pub(crate) fn words(&self) -> Vec<&str> {
        let words: Option<Vec<_>> = self
            .ty
            .split(" | ")
            .map(|word| word.strip_prefix('"').and_then(|word| word.strip_suffix('"')))
            .collect();
        words.unwrap_or_default()
    }
}

impl Method {
    fn parse(doc: Doc, text: &str) -> Result<Self> {
        let fault = || format!("{TYPES}: {text}");
        let is_static = text.starts_with("static ");
        let text = text.trim_start_matches("static ").trim_end_matches(';');
        let open = text.find('(').with_context(fault)?;
        let name = text[..open].split('<').next().unwrap_or_default();
        let mut pieces = vec![String::new()];
        let mut depth = 0_usize;
        let mut close = None;
        for (at, character) in text.char_indices().skip(open) {
            match character {
                '(' | '{' | '[' => depth += 1,
                ')' | '}' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                close = Some(at);
                break;
            }
            match (depth, character) {
                (1, '(') => {}
                (1, ',') => pieces.push(String::new()),
                _ => pieces.last_mut().with_context(fault)?.push(character),
            }
        }
        let close = close.with_context(fault)?;
        let mut parameters = Vec::new();
        for piece in pieces.iter().map(|piece| piece.trim()).filter(|piece| !piece.is_empty()) {
            let (name, ty) = piece.split_once(": ").with_context(fault)?;
            parameters.push(Parameter {
                name: name.trim_end_matches('?').into(),
                ty: ty.into(),
                optional: name.ends_with('?'),
            });
        }
        Ok(Self {
            name: name.into(),
            description: documented(doc.description, name)?,
            is_static,
            parameters,
            returns: text[close + 1..].trim_start_matches(": ").into(),
        })
    }
}

fn documented(description: String, name: &str) -> Result<String> {
    ensure!(!description.is_empty(), "{TYPES}: {name} has no sentence");
    Ok(description)
}

/// A comment before a declaration.
#[derive(Default)]
struct Doc {
    description: String,
    tags: Vec<(String, String)>,
}

impl Doc {
    fn parse(comment: &str) -> Self {
        let mut doc = Self::default();
        for line in comment.lines() {
            let line = line.trim().trim_start_matches("/**").trim_end_matches("*/");
            let line = line.trim().trim_start_matches('*').trim();
            if let Some(tag) = line.strip_prefix('@') {
                let (tag, rest) = tag.split_once(' ').unwrap_or((tag, ""));
                doc.tags.push((tag.into(), rest.into()));
            } else if !line.is_empty() {
                if !doc.description.is_empty() {
                    doc.description.push(' ');
                }
                doc.description.push_str(line);
            }
        }
        doc
    }
}

/// The declarations in a block at the edge of the file, each in one line, and the comment before it.
fn block(source: &str, opening: &str) -> Result<(Doc, Vec<(Doc, String)>)> {
    let opening = format!("\n{opening}\n");
    let at = source.find(&opening).with_context(|| format!("{TYPES} lacks{opening}"))?;
    let body = &source[at + opening.len()..];
    let body = &body[..body.find("\n}").with_context(|| format!("{TYPES}: no end of{opening}"))?];
    let before = &source[..at];
    let comment = if before.ends_with("*/") { before.rfind("/**") } else { None };

    let mut members = Vec::new();
    let (mut comment_now, mut text, mut inside) = (String::new(), String::new(), false);
    for line in body.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if text.is_empty() && (inside || line.starts_with("/**")) {
            comment_now.push_str(line);
            comment_now.push('\n');
            inside = !line.ends_with("*/");
        } else if !line.starts_with("//") {
            if !text.is_empty() && !text.ends_with('(') && line != ")" {
                text.push(' ');
            }
            text.push_str(line);
            let count = |these: &[char]| text.chars().filter(|it| these.contains(it)).count();
            if line.ends_with(';') && count(&['(', '{', '[']) == count(&[')', '}', ']']) {
                members.push((
                    Doc::parse(&std::mem::take(&mut comment_now)),
                    std::mem::take(&mut text),
                ));
            }
        }
    }
    ensure!(text.is_empty() && !members.is_empty(), "{TYPES}: cannot be read: {text}");
    Ok((comment.map(|at| Doc::parse(&before[at..])).unwrap_or_default(), members))
}

#[cfg(test)]
mod tests;

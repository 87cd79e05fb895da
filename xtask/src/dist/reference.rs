//! `docs/element.md`: the element's public face for people, made of the declarations.

use std::fs;

use anyhow::{Context, Result};

use super::contract::{Contract, Method, Named, Property, TYPES};
use crate::tools::Workspace;

const PAGE: &str = "docs/element.md";
const HEAD: &str = "\
# `<holdpoint-agent>`, `<holdpoint-approval>`, `<holdpoint-inbox>`

All that a page may rely on, made of `src/element/holdpoint.d.ts` by `cargo xtask reference`. How it is put
into a page is in [embedding.md](embedding.md), what a person decides in [approvals.md](approvals.md).
";

/// Writes the page anew.
pub(crate) fn write(workspace: &Workspace) -> Result<()> {
    let types = fs::read_to_string(workspace.root.join("src/element").join(TYPES))?;
    let page = workspace.root.join(PAGE);
    fs::write(&page, of(&Contract::all(&types)?))
        .with_context(|| format!("cannot write {}", page.display()))
}

fn of(contracts: &[Contract]) -> String {
    let Some((agent, others)) = contracts.split_first() else { return String::from(HEAD) };
    let others = others.iter().map(beside).collect::<String>();
    [HEAD, &of_agent(agent), &others].concat()
}

/// What shows a part of an agent's view: all but what it shares with the agent.
fn beside(contract: &Contract) -> String {
    let mut page = format!("\n## `<{}>`\n\n{}\n\n", contract.tag, contract.description);
    page += "Parts and custom properties are those of the agent.\n\n";
    page += &attributes(contract);
    let rows: Vec<_> = others(contract, true)
        .map(|it| [code(&it.name), code(&it.ty), cell(&it.description)])
        .collect();
    page += &format!("\n{}", table(&["Property to read", "Type", ""], &rows));
    for (title, rows) in [
        ("Slot", names(&contract.slots)),
        ("State", names(&contract.states)),
        ("Event", names(&contract.events)),
    ] {
        page += &format!("\n{}", table(&[title, ""], &rows));
    }
    page
}

fn attributes(contract: &Contract) -> String {
    let rows: Vec<_> = contract
        .attributes()
        .map(|(name, it)| {
            let default = it.default.as_deref().unwrap_or_default();
            [code(name), code(&it.name), code(&it.ty), code(default), cell(&it.description)]
        })
        .collect();
    table(&["Attribute", "Property", "Type", "Default", ""], &rows)
}

fn names(list: &[Named]) -> Vec<[String; 2]> {
    list.iter().map(|it| [code(&it.name), cell(&it.description)]).collect()
}

fn of_agent(contract: &Contract) -> String {
    let mut page = String::new();
    page += "\n## Attributes\n\nEach is a property too, and they say the same.\n\n";
    page += &attributes(contract);
    for (title, readonly) in [("Properties", false), ("Properties to read", true)] {
        let rows: Vec<_> = others(contract, readonly)
            .map(|it| [code(&it.name), code(&it.ty), cell(&it.description)])
            .collect();
        page += &format!("\n## {title}\n\n{}", table(&["Property", "Type", ""], &rows));
    }
    let methods: Vec<_> = contract
        .methods
        .iter()
        .map(|it| [code(&signature(it)), code(&it.returns), cell(&it.description)])
        .collect();
    page += "\n## Methods\n\nWhat is asked before the element is ready waits its turn. What cannot be done \
             rejects with a\n`HoldpointError`, which has a `code` and a `fix`.\n\n";
    page += &table(&["Method", "Gives", ""], &methods);
    page += "\n## Events\n\nAll bubble and are composed.\n\n";
    page += &named("Event", "Detail", &contract.events);
    page += "\n## States\n\nIn a style sheet `holdpoint-agent:state(waiting)`. The property `state` is one of these, \
             but for `critical`\nand `open`, which are so beside it.\n\n";
    page += &named("State", "", &contract.states);
    page += "\n## Custom properties\n\nThey may be set on any element around it.\n\n";
    page += &named("Property", "Default", &contract.custom_properties);
    page += "\n## Slots\n\nFor what the page puts into the element, by its attribute `slot`.\n\n";
    page += &named("Slot", "", &contract.slots);
    page += "\n## Parts\n\n`holdpoint-agent::part(approve-button)` styles one.\n\n";
    page += &named("Part", "", &contract.parts);
    page
}

/// Properties without an attribute.
fn others(contract: &Contract, readonly: bool) -> impl Iterator<Item = &Property> {
    contract.properties.iter().filter(move |it| it.attribute.is_none() && it.readonly == readonly)
}

fn signature(method: &Method) -> String {
    let parameters: Vec<_> = method
        .parameters
        .iter()
        .map(|it| format!("{}{}: {}", it.name, if it.optional { "?" } else { "" }, it.ty))
        .collect();
    let before = if method.is_static { "static " } else { "" };
    format!("{before}{}({})", method.name, parameters.join(", "))
}

/// A table of names; without a title for their details these are left out.
fn named(title: &str, detail: &str, list: &[Named]) -> String {
    if detail.is_empty() {
        return table(&[title, ""], &names(list));
    }
    let rows: Vec<_> =
        list.iter().map(|it| [code(&it.name), code(&it.detail), cell(&it.description)]).collect();
    table(&[title, detail, ""], &rows)
}

fn table<const N: usize>(head: &[&str; N], rows: &[[String; N]]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<_> = head.iter().map(|&title| title.to_owned()).collect();
    let rule: Vec<_> = head.iter().map(|_| "---".to_owned()).collect();
    let rows = rows.iter().map(|row| line(row)).collect::<String>();
    line(&head) + &line(&rule) + &rows
}

fn code(text: &str) -> String {
    format!("`{}`", cell(text))
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_is_what_the_declarations_say() {
        let workspace = Workspace::locate().unwrap();
        let read = |path: &str| fs::read_to_string(workspace.root.join(path)).unwrap();
        let contracts = Contract::all(&read("src/element/holdpoint.d.ts")).unwrap();
        assert!(read(PAGE) == of(&contracts), "{PAGE}: write it anew with `cargo xtask reference`");
    }

    #[test]
    fn bar_does_not_end_a_cell() {
        assert_eq!(
            table(&["A", "B"], &[[code("1 | 2"), cell("x|y")]]),
            "| A | B |\n| --- | --- |\n| `1 \\| 2` | x\\|y |\n"
        );
    }
}

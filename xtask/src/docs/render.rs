//! One page: Markdown to HTML, with its links resolved against the other pages and the repository.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, html};

use super::book::{Book, Page, joined};
use super::escaped;
use super::snippets::Info;
use crate::tools::Workspace;

/// A page as it is shown.
pub(super) struct Rendered {
    pub(super) html: String,
    /// The page for who reads Markdown: the source, with the links of the site.
    pub(super) markdown: String,
    pub(super) headings: Vec<Heading>,
    /// The pages and anchors that it leads to.
    pub(super) links: Vec<(String, String)>,
    /// Images: their name in the site, and their file.
    pub(super) media: Vec<(String, PathBuf)>,
}

/// A heading, with the words below it.
pub(super) struct Heading {
    pub(super) level: u8,
    pub(super) text: String,
    pub(super) id: String,
    pub(super) body: String,
}

impl Rendered {
    /// What the page is about, in its own words.
    pub(super) fn first_sentence(&self) -> &str {
        let body = self.headings.iter().map(|it| it.body.trim()).find(|body| !body.is_empty());
        let body = body.unwrap_or_default();
        body.find(". ").map_or(body, |end| &body[..=end])
    }
}

pub(super) fn options() -> Options {
    Options::ENABLE_TABLES
}

/// Makes the HTML of a page.
pub(super) fn render(workspace: &Workspace, book: &Book, page: &Page) -> Result<Rendered> {
    let mut made = Rendered {
        html: String::new(),
        markdown: page.text.clone(),
        headings: Vec::new(),
        links: Vec::new(),
        media: Vec::new(),
    };
    let mut events = Vec::new();
    let mut parser = Parser::new_ext(&page.text, options());
    while let Some(event) = parser.next() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                let inner: Vec<_> = parser.by_ref().take_while(is_no_heading_end).collect();
                heading(&mut made, &mut events, level as u8, inner);
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                let inner = parser.by_ref().take_while(|it| *it != Event::End(TagEnd::CodeBlock));
                let text: String = inner.filter_map(words).collect();
                events.push(Event::Html(code(&kind, &text)?.into()));
            }
            Event::Start(Tag::Table(columns)) => {
                events.push(Event::Html("<div class=\"table\" tabindex=\"0\">".into()));
                events.push(Event::Start(Tag::Table(columns)));
            }
            Event::End(TagEnd::Table) => {
                events.push(Event::End(TagEnd::Table));
                events.push(Event::Html("</div>".into()));
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let dest_url = link(workspace, book, page, &mut made, &dest_url)?;
                events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
            }
            Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
                let dest_url = image(workspace, page, &mut made, &dest_url)?;
                events.push(Event::Start(Tag::Image { link_type, dest_url, title, id }));
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                let html = plain_html(workspace, page, &mut made, &html)?;
                events.push(Event::Html(html.into()));
            }
            event => {
                if let Some(heading) = made.headings.last_mut() {
                    body(heading, &event);
                }
                events.push(event);
            }
        }
    }
    html::push_html(&mut made.html, events.into_iter());
    Ok(made)
}

fn is_no_heading_end(event: &Event<'_>) -> bool {
    !matches!(event, Event::End(TagEnd::Heading(_)))
}

fn words(event: Event<'_>) -> Option<String> {
    match event {
        Event::Text(text) | Event::Code(text) => Some(text.into_string()),
        Event::SoftBreak | Event::HardBreak => Some(" ".into()),
        _ => None,
    }
}

fn body(heading: &mut Heading, event: &Event<'_>) {
    match event {
        Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::TableCell) => heading.body.push(' '),
        event => heading.body.extend(words(event.clone())),
    }
}

/// A heading with a link to itself.
fn heading<'a>(made: &mut Rendered, events: &mut Vec<Event<'a>>, level: u8, inner: Vec<Event<'a>>) {
    let text: String = inner.iter().cloned().filter_map(words).collect();
    let slug = slug(&text);
    let same = |id: &str| made.headings.iter().any(|it| it.id == id);
    let numbered = (1..).map(|count| format!("{slug}-{count}"));
    let id = [slug.clone()].into_iter().chain(numbered).find(|id| !same(id)).unwrap_or_default();
    events.push(Event::Html(format!("<h{level} id=\"{id}\">").into()));
    events.extend(inner);
    let label = escaped(&format!("Link to “{text}”"));
    let anchor = format!("<a class=\"anchor\" href=\"#{id}\" aria-label=\"{label}\">#</a>");
    events.push(Event::Html(format!("{anchor}</h{level}>\n").into()));
    made.headings.push(Heading { level, text, id, body: String::new() });
}

/// The anchor of a heading, as GitHub makes it.
fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    let kept = lower.chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        letter if letter.is_alphanumeric() || ['-', '_'].contains(&letter) => Some(letter),
        _ => None,
    });
    kept.collect()
}

fn code(kind: &CodeBlockKind<'_>, text: &str) -> Result<String> {
    let language = match kind {
        CodeBlockKind::Fenced(info) => Info::parse(info)?.language.to_owned(),
        CodeBlockKind::Indented => String::new(),
    };
    let text = escaped(text);
    Ok(format!("<pre tabindex=\"0\" data-language=\"{language}\"><code>{text}</code></pre>\n"))
}

/// Where a link leads in the site.
fn link<'a>(
    workspace: &Workspace,
    book: &Book,
    page: &Page,
    made: &mut Rendered,
    url: &str,
) -> Result<CowStr<'a>> {
    if let Some((scheme, rest)) = url.split_once(':') {
        let is_good = match scheme {
            "http" | "https" => rest.strip_prefix("//").is_some_and(|host| host.contains('.')),
            "mailto" => rest.contains('@'),
            _ => false,
        };
        ensure!(is_good, "{}: {url} is no address", page.source);
        return Ok(url.to_owned().into());
    }
    let (path, anchor) = url.split_once('#').unwrap_or((url, ""));
    let fragment = if anchor.is_empty() { String::new() } else { format!("#{anchor}") };
    if path.is_empty() {
        made.links.push((page.name.clone(), anchor.into()));
        return Ok(fragment.into());
    }
    let target = joined(page.directory(), path);
    let (shown, marked) = if let Some(target) = book.of_source(&target) {
        made.links.push((target.name.clone(), anchor.into()));
        (format!("{}.html{fragment}", target.name), format!("{}.md{fragment}", target.name))
    } else if workspace.root.join(&target).exists() {
        let there = format!("{}/blob/main/{target}{fragment}", workspace.repository);
        (there.clone(), there)
    } else {
        bail!("{}: {url} leads nowhere", page.source);
    };
    made.markdown = made.markdown.replace(&format!("]({url})"), &format!("]({marked})"));
    Ok(shown.into())
}

/// The HTML that a page may have: comments, and images that need a width.
fn plain_html(
    workspace: &Workspace,
    page: &Page,
    made: &mut Rendered,
    html: &str,
) -> Result<String> {
    let mut out = String::new();
    for line in html.lines() {
        let line = line.trim();
        match line.strip_prefix("<img src=\"").and_then(|rest| rest.split_once('"')) {
            Some((url, rest)) => {
                let name = image(workspace, page, made, url)?;
                out += &format!("<img loading=\"lazy\" src=\"{name}\"{rest}");
            }
            None => {
                let is_comment = line.is_empty() || line.starts_with("<!--");
                ensure!(is_comment, "{}: pages have no HTML: {line}", page.source);
                out += line;
            }
        }
        out.push('\n');
    }
    Ok(out)
}

fn image<'a>(
    workspace: &Workspace,
    page: &Page,
    made: &mut Rendered,
    url: &str,
) -> Result<CowStr<'a>> {
    let path = joined(page.directory(), url);
    let file = workspace.root.join(&path);
    ensure!(file.is_file(), "{}: there is no image {url}", page.source);
    let name = format!("media/{}", path.rsplit('/').next().unwrap_or_default());
    for (before, after) in [("](", ")"), ("src=\"", "\"")] {
        let here = |name: &str| format!("{before}{name}{after}");
        made.markdown = made.markdown.replace(&here(url), &here(&name));
    }
    made.media.push((name.clone(), file));
    Ok(name.into())
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn anchors_are_those_of_github() {
        for (title, anchor) in [
            ("What it promises", "what-it-promises"),
            ("`<holdpoint-agent>`, a tag", "holdpoint-agent-a-tag"),
            ("An inbox of 10,000 calls", "an-inbox-of-10000-calls"),
        ] {
            assert_eq!(slug(title), anchor);
        }
    }
}

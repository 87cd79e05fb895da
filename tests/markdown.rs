//! The Markdown of a model, read at the boundary: a text in, an outline of its nodes out.

use std::fmt::Write;

use holdpoint::markdown::{Align, Block, Growing, Headings, Inline, parse};

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(outline(&parse(text)), expected, "{text:?}");
}

#[test]
fn paragraphs_are_set_apart_by_blank_lines() {
    check("", "");
    check("one\ntwo\n\n\n  three", "p(one~two) p(three)");
    check("one\r\n\r\ntwo", "p(one) p(two)");
}

#[test]
fn line_ends_break_only_when_the_writer_says_so() {
    check("a  \nb\\\nc\nd", "p(a/b/c~d)");
    check("a  ", "p(a)");
}

#[test]
fn headings_have_six_levels() {
    check("# One #\n###### Six\ntext", "h1(One) h6(Six) p(text)");
    check("####### seven\n#tag", "p(####### seven~#tag)");
    check("Total\n=====", "p(Total~=====)");
}

#[test]
fn headings_of_an_answer_leave_no_level_out() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut blocks = parse(text);
        Headings::default().nest(&mut blocks);
        assert_eq!(outline(&blocks), expected, "{text:?}");
    }
    check("## A\n#### B\n### C\n## D\n# E", "h1(A) h2(B) h2(C) h1(D) h1(E)");
    check("# A\n> ### B\n\n- ###### C\n\n## D", "h1(A) quote(h2(B)) ul(li(h3(C))) h2(D)");
}

#[test]
fn emphasis_nests() {
    check("*a **b** c*", "p(e(a s(b) c))");
    check("***a***", "p(e(s(a)))");
    check("**a*b**", "p(s(a*b))");
    check("*(**a**)*", "p(e((s(a))))");
}

#[test]
fn emphasis_needs_both_ends_at_words() {
    check("2 * 3 * 4 and snake_case_name", "p(2 * 3 * 4 and snake_case_name)");
    check("*a _b* c_", "p(e(a _b) c_)");
    check("**open", "p(**open)");
    check("_„a“_ and a_\"b\"_", "p(e(„a“) and a_\"b\"_)");
}

#[test]
fn code_spans_bind_tighter_than_emphasis_and_links() {
    check("*a `b*` c*", "p(e(a c(b*) c))");
    check("`` a`b `` and ` ` and `open", "p(c(a`b) and c( ) and `open)");
    check("[a `](https://b.example)`", "p([a c(](https://b.example)))");
}

#[test]
fn fenced_code_keeps_its_text_and_its_language() {
    check("```json title\n{\n  1 }\n\n```\nafter", "code:json title({¶  1 }¶¶) p(after)");
    check("~~~\n```\n~~~~", "code(```¶)");
    check("- ```\n  a\n   b\n  ```", "ul(li(code(a¶ b¶)))");
}

#[test]
fn fence_that_still_streams_is_code() {
    check("```js\nlet a = **1", "code:js(let a = **1¶)");
    check("```", "code()");
}

#[test]
fn four_columns_are_code_but_end_no_paragraph() {
    check("    a\n\n\tb\n\nc\n    d", "code(a¶¶b¶) p(c~d)");
}

#[test]
fn quotes_hold_blocks_and_go_on_without_their_mark() {
    check("> # a\n> b\nc\n\nd", "quote(h1(a) p(b~c)) p(d)");
    check("> - a\n> ```\n> b\nc", "quote(ul(li(p(a))) code(b¶)) p(c)");
    check("> a\n\n> b", "quote(p(a)) quote(p(b))");
}

#[test]
fn lists_nest_by_indentation() {
    check("- a\n  - b\n    1. c\n- d", "ul(li(p(a) ul(li(p(b) ol1(li(p(c)))))) li(p(d)))");
    check("1) a\n2) b\n1. c", "ol1(li(p(a)) li(p(b))) ol1(li(p(c)))");
    check("7. a\n   b", "ol7(li(p(a~b)))");
    check("- a\n+ b", "ul(li(p(a))) ul(li(p(b)))");
}

#[test]
fn blank_lines_make_a_list_loose() {
    check("- a\n- b\n\n- c", "ul*(li(p(a)) li(p(b)) li(p(c)))");
    check("- a\n\n  b\n- c", "ul*(li(p(a) p(b)) li(p(c)))");
    check("- a\n  - b\n\n    c\n- d", "ul(li(p(a) ul*(li(p(b) p(c)))) li(p(d)))");
    check("-\n- a", "ul(li() li(p(a)))");
}

#[test]
fn numbers_and_dashes_within_a_sentence_begin_no_list() {
    check("in\n2019. It was\n-\n-4 degrees", "p(in~2019. It was~-~-4 degrees)");
    check("first\n1. one", "p(first) ol1(li(p(one)))");
    check("1234567890. a", "p(1234567890. a)");
}

#[test]
fn thematic_breaks_differ_from_lists() {
    check("***\n- - -\n- a\n___", "rule rule ul(li(p(a))) rule");
    check("above\n---", "p(above) rule");
}

#[test]
fn tables_need_a_head_and_a_rule_of_the_same_width() {
    check(
        "| Day | Sum |\n|:---|---:|\n| **Mon** | 50 |\n| a \\| b | `c` | too many\nshort\n\nafter",
        "table<>(Day|Sum) row(s(Mon)|50) row(a | b|c(c)) row(short) end p(after)",
    );
    check("lead\na | b\n:-: | -", "p(lead) table^-(a|b) end");
    check("| a | b |\n|---|", "p(| a | b |~|---|)");
}

#[test]
fn links_lead_only_to_web_and_mail() {
    check(
        "[a *b*](https://x.example/(y)?q=1&amp;r \"title\")",
        "p(<https://x.example/(y)?q=1&r>(a e(b)))",
    );
    check(
        "[m](MAILTO:a@b.example) <c@d.example>",
        "p(<MAILTO:a@b.example>(m) <mailto:c@d.example>(c@d.example))",
    );
    for href in [
        "http://x.example",
        "javascript:alert(1)",
        "JaVaScRiPt&colon;alert(1)",
        "&#106;avascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://x.example/1",
        "//x.example",
        "/path",
        "https:/\\x.example",
        "<https://x.example/a b>",
        "<https://x.example&#10;>",
    ] {
        check(&format!("[go *now*]({href})"), "p(go e(now))");
    }
    check("<javascript:alert(1)>", "p(<javascript:alert(1)>)");
}

#[test]
fn bare_addresses_are_links_without_the_punctuation_around_them() {
    check(
        "See https://x.example/a_b_c, (https://y.example/(z)).",
        "p(See <https://x.example/a_b_c>(https://x.example/a_b_c), \
         (<https://y.example/(z)>(https://y.example/(z))).)",
    );
    check("**https://x.example**", "p(s(<https://x.example>(https://x.example)))");
    check(
        "xhttps://x.example https:// http://x.example",
        "p(xhttps://x.example https:// http://x.example)",
    );
}

#[test]
fn links_hold_no_links() {
    check(
        "[[a](https://x.example)](https://y.example)",
        "p([<https://x.example>(a)](<https://y.example>(https://y.example)))",
    );
    check(
        "[see https://x.example now](https://y.example)",
        "p(<https://y.example>(see https://x.example now))",
    );
}

#[test]
fn links_bind_tighter_than_emphasis() {
    check("*a [b* c](https://x.example)", "p(*a <https://x.example>(b* c))");
    check("[a](https://x.example", "p([a](<https://x.example>(https://x.example))");
}

#[test]
fn images_become_their_alternative_text() {
    check("![a *b* [c](https://x.example)](https://y.example/z.png)!", "p(a b c!)");
    check("[![logo](https://x.example/i.png)](https://y.example)", "p(<https://y.example>(logo))");
    check("![open", "p(![open)");
}

#[test]
fn references_are_not_resolved() {
    check(
        "[a][b] ![c][b]\n\n[b]: https://x.example",
        "p([a][b] ![c][b]) p([b]: <https://x.example>(https://x.example))",
    );
}

#[test]
fn html_is_text() {
    check("<b onclick=\"x()\">a</b>", "p(<b onclick=\"x()\">a</b>)");
    check("<script>\nalert(1)\n</script>", "p(<script>~alert(1)~</script>)");
    check(
        "&lt;b&gt; &amp; &#x41;&#66; &copy; &#0; &#xD800;",
        "p(<b> & AB &copy; \u{fffd} \u{fffd})",
    );
}

#[test]
fn backslash_takes_the_meaning_of_punctuation() {
    check("\\*a\\* \\[b] \\# \\a \\", "p(*a* [b] # \\a \\)");
    check("\\# a\n\\- b", "p(# a~- b)");
}

#[test]
fn text_that_grows_is_read_like_one_that_is_whole() {
    for text in random_texts() {
        let mut growing = Growing::default();
        let mut blocks = Vec::new();
        for (end, _) in text.char_indices() {
            let (before, new) = growing.read(&text[..end]);
            blocks.truncate(before);
            blocks.extend(new);
            assert_eq!(outline(&blocks), outline(&parse(&text[..end])), "{:?}", &text[..end]);
        }
    }
}

#[test]
fn only_the_last_block_of_a_growing_text_is_read_again() {
    let block = "**word** and `word`, then [more](https://x.example/a)\n- and\n- so on\n\n";
    let text = block.repeat(200);
    let mut growing = Growing::default();
    for end in (0..text.len()).step_by(7) {
        let (before, blocks) = growing.read(&text[..end]);
        assert!(blocks.len() <= 3, "{} blocks behind {before} are read again", blocks.len());
    }
}

#[test]
fn every_prefix_of_every_text_parses() {
    for text in random_texts() {
        for (end, _) in text.char_indices() {
            assert!(depth(&parse(&text[..end])) < DEPTH_MAX, "{:?}", &text[..end]);
        }
    }
}

fn random_texts() -> impl Iterator<Item = String> {
    const WORDS: &[&str] = &[
        "a",
        "é",
        "👩‍🚀",
        " ",
        "  ",
        "\t",
        "\n",
        "\n\n",
        "*",
        "**",
        "_",
        "`",
        "```",
        "~~~",
        "[",
        "](",
        "![",
        ")",
        "<",
        ">",
        "> ",
        "- ",
        "1. ",
        "#",
        "|",
        "|-|",
        "\\",
        "&",
        "&#9;",
        "https://",
        "@",
        ":",
        "\"",
        "'",
        "\r",
        "\0",
        "\u{202e}",
        "=",
        "----",
        "    ",
    ];
    let mut seed = 0x9e37_79b9_u32;
    (0..1_500).map(move |_| {
        let mut text = String::new();
        for _ in 0..24 {
            // One step of Marsaglia's xorshift: the same texts at every run.
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            text.push_str(WORDS[seed as usize % WORDS.len()]);
        }
        text
    })
}

#[test]
fn hostile_text_neither_nests_without_end_nor_takes_forever() {
    for pattern in [
        "*",
        "*a ",
        "_a*b",
        "a**b__",
        "*a _b ",
        "[",
        "![",
        "[a](",
        "[a](<b",
        "[a](b \"",
        "[a](b (",
        "](",
        "`",
        "`a",
        "<a",
        "<https://",
        "https://a)",
        "&",
        "&#",
        "\\",
        "> ",
        "- ",
        "1. ",
        "> - ",
        "\t",
        "#",
        "|",
        "a|",
        "|-\n",
        "\n> ",
        "\n- ",
        "\n  - ",
        "- \n",
        "```\n",
        "![*a",
        "*[",
        "_*![a](b) ",
    ] {
        let text = pattern.repeat(100_000 / pattern.len());
        assert!(depth(&parse(&text)) < DEPTH_MAX, "{pattern:?}");
        let mirrored: String = ["](https://a)", "*", "_", "**", ")", "`"].concat().repeat(4_000);
        assert!(depth(&parse(&(text + &mirrored))) < DEPTH_MAX, "{pattern:?}");
    }
    let ticks: String = (1..600).map(|length| "`".repeat(length) + "a").collect();
    assert_eq!(parse(&ticks).len(), 1);
    let wide = "|a".repeat(5_000) + "\n" + &"|-".repeat(5_000) + "\n" + &"|b\n".repeat(20_000);
    assert_eq!(parse(&wide).len(), 1);
}

/// What a recursive walk over the result must be ready for.
const DEPTH_MAX: usize = 200;

fn depth(blocks: &[Block]) -> usize {
    let deepest = |parts: &[Vec<Block>]| parts.iter().map(|part| depth(part)).max().unwrap_or(0);
    let block = |block: &Block| match block {
        Block::Paragraph(content) | Block::Heading { content, .. } => inline_depth(content),
        Block::Quote(children) => depth(children),
        Block::List { items, .. } => deepest(items),
        Block::Code { .. } | Block::Rule => 0,
        Block::Table { head, rows, .. } => head
            .iter()
            .chain(rows.iter().flatten())
            .map(|cell| inline_depth(cell))
            .max()
            .unwrap_or(0),
    };
    blocks.iter().map(|inner| 1 + block(inner)).max().unwrap_or(0)
}

fn inline_depth(content: &[Inline]) -> usize {
    let inline = |inline: &Inline| match inline {
        Inline::Emphasis(content) | Inline::Strong(content) | Inline::Link { content, .. } => {
            1 + inline_depth(content)
        }
        _ => 1,
    };
    content.iter().map(inline).max().unwrap_or(0)
}

/// The nodes in one line: `p(…)`, `e(…)` and `s(…)` for emphasis, `c(…)` for code, `<href>(…)` for a
/// link, `/` and `~` for hard and soft breaks, `ul*` for a loose list, `¶` for a line feed in code.
fn outline(blocks: &[Block]) -> String {
    let outlined: Vec<String> = blocks.iter().map(block_outline).collect();
    outlined.join(" ")
}

fn block_outline(block: &Block) -> String {
    match block {
        Block::Paragraph(content) => format!("p({})", inline_outline(content)),
        Block::Heading { level, content } => format!("h{level}({})", inline_outline(content)),
        Block::Code { info, text } => {
            let colon = if info.is_empty() { "" } else { ":" };
            format!("code{colon}{info}({})", text.replace('\n', "¶"))
        }
        Block::Quote(children) => format!("quote({})", outline(children)),
        Block::List { start, loose, items } => {
            let kind = start.map_or_else(|| "ul".to_owned(), |start| format!("ol{start}"));
            let items: Vec<String> =
                items.iter().map(|item| format!("li({})", outline(item))).collect();
            format!("{kind}{}({})", if *loose { "*" } else { "" }, items.join(" "))
        }
        Block::Rule => "rule".to_owned(),
        Block::Table { align, head, rows } => {
            let align: String = align
                .iter()
                .map(|align| match align {
                    Align::Default => '-',
                    Align::Left => '<',
                    Align::Center => '^',
                    Align::Right => '>',
                })
                .collect();
            let mut text = format!("table{align}({}) ", row_outline(head));
            for row in rows {
                let _ = write!(text, "row({}) ", row_outline(row));
            }
            text + "end"
        }
    }
}

fn row_outline(cells: &[Vec<Inline>]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| inline_outline(cell)).collect();
    cells.join("|")
}

fn inline_outline(content: &[Inline]) -> String {
    let outlined = content.iter().map(|inline| match inline {
        Inline::Text(text) => text.clone(),
        Inline::Emphasis(content) => format!("e({})", inline_outline(content)),
        Inline::Strong(content) => format!("s({})", inline_outline(content)),
        Inline::Code(text) => format!("c({text})"),
        Inline::Link { href, content } => format!("<{href}>({})", inline_outline(content)),
        Inline::HardBreak => "/".to_owned(),
        Inline::SoftBreak => "~".to_owned(),
    });
    outlined.collect()
}

//! What a person reads of a text that nobody vouches for.

use holdpoint_core::escape::{Piece, visible, visible_text};

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(visible_text(text), expected, "{text:?}");
}

#[test]
fn ordinary_writing_of_any_language_stays_as_it_is() {
    for text in [
        "Transfer 500 to Alice",
        "Zoë Müller-Łukasz & Söhne, 12,50 €",
        "Cafe\u{301} du Monde",
        "שלום עולם",
        "مرحبا بالعالم",
        "नमस्ते दुनिया",
        "東京都 渋谷区",
        "안녕하세요",
        "😀 👍 🎉 🇩🇪",
        "Привет, мир! А и Б сидели на трубе",
        "Съешь ещё этих мягких французских булок, да выпей чаю",
        "Оплата за VIP-клиента, Wi-Fi и USB",
        "Καλημέρα κόσμε, Ο Νίκος και η Μαρία",
        "5 kΩ, 10 μm, Δt, π ≈ 3,14, x² + y³",
        "Բարեւ աշխարհ",
        "Tシャツ ５００円、税込み",
        "१२३ रुपये",
        "Trần Đình Trọng, Iğdır, Ørsted, Łódź",
        "“Curly” — dashes – and… 50 % ‘quotes’",
    ] {
        check(text, text);
    }
}

#[test]
fn character_that_reorders_the_line_is_shown_by_its_number() {
    check("a\u{202e}b", "a⟨U+202E⟩b");
    check("\u{2066}x\u{2069}\u{200f}\u{61c}", "⟨U+2066⟩x⟨U+2069⟩⟨U+200F⟩⟨U+061C⟩");
}

#[test]
fn character_that_shows_nothing_is_shown_by_its_number() {
    for code in [
        0x00, 0x09, 0x0d, 0x1b, 0x7f, 0x85, 0xad, 0x34f, 0x115f, 0x180e, 0x200b, 0x200d, 0x2060,
        0x2800, 0x3164, 0xfe0f, 0xfeff, 0xffa0, 0xfff9, 0xe0041, 0xe01ef,
    ] {
        let text: String = ['a', char::from_u32(code).expect("a character"), 'b'].iter().collect();
        check(&text, &format!("a⟨U+{code:04X}⟩b"));
    }
}

#[test]
fn space_that_is_not_the_ordinary_one_is_shown_by_its_number() {
    check("1\u{a0}000", "1⟨U+00A0⟩000");
    check("a\u{2003}b\u{3000}c\u{2028}d", "a⟨U+2003⟩b⟨U+3000⟩c⟨U+2028⟩d");
}

#[test]
fn ordinary_space_that_nobody_would_see_is_shown() {
    check("Alice ", "Alice⟨U+0020⟩");
    check(" Alice", "⟨U+0020⟩Alice");
    check("Al  ice", "Al ⟨U+0020⟩ice");
    check("Al \nice", "Al⟨U+0020⟩↵\nice");
    check(" ", "⟨U+0020⟩");
}

#[test]
fn character_without_an_agreed_look_is_shown_by_its_number() {
    check("\u{e000}\u{fdd0}\u{ffff}\u{10ffff}", "⟨U+E000⟩⟨U+FDD0⟩⟨U+FFFF⟩⟨U+10FFFF⟩");
    check("\u{50000}\u{1fffe}", "⟨U+50000⟩⟨U+1FFFE⟩");
}

#[test]
fn letter_of_another_alphabet_in_a_word_is_shown_by_its_number() {
    check("p\u{430}ypal.com", "p⟨U+0430⟩ypal.com");
    check("Al\u{456}ce", "Al⟨U+0456⟩ce");
    check("\u{391}lice", "⟨U+0391⟩lice");
    check("\u{43f}\u{3b1}y", "⟨U+043F⟩⟨U+03B1⟩y");
    check("\u{13a0}BC", "⟨U+13A0⟩BC");
}

#[test]
fn word_that_could_be_latin_letter_by_letter_is_shown_by_its_numbers() {
    check("\u{440}\u{430}\u{443}", "⟨U+0440⟩⟨U+0430⟩⟨U+0443⟩");
    check("to \u{441}\u{43e}", "to ⟨U+0441⟩⟨U+043E⟩");
    check("\u{41e}\u{41e}\u{41e} «Ромашка»", "\u{41e}\u{41e}\u{41e} «Ромашка»");
}

#[test]
fn digit_of_another_writing_is_shown_by_its_number_where_it_is_not_at_home() {
    check("5\u{660}0", "5⟨U+0660⟩0");
    check("\u{9ea}\u{9ea}", "⟨U+09EA⟩⟨U+09EA⟩");
    check("\u{ff15}\u{ff10}", "⟨U+FF15⟩⟨U+FF10⟩");
}

#[test]
fn mark_or_letter_that_imitates_a_plain_one_is_shown_by_its_number() {
    check("a\u{2010}b\u{2024}c\u{2044}d\u{2236}e", "a⟨U+2010⟩b⟨U+2024⟩c⟨U+2044⟩d⟨U+2236⟩e");
    check("\u{1d400}lice", "⟨U+1D400⟩lice");
    check("\u{251}lice", "⟨U+0251⟩lice");
}

/// All of them: what stands for a character alone, and among others.
#[test]
fn no_two_of_all_characters_look_the_same() {
    let all = || (0..=0x10ffff).filter_map(char::from_u32);
    let mut seen: Vec<String> =
        all().map(|it| visible_text(&["a", it.encode_utf8(&mut [0; 4]), "b"].concat())).collect();
    assert_eq!(seen.len(), 1_112_064);
    for (text, character) in seen.iter().zip(all()) {
        let plain = ["a", character.encode_utf8(&mut [0; 4]), "b"].concat();
        let number = format!("⟨U+{:04X}⟩", u32::from(character));
        let is_right = text == &plain || text.contains(&number) || character == '\n';
        assert!(is_right, "{number} shows as {text}");
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 1_112_064);
}

#[test]
fn line_feed_is_a_mark_and_a_new_line() {
    let pieces = visible("one\ntwo");
    let plain = |text: &str| Piece::Plain(text.to_owned());
    assert_eq!(pieces, [plain("one"), Piece::Escape("↵".to_owned()), plain("\ntwo")]);
}

#[test]
fn heap_of_marks_over_one_letter_is_taken_apart() {
    check("e\u{301}\u{323}", "e\u{301}\u{323}");
    check("e\u{301}\u{323}\u{335}", "e\u{301}\u{323}⟨U+0335⟩");
    check("\u{301}e", "⟨U+0301⟩e");
}

#[test]
fn text_that_imitates_an_escape_does_not_look_like_one() {
    check("⟨U+202E⟩", "⟨U+27E8⟩U+202E⟨U+27E9⟩");
    check("a↵", "a⟨U+21B5⟩");
}

#[test]
fn no_two_texts_look_the_same() {
    let alphabet = ['a', ' ', '\n', '\t', '⟨', '⟩', '↵', 'U', '\u{301}', '\u{202e}', '\u{a0}'];
    let mut texts = vec![String::new()];
    for _ in 0..4 {
        let longer: Vec<String> = texts
            .iter()
            .flat_map(|text| alphabet.map(|letter| [text.as_str(), &letter.to_string()].concat()))
            .collect();
        texts.extend(longer);
        texts.sort();
        texts.dedup();
    }
    let mut seen: Vec<String> = texts.iter().map(|text| visible_text(text)).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), texts.len());
}

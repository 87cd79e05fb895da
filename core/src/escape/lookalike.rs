//! Letters that pass for others.
//!
//! A table of all confusable characters would weigh more than the widget. What deceives a person is
//! a word that looks like one of the alphabet around it and is not, so words are judged: one whose
//! letters come from two alphabets, and one that could be Latin letter by letter while nothing else
//! in the text is of its alphabet. Ordinary writing of one language has neither.

/// Where in a text letters and digits stand that pass for others, in bytes and in order.
pub(super) fn lookalikes(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    if text.is_ascii() {
        return found;
    }
    let at_home = at_home(text);
    let mut word = Vec::new();
    for (at, character) in text.char_indices() {
        if character.is_alphanumeric() {
            word.push((at, character));
        } else if !is_mark(character) {
            judge(&word, at_home, &mut found);
            word.clear();
        }
    }
    judge(&word, at_home, &mut found);
    found
}

/// The alphabets of which a text has letters that pass for nothing else, one bit each.
fn at_home(text: &str) -> u8 {
    text.chars()
        .filter(|it| it.is_alphabetic() && !passes(*it))
        .fold(0, |seen, it| seen | script(it))
}

fn judge(word: &[(usize, char)], at_home: u8, found: &mut Vec<usize>) {
    let scripts = word.iter().fold(0, |seen, (_, it)| seen | script(*it));
    let alphabets = scripts & (LATIN | ALPHABETS);
    let is_mixed = alphabets & (alphabets.wrapping_sub(1)) != 0;
    let may_pass = word.iter().all(|(_, it)| passes(*it) || it.is_ascii_digit());
    let is_plain = word.iter().any(|(_, it)| it.is_ascii_alphanumeric());
    for (at, character) in word {
        let own = script(*character);
        let is_suspect = match own {
            // The symbols of units and formulas are Greek: `5 kΩ`, `Δt`.
            GREEK if is_mixed => passes(*character),
            _ if own & ALPHABETS != 0 => is_mixed || may_pass && at_home & own == 0,
            // Digits and wide letters belong to writing that has letters of its own.
            FOREIGN_DIGIT => is_plain || at_home & OTHER == 0,
            LATIN => passes(*character),
            _ => false,
        };
        if is_suspect {
            found.push(*at);
        }
    }
}

fn script(character: char) -> u8 {
    match u32::from(character) {
        0x41..=0x5a | 0x61..=0x7a => LATIN,
        0..=0xa9 => 0,
        0xaa..=0x2af | 0x1e00..=0x1eff | 0x2c60..=0x2c7f | 0xa720..=0xa7ff => LATIN,
        0x370..=0x3ff | 0x1f00..=0x1fff => GREEK,
        0x400..=0x52f | 0x1c80..=0x1c8f | 0xa640..=0xa69f => CYRILLIC,
        0x531..=0x588 => ARMENIAN,
        0x13a0..=0x13ff | 0xab70..=0xabbf => CHEROKEE,
        0x2c80..=0x2cff | 0xa4d0..=0xa4ff => RARE,
        0xff10..=0xff19 | 0xff21..=0xff3a | 0xff41..=0xff5a => FOREIGN_DIGIT,
        code if ZEROS.iter().any(|zero| (*zero..*zero + 10).contains(&code)) => FOREIGN_DIGIT,
        _ if character.is_alphabetic() => OTHER,
        _ => 0,
    }
}

/// Whether a letter passes for a plain Latin one or for a digit.
fn passes(character: char) -> bool {
    !character.is_ascii() && PASSING.contains(character)
}

fn is_mark(character: char) -> bool {
    matches!(u32::from(character), 0x300..=0x36f | 0x483..=0x489)
}

const LATIN: u8 = 1;
const GREEK: u8 = 2;
const CYRILLIC: u8 = 4;
const ARMENIAN: u8 = 8;
const CHEROKEE: u8 = 16;
/// Coptic and Lisu.
const RARE: u8 = 32;
const FOREIGN_DIGIT: u8 = 64;
const OTHER: u8 = 128;
const ALPHABETS: u8 = GREEK | CYRILLIC | ARMENIAN | CHEROKEE | RARE;

/// The zero of each other set of digits that is in use.
const ZEROS: [u32; 21] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50,
    0xed0, 0xf20, 0x1040, 0x17e0, 0x1810, 0x1946, 0x19d0, 0xa9d0,
];

/// Letters of Latin (phonetic ones and clicks), Greek, Cyrillic, Armenian, Cherokee, Coptic and
/// Lisu, in this order.
const PASSING: &str = "ɑɡɩʟǀǃʋ\
    ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϲϳαγικνορυ\
    АВЕЗІЈКМНОРСТУХЅҮҺԌԚԜѴӀабгеіјоԁӏпрсухһѕѵѡԛԝү\
    ՍՏՕԼհոսցօյզք\
    ᎠᎡᎢᎥᎩᎪᎫᎬᎳᎵᎷᎻᎽᏀᏃᏎᏏᏒᏔᏙᏚᏞᏟᏢᏦ\
    ⲂⲈⲎⲒⲔⲘⲚⲞⲢⲤⲦⲨⲬⲟⲣⲥⲭ\
    ꓐꓑꓓꓔꓖꓗꓘꓙꓚꓜꓝꓟꓠꓡꓢꓣꓦꓧꓨꓩꓪꓫꓬꓮꓰꓲꓳꓴ";

//! The one reader of JSON text, for text that is trusted and for text that is not.

use serde_json::{Map, Number, Value};

use super::{Fault, double, push_token};

/// Reads a text by RFC 8259 from its first byte to its last.
pub(super) struct Reader<'a> {
    text: &'a str,
    /// How many bytes were taken.
    at: usize,
    /// A JSON Pointer to what is being read.
    path: String,
    depth_left: usize,
    /// Whether what readers take in different ways is refused.
    is_strict: bool,
}

/// A code, and what is wrong in words.
type Refusal = (&'static str, &'static str);

type Read<T> = Result<T, Refusal>;

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, depth_max: usize, is_strict: bool) -> Self {
        Self { text, at: 0, path: String::new(), depth_left: depth_max, is_strict }
    }

    /// The text's one value.
    pub(super) fn document(mut self) -> Result<Value, Fault> {
        let read = self.value().and_then(|value| match self.token() {
            None => Ok(value),
            Some(_) => Err(syntax("trailing characters")),
        });
        read.map_err(|(code, words)| {
            let message = if code == SYNTAX { self.placed(words) } else { words.to_owned() };
            Fault { code, path: self.path, message }
        })
    }

    /// The words, with the place that was reached.
    fn placed(&self, words: &str) -> String {
        let read = self.text.as_bytes().get(..self.at).unwrap_or_default();
        let is_break = |byte: &&u8| **byte == b'\n';
        let line = 1 + read.iter().filter(is_break).count();
        let column = read.iter().rev().take_while(|byte| !is_break(byte)).count();
        [words, " at line ", &line.to_string(), " column ", &column.to_string()].concat()
    }

    fn value(&mut self) -> Read<Value> {
        match self.token() {
            Some(b'n') => self.word(b"ull", Value::Null),
            Some(b't') => self.word(b"rue", Value::Bool(true)),
            Some(b'f') => self.word(b"alse", Value::Bool(false)),
            Some(b'"') => self.string().map(Value::String),
            Some(b'[') => self.nested(Self::array),
            Some(b'{') => self.nested(Self::object),
            Some(first @ (b'-' | b'0'..=b'9')) => self.number(first).map(Value::Number),
            Some(_) => Err(syntax("expected value")),
            None => Err(syntax(END_OF_VALUE)),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Read<Value>) -> Read<Value> {
        let Some(left) = self.depth_left.checked_sub(1) else {
            return Err(("too_deep", "expected less nesting"));
        };
        self.depth_left = left;
        let value = read(self)?;
        self.depth_left += 1;
        Ok(value)
    }

    fn array(&mut self) -> Read<Value> {
        let mut items = Vec::new();
        loop {
            let length = push_token(&mut self.path, &items.len().to_string());
            let before = self.at;
            match self.token() {
                Some(b']') => {
                    self.path.truncate(length);
                    return Ok(Value::Array(items));
                }
                Some(_) if items.is_empty() => self.at = before,
                Some(b',') => {
                    let after = self.at;
                    if self.token() == Some(b']') {
                        return Err(syntax("trailing comma"));
                    }
                    self.at = after;
                }
                Some(_) => return Err(syntax("expected `,` or `]`")),
                None => return Err(syntax("EOF while parsing a list")),
            }
            items.push(self.value()?);
            self.path.truncate(length);
        }
    }

    fn object(&mut self) -> Read<Value> {
        let mut members = Map::new();
        let mut is_first = true;
        loop {
            let mut token = self.token();
            match token {
                Some(b'}') => return Ok(Value::Object(members)),
                Some(b',') if !is_first => match self.token() {
                    Some(b'}') => return Err(syntax("trailing comma")),
                    None => return Err(syntax(END_OF_VALUE)),
                    next => token = next,
                },
                Some(_) if !is_first => return Err(syntax("expected `,` or `}`")),
                _ => {}
            }
            match token {
                Some(b'"') => {}
                Some(_) => return Err(syntax("key must be a string")),
                None => return Err(syntax(END_OF_OBJECT)),
            }
            let key = self.string()?;
            let length = push_token(&mut self.path, &key);
            if self.is_strict && members.contains_key(&key) {
                return Err(("duplicate_key", "expected each key once, found it twice"));
            }
            match self.token() {
                Some(b':') => {}
                Some(_) => return Err(syntax("expected `:`")),
                None => return Err(syntax(END_OF_OBJECT)),
            }
            let member = self.value()?;
            members.insert(key, member);
            self.path.truncate(length);
            is_first = false;
        }
    }

    fn word(&mut self, rest: &[u8], value: Value) -> Read<Value> {
        for expected in rest {
            match self.next() {
                Some(byte) if byte == *expected => {}
                Some(_) => return Err(syntax("expected ident")),
                None => return Err(syntax(END_OF_VALUE)),
            }
        }
        Ok(value)
    }

    fn number(&mut self, first: u8) -> Read<Number> {
        let start = self.at - 1;
        let is_negative = first == b'-';
        match if is_negative { self.next() } else { Some(first) } {
            Some(b'0') if self.digit() => return Err(syntax(BAD_NUMBER)),
            Some(b'0') => {}
            Some(b'1'..=b'9') => while self.digit() {},
            Some(_) => return Err(syntax(BAD_NUMBER)),
            None => return Err(syntax(END_OF_VALUE)),
        }
        let end_of_whole = self.at;
        if self.skip(b".") {
            self.digits()?;
        }
        if self.skip(b"eE") {
            self.skip(b"+-");
            self.digits()?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        let is_whole = self.at == end_of_whole && text != "-0";
        let whole = match text.strip_prefix('-') {
            _ if !is_whole => None,
            Some(_) => text.parse::<i64>().ok().map(Number::from),
            None => text.parse::<u64>().ok().map(Number::from),
        };
        let number = match whole {
            Some(number) => Some(number),
            None => Number::from_f64(double::read(text)),
        };
        let Some(number) = number else {
            return Err(if self.is_strict { UNSAFE } else { syntax("number out of range") });
        };
        let is_safe = number.as_f64().is_some_and(|double| double.abs() <= SAFE_MAX);
        if self.is_strict && !is_safe { Err(UNSAFE) } else { Ok(number) }
    }

    /// At least one digit.
    fn digits(&mut self) -> Read<()> {
        match self.next() {
            Some(b'0'..=b'9') => while self.digit() {},
            Some(_) => return Err(syntax(BAD_NUMBER)),
            None => return Err(syntax(END_OF_VALUE)),
        }
        Ok(())
    }

    /// The rest of a string whose quotation mark was taken.
    fn string(&mut self) -> Read<String> {
        let mut string = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = |byte: &u8| !matches!(byte, b'"' | b'\\' | 0..=0x1f);
            let length = rest.bytes().position(|byte| !plain(&byte)).unwrap_or(rest.len());
            string.push_str(rest.get(..length).unwrap_or_default());
            self.at += length;
            match self.next() {
                Some(b'"') => return Ok(string),
                Some(b'\\') => string.push(self.escape()?),
                Some(_) => {
                    return Err(syntax(
                        "control character (\\u0000-\\u001F) found while parsing a string",
                    ));
                }
                None => return Err(syntax(END_OF_STRING)),
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        Ok(match self.next() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let mut code = self.hex()?;
                if matches!(code, 0xd800..=0xdbff) {
                    for expected in *b"\\u" {
                        match self.next() {
                            Some(byte) if byte == expected => {}
                            Some(_) => return Err(syntax("unexpected end of hex escape")),
                            None => return Err(syntax(END_OF_STRING)),
                        }
                    }
                    let low = self.hex()?;
                    if !matches!(low, 0xdc00..=0xdfff) {
                        return Err(syntax(HALF_A_PAIR));
                    }
                    code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
                }
                return char::from_u32(code).ok_or(syntax(HALF_A_PAIR));
            }
            Some(_) => return Err(syntax(BAD_ESCAPE)),
            None => return Err(syntax(END_OF_STRING)),
        })
    }

    fn hex(&mut self) -> Read<u32> {
        let mut code = 0;
        let mut is_hex = true;
        for _ in 0..4 {
            let Some(byte) = self.next() else { return Err(syntax(END_OF_STRING)) };
            let digit = char::from(byte).to_digit(16);
            is_hex &= digit.is_some();
            code = code << 4 | digit.unwrap_or(0);
        }
        if is_hex { Ok(code) } else { Err(syntax(BAD_ESCAPE)) }
    }

    /// The next byte behind white space.
    fn token(&mut self) -> Option<u8> {
        while self.skip(b" \n\r\t") {}
        self.next()
    }

    fn digit(&mut self) -> bool {
        self.skip(b"0123456789")
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Takes the next byte if it is one of these.
    fn skip(&mut self, these: &[u8]) -> bool {
        let is_one = self.peek().is_some_and(|byte| these.contains(&byte));
        self.at += usize::from(is_one);
        is_one
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

fn syntax(words: &'static str) -> Refusal {
    (SYNTAX, words)
}

const SYNTAX: &str = "json_syntax";
const BAD_ESCAPE: &str = "invalid escape";
const BAD_NUMBER: &str = "invalid number";
const HALF_A_PAIR: &str = "lone leading surrogate in hex escape";
const END_OF_OBJECT: &str = "EOF while parsing an object";
const END_OF_STRING: &str = "EOF while parsing a string";
const END_OF_VALUE: &str = "EOF while parsing a value";

const UNSAFE: Refusal = ("unsafe_number", "expected a number between -(2^53-1) and 2^53-1");
const SAFE_MAX: f64 = ((1_u64 << 53) - 1) as f64;

//! A JSON reader that walks the text once: no tree, strings borrowed where nothing is escaped (RFC 8259, strictly).

use std::borrow::Cow;

/// The text is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// Byte at which it stops being JSON.
    pub(crate) offset: usize,
    pub(crate) what: &'static str,
}

/// What kind of value comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Object,
    Array,
    Text,
    Number,
    Bool,
    Null,
}

/// A position in a JSON text.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Offset of the next byte.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// The text from `start` to here.
    pub(crate) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    pub(crate) fn fail<T>(&self, what: &'static str) -> Result<T, Syntax> {
        Err(Syntax { offset: self.at, what })
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(crate) fn space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Whether the next byte that is no space is `byte`; takes it if so.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.byte() == Some(byte);
        if found {
            self.at += 1;
        }
        found
    }

    pub(crate) fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Syntax> {
        if self.take(byte) { Ok(()) } else { self.fail(what) }
    }

    /// Nothing but space may follow.
    pub(crate) fn end(&mut self) -> Result<(), Syntax> {
        self.space();
        if self.byte().is_none() { Ok(()) } else { self.fail("something follows the value") }
    }

    pub(crate) fn next(&mut self) -> Result<Next, Syntax> {
        self.space();
        match self.byte() {
            Some(b'{') => Ok(Next::Object),
            Some(b'[') => Ok(Next::Array),
            Some(b'"') => Ok(Next::Text),
            Some(b'-' | b'0'..=b'9') => Ok(Next::Number),
            Some(b't' | b'f') => Ok(Next::Bool),
            Some(b'n') => Ok(Next::Null),
            Some(_) => self.fail("no value begins like this"),
            None => self.fail("the text ends where a value should be"),
        }
    }

    pub(crate) fn null(&mut self) -> Result<(), Syntax> {
        self.word("null")
    }

    pub(crate) fn bool(&mut self) -> Result<bool, Syntax> {
        self.space();
        let value = self.byte() == Some(b't');
        self.word(if value { "true" } else { "false" })?;
        Ok(value)
    }

    fn word(&mut self, word: &str) -> Result<(), Syntax> {
        self.space();
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return self.fail("neither true, false nor null");
        }
        self.at += word.len();
        Ok(())
    }

    pub(crate) fn number(&mut self) -> Result<&'a str, Syntax> {
        self.space();
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let len = number_len(rest);
        if len == 0 {
            return self.fail("not a number");
        }
        self.at += len;
        if matches!(self.byte(), Some(b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) {
            return self.fail("not a number");
        }
        Ok(self.since(start))
    }

    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, Syntax> {
        self.expect(b'"', "a string should begin here")?;
        let start = self.at;
        loop {
            match self.byte() {
                Some(b'"') => {
                    let text = self.since(start);
                    self.at += 1;
                    return Ok(Cow::Borrowed(text));
                }
                Some(b'\\') => break,
                Some(0..=0x1f) => return self.fail("a control character must be escaped"),
                Some(_) => self.at += 1,
                None => return self.fail("a string does not end"),
            }
        }
        let mut owned = self.since(start).to_owned();
        self.escaped(&mut owned)?;
        Ok(Cow::Owned(owned))
    }

    /// The rest of a string from its first escape on.
    fn escaped(&mut self, owned: &mut String) -> Result<(), Syntax> {
        loop {
            let start = self.at;
            while self.byte().is_some_and(|byte| byte != b'"' && byte != b'\\' && byte > 0x1f) {
                self.at += 1;
            }
            owned.push_str(self.since(start));
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    owned.push(self.escape()?);
                }
                Some(_) => return self.fail("a control character must be escaped"),
                None => return self.fail("a string does not end"),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Syntax> {
        let Some(byte) = self.byte() else {
            return self.fail("a string does not end");
        };
        let plain = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return self.fail("no such escape"),
        };
        self.at += 1;
        Ok(plain)
    }

    /// `\uXXXX`, or the two of a surrogate pair. A lone surrogate is no character.
    fn unicode(&mut self) -> Result<char, Syntax> {
        self.at += 1;
        let first = self.hex4()?;
        if !(0xd800..0xe000).contains(&first) {
            return char::from_u32(first).map_or_else(|| self.fail("no such character"), Ok);
        }
        if first >= 0xdc00 || self.byte() != Some(b'\\') {
            return self.fail("a lone surrogate");
        }
        self.at += 1;
        if self.byte() != Some(b'u') {
            return self.fail("a lone surrogate");
        }
        self.at += 1;
        let second = self.hex4()?;
        if !(0xdc00..0xe000).contains(&second) {
            return self.fail("a lone surrogate");
        }
        let point = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        char::from_u32(point).map_or_else(|| self.fail("no such character"), Ok)
    }

    fn hex4(&mut self) -> Result<u32, Syntax> {
        let mut value = 0;
        for _ in 0..4 {
            let Some(digit) = self.byte().and_then(|byte| char::from(byte).to_digit(16)) else {
                return self.fail("four hexadecimal digits follow \\u");
            };
            value = value * 16 + digit;
            self.at += 1;
        }
        Ok(value)
    }
}

/// Length of the JSON number that `text` begins with; 0 if it begins with none.
pub(crate) fn number_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        bytes.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let is = |at: usize, wanted: &[u8]| bytes.get(at).is_some_and(|byte| wanted.contains(byte));
    let start = usize::from(is(0, b"-"));
    let whole = digits(start);
    if whole == 0 || (whole > 1 && is(start, b"0")) {
        return 0;
    }
    let mut len = start + whole;
    if is(len, b".") {
        let fraction = digits(len + 1);
        if fraction == 0 {
            return 0;
        }
        len += 1 + fraction;
    }
    if is(len, b"eE") {
        let sign = usize::from(is(len + 1, b"+-"));
        let exponent = digits(len + 1 + sign);
        if exponent == 0 {
            return 0;
        }
        len += 1 + sign + exponent;
    }
    len
}

/// Line and column (both from 1, the column in characters) of a byte in a text, for people.
pub(crate) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

/// Writes a JSON string.
pub(crate) fn put_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut start = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..=0x1f => b"",
            _ => continue,
        };
        out.extend_from_slice(bytes.get(start..at).unwrap_or_default());
        if escape.is_empty() {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        } else {
            out.extend_from_slice(escape);
        }
        start = at + 1;
    }
    out.extend_from_slice(bytes.get(start..).unwrap_or_default());
    out.push(b'"');
}

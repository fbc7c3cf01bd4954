//! JSON as a tree in which each value knows where it stands.

use std::borrow::Cow;

use hifijson::token::Lex as _;
use hifijson::{Error, Expect, SliceLexer};
use hifijson::{num::LexWrite as _, str::LexAlloc as _};

/// Deeper than any report. Beyond it the stack would be at risk.
const DEEPEST: usize = 127;

/// One value, and the bytes of the text that it takes.
pub(crate) struct Node<'t> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) value: Value<'t>,
}

pub(super) enum Value<'t> {
    Null,
    Bool(bool),
    /// As it is written.
    Number(&'t str),
    Text(Cow<'t, str>),
    Array(Vec<Node<'t>>),
    /// In the order of the text; a name can stand there twice.
    Object(Vec<(Cow<'t, str>, Node<'t>)>),
}

/// Why a text is no JSON, and up to which byte it is.
pub(super) struct Mistake {
    pub(super) offset: usize,
    pub(super) message: String,
}

impl Value<'_> {
    /// What a person calls it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }
}

pub(super) fn parse(text: &str) -> Result<Node<'_>, Mistake> {
    let mut parser = Parser { lexer: SliceLexer::new(text.as_bytes()), length: text.len(), open: 0 };
    parser.whole().map_err(|error| mistake(&error, parser.offset(), text))
}

struct Parser<'t> {
    lexer: SliceLexer<'t>,
    length: usize,
    /// Arrays and objects around the next value.
    open: usize,
}

impl<'t> Parser<'t> {
    fn offset(&self) -> usize {
        self.length - self.lexer.as_slice().len()
    }

    fn peek(&mut self, expected: Expect) -> Result<u8, Error> {
        self.lexer.ws_peek().ok_or(Error::Token(expected))
    }

    fn whole(&mut self) -> Result<Node<'t>, Error> {
        let node = self.node()?;
        match self.lexer.ws_peek() {
            None => Ok(node),
            Some(_) => Err(Error::Token(Expect::Eof)),
        }
    }

    fn node(&mut self) -> Result<Node<'t>, Error> {
        let first = self.peek(Expect::Value)?;
        let start = self.offset();
        let value = match first {
            b'"' => Value::Text(self.lexer.discarded().str_string()?),
            b'-' | b'0'..=b'9' => Value::Number(self.lexer.num_string().validated()?.0),
            b'[' => Value::Array(self.sequence(b']', Self::node)?),
            b'{' => Value::Object(self.sequence(b'}', Self::field)?),
            b'n' | b't' | b'f' => {
                let rest = self.lexer.as_slice();
                match self.lexer.null_or_bool() {
                    Some(flag) => flag.map_or(Value::Null, Value::Bool),
                    None => {
                        // What is wrong with it stands at its beginning, unless only its end is missing.
                        let is_cut = [&b"null"[..], b"true", b"false"].iter().any(|word| word.starts_with(rest));
                        self.lexer = SliceLexer::new(if is_cut { &[] } else { rest });
                        return Err(Error::Token(Expect::Value));
                    }
                }
            }
            _ => return Err(Error::Token(Expect::Value)),
        };
        Ok(Node { start, end: self.offset(), value })
    }

    fn field(&mut self) -> Result<(Cow<'t, str>, Node<'t>), Error> {
        if self.peek(Expect::String)? != b'"' {
            return Err(Error::Token(Expect::String));
        }
        let name = self.lexer.discarded().str_string()?;
        if self.peek(Expect::Colon)? != b':' {
            return Err(Error::Token(Expect::Colon));
        }
        self.lexer.discarded();
        Ok((name, self.node()?))
    }

    /// What stands between commas, up to `close`.
    fn sequence<T>(&mut self, close: u8, item: fn(&mut Self) -> Result<T, Error>) -> Result<Vec<T>, Error> {
        if self.open >= DEEPEST {
            return Err(Error::Depth);
        }
        self.open += 1;
        let mut items = Vec::new();
        self.lexer.discarded();
        if self.peek(Expect::ValueOrEnd)? != close {
            loop {
                items.push(item(self)?);
                match self.peek(Expect::CommaOrEnd)? {
                    b',' => self.lexer.discarded(),
                    end if end == close => break,
                    _ => return Err(Error::Token(Expect::CommaOrEnd)),
                };
            }
        }
        self.lexer.discarded();
        self.open -= 1;
        Ok(items)
    }
}

fn mistake(error: &Error, offset: usize, text: &str) -> Mistake {
    let what = match error {
        Error::Depth => return Mistake { offset, message: "this is no report: it is nested too deeply".into() },
        Error::Token(Expect::Eof) => "trailing characters".into(),
        Error::Token(expected) => format!("expected {expected}"),
        other => other.to_string(),
    };
    match text.as_bytes().get(offset) {
        None => Mistake { offset, message: format!("this is not JSON, or not all of it: {what}") },
        // The offset is that of what does not belong there.
        Some(_) => Mistake { offset: offset + 1, message: format!("this is not JSON: {what}") },
    }
}

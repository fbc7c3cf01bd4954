//! Layout of a report's JSON: objects are indented, and each item of an array has a line of its own.
//!
//! A writer of our own: with serde_json among the dependencies, `assert_eq!(bytes, &[])` in the user's crate would need
//! a type annotation.

use std::io::{self, Write};

use super::text::JsonText;
use crate::report::data::field::{List, Row, Value};

/// Output, and the depth that its next line has.
pub(super) struct JsonWriter<'o> {
    out: &'o mut dyn Write,
    /// Objects and arrays that are open and indented.
    depth: usize,
    /// True within the item of an array: all of it stays on its line.
    is_on_line: bool,
}

impl<'o> JsonWriter<'o> {
    pub(super) fn new(out: &'o mut dyn Write) -> Self {
        Self { out, depth: 0, is_on_line: false }
    }

    pub(super) fn value(&mut self, value: Value<'_>) -> io::Result<()> {
        match value {
            Value::None => self.out.write_all(b"null"),
            Value::Some(field) => self.value(field.value()),
            Value::Bool(flag) => write!(self.out, "{flag}"),
            Value::U32(number) => write!(self.out, "{number}"),
            Value::U64(number) => write!(self.out, "{number}"),
            Value::I64(number) => write!(self.out, "{number}"),
            // JSON has no infinity and no "not a number".
            Value::F64(number) if !number.is_finite() => self.out.write_all(b"0.0"),
            // The shortest text that reads as the same number; without an exponent if it is no longer than others.
            Value::F64(number) if (1e-9..1e-4).contains(&number.abs()) => write!(self.out, "{number}"),
            Value::F64(number) => write!(self.out, "{number:?}"),
            Value::Text(text) => write!(self.out, "{}", JsonText::new(text)),
            Value::List(list) => self.list(list),
            Value::Row(row) => self.row(row),
        }
    }

    fn row(&mut self, row: &dyn Row) -> io::Result<()> {
        self.open(b"{")?;
        let (mut result, mut count) = (Ok(()), 0);
        row.with_fields(&mut |fields| {
            count = fields.len();
            result = fields.iter().enumerate().try_for_each(|(index, (name, field))| {
                self.separate(index == 0)?;
                write!(self.out, "{}", JsonText::new(name))?;
                self.out.write_all(b": ")?;
                self.value(field.value())
            });
        });
        result?;
        self.close(b"}", count)
    }

    fn list(&mut self, list: &dyn List) -> io::Result<()> {
        self.open(b"[")?;
        let (was_on_line, mut index) = (self.is_on_line, 0);
        while let Some(item) = list.item(index) {
            self.separate(index == 0)?;
            self.is_on_line = true;
            self.value(item)?;
            self.is_on_line = was_on_line;
            index += 1;
        }
        self.close(b"]", index)
    }

    fn open(&mut self, bracket: &[u8]) -> io::Result<()> {
        self.depth += usize::from(!self.is_on_line);
        self.out.write_all(bracket)
    }

    fn close(&mut self, bracket: &[u8], count: usize) -> io::Result<()> {
        if !self.is_on_line {
            self.depth = self.depth.saturating_sub(1);
            if count > 0 {
                self.line()?;
            }
        }
        self.out.write_all(bracket)
    }

    /// Writes the separator before a key or an item.
    fn separate(&mut self, is_first: bool) -> io::Result<()> {
        match (is_first, self.is_on_line) {
            (true, true) => Ok(()),
            (false, true) => self.out.write_all(b", "),
            (is_first, false) => {
                self.out.write_all(if is_first { b"" } else { b"," })?;
                self.line()
            }
        }
    }

    fn line(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| self.out.write_all(b"  "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: Value<'_>) -> String {
        let mut text = Vec::new();
        JsonWriter::new(&mut text).value(value).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn every_number_is_read_as_it_was() {
        let floats =
            [0.0, -0.0, 1.0, 0.1, 1e16, 1e21, 1e300, 5e-324, 1e-5, 0.000_123, f64::MAX, f64::MIN, 123_456_789.125];
        for number in floats {
            let json = written(Value::F64(number));
            assert_eq!(serde_json::from_str::<f64>(&json).unwrap().to_bits(), number.to_bits(), "{json}");
            assert!(json.contains(['.', 'e']), "{json}");
        }
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(written(Value::F64(number)), "0.0");
        }
        assert_eq!(written(Value::U64(u64::MAX)), "18446744073709551615");
        assert_eq!(written(Value::I64(i64::MIN)), "-9223372036854775808");
    }
}

//! Indented JSON.

use std::io::{self, Write};
use std::sync::Arc;

use crate::printable::is_plain;

/// Where JSON goes, and how far it is indented.
pub(crate) struct Writer<'w> {
    out: &'w mut dyn Write,
    depth: usize,
}

/// What can be written as JSON.
///
/// Used through `dyn`: a writer for each type of row would be a quarter of what the compiler has to do for this crate.
pub(crate) trait ToJson {
    fn write(&self, out: &mut Writer<'_>) -> io::Result<()>;
}

impl<'w> Writer<'w> {
    pub(super) fn new(out: &'w mut dyn Write) -> Self {
        Self { out, depth: 0 }
    }

    pub(crate) fn object(&mut self, fields: &[(&str, &dyn ToJson)]) -> io::Result<()> {
        self.sequence(*b"{}", &mut fields.iter(), |out, (name, value)| {
            out.text(name)?;
            out.out.write_all(b": ")?;
            value.write(out)
        })
    }

    fn array(&mut self, items: &mut dyn Iterator<Item = &dyn ToJson>) -> io::Result<()> {
        self.sequence(*b"[]", items, |out, item| item.write(out))
    }

    fn sequence<T>(
        &mut self,
        [open, close]: [u8; 2],
        items: &mut dyn Iterator<Item = T>,
        write: fn(&mut Self, T) -> io::Result<()>,
    ) -> io::Result<()> {
        self.out.write_all(&[open])?;
        self.depth += 1;
        let mut is_empty = true;
        for item in items {
            if !is_empty {
                self.out.write_all(b",")?;
            }
            is_empty = false;
            self.line()?;
            write(self, item)?;
        }
        self.depth -= 1;
        if !is_empty {
            self.line()?;
        }
        self.out.write_all(&[close])
    }

    fn line(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")?;
        for _ in 0..self.depth {
            self.out.write_all(b"  ")?;
        }
        Ok(())
    }

    /// In quotes, with the escapes that JSON asks for, and others for what a terminal or an editor would not show as it
    /// is: read again it is the same text.
    fn text(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(b"\"")?;
        let mut rest = text;
        while let Some(at) = rest.find(|letter| letter == '"' || letter == '\\' || !is_plain(letter)) {
            let (plain, special) = rest.split_at(at);
            self.out.write_all(plain.as_bytes())?;
            let mut letters = special.chars();
            match letters.next().unwrap_or_default() {
                '\n' => self.out.write_all(b"\\n")?,
                '\r' => self.out.write_all(b"\\r")?,
                '\t' => self.out.write_all(b"\\t")?,
                '\u{8}' => self.out.write_all(b"\\b")?,
                '\u{c}' => self.out.write_all(b"\\f")?,
                letter @ ('"' | '\\') => write!(self.out, "\\{letter}")?,
                letter => {
                    for unit in letter.encode_utf16(&mut [0; 2]) {
                        write!(self.out, "\\u{unit:04x}")?;
                    }
                }
            }
            rest = letters.as_str();
        }
        self.out.write_all(rest.as_bytes())?;
        self.out.write_all(b"\"")
    }
}

macro_rules! as_displayed {
    ($($type:ty)*) => {$(
        impl ToJson for $type {
            fn write(&self, out: &mut Writer<'_>) -> io::Result<()> {
                write!(out.out, "{self}")
            }
        }
    )*};
}

as_displayed!(u32 u64 i64 bool);

impl ToJson for f64 {
    /// With the fewest digits that are read as the same number again. What JSON does not know becomes 0.
    fn write(&self, out: &mut Writer<'_>) -> io::Result<()> {
        let float = if self.is_finite() { *self } else { 0.0 };
        if float != 0.0 && !(1e-5..1e16).contains(&float.abs()) {
            return write!(out.out, "{float:e}");
        }
        // That it is a float is to be seen: to some readers 1 and 1.0 are of different types.
        write!(out.out, "{float}{}", if float.fract() == 0.0 { ".0" } else { "" })
    }
}

impl ToJson for String {
    fn write(&self, out: &mut Writer<'_>) -> io::Result<()> {
        out.text(self)
    }
}

impl ToJson for Arc<str> {
    fn write(&self, out: &mut Writer<'_>) -> io::Result<()> {
        out.text(self)
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn write(&self, out: &mut Writer<'_>) -> io::Result<()> {
        match self {
            Some(value) => value.write(out),
            None => out.out.write_all(b"null"),
        }
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn write(&self, out: &mut Writer<'_>) -> io::Result<()> {
        out.array(&mut self.iter().map(|item| item as &dyn ToJson))
    }
}

impl<T: ToJson> ToJson for [T; 2] {
    fn write(&self, out: &mut Writer<'_>) -> io::Result<()> {
        out.array(&mut self.iter().map(|item| item as &dyn ToJson))
    }
}

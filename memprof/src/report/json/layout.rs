//! Layout of a report's JSON: objects are indented, and each item of an array has a line of its own.

use std::io::{self, Write};

use serde_json::ser::Formatter;

use crate::printable::is_plain;

/// State of the layout between two calls of serde_json's writer.
#[derive(Default)]
pub(super) struct Layout {
    /// Objects and arrays that are open and indented.
    depth: usize,
    /// Items of arrays that are open. The contents of an item stay on its line.
    items: usize,
    /// True if the object or array that closes next has contents.
    has_content: bool,
}

impl Layout {
    fn open<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += usize::from(self.items == 0);
        self.has_content = false;
        out.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        if self.items == 0 {
            self.depth = self.depth.saturating_sub(1);
            if self.has_content {
                self.line(out)?;
            }
        }
        self.has_content = true;
        out.write_all(bracket)
    }

    /// Writes the separator before a key or an item.
    fn separate<W: ?Sized + Write>(&mut self, out: &mut W, is_first: bool) -> io::Result<()> {
        match (is_first, self.items) {
            (true, 0) => self.line(out),
            (true, _) => Ok(()),
            (false, 0) => {
                out.write_all(b",")?;
                self.line(out)
            }
            (false, _) => out.write_all(b", "),
        }
    }

    fn line<W: ?Sized + Write>(&self, out: &mut W) -> io::Result<()> {
        out.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| out.write_all(b"  "))
    }
}

impl Formatter for Layout {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, is_first: bool) -> io::Result<()> {
        self.separate(out, is_first)?;
        self.items += 1;
        Ok(())
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _out: &mut W) -> io::Result<()> {
        self.items = self.items.saturating_sub(1);
        self.has_content = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, is_first: bool) -> io::Result<()> {
        self.separate(out, is_first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _out: &mut W) -> io::Result<()> {
        self.has_content = true;
        Ok(())
    }

    /// Escapes characters that a terminal or an editor would not show as they are, in addition to the escapes that JSON
    /// requires. Reading gives the same text again.
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        // serde_json has escaped what is below a space.
        if fragment.bytes().all(|byte| byte < 0x7f) {
            return out.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some((at, escaped)) = rest.char_indices().find(|(_, letter)| !is_plain(*letter)) {
            out.write_all(rest.get(..at).unwrap_or_default().as_bytes())?;
            for unit in escaped.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = rest.get(at + escaped.len_utf8()..).unwrap_or_default();
        }
        out.write_all(rest.as_bytes())
    }
}

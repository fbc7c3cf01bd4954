//! Scripts and styles without their comments and indentation, made when memprof is compiled: programs carry the rest.

/// A source that is shorter than another one. `None`: too long for `N` bytes.
pub(super) const fn shorten<const N: usize>(source: &[u8]) -> [u8; N] {
    let mut short = [b'\n'; N];
    let mut reader = SourceReader { source, at: 0, line_begins: true };
    let mut length = 0;
    while let Some(byte) = reader.next() {
        short[length] = byte;
        length += 1;
    }
    short
}

/// Length of a source that was shortened.
pub(super) const fn length(source: &[u8]) -> usize {
    let mut reader = SourceReader { source, at: 0, line_begins: true };
    let mut length = 0;
    while reader.next().is_some() {
        length += 1;
    }
    length
}

/// Reader of what remains. A comment begins a line, or begins with `/**`: no text of the viewer has these in it.
struct SourceReader<'s> {
    source: &'s [u8],
    at: usize,
    line_begins: bool,
}

impl SourceReader<'_> {
    const fn next(&mut self) -> Option<u8> {
        loop {
            let byte = self.peek(0);
            if self.at >= self.source.len() {
                return None;
            }
            if self.line_begins && matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                self.at += 1;
            } else if self.line_begins && byte == b'/' && self.peek(1) == b'/' {
                while self.at < self.source.len() && self.peek(0) != b'\n' {
                    self.at += 1;
                }
            } else if byte == b'/' && self.peek(1) == b'*' && (self.line_begins || self.peek(2) == b'*') {
                self.at += 2;
                while self.at < self.source.len() && !(self.peek(0) == b'*' && self.peek(1) == b'/') {
                    self.at += 1;
                }
                self.at += 2;
            } else {
                self.at += 1;
                self.line_begins = byte == b'\n';
                if byte != b'\r' {
                    return Some(byte);
                }
            }
        }
    }

    const fn peek(&self, ahead: usize) -> u8 {
        if self.at + ahead < self.source.len() { self.source[self.at + ahead] } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &[u8] = b"// one\n\t/** two\n\t * lines */\n\tf(/** @type {X} */ (a)); // kept\r\n\n\t\tg('//');\n";

    #[test]
    fn comments_and_indentation_are_omitted() {
        const LENGTH: usize = length(SOURCE);
        let short: [u8; LENGTH] = shorten(SOURCE);
        assert_eq!(std::str::from_utf8(&short), Ok("f( (a)); // kept\ng('//');\n"));
    }
}

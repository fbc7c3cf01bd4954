//! A page of Markdown within the limit of a comment, and names and sentences in it.

use crate::report::name::{printable, shorten};
use crate::size;

/// Limit of a comment on a pull request, characters.
pub(super) const LONGEST: usize = 65_536;
/// Room for what ends the page.
const END: usize = 512;
/// Columns of a name.
const NAME: usize = 100;
/// Limit of a sentence, characters.
const SENTENCE: usize = 1_000;

/// A text within the limit.
#[derive(Default)]
pub(super) struct MarkdownPage {
    pub(super) text: String,
    characters: usize,
}

impl MarkdownPage {
    /// Adds a line. False: there is no room for it.
    pub(super) fn push(&mut self, line: String) -> bool {
        let characters = line.chars().count() + 1;
        let has_room = self.characters + characters + END <= LONGEST;
        if has_room {
            self.end(&line);
        }
        has_room
    }

    /// Adds a line that ends something, for which there is always room.
    pub(super) fn end(&mut self, line: &str) {
        self.characters += line.chars().count() + 1;
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Adds a table, as many of its rows as there is room for.
    pub(super) fn table(&mut self, head: &str, rows: &[String]) {
        let columns = head.matches('|').count().saturating_sub(1);
        let alignment = format!("|{}{}", "---|", "---:|".repeat(columns.saturating_sub(1)));
        if rows.is_empty() || !(self.push(String::new()) && self.push(head.to_owned()) && self.push(alignment)) {
            return;
        }
        for (index, row) in rows.iter().enumerate() {
            if !self.push(row.clone()) {
                self.end("");
                self.end(&format!("*{} more: no room*", size::count((rows.len() - index) as u64)));
                return;
            }
        }
    }

    /// Adds a table under a heading that opens.
    pub(super) fn details(&mut self, summary: &str, head: &str, rows: &[String]) {
        if rows.is_empty() || !self.push(String::new()) {
            return;
        }
        if self.push(format!("<details><summary>{summary}</summary>")) {
            self.table(head, rows);
            self.end("");
            self.end("</details>");
        }
    }
}

/// A name as code. It cannot end its own span.
pub(super) fn code(name: &str) -> String {
    let name = shorten(&printable(name), NAME);
    let longest = name.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let blank = if name.starts_with('`') || name.ends_with('`') { " " } else { "" };
    if name.is_empty() { name } else { format!("{fence}{blank}{name}{blank}{fence}") }
}

/// A name as code in a table, whose cells a bar ends even there.
pub(super) fn cell(name: &str) -> String {
    code(name).replace('|', "\\|")
}

/// A sentence as text. Only what stands in backticks is code: no other character is markup, and nobody is mentioned.
pub(super) fn sentence(text: &str) -> String {
    let text: String = printable(text).chars().take(SENTENCE).collect();
    let is_paired = text.matches('`').count().is_multiple_of(2);
    let mut shown = String::new();
    for (index, part) in text.split('`').enumerate() {
        match (is_paired, index % 2) {
            (true, 1) => shown.push_str(&code(part)),
            (false, _) if index > 0 => {
                shown.push_str("\\`");
                plain(part, &mut shown);
            }
            _ => plain(part, &mut shown),
        }
    }
    shown
}

/// Adds a text with escapes for all markup.
fn plain(text: &str, shown: &mut String) {
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            // No address becomes a link.
            ':' if letters.peek() == Some(&'/') => shown.push_str("&#58;"),
            '.' if shown.ends_with("www") => shown.push_str("&#46;"),
            // No number and no name becomes one.
            '@' | '#' => {
                shown.push(letter);
                shown.push_str("<!-- -->");
            }
            '\\' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '$' => {
                shown.push('\\');
                shown.push(letter);
            }
            _ => shown.push(letter),
        }
    }
}

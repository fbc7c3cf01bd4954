//! Untrusted text as a reader sees it: characters that command a terminal, break a line, turn text around or are
//! invisible are written as escapes.

use std::fmt::{self, Display, Write};

/// Characters that are invisible or change how others are shown: the general category Cf (format), all
/// default-ignorable ones, the separators of lines and paragraphs, and the empty Braille pattern. Sorted.
const MARKS: [(char, char); 27] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{fffe}', '\u{ffff}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// True if the character is shown as itself and nothing else.
pub(crate) fn is_plain(letter: char) -> bool {
    if letter < '\u{7f}' {
        return letter >= ' ';
    }
    !letter.is_control() && !MARKS.iter().any(|&(first, last)| (first..=last).contains(&letter))
}

/// Text with escapes for all characters that are not plain. Shown without an allocation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printable<'t>(pub(crate) &'t str);

impl Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some((at, mark)) = rest.char_indices().find(|&(_, letter)| !is_plain(letter)) {
            f.write_str(rest.get(..at).unwrap_or_default())?;
            mark.escape_default().try_for_each(|letter| f.write_char(letter))?;
            rest = rest.get(at + mark.len_utf8()..).unwrap_or_default();
        }
        f.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_a_terminal_or_breaks_a_line_is_written_out() {
        let text = "a\nb\u{1b}[31m\u{7f}\u{9b}1m\r\t\u{85}\u{2028}";
        assert_eq!(Printable(text).to_string(), "a\\nb\\u{1b}[31m\\u{7f}\\u{9b}1m\\r\\t\\u{85}\\u{2028}");
    }

    #[test]
    fn marks_that_turn_or_hide_text_are_written_out() {
        let turning = "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}";
        let hiding =
            "\u{ad}\u{34f}\u{115f}\u{180e}\u{200b}\u{200c}\u{200d}\u{2060}\u{2064}\u{2065}\u{3164}\u{fe0f}\u{feff}";
        let others = "\u{ffa0}\u{fff9}\u{1d173}\u{e0001}\u{e0041}\u{e007f}\u{e0100}\u{2800}\u{ffff}";
        for mark in [turning, hiding, others].concat().chars() {
            let shown = Printable(&format!("a{mark}b")).to_string();
            assert_eq!(shown, format!("a\\u{{{:x}}}b", u32::from(mark)));
        }
    }

    #[test]
    fn letters_of_all_scripts_stay() {
        let text = "größe naïve 数据 مرحبا שלום हिन्दी e\u{301} ไทย 한글 🦀 \\ ' \" ~ \u{a0} \u{fffd} \u{e000}";
        assert_eq!(Printable(text).to_string(), text);
    }

    #[test]
    fn the_ranges_are_in_order() {
        assert!(MARKS.iter().all(|(first, last)| first <= last));
        assert!(MARKS.windows(2).all(|two| two[0].1 < two[1].0));
    }
}

//! The list of formats.

use std::fmt;
use std::str::FromStr;

/// A format of a report, beside JSON.
///
/// ```
/// use memprof::Format;
///
/// let format: Format = "pprof".parse()?;
/// assert_eq!(format.file_name(), "memory.pb.gz");
/// std::fs::write(std::env::temp_dir().join(format.file_name()), memprof::Report::default().to_format(format))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Format {
    /// The table that the program prints on stderr at its end.
    Table,
    /// The leak report, `memory_leaks.txt`.
    Leaks,
    /// A page that opens by double-click, without network.
    Html,
    /// A heap profile for `go tool pprof`, Grafana and Parca, compressed by gzip.
    Pprof,
    /// DHAT's JSON, version 2, for valgrind's `dh_view.html` and the Firefox Profiler.
    Dhat,
    /// Stacks in lines with their allocated bytes, for flame graphs.
    Folded,
    /// JSON for speedscope.
    Speedscope,
    /// The tracked functions with all their columns.
    Csv,
    /// A summary for pull requests.
    Markdown,
    /// A flame graph of the allocated bytes as a picture.
    Svg,
}

impl Format {
    /// All formats.
    ///
    /// ```
    /// assert!(memprof::Format::ALL.iter().all(|format| format.name().parse() == Ok(*format)));
    /// ```
    pub const ALL: &[Self] = &[
        Self::Table,
        Self::Leaks,
        Self::Html,
        Self::Pprof,
        Self::Dhat,
        Self::Folded,
        Self::Speedscope,
        Self::Csv,
        Self::Markdown,
        Self::Svg,
    ];

    /// Formats of further files, in the order in which they are written.
    #[cfg(feature = "profiling")]
    pub(crate) const FILES: [Self; 8] =
        [Self::Html, Self::Pprof, Self::Dhat, Self::Folded, Self::Speedscope, Self::Csv, Self::Markdown, Self::Svg];

    /// Name of the format, as in the key `formats`.
    ///
    /// ```
    /// assert_eq!(memprof::Format::Speedscope.name(), "speedscope");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Leaks => "leaks",
            Self::Html => "html",
            Self::Pprof => "pprof",
            Self::Dhat => "dhat",
            Self::Folded => "folded",
            Self::Speedscope => "speedscope",
            Self::Csv => "csv",
            Self::Markdown => "markdown",
            Self::Svg => "svg",
        }
    }

    /// Default name of a file in this format.
    ///
    /// ```
    /// assert_eq!(memprof::Format::Html.file_name(), "memory_report.html");
    /// ```
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Table => "memory_table.txt",
            Self::Leaks => "memory_leaks.txt",
            Self::Html => "memory_report.html",
            Self::Pprof => "memory.pb.gz",
            Self::Dhat => "memory.dhat.json",
            Self::Folded => "memory.folded",
            Self::Speedscope => "memory.speedscope.json",
            Self::Csv => "memory_functions.csv",
            Self::Markdown => "memory_report.md",
            Self::Svg => "memory_flame.svg",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let known = Self::ALL.iter().find(|format| format.name() == name);
        known.copied().ok_or_else(|| UnknownFormat { name: name.to_owned() })
    }
}

/// A name that is no format. The text names the closest format, or all.
///
/// ```
/// let error = "hmtl".parse::<memprof::Format>().unwrap_err();
/// assert_eq!(error.to_string(), "unknown format `hmtl`; did you mean `html`?");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownFormat {
    /// The unknown name.
    pub name: String,
}

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = || Format::ALL.iter().map(|format| format.name());
        #[cfg(feature = "report")]
        let (shown, meant) = (crate::suggest::quote(&self.name), crate::suggest::closest(&self.name, names()));
        #[cfg(not(feature = "report"))]
        let (shown, meant) = (format!("`{}`", crate::printable::Printable(&self.name)), None::<&str>);
        match meant {
            Some(meant) => write!(f, "unknown format {shown}; did you mean `{meant}`?"),
            None => write!(f, "unknown format {shown}; the formats are {}", names().collect::<Vec<_>>().join(", ")),
        }
    }
}

impl std::error::Error for UnknownFormat {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_different() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(*format));
            let same = |other: &&Format| other.name() == format.name() || other.file_name() == format.file_name();
            assert_eq!(Format::ALL.iter().filter(same).count(), 1, "{format}");
        }
    }

    #[cfg(feature = "report")]
    #[test]
    fn unknown_names_say_what_is_meant() {
        let error = |name: &str| name.parse::<Format>().unwrap_err().to_string();
        assert_eq!(error("PProf"), "unknown format `PProf`; did you mean `pprof`?");
        assert_eq!(error("speedscop"), "unknown format `speedscop`; did you mean `speedscope`?");
        assert!(error("\u{1b}[31m").starts_with("unknown format `\\u{1b}[31m`; the formats are table, leaks, html, "));
        assert!(error("").starts_with("unknown format ``; the formats are table"));
    }
}

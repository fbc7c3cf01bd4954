//! Putting a section into `memprof/docs/performance.md`, between the comments that are there for it.

use super::Result;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../memprof/docs/performance.md");
const PLOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../memprof/docs/plots.md");

/// Path of the plot of an axis.
pub(super) fn plot(axis: &str) -> String {
    format!("{}/../../memprof/docs/scaling-{axis}.svg", env!("CARGO_MANIFEST_DIR"))
}

/// Writes the plots once more, as definitions of the names that the page uses for them: the crate's documentation is a
/// single file without others beside it.
pub(super) fn write_plots<'a>(axes: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut text = String::new();
    for axis in axes {
        let path = plot(axis);
        let picture = std::fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
        text += &format!("[plot-{axis}]: data:image/svg+xml,{}\n", in_address(&picture));
    }
    Ok(std::fs::write(PLOTS, text)?)
}

/// As a part of an address: what is no letter and no digit by its number.
fn in_address(bytes: &[u8]) -> String {
    let encoded = |&byte: &u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'=' | b',' | b';' | b':' | b'/' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    bytes.iter().map(encoded).collect()
}

pub(super) fn write(section: &str, text: &str) -> Result<()> {
    let page = std::fs::read_to_string(PAGE).map_err(|error| format!("{PAGE}: {error}"))?;
    let page = replaced(&page, section, text)
        .ok_or_else(|| format!("{PAGE} has no place for it: <!-- begin: {section} --> and <!-- end: {section} -->"))?;
    Ok(std::fs::write(PAGE, page)?)
}

/// The page with another text for a section; `None` where the page does not have the section.
fn replaced(page: &str, section: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- begin: {section} -->"), format!("<!-- end: {section} -->"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{}\n{end}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_an_address_stands_nothing_that_would_end_it() {
        assert_eq!(in_address(b"<a b=\"1\">\n"), "%3Ca%20b=%221%22%3E%0A");
    }

    #[test]
    fn only_what_stands_between_the_comments_of_the_section_is_replaced() {
        let page = "a\n<!-- begin: x -->\nold\n<!-- end: x -->\nb\n<!-- begin: y -->\n<!-- end: y -->\n";
        let new = "a\n<!-- begin: x -->\nnew\n<!-- end: x -->\nb\n<!-- begin: y -->\n<!-- end: y -->\n";
        assert_eq!(replaced(page, "x", "new\n").as_deref(), Some(new));
        assert_eq!(replaced(page, "z", "new"), None);
    }
}

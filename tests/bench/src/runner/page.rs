//! Putting a section into `memprof/docs/performance.md`, between the comments that are there for it.

use super::Result;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../memprof/docs/performance.md");

/// Path of an axis's plot.
pub(super) fn plot(axis: &str) -> String {
    format!("{}/../../memprof/docs/scaling-{axis}.svg", env!("CARGO_MANIFEST_DIR"))
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
    fn only_what_stands_between_the_comments_of_the_section_is_replaced() {
        let page = "a\n<!-- begin: x -->\nold\n<!-- end: x -->\nb\n<!-- begin: y -->\n<!-- end: y -->\n";
        let new = "a\n<!-- begin: x -->\nnew\n<!-- end: x -->\nb\n<!-- begin: y -->\n<!-- end: y -->\n";
        assert_eq!(replaced(page, "x", "new\n").as_deref(), Some(new));
        assert_eq!(replaced(page, "z", "new"), None);
    }
}

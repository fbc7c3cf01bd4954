//! Files and lines of addresses, from the line program of a unit.

use super::pages::Pages;
use super::ranges::has_code;
use super::sections::Bytes;
use gimli::{FileEntry, IncompleteLineProgram, LineRow, LineRows, Range, Unit, UnitRef};
use std::sync::Arc;

/// Index of a file, and number of a line; 0: none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileLine {
    /// `None`: not known.
    pub(super) file: Option<u64>,
    pub(super) line: u32,
}

/// Lines of the addresses of one unit.
pub(super) struct Lines<'u, 'f> {
    unit: UnitRef<'u, Bytes<'f>>,
    rows: LineRows<Bytes<'f>, IncompleteLineProgram<Bytes<'f>>>,
    /// For each address.
    pub(super) found: Vec<Option<FileLine>>,
}

/// Bytes of a line program for each row, about.
const BYTES_PER_ROW: usize = 5;
/// Rows between two notes of what has been read.
const ROWS_PER_NOTE: usize = 4096;

impl<'u, 'f> Lines<'u, 'f> {
    /// Runs the unit's line program until all addresses, which are sorted, have been found. `None`: the unit has none.
    pub(super) fn of(
        unit: UnitRef<'u, Bytes<'f>>,
        addresses: &[u64],
        pages: &Pages<'_>,
    ) -> gimli::Result<Option<Self>> {
        let Some(program) = unit.line_program.clone() else { return Ok(None) };
        let mut found = vec![None; addresses.len()];
        let mut rows = program.rows();
        let (mut left, mut seen) = (addresses.len(), 0);
        // The row before, and the index of the first address that is not below it.
        let mut before: Option<(u64, FileLine)> = None;
        let mut next = 0;
        while left > 0
            && let Some((_, row)) = rows.next_row()?
        {
            seen += 1;
            if seen % ROWS_PER_NOTE == 0 {
                pages.note_read(ROWS_PER_NOTE * BYTES_PER_ROW);
            }
            let address = row.address();
            match before {
                Some((_, line)) => {
                    while let Some((wanted, place)) = addresses.get(next).zip(found.get_mut(next))
                        && *wanted < address
                    {
                        if place.is_none() {
                            *place = Some(line);
                            left -= 1;
                        }
                        next += 1;
                    }
                }
                // Lines of code that the linker has removed.
                None if address == 0 => next = addresses.len(),
                None => next = addresses.partition_point(|wanted| *wanted < address),
            }
            before = (!row.end_sequence()).then(|| (address, file_line(row)));
        }
        Ok(Some(Self { unit, rows, found }))
    }

    /// Path of a file.
    pub(super) fn file(&self, index: u64) -> Option<Arc<str>> {
        let header = self.rows.header();
        match header.file(index) {
            Some(file) => self.path(file).ok().map(Into::into),
            // Up to version 4 there may be no such file.
            None => (index == 0).then(|| "".into()),
        }
    }

    fn path(&self, file: &FileEntry<Bytes<'f>>) -> gimli::Result<String> {
        let mut path = self.unit.comp_dir.map(|folder| folder.to_string_lossy().into_owned()).unwrap_or_default();
        // 0 is the compiler's working directory.
        if file.directory_index() != 0
            && let Some(folder) = file.directory(self.rows.header())
        {
            push(&mut path, &self.unit.attr_string(folder)?.to_string_lossy());
        }
        push(&mut path, &self.unit.attr_string(file.path_name())?.to_string_lossy());
        Ok(path)
    }
}

fn file_line(row: &LineRow) -> FileLine {
    FileLine { file: Some(row.file_index()), line: row.line().map_or(0, |line| line.get() as u32) }
}

/// Calls `see` with the addresses of each sequence of a unit's lines.
pub(super) fn each_sequence(unit: &Unit<Bytes<'_>>, see: &mut dyn FnMut(Range)) -> gimli::Result<()> {
    let Some(program) = unit.line_program.clone() else { return Ok(()) };
    let (mut rows, mut begin) = (program.rows(), None);
    while let Some((_, row)) = rows.next_row()? {
        let end = row.address();
        let first = *begin.get_or_insert(end);
        if row.end_sequence() {
            begin = None;
            let range = Range { begin: first, end };
            if has_code(range) {
                see(range);
            }
        }
    }
    Ok(())
}

/// Appends a path, which replaces the one before if it is absolute. Programs may have been compiled on another system.
fn push(path: &mut String, part: &str) {
    let is_of_windows = |path: &str| path.starts_with('\\') || path.get(1..3) == Some(":\\");
    if part.starts_with('/') || part.get(1..3) == Some(":/") || is_of_windows(part) {
        part.clone_into(path);
        return;
    }
    let separator = if is_of_windows(path) { '\\' } else { '/' };
    if !path.is_empty() && !path.ends_with(separator) {
        path.push(separator);
    }
    path.push_str(part);
}

//! Compact JSON of a report, for the page.
//!
//! The object of the report keeps its names. A list of rows is a table, its column names are written once, after its
//! rows, and each text in it is the number of an entry in `texts`, which is the last field of the object:
//!
//! ```json
//! {"totals": {"net_bytes": 8},
//!  "functions": {"rows": [[0, 7], [1, 9]], "columns": ["$name", "calls"]},
//!  "texts": ["search", "insert"]}
//! ```
//!
//! | column | values |
//! |---|---|
//! | `"calls"` | as in the report |
//! | `"$name"` | number of a text, or a list of these |
//! | `["per_call", "min", "max"]` | a row: the list of its values |
//! | `{"stack": ["$function", "line"]}` | a list of rows; a number instead of a row repeats the row of that number |
//!
//! Fields that end in `_mb` repeat others and are omitted. `<`, `>`, `&` and characters that are not shown as they are
//! are written as escapes: no text can end the element that holds the data.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::report::data::field::{List, Row, Value};
use crate::report::json::text::JsonText;

/// Writes an object and the texts of its tables.
pub(super) fn write(row: &dyn Row, out: &mut dyn Write) -> io::Result<()> {
    let mut packer = Packer { out, texts: BTreeMap::new() };
    packer.out.write_all(b"{")?;
    packer.fields(row)?;
    packer.out.write_all(b",\"texts\":[")?;
    let mut texts = vec![""; packer.texts.len()];
    for (text, number) in &packer.texts {
        if let Some(place) = texts.get_mut(*number) {
            *place = text;
        }
    }
    for (number, text) in texts.into_iter().enumerate() {
        comma(packer.out, number)?;
        write!(packer.out, "{}", JsonText::in_html(text))?;
    }
    packer.out.write_all(b"]}")
}

/// Column of a table, as far as the rows so far show its kind.
struct PackedColumn {
    name: &'static str,
    kind: CellKind,
}

enum CellKind {
    Plain,
    Text,
    Row(Vec<PackedColumn>),
    Rows(PackedTable),
}

/// Columns of a list of rows.
#[derive(Default)]
struct PackedTable {
    columns: Vec<PackedColumn>,
    /// Rows that were written, and their numbers. Only lists within rows repeat theirs.
    numbers: BTreeMap<Vec<u8>, usize>,
}

struct Packer<'o> {
    out: &'o mut dyn Write,
    texts: BTreeMap<String, usize>,
}

impl Packer<'_> {
    /// The fields of an object outside every table.
    fn fields(&mut self, row: &dyn Row) -> io::Result<()> {
        let mut result = Ok(());
        row.with_fields(&mut |fields| {
            let kept = fields.iter().filter(|(name, _)| !repeats(name));
            result = kept.enumerate().try_for_each(|(index, (name, field))| {
                comma(self.out, index)?;
                write!(self.out, "\"{name}\":")?;
                self.value(field.value())
            });
        });
        result
    }

    fn value(&mut self, value: Value<'_>) -> io::Result<()> {
        match value {
            Value::Some(field) => self.value(field.value()),
            Value::Text(text) => write!(self.out, "{}", JsonText::in_html(text)),
            Value::Row(row) => {
                self.out.write_all(b"{")?;
                self.fields(row)?;
                self.out.write_all(b"}")
            }
            Value::List(list) if matches!(list.item(0), Some(Value::Row(_))) => {
                let mut table = PackedTable::default();
                self.out.write_all(b"{\"rows\":")?;
                self.rows(list, &mut table)?;
                self.out.write_all(b",\"columns\":")?;
                write_columns(self.out, &table.columns)?;
                self.out.write_all(b"}")
            }
            Value::List(list) => self.list(list, Self::value),
            scalar => write_scalar(self.out, &scalar),
        }
    }

    fn list(
        &mut self,
        list: &dyn List,
        mut write: impl FnMut(&mut Self, Value<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.out.write_all(b"[")?;
        let mut index = 0;
        while let Some(item) = list.item(index) {
            comma(self.out, index)?;
            write(self, item)?;
            index += 1;
        }
        self.out.write_all(b"]")
    }

    fn rows(&mut self, list: &dyn List, table: &mut PackedTable) -> io::Result<()> {
        self.list(list, |packer, item| match item {
            Value::Row(row) => packer.row(row, &mut table.columns),
            other => write_scalar(packer.out, &other),
        })
    }

    fn row(&mut self, row: &dyn Row, columns: &mut Vec<PackedColumn>) -> io::Result<()> {
        self.out.write_all(b"[")?;
        let mut result = Ok(());
        row.with_fields(&mut |fields| {
            let kept = fields.iter().filter(|(name, _)| !repeats(name));
            if columns.is_empty() {
                columns.extend(kept.clone().map(|(name, _)| PackedColumn { name, kind: CellKind::Plain }));
            }
            result = kept.zip(columns.iter_mut()).enumerate().try_for_each(|(index, ((_, field), column))| {
                comma(self.out, index)?;
                self.cell(field.value(), &mut column.kind)
            });
        });
        result?;
        self.out.write_all(b"]")
    }

    fn cell(&mut self, value: Value<'_>, kind: &mut CellKind) -> io::Result<()> {
        match value {
            Value::Some(field) => self.cell(field.value(), kind),
            Value::Text(text) => {
                *kind = CellKind::Text;
                let number = self.number(text);
                write!(self.out, "{number}")
            }
            Value::Row(row) => {
                if !matches!(kind, CellKind::Row(_)) {
                    *kind = CellKind::Row(Vec::new());
                }
                let CellKind::Row(columns) = kind else { return Ok(()) };
                self.row(row, columns)
            }
            Value::List(list) if matches!(list.item(0), Some(Value::Row(_))) => {
                if !matches!(kind, CellKind::Rows(_)) {
                    *kind = CellKind::Rows(PackedTable::default());
                }
                let CellKind::Rows(table) = kind else { return Ok(()) };
                self.list(list, |packer, item| match item {
                    Value::Row(row) => packer.row_once(row, table),
                    other => write_scalar(packer.out, &other),
                })
            }
            Value::List(list) => self.list(list, |packer, item| packer.cell(item, kind)),
            scalar => write_scalar(self.out, &scalar),
        }
    }

    /// A row of a list within a row, or the number of the same row before it.
    fn row_once(&mut self, row: &dyn Row, table: &mut PackedTable) -> io::Result<()> {
        let mut written = Vec::new();
        let mut within = Packer { out: &mut written, texts: std::mem::take(&mut self.texts) };
        let result = within.row(row, &mut table.columns);
        self.texts = within.texts;
        result?;
        let next = table.numbers.len();
        if let Some(number) = table.numbers.get(&written) {
            return write!(self.out, "{number}");
        }
        self.out.write_all(&written)?;
        table.numbers.insert(written, next);
        Ok(())
    }

    fn number(&mut self, text: &str) -> usize {
        if let Some(number) = self.texts.get(text) {
            return *number;
        }
        let number = self.texts.len();
        self.texts.insert(text.to_owned(), number);
        number
    }
}

/// True for a field that repeats another one as a float.
fn repeats(name: &str) -> bool {
    name.ends_with("_mb")
}

fn comma(out: &mut dyn Write, index: usize) -> io::Result<()> {
    if index == 0 { Ok(()) } else { out.write_all(b",") }
}

fn write_columns(out: &mut dyn Write, columns: &[PackedColumn]) -> io::Result<()> {
    out.write_all(b"[")?;
    for (index, column) in columns.iter().enumerate() {
        comma(out, index)?;
        write_column(out, column)?;
    }
    out.write_all(b"]")
}

fn write_column(out: &mut dyn Write, PackedColumn { name, kind }: &PackedColumn) -> io::Result<()> {
    match kind {
        CellKind::Plain => write!(out, "\"{name}\""),
        CellKind::Text => write!(out, "\"${name}\""),
        CellKind::Row(columns) => {
            write!(out, "[\"{name}\"")?;
            for column in columns {
                out.write_all(b",")?;
                write_column(out, column)?;
            }
            out.write_all(b"]")
        }
        CellKind::Rows(table) => {
            write!(out, "{{\"{name}\":")?;
            write_columns(out, &table.columns)?;
            out.write_all(b"}")
        }
    }
}

fn write_scalar(out: &mut dyn Write, value: &Value<'_>) -> io::Result<()> {
    match *value {
        Value::Bool(flag) => write!(out, "{flag}"),
        Value::U32(number) => write!(out, "{number}"),
        Value::U64(number) => write!(out, "{number}"),
        Value::I64(number) => write!(out, "{number}"),
        Value::F64(number) if number.is_finite() => write!(out, "{number}"),
        // JSON has no infinity and no "not a number".
        Value::F64(_) => out.write_all(b"0"),
        Value::None | Value::Some(_) | Value::Text(_) | Value::List(_) | Value::Row(_) => out.write_all(b"null"),
    }
}

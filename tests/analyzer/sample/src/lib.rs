//! Tracked code of all forms, and one mistake that is to be found.
#![allow(dead_code, async_fn_in_trait)]

use std::collections::HashMap;
use std::fmt::Display;
use std::pin::Pin;

pub struct Row {
    pub name: String,
    pub cells: Vec<u8>,
}

pub struct Index(HashMap<String, Row>);

#[cfg_attr(feature = "tracked", memprof::track_memory)]
pub fn read(text: &str, mut rows: Vec<Row>) -> Result<Vec<Row>, std::num::ParseIntError> {
    for line in text.lines() {
        let cells = line.split(' ').map(str::parse).collect::<Result<Vec<u8>, _>>()?;
        rows.push(Row { name: line.to_owned(), cells });
    }
    Ok(rows)
}

#[cfg_attr(feature = "tracked", memprof::track_memory(name = "pairs", max_allocated = "1 MiB"))]
fn pairs((left, right): (Row, Row), [first, .., last]: [u8; 4]) -> usize {
    left.cells.len() + right.name.len() + usize::from(first + last)
}

#[cfg_attr(feature = "tracked", memprof::track_memory)]
fn lengths(least: usize) -> impl Fn(&str) -> usize {
    move |text| text.len().max(least)
}

#[cfg_attr(feature = "tracked", memprof::track_memory)]
fn boxed() -> Box<dyn Fn(&Row) -> &str> {
    Box::new(|row| &row.name)
}

#[cfg_attr(feature = "tracked", memprof::track_memory)]
fn generic<T: Display + Clone, const N: usize>(value: &T) -> [String; N] {
    std::array::from_fn(|_| value.clone().to_string())
}

#[cfg_attr(feature = "tracked", memprof::track_memory)]
async fn fetch(name: &str, (row, many): (Row, u8)) -> Result<Row, std::num::ParseIntError> {
    let cells: u8 = name.parse()?;
    let row = later(row).await;
    Ok(Row { cells: vec![cells; usize::from(many)], ..row })
}

#[cfg_attr(feature = "tracked", memprof::track_memory)]
fn later(row: Row) -> impl Future<Output = Row> + Send {
    async move { row }
}

#[cfg_attr(feature = "tracked", memprof::track_memory)]
fn in_a_box(row: Row) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async move { row.cells.len() })
}

#[cfg_attr(feature = "tracked", memprof::track_memory)]
async fn never(mut row: Row) -> ! {
    loop {
        row.cells.push(1);
        later(Row { name: String::new(), cells: Vec::new() }).await;
    }
}

#[cfg_attr(feature = "tracked", memprof::track_memory)]
impl Index {
    const LAYERS: usize = 4;

    pub fn build(rows: Vec<Row>) -> Self {
        Self(rows.into_iter().map(|row| (row.name.clone(), row)).collect())
    }

    pub fn find(&self, name: &str) -> Option<&Row> {
        self.0.get(name)
    }

    pub fn into_rows(self) -> Vec<Row> {
        self.0.into_values().collect()
    }

    pub async fn found(&mut self, name: String) -> Option<usize> {
        let row = self.find(&name)?;
        Some(row.cells.len() * Self::LAYERS)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

#[cfg_attr(feature = "tracked", memprof::track_memory)]
pub trait Search {
    fn all(&self) -> Vec<&Row>;

    fn count(&self) -> usize {
        self.all().len()
    }

    async fn later(&self) -> usize {
        self.count()
    }
}

#[cfg_attr(feature = "tracked", memprof::track_memory)]
impl Search for Index {
    fn all(&self) -> Vec<&Row> {
        self.0.values().collect()
    }
}

#[cfg_attr(feature = "tracked", memprof::track_memory)]
mod inner {
    use super::{Index, Row, Search};

    pub fn cells(index: &Index) -> usize {
        index.all().iter().map(|row| row.cells.len()).sum()
    }

    impl Row {
        pub fn first(&self) -> Option<u8> {
            self.cells.first().copied()
        }
    }
}

/// The mistake: there is no such method.
#[cfg_attr(feature = "tracked", memprof::track_memory)]
fn mistaken(row: &Row) -> usize {
    inner::cells(&Index::build(Vec::new())) + row.no_such_method()
}

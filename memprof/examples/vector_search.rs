//! Finds the ten nearest neighbours of 1,797 real vectors with an index, compares them with an exact search, and shows
//! where the memory of each step comes from.
//!
//! ```text
//! cargo run --release --example vector_search              # a new scratch space for each query
//! cargo run --release --example vector_search -- --reuse   # one scratch space for all: compare the rows of `search`
//! ```

use std::error::Error;
use std::path::Path;

use instant_distance::{Builder, HnswMap, Point, Search};
use memprof::track_memory;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/digits.csv");
const SIDE: usize = 8;
const NEIGHBOURS: usize = 10;
/// How many neighbours the index proposes for `rerank` to choose from.
const CANDIDATES: usize = 40;

/// One handwritten digit: 8 × 8 pixels of 0 to 16.
struct Digit(Vec<f32>);

impl Digit {
    /// The squared Euclidean distance, which orders neighbours as the distance does. It is exact: the pixels are small
    /// integers.
    fn distance(&self, other: &Self) -> f32 {
        squared_distance(&self.0, &other.0)
    }

    /// The image at half its height. An index over these is smaller and faster, and its order is a first guess.
    fn sketch(&self) -> Sketch {
        let mut pixels = [0.0; SIDE * SIDE / 2];
        for (at, pixel) in self.0.iter().enumerate() {
            let (row, column) = (at / SIDE, at % SIDE);
            pixels[row / 2 * SIDE + column] += pixel;
        }
        Sketch(pixels)
    }
}

#[derive(Clone)]
struct Sketch([f32; SIDE * SIDE / 2]);

impl Point for Sketch {
    fn distance(&self, other: &Self) -> f32 {
        squared_distance(&self.0, &other.0)
    }
}

/// The index over the sketches; its values are positions in the list of digits.
type Index = HnswMap<Sketch, usize>;

#[memprof::main]
fn main() -> Result<(), Box<dyn Error>> {
    let reuse = std::env::args().any(|argument| argument == "--reuse");
    let digits = load(Path::new(DATA))?;
    // The index is built by rayon. With this thread as its only one, each run builds the same index, and what building
    // takes is charged to `build`; with more threads it would be charged to the threads that did the work.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build()?;
    let index = pool.install(|| build(&digits));
    memprof::mark("index built");

    let mut scratch = Search::default();
    let (mut proposed, mut reranked) = (0, 0);
    for query in 0..digits.len() {
        let candidates = search(&index, &digits, query, reuse.then_some(&mut scratch));
        let exact = exact_search(&digits, query);
        proposed += hits(&digits, query, &candidates, &exact);
        reranked += hits(&digits, query, &rerank(&digits, query, &candidates), &exact);
    }

    let recall = |hits: usize| hits as f64 / (digits.len() * NEIGHBOURS) as f64;
    println!("{} vectors of {} dimensions, each a query that is not its own neighbour", digits.len(), SIDE * SIDE);
    // The report has the bytes per vector of `load` and `build`.
    println!("{} bytes per vector are its pixels (dimensions × 4)", SIDE * SIDE * size_of::<f32>());
    println!("recall@{NEIGHBOURS} {:.4} by the order of the index alone", recall(proposed));
    println!("recall@{NEIGHBOURS} {:.4} with {CANDIDATES} candidates reranked", recall(reranked));
    Ok(())
}

/// Reads the pixels; the digit that the image shows, in the last column, is not needed.
///
/// It says how many vectors it has read, and `build` how many it is given: the report shows bytes per vector. A vector
/// may take 64 bytes more than its pixels.
#[track_memory(max_per_item = "320 B")]
fn load(path: &Path) -> Result<Vec<Digit>, Box<dyn Error>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path)?;
    let mut digits = Vec::new();
    for record in reader.records() {
        let record = record?;
        let pixels = record.iter().take(SIDE * SIDE).map(str::parse).collect::<Result<Vec<f32>, _>>()?;
        if pixels.len() < SIDE * SIDE {
            return Err(format!("{}: row {} has too few columns", path.display(), digits.len() + 1).into());
        }
        digits.push(Digit(pixels));
    }
    memprof::items(digits.len());
    Ok(digits)
}

#[track_memory(items = digits.len())]
fn build(digits: &[Digit]) -> Index {
    let sketches = digits.iter().map(Digit::sketch).collect();
    Builder::default().seed(1).build(sketches, (0..digits.len()).collect())
}

/// The candidates for `query` in the order of the index. A search needs scratch space; it makes its own if it is not
/// given one.
#[track_memory]
fn search(index: &Index, digits: &[Digit], query: usize, scratch: Option<&mut Search>) -> Vec<usize> {
    let mut own = Search::default();
    let nearest = index.search(&digits[query].sketch(), scratch.unwrap_or(&mut own));
    nearest.map(|item| *item.value).filter(|&digit| digit != query).take(CANDIDATES).collect()
}

/// The true neighbours, by the distance to every other digit.
#[track_memory]
fn exact_search(digits: &[Digit], query: usize) -> Vec<usize> {
    nearest(digits, query, (0..digits.len()).filter(|&digit| digit != query))
}

/// The nearest of the candidates, by the distance between the full images.
#[track_memory]
fn rerank(digits: &[Digit], query: usize, candidates: &[usize]) -> Vec<usize> {
    nearest(digits, query, candidates.iter().copied())
}

fn nearest(digits: &[Digit], query: usize, among: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut ranked: Vec<_> = among.map(|digit| (digits[query].distance(&digits[digit]), digit)).collect();
    ranked.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
    ranked.iter().take(NEIGHBOURS).map(|&(_, digit)| digit).collect()
}

/// How many of the first ten `found` are true neighbours: as near as the last of the `exact` ones or nearer, so that of
/// several digits at one distance any will do.
fn hits(digits: &[Digit], query: usize, found: &[usize], exact: &[usize]) -> usize {
    let distance = |&digit: &usize| digits[query].distance(&digits[digit]);
    let Some(limit) = exact.last().map(distance) else { return 0 };
    found.iter().take(NEIGHBOURS).filter(|digit| distance(digit) <= limit).count()
}

fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

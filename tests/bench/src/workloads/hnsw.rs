//! An index for the nearest neighbours of points, built and queried on all cores: few allocations, much arithmetic.

use super::random::Random;
use crate::Parameters;
use std::hint::black_box;

#[derive(Clone)]
struct Point([f32; 16]);

impl instant_distance::Point for Point {
    fn distance(&self, other: &Self) -> f32 {
        self.0.iter().zip(&other.0).map(|(a, b)| (a - b) * (a - b)).sum()
    }
}

pub(super) fn hnsw(parameters: &Parameters) -> Box<dyn FnOnce() -> (u64, u64)> {
    let mut random = Random::new(parameters.seed);
    let mut coordinate = || (random.next() >> 40) as f32 / (1 << 24) as f32;
    let points: Vec<Point> = (0..parameters.times(800)).map(|_| Point(std::array::from_fn(|_| coordinate()))).collect();
    Box::new(move || {
        let values: Vec<usize> = (0..points.len()).collect();
        let map = instant_distance::Builder::default().seed(3).build(points.clone(), values);
        let mut search = instant_distance::Search::default();
        // How many, not which: threads that build together do not build the same index each time.
        let found: usize = points.iter().map(|point| map.search(point, &mut search).take(5).count()).sum();
        (points.len() as u64, black_box(found) as u64)
    })
}

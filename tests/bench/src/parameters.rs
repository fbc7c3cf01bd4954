//! Parameters of a run: the amount of work, and its numbers. The runner passes them on to the peers.

use std::ffi::OsString;

/// The settings of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// How much work, as a part of the workload's usual amount.
    pub scale: f64,
    /// Seed of the random numbers.
    pub seed: u64,
    /// Blocks that churn has at one time.
    pub slots: usize,
    /// The smallest block of churn, bytes.
    pub least: usize,
    /// The largest block of churn, bytes.
    pub most: usize,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { scale: 1.0, seed: 1, slots: 4096, least: 16, most: 2048 }
    }
}

impl Parameters {
    /// Takes one option, if it is one of these. The name is without dashes.
    pub fn take(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<bool, lexopt::Error> {
        use lexopt::ValueExt as _;
        match name {
            "scale" => self.scale = parser.value()?.parse()?,
            "seed" => self.seed = parser.value()?.parse()?,
            "slots" => self.slots = parser.value()?.parse::<usize>()?.max(1),
            "sizes" => (self.least, self.most) = parser.value()?.parse_with(sizes)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// As arguments for a peer.
    pub fn arguments(&self) -> Vec<OsString> {
        [
            ("--scale", self.scale.to_string()),
            ("--seed", self.seed.to_string()),
            ("--slots", self.slots.to_string()),
            ("--sizes", format!("{}-{}", self.least, self.most)),
        ]
        .into_iter()
        .flat_map(|(name, value)| [name.into(), value.into()])
        .collect()
    }

    /// So many, at this scale; at least one.
    pub fn times(&self, whole: usize) -> usize {
        ((whole as f64 * self.scale) as usize).max(1)
    }
}

/// `16-2048`.
fn sizes(text: &str) -> Result<(usize, usize), String> {
    let parsed = text.split_once('-').and_then(|(least, most)| Some((least.parse().ok()?, most.parse().ok()?)));
    parsed.filter(|(least, most)| least <= most).ok_or_else(|| "two sizes in bytes, as in 16-2048".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lexopt::Arg;

    #[test]
    fn what_is_handed_on_is_what_was_given() {
        let given = Parameters { scale: 0.25, seed: 9, slots: 77, least: 1, most: 5 };
        let mut parser = lexopt::Parser::from_args(given.arguments());
        let mut taken = Parameters::default();
        while let Some(Arg::Long(name)) = parser.next().unwrap() {
            let name = name.to_owned();
            assert!(taken.take(&name, &mut parser).unwrap(), "{name}");
        }
        assert_eq!(taken, given);
    }

    #[test]
    fn sizes_that_make_no_range_are_refused() {
        assert_eq!(sizes("16-2048"), Ok((16, 2048)));
        for wrong in ["2048-16", "16", "a-b"] {
            assert!(sizes(wrong).is_err(), "{wrong}");
        }
    }
}

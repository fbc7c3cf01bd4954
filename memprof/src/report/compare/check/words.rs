//! Judgements as lines.

use super::data::{Judged, NotJudged};
use crate::printable::Printable;
use crate::size;
use std::fmt;

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", Printable(&self.figure))?;
        let new = size::count(self.new);
        match self.old.filter(|old| *old != self.new) {
            Some(old) => {
                let change = change(old, self.new, &self.unit);
                write!(f, "{} → {new} {}, {change}", size::count(old), self.unit)?;
            }
            None => write!(f, "{new} {}", self.unit)?,
        }
        write!(f, "; limit {}", Printable(&self.limit))
    }
}

impl fmt::Display for NotJudged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Printable(&self.figure), self.reason)
    }
}

/// A change in its unit and as a share: `+976.6 KB (+1.81 %)`.
fn change(old: i64, new: i64, unit: &str) -> String {
    let change = i128::from(new) - i128::from(old);
    let sign = if change > 0 { "+" } else { "" };
    let amount = if unit == "bytes" { size::bytes(change) } else { size::count(change) };
    if old == 0 {
        return format!("{sign}{amount}");
    }
    let percent = change as f64 / (old as f64).abs() * 100.0;
    let share = match percent.abs() {
        share if share < 0.01 => format!("<{}0.01 %", if change < 0 { "-" } else { "+" }),
        share if share < 10.0 => format!("{percent:+.2} %"),
        share if share < 10_000.0 => format!("{percent:+.1} %"),
        _ => format!("{:.0} times", new as f64 / old as f64),
    };
    format!("{sign}{amount} ({share})")
}

#[cfg(test)]
mod tests {
    use super::change;

    #[test]
    fn a_change_has_its_unit_and_its_share() {
        assert_eq!(change(55_203_840, 56_203_840, "bytes"), "+976.6 KB (+1.81 %)");
        assert_eq!(change(100, 80, "blocks"), "-20 (-20.0 %)");
        assert_eq!(change(0, 2048, "bytes"), "+2.0 KB");
        assert_eq!(change(1 << 40, (1 << 40) + 2048, "bytes"), "+2.0 KB (<+0.01 %)");
        assert_eq!(change(1, 1_000_000, "blocks"), "+999,999 (1000000 times)");
        assert_eq!(change(-100, 100, "bytes"), "+200 B (+200.0 %)");
    }
}

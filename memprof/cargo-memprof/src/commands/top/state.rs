//! The state of the screen.

use std::time::Duration;

use memprof::Report;

use super::columns::Column;
use super::history::{History, Step};
use super::reading::FunctionId;
use super::rows::{self, FunctionRow};

/// The connection to the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Connection {
    Live,
    Paused,
    /// The program is there, and has not answered for so many seconds.
    Slow(u64),
    /// The last request had no figures; the next one follows after this time.
    Waiting {
        reason: String,
        left: Duration,
    },
}

/// Contents of the screen below the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    Table,
    /// One function, from this line on.
    Details(usize),
    /// The keys, from this line on.
    Help(usize),
}

pub(super) struct State {
    pub(super) address: String,
    pub(super) report: Report,
    pub(super) history: History,
    pub(super) connection: Connection,
    pub(super) view: View,
    pub(super) sorted: Column,
    pub(super) is_reversed: bool,
    /// Part of the names that are shown.
    pub(super) search: String,
    /// True while the search is being typed.
    pub(super) is_typing: bool,
    /// Rows in the order of the table, without those that the search leaves out.
    pub(super) rows: Vec<FunctionRow>,
    /// Place of the selected row. `None`: the table begins with its first row.
    pub(super) selected: Option<usize>,
    /// The first row on the screen. Drawing moves it, so that the selected one is there.
    pub(super) first: usize,
    /// Rows on the screen, as drawn last.
    pub(super) page: usize,
    /// An event that the footer tells until the next key.
    pub(super) note: Option<&'static str>,
}

impl State {
    pub(super) fn new(address: String, sorted: Column, report: Report) -> Self {
        let mut state = Self {
            address,
            report: Report::default(),
            history: History::default(),
            connection: Connection::Live,
            view: View::Table,
            sorted,
            is_reversed: false,
            search: String::new(),
            is_typing: false,
            rows: Vec::new(),
            selected: None,
            first: 0,
            page: 1,
            note: None,
        };
        state.take(report);
        state
    }

    /// Takes a report. False if it is the one that is shown already.
    pub(super) fn take(&mut self, report: Report) -> bool {
        match self.history.add(&report) {
            Step::Same => return false,
            Step::Anew => {
                self.note = Some("another run of the program answers: the figures begin anew");
                if matches!(self.view, View::Details(_)) {
                    self.view = View::Table;
                }
            }
            Step::First | Step::Further => {}
        }
        self.report = report;
        self.arrange();
        true
    }

    /// Makes the rows anew. The selected function stays selected.
    pub(super) fn arrange(&mut self) {
        let selected = self.selected_row().map(|row| (row.id.clone(), row.name.clone()));
        let mut rows = rows::rows(&self.report, &self.history);
        if !self.search.is_empty() {
            let search = self.search.to_lowercase();
            rows.retain(|row| row.name.to_lowercase().contains(&search));
        }
        self.sorted.sort(&mut rows, self.is_reversed);
        if let (Some((id, name)), Some(old)) = (selected, self.selected) {
            let place = rows.iter().position(|row| row.id == id && (id.is_some() || row.name == name));
            self.selected = place.or(rows.len().checked_sub(1).map(|last| old.min(last)));
        }
        self.first = self.first.min(rows.len().saturating_sub(1));
        self.rows = rows;
    }

    pub(super) fn selected_row(&self) -> Option<&FunctionRow> {
        self.rows.get(self.selected?)
    }

    /// The function whose details are shown. `None` within: outside of all functions.
    pub(super) fn detailed(&self) -> Option<Option<&FunctionId>> {
        self.selected_row().map(|row| row.id.as_ref())
    }

    /// Moves the selection by so many rows.
    pub(super) fn select(&mut self, by: isize) {
        let Some(last) = self.rows.len().checked_sub(1) else { return };
        // The first move selects the first row on the screen.
        let place = match self.selected {
            Some(place) => place.saturating_add_signed(by),
            None => self.first.saturating_add_signed(if by.abs() == 1 { 0 } else { by }),
        };
        self.selected = Some(place.min(last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memprof::report::data::Function;

    pub(super) fn report(run: &str, seconds: f64, functions: &[(&str, u64)]) -> Report {
        let mut report = Report::default();
        report.program.run = run.to_owned();
        report.program.duration_seconds = seconds;
        let functions = functions.iter().map(|(name, bytes)| {
            let mut row = Function::default();
            row.name = (*name).to_owned();
            row.self_allocated_bytes = *bytes;
            row
        });
        report.functions = functions.collect();
        report
    }

    fn selected(state: &State) -> &str {
        &state.selected_row().unwrap().name
    }

    #[test]
    fn the_selected_function_stays_selected() {
        let mut state =
            State::new(String::new(), Column::OwnRate, report("a", 1.0, &[("x", 30), ("y", 20), ("z", 10)]));
        assert_eq!(state.selected, None);
        state.select(1);
        state.select(1);
        assert_eq!(selected(&state), "y");
        assert!(state.take(report("a", 2.0, &[("x", 31), ("y", 21), ("z", 90)])));
        assert_eq!((state.rows[0].name.as_str(), selected(&state)), ("z", "y"));
        assert!(!state.take(report("a", 2.0, &[])), "the same report");
        // A function that is gone leaves its place.
        assert!(state.take(report("a", 3.0, &[("x", 31)])));
        assert!(state.selected.unwrap() < 2);
        state.select(-100);
        assert_eq!(state.selected, Some(0));
        state.select(100);
        assert_eq!(state.selected, Some(1));
    }

    #[test]
    fn another_run_closes_the_details() {
        let mut state = State::new(String::new(), Column::OwnRate, report("a", 1.0, &[("x", 30)]));
        state.view = View::Details(3);
        state.take(report("b", 1.0, &[("x", 30)]));
        assert_eq!(state.view, View::Table);
        assert!(state.note.is_some());
    }

    #[test]
    fn a_search_without_a_row_has_no_selection() {
        let mut state = State::new(String::new(), Column::OwnRate, report("a", 1.0, &[("Read", 30), ("save", 20)]));
        state.select(1);
        state.search = "rEA".into();
        state.arrange();
        assert_eq!((state.rows.len(), selected(&state)), (1, "Read"));
        state.search = "nothing".into();
        state.arrange();
        state.select(1);
        assert!(state.selected_row().is_none() && state.selected.is_none());
    }
}

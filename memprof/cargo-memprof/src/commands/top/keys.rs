//! Keys, and what each does.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::columns::Column;
use super::state::{Connection, State, View};

/// Work of the loop after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    None,
    /// The program is asked at once.
    Ask,
    Suspend,
    Redraw,
    Quit,
}

/// Longest search, letters.
const LONGEST: usize = 100;

/// Keys and their meaning, as the help shows them.
pub(super) const HELP: [(&str, &str); 20] = [
    ("o  O", "sort by self/s (what the function's own code allocates); self, so far"),
    ("t  T", "sort by total/s (with all beneath the function); total, so far"),
    ("a", "sort by allocs/s: allocations of its own code"),
    ("c", "sort by calls/s"),
    ("m", "sort by retained: live memory that its own code allocated"),
    ("g", "sort by growth/s: what keeps being added and is not freed"),
    ("s", "sort by share in all that was allocated"),
    ("← →", "sort by the column to the left, to the right"),
    ("R", "reverse the order; so does the key of the present order"),
    ("↑ ↓  k j", "select a function"),
    ("PgUp PgDn", "a page up, down"),
    ("Home End", "the first, the last function"),
    ("Enter", "details of the selected function"),
    ("/", "show functions with a text in their name; Esc shows all"),
    ("p  Space", "pause, go on"),
    ("r", "take rates from now on"),
    ("Ctrl-L", "draw the screen anew"),
    ("Esc", "close; end the search; end the selection"),
    ("? h F1", "this help"),
    ("q Ctrl-C", "quit"),
];

/// Applies a key.
pub(super) fn press(state: &mut State, key: KeyEvent) -> Action {
    let has_control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('c') if has_control => return Action::Quit,
        KeyCode::Char('z') if has_control => return Action::Suspend,
        KeyCode::Char('l') if has_control => return Action::Redraw,
        KeyCode::Char('u') if has_control && state.is_typing => {
            state.search.clear();
            state.arrange();
            return Action::None;
        }
        KeyCode::Char(_) if has_control || key.modifiers.contains(KeyModifiers::ALT) => return Action::None,
        _ => {}
    }
    state.note = None;
    if state.is_typing && state.view == View::Table && type_search(state, key.code) {
        return Action::None;
    }
    match state.view {
        View::Table => in_table(state, key.code),
        View::Details(line) | View::Help(line) => {
            in_text(state, key.code, line);
            common(state, key.code)
        }
    }
}

/// True if the key belongs to the search.
fn type_search(state: &mut State, key: KeyCode) -> bool {
    match key {
        KeyCode::Char(letter) if state.search.chars().count() < LONGEST => state.search.push(letter),
        KeyCode::Char(_) => {}
        KeyCode::Backspace if state.search.pop().is_none() => state.is_typing = false,
        KeyCode::Backspace => {}
        KeyCode::Enter => state.is_typing = false,
        KeyCode::Esc => {
            state.is_typing = false;
            state.search.clear();
        }
        _ => return false,
    }
    state.first = 0;
    state.arrange();
    true
}

fn in_table(state: &mut State, key: KeyCode) -> Action {
    let page = isize::try_from(state.page).unwrap_or(1).max(1);
    match key {
        KeyCode::Up | KeyCode::Char('k') => state.select(-1),
        KeyCode::Down | KeyCode::Char('j') => state.select(1),
        KeyCode::PageUp => state.select(-page),
        KeyCode::PageDown => state.select(page),
        KeyCode::Home => {
            state.selected = None;
            state.first = 0;
        }
        KeyCode::End => state.select(isize::MAX),
        KeyCode::Left | KeyCode::Char('<') => sort(state, state.sorted.beside(false)),
        KeyCode::Right | KeyCode::Char('>') => sort(state, state.sorted.beside(true)),
        KeyCode::Char('o') => sort(state, Column::OwnRate),
        KeyCode::Char('O') => sort(state, Column::Own),
        KeyCode::Char('t') => sort(state, Column::TotalRate),
        KeyCode::Char('T') => sort(state, Column::Total),
        KeyCode::Char('a') => sort(state, Column::CountRate),
        KeyCode::Char('c') => sort(state, Column::CallRate),
        KeyCode::Char('m') => sort(state, Column::Retained),
        KeyCode::Char('g') => sort(state, Column::Growth),
        KeyCode::Char('s') => sort(state, Column::Share),
        KeyCode::Char('R' | 'I') => {
            state.is_reversed = !state.is_reversed;
            state.arrange();
        }
        KeyCode::Char('/') => {
            state.is_typing = true;
            state.search.clear();
            state.arrange();
        }
        KeyCode::Enter => {
            if state.selected_row().is_none() {
                state.select(1);
            }
            if state.selected_row().is_some() {
                state.view = View::Details(0);
            }
        }
        KeyCode::Esc if !state.search.is_empty() => {
            state.search.clear();
            state.arrange();
        }
        KeyCode::Esc => state.selected = None,
        _ => return common(state, key),
    }
    Action::None
}

/// Keys of a view that is only read.
fn in_text(state: &mut State, key: KeyCode, line: usize) {
    // Drawing takes back what is beyond the end.
    let page = state.page.max(1);
    let moved = match key {
        KeyCode::Up | KeyCode::Char('k') => line.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => line + 1,
        KeyCode::PageUp => line.saturating_sub(page),
        KeyCode::PageDown => line + page,
        KeyCode::Home => 0,
        KeyCode::End => usize::MAX / 2,
        KeyCode::Esc | KeyCode::Enter => {
            state.view = View::Table;
            return;
        }
        _ => return,
    };
    state.view = match state.view {
        View::Details(_) => View::Details(moved),
        View::Help(_) => View::Help(moved),
        View::Table => View::Table,
    };
}

fn common(state: &mut State, key: KeyCode) -> Action {
    match key {
        KeyCode::Char('q') => return Action::Quit,
        KeyCode::Char('p' | ' ') => {
            if state.connection == Connection::Paused {
                state.connection = Connection::Live;
                return Action::Ask;
            }
            state.connection = Connection::Paused;
        }
        KeyCode::Char('r') => {
            state.history.reset_rates();
            state.note = Some("rates are taken from now on");
            state.arrange();
        }
        KeyCode::Char('?' | 'h') | KeyCode::F(1) => {
            state.view = if matches!(state.view, View::Help(_)) { View::Table } else { View::Help(0) };
        }
        _ => {}
    }
    Action::None
}

fn sort(state: &mut State, column: Column) {
    state.is_reversed = column == state.sorted && !state.is_reversed;
    state.sorted = column;
    if state.selected.is_none() {
        state.first = 0;
    }
    state.arrange();
}

#[cfg(test)]
mod tests {
    use super::*;
    use memprof::Report;
    use memprof::report::data::Function;

    fn state() -> State {
        let mut report = Report::default();
        report.functions = (0..50)
            .map(|number| {
                let mut row = Function::default();
                row.name = format!("shop::f{number:02}");
                row.self_allocated_bytes = 100 - number;
                row.retained_bytes = Some(number);
                row
            })
            .collect();
        let mut state = State::new("127.0.0.1:6070".into(), Column::OwnRate, report);
        state.page = 10;
        state
    }

    fn press_all(state: &mut State, keys: &[KeyCode]) -> Action {
        keys.iter().map(|key| press(state, KeyEvent::new(*key, KeyModifiers::NONE))).last().unwrap()
    }

    fn typed(text: &str) -> Vec<KeyCode> {
        text.chars().map(KeyCode::Char).collect()
    }

    fn control(state: &mut State, letter: char) -> Action {
        press(state, KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL))
    }

    #[test]
    fn keys_sort_and_a_second_time_reverse() {
        let mut state = state();
        for (key, column) in [
            ('t', Column::TotalRate),
            ('T', Column::Total),
            ('O', Column::Own),
            ('a', Column::CountRate),
            ('c', Column::CallRate),
            ('m', Column::Retained),
            ('g', Column::Growth),
            ('s', Column::Share),
            ('o', Column::OwnRate),
        ] {
            press_all(&mut state, &typed(&key.to_string()));
            assert_eq!((state.sorted, state.is_reversed), (column, false), "{key}");
        }
        press_all(&mut state, &typed("m"));
        assert_eq!(state.rows[0].name, "shop::f49");
        press_all(&mut state, &typed("m"));
        assert!(state.is_reversed);
        assert_eq!(state.rows[1].name, "shop::f00", "what is not known is at the other end");
        press_all(&mut state, &[KeyCode::Right]);
        assert_eq!((state.sorted, state.is_reversed), (Column::Growth, false));
    }

    #[test]
    fn keys_move_within_the_table() {
        let mut state = state();
        let mut place = |keys: &[KeyCode]| {
            press_all(&mut state, keys);
            state.selected
        };
        assert_eq!(place(&[KeyCode::Down]), Some(0));
        assert_eq!(place(&[KeyCode::Down, KeyCode::Char('j'), KeyCode::Up]), Some(1));
        assert_eq!(place(&[KeyCode::PageDown]), Some(11));
        assert_eq!(place(&[KeyCode::End]), Some(50));
        assert_eq!(place(&[KeyCode::PageUp, KeyCode::Char('k')]), Some(39));
        assert_eq!(place(&[KeyCode::Esc]), None);
        assert_eq!(place(&[KeyCode::End, KeyCode::Home]), None);
    }

    #[test]
    fn a_search_is_typed_kept_and_ended() {
        let mut state = state();
        press_all(&mut state, &typed("/F1q"));
        assert_eq!((state.search.as_str(), state.rows.len()), ("F1q", 0));
        press_all(&mut state, &[KeyCode::Backspace]);
        assert_eq!(state.rows.len(), 10);
        assert_eq!(press_all(&mut state, &[KeyCode::Enter]), Action::None);
        assert!(!state.is_typing && state.rows.len() == 10);
        press_all(&mut state, &[KeyCode::Esc]);
        assert_eq!((state.search.as_str(), state.rows.len()), ("", 51));
        press_all(&mut state, &typed("/x"));
        assert_eq!(control(&mut state, 'u'), Action::None);
        assert!(state.is_typing && state.search.is_empty());
        press_all(&mut state, &[KeyCode::Backspace]);
        assert!(!state.is_typing);
        press_all(&mut state, &typed(&format!("/{}", "y".repeat(10_000))));
        assert_eq!(state.search.len(), LONGEST);
    }

    #[test]
    fn details_and_help_open_and_close() {
        let mut state = state();
        press_all(&mut state, &[KeyCode::Enter]);
        assert_eq!((state.view, state.selected), (View::Details(0), Some(0)));
        press_all(&mut state, &[KeyCode::Down, KeyCode::PageDown, KeyCode::Up]);
        assert_eq!(state.view, View::Details(10));
        press_all(&mut state, &[KeyCode::Esc]);
        assert_eq!(state.view, View::Table);
        press_all(&mut state, &typed("?"));
        assert_eq!(state.view, View::Help(0));
        press_all(&mut state, &typed("?"));
        assert_eq!(state.view, View::Table);
        state.rows.clear();
        state.selected = None;
        press_all(&mut state, &[KeyCode::Enter]);
        assert_eq!(state.view, View::Table, "there is no function");
    }

    #[test]
    fn p_pauses_and_goes_on() {
        let mut state = state();
        assert_eq!(press_all(&mut state, &typed("p")), Action::None);
        assert_eq!(state.connection, Connection::Paused);
        assert_eq!(press_all(&mut state, &[KeyCode::Char(' ')]), Action::Ask);
        assert_eq!(state.connection, Connection::Live);
    }

    #[test]
    fn q_quits_but_not_within_a_search() {
        assert_eq!(press_all(&mut state(), &typed("q")), Action::Quit);
        assert_eq!(press_all(&mut state(), &typed("?q")), Action::Quit);
        assert_eq!(press_all(&mut state(), &typed("/q")), Action::None);
        let mut searching = state();
        press_all(&mut searching, &typed("/"));
        assert_eq!(control(&mut searching, 'c'), Action::Quit);
        assert_eq!(control(&mut state(), 'z'), Action::Suspend);
        assert_eq!(control(&mut state(), 'q'), Action::None);
    }
}

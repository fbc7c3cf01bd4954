//! The screen.

use memprof::__private::texts::shorten;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::columns::Column;
use super::rows::FunctionRow;
use super::state::{Connection, State, View};
use super::{details, headline, keys, plot};

/// The smallest terminal.
const SMALLEST: (u16, u16) = (60, 15);
/// Rows and columns from which on there is a plot, and its rows at most.
const WITH_PLOT: (u16, u16) = (70, 20);
const PLOT: u16 = 14;
/// Columns for names, before figures that are less important have room.
const NAMES: usize = 27;

/// Draws everything, and notes what is on the screen.
pub(super) fn draw(frame: &mut Frame<'_>, state: &mut State) {
    let area = frame.area();
    let (columns, rows) = SMALLEST;
    if area.width < columns || area.height < rows {
        let texts = [
            "The terminal is too small:".to_owned(),
            format!("{columns} × {rows} are needed, {} × {} are there", area.width, area.height),
        ];
        frame.render_widget(Paragraph::new(texts.map(Line::from).to_vec()), area);
        return;
    }
    let has_plot = state.view == View::Table && area.width >= WITH_PLOT.0 && area.height >= WITH_PLOT.1;
    // The table has more than half of the screen.
    let plot_rows = if has_plot { (area.height / 3).min(PLOT) } else { 0 };
    let [header, plot_area, body, footer] = Layout::vertical([
        Constraint::Length(3),
        Constraint::Length(plot_rows),
        Constraint::Min(0),
        Constraint::Length(1),
    ])
    .areas(area);
    draw_header(frame, header, state);
    if has_plot {
        plot::draw(frame, plot_area, &state.history, state.report.os.limit_bytes);
    }
    match state.view {
        View::Table => draw_table(frame, body, state),
        View::Details(line) => {
            let lines = match state.detailed() {
                Some(id) => details::lines(&state.report, &state.history, id),
                None => Vec::new(),
            };
            state.page = usize::from(body.height.max(3)) - 2;
            state.view = View::Details(draw_text(frame, body, &lines, line));
        }
        View::Help(line) => {
            state.page = usize::from(body.height.max(3)) - 2;
            state.view = View::Help(draw_text(frame, body, &help(), line));
        }
    }
    draw_footer(frame, footer, state);
}

fn draw_header(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let width = usize::from(area.width);
    let (connection, style) = match &state.connection {
        Connection::Live => ("● live".to_owned(), Style::new().fg(Color::Green)),
        Connection::Paused => ("‖ paused".to_owned(), Style::new().fg(Color::Yellow).bold()),
        Connection::Slow(_) | Connection::Waiting { .. } => {
            ("○ no answer".to_owned(), Style::new().fg(Color::Red).bold())
        }
    };
    let right = format!("{connection}  {}", shorten(&state.address, width / 3));
    let [name, process, time] = headline::program(&state.report);
    // The right end stays whole; of the left one the least important parts go first.
    let room = width.saturating_sub(right.width() + 2);
    let mut left = vec![cut(&name, room.min(40))];
    for part in [time, process] {
        let taken: usize = left.iter().map(|part| part.width() + 2).sum();
        if taken + part.width() <= room {
            left.insert(1, part);
        }
    }
    let taken: usize = left.iter().map(|part| part.width() + 2).sum();
    let name = left.remove(0);
    let mut spans = vec![Span::from(name).bold()];
    spans.extend(left.into_iter().flat_map(|part| [Span::from("  "), Span::from(part)]));
    spans.push(Span::from(" ".repeat((width + 2).saturating_sub(taken + right.width()))));
    spans.push(Span::styled(right, style));
    let mut lines = vec![Line::from(spans)];
    match headline::nothing(&state.report) {
        Some(reason) => lines.push(Line::from(cut(reason, width)).fg(Color::Yellow)),
        None => {
            lines.push(Line::from(fitting(&headline::heap(&state.report), width)));
            lines.push(Line::from(fitting(&headline::rates(&state.report, &state.history), width)));
        }
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// As many of the parts as fit, with blanks between them.
fn fitting(parts: &[String], width: usize) -> String {
    let mut text = String::new();
    for part in parts {
        let gap = if text.is_empty() { "" } else { "   " };
        if text.width() + gap.width() + part.width() > width {
            break;
        }
        text.push_str(gap);
        text.push_str(part);
    }
    text
}

fn draw_table(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let width = usize::from(area.width);
    let page = usize::from(area.height.saturating_sub(1));
    state.page = page.max(1);
    if let Some(selected) = state.selected {
        state.first = state.first.min(selected).max((selected + 1).saturating_sub(page));
    }
    state.first = state.first.min(state.rows.len().saturating_sub(page));
    let columns = Column::fitting(width, NAMES, state.sorted);
    let figures: usize = columns.iter().map(|column| column.width() + 1).sum();
    let names = width.saturating_sub(figures);
    let mut lines = vec![titles(&columns, names, state)];
    let allocated = state.report.totals.allocated_bytes;
    for (place, row) in state.rows.iter().enumerate().skip(state.first).take(page) {
        let line = row_line(row, &columns, names, allocated, state.sorted);
        lines.push(if state.selected == Some(place) { line.patch_style(Modifier::REVERSED) } else { line });
    }
    if state.rows.is_empty() {
        lines.push(Line::from("no function has this text in its name").dim());
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn titles(columns: &[Column], names: usize, state: &State) -> Line<'static> {
    let plain = Style::new().add_modifier(Modifier::REVERSED);
    let mut spans = vec![Span::styled(pad("function", names), plain)];
    for column in columns {
        let is_sorted = *column == state.sorted;
        let arrow = match (is_sorted, state.is_reversed) {
            (false, _) => "",
            (true, false) => "▼",
            (true, true) => "▲",
        };
        let text = format!(" {:>width$}", format!("{arrow}{}", column.title()), width = column.width());
        spans.push(Span::styled(text, if is_sorted { plain.bold() } else { plain }));
    }
    Line::from(spans)
}

fn row_line(row: &FunctionRow, columns: &[Column], names: usize, allocated: u64, sorted: Column) -> Line<'static> {
    let mut spans = vec![Span::from(pad(&shorten(&row.name, names), names))];
    for column in columns {
        let text = format!(" {:>width$}", column.text(row, allocated), width = column.width());
        let style = match column {
            _ if column.is_zero(row) => Style::new().dim(),
            Column::Growth if row.growth > Some(0.0) => Style::new().fg(Color::Red).bold(),
            column if *column == sorted => Style::new().bold(),
            _ => Style::new(),
        };
        spans.push(Span::styled(text, style));
    }
    Line::from(spans)
}

/// Draws lines from `first` on, and gives the first one that is on the screen.
fn draw_text(frame: &mut Frame<'_>, area: Rect, lines: &[String], first: usize) -> usize {
    let [_, area] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    let lines: Vec<String> = lines.iter().flat_map(|line| wrap(line, usize::from(area.width))).collect();
    let height = usize::from(area.height);
    let first = first.min(lines.len().saturating_sub(height));
    let shown = lines.iter().skip(first).take(height).enumerate().map(|(index, line)| {
        let line = Line::from(line.clone());
        if first + index == 0 { line.bold() } else { line }
    });
    frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), area);
    first
}

fn help() -> Vec<String> {
    let lines = keys::HELP.iter().map(|(keys, meaning)| format!("{keys:10} {meaning}"));
    let further = [
        "",
        "Rates are those of the last 5 seconds. `–` is not known, `~` is an estimate from a sample.",
        "growth/s sums the groups of live blocks that keep growing; `(outside tracked functions)` is the rest.",
    ];
    ["Keys".to_owned()].into_iter().chain(lines).chain(further.map(ToOwned::to_owned)).collect()
}

fn draw_footer(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let width = usize::from(area.width);
    let pause = if state.connection == Connection::Paused { "go on" } else { "pause" };
    let line = match (&state.connection, state.view) {
        (_, View::Table) if state.is_typing => {
            let room = width.saturating_sub(3);
            Line::from(vec![
                Span::from("/").bold(),
                Span::from(shorten(&printable(&state.search), room)),
                Span::from("▏"),
            ])
        }
        (Connection::Slow(seconds), _) => {
            Line::from(format!("no answer for {seconds} s; still waiting")).fg(Color::Red)
        }
        (Connection::Waiting { reason, left }, _) => {
            let then = format!("; next try in {} s", left.as_secs_f64().ceil());
            let room = width.saturating_sub(then.width());
            Line::from(format!("{}{then}", cut(reason, room))).fg(Color::Red)
        }
        _ if state.note.is_some() => Line::from(cut(state.note.unwrap_or_default(), width)).fg(Color::Yellow),
        (_, View::Table) if !state.search.is_empty() => {
            let all = state.report.functions.len() + 1;
            let text = format!("{} of {all} rows with “{}”; Esc shows all", state.rows.len(), printable(&state.search));
            Line::from(cut(&text, width))
        }
        (_, View::Table) => hints(
            width,
            &[
                ("q", "quit"),
                ("?", "help"),
                ("p", pause),
                ("/", "search"),
                ("Enter", "details"),
                ("o", "self"),
                ("t", "total"),
                ("m", "retained"),
                ("g", "growth"),
                ("r", "reset"),
            ],
        ),
        _ => hints(width, &[("Esc", "back"), ("↑↓", "scroll"), ("p", pause), ("q", "quit")]),
    };
    frame.render_widget(line, area);
}

/// As many keys as fit.
fn hints(width: usize, keys: &[(&'static str, &'static str)]) -> Line<'static> {
    let mut spans = Vec::new();
    let mut taken = 0;
    for (key, word) in keys {
        taken += key.width() + word.width() + 3;
        if taken > width + 2 {
            break;
        }
        spans.extend([Span::from(*key).bold(), Span::from(format!(" {word}  "))]);
    }
    Line::from(spans)
}

fn printable(text: &str) -> String {
    memprof::__private::texts::printable(text)
}

/// The beginning of a text.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut taken = 1;
    let fits = |letter: &char| {
        taken += letter.width().unwrap_or(0);
        taken <= width
    };
    let start: String = text.chars().take_while(fits).collect();
    if width == 0 { String::new() } else { format!("{start}…") }
}

/// The text, with blanks up to this width.
fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// The lines of a text, between words where it can be. Further lines are indented as the first one.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let indent = text.len() - text.trim_start().len();
    let mut lines = Vec::new();
    let mut rest = text.to_owned();
    while rest.width() > width && width > indent + 4 {
        let mut taken = 0;
        let fits = |letter: char| {
            taken += letter.width().unwrap_or(0);
            taken <= width
        };
        let end = rest.char_indices().find_map({
            let mut fits = fits;
            move |(at, letter)| (!fits(letter)).then_some(at)
        });
        let end = end.unwrap_or(rest.len());
        let at = rest[..end].rfind(' ').filter(|at| *at > indent).unwrap_or(end);
        let next = format!("{}{}", " ".repeat(indent), rest[at..].trim_start());
        rest.truncate(at);
        lines.push(std::mem::replace(&mut rest, next));
    }
    lines.push(rest);
    lines
}

#[cfg(test)]
mod tests;

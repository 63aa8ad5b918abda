//! The picture of `fluoro top`: a head, one list, and a line of keys.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Clear, List, ListState, Paragraph};

use super::state::{State, View};
use crate::shape::{Entry, Exception, Stats, TraceDetail};
use crate::text::{Paint, clock, column, cut, duration, plain};
use crate::trace::{tell_exceptions, waterfall};

const KEYS: &str = "\
↑ ↓  k j     choose
Tab  ← →     issues, services, map (also 1 2 3)
Enter        open the example trace
Esc          back; show all names again
/            narrow by name
p            pause
q            end";

pub(super) fn draw(frame: &mut Frame<'_>, state: &State) {
    let [head, list, foot] =
        Layout::vertical([Constraint::Length(2), Constraint::Min(1), Constraint::Length(1)])
            .areas(frame.area());
    draw_head(frame, head, state);
    match &state.view {
        View::Trace { trace, exceptions } => draw_trace(frame, list, state, trace, exceptions),
        _ => draw_list(frame, list, state),
    }
    draw_foot(frame, foot, state);
    if state.shows_keys {
        let width = 56.min(frame.area().width);
        let height = 9.min(frame.area().height);
        let area = frame.area().centered(Constraint::Length(width), Constraint::Length(height));
        frame.render_widget(Clear, area);
        frame.render_widget(Paragraph::new(KEYS).block(Block::bordered().title(" keys ")), area);
    }
}

fn draw_head(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let going_on = state.now.entries.iter().filter(|entry| entry.until.is_none()).count();
    let verdict = match going_on {
        0 => Span::styled("nothing is broken", style(state, Color::Green)),
        1 => Span::styled("1 issue", style(state, Color::Red)),
        more => Span::styled(format!("{more} issues"), style(state, Color::Red)),
    };
    let facts = format!("   {} requests in the last minute   {}", state.now.requests, clock(state.now.at));
    let mut line =
        vec![Span::styled("fluoro  ", Style::new().add_modifier(Modifier::BOLD)), verdict, Span::raw(facts)];
    if state.is_paused {
        line.push(Span::styled("   paused", style(state, Color::Yellow)));
    }
    let mut tabs = Vec::new();
    for (name, is_shown) in [
        (" 1 issues ", matches!(state.view, View::Issues | View::Trace { .. })),
        (" 2 services ", matches!(state.view, View::Services)),
        (" 3 map ", matches!(state.view, View::Map)),
    ] {
        let reversed = if is_shown { Modifier::REVERSED } else { Modifier::empty() };
        tabs.push(Span::styled(name, Style::new().add_modifier(reversed)));
    }
    if !state.narrow.is_empty() || state.is_typing {
        let cursor = if state.is_typing { "_" } else { "" };
        tabs.push(Span::raw(format!("  /{}{cursor}", plain(&state.narrow))));
    }
    frame.render_widget(Text::from(vec![Line::from(line), Line::from(tabs)]), area);
}

fn draw_list(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let width = usize::from(area.width);
    let (title, rows): (String, Vec<Line<'_>>) = match &state.view {
        View::Services => {
            let rows = state.services().into_iter();
            (
                numbers_title("service", width),
                rows.map(|node| numbers(state, &node.name, &node.stats, width)).collect(),
            )
        }
        View::Map => {
            let rows = state.branches().into_iter().map(|branch| {
                let again = if branch.is_again { " ↑" } else { "" };
                let name = format!("{}{}{again}", "  ".repeat(branch.depth.min(width / 8)), branch.node.name);
                numbers(state, &name, branch.stats, width)
            });
            (numbers_title("called from above", width), rows.collect())
        }
        View::Issues | View::Trace { .. } => {
            let rows = state.entries().into_iter().map(|entry| issue(state, entry, width));
            (column(&format!("{:<9}{:<10}{:<14}what", "", "since", "failing"), width), rows.collect())
        }
    };
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    frame.render_widget(Line::styled(title, Style::new().add_modifier(Modifier::DIM)), head);
    if rows.is_empty() {
        let words =
            if state.narrow.is_empty() { "nothing to tell" } else { "no name has this text; Esc shows all" };
        frame.render_widget(Line::raw(words), body);
        return;
    }
    let list = List::new(rows).highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    frame.render_stateful_widget(list, body, &mut ListState::default().with_selected(Some(state.chosen)));
}

fn issue<'a>(state: &State, entry: &Entry, width: usize) -> Line<'a> {
    let (word, colour) = match (entry.until, entry.weight.as_str()) {
        (Some(_), _) => ("over", Color::Reset),
        (None, "outage") => ("outage", Color::Red),
        (None, "degraded") => ("degraded", Color::Yellow),
        (None, _) => ("noise", Color::Reset),
    };
    let failing = format!("{} of {}", entry.failing, entry.requests);
    let rest = cut(&entry.sentence, width.saturating_sub(33));
    Line::from(vec![
        Span::styled(column(word, 9), style(state, colour)),
        Span::raw(format!("{}{}{rest}", column(&clock(entry.since), 10), column(&failing, 14))),
    ])
}

fn numbers_title(name: &str, width: usize) -> String {
    let names = width.saturating_sub(48).max(12);
    format!("{}{:>10}{:>9}{:>9}{:>9}{:>9}", column(name, names), "requests", "faults", "errors", "p50", "p99")
}

fn numbers<'a>(state: &State, name: &str, stats: &Stats, width: usize) -> Line<'a> {
    let names = width.saturating_sub(48).max(12);
    let length = |millis: Option<f64>| millis.map(duration).unwrap_or_default();
    let percent = |count: i64| match (count, stats.total) {
        (0, _) | (_, 0) => String::new(),
        (count, total) => format!("{:.1} %", count as f64 * 100.0 / total as f64),
    };
    let colour = match stats {
        Stats { fault: 1.., .. } => Color::Red,
        Stats { error: 1.., .. } | Stats { throttle: 1.., .. } => Color::Yellow,
        _ => Color::Reset,
    };
    let errors = percent(stats.error + stats.throttle);
    Line::from(vec![
        Span::styled(column(name, names), style(state, colour)),
        Span::raw(format!("{:>10}{:>9}{errors:>9}", stats.total, percent(stats.fault))),
        Span::raw(format!("{:>9}{:>9}", length(stats.p50), length(stats.p99))),
    ])
}

fn draw_trace(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    trace: &TraceDetail,
    exceptions: &[Exception],
) {
    let paint = Paint { is_on: false };
    let width = usize::from(area.width);
    let mut text = format!("{}\n", plain(&trace.summary.id));
    text.push_str(&waterfall(trace, usize::MAX, width, paint));
    text.push_str(&tell_exceptions(trace, exceptions, width, paint));
    // The choice scrolls, so that a long trace can be read to its end.
    let first = u16::try_from(state.chosen).unwrap_or(u16::MAX);
    frame.render_widget(Paragraph::new(text).scroll((first, 0)), area);
}

fn draw_foot(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let line = match &state.trouble {
        Some(trouble) => Line::styled(cut(trouble, usize::from(area.width)), style(state, Color::Red)),
        None => Line::styled("? keys   q end", Style::new().add_modifier(Modifier::DIM)),
    };
    frame.render_widget(line, area);
}

fn style(state: &State, colour: Color) -> Style {
    if state.has_colour { Style::new().fg(colour) } else { Style::new() }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::crossterm::event::{KeyCode, KeyEvent};
    use serde_json::json;

    use super::*;
    use crate::shape::{Graph, Now, read};

    fn state() -> State {
        let now: Now = read(&json!({"requests": 40, "entries": [{
            "node": "SpringBoot2", "weight": "outage", "failing": 31, "requests": 40,
            "sentence": "SpringBoot2 is failing: UnknownHostException",
        }]}))
        .unwrap();
        let graph: Graph = read(&json!({
            "nodes": [
                {"id": "c", "name": "client", "role": "client"},
                {"id": "1", "name": "SpringBoot", "role": "service", "stats": {"total": 40, "fault": 31, "p50": 12.0, "p99": 80.0}},
                {"id": "2", "name": "SpringBoot2", "role": "service", "stats": {"total": 120, "fault": 93, "p50": 2.0, "p99": 9.0}},
            ],
            "edges": [
                {"source": "c", "target": "1", "stats": {"total": 40}},
                {"source": "1", "target": "2", "stats": {"total": 120, "fault": 93}},
            ],
        }))
        .unwrap();
        let mut state = State::new(false);
        state.learn(now, graph);
        state
    }

    /// What is on the screen, without the two clocks, which are the reader's own.
    fn screen(state: &State) -> String {
        let mut terminal = Terminal::new(TestBackend::new(90, 8)).unwrap();
        terminal.draw(|frame| draw(frame, state)).unwrap();
        let text = terminal.backend().to_string().replace(&clock(0.0), "HH:MM:SS");
        text.lines().map(|line| line.trim_matches('"').trim_end()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn issues_services_and_the_map_are_drawn() {
        let mut state = state();
        insta::assert_snapshot!(screen(&state), @r"
        fluoro  1 issue   40 requests in the last minute   HH:MM:SS
         1 issues  2 services  3 map
                 since     failing       what
        outage   HH:MM:SS  31 of 40      SpringBoot2 is failing: UnknownHostException



        ? keys   q end
        ");
        state.press(KeyEvent::from(KeyCode::Tab));
        insta::assert_snapshot!(screen(&state), @r"
        fluoro  1 issue   40 requests in the last minute   HH:MM:SS
         1 issues  2 services  3 map
        service                                     requests   faults   errors      p50      p99
        SpringBoot2                                      120   77.5 %            2.0 ms   9.0 ms
        SpringBoot                                        40   77.5 %             12 ms    80 ms


        ? keys   q end
        ");
        state.press(KeyEvent::from(KeyCode::Tab));
        insta::assert_snapshot!(screen(&state), @r"
        fluoro  1 issue   40 requests in the last minute   HH:MM:SS
         1 issues  2 services  3 map
        called from above                           requests   faults   errors      p50      p99
        SpringBoot                                        40   77.5 %             12 ms    80 ms
          SpringBoot2                                    120   77.5 %


        ? keys   q end
        ");
    }
}

//! What `fluoro top` knows and what is chosen in it. Answers and keys change it; it draws nothing and asks nothing.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::tree::{self, Branch};
use crate::shape::{Entry, Exception, Graph, Node, Now, TraceDetail};

#[derive(Debug)]
pub(super) struct State {
    pub(super) now: Now,
    pub(super) graph: Graph,
    pub(super) view: View,
    /// Row of the list that is on the screen.
    pub(super) chosen: usize,
    /// Only names that have this text.
    pub(super) narrow: String,
    /// Keys go into `narrow`.
    pub(super) is_typing: bool,
    pub(super) is_paused: bool,
    pub(super) shows_keys: bool,
    pub(super) has_colour: bool,
    pub(super) has_ended: bool,
    /// Why the newest answer is missing.
    pub(super) trouble: Option<String>,
}

#[derive(Debug)]
pub(super) enum View {
    Issues,
    Services,
    Map,
    Trace { trace: Box<TraceDetail>, exceptions: Vec<Exception> },
}

/// What a key asks the server for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Trace(String),
}

impl State {
    pub(super) fn new(has_colour: bool) -> Self {
        Self {
            now: Now::default(),
            graph: Graph::default(),
            view: View::Issues,
            chosen: 0,
            narrow: String::new(),
            is_typing: false,
            is_paused: false,
            shows_keys: false,
            has_colour,
            has_ended: false,
            trouble: None,
        }
    }

    pub(super) fn learn(&mut self, now: Now, graph: Graph) {
        (self.now, self.graph, self.trouble) = (now, graph, None);
        self.chosen = self.chosen.min(self.rows().saturating_sub(1));
    }

    pub(super) fn entries(&self) -> Vec<&Entry> {
        self.now.entries.iter().filter(|entry| self.is_wanted(&entry.node)).collect()
    }

    /// Those with the largest share of failures first, then the busiest.
    pub(super) fn services(&self) -> Vec<&Node> {
        let is_service = |node: &&Node| node.role != "client" && self.is_wanted(&node.name);
        let mut nodes: Vec<_> = self.graph.nodes.iter().filter(is_service).collect();
        let trouble = |node: &Node| node.stats.fault as f64 / node.stats.total.max(1) as f64;
        nodes.sort_by(|one, other| {
            let by_trouble = trouble(other).total_cmp(&trouble(one));
            by_trouble.then(other.stats.total.cmp(&one.stats.total)).then_with(|| one.name.cmp(&other.name))
        });
        nodes
    }

    pub(super) fn branches(&self) -> Vec<Branch<'_>> {
        tree::branches(&self.graph).into_iter().filter(|branch| self.is_wanted(&branch.node.name)).collect()
    }

    fn is_wanted(&self, name: &str) -> bool {
        name.to_lowercase().contains(&self.narrow.to_lowercase())
    }

    fn rows(&self) -> usize {
        match &self.view {
            View::Issues => self.entries().len(),
            View::Services => self.services().len(),
            View::Map => self.branches().len(),
            View::Trace { trace, .. } => trace.spans.len(),
        }
    }

    pub(super) fn press(&mut self, key: KeyEvent) -> Option<Asked> {
        if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) {
            self.has_ended = true;
            return None;
        }
        if self.is_typing {
            self.type_name(key.code);
            return None;
        }
        if self.shows_keys {
            self.shows_keys = false;
            return None;
        }
        match key.code {
            KeyCode::Char('q') => self.has_ended = true,
            KeyCode::Char('?') => self.shows_keys = true,
            KeyCode::Char('p') => self.is_paused = !self.is_paused,
            KeyCode::Char('/') => self.is_typing = true,
            KeyCode::Down | KeyCode::Char('j') => {
                self.chosen = (self.chosen + 1).min(self.rows().saturating_sub(1))
            }
            KeyCode::Up | KeyCode::Char('k') => self.chosen = self.chosen.saturating_sub(1),
            KeyCode::Home | KeyCode::Char('g') => self.chosen = 0,
            KeyCode::End | KeyCode::Char('G') => self.chosen = self.rows().saturating_sub(1),
            KeyCode::Tab | KeyCode::Right | KeyCode::Char('l') => self.turn(1),
            KeyCode::BackTab | KeyCode::Left | KeyCode::Char('h') => self.turn(2),
            KeyCode::Char(digit @ '1'..='3') => self.show(digit as usize - '1' as usize),
            KeyCode::Esc => self.go_back(),
            KeyCode::Enter => return self.example().map(Asked::Trace),
            _ => {}
        }
        None
    }

    fn type_name(&mut self, key: KeyCode) {
        match key {
            KeyCode::Enter => self.is_typing = false,
            KeyCode::Esc => {
                self.is_typing = false;
                self.narrow.clear();
            }
            KeyCode::Backspace => {
                self.narrow.pop();
            }
            KeyCode::Char(one) => self.narrow.push(one),
            _ => {}
        }
        self.chosen = 0;
    }

    /// `steps` lists to the right.
    fn turn(&mut self, steps: usize) {
        let place = match self.view {
            View::Issues | View::Trace { .. } => 0,
            View::Services => 1,
            View::Map => 2,
        };
        self.show((place + steps) % 3);
    }

    fn show(&mut self, place: usize) {
        self.view = match place {
            0 => View::Issues,
            1 => View::Services,
            _ => View::Map,
        };
        self.chosen = 0;
    }

    fn go_back(&mut self) {
        match self.view {
            View::Trace { .. } => self.show(0),
            _ => self.narrow.clear(),
        }
    }

    /// Of what is chosen: an issue's own trace, of a service that of the first issue that it is in.
    fn example(&self) -> Option<String> {
        let of_node = |name: &str| self.now.entries.iter().find(|entry| entry.node == name)?.example.clone();
        match &self.view {
            View::Issues => self.entries().get(self.chosen)?.example.clone(),
            View::Services => of_node(&self.services().get(self.chosen)?.name),
            View::Map => of_node(&self.branches().get(self.chosen)?.node.name),
            View::Trace { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Stats;

    fn node(name: &str, total: i64, fault: i64) -> Node {
        let stats = Stats { total, fault, ..Stats::default() };
        Node { id: name.to_owned(), name: name.to_owned(), role: "service".to_owned(), stats }
    }

    fn state() -> State {
        let mut state = State::new(false);
        let entry = |node: &str| Entry {
            node: node.to_owned(),
            example: Some(format!("trace of {node}")),
            ..Entry::default()
        };
        let now = Now { entries: vec![entry("ledger"), entry("stock")], ..Now::default() };
        let nodes = vec![node("web", 100, 1), node("ledger", 50, 40), node("stock", 900, 9)];
        state.learn(now, Graph { nodes, edges: Vec::new() });
        state
    }

    fn press(state: &mut State, keys: &str) -> Option<Asked> {
        let codes = keys.chars().map(|key| match key {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '\x1b' => KeyCode::Esc,
            other => KeyCode::Char(other),
        });
        codes.map(|code| state.press(KeyEvent::from(code))).last().flatten()
    }

    #[test]
    fn services_stand_by_trouble() {
        let state = state();
        let names: Vec<_> = state.services().iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names, ["ledger", "stock", "web"]);
    }

    #[test]
    fn enter_opens_the_example_of_what_is_chosen() {
        assert_eq!(press(&mut state(), "j\n"), Some(Asked::Trace("trace of stock".to_owned())));
        assert_eq!(press(&mut state(), "\t\n"), Some(Asked::Trace("trace of ledger".to_owned())));
        assert_eq!(press(&mut state(), "\tjj\n"), None, "nothing is wrong with web");
    }

    #[test]
    fn a_name_narrows_the_lists_and_letters_are_no_commands_meanwhile() {
        let mut state = state();
        press(&mut state, "/sq");
        assert!(!state.has_ended);
        assert!(state.entries().is_empty());
        press(&mut state, "\x1b");
        assert_eq!(state.entries().len(), 2);
        press(&mut state, "/STO\n");
        assert_eq!(state.entries().len(), 1);
        press(&mut state, "q");
        assert!(state.has_ended);
    }

    #[test]
    fn the_choice_stays_within_what_is_left() {
        let mut state = state();
        press(&mut state, "jjjj");
        assert_eq!(state.chosen, 1);
        state.learn(Now::default(), Graph::default());
        assert_eq!(state.chosen, 0);
        assert_eq!(press(&mut state, "jk\n"), None);
    }
}

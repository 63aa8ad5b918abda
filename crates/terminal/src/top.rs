//! `fluoro top`: what is broken, the services by trouble, and the map as a tree, live.
//!
//! [`state`] holds what is known and what is chosen, [`draw`] makes a picture of it. Here is the loop that feeds the one with
//! answers and keys and shows the other.

mod draw;
mod state;
mod tree;

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;
use model::{Clock, Micros, SystemClock};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyEventKind};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{MissedTickBehavior, interval};

use crate::command::{Reach, Surroundings, millis};
use crate::connection::{Connection, encode};
use crate::shape::{Graph, Now, SpanDetail, TraceDetail, read};
use state::{Asked, State, View};

/// How often the server is asked. It says failures within a second; a person reads no faster.
const EVERY: Duration = Duration::from_secs(1);
/// What services and the map speak of.
const RANGE: Micros = Micros::from_secs(300);
/// How long a key is waited for until it is looked whether the program goes on.
const KEY_WAIT: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
#[command(after_help = "\
Keys: ↑ ↓ or k j choose, Tab or ← → change the view, Enter opens the example trace, Esc goes back, / narrows by name,
p pauses, ? shows these, q ends. Services and the map are of the last five minutes.")]
pub struct Flags {
    #[command(flatten)]
    reach: Reach,
    /// Of the traces of this group alone
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
}

pub(crate) async fn run(flags: &Flags, surroundings: &Surroundings<'_>) -> anyhow::Result<ExitCode> {
    ensure!(
        io::stdout().is_terminal(),
        "`fluoro top` draws on a terminal; `fluoro issues` and `fluoro tail` print lines, and --json is for programs"
    );
    let connection = flags.reach.connect(surroundings)?;
    let group = flags.group.as_deref().map(|name| format!("&group={}", encode(name))).unwrap_or_default();
    let mut state = State::new(surroundings.has_colour);
    // A wrong address or token is told on the shell and not on a screen that is gone in a moment.
    let (now, graph) = ask(&connection, &group).await?;
    state.learn(now, graph);
    let mut terminal = ratatui::try_init().context("take the terminal over")?;
    let ended = watch(&mut terminal, &mut state, &connection, &group).await;
    ratatui::restore();
    ended.map(|()| ExitCode::SUCCESS)
}

async fn watch(
    terminal: &mut DefaultTerminal,
    state: &mut State,
    connection: &Connection,
    group: &str,
) -> anyhow::Result<()> {
    let mut events = events();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !state.has_ended {
        terminal.draw(|frame| draw::draw(frame, state)).context("draw")?;
        tokio::select! {
            event = events.recv() => match event {
                Some(Event::Key(key)) if key.kind == KeyEventKind::Press => {
                    if let Some(Asked::Trace(id)) = state.press(key) {
                        open(state, connection, &id).await;
                    }
                }
                Some(_) => {}
                None => return Ok(()),
            },
            _ = ticks.tick() => if !state.is_paused {
                match ask(connection, group).await {
                    Ok((now, graph)) => state.learn(now, graph),
                    Err(error) => state.trouble = Some(format!("{error:#}")),
                }
            },
        }
    }
    Ok(())
}

/// Keys and changes of size, from a thread of their own since the terminal is read by waiting. It ends with the receiver.
fn events() -> Receiver<Event> {
    let (sender, receiver) = channel(64);
    std::thread::spawn(move || {
        while !sender.is_closed() {
            match event::poll(KEY_WAIT).and_then(|is_there| is_there.then(event::read).transpose()) {
                Ok(Some(event)) => {
                    if sender.blocking_send(event).is_err() {
                        return;
                    }
                }
                Ok(None) => {}
                Err(_) => return,
            }
        }
    });
    receiver
}

async fn ask(connection: &Connection, group: &str) -> anyhow::Result<(Now, Graph)> {
    let now = SystemClock.now();
    let range = format!("from={}&to={}", millis(now.minus(RANGE)), millis(now.plus(Micros::from_secs(1))));
    let (judged, graph) = (format!("/api/now?{range}{group}"), format!("/api/graph?{range}{group}"));
    let (judged, graph) = tokio::try_join!(connection.get(&judged), connection.get(&graph))?;
    Ok((read(&judged)?, read(&graph)?))
}

async fn open(state: &mut State, connection: &Connection, id: &str) {
    match fetch(connection, id).await {
        Ok(view) => state.view = view,
        Err(error) => state.trouble = Some(format!("{error:#}")),
    }
}

async fn fetch(connection: &Connection, id: &str) -> anyhow::Result<View> {
    let path = format!("/api/traces/{}", encode(id));
    let trace: TraceDetail = read(&connection.get(&path).await?)?;
    let exceptions = match &trace.focus {
        Some(span) => {
            read::<SpanDetail>(&connection.get(&format!("{path}/spans/{}", encode(span))).await?)?.exceptions
        }
        None => Vec::new(),
    };
    Ok(View::Trace { trace: Box::new(trace), exceptions })
}

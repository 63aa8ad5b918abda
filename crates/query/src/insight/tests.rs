//! What becomes an insight, when it is told, and when it ends; over the shop of the judge's tests.

use model::{Micros, Minute, NodeKey, TimeRange, Timestamp};

use super::tracker::{self, Look};
use super::*;
use crate::now::tests::{Fails, Shop, Visit};
use crate::now::{Day, Entry, Excess, Judgement, Ledger, Usual};
use crate::testing::{EPOCH, at};

/// Somebody who looks each second and writes down what is told.
#[derive(Default)]
struct Watch {
    shop: Shop,
    tracker: Tracker,
    /// `second name event`, of what people are told.
    told: Vec<String>,
    events: Vec<EventKind>,
    now: f64,
}

fn id(arn: &str, root: &NodeKey, onset: Timestamp) -> String {
    format!("{arn}/{}/{}", root.name, onset.minute().0)
}

fn look<'l>(entries: &'l [Entry], now: Timestamp) -> Look<'l> {
    Look { group: "Default", arn: "arn", entries, now }
}

impl Watch {
    /// Plays to that second and looks at each on the way. `number` counts from the first request on.
    fn play(&mut self, until: f64, rate: f64, change: impl Fn(u32, Visit) -> Visit) -> &mut Self {
        let mut played = 0;
        while self.now < until {
            self.shop.play(self.now, self.now + 1.0, rate, |number, visit| change(played + number, visit));
            played += rate as u32;
            self.now += 1.0;
            self.look();
        }
        self
    }

    fn look(&mut self) {
        let entries = self.shop.entries(self.now);
        for change in self.tracker.step(look(&entries, at(self.now)), &self.shop.ledger, id) {
            let Some(event) = change.event else { continue };
            self.events.push(event);
            if change.is_told {
                self.told.push(format!("{} {} {event:?}", self.now, change.insight.root.name));
            }
        }
    }

    fn usual() -> Self {
        let mut watch = Self::default();
        watch.play(240.0, 1.0, as_usual);
        watch
    }
}

fn as_usual(_: u32, visit: Visit) -> Visit {
    visit
}

fn bug(_: u32, visit: Visit) -> Visit {
    visit.fails(Fails::Cart("Bug"))
}

fn seconds(at: Timestamp) -> f64 {
    (at.0 - EPOCH.0) as f64 / 1e6
}

#[test]
fn an_outage_is_told_within_seconds_at_60_and_at_600_requests_a_minute() {
    let told_after = |rate: f64, fails: Fails| {
        let mut watch = Watch::default();
        watch.play(240.0, rate, as_usual).play(262.0, rate, |_, visit| visit.fails(fails));
        let of_cart: Vec<&String> = watch.told.iter().filter(|told| told.ends_with(" cart Opened")).collect();
        assert_eq!((of_cart.len(), watch.told.len()), (1, 1), "{:?}", watch.told);
        of_cart[0].split(' ').next().and_then(|second| second.parse::<f64>().ok()).unwrap() - 240.0
    };
    for fails in [Fails::Cart("Bug"), Fails::NoCart] {
        let slow = told_after(1.0, fails);
        assert!(slow <= 6.0, "{slow} s at 60 requests a minute");
        let fast = told_after(10.0, fails);
        assert!(fast <= 4.0, "{fast} s at 600 requests a minute");
    }
}

#[test]
fn single_failures_are_told_to_nobody() {
    let mut watch = Watch::usual();
    watch.play(400.0, 1.0, |number, visit| if number % 40 == 1 { bug(number, visit) } else { visit });
    assert_eq!((watch.told, watch.tracker.insights()), (Vec::new(), [].as_slice()));
    let mut watch = Watch::usual();
    watch.play(243.0, 1.0, |_, visit| visit.fails(Fails::NoCart)).play(400.0, 1.0, as_usual);
    assert_eq!(watch.told, Vec::<String>::new());
}

#[test]
fn what_fails_in_part_is_told_when_it_has_stood_for_a_while() {
    let part = |number: u32, visit: Visit| if number.is_multiple_of(5) { bug(number, visit) } else { visit };
    let mut watch = Watch::default();
    watch.play(240.0, 10.0, as_usual).play(300.0, 10.0, part).play(400.0, 10.0, as_usual);
    assert_eq!(watch.told, Vec::<String>::new());
    let mut watch = Watch::default();
    watch.play(240.0, 10.0, as_usual).play(345.0, 10.0, part);
    assert_eq!(watch.told.len(), 1);
}

#[test]
fn an_insight_tells_what_happened_and_ends_when_all_was_quiet() {
    let mut watch = Watch::usual();
    watch.play(300.0, 1.0, bug);
    let insight = &watch.tracker.insights()[0];
    assert_eq!(insight.id, format!("arn/cart/{}", at(240.0).minute().0));
    assert_eq!((insight.root.name.as_str(), insight.severity), ("cart", Severity::Outage));
    assert_eq!((insight.origin.failing, insight.clients.failing, insight.users), (60, 60, 60));
    assert_eq!(insight.exception.as_ref().and_then(|one| one.name.as_deref()), Some("Bug"));
    let names: Vec<&str> = insight.anomalous.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["cart", "front"]);
    watch.play(375.0, 1.0, as_usual);
    assert_eq!(watch.events, [EventKind::Opened, EventKind::Closed]);
    let insight = &watch.tracker.insights()[0];
    // The last failure's, and not when the judge was sure that it was the last.
    assert!((298.0..=301.0).contains(&seconds(insight.end.unwrap())), "{}", seconds(insight.end.unwrap()));
    assert!(insight.summary.ends_with("60 client requests failed."), "{}", insight.summary);
    assert_eq!(insight.events.len(), 2);
}

#[test]
fn one_that_comes_back_soon_is_the_same_and_later_another_that_names_it() {
    let mut watch = Watch::usual();
    watch.play(270.0, 1.0, bug).play(480.0, 1.0, as_usual).play(510.0, 1.0, bug);
    assert_eq!(watch.events, [EventKind::Opened, EventKind::Closed, EventKind::Reopened]);
    assert_eq!(watch.tracker.insights().len(), 1);
    // It flaps: a quiet minute is not enough for it any more.
    watch.play(700.0, 1.0, as_usual).play(730.0, 1.0, bug);
    assert_eq!(watch.events.len(), 3);
    watch.play(2_400.0, 1.0, as_usual).play(2_430.0, 1.0, bug);
    assert_eq!(watch.events[3..], [EventKind::Closed, EventKind::Opened]);
    let [first, second] = watch.tracker.insights() else { panic!("two insights") };
    assert_eq!(second.earlier.as_ref(), Some(&first.id));
    assert_ne!(first.id, second.id);
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let mut watch = Watch::usual();
    watch.play(270.0, 1.0, bug);
    watch.tracker = Tracker::of(watch.tracker.insights().to_vec());
    watch.play(300.0, 1.0, bug).play(540.0, 1.0, as_usual);
    assert_eq!(watch.events, [EventKind::Opened, EventKind::Closed]);
    // Another that saw the same gives it the same id.
    let mut other = Watch::usual();
    other.play(270.0, 1.0, bug);
    assert_eq!(other.tracker.insights()[0].id, watch.tracker.insights()[0].id);
}

fn entry(name: &str, failing: u64) -> Entry {
    Entry { failing, requests: failing, ..Entry::failing(name, at(240.0)) }
}

/// Steps a second each with what is said then.
fn steps(ledger: &Ledger, said: &[&[Entry]]) -> (Tracker, Vec<EventKind>) {
    let mut tracker = Tracker::default();
    let mut events = Vec::new();
    for (second, entries) in said.iter().enumerate() {
        let now = at(240.0 + second as f64);
        events.extend(tracker.step(look(entries, now), ledger, id).into_iter().filter_map(|one| one.event));
    }
    (tracker, events)
}

#[test]
fn what_is_not_joined_by_calls_is_told_apart_and_what_is_joined_together() {
    let mut shop = Shop::default();
    shop.play(0.0, 20.0, 5.0, as_usual);
    shop.entries(21.0);
    let both = [entry("cart", 30), entry("front", 20)];
    let (tracker, events) = steps(&shop.ledger, &[&both, &both, &both]);
    assert_eq!(events, [EventKind::Opened, EventKind::NodeJoined]);
    assert_eq!(tracker.insights()[0].members, [both[1].node.clone()]);
    let (tracker, events) = steps(&Ledger::default(), &[&both, &both, &both]);
    assert_eq!((events.as_slice(), tracker.insights().len()), ([EventKind::Opened; 2].as_slice(), 2));
}

#[test]
fn another_root_is_told_when_it_was_heaviest_twice() {
    let mut shop = Shop::default();
    shop.play(0.0, 20.0, 5.0, as_usual);
    shop.entries(21.0);
    let first = [entry("front", 30), entry("cart", 20)];
    let turned = [entry("cart", 50), entry("front", 30)];
    let (_, events) = steps(&shop.ledger, &[&first, &first, &first, &turned, &first, &turned, &first]);
    assert_eq!(events, [EventKind::Opened, EventKind::NodeJoined]);
    let (tracker, events) = steps(&shop.ledger, &[&first, &first, &first, &turned, &turned, &turned]);
    assert_eq!(events, [EventKind::Opened, EventKind::NodeJoined, EventKind::RootChanged]);
    assert_eq!(tracker.insights()[0].root.name, "cart");
}

#[test]
fn an_impact_that_grows_is_an_event_and_told_twice_an_hour_at_most() {
    let mut tracker = Tracker::default();
    let mut told = Vec::new();
    for minute in 0..70_u64 {
        for second in [0.0, 1.0, 2.0, 3.0] {
            let now = at(240.0 + minute as f64 * 60.0 + second);
            let clients = 100 * (minute + 1) * (minute + 1);
            let mut entries = [entry("cart", clients)];
            (entries[0].clients, entries[0].all_requests) = (clients, clients * 2);
            for change in tracker.step(look(&entries, now), &Ledger::default(), id) {
                if change.event == Some(EventKind::ImpactGrew) && change.is_told {
                    told.push(minute);
                }
            }
            // Between the looks of a minute it is still said.
            let _ = tracker.step(look(&entries, now.plus(Micros::from_millis(500))), &Ledger::default(), id);
        }
    }
    assert!((1..=2).contains(&told.len()) && told[0] >= 30, "{told:?}");
}

#[test]
fn after_a_day_it_is_usual() {
    let mut tracker = Tracker::default();
    let mut events = Vec::new();
    for second in [0.0, 1.0, 2.0, 3.0, 86_399.0, 86_400.0, 86_401.0] {
        let entries = [entry("cart", 50)];
        let changes = tracker.step(look(&entries, at(240.0 + second)), &Ledger::default(), id);
        events.extend(changes.into_iter().filter_map(|change| change.event));
    }
    assert_eq!(events, [EventKind::Opened, EventKind::BecameUsual]);
}

#[test]
fn events_are_bounded_and_the_first_and_the_last_stay() {
    let mut tracker = Tracker::default();
    let entries = [entry("cart", 50)];
    for second in [0.0, 1.0, 2.0] {
        tracker.step(look(&entries, at(240.0 + second)), &Ledger::default(), id);
    }
    let mut insight = tracker.insights()[0].clone();
    for number in 0..400 {
        insight.push(at(300.0 + f64::from(number)), EventKind::ImpactGrew);
    }
    insight.push(at(900.0), EventKind::Closed);
    assert_eq!(insight.events.len(), Insight::MOST_EVENTS);
    let ends = [&insight.events[0], &insight.events[199]].map(|event| event.kind);
    assert_eq!(ends, [EventKind::Opened, EventKind::Closed]);
}

#[test]
fn the_oldest_closed_ones_are_let_go_and_said() {
    let mut tracker = Tracker::default();
    let entries = [entry("cart", 50)];
    for second in [0.0, 1.0, 2.0] {
        tracker.step(look(&entries, at(240.0 + second)), &Ledger::default(), id);
    }
    tracker.step(look(&[], at(400.0)), &Ledger::default(), id);
    assert_eq!((tracker.insights().len(), tracker.take_gone()), (1, Vec::new()));
    let later = tracker.insights()[0].end.unwrap().plus(KEPT);
    tracker.step(look(&[], later), &Ledger::default(), id);
    assert_eq!(tracker.insights().len(), 1);
    tracker.step(look(&[], later.plus(Micros(1))), &Ledger::default(), id);
    assert_eq!((tracker.insights().len(), tracker.take_gone().len()), (0, 1));
}

/// Whose fault, since when, until when, and from when to when it was so before.
fn episodes(judgement: &Judgement) -> Vec<String> {
    let span = |since: Timestamp, until: Option<Timestamp>| {
        let until = until.map_or(String::new(), |until| format!("{:.0}", seconds(until)));
        format!("{:.0}..{until}", seconds(since))
    };
    let entries = judgement.entries.iter().map(|entry| {
        let all: Vec<String> = entry.episodes.iter().map(|one| span(one.since, one.until)).collect();
        format!("{} {}: {}", entry.node.name, span(entry.since, entry.until), all.join(" "))
    });
    entries.collect()
}

#[test]
fn a_restart_tells_the_same_episodes() {
    let mut watch = Watch::usual();
    watch.play(300.0, 1.0, bug).play(400.0, 1.0, as_usual).play(480.0, 1.0, bug);
    let (range, now) = (TimeRange::new(at(0.0), at(481.0)), at(480.5));
    let before = watch.shop.ledger.look(range, now);
    assert_eq!(episodes(&before), ["cart 400..: 240..299 400.."]);
    // Of all traces the newest were read back, all of which failed.
    let mut again = watch.shop.restarted(at(440.0));
    let mut after = again.look(range, now);
    assert_eq!(episodes(&after), ["cart 440..: 440.."]);
    after.recall(watch.tracker.insights(), range, now);
    assert_eq!(episodes(&after), ["cart 400..: 240..299 400.."]);
    let (entry, known) = (&after.entries[0], &before.entries[0]);
    assert_eq!((entry.failing, entry.requests, entry.users), (known.failing, known.requests, known.users));
    assert!(entry.sentence.ends_with("for 1 min 20 s, 2nd time"), "{}", entry.sentence);
}

#[test]
fn what_was_over_before_a_restart_is_told_with_its_end() {
    let mut watch = Watch::usual();
    watch.play(300.0, 1.0, bug).play(400.0, 1.0, as_usual);
    let (range, now) = (TimeRange::new(at(0.0), at(401.0)), at(400.5));
    assert_eq!(episodes(&watch.shop.ledger.look(range, now)), ["cart 240..299: 240..299"]);
    let mut after = watch.shop.restarted(at(350.0)).look(range, now);
    assert_eq!(after.entries, []);
    after.recall(watch.tracker.insights(), range, now);
    assert_eq!(episodes(&after), ["cart 240..299: 240..299"]);
    assert!(after.entries[0].sentence.starts_with("cart failed with Bug: "), "{}", after.entries[0].sentence);
    assert!(after.entries[0].sentence.ends_with(" for 59 s, and is over"), "{}", after.entries[0].sentence);
    // Asked about the time in which it went on, it is not told as over.
    let mut earlier = Judgement::default();
    earlier.recall(watch.tracker.insights(), TimeRange::new(at(0.0), at(290.0)), at(290.0));
    assert_eq!(earlier.entries, []);
    // And before it, not at all.
    earlier.recall(watch.tracker.insights(), TimeRange::new(at(0.0), at(230.0)), at(230.0));
    assert_eq!(earlier.entries, []);
}

#[test]
fn beside_the_day_only_what_is_no_chance_and_goes_on_is_told() {
    let day = Day { limit: 0.02, highest: 0.01, excess: None };
    let opens = |failing: u64, requests: u64, sparks: &[u64], minutes: u64| {
        let entry = Entry { requests, sparks: sparks.to_vec(), ..entry("cart", failing) };
        tracker::opens(&entry, Micros::from_secs(60 * minutes), Some(&day))
    };
    // 10 % for two minutes, which is more than twice what is usual at the most.
    assert!(opens(20, 200, &[5, 5, 5, 5], 2));
    assert!(!opens(20, 200, &[5, 5, 5, 5], 1));
    // One noisy minute of two, and what went on a little.
    assert!(!opens(20, 200, &[8, 8, 4, 0], 2));
    assert!(opens(20, 200, &[8, 7, 5, 0], 2));
    // 3 % have to stand for longer.
    assert!(!opens(60, 2_000, &[30, 30], 4));
    assert!(opens(60, 2_000, &[30, 30], 5));
    // Of 400 requests, 12 are chance at 1 % (9e-4), and 17 are not (2e-6).
    assert!(!opens(12, 400, &[6, 6], 5));
    assert!(opens(17, 400, &[8, 9], 5));
    // A third of sixteen and more waits for nothing; where no day is known, of ten.
    let much = |failing: u64, day: Option<&Day>| {
        let entry = Entry { requests: 3 * failing, sparks: vec![failing, 0], ..entry("cart", failing) };
        tracker::opens(&entry, Micros::from_secs(2), day)
    };
    assert_eq!([15, 16].map(|failing| much(failing, Some(&day))), [false, true]);
    assert_eq!([9, 10].map(|failing| much(failing, None)), [false, true]);
    // What the day calls an excess waits for nothing.
    let excess = Excess {
        since: Minute(1),
        usual: Usual { expected: 0.005, highest: 0.01, bins: 288 },
        failing: 9,
        requests: 90,
        minutes: 3,
    };
    let entry = Entry { requests: 90, sparks: vec![9, 0], ..entry("cart", 9) };
    assert!(tracker::opens(&entry, Micros(0), Some(&Day { excess: Some(excess), ..day })));
}

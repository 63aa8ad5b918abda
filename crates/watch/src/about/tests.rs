//! When Fluoro says that something is wrong with itself, and when that is over.

use super::*;

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

/// Steps through facts, a minute apart; status and key of what is told, by the step.
fn told(steps: &[Facts]) -> Vec<(usize, Status, String)> {
    let mut about = About::default();
    let mut told = Vec::new();
    for (minute, facts) in steps.iter().enumerate() {
        let now = NOW.plus(Micros::from_secs(60 * minute as u64));
        let notices = about.step(facts, now);
        told.extend(notices.into_iter().map(|notice| (minute, notice.status, notice.dedup_key)));
    }
    told
}

fn key(minute: usize, status: Status, key: &str) -> (usize, Status, String) {
    (minute, status, format!("fluoro/{key}"))
}

#[test]
fn a_digest_that_does_not_come_after_is_told_and_one_that_is_busy_is_not() {
    let at = |newest, digested| Facts { newest, digested, ..Facts::default() };
    let stuck = [at(10, 5), at(20, 5), at(30, 6), at(40, 7), at(50, 50)];
    assert_eq!(told(&stuck), [key(2, Status::Firing, "behind"), key(4, Status::Resolved, "behind")]);
    let busy = [at(10, 5), at(20, 15), at(30, 25), at(40, 35), at(50, 45)];
    assert_eq!(told(&busy), []);
}

#[test]
fn room_that_runs_out_is_told_once_until_there_is_clearly_more() {
    let left = |free: u64| Facts { kept_bytes: 50 << 30, free_bytes: Some(free << 30), ..Facts::default() };
    let told = told(&[left(6), left(4), left(5), left(4), left(7), Facts::default()]);
    assert_eq!(told, [key(1, Status::Firing, "disk"), key(4, Status::Resolved, "disk")]);
}

#[test]
fn agents_are_missed_where_half_of_them_are_silent_and_forgotten_after_an_hour() {
    let heard = |minutes: &[u64]| Facts {
        agents: minutes
            .iter()
            .enumerate()
            .map(|(name, minute)| (format!("host-{name}"), NOW.plus(Micros::from_secs(60 * minute))))
            .collect(),
        ..Facts::default()
    };
    let steps: Vec<Facts> = (0..70).map(|_| heard(&[0, 0])).collect();
    assert_eq!(told(&steps), [key(5, Status::Firing, "agents"), key(60, Status::Resolved, "agents")]);
    // One of three that was taken away is nobody's business.
    let steps: Vec<Facts> = (0..10).map(|now| heard(&[0, now, now])).collect();
    assert_eq!(told(&steps), []);
    let mut about = About::default();
    let later = NOW.plus(Micros::from_secs(360));
    let [notice] = about.step(&heard(&[0]), later).try_into().unwrap();
    assert_eq!(
        notice.summary,
        "1 of 1 agents have said nothing for five minutes: host-0. Their hosts' traces are missing."
    );
}

#[test]
fn refusals_are_told_where_nearly_all_are_refused_for_minutes() {
    let at = |received, refused| Facts { received, refused, ..Facts::default() };
    let steps = [at(0, 0), at(40, 40), at(80, 80), at(120, 115), at(200, 120), at(400, 120)];
    assert_eq!(told(&steps), [key(2, Status::Firing, "refused"), key(5, Status::Resolved, "refused")]);
    assert_eq!(told(&[at(0, 0), at(10, 10), at(10, 10), at(10, 10)]), []);
    // Counts begin anew with the process.
    assert_eq!(told(&[at(500, 500), at(0, 0), at(10, 0)]), []);
}

#[test]
fn what_goes_on_is_remembered_by_the_mark_alone() {
    let mut about = About::default();
    let full = Facts { kept_bytes: 1, free_bytes: Some(5), ..Facts::default() };
    assert_eq!(about.step(&full, NOW).len(), 1);
    let (_, kept) = about.mark();
    let mut again: About = serde_json::from_value(kept.unwrap()).unwrap();
    assert_eq!(again.step(&full, NOW.plus(Micros::from_secs(60))), []);
    assert_eq!(again.step(&Facts::default(), NOW.plus(Micros::from_secs(120))).len(), 1);
}

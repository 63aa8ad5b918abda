//! The folder that holds the recorded traces: days, their faults, and a file for each minute.
//!
//! ```text
//! rca_data/DAY/DAY-fault_list.json     what was injected, and when
//! rca_data/DAY/trace/HH_MM_trace.csv   the minutes around each fault
//! construct_data/DAY/trace/…           minutes without a fault
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::span::service_of;

/// Where both are given, the epoch is what was recorded and the other what was written down. They differ by a minute now and
/// then, and by hours where the epoch was computed in another time zone; by more than this it is another fault's.
const SAME_INJECTION_SECONDS: i64 = 300;
const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;

#[derive(Debug)]
pub(super) struct Folder {
    days: BTreeMap<String, Day>,
}

#[derive(Debug, Default)]
struct Day {
    faults: Vec<Fault>,
    /// By epoch minute.
    minutes: BTreeMap<i64, PathBuf>,
    usual: Vec<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) day: String,
    pub(super) kind: String,
    pub(super) pod: String,
    /// Epoch seconds of the injection.
    pub(super) at: i64,
}

impl Fault {
    pub(super) fn service(&self) -> &str {
        service_of(&self.pod)
    }

    pub(super) fn clock_time(&self) -> String {
        Timestamp::from_second(self.at).map_or_else(|_| String::new(), |at| at.strftime("%H:%M").to_string())
    }
}

impl Folder {
    pub(super) fn open(root: &Path) -> anyhow::Result<Self> {
        let mut days: BTreeMap<String, Day> = BTreeMap::new();
        for path in entries(&root.join("rca_data"))? {
            let name = file_name(&path);
            let list = path.join(format!("{name}-fault_list.json"));
            if !list.is_file() {
                continue;
            }
            let minutes = minute_files(&path.join("trace"), &name)?;
            days.insert(name.clone(), Day { faults: faults(&list, &name)?, minutes, usual: Vec::new() });
        }
        ensure!(!days.is_empty(), "{} holds no DAY/DAY-fault_list.json", root.join("rca_data").display());
        for (name, day) in &mut days {
            let usual = root.join("construct_data").join(name).join("trace");
            if usual.is_dir() {
                day.usual = minute_files(&usual, name)?.into_values().collect();
            }
        }
        Ok(Self { days })
    }

    pub(super) fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.days.values().flat_map(|day| &day.faults)
    }

    pub(super) fn day_names(&self) -> Vec<&str> {
        self.days.keys().map(String::as_str).collect()
    }

    /// The files of a fault's minutes, the earliest first: from so many before its injection to so many after it, without
    /// those in which another fault goes on.
    pub(super) fn minutes_of(&self, fault: &Fault, before: i64, after: i64) -> Vec<&Path> {
        let Some(day) = self.days.get(&fault.day) else { return Vec::new() };
        let injected = fault.at.div_euclid(MINUTE);
        let is_of_another = |minute: i64| {
            let others = day.faults.iter().filter(|other| other.at != fault.at);
            others
                .map(|other| other.at.div_euclid(MINUTE))
                .any(|other| (other..=other + after).contains(&minute))
        };
        let minutes = day.minutes.range(injected - before..=injected + after);
        minutes.filter(|(minute, _)| !is_of_another(**minute)).map(|(_, path)| path.as_path()).collect()
    }

    /// The files of the day's minutes without a fault.
    pub(super) fn usual_of(&self, fault: &Fault) -> &[PathBuf] {
        self.days.get(&fault.day).map_or(&[], |day| &day.usual)
    }

    /// The other faults of the day, the nearest in time first.
    pub(super) fn others_of(&self, fault: &Fault) -> Vec<&Fault> {
        let of_day = self.days.get(&fault.day).map_or(&[][..], |day| &day.faults);
        let mut others: Vec<&Fault> = of_day.iter().filter(|other| other.at != fault.at).collect();
        others.sort_by_key(|other| (other.at - fault.at).abs());
        others
    }
}

fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let read = fs::read_dir(folder).with_context(|| format!("read the folder {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in read {
        paths.push(entry.with_context(|| format!("read the folder {}", folder.display()))?.path());
    }
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// `HH_MM_trace.csv`, by epoch minute. Other files are none of ours.
fn minute_files(folder: &Path, day: &str) -> anyhow::Result<BTreeMap<i64, PathBuf>> {
    let mut files = BTreeMap::new();
    for path in entries(folder)? {
        let name = file_name(&path);
        let Some(time) = name.strip_suffix("_trace.csv") else { continue };
        let at = seconds_of(&format!("{day} {}:00", time.replace('_', ":")))
            .with_context(|| format!("{}: its name is not HH_MM_trace.csv", path.display()))?;
        files.insert(at.div_euclid(MINUTE), path);
    }
    Ok(files)
}

/// The list has the hours of a day, each with its faults.
fn faults(path: &Path, day: &str) -> anyhow::Result<Vec<Fault>> {
    let text = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    // Its place in the file is in the error.
    let list: Value = serde_json::from_str(&text).with_context(|| format!("read {}", path.display()))?;
    let hours =
        list.as_object().with_context(|| format!("{}: expected an object of hours", path.display()))?;
    let mut faults = Vec::new();
    for (hour, of_hour) in hours {
        let of_hour = of_hour.as_array().map(Vec::as_slice).unwrap_or_default();
        for (number, fault) in (1..).zip(of_hour) {
            let place = || format!("{}: fault {number} of hour {hour}", path.display());
            faults.push(fault_of(fault, day).with_context(place)?);
        }
    }
    faults.sort_by_key(|fault| fault.at);
    Ok(faults)
}

fn fault_of(fault: &Value, day: &str) -> anyhow::Result<Fault> {
    let text = |key: &str| fault[key].as_str().with_context(|| format!("{key} is missing"));
    let written = seconds_of(text("inject_time")?)?;
    let recorded = text("inject_timestamp").ok().and_then(|seconds| seconds.parse::<i64>().ok());
    let recorded = recorded.map(|recorded| {
        let hours = (written - recorded + HOUR / 2).div_euclid(HOUR);
        recorded + hours * HOUR
    });
    let recorded = recorded.filter(|recorded| (recorded - written).abs() <= SAME_INJECTION_SECONDS);
    Ok(Fault {
        day: day.to_owned(),
        kind: text("inject_type")?.to_owned(),
        pod: text("inject_pod")?.to_owned(),
        at: recorded.unwrap_or(written),
    })
}

/// UTC.
fn seconds_of(text: &str) -> anyhow::Result<i64> {
    let Ok(time) = DateTime::strptime("%Y-%m-%d %H:%M:%S", text) else {
        bail!("{text:?} is no time like 2022-08-22 03:53:54");
    };
    Ok(time.to_zoned(TimeZone::UTC).context("a time out of range")?.timestamp().as_second())
}

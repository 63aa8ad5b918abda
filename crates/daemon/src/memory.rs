//! How much memory documents that wait may take, when nobody has said it.

use std::fs;

/// Below this the AWS daemon does not start.
pub(crate) const MIN_MEGABYTES: u64 = 3;
/// The AWS daemon takes a hundredth of the machine, since each document costs it 64 KiB. Here a document
/// costs its length, so this holds as many as 512 MB do there.
const MAX_DEFAULT_MEGABYTES: u64 = 32;
/// Of a container's limit: the rest is for uploads being made, connections and the program.
const SHARE_OF_CONTAINER: u64 = 4;

/// A hundredth of the machine's memory, and never more than the container bears.
pub(crate) fn default_megabytes() -> u64 {
    megabytes(machine_bytes(), container_bytes())
}

fn megabytes(machine: Option<u64>, container: Option<u64>) -> u64 {
    let mut bytes = machine.map_or(MIN_MEGABYTES << 20, |bytes| bytes / 100);
    if let Some(limit) = container {
        bytes = bytes.min(limit / SHARE_OF_CONTAINER);
    }
    (bytes >> 20).clamp(MIN_MEGABYTES, MAX_DEFAULT_MEGABYTES)
}

fn machine_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let kilobytes = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(kilobytes.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

/// The limit of the control group, of version 2 or 1; in a container its root is the container's.
fn container_bytes() -> Option<u64> {
    ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .iter()
        // "max" is no number, and means none.
        .find_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_fits_machine_and_container() {
        let check = |machine: u64, container: Option<u64>, expected| {
            assert_eq!(megabytes(Some(machine << 20), container.map(|limit| limit << 20)), expected);
        };
        check(2_048, None, 20);
        check(64_000, None, MAX_DEFAULT_MEGABYTES);
        check(200, None, MIN_MEGABYTES);
        check(64_000, Some(64), 16);
        check(64_000, Some(8), MIN_MEGABYTES);
        assert_eq!(megabytes(None, None), MIN_MEGABYTES);
    }
}

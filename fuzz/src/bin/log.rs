//! A log that a crash, a disk or a stranger left: a store opens on it, gives back every document that is whole, and finds
//! the same when it is opened once more.
#![no_main]

use std::ffi::OsString;
use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use store::TraceStore;
use store_local::{Config, LocalStore};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

const MAGIC: &[u8] = b"fluorolg";
/// Format and number of the file, as docs/format/log.md has them.
const HEAD: [u8; 12] = [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];

/// In memory, where there is such a place: nothing here is about the disk.
static HOME: LazyLock<TempDir> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    if memory.exists() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
        .expect("make a directory")
});
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().expect("start a runtime"));

/// The files of a store that was made and has taken nothing.
static EMPTY: LazyLock<Vec<(OsString, Vec<u8>)>> = LazyLock::new(|| {
    let directory = HOME.path().join("empty");
    open(&directory);
    let entries = std::fs::read_dir(&directory).expect("list a directory").flatten();
    entries.filter_map(|entry| Some((entry.file_name(), std::fs::read(entry.path()).ok()?))).collect()
});

fuzz_target!(|bytes: &[u8]| {
    let directory = HOME.path().join("data");
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(directory.join("log")).expect("make a directory");
    for (name, content) in &*EMPTY {
        std::fs::write(directory.join(name), content).expect("write a file");
    }
    let (file, whole) = if bytes.starts_with(MAGIC) { (bytes.to_vec(), 0) } else { framed(bytes) };
    std::fs::write(directory.join("log/00000000000000000001.log"), file).expect("write a file");
    let found = open(&directory);
    assert!(found >= whole, "{found} documents of {whole} are there");
    assert_eq!(open(&directory), found, "opening once more changes nothing");
});

/// How many documents the store has.
fn open(directory: &Path) -> u64 {
    let mut config = Config::new(directory);
    // Nothing is written as parts.
    config.flush_min_bytes = u64::MAX;
    config.reserve_bytes = 0;
    let store = LocalStore::open(config).expect("a damaged log is no reason not to open");
    let documents = store.status().documents;
    RUNTIME.block_on(store.close()).expect("close the store");
    documents
}

/// Frames with the right checksums around payloads of the input's, and how many documents among them must be there:
/// those of rising sequence.
fn framed(mut bytes: &[u8]) -> (Vec<u8>, u64) {
    let mut file = [MAGIC, &HEAD].concat();
    let checksum = crc32fast::hash(&file);
    file.extend_from_slice(&checksum.to_le_bytes());
    let (mut newest, mut whole) = (0, 0);
    while let Some(([kind, sequence, low, high], rest)) = bytes.split_first_chunk() {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        let (payload, after) = rest.split_at(length);
        let (kind, sequence) = (1 + kind % 3, u64::from(*sequence));
        push(&mut file, kind, sequence, payload);
        // A document begins with its trace's id and the time of receipt.
        if kind == 1 && payload.len() >= 24 && sequence > newest {
            (newest, whole) = (sequence, whole + 1);
        } else if kind == 1 && payload.len() < 24 {
            // No frame that was ever written: what follows it is found again, but counts as after a damage.
            break;
        }
        bytes = after;
    }
    (file, whole)
}

fn push(file: &mut Vec<u8>, kind: u8, sequence: u64, payload: &[u8]) {
    let begin = file.len();
    file.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    file.extend_from_slice(&[0; 4]);
    file.push(kind);
    file.extend_from_slice(&sequence.to_le_bytes());
    file.extend_from_slice(payload);
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&file[begin..begin + 4]);
    checksum.update(&file[begin + 8..]);
    file[begin + 4..begin + 8].copy_from_slice(&checksum.finalize().to_le_bytes());
}

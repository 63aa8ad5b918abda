//! Not a target: writes inputs to begin with into `corpus`, made of packets that SDKs sent (`crates/wire/tests/data`).

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use capsule::{Head, Issue, VERSION, Writer};
// Whatever is instrumented needs it.
use libfuzzer_sys as _;
use model::minute::MinuteRow;
use model::template::rule::UrlRules;
use model::{StoredDocument, TraceDigest};
use settings::portable::Row;

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = root.join("corpus");
    for target in ["document", "codec", "log", "capsule"] {
        fs::create_dir_all(corpus.join(target))?;
    }
    let mut folders: Vec<_> = Vec::new();
    for sdk in ["python-sdk-2.15.0", "node-sdk-3.12.0"] {
        for folder in fs::read_dir(root.join("../crates/wire/tests/data").join(sdk))? {
            folders.push(folder?.path());
        }
    }
    for (number, folder) in folders.iter().enumerate() {
        let mut packets = Vec::new();
        for packet in fs::read_dir(folder)? {
            packets.push(fs::read(packet?.path())?);
        }
        let name = format!("seed-{number}");
        fs::write(corpus.join("document").join(&name), packets.join(&0))?;
        write_stored(&corpus, &name, &packets)?;
    }
    Ok(())
}

/// The same as a store keeps it: as frames of the log, and reduced.
fn write_stored(corpus: &Path, name: &str, packets: &[Vec<u8>]) -> io::Result<()> {
    let mut log = Vec::new();
    for (sequence, packet) in (1..).zip(packets) {
        let document = wire::frame::split(packet).unwrap_or(packet);
        let payload = [&[7; 16], &1_700_000_040_000_000_i64.to_le_bytes()[..], document].concat();
        push(&mut log, 0, sequence, &payload);
    }
    let Some((id, documents)) = fluoro_fuzz::of_one_trace(fluoro_fuzz::documents(&packets.join(&0))) else {
        return fs::write(corpus.join("log").join(name), log);
    };
    let digest = query::digest(&query::assemble(id, &documents), &UrlRules::default());
    let minutes = query::rollup::contribution(&digest);
    fs::write(corpus.join("capsule").join(name), capsule_of(&documents, &digest, &minutes)?)?;
    let commit = row::codec::encode_commit(&[digest.into()], &minutes, &[], &[]);
    push(&mut log, 2, packets.len() as u8, &commit);
    fs::write(corpus.join("log").join(name), log)?;
    let codec = corpus.join("codec");
    fs::write(codec.join(name), commit)?;
    fs::write(codec.join(format!("{name}-rows")), row::codec::encode_rows(&minutes))?;
    for (number, row) in minutes.iter().enumerate() {
        let stats = row::codec::encode_stats(row.key.minute, &row.stats);
        fs::write(codec.join(format!("{name}-stats-{number}")), stats)?;
    }
    Ok(())
}

/// The lines of a capsule, as the target `capsule` packs them.
fn capsule_of(
    documents: &[Arc<StoredDocument>],
    digest: &TraceDigest,
    minutes: &[MinuteRow],
) -> io::Result<Vec<u8>> {
    let issue = Issue { id: "failing!shop!1700000040".to_owned(), sentence: "shop is failing".to_owned() };
    let head = Head {
        version: VERSION,
        made_by: "0.1.0".to_owned(),
        made: 1_700_000_100_000_000,
        issue,
        from: 1_700_000_000_000_000,
        to: 1_700_000_100_000_000,
        traces: 1,
        with_documents: 0,
        complete: true,
        redacted: Vec::new(),
    };
    let mut writer = Writer::new(&head)?;
    for one in documents {
        writer.document(one.received, &one.document.raw)?;
    }
    writer.reduced(&[Arc::new(digest.clone())], minutes)?;
    for (table, values) in [
        ("switches", "{\"name\":\"destination\",\"value\":\"XRay\"}"),
        ("views", "{\"name\":\"late\",\"page\":\"/traces\",\"query\":\"a=b\",\"saved_micros\":1}"),
        ("log_links", "{\"place\":0,\"service\":\"*\",\"title\":\"Loki\",\"url\":\"https://l/{trace_id}\"}"),
    ] {
        writer.setting(&Row { table: table.to_owned(), values: serde_json::from_str(values)? })?;
    }
    let values = serde_json::from_str("{\"name\":\"late\",\"value\":\"{}\"}")?;
    writer.alert(&Row { table: "alarm_states".to_owned(), values })?;
    let mut packed = writer.take();
    packed.extend(writer.finish(true)?);
    zstd::stream::decode_all(&packed[..])
}

/// As the target `log` reads it.
fn push(log: &mut Vec<u8>, kind: u8, sequence: u8, payload: &[u8]) {
    // Larger ones are cut; they are no use as a seed then.
    if let Ok(length) = u16::try_from(payload.len()) {
        log.extend_from_slice(&[kind, sequence]);
        log.extend_from_slice(&length.to_le_bytes());
        log.extend_from_slice(payload);
    }
}

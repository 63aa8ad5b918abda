//! A capsule of a stranger: packed or not, it is read or refused, and what is read can be written again.
#![no_main]

use std::io::{Cursor, Write};

use capsule::{Content, LIMITS, Writer, read};
use libfuzzer_sys::fuzz_target;
use settings::{Account, Alerts, Settings};

fn write(content: &Content) -> std::io::Result<Vec<u8>> {
    let mut writer = Writer::new(&content.head)?;
    for one in &content.documents {
        writer.document(one.received, &one.raw)?;
    }
    writer.reduced(&content.digests, &content.minutes)?;
    content.settings.iter().try_for_each(|row| writer.setting(row))?;
    content.alerts.iter().try_for_each(|row| writer.alert(row))?;
    let mut bytes = writer.take();
    bytes.extend(writer.finish(content.head.complete)?);
    Ok(bytes)
}

fuzz_target!(|bytes: &[u8]| {
    let _ = read(Cursor::new(bytes), &LIMITS);
    let mut packed = zstd::stream::write::Encoder::new(Vec::new(), 1).expect("pack");
    packed.write_all(bytes).expect("pack");
    let packed = packed.finish().expect("pack");
    if let Ok(content) = read(Cursor::new(&packed), &LIMITS) {
        // As `fluoro open` does.
        let account = Account { id: "000000000000".to_owned(), region: "us-east-1".to_owned() };
        let _ = Settings::of_rows(&content.settings, account);
        let _ = Alerts::of_rows(&content.alerts);
        let again = read(Cursor::new(write(&content).expect("write")), &LIMITS)
            .expect("what was written can be read");
        assert_eq!(again.documents.len(), content.documents.len());
        assert_eq!(again.digests.len(), content.digests.len());
    }
});

//! A datagram: its header, as AWS's daemon reads it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|datagram: &[u8]| {
    if let Ok(document) = wire::frame::split(datagram) {
        assert!(!document.is_empty() && datagram.ends_with(document));
    }
});

//! Standard output and standard error, which whoever reads them may close at any time: they have read enough, and that
//! is neither an error nor a reason to stop what else there is to do.

use std::error::Error;
use std::io::{self, ErrorKind, Write};

/// Writes text to standard output. Fails where it could not be kept, such as on a full disk.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// As [`print()`], for work without an end: a reader that has gone is an error, since there is nobody to go on for.
pub fn print_on(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Writes a line to standard error, where nothing better can be done if that fails.
pub fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Whether this came of a reader that has gone. Only for work that writes to no other pipe and to no network.
pub fn is_closed(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<io::Error>()
            && io.kind() == ErrorKind::BrokenPipe
        {
            return true;
        }
        next = error.source();
    }
    false
}

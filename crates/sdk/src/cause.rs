//! Exceptions: an error and what it came from, told as X-Ray has it.

use std::any::type_name;
use std::cell::RefCell;
use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::panic::{self, Location};

use model::EntityId;

use crate::id;
use crate::value::cut_bytes;

const MAX_MESSAGE_BYTES: usize = 1 << 10;
/// A chain of sources that is longer has lost its way.
const MAX_CHAIN: usize = 16;

/// One element of an error's chain.
#[derive(Debug)]
pub(crate) struct Exception {
    pub(crate) id: EntityId,
    pub(crate) kind: String,
    pub(crate) message: String,
    /// Whether another program raised it.
    pub(crate) remote: bool,
    pub(crate) frame: Option<&'static Location<'static>>,
    /// The text that the application gets to see of it, where another is told. Clients wrap what they give back in types of
    /// their own, so it is known by that alone.
    pub(crate) seen_as: Option<String>,
}

impl Exception {
    pub(crate) fn new(kind: impl Into<String>, message: &str) -> Self {
        Self {
            id: id::entity_id(),
            kind: kind.into(),
            message: cut_bytes(message, MAX_MESSAGE_BYTES).to_owned(),
            remote: false,
            frame: None,
            seen_as: None,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.kind.len() + self.message.len()
    }

    /// The same error on its way up is moved and wrapped, so only its text tells it.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.kind, &self.message).hash(&mut hasher);
        hasher.finish()
    }

    /// The same of a text alone.
    pub(crate) fn text_fingerprint(text: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        cut_bytes(text, MAX_MESSAGE_BYTES).hash(&mut hasher);
        hasher.finish()
    }
}

/// The error and its sources, the outermost first.
pub(crate) fn chain<E: Error + 'static>(error: &E, place: &'static Location<'static>) -> Vec<Exception> {
    let kind = if (error as &dyn Error).is::<io::Error>() { dynamic_kind(error) } else { kind_of::<E>() };
    chain_of(error, kind, place)
}

/// The same where the type is not known any more.
pub(crate) fn dynamic_chain(
    error: &(dyn Error + 'static),
    place: &'static Location<'static>,
) -> Vec<Exception> {
    chain_of(error, dynamic_kind(error), place)
}

fn chain_of(
    error: &(dyn Error + 'static),
    kind: String,
    place: &'static Location<'static>,
) -> Vec<Exception> {
    let mut exceptions = vec![Exception::new(kind, &error.to_string())];
    exceptions[0].frame = Some(place);
    let mut source = error.source();
    while let Some(error) = source.filter(|_| exceptions.len() < MAX_CHAIN) {
        exceptions.push(Exception::new(dynamic_kind(error), &error.to_string()));
        source = error.source();
    }
    exceptions
}

fn kind_of<E>() -> String {
    let name = type_name::<E>();
    name.split('<').next().unwrap_or(name).to_owned()
}

/// Where the type is gone, the name with which its `Debug` begins.
fn dynamic_kind(error: &(dyn Error + 'static)) -> String {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return format!("std::io::Error({:?})", error.kind());
    }
    let debug = format!("{error:?}");
    let is_part = |character: char| character.is_alphanumeric() || matches!(character, '_' | ':');
    let name: String = debug.chars().take_while(|&character| is_part(character)).take(100).collect();
    if name.starts_with(char::is_alphabetic) { name } else { "Error".to_owned() }
}

thread_local! {
    /// What the hook has heard of this thread's panic.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Puts a hook before the present one that keeps a panic's message for the segment it ends. Without it a segment tells
/// only that there was a panic. Nothing is caught.
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// fluoro_sdk::panic_hook();
/// let order = recorder.segment("orders").begin();
/// let ended = std::thread::spawn(move || order.run(|| panic!("no such order"))).join();
/// assert!(ended.is_err());
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
pub fn panic_hook() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let payload = info.payload();
        let owned = || payload.downcast_ref::<String>().map(String::as_str);
        let message =
            payload.downcast_ref::<&str>().copied().or_else(owned).unwrap_or("a value that is no text");
        let message = match info.location() {
            Some(place) => format!("{message} ({place})"),
            None => message.to_owned(),
        };
        let _gone = PANIC.try_with(|panic| panic.try_borrow_mut().map(|mut panic| *panic = Some(message)));
        before(info);
    }));
}

/// The panic that unwinds this thread.
pub(crate) fn of_panic() -> Exception {
    let heard = PANIC.try_with(|panic| panic.try_borrow().ok().and_then(|panic| panic.clone()));
    Exception::new("panic", heard.ok().flatten().as_deref().unwrap_or("the thread panicked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer<T>(T);

    impl<T> std::fmt::Display for Outer<T> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("order 7 cannot be loaded")
        }
    }

    impl<T: Error + 'static> Error for Outer<T> {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn each_source_is_an_exception_with_its_type() {
        let told = |exceptions: Vec<Exception>| {
            let each = exceptions.into_iter().map(|exception| (exception.kind, exception.message));
            each.collect::<Vec<_>>()
        };
        let place = Location::caller();
        let error = Outer(Outer("x".parse::<u8>().unwrap_err()));
        assert_eq!(
            told(chain(&error, place)),
            [
                ("fluoro_sdk::cause::tests::Outer".to_owned(), "order 7 cannot be loaded".to_owned()),
                ("Outer".to_owned(), "order 7 cannot be loaded".to_owned()),
                ("ParseIntError".to_owned(), "invalid digit found in string".to_owned()),
            ]
        );
        let refused: Box<dyn Error + Send + Sync> =
            Box::new(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert_eq!(told(dynamic_chain(&*refused, place))[0].0, "std::io::Error(ConnectionRefused)");
        assert_eq!(told(chain(&io::Error::other("x"), place))[0].0, "std::io::Error(Other)");
        let long = io::Error::other("é".repeat(2_000));
        assert_eq!(told(chain(&long, place))[0].1.len(), MAX_MESSAGE_BYTES);
    }
}

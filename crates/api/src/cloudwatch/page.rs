//! Pages of lists that are in order of a text: a token is where the last page ended.

use crate::error::fault::Fault;

/// Longer than any name, in hexadecimal digits.
const MAX_TOKEN: usize = 4_096;

/// What the page begins after.
pub(super) fn after(token: Option<&str>) -> Result<Option<String>, Fault> {
    let Some(token) = token else { return Ok(None) };
    if token.len() > MAX_TOKEN || token.len() % 2 != 0 || !token.is_ascii() {
        return Err(bad());
    }
    let digits = (0..token.len()).step_by(2).map(|at| u8::from_str_radix(&token[at..at + 2], 16));
    let bytes: Vec<u8> = digits.collect::<Result<_, _>>().map_err(|_| bad())?;
    String::from_utf8(bytes).map(Some).map_err(|_| bad())
}

pub(super) fn bad() -> Fault {
    Fault::invalid_token("The NextToken is not one that an earlier answer gave.")
}

/// The token of where a page ended.
pub(super) fn token(place: &str) -> String {
    place.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// A page of at most `limit`, and the token of the next where there is one.
pub(super) fn cut<T>(
    mut items: Vec<T>,
    limit: usize,
    name: impl Fn(&T) -> String,
) -> (Vec<T>, Option<String>) {
    if items.len() <= limit {
        return (items, None);
    }
    items.truncate(limit);
    let next = items.last().map(|last| token(&name(last)));
    (items, next)
}

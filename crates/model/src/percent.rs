//! Text as it stands in a URI.

/// All but the unreserved characters of RFC 3986, 2.3, as a per cent sign and two digits.
pub fn encoded(bytes: impl IntoIterator<Item = u8>) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_a_uri_or_none_in_ascii_is_encoded() {
        assert_eq!(encoded("aZ9-._~".bytes()), "aZ9-._~");
        assert_eq!(encoded("a b/!é".bytes()), "a%20b%2F%21%C3%A9");
    }
}

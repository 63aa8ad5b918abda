//! Queries as subsegments, and their texts without what users typed.

mod database;
#[cfg(feature = "stream")]
mod rows;

pub use database::Database;
#[cfg(feature = "stream")]
#[cfg_attr(docsrs, doc(cfg(feature = "stream")))]
pub use rows::Rows;

/// The longest text that is kept, in bytes.
const MAX_BYTES: usize = 8 << 10;

/// A query with each literal as `?`, its comments gone, and lists of `IN` as one. Identifiers stay.
///
/// ```
/// let query = "SELECT id FROM users WHERE mail = 'ada@example.com' AND age > 7 AND id IN (1, 2, 3)";
/// assert_eq!(fluoro_sdk::sql::sanitized(query), "SELECT id FROM users WHERE mail = ? AND age > ? AND id IN (?)");
/// ```
pub fn sanitized(query: &str) -> String {
    let mut reader = Reader { rest: query, out: String::with_capacity(query.len().min(MAX_BYTES)) };
    while reader.step() && reader.out.len() < MAX_BYTES {}
    let out = crate::value::cut_bytes(&reader.out, MAX_BYTES).trim();
    one_of_each_list(out)
}

struct Reader<'a> {
    rest: &'a str,
    out: String,
}

impl Reader<'_> {
    /// Takes one token; `false` at the end.
    fn step(&mut self) -> bool {
        let Some(first) = self.rest.chars().next() else { return false };
        if let Some(comment) =
            self.rest.strip_prefix("--").or_else(|| self.rest.strip_prefix('#').filter(|_| self.at_space()))
        {
            self.skip(
                comment.find('\n').map_or(self.rest.len(), |end| self.rest.len() - comment.len() + end),
            );
        } else if self.rest.starts_with("/*") {
            let end = self.rest[2..].find("*/").map_or(self.rest.len(), |end| end + 4);
            self.skip(end);
        } else if first == '\'' {
            self.literal(quoted(self.rest, '\''));
        } else if first == '"' || first == '`' {
            self.keep(quoted(self.rest, first));
        } else if let Some(length) = dollar_quoted(self.rest) {
            self.literal(length);
        } else if first.is_ascii_digit() {
            self.literal(number(self.rest));
        } else if first.is_alphabetic() || first == '_' {
            self.word();
        } else if first == '$' || first == ':' || first == '@' {
            // A parameter's name, with its digits.
            let length =
                1 + self.rest[1..].find(|character: char| !is_word(character)).unwrap_or(self.rest.len() - 1);
            self.keep(length);
        } else if first.is_whitespace() {
            self.skip(first.len_utf8());
            if !self.at_space() {
                self.out.push(' ');
            }
        } else {
            self.keep(first.len_utf8());
        }
        true
    }

    fn at_space(&self) -> bool {
        self.out.is_empty() || self.out.ends_with(' ')
    }

    /// An identifier or keyword, or what stands before a string: `E'…'`, `X'…'`, `N'…'`.
    fn word(&mut self) {
        let length = self.rest.find(|character: char| !is_word(character)).unwrap_or(self.rest.len());
        let after = &self.rest[length..];
        if after.starts_with('\'') && length <= 2 {
            self.literal(length + quoted(after, '\''));
        } else {
            self.keep(length);
        }
    }

    fn skip(&mut self, length: usize) {
        self.rest = &self.rest[length..];
    }

    fn keep(&mut self, length: usize) {
        self.out.push_str(&self.rest[..length]);
        self.skip(length);
    }

    fn literal(&mut self, length: usize) {
        self.skip(length);
        self.out.push('?');
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$')
}

/// The length of what is in quotes; of all the rest if they are never closed. A doubled quote is one of the text, and
/// what follows a backslash is too, as in MySQL and in PostgreSQL's `E''`.
fn quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && quote == '\'' {
            characters.next();
        } else if character == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return at + quote.len_utf8();
        }
    }
    text.len()
}

/// PostgreSQL's `$tag$…$tag$`.
fn dollar_quoted(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('$')?;
    let tag = inner.find('$').filter(|&end| inner[..end].chars().all(|c| c.is_alphanumeric() || c == '_'))?;
    if inner.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let tag = &text[..tag + 2];
    Some(text[tag.len()..].find(tag).map_or(text.len(), |end| 2 * tag.len() + end))
}

fn number(text: &str) -> usize {
    let mut before = ' ';
    let end = text.find(|character: char| {
        let is_part = character.is_ascii_alphanumeric()
            || matches!(character, '.' | '_')
            || matches!(character, '+' | '-') && matches!(before, 'e' | 'E');
        before = character;
        !is_part
    });
    end.unwrap_or(text.len())
}

/// `(?, ?, ?)` as `(?)`, so that queries do not differ by how many they ask for.
fn one_of_each_list(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("(?") {
        let (before, list) = rest.split_at(start);
        out.push_str(before);
        let end =
            list.find(|character: char| !matches!(character, '(' | '?' | ',' | ' ')).unwrap_or(list.len());
        let is_list = list[end..].starts_with(')') && !list[1..end].contains('(');
        out.push_str(if is_list { "(?" } else { &list[..end] });
        rest = &list[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, expected: &str) {
        assert_eq!(sanitized(query), expected);
    }

    #[test]
    fn literals_of_each_dialect_go() {
        check("select 1.5e-3, 0xff, -7", "select ?, ?, -?");
        check("select 'it''s', 'a\\'b', E'x\\'y', X'ff', N'z'", "select ?, ?, ?, ?, ?");
        check("select $tag$ secret $tag$, $$x$$, $1, :name, @v2", "select ?, ?, $1, :name, @v2");
        check("select \"Column1\", `t 2`.c3 from t4", "select \"Column1\", `t 2`.c3 from t4");
        check("select 'never closed", "select ?");
    }

    #[test]
    fn comments_go_and_space_is_one() {
        check("select  a -- secret\n from\tb /* secret */ where c=1", "select a from b where c=?");
        check("select 1 # secret\n", "select ?");
        check("select a#>b", "select a#>b");
        check("/* never closed", "");
    }

    #[test]
    fn lists_are_one_and_calls_stay() {
        check("a in (1,2, 3) and b in ('x')", "a in (?) and b in (?)");
        check("values (1, 2), (3, now())", "values (?), (?, now())");
        check("f((1))", "f((?))");
        check(&"é".repeat(10_000), &"é".repeat(MAX_BYTES / 2));
    }
}

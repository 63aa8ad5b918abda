//! From text to tokens: words, quoted strings, numbers, signs, bracketed keys and JSON literals.

use model::property::Comparator;
use serde_json::Value;

use super::FilterError;

/// The symbol that an error names is cut to so many characters.
const MAX_SHOWN: usize = 40;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    /// Letters, digits, `_` and `.`, beginning with a letter or `_`.
    Word(&'a str),
    Text(String),
    Number(f64),
    /// What stands in `[...]`: the key of an annotation.
    Key(String),
    /// What stands after `#`: a JSON array.
    Json(Value),
    Compare(Comparator),
    Not,
    Open,
    Close,
    OpenBlock,
    CloseBlock,
    Comma,
    Colon,
    End,
}

/// A token with the bytes `start..end` of the text that it was read from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed<'a> {
    pub(super) token: Token<'a>,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// All tokens of the text; the last is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Placed<'_>>, FilterError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_space();
        let start = lexer.at;
        let token = lexer.next()?;
        let is_end = token == Token::End;
        tokens.push(Placed { token, start, end: lexer.at });
        if is_end {
            return Ok(tokens);
        }
    }
}

/// Where the last, maybe unfinished word, string or key of the text begins; the end of the text where there
/// is none that could go on.
pub(super) fn unfinished(text: &str) -> usize {
    let mut lexer = Lexer { text, at: 0 };
    // The word before, which an unfinished `[` belongs to.
    let mut word = None;
    loop {
        lexer.skip_space();
        let start = lexer.at;
        match lexer.next() {
            Ok(Token::End) => return word.map_or(start, |(at, end)| if end == start { at } else { start }),
            Ok(Token::Word(_) | Token::Number(_)) => word = Some((start, lexer.at)),
            Ok(_) => word = None,
            Err(_) if text[start..].starts_with('[') => return word.map_or(start, |(at, _)| at),
            Err(_) => return start,
        }
    }
}

/// X-Ray's words for a symbol that cannot stand where it stands.
pub(super) fn invalid_symbol(text: &str, start: usize, end: usize) -> FilterError {
    let symbol = &text[start..end];
    let message = match symbol.char_indices().nth(MAX_SHOWN) {
        Some((cut, _)) => format!("Invalid input symbol: '{}...'", &symbol[..cut]),
        None if symbol.is_empty() => "Invalid input symbol: '<EOF>'".to_owned(),
        None => format!("Invalid input symbol: '{symbol}'"),
    };
    FilterError::at(text, start, message)
}

impl Token<'_> {
    /// The text of a token that always has the same.
    pub(super) fn sign(&self) -> Option<&'static str> {
        match self {
            Self::Not => Some("!"),
            Self::Open => Some("("),
            Self::Close => Some(")"),
            Self::OpenBlock => Some("{"),
            Self::CloseBlock => Some("}"),
            Self::Comma => Some(","),
            Self::Colon => Some(":"),
            Self::Compare(comparator) => Some(comparator.sign()),
            _ => None,
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    /// A byte offset, always between two characters.
    at: usize,
}

impl<'a> Lexer<'a> {
    fn next(&mut self) -> Result<Token<'a>, FilterError> {
        let start = self.at;
        let Some(first) = self.peek() else {
            return Ok(Token::End);
        };
        match first {
            '"' => return self.string().map(Token::Text),
            '[' => return self.key().map(Token::Key),
            '#' => return self.json().map(Token::Json),
            _ if first.is_ascii_alphabetic() || first == '_' => {
                self.skip_while(is_word);
                return Ok(Token::Word(&self.text[start..self.at]));
            }
            _ if first.is_ascii_digit() || matches!(first, '-' | '+' | '.') => return self.number(),
            _ => {}
        }
        self.at += first.len_utf8();
        let is_followed_by_equals = self.peek() == Some('=');
        let token = match first {
            '(' => Token::Open,
            ')' => Token::Close,
            '{' => Token::OpenBlock,
            '}' => Token::CloseBlock,
            ',' => Token::Comma,
            ':' => Token::Colon,
            '=' => Token::Compare(Comparator::Equal),
            '!' if is_followed_by_equals => Token::Compare(Comparator::NotEqual),
            '!' => Token::Not,
            '<' if is_followed_by_equals => Token::Compare(Comparator::LessOrEqual),
            '<' => Token::Compare(Comparator::Less),
            '>' if is_followed_by_equals => Token::Compare(Comparator::GreaterOrEqual),
            '>' => Token::Compare(Comparator::Greater),
            _ => return Err(invalid_symbol(self.text, start, self.at)),
        };
        if is_followed_by_equals && matches!(first, '!' | '<' | '>') {
            self.at += 1;
        }
        Ok(token)
    }

    /// A string in double quotes. The only escapes are `\"` and `\\`; anything else after a backslash is an
    /// error, since nobody knows what X-Ray makes of it.
    fn string(&mut self) -> Result<String, FilterError> {
        let start = self.at;
        self.at += 1;
        let mut value = String::new();
        loop {
            let place = self.at;
            match self.take() {
                Some('"') => return Ok(value),
                Some('\\') => match self.take() {
                    Some(escaped @ ('"' | '\\')) => value.push(escaped),
                    Some(_) => return Err(invalid_symbol(self.text, place, self.at)),
                    None => break,
                },
                Some(other) => value.push(other),
                None => break,
            }
        }
        Err(FilterError::at(self.text, start, "Unterminated string".to_owned()))
    }

    /// The key of an annotation, bare up to the bracket or quoted.
    fn key(&mut self) -> Result<String, FilterError> {
        let start = self.at;
        self.at += 1;
        self.skip_space();
        let key = if self.peek() == Some('"') {
            self.string()?
        } else {
            let begin = self.at;
            self.skip_while(|next| !matches!(next, ']' | '[' | '"' | '{' | '}'));
            self.text[begin..self.at].trim_end().to_owned()
        };
        self.skip_space();
        let place = self.at;
        if self.take() != Some(']') {
            return Err(invalid_symbol(self.text, place, self.at));
        }
        if key.is_empty() {
            return Err(invalid_symbol(self.text, start, self.at));
        }
        Ok(key)
    }

    /// `#[...]`, a JSON array. The reader bounds its depth by itself.
    fn json(&mut self) -> Result<Value, FilterError> {
        let start = self.at;
        self.at += 1;
        if self.peek() != Some('[') {
            return Err(invalid_symbol(self.text, start, self.at));
        }
        let mut values = serde_json::Deserializer::from_str(&self.text[self.at..]).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                self.at += values.byte_offset();
                Ok(value)
            }
            Some(Err(error)) => Err(FilterError::at(self.text, start, format!("Invalid JSON: {error}"))),
            None => Err(invalid_symbol(self.text, start, self.text.len())),
        }
    }

    fn number(&mut self) -> Result<Token<'a>, FilterError> {
        let start = self.at;
        let mut previous = ' ';
        self.skip_while(|next| {
            // A sign belongs to the number at its start and after the `e` of an exponent.
            let is_sign = matches!(next, '-' | '+') && matches!(previous, ' ' | 'e' | 'E');
            previous = next;
            is_sign || is_word(next)
        });
        match self.text[start..self.at].parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Token::Number(number)),
            _ => Err(invalid_symbol(self.text, start, self.at)),
        }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn skip_while(&mut self, mut wanted: impl FnMut(char) -> bool) {
        while let Some(next) = self.peek().filter(|&next| wanted(next)) {
            self.at += next.len_utf8();
        }
    }

    fn skip_space(&mut self) {
        self.skip_while(char::is_whitespace);
    }
}

fn is_word(next: char) -> bool {
    next.is_ascii_alphanumeric() || matches!(next, '_' | '.')
}

//! Splits text into tokens.

use std::fmt;

use super::{TextError, escape};

/// A place in a text, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} column {}", self.line, self.column)
    }
}

/// A piece of text that the grammar treats as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// Letters, digits, `_`, `+`, `-`, `.`: names and numbers.
    Word(&'t str),
    /// A string literal without its quotes, escapes not yet decoded.
    Literal(&'t str),
    /// Any other character.
    Mark(char),
    /// The end of the text.
    End,
}

impl Token<'_> {
    /// How errors name the token.
    pub(super) fn describe(self) -> String {
        match self {
            Token::Word(word) => format!("`{word}`"),
            Token::Literal(text) => format!("the string {text:?}"),
            Token::Mark(c) => format!("`{c}`"),
            Token::End => "the end of the text".to_owned(),
        }
    }
}

/// Reads tokens one after another; holds the next one.
pub(super) struct Tokens<'t> {
    text: &'t str,
    /// What follows the current token.
    rest: &'t str,
    current: Token<'t>,
    /// Byte offset of the current token.
    start: usize,
}

impl<'t> Tokens<'t> {
    pub(super) fn new(text: &'t str) -> Result<Tokens<'t>, TextError> {
        let mut tokens = Tokens {
            text,
            rest: text,
            current: Token::End,
            start: 0,
        };
        tokens.advance()?;
        Ok(tokens)
    }

    /// The token that comes next.
    pub(super) fn peek(&self) -> Token<'t> {
        self.current
    }

    /// The token that comes next, taken.
    pub(super) fn take(&mut self) -> Result<Token<'t>, TextError> {
        let token = self.current;
        self.advance()?;
        Ok(token)
    }

    /// Takes the next token if it is this character.
    pub(super) fn take_mark(&mut self, mark: char) -> Result<bool, TextError> {
        let there = self.current == Token::Mark(mark);
        if there {
            self.advance()?;
        }
        Ok(there)
    }

    /// Takes one or more string literals and appends their joined content to `out`.
    pub(super) fn take_literals(&mut self, out: &mut Vec<u8>) -> Result<(), TextError> {
        if !matches!(self.current, Token::Literal(_)) {
            return Err(self.unexpected("a string"));
        }
        while let Token::Literal(content) = self.current {
            escape::unescape(content, out).map_err(|reason| TextError::BadString {
                at: self.position(),
                reason,
            })?;
            self.advance()?;
        }
        Ok(())
    }

    /// Where the next token stands.
    pub(super) fn position(&self) -> Position {
        let before = self.text.get(..self.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
        Position {
            line: before.matches('\n').count() + 1,
            column,
        }
    }

    pub(super) fn unexpected(&self, expected: &str) -> TextError {
        TextError::Unexpected {
            at: self.position(),
            expected: expected.to_owned(),
            found: self.current.describe(),
        }
    }

    fn advance(&mut self) -> Result<(), TextError> {
        self.rest = skip_blanks(self.rest);
        self.start = self.text.len() - self.rest.len();
        let mut chars = self.rest.chars();
        let Some(first) = chars.next() else {
            self.current = Token::End;
            return Ok(());
        };
        if first == '"' || first == '\'' {
            return self.advance_over_literal(first, chars.as_str());
        }
        let dotted = first == '.' && chars.as_str().starts_with(|c: char| c.is_ascii_digit());
        if is_word(first) && first != '.' || dotted {
            let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
            let (word, rest) = self.rest.split_at(end);
            (self.current, self.rest) = (Token::Word(word), rest);
        } else {
            (self.current, self.rest) = (Token::Mark(first), chars.as_str());
        }
        Ok(())
    }

    fn advance_over_literal(&mut self, quote: char, content: &'t str) -> Result<(), TextError> {
        let mut escaped = false;
        for (i, c) in content.char_indices() {
            match c {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == quote => {
                    let (inside, rest) = content.split_at(i);
                    self.current = Token::Literal(inside);
                    self.rest = rest.strip_prefix(quote).unwrap_or(rest);
                    return Ok(());
                }
                _ => {}
            }
        }
        Err(TextError::BadString {
            at: self.position(),
            reason: "the closing quote is missing",
        })
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-' | '.')
}

/// What follows white space and comments.
fn skip_blanks(mut text: &str) -> &str {
    loop {
        text = text.trim_start();
        match text.strip_prefix('#') {
            Some(comment) => text = comment.find('\n').map_or("", |end| &comment[end..]),
            None => return text,
        }
    }
}

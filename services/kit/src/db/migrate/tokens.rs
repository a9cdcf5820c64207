//! SQL text as statements of tokens: just enough to move words, never to judge expressions.

use super::super::DbError;

/// A piece of SQL text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword or a plain name.
    Word(String),
    /// A string, a quoted name, a number, or a body between dollar signs: kept as it is.
    Literal(String),
    /// A run of operator characters, or one of `( ) , . ;`.
    Symbol(String),
}

/// A statement and the engine that alone gets it, if the line before said so.
#[derive(Debug, Default)]
pub(super) struct Statement {
    pub(super) only: Only,
    pub(super) tokens: Vec<Token>,
}

/// Which engines get a statement: a comment line `-- @postgres` or `-- @sqlite` before it restricts it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Only {
    #[default]
    Both,
    Postgres,
    Sqlite,
}

impl Token {
    /// Whether it is this keyword, in any case.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// Whether it is this symbol.
    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self, Self::Symbol(text) if text == symbol)
    }

    pub(super) fn text(&self) -> &str {
        let (Self::Word(text) | Self::Literal(text) | Self::Symbol(text)) = self;
        text
    }
}

/// Cuts a text into statements. Comments and white space vanish, so that they may change without changing a checksum.
pub(super) fn statements(sql: &str) -> Result<Vec<Statement>, DbError> {
    let mut done = Vec::new();
    let mut current = Statement::default();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            rest = rest.trim_start();
        } else if let Some(comment) = rest.strip_prefix("--") {
            let (line, after) = comment.split_once('\n').unwrap_or((comment, ""));
            match line.trim() {
                "@postgres" if current.tokens.is_empty() => current.only = Only::Postgres,
                "@sqlite" if current.tokens.is_empty() => current.only = Only::Sqlite,
                _ => {}
            }
            rest = after;
        } else if let Some(after) = rest.strip_prefix(';') {
            if !current.tokens.is_empty() {
                done.push(std::mem::take(&mut current));
            }
            rest = after;
        } else {
            let length = token_length(rest, first)?;
            let (text, after) = rest.split_at(length);
            current.tokens.push(token(text, first));
            rest = after;
        }
    }
    if !current.tokens.is_empty() {
        done.push(current);
    }
    Ok(done)
}

/// Statement text again, in one line with single spaces.
pub(super) fn join(tokens: &[Token]) -> String {
    let mut text = String::new();
    let mut glue = true;
    for token in tokens {
        let tight_before = matches!(token.text(), "," | ")" | "." | ";");
        if !glue && !tight_before {
            text.push(' ');
        }
        text.push_str(token.text());
        glue = matches!(token.text(), "(" | ".");
    }
    text
}

fn token(text: &str, first: char) -> Token {
    let text = text.to_owned();
    match first {
        '\'' | '"' | '$' | '0'..='9' => Token::Literal(text),
        c if is_word(c) => Token::Word(text),
        _ => Token::Symbol(text),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_operator(c: char) -> bool {
    "<>=!|+-*/%:~&^@#?".contains(c)
}

fn token_length(rest: &str, first: char) -> Result<usize, DbError> {
    let run = |keep: fn(char) -> bool| rest.find(|c| !keep(c)).unwrap_or(rest.len());
    match first {
        '\'' | '"' => quoted_length(rest, first),
        '$' => dollar_length(rest),
        '0'..='9' => Ok(run(|c| c.is_ascii_digit() || c == '.')),
        c if is_word(c) => Ok(run(is_word)),
        '(' | ')' | ',' | '.' => Ok(1),
        c if is_operator(c) => Ok(run(is_operator)),
        c => Err(DbError::fault(format!("a migration holds the character {c:?}"))),
    }
}

fn quoted_length(rest: &str, quote: char) -> Result<usize, DbError> {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            continue;
        }
        if chars.next_if(|(_, next)| *next == quote).is_none() {
            return Ok(at + quote.len_utf8());
        }
    }
    Err(DbError::fault("a migration ends inside a quotation"))
}

/// `$$ body $$` or `$tag$ body $tag$`.
fn dollar_length(rest: &str) -> Result<usize, DbError> {
    let open = rest.get(1..).and_then(|tail| tail.find('$')).map(|at| at + 2);
    let Some((tag, body)) = open.and_then(|length| rest.split_at_checked(length)) else {
        return Err(DbError::fault("a migration holds a lone dollar sign"));
    };
    match body.find(tag) {
        Some(end) => Ok(tag.len() + end + tag.len()),
        None => Err(DbError::fault("a migration ends inside a body between dollar signs")),
    }
}

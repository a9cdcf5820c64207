//! One text of DDL in PostgreSQL's words, translated for SQLite's strict tables.
//!
//! Understood: CREATE TABLE, CREATE [UNIQUE] INDEX, CREATE VIEW, ALTER TABLE ADD COLUMN / DROP COLUMN / RENAME, DROP, and
//! INSERT / UPDATE / DELETE in the common subset. Everything else is refused here, at once and by name, rather than found
//! out on one engine in production. What is for one engine alone stands after a line `-- @postgres` or `-- @sqlite`.
//!
//! Checksums of applied migrations are taken from what comes out of here: it must not change for what went in before. The
//! golden tests keep it.

use super::{
    super::{DbError, open::Engine},
    tokens::{Only, Token, join, statements},
};

/// Column types: PostgreSQL's word, and the type of a strict SQLite column.
const TYPES: &[(&str, &str)] = &[
    ("uuid", "BLOB"),
    ("bytea", "BLOB"),
    ("text", "TEXT"),
    ("timestamptz", "TEXT"),
    ("date", "TEXT"),
    ("jsonb", "TEXT"),
    ("bigint", "INTEGER"),
    ("integer", "INTEGER"),
    ("boolean", "INTEGER"),
];

/// Words that stand for something only PostgreSQL has, or that would bring in a clock or a randomness of its own.
const REFUSED_WORDS: &[&str] = &[
    "now",
    "current_timestamp",
    "current_date",
    "gen_random_uuid",
    "uuidv7",
    "serial",
    "bigserial",
    "array",
    "ilike",
    "using",
];

/// The statements of a migration for one engine, each in one line.
pub(super) fn for_engine(engine: Engine, sql: &str) -> Result<Vec<String>, DbError> {
    let all = statements(sql)?;
    let wanted = all.into_iter().filter(|statement| match statement.only {
        Only::Both => true,
        Only::Postgres => engine == Engine::Postgres,
        Only::Sqlite => engine == Engine::Sqlite,
    });
    wanted
        .map(|statement| {
            if statement.only != Only::Both {
                return Ok(join(&statement.tokens));
            }
            // Also for PostgreSQL: what SQLite would refuse must not reach either.
            let lite = translate(&statement.tokens)?;
            Ok(if engine == Engine::Sqlite { lite } else { join(&statement.tokens) })
        })
        .collect()
}

fn translate(tokens: &[Token]) -> Result<String, DbError> {
    refuse_words(tokens)?;
    let keywords: Vec<String> = tokens.iter().take(4).map(|t| t.text().to_ascii_lowercase()).collect();
    let keywords: Vec<&str> = keywords.iter().map(String::as_str).collect();
    match keywords.as_slice() {
        ["create", "table", ..] => create_table(tokens),
        ["create", "index" | "view", ..] | ["create", "unique", "index", ..] => Ok(join(tokens)),
        ["drop", "table" | "index" | "view", ..] => Ok(join(tokens)),
        ["alter", "table", _, "add"] => add_column(tokens),
        ["alter", "table", _, "rename"] => Ok(join(tokens)),
        ["alter", "table", _, "drop"] if tokens.get(4).is_some_and(|t| t.is("column")) => Ok(join(tokens)),
        ["insert" | "update" | "delete", ..] => Ok(join(tokens)),
        _ => Err(refused(tokens, "this kind of statement")),
    }
}

fn refuse_words(tokens: &[Token]) -> Result<(), DbError> {
    for token in tokens {
        if token.is_symbol("::") {
            return Err(refused(tokens, "a cast with ::"));
        }
        if let Some(word) = REFUSED_WORDS.iter().find(|word| token.is(word)) {
            return Err(refused(tokens, word));
        }
    }
    Ok(())
}

fn refused(tokens: &[Token], what: &str) -> DbError {
    let start: Vec<&str> = tokens.iter().take(6).map(Token::text).collect();
    DbError::fault(format!("a migration may not hold {what}: {} ...", start.join(" ")))
}

fn create_table(tokens: &[Token]) -> Result<String, DbError> {
    let open = tokens
        .iter()
        .position(|t| t.is_symbol("("))
        .ok_or_else(|| refused(tokens, "a table without columns"))?;
    let (head, rest) = tokens.split_at(open);
    let Some(([_, body @ ..], close)) = rest.split_last().map(|(last, body)| (body, last)) else {
        return Err(refused(tokens, "a table without columns"));
    };
    let parts = close.is_symbol(")").then(|| split_at_commas(body)).flatten();
    let Some(definitions) = parts else { return Err(refused(tokens, "words after a table's columns")) };
    let mut parts = Vec::new();
    for part in definitions {
        parts.push(if is_table_constraint(part) { join(part) } else { column(part)? });
    }
    Ok(format!("{} ({}) STRICT", join(head), parts.join(", ")))
}

fn add_column(tokens: &[Token]) -> Result<String, DbError> {
    let (head, definition) = match tokens {
        [_, _, _, _, column, ..] if column.is("column") => tokens.split_at(5),
        _ => return Err(refused(tokens, "ALTER TABLE ADD other than of a COLUMN")),
    };
    Ok(format!("{} {}", join(head), column(definition)?))
}

fn is_table_constraint(part: &[Token]) -> bool {
    let starts = ["primary", "unique", "check", "foreign", "constraint"];
    part.first().is_some_and(|first| starts.iter().any(|word| first.is(word)))
}

/// `name type rest`, with the type translated.
fn column(part: &[Token]) -> Result<String, DbError> {
    let [name, kind, rest @ ..] = part else { return Err(refused(part, "a column without a type")) };
    let bigint = kind.is("bigint");
    if let [generated, always_or_by, tail @ ..] = rest
        && generated.is("generated")
    {
        let tail = if always_or_by.is("by") { tail.get(1..).unwrap_or_default() } else { tail };
        return match tail {
            [a, b, c, d] if bigint && a.is("as") && b.is("identity") && c.is("primary") && d.is("key") => {
                Ok(format!("{} INTEGER PRIMARY KEY AUTOINCREMENT", name.text()))
            }
            _ => Err(refused(part, "GENERATED other than bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY")),
        };
    }
    let (lite, rest) = if kind.is("double") && rest.first().is_some_and(|t| t.is("precision")) {
        ("REAL", rest.get(1..).unwrap_or_default())
    } else {
        let known = TYPES.iter().find(|(postgres, _)| kind.is(postgres));
        let (_, lite) = known.ok_or_else(|| refused(part, "this column type"))?;
        (*lite, rest)
    };
    // varchar(n), numeric(p, s), text[]: limits belong into the domain and into CHECKs.
    if rest.first().is_some_and(|t| t.is_symbol("(")) {
        return Err(refused(part, "a type with a length"));
    }
    let space = if rest.is_empty() { "" } else { " " };
    Ok(format!("{} {lite}{space}{}", name.text(), join(rest)))
}

/// Splits at the commas that stand in no parentheses; `None` if a parenthesis closes that was not opened in here.
fn split_at_commas(tokens: &[Token]) -> Option<Vec<&[Token]>> {
    let mut depth = 0_i32;
    let mut balanced = true;
    let parts = tokens
        .split(|token| {
            match token.text() {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            balanced &= depth >= 0;
            depth == 0 && token.is_symbol(",")
        })
        .collect();
    balanced.then_some(parts)
}

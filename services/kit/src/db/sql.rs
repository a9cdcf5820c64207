//! SQL text: one for both engines, or one with the few words that differ.

/// A statement. Made from a `&'static str` when it is the same on both engines, with [`sql!`](crate::sql) when not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sql {
    pub(crate) pg: &'static str,
    pub(crate) lite: &'static str,
}

impl Sql {
    /// A text for each engine. [`sql!`](crate::sql) is the usual way.
    pub const fn per_engine(pg: &'static str, lite: &'static str) -> Self {
        Self { pg, lite }
    }
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self { pg: text, lite: text }
    }
}

/// Joins pieces of SQL: a bare text goes to both engines, one after `pg` to PostgreSQL only, one after `lite` to SQLite
/// only. Usable in a `const`.
///
/// ```ignore
/// const NEXT: Sql = sql!("SELECT id FROM jobs WHERE due <= $1 ORDER BY due LIMIT 1" pg " FOR UPDATE SKIP LOCKED");
/// ```
#[macro_export]
macro_rules! sql {
    (@join [$($pg:literal)*] [$($lite:literal)*]) => {
        $crate::db::Sql::per_engine(concat!($($pg),*), concat!($($lite),*))
    };
    (@join [$($pg:literal)*] [$($lite:literal)*] pg $piece:literal $($rest:tt)*) => {
        $crate::sql!(@join [$($pg)* $piece] [$($lite)*] $($rest)*)
    };
    (@join [$($pg:literal)*] [$($lite:literal)*] lite $piece:literal $($rest:tt)*) => {
        $crate::sql!(@join [$($pg)*] [$($lite)* $piece] $($rest)*)
    };
    (@join [$($pg:literal)*] [$($lite:literal)*] $piece:literal $($rest:tt)*) => {
        $crate::sql!(@join [$($pg)* $piece] [$($lite)* $piece] $($rest)*)
    };
    ($($pieces:tt)+) => {
        $crate::sql!(@join [] [] $($pieces)+)
    };
}

/// How many arguments a statement takes: the highest `$n`, or the number of bare `?` outside quotes and comments.
///
/// SQLite takes NULL for an argument that is missing, and both engines swallow one too many.
pub(super) fn parameters(sql: &str) -> usize {
    let bytes = sql.as_bytes();
    let (mut highest, mut bare, mut at) = (0, 0, 0);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\'' | b'"' => at = skip_quoted(bytes, at, byte),
            b'-' if bytes.get(at + 1) == Some(&b'-') => at = skip_line(bytes, at),
            b'?' => {
                bare += 1;
                at += 1;
            }
            b'$' => {
                let digits = bytes.iter().skip(at + 1).take_while(|b| b.is_ascii_digit()).count();
                let number = sql.get(at + 1..at + 1 + digits).and_then(|n| n.parse().ok()).unwrap_or(0);
                highest = highest.max(number);
                at += 1 + digits;
            }
            _ => at += 1,
        }
    }
    highest.max(bare)
}

fn skip_quoted(bytes: &[u8], start: usize, quote: u8) -> usize {
    // A doubled quote ends one string and starts the next, which comes to the same.
    let length = bytes.iter().skip(start + 1).take_while(|b| **b != quote).count();
    start + length + 2
}

fn skip_line(bytes: &[u8], start: usize) -> usize {
    start + bytes.iter().skip(start).take_while(|b| **b != b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_go_to_their_engine() {
        const SQL: Sql = sql!("SELECT 1" pg " FOR UPDATE" lite " LIMIT 1" " -- end");
        assert_eq!(SQL.pg, "SELECT 1 FOR UPDATE -- end");
        assert_eq!(SQL.lite, "SELECT 1 LIMIT 1 -- end");
        assert_eq!(sql!("SELECT 1"), Sql::from("SELECT 1"));
    }

    #[test]
    fn parameters_are_counted_outside_quotes_and_comments() {
        for (sql, count) in [
            ("SELECT 1", 0),
            ("SELECT $1, $2, $1", 2),
            ("SELECT '$3', \"$4\", 'it''s $5', $1", 1),
            ("SELECT $1 -- and $2\n, $3", 3),
            ("VALUES (?,?),(?,?)", 4),
            ("SELECT data ->> '$.a?' WHERE $12", 12),
        ] {
            assert_eq!(parameters(sql), count, "{sql}");
        }
    }
}

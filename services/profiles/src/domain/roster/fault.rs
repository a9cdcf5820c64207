//! What is wrong with a file as a whole: nothing of it is taken.

/// Rows below the headings that a file may have.
pub const MAX_ROWS: usize = 300_000;
/// Columns that a sheet may use.
pub const MAX_COLUMNS: u32 = 200;
/// Size of a file, in bytes.
pub const MAX_FILE_BYTES: usize = 32 << 20;
/// The last row in which the headings may stand.
pub const MAX_HEADER_ROW: u32 = 20;

/// Why a file is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// It has no bytes.
    #[error("the file is empty")]
    Empty,
    /// More bytes than [`MAX_FILE_BYTES`].
    #[error("the file is too large")]
    TooLarge,
    /// Neither a workbook nor text.
    #[error("the file is neither an XLSX workbook nor CSV text")]
    Kind,
    /// A workbook of Excel 97 to 2003, whatever its name says.
    #[error("the file is an old XLS workbook")]
    OldXls,
    /// A workbook that opens with a password only.
    #[error("the workbook is protected by a password")]
    Password,
    /// A workbook that cannot be read to its end.
    #[error("the workbook is broken")]
    Broken,
    /// A workbook that unpacks to far more than a roster can be.
    #[error("the workbook unpacks to more than a roster can be")]
    Bomb,
    /// Text in no encoding that we know.
    #[error("the text is neither UTF-8 nor GB18030")]
    Encoding,
    /// More rows than [`MAX_ROWS`].
    #[error("too many rows")]
    TooManyRows,
    /// Something stands right of column [`MAX_COLUMNS`].
    #[error("too many columns")]
    TooManyColumns,
    /// No row of headings among the first [`MAX_HEADER_ROW`].
    #[error("no row of headings")]
    NoHeader,
    /// Headings that a roster must have are missing: all of them.
    #[error("columns are missing: {}", .0.join(", "))]
    ColumnsMissing(Vec<String>),
    /// Two headings for one thing: all of them.
    #[error("columns stand there twice: {}", .0.join(", "))]
    ColumnTwice(Vec<String>),
    /// Headings, but nothing below them.
    #[error("no rows below the headings")]
    NoRows,
}

impl FileFault {
    /// The reason in the error catalogue.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "ROSTER_FILE_EMPTY",
            Self::TooLarge => "ROSTER_FILE_TOO_LARGE",
            Self::Kind => "ROSTER_FILE_KIND",
            Self::OldXls => "ROSTER_FILE_OLD_XLS",
            Self::Password => "ROSTER_FILE_PASSWORD",
            Self::Broken => "ROSTER_FILE_BROKEN",
            Self::Bomb => "ROSTER_FILE_BOMB",
            Self::Encoding => "ROSTER_FILE_ENCODING",
            Self::TooManyRows => "ROSTER_FILE_TOO_MANY_ROWS",
            Self::TooManyColumns => "ROSTER_FILE_TOO_MANY_COLUMNS",
            Self::NoHeader => "ROSTER_FILE_NO_HEADER",
            Self::ColumnsMissing(_) => "ROSTER_COLUMNS_MISSING",
            Self::ColumnTwice(_) => "ROSTER_COLUMN_TWICE",
            Self::NoRows => "ROSTER_FILE_NO_ROWS",
        }
    }

    /// What the message names.
    pub fn params(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::TooLarge => vec![("max", (MAX_FILE_BYTES >> 20).to_string())],
            Self::TooManyRows => vec![("max", MAX_ROWS.to_string())],
            Self::TooManyColumns => vec![("max", MAX_COLUMNS.to_string())],
            Self::NoHeader => vec![("max", MAX_HEADER_ROW.to_string())],
            Self::ColumnsMissing(columns) | Self::ColumnTwice(columns) => {
                vec![("columns", columns.join("、"))]
            }
            _ => Vec::new(),
        }
    }

    /// One fault of each kind, for the test that compares them with the catalogue.
    pub fn all() -> Vec<Self> {
        vec![
            Self::Empty,
            Self::TooLarge,
            Self::Kind,
            Self::OldXls,
            Self::Password,
            Self::Broken,
            Self::Bomb,
            Self::Encoding,
            Self::TooManyRows,
            Self::TooManyColumns,
            Self::NoHeader,
            Self::ColumnsMissing(Vec::new()),
            Self::ColumnTwice(Vec::new()),
            Self::NoRows,
        ]
    }
}

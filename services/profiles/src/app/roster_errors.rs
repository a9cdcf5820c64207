//! The workbook of an import in which everything is marked that there is to say of its rows.

use super::App;
use crate::{
    domain::roster::{
        import::{About, Import, ImportId, RowResult},
        reason::Finding,
    },
    error::{Error, RosterFault},
    spreadsheet::marked::{self, Mark, Marks},
    store::{roster, roster::RowFilter},
};
use std::fmt;
use xinqiao_kit::{
    catalogue::{Catalogue, Locale},
    ctx::Ctx,
};

/// A workbook to download.
#[derive(Clone, PartialEq, Eq)]
pub struct MarkedWorkbook {
    /// Its bytes.
    pub content: Vec<u8>,
    /// Its media type.
    pub content_type: &'static str,
    /// A name for it.
    pub filename: String,
}

impl fmt::Debug for MarkedWorkbook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MarkedWorkbook({} bytes)", self.content.len())
    }
}

/// A finding in words.
pub(crate) fn words(catalogue: &Catalogue, locale: Locale, finding: &Finding) -> String {
    let param = finding.reason.param().zip(finding.param.as_deref());
    catalogue.text(locale, finding.reason.code(), param.as_slice())
}

fn marks_of(about: &About, ctx: &Ctx, row: &RowResult) -> Vec<Mark> {
    let mark = |finding: &Finding| {
        let text = words(&ctx.catalogue, ctx.locale, finding);
        let place = about.address(row.row, finding.column);
        let heading = finding.column.map_or("", |column| about.headings.written(column));
        Mark {
            column: finding.column.and_then(|column| about.headings.place(column)),
            warning: finding.reason.is_warning(),
            line: format!("{place} {heading}：{text}").replace(" ：", "："),
            text,
        }
    };
    row.findings.iter().map(mark).collect()
}

impl App {
    /// The rows of an import's file with their errors marked.
    ///
    /// # Errors
    /// Access; an import that has not finished; a file that was erased.
    pub async fn download_import_errors(
        &self,
        ctx: &Ctx,
        id: ImportId,
        only_marked: bool,
    ) -> Result<MarkedWorkbook, Error> {
        let import = self.details(ctx, id).await?;
        if !import.state.is_last() {
            return Err(RosterFault::Unfinished.into());
        }
        let mut tx = self.deps.db.begin().await?;
        let content = roster::content(&mut tx, &self.deps.keys, id).await?;
        let content = content.ok_or(RosterFault::Erased)?;
        let mut marks = Marks::new();
        let filter = RowFilter { outcome: None, remarked: true };
        let mut position = 0;
        while let Some((chunk, rows)) =
            roster::next_results(&mut tx, &self.deps.keys, id, position, filter).await?
        {
            for row in rows.iter().filter(|row| filter.takes(row)) {
                marks.insert(row.row, marks_of(&import.about, ctx, row));
            }
            position = chunk + 1;
        }
        self.shown(tx, ctx, &Self::import_target(&import), ()).await?;
        let heading = ctx.catalogue.text::<&str, &str>(ctx.locale, "ROSTER_MARKED_REASONS", &[]);
        let suffix = ctx.catalogue.text::<&str, &str>(ctx.locale, "ROSTER_MARKED_SUFFIX", &[]);
        let filename = marked_name(&import, &suffix);
        let rows_total = usize::try_from(import.rows_total).unwrap_or_default();
        let written = tokio::task::spawn_blocking(move || {
            marked::workbook(&content, &import.about, &marks, &heading, only_marked, rows_total)
        });
        let content = match written.await {
            Ok(Ok(content)) => content,
            Ok(Err(cause)) => {
                tracing::error!(import = %id, %cause, "a marked workbook could not be made");
                return Err(RosterFault::Workbook.into());
            }
            Err(cause) => {
                tracing::error!(import = %id, %cause, "making a marked workbook broke off");
                return Err(RosterFault::Workbook.into());
            }
        };
        Ok(MarkedWorkbook { content, content_type: marked::CONTENT_TYPE, filename })
    }
}

/// `初一.xlsx` becomes `初一-错误标注.xlsx`.
fn marked_name(import: &Import, suffix: &str) -> String {
    let name = import.about.filename.as_str();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    format!("{stem}{suffix}.xlsx")
}

//! The catalogue of instruments: what the platform ships, and the official wordings that the county has imported.

use super::{App, Error};
use crate::{
    domain::instrument::{FIRST_COUNTY_VERSION, Instrument, RawInstrument, fhir::Questionnaire},
    store::instruments::{self, InstrumentRow},
};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};
use xinqiao_kit::{
    audit,
    authz::Target,
    ctx::{Ctx, RequestKey},
    db::Db,
    page::Page,
    requests,
    status::Violation,
    time::Ts,
};

/// Versions of instruments by id and version. A version never changes, so that what was read once is kept.
#[derive(Default)]
pub struct Instruments(RwLock<HashMap<(String, i32), Arc<Instrument>>>);

impl std::fmt::Debug for Instruments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Instruments(..)")
    }
}

impl Instruments {
    /// Stores the shipped instruments, those that are new.
    ///
    /// # Errors
    /// A shipped instrument is broken, or the database fails.
    pub async fn install(db: &Db, files: &[(&str, &str)], now: Ts) -> Result<Self, Error> {
        let mut rows = Vec::new();
        for (id, text) in files {
            let instrument = Instrument::parse(text).map_err(|defects| Error::BrokenInstrument {
                id: (*id).to_owned(),
                version: 0,
                defects,
            })?;
            rows.push(InstrumentRow {
                id: instrument.id,
                version: instrument.version,
                body: (*text).to_owned(),
            });
        }
        let mut tx = db.begin().await?;
        let added = instruments::add(&mut tx, rows, now).await?;
        tx.commit().await?;
        if added > 0 {
            tracing::info!(added, "instruments were added to the catalogue");
        }
        Ok(Self::default())
    }

    /// One version of an instrument.
    ///
    /// # Errors
    /// The database fails, or what is stored is broken.
    pub async fn get(&self, db: &Db, id: &str, version: i32) -> Result<Option<Arc<Instrument>>, Error> {
        let key = (id.to_owned(), version);
        if let Some(found) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Some(found.clone()));
        }
        let Some(row) = instruments::get(db, id, version).await? else {
            return Ok(None);
        };
        let parsed = Instrument::parse(&row.body);
        let instrument =
            Arc::new(parsed.map_err(|defects| Error::BrokenInstrument { id: row.id, version, defects })?);
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(key, instrument.clone());
        Ok(Some(instrument))
    }

    /// The version that something was recorded with: it must be there.
    ///
    /// # Errors
    /// As [`Instruments::get`]; an instrument that is gone is a fault.
    pub async fn recorded(&self, db: &Db, (id, version): (&str, i32)) -> Result<Arc<Instrument>, Error> {
        let found = self.get(db, id, version).await?;
        found.ok_or_else(|| {
            xinqiao_kit::keys::KeyError::Content { table: "instruments", column: "body" }.into()
        })
    }

    /// The version that a caller names, the newest if none; `None` if there is none.
    ///
    /// # Errors
    /// As [`Instruments::get`].
    pub async fn named(
        &self,
        db: &Db,
        id: &str,
        version: Option<i32>,
    ) -> Result<Option<Arc<Instrument>>, Error> {
        let version = match version {
            Some(version) => Some(version),
            None => instruments::newest(db, id).await?,
        };
        match version {
            Some(version) => self.get(db, id, version).await,
            None => Ok(None),
        }
    }
}

impl App {
    /// The newest version of each instrument, by id.
    pub async fn list_instruments(
        &self,
        ctx: &Ctx,
        page: &Page,
    ) -> Result<(Vec<Arc<Instrument>>, String), Error> {
        self.deps.authz.require(ctx, &Target::new("instrument"))?;
        let after = page.after.as_ref().and_then(|parts| parts.first()).cloned().unwrap_or_default();
        let mut names = instruments::list(&self.deps.db, &after, page.fetch()).await?;
        let next = page.cut(&mut names, |(id, _)| vec![id.clone()]);
        let mut found = Vec::with_capacity(names.len());
        for (id, version) in names {
            found.push(self.instruments.recorded(&self.deps.db, (&id, version)).await?);
        }
        Ok((found, next))
    }

    /// One instrument.
    pub async fn get_instrument(
        &self,
        ctx: &Ctx,
        id: &str,
        version: Option<i32>,
    ) -> Result<Arc<Instrument>, Error> {
        let found = self.instruments.named(&self.deps.db, id, version).await?;
        Ok(self.deps.authz.require_found(ctx, found, |_| Target::new("instrument"))?)
    }

    /// Replaces an instrument's wording by the official one, as a new version with the same key.
    pub async fn import_wording(
        &self,
        ctx: &Ctx,
        id: &str,
        questionnaire: &str,
        licence: &str,
        key: &Option<RequestKey>,
    ) -> Result<Arc<Instrument>, Error> {
        let target = Target::new("instrument");
        self.deps.authz.require(ctx, &target)?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(version) = requests::begin::<i32>(&mut tx, ctx, key, &self.deps.keys).await? {
            drop(tx);
            return self.instruments.recorded(&self.deps.db, (id, version)).await;
        }
        let newest = instruments::newest_tx(&mut tx, id).await?;
        let newest = self.deps.authz.require_found(ctx, newest, |_| target.clone())?;
        let version = newest.version.saturating_add(1).max(FIRST_COUNTY_VERSION);
        let raw = with_official_wording(&newest, questionnaire, licence, version)?;
        let body =
            serde_json::to_string(&raw).map_err(|_| wording_refused("cannot be written".to_owned()))?;
        let added =
            instruments::add(&mut tx, vec![InstrumentRow { id: newest.id, version, body }], ctx.now())
                .await?;
        if added == 0 {
            return Err(Error::Raced);
        }
        audit::record(&mut tx, ctx, audit::Entry::write(&target).note("official wording imported")).await?;
        requests::finish(&mut tx, ctx, key, &version, &self.deps.keys).await?;
        tx.commit().await?;
        self.instruments.recorded(&self.deps.db, (id, version)).await
    }
}

/// The instrument with another wording, if that fits its key; every defect if not.
fn with_official_wording(
    newest: &InstrumentRow,
    questionnaire: &str,
    licence: &str,
    version: i32,
) -> Result<RawInstrument, Error> {
    let broken =
        |defects| Error::BrokenInstrument { id: newest.id.clone(), version: newest.version, defects };
    let stored = RawInstrument::parse(&newest.body).map_err(broken)?;
    let wording: Questionnaire = serde_json::from_str(questionnaire)
        .map_err(|cause| wording_refused(format!("cannot be read: {cause}")))?;
    let raw = stored.with_wording(wording, licence, version);
    let defect = |defect: &crate::domain::instrument::Defect| violation(defect.to_string());
    Instrument::check(&raw)
        .map_err(|defects| Error::WordingRefused(defects.0.iter().map(defect).collect()))?;
    Ok(raw)
}

fn violation(detail: String) -> Violation {
    Violation::new("questionnaire_json", "INSTRUMENT_DEFECT").param("detail", detail)
}

fn wording_refused(detail: String) -> Error {
    Error::WordingRefused(vec![violation(detail)])
}

//! Counts of results, and which of them are held back so that nobody can be found in them (P3.7).
//!
//! A table of counts with its totals is published as a whole: parts (classes of a school, schools of a county) down, categories across. A
//! count from 1 to just below the limit is held back; then more are held back until no line of the table, with its total, gives one away by
//! subtraction.

use super::{
    level::Level,
    scoring::{Scored, Validity},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Limit for readers inside the school.
pub const LIMIT_INSIDE: u32 = 5;
/// Limit for readers outside of it.
pub const LIMIT_OUTSIDE: u32 = 10;

/// What is counted of some results.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Results by validity.
    pub validities: BTreeMap<Validity, u32>,
    /// Valid results by level.
    pub levels: BTreeMap<Level, u32>,
    /// Valid results by scale, then band.
    pub bands: BTreeMap<String, BTreeMap<String, u32>>,
}

impl Tally {
    /// Counts one more result.
    pub fn add(&mut self, scored: &Scored) {
        *self.validities.entry(scored.validity).or_default() += 1;
        if scored.validity != Validity::Valid {
            return;
        }
        *self.levels.entry(scored.level).or_default() += 1;
        for score in &scored.scores {
            if let Some(band) = &score.band {
                *self.bands.entry(score.scale.clone()).or_default().entry(band.clone()).or_default() += 1;
            }
        }
    }

    /// Counts another tally's results as well.
    pub fn merge(&mut self, other: &Self) {
        other.validities.iter().for_each(|(key, count)| *self.validities.entry(*key).or_default() += count);
        other.levels.iter().for_each(|(key, count)| *self.levels.entry(*key).or_default() += count);
        for (scale, bands) in &other.bands {
            let own = self.bands.entry(scale.clone()).or_default();
            bands.iter().for_each(|(band, count)| *own.entry(band.clone()).or_default() += count);
        }
    }

    /// Results counted.
    #[cfg(test)]
    pub fn results(&self) -> u32 {
        self.validities.values().sum()
    }
}

/// A count, or that it is held back.
pub type Cell = Option<u32>;

/// The counts of one part, as they may be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// Results counted.
    pub results: Cell,
    /// By validity, all of them.
    pub validities: Vec<(Validity, Cell)>,
    /// By level, all of them.
    pub levels: Vec<(Level, Cell)>,
    /// By scale and band, in the order of the key.
    pub bands: Vec<(String, String, Cell)>,
}

/// The scales of an instrument and their bands, in the order of the key.
pub type Bands = Vec<(String, Vec<String>)>;

const VALIDITIES: [Validity; 3] = [Validity::Valid, Validity::Void, Validity::Incomplete];

/// What may be shown of each part and of all together, in this order.
pub fn show(parts: &[Tally], bands: &Bands, limit: u32) -> (Vec<Shown>, Shown) {
    let mut shown = vec![Shown::default(); parts.len() + 1];
    let count = |map: Option<u32>| map.unwrap_or_default();

    let rows =
        parts.iter().map(|part| VALIDITIES.map(|key| count(part.validities.get(&key).copied())).to_vec());
    for (out, row) in shown.iter_mut().zip(hold_back(rows.collect(), limit)) {
        out.validities = VALIDITIES.into_iter().zip(row.cells).collect();
        out.results = row.total;
    }
    let rows = parts.iter().map(|part| Level::ALL.map(|key| count(part.levels.get(&key).copied())).to_vec());
    for (out, row) in shown.iter_mut().zip(hold_back(rows.collect(), limit)) {
        out.levels = Level::ALL.into_iter().zip(row.cells).collect();
    }
    for (scale, bands) in bands {
        let of = |part: &Tally, band: &String| {
            count(part.bands.get(scale).and_then(|found| found.get(band)).copied())
        };
        let rows = parts.iter().map(|part| bands.iter().map(|band| of(part, band)).collect());
        for (out, row) in shown.iter_mut().zip(hold_back(rows.collect(), limit)) {
            out.bands
                .extend(bands.iter().zip(row.cells).map(|(band, cell)| (scale.clone(), band.clone(), cell)));
        }
    }
    let all = shown.pop().unwrap_or_default();
    (shown, all)
}

/// One row of a table as it may be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// The categories.
    pub(super) cells: Vec<Cell>,
    /// Their sum.
    pub(super) total: Cell,
}

/// Holds counts of a table back; the last row that comes back is the sum of the others.
pub(super) fn hold_back(rows: Vec<Vec<u32>>, limit: u32) -> Vec<Row> {
    let mut table = Table::of(rows, limit);
    while table.hold_more() {}
    table.rows()
}

/// A table with its totals as last row and column; each line adds up to its last entry.
struct Table {
    counts: Vec<Vec<u32>>,
    held: Vec<Vec<bool>>,
    limit: u32,
}

impl Table {
    fn of(mut counts: Vec<Vec<u32>>, limit: u32) -> Self {
        for row in &mut counts {
            row.push(row.iter().sum());
        }
        let width = counts.first().map_or(1, Vec::len);
        let totals = (0..width).map(|column| counts.iter().filter_map(|row| row.get(column)).sum()).collect();
        counts.push(totals);
        let small = |count: &u32| (1..limit).contains(count);
        let mut held: Vec<Vec<bool>> = counts.iter().map(|row| row.iter().map(small).collect()).collect();
        for (row, held) in counts.iter().zip(&mut held) {
            // Of so few results not even a zero is shown.
            if row.last().is_some_and(small) {
                held.fill(true);
            }
        }
        Self { counts, held, limit }
    }

    /// Holds one more count back where a line would give a held one away; false when nothing had to be done.
    fn hold_more(&mut self) -> bool {
        let (height, width) = (self.counts.len(), self.counts.first().map_or(0, Vec::len));
        let rows = (0..height).map(|row| (0..width).map(|column| (row, column)).collect::<Vec<_>>());
        let columns = (0..width).map(|column| (0..height).map(|row| (row, column)).collect::<Vec<_>>());
        let next = rows.chain(columns).find_map(|line| self.next_of(&line));
        if let Some((row, column)) = next
            && let Some(held) = self.held.get_mut(row).and_then(|row| row.get_mut(column))
        {
            *held = true;
        }
        next.is_some()
    }

    /// What must also be held back in a line, if anything: a single held entry is the difference of the others, and entries that
    /// together are below the limit are still a small group.
    fn next_of(&self, line: &[(usize, usize)]) -> Option<(usize, usize)> {
        let (open, held): (Vec<_>, Vec<_>) = line.iter().copied().partition(|at| !self.is_held(*at));
        let total_is_held = line.last().is_some_and(|at| self.is_held(*at));
        let hidden: u32 = held.iter().map(|at| self.count(*at)).sum();
        let safe = held.is_empty() || (held.len() > 1 && (total_is_held || hidden >= self.limit));
        if safe {
            return None;
        }
        // The least count that hides something; zeros only when there is nothing else.
        open.into_iter().min_by_key(|at| (self.count(*at) == 0, self.count(*at)))
    }

    fn is_held(&self, (row, column): (usize, usize)) -> bool {
        self.held.get(row).and_then(|row| row.get(column)).copied().unwrap_or_default()
    }

    fn count(&self, (row, column): (usize, usize)) -> u32 {
        self.counts.get(row).and_then(|row| row.get(column)).copied().unwrap_or_default()
    }

    fn rows(&self) -> Vec<Row> {
        let shown = |(counts, held): (&Vec<u32>, &Vec<bool>)| {
            let mut cells: Vec<Cell> =
                counts.iter().zip(held).map(|(count, held)| (!held).then_some(*count)).collect();
            let total = cells.pop().flatten();
            Row { cells, total }
        };
        self.counts.iter().zip(&self.held).map(shown).collect()
    }
}

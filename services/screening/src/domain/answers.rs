//! A pupil's answers, checked against the instrument that they answer.

use super::instrument::Instrument;
use std::collections::BTreeMap;

/// Most answers of one call.
pub const MAX_ANSWERS: usize = 500;

/// Answers by item, each one that its item offers.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers(Vec<Option<i32>>);

/// What is wrong with one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerFault {
    /// The instrument has no such item.
    UnknownItem {
        /// Which of the answers given.
        index: usize,
    },
    /// The item offers no such answer.
    NotOffered {
        /// Which of the answers given.
        index: usize,
        /// Lowest answer.
        low: i32,
        /// Highest answer.
        high: i32,
    },
    /// The item was answered before.
    Twice {
        /// Which of the answers given.
        index: usize,
    },
    /// An item that is shown was not answered.
    Missing {
        /// Its link id.
        link_id: String,
    },
}

/// Which missing answers are a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Every item that is shown is answered.
    All,
    /// Some may be missing.
    Some,
}

impl Answers {
    /// Checks the answers given, (link id, value) each.
    ///
    /// An answer to an item that would not be shown is kept: a pupil who says something grave there is heard.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn check(
        instrument: &Instrument,
        given: &[(String, i32)],
        expect: Expect,
    ) -> Result<Self, Vec<AnswerFault>> {
        let mut values: Vec<Option<i32>> = vec![None; instrument.items.len()];
        let mut faults = Vec::new();
        for (index, (link_id, value)) in given.iter().enumerate() {
            let place = instrument.position(link_id);
            let found = place.and_then(|at| Some((instrument.items.get(at)?, values.get_mut(at)?)));
            match found {
                None => faults.push(AnswerFault::UnknownItem { index }),
                Some((_, slot)) if slot.is_some() => faults.push(AnswerFault::Twice { index }),
                Some((item, slot)) if item.offers(*value) => *slot = Some(*value),
                Some((item, slot)) => {
                    // Counted as answered, so that it is not also told as missing.
                    let (low, high) = item.range();
                    *slot = Some(low);
                    faults.push(AnswerFault::NotOffered { index, low, high });
                }
            }
        }
        let answers = Self(values);
        if expect == Expect::All {
            let missing = answers.missing(instrument);
            faults.extend(missing.into_iter().map(|link_id| AnswerFault::Missing { link_id }));
        }
        if faults.is_empty() { Ok(answers) } else { Err(faults) }
    }

    /// Answers as they are stored; what no longer fits is left out.
    pub fn restore(instrument: &Instrument, stored: &BTreeMap<String, i32>) -> Self {
        let value = |link_id: &String| stored.get(link_id).copied();
        Self(
            instrument
                .items
                .iter()
                .map(|item| value(&item.link_id).filter(|value| item.offers(*value)))
                .collect(),
        )
    }

    /// These answers, with those of `later` over them.
    #[must_use]
    pub fn merged(&self, later: &Self) -> Self {
        Self(self.0.iter().zip(&later.0).map(|(before, after)| after.or(*before)).collect())
    }

    /// The answer to the item at `position`.
    pub fn get(&self, position: usize) -> Option<i32> {
        self.0.get(position).copied().flatten()
    }

    /// How many items are answered.
    pub fn count(&self) -> usize {
        self.0.iter().flatten().count()
    }

    /// Answers in the order of the items, with link ids: what is stored and shown.
    pub fn listed(&self, instrument: &Instrument) -> Vec<(String, i32)> {
        let items = instrument.items.iter().zip(&self.0);
        items.filter_map(|(item, value)| Some((item.link_id.clone(), (*value)?))).collect()
    }

    /// Link ids of the items that are shown and not answered.
    pub fn missing(&self, instrument: &Instrument) -> Vec<String> {
        let unanswered = instrument.items.iter().zip(&self.0).filter(|(_, value)| value.is_none());
        let shown = unanswered.filter(|(item, _)| {
            item.shown_after.is_empty()
                || item.shown_after.iter().any(|before| {
                    let highest = instrument.items.get(*before).map(|item| item.range().1);
                    highest.is_some() && self.get(*before) == highest
                })
        });
        shown.map(|(item, _)| item.link_id.clone()).collect()
    }

    /// The longest run of equal answers to items that follow each other. Items that only offer yes and no break it: a calm pupil says no
    /// many times in a row.
    pub fn longest_run(&self, instrument: &Instrument) -> usize {
        let mut longest = 0;
        let mut run = 0;
        let mut last = None;
        for (item, value) in instrument.items.iter().zip(&self.0) {
            match value {
                Some(value) if item.options.len() > 2 => {
                    run = if last == Some(*value) { run + 1 } else { 1 };
                    last = Some(*value);
                    longest = longest.max(run);
                }
                Some(_) => last = None,
                None => {}
            }
        }
        longest
    }
}

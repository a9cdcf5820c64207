use super::{
    answers::{AnswerFault, Answers, Expect},
    instrument::Instrument,
    level::Level,
    scoring::{Trust, Validity, score},
};
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

static ALL: LazyLock<Vec<Arc<Instrument>>> = LazyLock::new(|| {
    xinqiao_seeds::instruments::FILES
        .iter()
        .map(|(_, text)| Arc::new(Instrument::parse(text).unwrap()))
        .collect()
});

fn any_sheet() -> impl Strategy<Value = (Arc<Instrument>, Vec<(String, i32)>)> {
    prop::sample::select(ALL.as_slice()).prop_flat_map(|instrument| {
        let values: Vec<_> = instrument
            .items
            .iter()
            .map(|item| {
                prop::option::weighted(
                    0.8,
                    prop::sample::select(item.options.iter().map(|o| o.value).collect::<Vec<_>>()),
                )
            })
            .collect();
        (Just(instrument), values).prop_map(|(instrument, values)| {
            let given = instrument
                .items
                .iter()
                .zip(values)
                .filter_map(|(item, value)| Some((item.link_id.clone(), value?)));
            let given = given.collect();
            (instrument, given)
        })
    })
}

proptest! {
    #[test]
    fn scores_stay_within_the_range_of_their_scale((instrument, given) in any_sheet(), seconds in prop::option::of(0.0..10_000.0)) {
        let answers = Answers::check(&instrument, &given, Expect::Some).unwrap();
        let scored = score(&instrument, &answers, &Trust { seconds, min_seconds_per_item: 1.0, straight_line_items: 40 });
        for (scale, found) in instrument.scales.iter().zip(&scored.scores) {
            prop_assert_eq!(&scale.id, &found.scale);
            prop_assert_eq!(found.score.is_some(), found.band.is_some());
            if let Some(value) = found.score {
                prop_assert!(scale.range.0 <= value && value <= scale.range.1, "{} of {:?}", value, scale.range);
                let band = scale.band(value).unwrap();
                prop_assert_eq!(Some(&band.id), found.band.as_ref());
            }
        }
        if scored.validity == Validity::Void {
            prop_assert_eq!(scored.level, Level::None);
        }
        if scored.validity == Validity::Valid {
            prop_assert!(scored.scores.iter().all(|found| found.score.is_some()));
        }
        prop_assert_eq!(&scored, &score(&instrument, &answers, &Trust { seconds, min_seconds_per_item: 1.0, straight_line_items: 40 }));
        let order_reversed: Vec<_> = given.iter().rev().cloned().collect();
        prop_assert_eq!(&answers, &Answers::check(&instrument, &order_reversed, Expect::Some).unwrap());
    }

    #[test]
    fn junk_is_refused_with_a_fault_for_each_bad_answer(
        (instrument, given) in any_sheet(),
        junk in prop::collection::vec(("[a-z0-9]{0,4}", -3i32..9), 1..20),
    ) {
        let mut all = given.clone();
        all.extend(junk.iter().map(|(item, value)| (format!("junk{item}"), *value)));
        all.extend(given.iter().cloned());
        let faults = Answers::check(&instrument, &all, Expect::Some).unwrap_err();
        prop_assert_eq!(faults.len(), junk.len() + given.len());
    }

    #[test]
    fn answers_that_no_item_offers_are_refused(value in prop_oneof![i32::MIN..-1, 6..i32::MAX], pick in 0usize..1000) {
        for instrument in ALL.iter() {
            let item = &instrument.items[pick % instrument.items.len()];
            let (low, high) = item.range();
            let faults = Answers::check(instrument, &[(item.link_id.clone(), value)], Expect::Some).unwrap_err();
            prop_assert_eq!(faults, vec![AnswerFault::NotOffered { index: 0, low, high }]);
        }
    }
}

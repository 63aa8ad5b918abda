//! What is written is read and found again.

use model::digest::AnnotationSet;
use model::segment::{Annotation, AnnotationValue};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use store::Predicate;
use store::conformance::sample::digest;

use super::bits::{Bits, get, width};
use super::{decode, encode};
use crate::part::traces::tests::part_of;

#[test]
fn numbers_of_any_width_come_back() {
    for bits in 0..=32_u8 {
        let highest = ((1_u64 << bits) - 1) as u32;
        let numbers = [0, highest, highest / 2, 1.min(highest), highest / 3];
        let mut packed = Bits::default();
        numbers.iter().for_each(|&number| packed.push(number, bits));
        let bytes = packed.finish();
        for (place, number) in numbers.into_iter().enumerate() {
            assert_eq!(get(&bytes, place * usize::from(bits), bits), number, "{bits}");
        }
    }
    assert_eq!([0, 1, 2, 3, 256, 257].map(width), [0, 0, 1, 2, 8, 9]);
}

fn value() -> impl Strategy<Value = AnnotationValue> {
    prop_oneof![
        "[ab]{0,2}|true|1e3|-0".prop_map(AnnotationValue::String),
        any::<f64>()
            .prop_filter("is equal to itself", |number| !number.is_nan())
            .prop_map(AnnotationValue::Number),
        prop::sample::select(vec![0.0, -0.0, 1000.0]).prop_map(AnnotationValue::Number),
        any::<bool>().prop_map(AnnotationValue::Boolean),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rows_come_back_and_are_found(
        rows in prop::collection::vec(
            (prop::collection::vec(prop::collection::vec(("[kx]{1,2}", value()), 0..4), 0..4), 0..20_u32), 1..40,
        ),
    ) {
        let digests: Vec<_> = rows.iter().zip(0..).map(|((sets, choice), trace)| {
            let mut made = digest(trace, 1, i64::from(trace));
            for (set, place) in sets.iter().zip(0_u32..) {
                let count = set.len() as u32;
                let pairs = set.iter().map(|(key, value)| Annotation { key: key.clone(), value: value.clone() });
                made.annotations.extend(pairs);
                made.annotation_sets.push(AnnotationSet { node: place.checked_sub(1), count });
            }
            made.annotations_cut = *choice == 0;
            if *choice == 1 {
                made.annotation_sets.clear();
            }
            made
        }).collect();
        for digest in &digests {
            let (annotations, sets) = decode(&encode(digest)).unwrap();
            prop_assert_eq!(&annotations, &digest.annotations);
            prop_assert_eq!(&sets, &digest.annotation_sets);
        }
        let (_directory, part) = part_of(&digests);
        let numbers: Vec<usize> = (0..digests.len()).collect();
        let found = part.digests_at(&numbers).unwrap();
        let mut reader = super::Reader::of(&part).unwrap().unwrap();
        for (number, digest) in digests.iter().enumerate() {
            prop_assert_eq!(&*found[&number], digest);
            for Annotation { key, value } in &digest.annotations {
                let predicate = Predicate::Annotation { key: key.clone(), value: value.to_string() };
                let matching = reader.matching(0, key, Some(&value.to_string())).unwrap();
                let with_key = reader.matching(0, key, None).unwrap();
                let has_key = Predicate::HasAnnotation(key.clone());
                for (row, digest) in digests.iter().enumerate() {
                    let cut = digest.annotations_cut;
                    prop_assert_eq!(matching.contains(row), predicate.may_match(digest) || cut);
                    prop_assert_eq!(with_key.contains(row), has_key.may_match(digest) || cut);
                }
            }
        }
    }
}

/// The shape of `make bench-store`: ten spans a trace, each with eleven annotations of 97 keys that begin anywhere, and of a
/// thousand values.
#[test]
fn many_annotations_take_little_more_than_their_entropy() {
    const SPANS: usize = 10;
    const TRACES: usize = 4_096;
    let mut random = StdRng::seed_from_u64(7);
    let mut gathered = super::Gathered::default();
    for trace in 0..TRACES as u32 {
        let mut made = digest(trace, 1, 0);
        for _ in 0..SPANS {
            let first = random.random_range(0..97);
            made.annotations.extend((0..11).map(|place| {
                let value = format!("fake_value_{:03}", random.random_range(0..1_000));
                let key = format!("fake_key_{:02}", (first + place * 7) % 97);
                Annotation { key, value: AnnotationValue::String(value) }
            }));
            made.annotation_sets.push(AnnotationSet { node: Some(random.random_range(0..8)), count: 11 });
        }
        gathered.add(&encode(&made)).unwrap();
    }
    let bytes = gathered.finish().unwrap().len() as f64 / (TRACES * SPANS) as f64;
    let entropy = (97_f64.log2() + 8_f64.log2() + 11.0 * 1_000_f64.log2()) / 8.0;
    assert!(bytes < 1.1 * entropy, "{bytes:.2} bytes a span, of which {entropy:.2} are entropy");
}

//! A duration in one byte, within 6 %: what is kept of times that are only compared.

use serde::{Deserialize, Serialize};

use crate::time::Micros;

/// Eight steps for each doubling, from a microsecond to an hour; what is longer counts as the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Coarse(pub u8);

impl Coarse {
    /// The longest, some 67 minutes. One less than a byte holds, so that formats have a value for "none".
    pub const MAX: Self = Self(254);

    pub fn of(time: Micros) -> Self {
        let exponent = 63 - time.0.max(1).leading_zeros();
        // The three bits behind the leading one.
        let step = match exponent {
            0..3 => time.0.max(1) << (3 - exponent),
            _ => time.0 >> (exponent - 3),
        } & 7;
        let code = exponent * 8 + u32::try_from(step).unwrap_or(0);
        Self(u8::try_from(code).unwrap_or(u8::MAX)).min(Self::MAX)
    }

    /// The beginning of the step: no more than the time that it was made of, unless that was below a microsecond.
    pub fn least(self) -> Micros {
        let (exponent, step) = (self.0 / 8, u64::from(self.0 % 8));
        Micros(((8 + step) << exponent) / 8)
    }

    /// The middle of the step.
    pub fn micros(self) -> Micros {
        let (exponent, step) = (self.0 / 8, u64::from(self.0 % 8));
        Micros(((17 + 2 * step) << exponent) / 16)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_ends_of_the_scale_hold() {
        let check = |micros: u64, code: u8| assert_eq!(Coarse::of(Micros(micros)), Coarse(code), "{micros}");
        check(0, 0);
        check(1, 0);
        check(2, 8);
        check(3, 12);
        check(8, 24);
        check(9, 25);
        check(15, 31);
        check(16, 32);
        check(3_758_096_383, 253);
        check(u64::MAX, 254);
    }

    proptest! {
        #[test]
        fn a_time_comes_back_within_seven_percent(micros in 16..3_000_000_000_u64) {
            let back = Coarse::of(Micros(micros)).micros().0;
            prop_assert!(back.abs_diff(micros) * 100 <= micros * 7, "{} for {}", back, micros);
            let least = Coarse::of(Micros(micros)).least().0;
            prop_assert!(least <= micros && micros - least <= micros / 8, "{} for {}", least, micros);
        }

        #[test]
        fn longer_is_never_less(one in any::<u64>(), other in any::<u64>()) {
            let (short, long) = (one.min(other), one.max(other));
            prop_assert!(Coarse::of(Micros(short)) <= Coarse::of(Micros(long)));
        }
    }
}

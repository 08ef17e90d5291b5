//! Exact sums of floating-point numbers: whatever the order and grouping of what is added, the result is the same.
//!
//! A sum of `f64` depends on its order, so a mean computed from stored partial sums would differ from the mean of the
//! points. [`ExactSum`] keeps every bit: a fixed-point number wide enough for all doubles (a "superaccumulator"), in
//! limbs of 32 bits, so that sums can be stored, added and compared without any error, and are rounded once, at the end.

/// Limbs: doubles span 2^-1074 to 2^1024, which are 2098 bits; the rest holds carries of up to 2^40 summands.
const LIMBS: usize = 68;
/// Additions that may wait before carries are moved: each adds less than 2^53 to a limb.
const PATIENCE: u32 = 1_000;
const MANTISSA: u64 = (1 << 52) - 1;
const INFINITE: u64 = 0x7ff;

/// The exact sum of any number of doubles.
#[derive(Clone, Debug)]
pub struct ExactSum {
    /// Limb `i` counts multiples of 2^(32 i - 1074). All outside of `low..=high` are zero.
    limbs: [i64; LIMBS],
    low: usize,
    high: usize,
    /// Additions since carries were moved.
    waiting: u32,
    /// Infinities among the summands, positive and negative. Not-a-number counts as both.
    infinite: [bool; 2],
}

impl Default for ExactSum {
    fn default() -> Self {
        ExactSum { limbs: [0; LIMBS], low: LIMBS, high: 0, waiting: 0, infinite: [false; 2] }
    }
}

impl ExactSum {
    /// Adds a number.
    #[inline]
    pub fn add(&mut self, value: f64) {
        let bits = value.to_bits();
        let exponent = (bits >> 52) & INFINITE;
        if exponent == INFINITE {
            return self.add_odd(value);
        }
        let normal = u64::from(exponent != 0);
        let mantissa = (bits & MANTISSA) | (normal << 52);
        let shift = (exponent - normal) as usize;
        let (at, within) = (shift / 32, shift % 32);
        let sign = (bits as i64) >> 63;
        let lower = ((mantissa << within) & 0xffff_ffff) as i64;
        let upper = (mantissa >> (32 - within)) as i64;
        // The exponent has 11 bits, so `at` is at most 63.
        if let Some([first, second]) = self.limbs.get_mut(at..at + 2) {
            *first += (lower ^ sign) - sign;
            *second += (upper ^ sign) - sign;
        }
        self.low = self.low.min(at);
        self.high = self.high.max(at + 1);
        self.waiting += 1;
        if self.waiting >= PATIENCE {
            self.carry();
        }
    }

    #[cold]
    fn add_odd(&mut self, value: f64) {
        self.infinite[0] |= value.is_nan() || value > 0.0;
        self.infinite[1] |= value.is_nan() || value < 0.0;
    }

    /// Adds another sum.
    pub fn add_sum(&mut self, other: &ExactSum) {
        self.carry();
        let mut other = other.clone();
        other.carry();
        if other.low <= other.high {
            let range = other.low..=other.high;
            if let (Some(own), Some(added)) = (self.limbs.get_mut(range.clone()), other.limbs.get(range)) {
                own.iter_mut().zip(added).for_each(|(own, added)| *own += added);
            }
            self.low = self.low.min(other.low);
            self.high = self.high.max(other.high);
            self.waiting += 1;
        }
        self.infinite[0] |= other.infinite[0];
        self.infinite[1] |= other.infinite[1];
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        if let Some(used) = self.limbs.get_mut(self.low..self.high + 1) {
            used.fill(0);
        }
        (self.low, self.high, self.waiting, self.infinite) = (LIMBS, 0, 0, [false; 2]);
    }

    /// Moves carries up, so that all limbs but the highest lie within 32 bits.
    fn carry(&mut self) {
        self.waiting = 0;
        let mut carry = 0;
        let mut at = self.low;
        while at < LIMBS && (at <= self.high || carry != 0) {
            let last = at + 1 == LIMBS;
            if let Some(limb) = self.limbs.get_mut(at) {
                let sum = *limb + carry;
                // The sign lives in the highest limb in use; a negative rest needs no limb of its own.
                if last || (at >= self.high && (-(1_i64 << 32)..1 << 32).contains(&sum)) {
                    *limb = sum;
                    carry = 0;
                } else {
                    *limb = sum & 0xffff_ffff;
                    carry = sum >> 32;
                }
            }
            self.high = self.high.max(at);
            at += 1;
        }
    }

    /// The magnitude as limbs from the lowest used one, and whether it is negative.
    fn magnitude(&self) -> (bool, usize, [u32; LIMBS], usize) {
        let mut own = self.clone();
        own.carry();
        let top = own.limbs.iter().rev().find(|limb| **limb != 0).copied().unwrap_or(0);
        let negative = top < 0;
        if negative {
            own.limbs.iter_mut().for_each(|limb| *limb = -*limb);
            own.carry();
        }
        // Spreads a highest limb that is still wider than 32 bits.
        let mut words = [0_u32; LIMBS];
        let mut carry = 0_i64;
        let (mut first, mut after) = (LIMBS, 0);
        for (at, (word, limb)) in words.iter_mut().zip(own.limbs).enumerate() {
            let sum = limb + carry;
            *word = (sum & 0xffff_ffff) as u32;
            carry = sum >> 32;
            if *word != 0 {
                first = first.min(at);
                after = at + 1;
            }
        }
        (negative, first, words, after)
    }

    /// The sum times 2^-`down`, rounded to the nearest double, ties to even.
    fn rounded(&self, down: usize) -> f64 {
        match self.infinite {
            [true, true] => return f64::NAN,
            [true, false] => return f64::INFINITY,
            [false, true] => return f64::NEG_INFINITY,
            [false, false] => {}
        }
        let (negative, first, words, after) = self.magnitude();
        if after == 0 {
            return 0.0;
        }
        let word = |at: Option<usize>| u128::from(at.and_then(|at| words.get(at)).copied().unwrap_or(0));
        // The highest 128 bits, of which the last tells whether anything lies below.
        let top = after - 1;
        let mut head = (0..4).fold(0, |head, back| (head << 32) | word(top.checked_sub(back)));
        if first + 4 <= top {
            head |= 1;
        }
        // Position of the highest bit in multiples of 2^-1074.
        let highest = top * 32 + 31 - (head.leading_zeros() as usize);
        head <<= head.leading_zeros();
        let Some(highest) = highest.checked_sub(down) else { return 0.0 };
        let bits = if highest < 52 {
            // Below the normal range: exact, unless scaled (which only sums beyond the range are).
            (head >> (127 - highest)) as u64
        } else {
            let mantissa = (head >> 75) as u64;
            let rest = head & ((1 << 75) - 1);
            let half = 1_u128 << 74;
            let up = rest > half || (rest == half && mantissa & 1 == 1);
            // A carry out of the mantissa raises the exponent by itself.
            (((highest - 52 + 1) as u64) << 52) + (mantissa & MANTISSA) + u64::from(up)
        };
        if bits >= INFINITE << 52 {
            return if negative { f64::NEG_INFINITY } else { f64::INFINITY };
        }
        f64::from_bits(bits | (u64::from(negative) << 63))
    }

    /// The sum, rounded to the nearest double.
    pub fn value(&self) -> f64 {
        self.rounded(0)
    }

    /// The sum divided by `count`; also where the sum itself leaves the range of doubles.
    pub fn mean(&self, count: u64) -> f64 {
        let sum = self.rounded(0);
        if sum.is_infinite() && self.infinite == [false; 2] {
            return self.rounded(64) / (count as f64) * 2_f64.powi(64);
        }
        sum / count as f64
    }

    /// Appends the sum as bytes: flags, first word, number of words, words (little-endian). The same sum always gives
    /// the same bytes.
    pub fn write(&self, to: &mut Vec<u8>) {
        let (negative, first, words, after) = self.magnitude();
        let first = first.min(after);
        to.push(u8::from(negative) | u8::from(self.infinite[0]) << 1 | u8::from(self.infinite[1]) << 2);
        to.push(first as u8);
        to.push((after - first) as u8);
        for word in words.get(first..after).unwrap_or_default() {
            to.extend_from_slice(&word.to_le_bytes());
        }
    }

    /// Adds a sum that [`ExactSum::write`] wrote; returns what follows it, `None` where the bytes are no sum.
    pub fn add_bytes<'b>(&mut self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let [flags, first, count, rest @ ..] = bytes else { return None };
        let (first, count) = (usize::from(*first), usize::from(*count));
        if *flags > 7 || first + count > LIMBS {
            return None;
        }
        let (words, rest) = rest.split_at_checked(count * 4)?;
        if count > 0 {
            let (words, _) = words.as_chunks::<4>();
            for (limb, word) in self.limbs.get_mut(first..first + count)?.iter_mut().zip(words) {
                let word = i64::from(u32::from_le_bytes(*word));
                *limb += if flags & 1 == 1 { -word } else { word };
            }
            self.low = self.low.min(first);
            self.high = self.high.max(first + count - 1);
            self.waiting += 1;
            if self.waiting >= PATIENCE {
                self.carry();
            }
        }
        self.infinite[0] |= flags & 2 != 0;
        self.infinite[1] |= flags & 4 != 0;
        Some(rest)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(values: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        values.iter().for_each(|value| sum.add(*value));
        sum
    }

    fn bytes(sum: &ExactSum) -> Vec<u8> {
        let mut bytes = Vec::new();
        sum.write(&mut bytes);
        bytes
    }

    #[test]
    fn nothing_is_lost() {
        assert_eq!(sum(&[1e300, 1.0, -1e300]).value(), 1.0);
        assert_eq!(sum(&[0.1; 10]).value(), 1.0);
        assert_eq!(sum(&[f64::MAX, f64::MAX]).value(), f64::INFINITY);
        assert_eq!(sum(&[f64::MAX, f64::MAX]).mean(2), f64::MAX);
        assert_eq!(sum(&[f64::MAX, f64::MAX, -f64::MAX]).value(), f64::MAX);
        assert_eq!(sum(&[f64::MIN, f64::MIN]).mean(2), f64::MIN);
        assert_eq!(sum(&[f64::INFINITY, 1.0]).mean(2), f64::INFINITY);
        assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).value().is_nan());
        // Halfway between two doubles: to the even one; a bit more: up.
        assert_eq!(sum(&[1.0, 2_f64.powi(-53)]).value(), 1.0);
        assert_eq!(sum(&[1.0, 2_f64.powi(-53), 5e-324]).value(), 1.0 + f64::EPSILON);
    }

    #[test]
    fn many_large_ones_carry() {
        let mut all = ExactSum::default();
        for _ in 0..100_000 {
            all.add(-f64::MAX);
        }
        assert_eq!(all.mean(100_000), f64::MIN);
        for _ in 0..100_000 {
            all.add(f64::MAX);
        }
        assert_eq!((all.value(), bytes(&all)), (0.0, vec![0, 0, 0]));
    }

    fn any_double() -> impl Strategy<Value = f64> {
        prop_oneof![any::<f64>().prop_filter("finite", |value| value.is_finite()), -10.0..10.0_f64]
    }

    proptest! {
        #[test]
        fn one_number_is_itself(value in any_double()) {
            prop_assert_eq!(sum(&[value]).value(), value);
            prop_assert_eq!(sum(&[value, -value]).value(), 0.0);
        }

        #[test]
        fn two_numbers_are_rounded_as_the_processor_does(a in any_double(), b in any_double()) {
            prop_assert_eq!(sum(&[a, b]).value(), a + b);
        }

        #[test]
        fn order_and_grouping_do_not_matter(
            values in prop::collection::vec(any_double(), 0..200), cut in 0..200_usize, seed in any::<u64>(),
        ) {
            let whole = sum(&values);
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut parts = sum(left);
            parts.add_sum(&sum(right));
            prop_assert_eq!(bytes(&parts), bytes(&whole));
            let mut shuffled = values.clone();
            shuffled.sort_by_key(|value| value.to_bits().wrapping_mul(seed | 1));
            prop_assert_eq!(bytes(&sum(&shuffled)), bytes(&whole));
            let mut read = ExactSum::default();
            let (first, second) = (bytes(&sum(left)), bytes(&sum(right)));
            prop_assert_eq!(read.add_bytes(&first), Some(&[][..]));
            prop_assert!(read.add_bytes(&second).is_some());
            prop_assert_eq!(bytes(&read), bytes(&whole));
            read.clear();
            prop_assert_eq!(read.value(), 0.0);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(noise in prop::collection::vec(any::<u8>(), 0..80)) {
            let mut sum = ExactSum::default();
            let _ = sum.add_bytes(&noise);
            let _ = sum.value();
        }
    }
}

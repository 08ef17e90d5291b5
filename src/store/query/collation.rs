//! Natural order: runs of digits compare as numbers (protocol: spec/protocol.md 5.10).

use std::cmp::Ordering;

/// Compares texts with runs of ASCII digits taken as numbers of any length: `2` before `11`, `007` equal to `7`.
/// Letters compare without case first; where only case differs, lower case comes first.
pub(super) fn natural(left: &str, right: &str) -> Ordering {
    compare(left, right, true).then_with(|| compare(left, right, false))
}

fn compare(mut left: &str, mut right: &str, fold: bool) -> Ordering {
    loop {
        let (Some(a), Some(b)) = (left.chars().next(), right.chars().next()) else {
            return left.len().min(1).cmp(&right.len().min(1));
        };
        let order = if a.is_ascii_digit() && b.is_ascii_digit() {
            let (run_a, rest_a) = digits(left);
            let (run_b, rest_b) = digits(right);
            (left, right) = (rest_a, rest_b);
            run_a.len().cmp(&run_b.len()).then_with(|| run_a.cmp(run_b))
        } else {
            left = left.get(a.len_utf8()..).unwrap_or_default();
            right = right.get(b.len_utf8()..).unwrap_or_default();
            if fold { a.to_lowercase().cmp(b.to_lowercase()) } else { b.cmp(&a) }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// The leading digits without leading zeros, and what follows.
fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (run, rest) = text.split_at(end);
    (run.trim_start_matches('0'), rest)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_inside_text_count() {
        for (less, greater) in
            [("2", "11"), ("a9", "a10"), ("9", "10x"), ("", "0"), ("a", "B"), ("a", "A"), ("ab", "abc")]
        {
            assert_eq!(natural(less, greater), Ordering::Less, "{less} {greater}");
            assert_eq!(natural(greater, less), Ordering::Greater, "{less} {greater}");
        }
        assert_eq!(natural("007", "7"), Ordering::Equal);
        assert_eq!(natural("x0", "x00"), Ordering::Equal);
    }

    proptest! {
        // SQLite's sorter needs a consistent order.
        #[test]
        fn the_order_is_total(a in "[0-2aAb_é]{0,6}", b in "[0-2aAb_é]{0,6}", c in "[0-2aAb_é]{0,6}") {
            prop_assert_eq!(natural(&a, &b), natural(&b, &a).reverse());
            if natural(&a, &b) != Ordering::Greater && natural(&b, &c) != Ordering::Greater {
                prop_assert_ne!(natural(&a, &c), Ordering::Greater);
            }
        }
    }
}

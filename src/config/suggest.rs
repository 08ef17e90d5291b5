//! "Did you mean …?"

/// The candidate nearest to a mistyped word, if one is near: a third of its letters and at most three edits away, or one of
/// the two the beginning of the other.
pub(super) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    const SHORTEST_BEGINNING: usize = 4;
    let lower = word.to_lowercase();
    let letters: Vec<char> = lower.chars().take(64).collect();
    let limit = (letters.len() / 3).clamp(1, 3);
    let near = |candidate: &&str| {
        let begins = candidate.starts_with(&lower) || lower.starts_with(*candidate);
        let distance = distance(&letters, &candidate.to_lowercase().chars().collect::<Vec<_>>());
        let accepted =
            distance <= limit || (begins && lower.len().min(candidate.len()) >= SHORTEST_BEGINNING);
        accepted.then_some(distance)
    };
    let accepted = candidates.into_iter().filter_map(|candidate| Some((near(&candidate)?, candidate)));
    accepted.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// Levenshtein's distance.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, a) in left.iter().enumerate() {
        let mut corner = line;
        let mut before = line + 1;
        let mut next = vec![before];
        for (b, above) in right.iter().zip(row.iter().skip(1)) {
            before = (corner + usize::from(a != b)).min(above + 1).min(before + 1);
            corner = *above;
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_near_words_are_suggested() {
        let known = ["enabled", "cookie_names", "max_page_size"];
        assert_eq!(nearest("enable", known), Some("enabled"));
        assert_eq!(nearest("cookie_name", known), Some("cookie_names"));
        assert_eq!(nearest("Max_Pagesize", known), Some("max_page_size"));
        assert_eq!(nearest("max_page_size_per_user", known), Some("max_page_size"));
        assert_eq!(nearest("threshold", known), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(super::distance(&['a', 'b', 'c'], &['x', 'b', 'c', 'd']), 2);
    }
}

//! What changed between two versions of a text, line by line.

/// Lines that are compared; longer texts are compared only outside their common beginning and end.
const MOST_LINES: usize = 2_000;

/// A line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiffLine {
    /// In both.
    Same(String),
    /// Only in the older one.
    Gone(String),
    /// Only in the newer one.
    New(String),
}

/// The lines of both texts in order: a longest common subsequence stays.
pub fn diff(old: &str, new: &str) -> Vec<DiffLine> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let middle = |lines: &[&str]| {
        lines
            .get(head..lines.len() - tail)
            .unwrap_or_default()
            .iter()
            .map(|line| (*line).to_owned())
            .collect()
    };
    let (from, to): (Vec<String>, Vec<String>) = (middle(&old), middle(&new));
    let same = |line: &&str| DiffLine::Same((*line).to_owned());
    let mut lines: Vec<DiffLine> = old.iter().take(head).map(same).collect();
    lines.extend(changed(from, to));
    lines.extend(old.iter().skip(old.len() - tail).map(same));
    lines
}

fn changed(old: Vec<String>, new: Vec<String>) -> Vec<DiffLine> {
    if old.len() > MOST_LINES || new.len() > MOST_LINES {
        return old.into_iter().map(DiffLine::Gone).chain(new.into_iter().map(DiffLine::New)).collect();
    }
    // common[i][j]: length of the longest common subsequence of old[i..] and new[j..].
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    let at = |i: usize, j: usize| i * width + j;
    let read = |table: &[u32], i: usize, j: usize| table.get(at(i, j)).copied().unwrap_or_default();
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            let best = match a == b {
                true => read(&common, i + 1, j + 1) + 1,
                false => read(&common, i + 1, j).max(read(&common, i, j + 1)),
            };
            if let Some(cell) = common.get_mut(at(i, j)) {
                *cell = best;
            }
        }
    }
    let mut lines = Vec::with_capacity(old.len() + new.len());
    let (mut i, mut j) = (0, 0);
    loop {
        match (old.get(i), new.get(j)) {
            (None, None) => return lines,
            (Some(a), Some(b)) if a == b => {
                lines.push(DiffLine::Same(a.clone()));
                (i, j) = (i + 1, j + 1);
            }
            (Some(a), other) if other.is_none() || read(&common, i + 1, j) >= read(&common, i, j + 1) => {
                lines.push(DiffLine::Gone(a.clone()));
                i += 1;
            }
            (_, Some(b)) => {
                lines.push(DiffLine::New(b.clone()));
                j += 1;
            }
            (Some(_), None) => return lines,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn side(lines: &[DiffLine], old: bool) -> Vec<String> {
        let pick = |line: &DiffLine| match line {
            DiffLine::Same(text) => Some(text.clone()),
            DiffLine::Gone(text) => old.then(|| text.clone()),
            DiffLine::New(text) => (!old).then(|| text.clone()),
        };
        lines.iter().filter_map(pick).collect()
    }

    #[test]
    fn only_what_changed_is_marked() {
        let lines = diff("a\nb\nc\nd", "a\nx\nc\nd\ne");
        let marks: String = lines
            .iter()
            .map(|line| match line {
                DiffLine::Same(_) => ' ',
                DiffLine::Gone(_) => '-',
                DiffLine::New(_) => '+',
            })
            .collect();
        assert_eq!(marks, " -+  +");
    }

    proptest! {
        #[test]
        fn both_texts_are_in_it(old in "([abc]\n){0,8}", new in "([abc]\n){0,8}") {
            let lines = diff(&old, &new);
            prop_assert_eq!(side(&lines, true), old.lines().map(str::to_owned).collect::<Vec<_>>());
            prop_assert_eq!(side(&lines, false), new.lines().map(str::to_owned).collect::<Vec<_>>());
        }
    }
}

//! Masking console lines before they are stored, also where a value begins in one message and ends in the next one of the
//! same worker.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use parking_lot::Mutex;

use super::{TaskSecrets, forms, forms::Matcher};
use crate::store::events::Report;

/// Workers of one task whose last message is remembered.
const MOST_WORKERS: usize = 1_024;

/// The ends of the last messages, by worker.
#[derive(Default)]
pub(super) struct Tails(Mutex<HashMap<String, Tail>>);

/// The end of a worker's last message.
#[derive(Clone, Default)]
struct Tail {
    /// As it was sent: shorter than the longest form of a value.
    text: String,
    /// Bytes at its end that were stored as they were sent.
    clear: usize,
}

/// What masking a report did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::domain) struct Masked {
    /// Values masked.
    pub(in crate::domain) count: u64,
    /// Ends of lines that are stored already and turned out to be beginnings of values: worker and end.
    pub(in crate::domain) stored: Vec<(String, String)>,
}

/// Where the message before stands.
enum Before {
    Stored(Tail),
    Line(usize),
}

/// Masks the values of a task in the lines of a report, in the order in which they were sent.
pub(in crate::domain) fn mask_lines(secrets: &TaskSecrets, report: &mut Report<'_>) -> Masked {
    let mut masked = Masked::default();
    let Some(matcher) = secrets.matcher() else { return masked };
    let mut ranges: Vec<Vec<Range<usize>>> = Vec::with_capacity(report.lines.len());
    let mut before: HashMap<&str, Before> = HashMap::new();
    let workers: Vec<&str> = report.senders.iter().map(|sender| sender.worker.as_ref()).collect();
    let mut tails = secrets.tails.0.lock();
    for (index, line) in report.lines.iter().enumerate() {
        let text = line.msg.as_deref().unwrap_or_default();
        let mut found = matcher.ranges(text);
        let worker = workers.get(line.sender as usize).copied().unwrap_or_default();
        let previous =
            before.remove(worker).or_else(|| tails.get(worker).map(|tail| Before::Stored(tail.clone())));
        let end = match &previous {
            None => "",
            Some(Before::Stored(tail)) => tail.text.as_str(),
            Some(Before::Line(at)) => {
                last(report.lines.get(*at).and_then(|line| line.msg.as_deref()).unwrap_or_default(), matcher)
            }
        };
        if let Some((begun, finished)) = across(matcher, end, text) {
            found.push(0..finished);
            forms::joined(&mut found);
            match previous {
                Some(Before::Stored(tail)) => {
                    let visible = begun.min(tail.clear);
                    let ending = tail.text.get(tail.text.len() - visible..).unwrap_or_default();
                    if !ending.is_empty() {
                        masked.stored.push((worker.to_owned(), ending.to_owned()));
                    }
                }
                Some(Before::Line(at)) => {
                    let length =
                        report.lines.get(at).and_then(|line| line.msg.as_deref()).map_or(0, str::len);
                    if let Some(earlier) = ranges.get_mut(at) {
                        earlier.push(length.saturating_sub(begun)..length);
                        forms::joined(earlier);
                    }
                }
                None => {}
            }
        }
        ranges.push(found);
        before.insert(worker, Before::Line(index));
    }
    for (worker, place) in before {
        let Before::Line(at) = place else { continue };
        let text = report.lines.get(at).and_then(|line| line.msg.as_deref()).unwrap_or_default();
        let end = last(text, matcher);
        let masked_to = ranges.get(at).and_then(|ranges| ranges.last()).map_or(0, |range| range.end);
        let tail =
            Tail { text: end.to_owned(), clear: end.len().min(text.len() - masked_to.min(text.len())) };
        if tails.len() < MOST_WORKERS || tails.contains_key(worker) {
            tails.insert(worker.to_owned(), tail);
        }
    }
    drop(tails);
    for (line, ranges) in report.lines.iter_mut().zip(&ranges) {
        if let Some(msg) = line.msg.as_mut().filter(|_| !ranges.is_empty()) {
            *msg = Cow::Owned(forms::apply(msg, ranges));
            masked.count += ranges.len() as u64;
        }
    }
    masked
}

/// The end of a text in which a value may begin.
fn last<'t>(text: &'t str, matcher: &Matcher) -> &'t str {
    let mut at = text.len().saturating_sub(matcher.longest.saturating_sub(1));
    while !text.is_char_boundary(at) {
        at += 1;
    }
    text.get(at..).unwrap_or_default()
}

/// How many bytes of a value stand at the end of one message and at the beginning of the next.
fn across(matcher: &Matcher, end: &str, text: &str) -> Option<(usize, usize)> {
    if end.is_empty() || text.is_empty() {
        return None;
    }
    let mut at = text.len().min(matcher.longest.saturating_sub(1));
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let both = [end, text.get(..at).unwrap_or_default()].concat();
    let found = matcher.over(&both, end.len())?;
    Some((end.len() - found.start, found.end - end.len()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::store::events::{ReportedLine, Sender};

    fn report<'a>(lines: &'a [(&'a str, &'a str)]) -> Report<'a> {
        let mut report = Report::default();
        for (position, (worker, msg)) in lines.iter().enumerate() {
            let known = report.senders.iter().position(|sender| sender.worker == *worker);
            let sender = known.unwrap_or_else(|| {
                report.senders.push(Sender { worker: (*worker).into(), model_event: false, extras: None });
                report.senders.len() - 1
            });
            report.lines.push(ReportedLine {
                position: position as i64,
                iteration: None,
                names: None,
                level: None,
                msg: Some((*msg).into()),
                timestamp: 0,
                sender: sender as u32,
            });
        }
        report
    }

    fn masked(secrets: &TaskSecrets, lines: &[(&str, &str)]) -> (Vec<String>, Masked) {
        let mut report = report(lines);
        let masked = mask_lines(secrets, &mut report);
        (report.lines.into_iter().map(|line| line.msg.unwrap().into_owned()).collect(), masked)
    }

    fn secrets() -> TaskSecrets {
        TaskSecrets::new("acme", vec!["geheimnis-1".to_owned().into(), "ünlöckt!!".to_owned().into()])
    }

    #[test]
    fn a_value_in_two_messages_of_one_worker_is_masked_in_both() {
        let lines = [("a", "x gehei"), ("b", "mnis-1 y"), ("a", "mnis-1 z"), ("a", "ünl"), ("a", "öckt!!")];
        let (texts, masked) = masked(&secrets(), &lines);
        assert_eq!(texts, ["x ****", "mnis-1 y", "**** z", "****", "****"]);
        assert_eq!(masked.stored, []);
    }

    #[test]
    fn a_value_that_began_in_the_message_stored_before_is_masked_in_both() {
        let secrets = secrets();
        assert_eq!(masked(&secrets, &[("a", "geheimnis-1 gehei")]).0, ["**** gehei"]);
        let (texts, result) = masked(&secrets, &[("b", "mnis-1"), ("a", "mnis-1!")]);
        assert_eq!(texts, ["mnis-1", "****!"]);
        assert_eq!(result.stored, [("a".to_owned(), "gehei".to_owned())]);
        let (texts, result) = masked(&secrets, &[("a", "mnis-1")]);
        assert_eq!((texts, result.stored), (vec!["mnis-1".to_owned()], vec![]));
    }

    #[test]
    fn a_message_that_is_part_of_two_values_is_masked_as_a_whole() {
        let secrets =
            TaskSecrets::new("acme", vec!["aabbccdd".to_owned().into(), "ccddeeff".to_owned().into()]);
        assert_eq!(
            masked(&secrets, &[("a", "aabb"), ("a", "ccdd"), ("a", "eeff")]).0,
            ["****", "****", "****"]
        );
    }
}

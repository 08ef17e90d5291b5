//! Whether a line is a row or sits in a block shows nowhere: all readers, held against a plain list of lines.
#![allow(clippy::unwrap_used)]

use std::{cmp::Reverse, time::Duration};

use proptest::prelude::*;

use super::{seal::Unsealed, *};
use crate::{
    store::{
        Lane, Scope, Store,
        events::{
            EventOwner, Feed, Item, Iterations, Learned, Owner, OwnerKind, Report, ReportedLine, Sender,
            SeriesNames,
        },
    },
    types::{CompanyId, Millis},
};

/// A line to report, as far as readers can tell it from others.
#[derive(Clone, Debug)]
struct Draft {
    timestamp: i64,
    worker: usize,
    level: Option<&'static str>,
    iteration: Option<i64>,
    named: bool,
    msg: Option<String>,
}

/// Lines whose clocks differ by less than a block covers, with a few odd ones.
fn drafts() -> impl Strategy<Value = Vec<Vec<Draft>>> {
    let level = prop_oneof![
        30 => Just(Some("info")), 1 => Just(None), 1 => Just(Some("WARNING")), 1 => Just(Some("error"))
    ];
    let msg = prop_oneof![1 => Just(None), 30 => "[a-c]{0,4}( needle)?".prop_map(Some)];
    let iteration = prop_oneof![40 => Just(None), 1 => (0..3_i64).prop_map(Some)];
    let draft = (0..300_i64, 0..2_usize, level, iteration, prop::bool::weighted(0.03), msg);
    let batch = prop_oneof![
        prop::collection::vec(draft.clone(), 1..40),
        prop::collection::vec(draft.clone(), 60..200),
        prop::collection::vec(draft, 256..700)
    ];
    prop::collection::vec(batch, 1..6).prop_map(|batches| {
        batches
            .into_iter()
            .enumerate()
            .map(|(nth, batch)| {
                batch
                    .into_iter()
                    .map(|(time, worker, level, iteration, named, msg)| Draft {
                        timestamp: nth as i64 * 100 + time,
                        worker,
                        level,
                        iteration,
                        named,
                        msg,
                    })
                    .collect()
            })
            .collect()
    })
}

struct Bench {
    store: Store,
    names: SeriesNames,
    owner: Owner,
    scope: Scope,
    _directory: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        let directory = tempfile::tempdir().unwrap();
        Bench {
            store: Store::open(&directory.path().join("roundhouse.db")).unwrap(),
            names: SeriesNames::default(),
            owner: Owner {
                kind: OwnerKind::Task,
                id: "t".to_owned(),
                seq: 1,
                company: CompanyId::from("acme"),
                company_origin: None,
                project: None,
                name: "t".to_owned(),
                status: "in_progress".to_owned(),
                started: None,
                ready: false,
            },
            scope: Scope::server(),
            _directory: directory,
        }
    }

    fn report(&self, batch: &[Draft], packing: bool) {
        let mut report = Report::default();
        for worker in ["w0", "w1"] {
            report.senders.push(Sender { worker: worker.into(), model_event: false, extras: None });
        }
        report.lines = (0..)
            .zip(batch)
            .map(|(position, draft)| ReportedLine {
                position,
                iteration: draft.iteration,
                names: draft.named.then(|| ("m".into(), "v".into())),
                level: draft.level.map(Into::into),
                msg: draft.msg.as_deref().map(Into::into),
                timestamp: draft.timestamp,
                sender: draft.worker as u32,
            })
            .collect();
        if packing {
            report.pack_lines().unwrap();
        }
        let mut learned = Learned::default();
        self.store
            .write(&self.scope, Lane::Events, |tx| {
                tx.store_report(&self.owner, &report, "ann", 0, &self.names, &mut learned)
            })
            .unwrap();
        self.names.learn(learned);
    }

    fn read<T>(&self, work: impl FnOnce(&Snapshot<'_>, EventOwner) -> Result<T>) -> T {
        self.store
            .read(&self.scope, |snapshot| {
                let events = snapshot.event_owner(&self.owner)?.unwrap();
                work(snapshot, events)
            })
            .unwrap()
    }

    fn seal(&self, kept: i64) {
        for _ in 0..3 {
            let (owner, lines, sealed) = self.read(|snapshot, events| {
                let sealed = snapshot.one("SELECT sealed FROM event_owner", [], |row| row.get(0))?;
                Ok((events.seq, events.lines, sealed.unwrap()))
            });
            self.store.seal_log(&self.scope, &Unsealed { owner, lines, sealed }, kept).unwrap();
        }
    }

    fn blocks(&self) -> (i64, i64) {
        self.read(|snapshot, _| {
            let counts = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
            Ok(snapshot.one("SELECT count(*), coalesce(sum(count), 0) FROM log_block", [], counts)?.unwrap())
        })
    }

    /// Every way to read, asked about `expected`, which is all there is.
    fn check(&self, expected: &[LogLine], searched: &Search) {
        self.read(|snapshot, events| {
            let named: Vec<i64> = expected.iter().filter_map(|line| line.series).take(1).collect();
            let newest = events.lines;
            assert_eq!(events.log_count, expected.len() as i64);
            for (names, unnumbered) in [
                (Names::All, false),
                (Names::All, true),
                (Names::Only { series: vec![], unnamed: true }, false),
                (Names::Only { series: named.clone(), unnamed: false }, false),
            ] {
                let chosen: Vec<&LogLine> = expected
                    .iter()
                    .filter(|line| {
                        names.has(line.series.unwrap_or(0)) && !(unnumbered && line.iteration.is_some())
                    })
                    .collect();
                if !unnumbered {
                    assert_eq!(snapshot.count_lines(&events, &names)?, chosen.len() as i64);
                }
                for direction in [Direction::Ascending, Direction::Descending] {
                    let mut sorted = chosen.clone();
                    sorted.sort_by_key(|line| (line.timestamp, line.line));
                    if direction == Direction::Descending {
                        sorted.reverse();
                    }
                    for size in [7, 400, 5_000] {
                        let (mut read, mut after) = (Vec::new(), None);
                        loop {
                            let page = snapshot
                                .lines_by_time(&events, &names, direction, after, newest, unnumbered, size)?;
                            let Some(last) = page.last() else { break };
                            after = Some(LogPlace { timestamp: last.timestamp, line: last.line });
                            read.extend(page);
                            // Small pages only from the two ends.
                            if size == 7 && read.len() > 30 {
                                break;
                            }
                        }
                        let same = read.iter().zip(&sorted).all(|(read, line)| read == *line);
                        assert!(same && (size == 7 || read.len() == sorted.len()), "{direction:?} {names:?}");
                    }
                    // Anywhere, between moments, and as if later lines had not come.
                    for moment in [-1, 0, 57, 150, 299, 300, 420] {
                        let after = Some(LogPlace {
                            timestamp: moment,
                            line: if moment % 2 == 0 { 0 } else { i64::MAX },
                        });
                        let newest = events.lines - 40;
                        let read = snapshot
                            .lines_by_time(&events, &names, direction, after, newest, unnumbered, 25)?;
                        let place = after.map(|place| (place.timestamp, place.line)).unwrap();
                        let beyond = sorted.iter().filter(|line| {
                            let at = (line.timestamp, line.line);
                            line.line <= newest
                                && if direction == Direction::Ascending { at > place } else { at < place }
                        });
                        assert_eq!(
                            read.iter().collect::<Vec<_>>(),
                            beyond.copied().take(25).collect::<Vec<_>>()
                        );
                    }
                }
            }
            for severity in [Severity::Plain, Severity::Warning, Severity::Error] {
                for from in [0, 1, 3, events.lines / 2, events.lines, i64::MAX] {
                    let up = expected.iter().filter(|line| line.severity >= severity && line.line >= from);
                    let read = snapshot.lines_by_number(&events, from, Direction::Ascending, severity, 40)?;
                    assert_eq!(read.iter().collect::<Vec<_>>(), up.take(40).collect::<Vec<_>>());
                    let mut down: Vec<&LogLine> = expected
                        .iter()
                        .filter(|line| line.severity >= severity && line.line <= from)
                        .collect();
                    down.sort_by_key(|line| Reverse(line.line));
                    let read =
                        snapshot.lines_by_number(&events, from, Direction::Descending, severity, 40)?;
                    assert_eq!(
                        read.iter().collect::<Vec<_>>(),
                        down.iter().take(40).copied().collect::<Vec<_>>()
                    );
                    for (direction, lines) in [
                        (Direction::Descending, down.clone()),
                        (
                            Direction::Ascending,
                            expected
                                .iter()
                                .filter(|line| line.severity >= severity && line.line >= from)
                                .collect(),
                        ),
                    ] {
                        let hits: Vec<&LogLine> = lines
                            .into_iter()
                            .filter(|line| line.msg.as_ref().is_some_and(|msg| msg.contains("needle")))
                            .collect();
                        // Impatient, so that it pauses wherever it can.
                        let (mut found, mut at, mut pieces) = (Vec::new(), from, 0);
                        loop {
                            let piece = snapshot.search_log(
                                &events,
                                searched,
                                &Names::All,
                                severity,
                                at,
                                direction,
                                9,
                                Duration::ZERO,
                            )?;
                            found.extend(piece.lines);
                            pieces += 1;
                            assert!(pieces < 2_000, "a search gets ahead");
                            let Some(next) = piece.next else { break };
                            at = next;
                        }
                        assert_eq!(found.iter().collect::<Vec<_>>(), hits);
                    }
                }
            }
            assert_eq!(snapshot.has_lines(&events, None)?, expected.iter().any(|line| line.series.is_none()));
            let mut feed =
                Feed::new(snapshot, &events, &[], Some(Names::All), Iterations::ALL, Direction::Ascending)?;
            let mut numbered = Vec::new();
            while let Some(item) = feed.take_next()? {
                if let Item::Line(spot) = item {
                    numbered.extend(snapshot.lines_by_row(&events, &[spot.row])?);
                }
            }
            let mut with_iteration: Vec<LogLine> =
                expected.iter().filter(|line| line.iteration.is_some()).cloned().collect();
            with_iteration.sort_by_key(|line| (line.iteration, line.line));
            assert_eq!(numbered, with_iteration);
            let mut pages = self.store.log_pages(&events);
            let mut whole = Vec::new();
            loop {
                let before = whole.len();
                pages.next(&self.scope, |_, lines| {
                    whole.extend(lines);
                    Ok(())
                })?;
                if whole.len() == before {
                    break;
                }
            }
            let mut sorted = expected.to_vec();
            sorted.sort_by_key(|line| (line.timestamp, line.line));
            assert_eq!(whole, sorted);
            Ok(())
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, ..ProptestConfig::default() })]

    #[test]
    fn rows_and_blocks_answer_alike(batches in drafts(), kept in 0..300_i64, cleared in 0..500_i64) {
        let search = Search::text("NEEDLE").unwrap();
        let plain = Bench::new();
        let packed = Bench::new();
        for batch in &batches {
            plain.report(batch, false);
            packed.report(batch, true);
        }
        let all: Vec<LogLine> = plain.read(|snapshot, _| {
            snapshot.all(&format!("SELECT {COLUMNS} FROM log ORDER BY line"), [], read)
        });
        prop_assert_eq!(all.len(), batches.iter().map(Vec::len).sum::<usize>());
        // First everything is a row, then what came by the hundred sits in blocks, then all that is old.
        plain.check(&all, &search);
        packed.check(&all, &search);
        prop_assert_eq!(packed.blocks().0 > 0, batches.iter().any(|batch| batch.len() >= 256));
        plain.seal(kept);
        plain.check(&all, &search);
        packed.seal(kept);
        packed.check(&all, &search);
        if kept == 0 && all.len() > 800 {
            prop_assert!(plain.blocks().1 > 0);
        }
        // What is cleared is gone, whether a block held it or not; lines that come later are numbered on.
        let left: Vec<LogLine> = all.into_iter().filter(|line| line.timestamp >= cleared).collect();
        for bench in [&plain, &packed] {
            let events = bench.read(|_, events| Ok(events));
            let what = ClearLog { before: Some(Millis(cleared)), ..ClearLog::default() };
            let gone = bench.store.write(&bench.scope, Lane::Events, |tx| tx.clear_log(&events, &what)).unwrap();
            prop_assert_eq!(gone as i64, events.log_count - left.len() as i64);
            bench.check(&left, &search);
            let kept_names = ClearLog { exclude_metrics: vec!["m".to_owned()], ..ClearLog::default() };
            bench.store.write(&bench.scope, Lane::Events, |tx| {
                let events = tx.event_owner(&bench.owner)?.unwrap();
                tx.clear_log(&events, &kept_names)
            }).unwrap();
            let named: Vec<LogLine> = left.iter().filter(|line| line.series.is_some()).cloned().collect();
            bench.check(&named, &search);
            prop_assert_eq!(bench.blocks(), (0, 0));
        }
    }
}

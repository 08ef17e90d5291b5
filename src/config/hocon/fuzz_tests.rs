//! Mutated documents: whatever arrives, the reader answers, in bounded time, without a panic.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::*;

const SEEDS: &[&str] = &[
    "a: 1, b { c = [1, 2, {d: \"e\"}], f: ${a} } # g\n",
    "p: /bin\np: ${p}\":/usr\"\nq += ${?p}\nq += [2]\n",
    "base { x: 1 }\nd = ${base} {y: ${d.x}} ${?none}\nd.z = \"\"\"tri\"ple\"\"\"\n",
    "api { api_server: http://localhost:8008, credentials { \"access_key\" = \"\\u00e9\\n\" } }\n",
    "[1, [2, [3]], {a.b.c: True}, 10s, null, -1.5e+3]",
    "include \"x\"\na.\"b.c\".d : é // ü\n",
];

const TOKENS: &[&str] = &[
    "{", "}", "[", "]", ",", ":", "=", "+=", "${", "${?", "}", "\"", "\"\"\"", "\\", "\\u", "#", "//", "\n",
    " ", ".", "a", "a.b", "${a}", "${?b}", "${a.b}", "1", "e+", "-", "null", "include ", "\u{feff}", "é",
    "\u{0}", "\r\n", "$", "@", "\t",
];

/// Runs on a stack as small as a thread of a server may have, so that deep recursion would show.
#[test]
fn mutated_documents_never_panic_or_hang() {
    std::thread::Builder::new().stack_size(1 << 20).spawn(mutate).unwrap().join().unwrap();
}

fn mutate() {
    let deadline = Instant::now() + Duration::from_secs(8);
    let mut random = StdRng::seed_from_u64(0x0072_6f75_6e64);
    let env = |name: &str| (name.len() == 1).then(|| "e".to_owned());
    let (mut rounds, mut accepted) = (0_u32, 0_u32);
    while rounds < 60_000 && Instant::now() < deadline {
        let text = mutation(&mut random);
        let started = Instant::now();
        for substitutions in [Substitutions::Resolve, Substitutions::Keep, Substitutions::ResolveWith(&env)] {
            let options =
                Options { substitutions, keep_unknown_escapes: random.random(), ..Options::default() };
            match parse(&text, &options) {
                Ok(value) => {
                    accepted += 1;
                    let _ = value.to_json();
                    value.visit(&mut |_, _| ());
                }
                Err(error) => {
                    let lines = u32::try_from(text.matches('\n').count()).unwrap() + 1;
                    assert!(
                        error.position().line >= 1 && error.position().line <= lines,
                        "{error} in {text:?}"
                    );
                }
            }
        }
        let _ = parse_value(&text, &Origin::Text);
        assert!(started.elapsed() < Duration::from_secs(5), "slow: {text:?}");
        rounds += 1;
    }
    assert!(
        rounds > 1_000 && accepted > 100,
        "{rounds} rounds, {accepted} accepted: the fuzzing does not bite"
    );
}

fn mutation(random: &mut StdRng) -> String {
    let mut text: Vec<char> = SEEDS.choose(random).unwrap().chars().collect();
    for _ in 0..random.random_range(0..12) {
        let at = random.random_range(0..=text.len());
        match random.random_range(0..5) {
            0 if at < text.len() => {
                text.remove(at);
            }
            1 => {
                let end = random.random_range(at..=text.len());
                let piece: Vec<char> = text[at..end].to_vec();
                let to = random.random_range(0..=text.len());
                text.splice(to..to, piece);
            }
            2 => {
                let token = TOKENS.choose(random).unwrap();
                let times = if random.random_bool(0.02) { 300 } else { 1 };
                text.splice(at..at, token.repeat(times).chars());
            }
            _ => {
                text.splice(at..at, TOKENS.choose(random).unwrap().chars());
            }
        }
        if text.len() > 20_000 {
            break;
        }
    }
    text.into_iter().collect()
}

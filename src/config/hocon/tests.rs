#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value as Json, json};

use super::*;

fn read(text: &str) -> Json {
    parse(text, &Options::default()).unwrap_or_else(|error| panic!("{error}\n{text}")).to_json()
}

fn refused(text: &str) -> String {
    parse(text, &Options::default()).map(|value| value.to_json()).expect_err("must be refused").to_string()
}

fn kept(text: &str) -> Value {
    parse(text, &Options { substitutions: Substitutions::Keep, ..Options::default() }).unwrap()
}

#[test]
fn separators_comments_and_braces() {
    assert_eq!(read("\u{feff}{a:1,b=2 # x\n c { d : 3 } // y\n}"), json!({"a": 1, "b": 2, "c": {"d": 3}}));
    assert_eq!(read("a=1\r\nb=2\r\n"), json!({"a": 1, "b": 2}));
    assert_eq!(read(""), json!({}));
    assert_eq!(read("# only a comment"), json!({}));
    assert_eq!(read("[1, 2\n3,]"), json!([1, 2, 3]));
    assert_eq!(read("a\n{\n}\n"), json!({"a": {}}));
    assert_eq!(read("a :\n\n 5"), json!({"a": 5}));
    assert_eq!(read("a=1\n, b=2"), json!({"a": 1, "b": 2}));
}

#[test]
fn keys() {
    assert_eq!(read("a.b.c = 1, a.b.d = 2"), json!({"a": {"b": {"c": 1, "d": 2}}}));
    assert_eq!(read(r#""a.b".c = 1, a"x"y = 2"#), json!({"a.b": {"c": 1}, "axy": 2}));
    assert_eq!(read("my key here : 1"), json!({"my key here": 1}));
    assert_eq!(read("-auth { a: 1 }"), json!({"-auth": {"a": 1}}));
    assert_eq!(read("1.5 = x"), json!({"1": {"5": "x"}}));
    assert_eq!(read("\"\" = 1"), json!({"": 1}));
    assert_eq!(read("include = 1, include.b = 2"), json!({"include": {"b": 2}}));
}

#[test]
fn scalars_keep_their_text() {
    assert_eq!(
        read(
            "a: 007, b: 1.50, c: -3, d: .5, e: 1e3, f: 1E+2, g: true, h: True, i: null, j: nullable, k: 10s, l: 1.2.3"
        ),
        json!({"a": 7, "b": 1.5, "c": -3, "d": 0.5, "e": 1000.0, "f": 100.0, "g": true, "h": true, "i": null,
            "j": "nullable", "k": "10s", "l": "1.2.3"})
    );
    let value = parse("a: 007, b: True", &Options::default()).unwrap();
    let object = value.as_object().unwrap();
    assert_eq!(object.get("a").unwrap().as_text(), Some("007"));
    assert_eq!(object.get("b").unwrap().as_text(), Some("True"));
    assert_eq!(read("a: \"5\", b: \"true\""), json!({"a": "5", "b": "true"}));
    assert_eq!(read("a: 99999999999999999999999, b: 1e999"), json!({"a": 1e23, "b": "1e999"}));
}

#[test]
fn strings() {
    assert_eq!(
        read("a: http://localhost:8008/x // y\nb = https://h:1\nc: 10:30 to 11\nd: a/b//c"),
        json!({"a": "http://localhost:8008/x", "b": "https://h:1", "c": "10:30 to 11", "d": "a/b"})
    );
    assert_eq!(
        read(r#"a: "x # \"y\" \\ \n \u00e9 \ud83d\ude00 \/""#),
        json!({"a": "x # \"y\" \\ \n é 😀 /"})
    );
    assert_eq!(
        read("a: \"\"\"one\n \\n \"two\" \"\"\"\"\"\nb: \"\"\"\"\"\""),
        json!({"a": "one\n \\n \"two\" \"\"", "b": ""})
    );
    assert_eq!(
        read("a: \"x\" y \"z\"\nb: \"5\"\nc: 5 6\nd: \"\""),
        json!({"a": "x y z", "b": "5", "c": "5 6", "d": ""})
    );
}

#[test]
fn typed_accessors_are_lenient() {
    let value = parse(
        "n: \"5\", f: 5.0, b: \"Yes\", s: 10s, m: 1.5 minutes, x: 1.5, y: 5parsecs",
        &Options::default(),
    )
    .unwrap();
    let get = |key: &str| value.as_object().unwrap().get(key).unwrap();
    assert_eq!(get("n").as_i64(), Some(5));
    assert_eq!(get("f").as_i64(), Some(5));
    assert_eq!(get("x").as_i64(), None);
    assert_eq!(get("b").as_bool(), Some(true));
    assert_eq!(get("s").as_duration(), Some(std::time::Duration::from_secs(10)));
    assert_eq!(get("m").as_duration(), Some(std::time::Duration::from_secs(90)));
    assert_eq!(get("y").as_duration(), None);
    assert_eq!(get("n").as_duration(), None, "no unit, no duration");
}

#[test]
fn merging() {
    assert_eq!(read("a {x:1}\na {y:2}"), json!({"a": {"x": 1, "y": 2}}));
    assert_eq!(read("a {x:1}\na = 5\na {y:2}"), json!({"a": {"y": 2}}));
    assert_eq!(read("a {x {p:1}}\na.x.q = 2\na.x.p = 3"), json!({"a": {"x": {"p": 3, "q": 2}}}));
    assert_eq!(
        read("a = {x:1} {y:2}\nb = [1] [2, 3]\nc = x  y z "),
        json!({"a": {"x": 1, "y": 2}, "b": [1, 2, 3], "c": "x  y z"})
    );
    assert_eq!(read("a = [1]\na += 2\na += [3]\nb += 1"), json!({"a": [1, 2, [3]], "b": [1]}));
}

#[test]
fn substitutions() {
    assert_eq!(
        read("a: 1, b: ${a}, c: ${a}${a}, d: \"v\"${a} end"),
        json!({"a": 1, "b": 1, "c": "11", "d": "v1 end"})
    );
    assert_eq!(read("b: ${a.x.y}, a { x { y: [1] } }"), json!({"b": [1], "a": {"x": {"y": [1]}}}));
    assert_eq!(
        read("a: ${?none}, b: [${?none}, 1], c: x${?none}y, d: ${?none}${?nope}"),
        json!({"b": [1], "c": "xy"})
    );
    assert_eq!(read("a: 1\na: ${?none}"), json!({"a": 1}));
    assert_eq!(
        read("base {x:1, y:2}\nd = ${base} {y:3}"),
        json!({"base": {"x": 1, "y": 2}, "d": {"x": 1, "y": 3}})
    );
    assert_eq!(
        read("l: [1]\nm: ${l} [2]\nn: [0] ${l} ${?none}"),
        json!({"l": [1], "m": [1, 2], "n": [0, 1]})
    );
    assert_eq!(read("\"a.b\": 1, c: ${\"a.b\"}"), json!({"a.b": 1, "c": 1}));
    assert_eq!(read("a: null, b: ${a}"), json!({"a": null, "b": null}));
}

#[test]
fn self_references_look_below() {
    assert_eq!(read("p: /bin\np: ${p}\":/usr\"\np: ${p}\":/opt\""), json!({"p": "/bin:/usr:/opt"}));
    assert_eq!(read("l: [1]\nl: ${l} [2]\nl: ${?l} [3]"), json!({"l": [1, 2, 3]}));
    assert_eq!(read("a: ${?a} x"), json!({"a": " x"}));
    assert_eq!(
        read("bar { foo: 42, baz: ${bar.foo} }\nbar { foo: 43 }"),
        json!({"bar": {"foo": 43, "baz": 43}})
    );
    assert_eq!(
        read("bar { foo: 42, baz: ${bar.foo} }\nbar = ${over}\nover { foo: 43 }")["bar"],
        json!({"foo": 43, "baz": 43})
    );
    assert_eq!(read("o {x:1}\no = ${o} {y:2}\no = ${o} {x:3}"), json!({"o": {"x": 3, "y": 2}}));
    assert_eq!(
        read("a {x:1}\na = ${base}\na { x: ${a.x}2 }\nbase {z:0}"),
        json!({"a": {"x": "12", "z": 0}, "base": {"z": 0}})
    );
    assert_eq!(read("a: ${base} {x: ${a.y}}\nbase {y: 1}")["a"], json!({"y": 1, "x": 1}));
    for cycle in ["a: ${a}", "a: ${b}, b: ${a}", "a { b: ${a} }", "a: ${b}x, b: ${c}, c: ${a}y"] {
        assert!(refused(cycle).contains("refers to itself"), "{cycle}: {}", refused(cycle));
    }
    assert_eq!(read("a: ${?b}, b: ${?a}"), json!({}));
}

#[test]
fn the_environment_answers_only_when_asked_and_only_for_what_the_document_lacks() {
    let env = |name: &str| (name == "HOME" || name == "a").then(|| "1".to_owned());
    let options = Options { substitutions: Substitutions::ResolveWith(&env), ..Options::default() };
    assert_eq!(
        parse("a: x, b: ${HOME}, c: ${a}, d: ${?NONE}", &options).unwrap().to_json(),
        json!({"a": "x", "b": "1", "c": "x"})
    );
    assert!(refused("b: ${HOME}").contains("${HOME} is not defined"));
}

#[test]
fn problems_have_a_place_and_a_remedy() {
    for (text, place, part) in [
        ("a: 1\nb: [1, 2\n", "line 2, column 4", "never closed"),
        ("a {\n b: 1\n", "line 1, column 3", "never closed"),
        ("a: \"x\n", "line 1, column 4", "not closed on its line"),
        ("a: \"\"\"x\n", "line 1, column 4", "three quotes"),
        ("a: x@y", "line 1, column 5", "double quotes"),
        ("a: b = c", "line 1, column 6", "double quotes"),
        ("a: $x", "line 1, column 4", "double quotes"),
        ("a", "line 1, column 1", "without a value"),
        ("a:\n}", "line 2, column 1", "missing"),
        ("a: [1,,2]", "line 1, column 7", "comma"),
        ("a: 1,,b: 2", "line 1, column 6", "comma"),
        ("a: 1 }", "line 1, column 6", "closes nothing"),
        ("}", "line 1, column 1", "closes nothing"),
        ("{a: 1} b", "line 1, column 8", "ends before"),
        ("a..b: 1", "line 1, column 3", "dotted"),
        ("a.: 1", "line 1, column 3", "dotted"),
        ("a: x {b: 1}", "line 1, column 6", "cannot be joined"),
        ("é: 1\nüü: ${x", "line 2, column 5", "never closed"),
        ("a: \"\\q\"", "line 1, column 5", "escape"),
        ("a: \"\\ud800x\"", "line 1, column 5", "hexadecimal"),
        ("include \"other.conf\"", "line 1, column 1", "not read here"),
        ("a { include required(file(\"x\")) }", "line 1, column 5", "not read here"),
        ("a: 1\na += 2", "line 2, column 6", "adds to a list"),
        ("b: [1]\na: ${b} {c: 1}", "line 2, column 4", "section"),
        ("b: [1]\na: ${b} x", "line 2, column 4", "cannot be joined"),
    ] {
        let error = refused(text);
        assert!(error.starts_with(place) && error.contains(part), "{text:?} gave {error:?}");
    }
}

#[test]
fn depth_is_limited_and_deep_text_does_not_overflow() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(MAX_DEPTH, 64);
    parse(&nested(64), &Options::default()).unwrap();
    assert!(refused(&nested(65)).contains("64 levels"));
    let objects = |depth: usize| format!("{}{}", "a{".repeat(depth), "}".repeat(depth));
    parse(&objects(63), &Options::default()).unwrap();
    for text in [nested(200_000), objects(200_000), "{".repeat(200_000), vec!["a"; 200_000].join(".") + "=1"]
    {
        refused(&text);
    }
    parse(&(vec!["a"; 64].join(".") + "=1"), &Options::default()).unwrap();
    refused(&(vec!["a"; 65].join(".") + "=1"));
}

#[test]
fn substitutions_cannot_blow_up() {
    let mut doubling = String::from("a0: [x, x]\n");
    let mut empty = String::from("a0: []\n");
    let mut text = format!("a0: {}\n", "x".repeat(1000));
    let mut chain = String::from("a0: 1\n");
    for level in 1..60 {
        let below = level - 1;
        doubling += &format!("a{level}: [${{a{below}}}, ${{a{below}}}]\n");
        empty += &format!("a{level}: ${{a{below}}} ${{a{below}}}\n");
        text += &format!("a{level}: ${{a{below}}}${{a{below}}}\n");
    }
    for level in 1..10_000 {
        chain += &format!("a{level}: ${{a{}}}\n", level - 1);
    }
    for document in [doubling, empty, text, chain] {
        let started = std::time::Instant::now();
        let error = refused(&document);
        assert!(error.contains("expand too far") || error.contains("too deeply"), "{error}");
        assert!(started.elapsed() < std::time::Duration::from_secs(10));
    }
    let many =
        format!("base {{ x: 1 }}\n{}", (0..20_000).map(|i| format!("k{i}: ${{base}}\n")).collect::<String>());
    assert_eq!(read(&many)["k19999"], json!({"x": 1}));
}

#[test]
fn kept_substitutions_hide_nothing() {
    let value = kept("a: ${?x}\na { agent.debug: true }\nb: [${y.z} {c: 1}]\nd: 1\nl += ${q}");
    let mut paths = Vec::new();
    value.visit(&mut |path, _| paths.push(path.join(".")));
    assert_eq!(paths, ["a", "a.agent", "a.agent.debug", "b", "b.c", "d", "l"]);
    let found: Vec<String> = value.substitutions().iter().map(|s| s.path.join("/")).collect();
    assert_eq!(found, ["x", "y/z", "q"]);
    assert!(value.substitutions()[0].optional && !value.substitutions()[1].optional);
    assert_eq!(value.substitutions()[1].position, Position { line: 3, column: 5 });
    assert!(matches!(value.as_object().unwrap().get("d").unwrap().kind, Kind::Scalar(_)));
}

#[test]
fn lone_values() {
    let value = |text: &str| parse_value(text, &Origin::Text).map(|value| value.to_json());
    assert_eq!(value("").unwrap(), json!(""));
    assert_eq!(value("5").unwrap(), json!(5));
    assert_eq!(value("[a, \"b\"]").unwrap(), json!(["a", "b"]));
    assert_eq!(value("{x: 1}").unwrap(), json!({"x": 1}));
    assert_eq!(value("some text # comment").unwrap(), json!("some text"));
    assert_eq!(value("\"a@b.c\"").unwrap(), json!("a@b.c"));
    for text in ["a=b", "a@b.c", "a,b", "x$y", "${x}", "[1", "a\nb"] {
        value(text).unwrap_err();
    }
}

#[test]
fn unknown_escapes_can_be_kept() {
    let options = Options { keep_unknown_escapes: true, ..Options::default() };
    assert_eq!(parse(r#"a: "C:\data\new""#, &options).unwrap().to_json(), json!({"a": "C:\\data\new"}));
}

#[test]
fn debug_output_shows_no_text() {
    let value = parse("password: hunter2", &Options::default()).unwrap();
    assert!(!format!("{value:?}").contains("hunter2"));
}

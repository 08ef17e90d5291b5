//! Our HOCON reader against `pyhocon`, the reader inside the SDK and the agent: on documents as ClearML's people write them,
//! both must give the same tree. Where pyhocon departs from the HOCON text, the case says so and why.
//!
//! Runs the Python named by `ROUNDHOUSE_TEST_PYTHON` (default: the environment that tests/run.sh makes), which must have `clearml`.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use roundhouse::config::hocon::{self, Kind, Options, Substitutions, Value};
use serde_json::{Value as Json, json};

use crate::yard::python::interpreter;

/// Reads `[{name, text}]`, answers `[{tree} | {error}]`. Durations become `{"$seconds": n}`.
const REFEREE: &str = r#"
import datetime, json, os, sys
os.environ["ROUNDHOUSE_HOCON_TEST"] = "from the environment"
from clearml.utilities.pyhocon import ConfigFactory
from clearml.utilities.pyhocon.config_tree import NoneValue
try:
    from dateutil.relativedelta import relativedelta
except ImportError:
    relativedelta = ()

def plain(value):
    if isinstance(value, dict):
        return {str(k).strip('"'): plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if value is None or isinstance(value, NoneValue):
        return None
    if isinstance(value, datetime.timedelta):
        return {"$seconds": value.total_seconds()}
    if relativedelta and isinstance(value, relativedelta):
        epoch = datetime.datetime(2000, 1, 1)
        return {"$seconds": ((epoch + value) - epoch).total_seconds()}
    return value

answers = []
for text in json.load(sys.stdin):
    try:
        answers.append({"tree": plain(ConfigFactory.parse_string(text))})
    except Exception as error:
        answers.append({"error": type(error).__name__})
json.dump(answers, sys.stdout)
"#;

/// What must come of a document.
enum Expect {
    /// Both readers give the same tree.
    Same,
    /// Both readers refuse.
    BothRefuse,
    /// pyhocon departs from the HOCON text: why, and what is right.
    Ours(&'static str, Json),
    /// We refuse what pyhocon accepts: why.
    WeRefuse(&'static str),
}
use Expect::{BothRefuse, Ours, Same, WeRefuse};

#[allow(clippy::too_many_lines)] // a table
fn corpus() -> Vec<(&'static str, Expect)> {
    vec![
        // Objects, keys, separators.
        ("a = 1", Same),
        ("a : 1\nb : 2", Same),
        ("{ a : 1, b : 2 }", Same),
        ("{\n  \"a\": 1,\n  \"b\": [1, 2, 3]\n}", Same),
        ("a { b { c = 1 } }", Same),
        ("a.b.c = 1", Same),
        ("a.b.c = 1\na.b.d = 2\na.e = 3", Same),
        ("a { b = 1 }\na { c = 2 }", Same),
        ("a { b { x = 1 } }\na { b { y = 2 } }", Same),
        ("a { b = 1 }\na.b = 2", Same),
        ("a = 1\na = 2", Same),
        ("a { b = 1 }\na = 2", Same),
        ("\"a\" = 1\n\"b c\" = 2", Same),
        ("a-b_c = 1", Same),
        ("my key = 1", Same),
        ("/tasks/x { log = false }", Same),
        ("a = 1,\nb = 2,\n", Same),
        ("a = 1 # one\n# two\nb = 2 // three\n// four", Same),
        ("a\n{\n b = 1\n}\n", Same),
        ("a = {}\nb = []", Same),
        ("a {\n\n\n b : 1\n\n c : 2 }", Same),
        ("-auth { a = 1 }", Same),
        ("a = {b = 1} {c = 2}", Same),
        (
            "apiserver { auth { fixed_users { enabled: true, users: [ {username: jane, password: \"12345678\", name: Jane Doe} ] } } }",
            Same,
        ),
        // Scalars.
        ("a = 5\nb = -5\nc = 0", Same),
        ("a = 1.5\nb = -0.25\nc = 1e3\nd = 1.5e-3", Same),
        ("a = 007", Same),
        ("a = .5", Same),
        ("a = 1.2.3\nb = 10.0.0.1", Same),
        ("a = true\nb = false\nc = null", Same),
        ("a = True\nb = False\nc = TRUE\nd = Null", Same),
        ("a = truely\nb = nullable", Same),
        ("a = \"true\"\nb = \"5\"\nc = \"null\"", Same),
        ("a = 2592000  # 30 days", Same),
        ("a = 10s", Same),
        ("a = 5 minutes", Same),
        ("a = 500ms", Same),
        ("a = 30 seconds\nb = 2", Same),
        ("a = 1d", Same),
        ("a = 2 weeks", Same),
        ("a = 3 h", Same),
        // Strings.
        ("a = some text with blanks", Same),
        ("a = some text with blanks   # comment", Same),
        ("a = \"quoted # not a comment\"", Same),
        ("a = \"x\\ny\\tz\\\"q\\\"\\\\\"", Same),
        ("a = \"\"", Same),
        ("a = \"\"\"one\ntwo \"three\" \\n\"\"\"", Same),
        ("a = \"\"\"x\"\"\"\"", Same),
        ("a = foo \"bar\" baz", Same),
        ("a = \"foo\" \"bar\"", Same),
        ("a = http://localhost:8008", Same),
        ("api {\n  web_server: http://10.0.0.1:8080\n  files_server: https://files.example.com/x/\n}", Same),
        ("a = s3://bucket/key/x.y", Same),
        ("a = 10:30", Same),
        ("a = /opt/clearml/config", Same),
        ("a = ~/clearml.conf", Same),
        ("a = naïve café", Same),
        (
            "a = \"\\u00e9\"",
            Ours("pyhocon leaves \\u escapes as written; JSON strings have them", json!({"a": "é"})),
        ),
        ("a = \"\\/\"", Ours("pyhocon leaves \\/ as written; JSON strings have it", json!({"a": "/"}))),
        ("a = \"C:\\\\data\"", Same),
        (
            "a = \"C:\\data\"",
            WeRefuse(
                "an unknown escape is no JSON string (a vault may keep it: Options::keep_unknown_escapes)",
            ),
        ),
        (
            "a = x//y",
            Ours(
                "`//` starts a comment in unquoted text; only `://` is kept, for addresses",
                json!({"a": "x"}),
            ),
        ),
        // Arrays.
        ("a = [1, 2, 3]", Same),
        ("a = [1, 2, 3,]", Same),
        ("a = [\n  1\n  2\n  3\n]", Same),
        ("a = [\n  \"--ipc=host\",  # shared memory\n  \"--gpus all\",\n]", Same),
        ("a = [a, b c, \"d\"]", Same),
        ("a = [[1, 2], [3]]", Same),
        ("a = [{x = 1}, {x = 2, y = [3]}]", Same),
        ("a = [\n  {x = 1}\n  {x = 2}\n]", Same),
        ("a = [1, 2] [3]", Same),
        ("a = [true, null, 1.5, x]", Same),
        ("a = [[500, 0]]\nb = [[500, [0, 1]], 400]", Same),
        ("[1, 2, {a = 1}]", Same),
        ("a = [1,,2]", WeRefuse("two commas in a row are invalid HOCON")),
        // Substitutions.
        ("a = 1\nb = ${a}", Same),
        ("b = ${a}\na = 1", Same),
        ("a { b = x }\nc = ${a.b}", Same),
        ("a = x\nb = ${a} y", Same),
        ("a = x\nb = pre-${a}-post", Same),
        ("a = x\nb = ${a}${a}", Same),
        ("a = x\nb = \"q \"${a}\" r\"", Same),
        ("a = ${?missing}\nb = 1", Same),
        ("a = 1\na = ${?missing}", Same),
        ("a = ${missing}", BothRefuse),
        ("a = ${ROUNDHOUSE_HOCON_TEST}", Same),
        ("a = ${?ROUNDHOUSE_HOCON_TEST}", Same),
        ("a = default\na = ${?ROUNDHOUSE_HOCON_TEST}", Same),
        ("a { x = 1, y = 2 }\nb = ${a} { y = 3 }", Same),
        (
            "a { x = 1 }\nb = ${a}\nb.y = 2",
            Ours(
                "objects merge, substituted ones too; pyhocon drops the first",
                json!({"a": {"x": 1}, "b": {"x": 1, "y": 2}}),
            ),
        ),
        ("a = [1, 2]\nb = ${a} [3]", Same),
        ("a = [1, 2]\nb = [0] ${a}", Same),
        ("a = [1]\nb = [${a}, 2]", Same),
        ("a = x\nb = [${a}, y]", Same),
        ("a = /bin\na = ${a}\":/usr\"", Same),
        ("a = [1]\na = ${a} [2]", Same),
        ("a { x = 1 }\na = ${a} { y = 2 }", Same),
        ("bar { foo = 42, baz = ${bar.foo} }", Same),
        ("bar { foo = 42, baz = ${bar.foo} }\nbar { foo = 43 }", Same),
        ("a = ${b}\nb = ${a}", BothRefuse),
        ("agent { home = /root, cache = ${agent.home}/.clearml, venvs = ${agent.cache}/venvs }", Same),
        ("a = [1]\na += 2", Ours("pyhocon drops what the list held before", json!({"a": [1, 2]}))),
        (
            "a = [1]\na += [2]",
            Ours("`+=` appends one element; pyhocon joins the lists", json!({"a": [1, [2]]})),
        ),
        // Refused.
        ("a = [1, 2", BothRefuse),
        ("a { b = 1", BothRefuse),
        ("a = \"x", BothRefuse),
        ("a = x@y", BothRefuse),
        ("a = b = c", BothRefuse),
        ("a", BothRefuse),
        ("a = 1 }", BothRefuse),
        ("a = {b = 1} [2]", BothRefuse),
        ("a =", WeRefuse("a key needs a value; pyhocon takes an empty text")),
    ]
}

fn run_python(python: &Path, script: &str, input: &str) -> String {
    let mut child = Command::new(python)
        .args(["-c", script])
        .env_remove("PYTHONPATH")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    child.stdin.take().expect("stdin").write_all(input.as_bytes()).expect("python reads its input");
    let output = child.wait_with_output().expect("python ends");
    assert!(output.status.success(), "python failed: {}", output.status);
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn pyhocon(python: &Path, texts: &[&str]) -> Vec<Json> {
    let answers = run_python(python, REFEREE, &json!(texts).to_string());
    serde_json::from_str(&answers).expect("the referee answers JSON")
}

fn ours(text: &str) -> Result<Value, hocon::HoconError> {
    let env = |name: &str| (name == "ROUNDHOUSE_HOCON_TEST").then(|| "from the environment".to_owned());
    hocon::parse(text, &Options { substitutions: Substitutions::ResolveWith(&env), ..Options::default() })
}

/// Whether our value means what pyhocon's tree says. A duration there is text here, until it is asked for as a duration.
fn agrees(ours: &Value, theirs: &Json) -> bool {
    if let Some(seconds) = theirs.get("$seconds").and_then(Json::as_f64) {
        return ours.as_duration().is_some_and(|duration| (duration.as_secs_f64() - seconds).abs() < 1e-9);
    }
    match (&ours.kind, theirs) {
        (Kind::Object(object), Json::Object(members)) => {
            object.len() == members.len()
                && object
                    .iter()
                    .all(|(key, value)| members.get(key).is_some_and(|theirs| agrees(value, theirs)))
        }
        (Kind::Array(items), Json::Array(elements)) => {
            items.len() == elements.len()
                && items.iter().zip(elements).all(|(ours, theirs)| agrees(ours, theirs))
        }
        (Kind::Scalar(_), Json::Number(number)) => {
            let ours = ours.to_json();
            ours.is_number() && ours.as_f64() == number.as_f64() && ours.is_f64() == number.is_f64()
        }
        (Kind::Scalar(_), theirs) => ours.to_json() == *theirs,
        _ => false,
    }
}

#[test]
fn the_same_tree_as_the_readers_of_the_sdk() {
    let python = interpreter();
    let corpus = corpus();
    assert!(corpus.len() >= 60);
    let texts: Vec<&str> = corpus.iter().map(|(text, _)| *text).collect();
    let theirs = pyhocon(&python, &texts);
    let mut wrong = Vec::new();
    for ((text, expect), theirs) in corpus.iter().zip(theirs) {
        let result = ours(text);
        let tree = theirs.get("tree");
        let fine = match (expect, &result, tree) {
            (Same, Ok(value), Some(tree)) => agrees(value, tree),
            (BothRefuse, Err(_), None) => true,
            // An exception must still be one: when pyhocon changes its mind, the table must too.
            (Ours(_, right), Ok(value), tree) => {
                value.to_json() == *right && !tree.is_some_and(|tree| agrees(value, tree))
            }
            (WeRefuse(_), Err(_), Some(_)) => true,
            _ => false,
        };
        let expected = match expect {
            Same => "the same tree",
            BothRefuse => "refused by both",
            Ours(why, _) | WeRefuse(why) => why,
        };
        if !fine {
            let ours =
                result.map(|value| value.to_json().to_string()).unwrap_or_else(|error| error.to_string());
            wrong.push(format!("{text:?} ({expected})\n   ours:   {ours}\n   theirs: {theirs}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} documents differ:\n{}", wrong.len(), corpus.len(), wrong.join("\n"));
}

#[test]
fn the_default_files_of_sdk_and_agent_read_the_same() {
    let python = interpreter();
    let list = "import clearml, os\nroot = os.path.dirname(os.path.dirname(clearml.__file__))\n\
        print('\\n'.join(os.path.join(d, f) for p in ('clearml', 'clearml_agent') for d, _, fs in os.walk(os.path.join(root, p)) \
        for f in fs if f.endswith('.conf')))";
    let files: Vec<(String, String)> = run_python(&python, list, "")
        .lines()
        .map(|path| (path.to_owned(), std::fs::read_to_string(path).expect("a readable file")))
        .collect();
    assert!(files.len() >= 4, "clearml brings its default configuration: {files:?}");
    let texts: Vec<&str> = files.iter().map(|(_, text)| text.as_str()).collect();
    for ((path, text), theirs) in files.iter().zip(pyhocon(&python, &texts)) {
        let value = ours(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let tree = theirs.get("tree").unwrap_or_else(|| panic!("pyhocon refuses {path}: {theirs}"));
        assert!(!value.as_object().expect("an object").is_empty(), "{path}");
        assert!(agrees(&value, tree), "{path}\n   ours:   {}\n   theirs: {tree}", value.to_json());
    }
}

/// Twice the text takes about twice the time: a megabyte of fields, of nested lists, of one long line, of repeated keys.
#[test]
fn time_grows_with_the_text() {
    let shapes: [fn(usize) -> String; 5] = [
        |n| (0..n).map(|i| format!("key{i} = value number {i}  # comment\n")).collect(),
        |n| format!("a = [{}]", "[1, {b = c}], ".repeat(n)),
        |n| format!("a = {}", "word ".repeat(n * 4)),
        |n| "a { b = 1, c.d = [x] }\n".repeat(n),
        |n| (0..n).map(|i| format!("l += ${{?l}} {i}\nk{i} = ${{?k}}\n")).take(n.min(500)).collect(),
    ];
    for (index, shape) in shapes.into_iter().enumerate() {
        let text = shape(40_000);
        let started = std::time::Instant::now();
        let _ = hocon::parse(&text, &Options::default());
        let elapsed = started.elapsed();
        assert!(elapsed.as_secs_f64() < 5.0, "shape {index}: {} bytes took {elapsed:?}", text.len());
    }
}

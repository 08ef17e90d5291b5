use serde_json::{Value, json};

use super::yard::{Reply, Yard};

fn many(yard: &Yard, body: &Value) -> Reply {
    yard.call_with("POST", "/delete_many", &[], body.to_string().as_bytes())
}

#[test]
fn case_21_a_file_is_deleted_once() {
    let yard = Yard::start();
    yard.put("demo/a b.txt", b"x");
    assert_eq!(yard.call("DELETE", "/demo").status, 404, "a directory");
    let reply = yard.call("DELETE", "/demo/a%20b.txt");
    assert_eq!((reply.status, reply.json()), (200, json!("demo/a b.txt")));
    assert_eq!(yard.get("/demo/a%20b.txt").status, 404);
    assert_eq!(yard.call("DELETE", "/demo/a%20b.txt").status, 404);
    assert_eq!(yard.call("DELETE", "/..%2f..%2fetc/passwd").status, 404);
}

#[test]
fn case_22_44_a_plus_is_a_plus_first_and_a_blank_second() {
    let yard = Yard::start();
    yard.put("d/two words.txt", b"x");
    yard.put("d/a+b.txt", b"x");
    yard.put("d/a b.txt", b"x");
    let reply = many(&yard, &json!({"files": ["d/two+words.txt", "d/a+b.txt", "d/a%2Bb.txt", "d/a+b.txt"]}));
    assert_eq!(
        reply.json(),
        json!({
            "deleted": {"d/two+words.txt": "d/two words.txt", "d/a+b.txt": "d/a b.txt"},
            "errors": {"Not found": ["d/a%2Bb.txt"]},
        })
    );
    assert_eq!(yard.get("/d/a+b.txt").status, 404);
}

#[test]
fn case_23_directories_go_whole_and_strange_paths_do_nothing() {
    let yard = Yard::start();
    yard.put("d/x/1", b"x");
    yard.put("d/x/y/2", b"x");
    yard.put("keep", b"x");
    let reply = many(&yard, &json!({"files": ["d", "", "/", "../x", "/abs", "nope", "keep/below"]}));
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.json(),
        json!({
            "deleted": {"d": "d"},
            "errors": {
                "Empty path not allowed": ["", "/"],
                "Not found": ["../x", "/abs", "nope", "keep/below"],
            },
        })
    );
    assert_eq!(
        (yard.get("/d/x/1").status, yard.get("/d/x/y/2").status, yard.get("/keep").status),
        (404, 404, 200)
    );
}

#[test]
fn case_24_unusable_bodies_are_400() {
    let yard = Yard::start();
    for body in [
        "",
        "{",
        "null",
        "{}",
        "[]",
        r#"{"files": []}"#,
        r#"{"files": "a"}"#,
        r#"{"files": [1]}"#,
        r#"{"files": null}"#,
    ] {
        let reply = yard.call_with("POST", "/delete_many", &[], body.as_bytes());
        assert_eq!(reply.status, 400, "{body}");
    }
    let most = json!({"files": vec!["x"; 10_001]});
    assert_eq!(many(&yard, &most).status, 400);
}

#[test]
fn case_25_nothing_deletes_the_root() {
    let yard = Yard::start();
    yard.put("x/a", b"x");
    for root in ["x/..", ".", "./", "x/./..", "%2e", "x/%2e%2e", "%2F", "+/..", ".%2F."] {
        let reply = many(&yard, &json!({"files": [root]}));
        assert_eq!((reply.status, &reply.json()["deleted"]), (200, &json!({})), "{root}");
        assert_eq!(yard.get("/x/a").status, 200, "{root}");
    }
    assert_eq!(many(&yard, &json!({"files": ["x"]})).json()["deleted"], json!({"x": "x"}));
}

#[test]
fn case_26_other_methods_are_405_and_say_which() {
    let yard = Yard::start();
    for (method, path) in
        [("PUT", "/x"), ("POST", "/x"), ("PATCH", "/"), ("PUT", "/delete_many"), ("DELETE", "/")]
    {
        let reply = yard.call(method, path);
        assert_eq!(reply.status, 405, "{method} {path}");
        assert!(reply.header("allow").unwrap().contains("GET, HEAD, OPTIONS"), "{method} {path}");
    }
    assert_eq!(yard.get("/delete_many").status, 404, "an ordinary file's name");
    yard.put("delete_many", b"x");
    assert_eq!(yard.get("/delete_many").body, b"x");
}

#[test]
fn deleting_many_can_be_switched_off() {
    let yard = Yard::with(|settings| settings.fileserver.delete.allow_batch = false);
    yard.put("a", b"x");
    assert_eq!(many(&yard, &json!({"files": ["a"]})).status, 405);
    assert_eq!(yard.get("/a").status, 200);
}

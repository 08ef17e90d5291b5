use serde_json::json;

use super::yard::{FORM, Yard, form};
use crate::domain::files::testing::HOME;

#[test]
fn case_02_03_an_upload_is_stored_and_listed_without_leading_slash() {
    let yard = Yard::start();
    let reply = yard.upload(&[("p/a.txt", b"hello")]);
    assert_eq!((reply.status, reply.json()), (200, json!(["p/a.txt"])));
    assert_eq!(yard.get("/p/a.txt").body, b"hello");
    let reply = yard.upload(&[("/p/b.txt", b"there")]);
    assert_eq!((reply.status, reply.json()), (200, json!(["p/b.txt"])));
    assert_eq!(yard.get("/p/b.txt").body, b"there");
    let stored = std::fs::read(yard.house.disk(&format!("tenants/{HOME}/p/b.txt"))).unwrap();
    assert_eq!(stored, b"there");
}

#[test]
fn case_04_several_files_are_listed_in_order() {
    let yard = Yard::start();
    let reply = yard.upload(&[("z", b"1"), ("/a/b", b""), ("m", b"3")]);
    assert_eq!(reply.json(), json!(["z", "a/b", "m"]));
    assert_eq!((yard.get("/z").body, yard.get("/a/b").body), (b"1".to_vec(), vec![]));
    let reply = yard.upload(&[("twice", b"first"), ("twice", b"second")]);
    assert_eq!(reply.json(), json!(["twice"]));
    assert_eq!(yard.get("/twice").body, b"first");
}

#[test]
fn case_05_a_second_upload_replaces_the_first_and_its_tag() {
    let yard = Yard::start();
    yard.put("p/a", b"one");
    let first = yard.get("/p/a");
    let old = first.header("etag").unwrap().to_owned();
    yard.put("p/a", b"two");
    let second = yard.call_with("GET", "/p/a", &[("If-None-Match", &old)], b"");
    assert_eq!((second.status, second.body.as_slice()), (200, b"two".as_slice()));
    let new = second.header("etag").unwrap();
    assert_ne!(new, old);
    let third = yard.call_with("GET", "/p/a", &[("If-None-Match", new)], b"");
    assert_eq!((third.status, third.body.len()), (304, 0));
    assert_eq!(third.header("etag"), Some(new));
}

#[test]
fn case_06_names_can_not_leave_the_root() {
    let yard = Yard::start();
    for outside in ["../e.txt", "a/../../e.txt", "/../../e.txt"] {
        let reply = yard.upload(&[("before.txt", b"x"), (outside, b"x")]);
        assert_eq!(reply.status, 404, "{outside}");
    }
    assert_eq!(yard.get("/before.txt").status, 404, "a refused request stores nothing");
    assert!(!yard.house.disk("tenants/e.txt").exists() && !yard.house.disk("e.txt").exists());
    let reply = yard.upload(&[("x/../ok.txt", b"fine"), ("a//b", b"slashes")]);
    assert_eq!(reply.json(), json!(["x/../ok.txt", "a//b"]), "as sent");
    assert_eq!((yard.get("/ok.txt").body, yard.get("/a/b").body), (b"fine".to_vec(), b"slashes".to_vec()));
}

#[test]
fn case_07_a_part_without_filename_is_no_file() {
    let yard = Yard::start();
    let body = b"--XyZ\r\nContent-Disposition: form-data; name=\"p/a\"\r\n\r\nhello\r\n--XyZ--\r\n";
    let reply = yard.call_with("POST", "/", &[FORM], body);
    assert_eq!((reply.status, reply.json()), (200, json!([])));
    assert_eq!(yard.get("/p/a").status, 404);
    assert_eq!(yard.upload(&[("", b"x"), ("/", b"x")]).json(), json!([]), "empty names are skipped");
    let reply = yard.call_with("POST", "/", &[("Content-Type", "text/plain")], b"hello");
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("multipart/form-data"), "{}", reply.text());
}

#[test]
fn case_08_09_names_are_literal_and_addresses_decoded_once() {
    let yard = Yard::start();
    yard.put("sp ace/ü.txt", b"1");
    assert_eq!(yard.get("/sp%20ace/%C3%BC.txt").status, 200);
    yard.put("q%2Fr.txt", b"2");
    assert_eq!((yard.get("/q%252Fr.txt").status, yard.get("/q%2Fr.txt").status), (200, 404));
    yard.put("a+b %22.txt", b"3");
    assert_eq!(yard.get("/a+b%20%2522.txt").body, b"3");
}

#[test]
fn case_10_compressed_bodies_are_refused_before_anything_else() {
    let yard = Yard::start();
    let reply = yard.call_with("POST", "/", &[FORM, ("Content-Encoding", "gzip")], &form(&[("a", b"x")]));
    assert_eq!(reply.status, 415);
    assert!(reply.text().lines().count() == 1 && reply.text().contains("Content-Encoding"));
    assert_eq!(yard.send("GET", "/a", &[("Content-Encoding", "gzip")], b"").status, 415);
}

#[test]
fn names_that_no_file_can_have_are_400_and_taken_ones_409() {
    let yard = Yard::start();
    yard.put("d/file", b"x");
    assert_eq!(yard.upload(&[(&"n".repeat(256), b"x")]).status, 400);
    assert_eq!(yard.upload(&[("a\0b", b"x")]).status, 400);
    assert_eq!(yard.upload(&[("x/..", b"x")]).status, 400);
    for taken in ["d", "d/file/below"] {
        let reply = yard.upload(&[(taken, b"x")]);
        assert_eq!(reply.status, 409, "{taken}");
        assert!(
            reply.text().contains("another name") || reply.text().contains("another one"),
            "{}",
            reply.text()
        );
    }
    assert_eq!(yard.get("/d/file").body, b"x");
}

#[test]
fn case_29_an_upload_cut_half_way_leaves_the_old_file() {
    use std::io::Write as _;
    let yard = Yard::start();
    yard.put("p/a", b"old");
    let bearer = format!("Bearer {}", yard.token);
    let whole = form(&[("p/a", &vec![b'n'; 3 << 20])]);
    let request = super::yard::head("POST", "/", &[FORM, ("Authorization", &bearer)], whole.len());
    let mut stream = yard.connect();
    stream.write_all(request.as_bytes()).unwrap();
    stream.write_all(&whole[..2 << 20]).unwrap();
    let incoming = || std::fs::read_dir(yard.house.disk("incoming")).unwrap().count();
    wait_until(|| incoming() == 1);
    drop(stream);
    wait_until(|| incoming() == 0);
    assert_eq!(yard.get("/p/a").body, b"old");

    // The length is right, but the closing delimiter is missing.
    let short = &whole[..whole.len() - 6];
    let reply = yard.call_with("POST", "/", &[FORM], short);
    assert_eq!(reply.status, 400);
    assert_eq!((yard.get("/p/a").body.as_slice(), incoming()), (b"old".as_slice(), 0));
}

fn wait_until(done: impl Fn() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !done() {
        assert!(std::time::Instant::now() < end, "it did not happen in 20 s");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn case_30_uploads_over_the_limit_are_413_and_say_what_to_do() {
    let yard = Yard::with(|settings| settings.fileserver.upload.max_upload_size_mb = 1);
    assert_eq!(yard.upload(&[("fits", &vec![b'x'; 1 << 20])]).status, 200);
    let large = vec![b'x'; (1 << 20) + 1];
    let reply = yard.upload(&[("large", &large)]);
    assert_eq!(reply.status, 413);
    assert!(
        reply.text().contains("1 MiB") && reply.text().contains("max_upload_size_mb"),
        "{}",
        reply.text()
    );
    let half = vec![b'x'; 600 << 10];
    assert_eq!(yard.upload(&[("a", &half), ("b", &half)]).status, 413, "the request as a whole counts");
    assert_eq!(yard.upload(&[("announced", &vec![b'x'; 4 << 20])]).status, 413);
    for refused in ["large", "a", "b", "announced"] {
        assert_eq!(yard.get(&format!("/{refused}")).status, 404, "{refused}");
    }
    assert_eq!(std::fs::read_dir(yard.house.disk("incoming")).unwrap().count(), 0);
    let unlimited = Yard::start();
    assert_eq!(unlimited.upload(&[("large", &large)]).status, 200);
}

#[test]
fn a_chunked_upload_counts_against_the_limit_as_well() {
    use std::io::Write as _;
    let yard = Yard::with(|settings| settings.fileserver.upload.max_upload_size_mb = 1);
    let send = |size: usize| {
        let mut stream = yard.connect();
        let head = format!(
            "POST / HTTP/1.1\r\nHost: box\r\nConnection: close\r\nAuthorization: Bearer {}\r\n{}: {}\r\n\
             Transfer-Encoding: chunked\r\n\r\n",
            yard.token, FORM.0, FORM.1
        );
        stream.write_all(head.as_bytes()).unwrap();
        for piece in form(&[("a", &vec![b'x'; size])]).chunks(100_000) {
            let _ = stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes());
            let _ = stream.write_all(piece);
            let _ = stream.write_all(b"\r\n");
        }
        let _ = stream.write_all(b"0\r\n\r\n");
        super::yard::Reply::read(&mut stream).status
    };
    assert_eq!((send(1000), send(2 << 20)), (200, 413));
    assert_eq!(yard.get("/a").body.len(), 1000);
}

#[test]
fn the_quota_is_507() {
    let yard = Yard::with(|settings| settings.fileserver.upload.tenant_quota_mb = 1);
    let most = vec![b'x'; 800 << 10];
    yard.put("a", &most);
    yard.put("a", &most);
    let reply = yard.upload(&[("b", &most)]);
    assert_eq!(reply.status, 507);
    assert!(reply.text().contains("delete files"), "{}", reply.text());
    assert_eq!((yard.get("/b").status, yard.get("/a").status), (404, 200));
}

#[test]
fn case_31_the_web_port_stores_below_files() {
    let yard = Yard::start();
    for (path, name) in [("/files", "p/a.txt"), ("/files/", "p/b.txt")] {
        let reply = yard.call_with("POST", path, &[FORM], &form(&[(name, b"same")]));
        assert_eq!((reply.status, reply.json()), (200, json!([name])));
        let (below, root) = (yard.get(&format!("/files/{name}")), yard.get(&format!("/{name}")));
        assert_eq!((below.status, &below.body), (200, &root.body));
        assert_eq!(below.header("etag"), root.header("etag"));
    }
    assert_eq!(yard.call("DELETE", "/files/p/a.txt").text(), "\"p/a.txt\"");
    assert_eq!(yard.get("/files/none").status, 404);
    assert_eq!(yard.send("GET", "/files", &[], b"").text(), "OK");
}

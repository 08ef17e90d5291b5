use super::yard::Yard;

#[test]
fn case_16_content_types_follow_the_name_and_compressed_files_stay_as_they_are() {
    let yard = Yard::start();
    for (name, kind) in [
        ("a.txt", "text/plain; charset=utf-8"),
        ("a.png", "image/png"),
        ("a.json", "application/json"),
        ("a.pkl", "application/octet-stream"),
        ("none", "application/octet-stream"),
        ("x.csv.gz", "application/octet-stream"),
    ] {
        let content = [0x1f, 0x8b, 0, 1, 2];
        yard.put(name, &content);
        let reply = yard.call_with("GET", &format!("/{name}"), &[("Accept-Encoding", "gzip, br")], b"");
        assert_eq!(reply.header("content-type"), Some(kind), "{name}");
        assert_eq!(reply.header("content-encoding"), None, "{name}");
        assert_eq!((reply.body.as_slice(), reply.header("content-length")), (content.as_slice(), Some("5")));
    }
}

#[test]
fn case_17_the_download_key_saves_instead_of_showing() {
    let yard = Yard::start();
    yard.put("p/my file.txt", b"x");
    let disposition = |query: &str| {
        let reply = yard.get(&format!("/p/my%20file.txt{query}"));
        reply.header("content-disposition").unwrap().to_owned()
    };
    for query in ["?download", "?download=", "?download=1", "?ts=5&download"] {
        assert_eq!(disposition(query), "attachment; filename=\"my file.txt\"", "{query}");
    }
    for query in ["", "?ts=5", "?downloads=1"] {
        assert_eq!(disposition(query), "inline; filename=\"my file.txt\"", "{query}");
    }
}

#[test]
fn case_18_single_ranges_are_served() {
    let yard = Yard::start();
    yard.put("f", b"0123456789ab");
    let range = |text: &str| yard.call_with("GET", "/f", &[("Range", text)], b"");
    let part = range("bytes=2-4");
    assert_eq!((part.status, part.text(), part.header("content-range")), (206, "234", Some("bytes 2-4/12")));
    assert_eq!(part.header("content-length"), Some("3"));
    assert_eq!(range("bytes=-3").text(), "9ab");
    assert_eq!(range("bytes=9-").text(), "9ab");
    let beyond = range("bytes=100-");
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some("bytes */12")));
    let several = range("bytes=0-1,3-4");
    assert_eq!((several.status, several.body.len()), (200, 12));
    let stale = yard.call_with("GET", "/f", &[("Range", "bytes=0-1"), ("If-Range", "\"old\"")], b"");
    assert_eq!((stale.status, stale.body.len()), (200, 12));
}

#[test]
fn case_19_head_tells_without_a_body() {
    let yard = Yard::start();
    yard.put("p/f.txt", b"hello");
    let (head, get) = (yard.call("HEAD", "/p/f.txt"), yard.get("/p/f.txt"));
    assert_eq!((head.status, head.body.len(), head.header("content-length")), (200, 0, Some("5")));
    for name in
        ["content-type", "etag", "last-modified", "accept-ranges", "cache-control", "content-disposition"]
    {
        assert!(head.header(name).is_some(), "{name}");
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    let missing = yard.call("HEAD", "/p/none");
    assert_eq!((missing.status, missing.body.len()), (404, 0));
}

#[test]
fn case_20_directories_and_escapes_are_404() {
    let yard = Yard::start();
    yard.put("d/f", b"x");
    assert_eq!((yard.get("/d/f").status, yard.get("//d///f").status), (200, 200));
    for path in [
        "/d",
        "/d/",
        "/d/f/",
        "/..%2f..%2fetc/passwd",
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/%00",
        "/%ff",
    ] {
        assert_eq!(yard.get(path).status, 404, "{path}");
    }
}

#[test]
fn s14_links_in_the_tree_lead_nowhere() {
    use crate::domain::files::testing::HOME;
    let yard = Yard::start();
    yard.put("d/f", b"mine");
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "not yours").unwrap();
    let tree = yard.house.disk(&format!("tenants/{HOME}"));
    std::os::unix::fs::symlink(outside.path(), tree.join("out")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), tree.join("d/leak")).unwrap();
    std::os::unix::fs::symlink("../..", tree.join("up")).unwrap();
    assert_eq!(yard.get("/d/f").body, b"mine");
    for path in ["/out/secret", "/d/leak", "/up/tenants"] {
        assert_eq!(yard.get(path).status, 404, "{path}");
        assert_eq!(yard.call("DELETE", path).status, 404, "{path}");
    }
    assert_eq!(yard.upload(&[("out/planted", b"x")]).status, 409);
    yard.call_with("POST", "/delete_many", &[], br#"{"files": ["out", "up", "d"]}"#);
    assert_eq!(std::fs::read_to_string(outside.path().join("secret")).unwrap(), "not yours");
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[test]
fn s19_what_can_run_is_put_in_a_sandbox_and_nothing_is_shared() {
    let yard = Yard::start();
    const SANDBOX: Option<&str> = Some("sandbox allow-scripts allow-popups");
    for (name, policy) in [
        ("a.html", SANDBOX),
        ("a.svg", SANDBOX),
        ("a.xml", SANDBOX),
        ("a.js", SANDBOX),
        ("a.csv", SANDBOX),
        ("none", SANDBOX),
        ("a.png", None),
        ("a.mp4", None),
        ("a.pdf", None),
        ("a.txt", None),
    ] {
        yard.put(name, b"<script>alert(1)</script>");
        let reply = yard.get(&format!("/{name}"));
        assert_eq!(reply.status, 200, "{name}");
        assert_eq!(reply.header("content-security-policy"), policy, "{name}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{name}");
        assert_eq!(reply.header("cache-control"), Some("private, max-age=0, must-revalidate"), "{name}");
        assert_eq!(reply.header("x-frame-options"), None, "samples are shown in frames");
        assert_eq!(reply.header("set-cookie"), None);
    }
}

#[test]
fn caching_can_be_switched_off() {
    let yard = Yard::with(|settings| settings.fileserver.download.disable_browser_caching = true);
    yard.put("a", b"x");
    let reply = yard.get("/a");
    assert_eq!(reply.header("cache-control"), Some("private, no-store"));
    assert_eq!((reply.header("pragma"), reply.header("expires")), (Some("no-cache"), Some("0")));
}

#[test]
fn an_unchanged_file_is_not_sent_again_by_date() {
    let yard = Yard::start();
    yard.put("a", b"x");
    let modified = yard.get("/a").header("last-modified").unwrap().to_owned();
    assert_eq!(yard.call_with("GET", "/a", &[("If-Modified-Since", &modified)], b"").status, 304);
    let long_ago = [("If-Modified-Since", "Mon, 06 May 2024 07:08:09 GMT")];
    assert_eq!(yard.call_with("GET", "/a", &long_ago, b"").status, 200);
}

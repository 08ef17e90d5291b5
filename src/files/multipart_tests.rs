use proptest::prelude::*;

use super::*;

#[derive(Debug, Default, PartialEq, Eq)]
struct Collected {
    parts: Vec<(Head, Vec<u8>)>,
    ended: usize,
}

impl Sink for Collected {
    fn begin(&mut self, head: Head) -> Result<()> {
        self.parts.push((head, Vec::new()));
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> Result<()> {
        self.parts.last_mut().unwrap().1.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        self.ended += 1;
        Ok(())
    }
}

fn read(body: &[u8], piece: usize) -> Result<Collected> {
    let mut reader = Multipart::new("multipart/form-data; boundary=XyZ")?;
    let mut collected = Collected::default();
    for piece in body.chunks(piece) {
        reader.feed(piece, &mut collected)?;
        assert!(reader.buffer.len() <= piece.len().max(LONGEST_HEAD) + 64);
    }
    reader.finish()?;
    assert_eq!(collected.ended, collected.parts.len());
    Ok(collected)
}

fn body(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, content) in parts {
        body.extend_from_slice(
            format!("--XyZ\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"f\"\r\n\r\n")
                .as_bytes(),
        );
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--XyZ--\r\n");
    body
}

fn file(name: &str) -> Head {
    Head { name: Some(name.to_owned()), is_file: true }
}

#[test]
fn parts_come_out_whole_however_the_body_is_cut() {
    let tricky = b"\r\n--Xy\r\n--\r\r\n-XyZ\n--XyZ".as_slice();
    let body = body(&[("/p/ü a.txt", tricky), ("empty", b""), ("last", b"\r\n")]);
    for piece in [1, 2, 3, 7, 64, body.len()] {
        let read = read(&body, piece).unwrap();
        let expected = vec![
            (file("/p/ü a.txt"), tricky.to_vec()),
            (file("empty"), vec![]),
            (file("last"), b"\r\n".to_vec()),
        ];
        assert_eq!(read.parts, expected, "pieces of {piece}");
    }
}

#[test]
fn preamble_padding_and_epilogue_are_ignored() {
    let body = b"hello\r\n--XyZ \t\r\nX: y\r\n\r\ndata\r\n--XyZ--\r\nand more\r\n--XyZ\r\n";
    let read = read(body, 5).unwrap();
    assert_eq!(read.parts, [(Head::default(), b"data".to_vec())]);
    assert!(super::tests::read(b"--XyZ--", 3).unwrap().parts.is_empty());
}

#[test]
fn a_body_that_was_cut_off_is_an_error() {
    let whole = body(&[("a", b"content")]);
    let end = whole.len() - b"--\r\n".len();
    for length in 0..=end {
        assert!(read(&whole[..length], 9).is_err(), "{length} bytes");
    }
    assert!(read(&whole[..end + 2], 9).is_ok());
}

#[test]
fn names_are_read_as_sent() {
    let name = |line: &str| head(format!("\r\nContent-Disposition: form-data; {line}").as_bytes()).unwrap();
    assert_eq!(name(r#"name="q%2Fr%22.txt"; filename="x""#), file("q%2Fr%22.txt"));
    assert_eq!(name(r#"filename=""; name="a;b=c""#), file("a;b=c"));
    assert_eq!(name(r#"name="say \"hi\" C:\dir"; filename=f"#), file(r#"say "hi" C:\dir"#));
    assert_eq!(name("name=plain ; filename*=utf-8''x"), file("plain"));
    assert_eq!(name("name*=utf-8''%C3%BC; filename=f"), file("ü"));
    assert_eq!(name(r#"name="field""#), Head { name: Some("field".into()), is_file: false });
    assert_eq!(name(r#"NAME="upper"; FileName="f""#), file("upper"));
    assert_eq!(head(b"\r\nContent-Type: text/plain").unwrap(), Head::default());
    assert!(head(b"\r\nContent-Disposition: form-data; name=\"\xff\"").is_err());
}

#[test]
fn only_multipart_with_a_boundary_is_read() {
    assert_eq!(boundary("multipart/form-data; boundary=\"a b\"").unwrap(), "a b");
    assert_eq!(boundary("Multipart/Form-Data; charset=utf-8; Boundary=x").unwrap(), "x");
    for wrong in ["", "text/plain; boundary=x", "multipart/form-data", "multipart/form-data; boundary="] {
        assert!(Multipart::new(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn endless_headers_are_refused() {
    let mut body = b"--XyZ\r\nX: ".to_vec();
    body.extend(std::iter::repeat_n(b'x', LONGEST_HEAD + 1));
    assert!(read(&body, 1000).is_err());
    let mut body = b"--XyZ".to_vec();
    body.extend(std::iter::repeat_n(b' ', LONGEST_BOUNDARY + 1));
    assert!(read(&body, 1000).is_err());
}

proptest! {
    #[test]
    fn any_content_survives_any_cut(
        contents in prop::collection::vec(prop::collection::vec(prop::sample::select(&b"\r\n-XyZa"[..]), 0..40), 0..4),
        piece in 1_usize..20,
    ) {
        let contains = |content: &Vec<u8>| {
            [b"\r\n", content.as_slice()].concat().windows(7).any(|window| window == b"\r\n--XyZ")
        };
        prop_assume!(!contents.iter().any(contains));
        let parts: Vec<(&str, &[u8])> = contents.iter().map(|content| ("n", content.as_slice())).collect();
        let read = read(&body(&parts), piece).unwrap();
        let found: Vec<Vec<u8>> = read.parts.into_iter().map(|(_, content)| content).collect();
        prop_assert_eq!(found, contents);
    }

    #[test]
    fn garbage_never_panics(garbage in prop::collection::vec(prop::sample::select(&b"\r\n-XyZ:=;\"\\ \xff"[..]), 0..200), piece in 1_usize..20) {
        let _ = read(&garbage, piece);
        let _ = read(&[b"--XyZ\r\nContent-Disposition: ", garbage.as_slice()].concat(), piece);
    }
}

use std::io::{Read as _, Write as _};

use sha2::{Digest as _, Sha256};

use super::yard::{FORM, Reply, Yard, head};

/// Bytes of the large file.
const SIZE: usize = 300 << 20;
/// How much the process may grow while it moves them.
const GROWTH: u64 = 40 << 20;

/// The most memory this process has had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// A mebibyte with every byte value, line breaks and dashes among them.
fn mebibyte() -> Vec<u8> {
    (0..1_u32 << 18).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

#[test]
fn case_29_a_large_file_passes_both_ways_in_constant_memory() {
    let yard = Yard::start();
    yard.put("warm/up", &vec![0; 4 << 20]);
    yard.get("/warm/up");
    let _ = mebibyte();
    let before = peak();

    let bearer = format!("Bearer {}", yard.token);
    let part = "--XyZ\r\nContent-Disposition: form-data; name=\"big.bin\"; filename=\"big.bin\"\r\n\r\n";
    let end = "\r\n--XyZ--\r\n";
    let mut stream = yard.connect();
    let length = part.len() + SIZE + end.len();
    stream.write_all(head("POST", "/", &[FORM, ("Authorization", &bearer)], length).as_bytes()).unwrap();
    stream.write_all(part.as_bytes()).unwrap();
    let mut sent = Sha256::new();
    let mut piece = mebibyte();
    for number in 0..SIZE as u64 >> 20 {
        piece[..8].copy_from_slice(&number.to_le_bytes());
        sent.update(&piece);
        stream.write_all(&piece).unwrap();
    }
    stream.write_all(end.as_bytes()).unwrap();
    assert_eq!(Reply::read(&mut stream).text(), r#"["big.bin"]"#);

    let mut stream = yard.connect();
    stream.write_all(head("GET", "/big.bin", &[("Authorization", &bearer)], 0).as_bytes()).unwrap();
    let (mut received, mut buffer, mut seen, mut body) = (Sha256::new(), vec![0; 1 << 16], Vec::new(), 0);
    loop {
        let read = stream.read(&mut buffer).unwrap();
        if read == 0 {
            break;
        }
        let mut piece = &buffer[..read];
        if body == 0 {
            seen.extend_from_slice(piece);
            let Some(at) = seen.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            piece = &seen[at + 4..];
        }
        received.update(piece);
        body += piece.len();
    }
    assert_eq!(body, SIZE);
    assert_eq!(received.finalize(), sent.finalize());
    let growth = peak().saturating_sub(before);
    assert!(growth < GROWTH, "grew by {} KiB", growth >> 10);
}

//! Shortening of texts.

/// The middle cut out of a text of more than `room` characters: `s3://bucket/…/last.pt`. The end keeps the larger half,
/// because the tail of a path or an address tells two of them apart.
pub fn cut_middle(text: &str, room: usize) -> String {
    let length = text.chars().count();
    if length <= room || room < 3 {
        return text.to_owned();
    }
    let head = (room - 1) / 2;
    let tail = room - 1 - head;
    text.chars().take(head).chain(['…']).chain(text.chars().skip(length - tail)).collect()
}

/// First 12 characters of an id; the full id goes into the title and the copy button.
pub fn short_id(id: &str) -> String {
    match id.char_indices().nth(12) {
        Some((at, _)) => format!("{}…", id.get(..at).unwrap_or(id)),
        None => id.to_owned(),
    }
}

/// Up to two letters for a person without a picture: `Mira Okafor` → `MO`.
pub fn initials(name: &str) -> String {
    let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or("?");
    let letters: String = match words.next_back() {
        Some(last) => first.chars().take(1).chain(last.chars().take(1)).collect(),
        None => first.chars().take(2).collect(),
    };
    letters.to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_goes_first() {
        assert_eq!(cut_middle("short", 5), "short");
        assert_eq!(cut_middle("abcdefghij", 5), "ab…ij");
        assert_eq!(cut_middle("abcdefghij", 6), "ab…hij");
        assert_eq!(cut_middle("äöüßéèêçñø", 5), "äö…ñø");
    }

    #[test]
    fn ids_and_initials() {
        assert_eq!(short_id("9f2c41d07b8e4a0f9d2f6c1e5ab7c330"), "9f2c41d07b8e…");
        assert_eq!(short_id("9f2c"), "9f2c");
        assert_eq!(initials("Mira Okafor"), "MO");
        assert_eq!(initials("ci-trainer"), "CT");
        assert_eq!(initials("admin"), "AD");
        assert_eq!(initials("  "), "?");
    }
}

//! Section 3.6: percent-encoding, and the decoding of form-encoded text (section 3.4.1.3.1).
//!
//! Everything here works on bytes, so that an escape such as `%E9`, which is no UTF-8, stays the
//! byte that it stands for. Nothing here can fail.

/// Which bytes stand for themselves: `ALPHA`, `DIGIT`, `-`, `.`, `_`, `~`.
const UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "byte < 256; try_from is not const")]
        let character = byte as u8;
        table[byte] =
            character.is_ascii_alphanumeric() || matches!(character, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    table
};

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// How many bytes one byte becomes at most, encoded once and twice.
pub(crate) const MAX_LENGTH: usize = "%XX".len();
pub(crate) const MAX_LENGTH_TWICE: usize = "%25XX".len();

/// Appends `text`, percent-encoded, to `output`.
pub fn encode(text: &[u8], output: &mut Vec<u8>) {
    encode_with(text, output, push_escaped);
}

/// Appends `text`, percent-encoded, to `output`.
pub fn encode_text(text: &str, output: &mut String) {
    let mut rest = text;
    loop {
        let (plain, special) = rest.split_at(plain_length(rest.as_bytes()));
        output.push_str(plain);
        let Some(character) = special.chars().next() else { return };
        for byte in character.encode_utf8(&mut [0; 4]).bytes() {
            output.extend(['%', char::from(high(byte)), char::from(low(byte))]);
        }
        rest = &special[character.len_utf8()..];
    }
}

/// Appends `text` up to the first of the bytes in `ends`, percent-encoded. Returns how much of `text`
/// that was.
pub fn encode_until(text: &[u8], ends: &[u8], output: &mut Vec<u8>) -> usize {
    let length = text.iter().position(|byte| ends.contains(byte)).unwrap_or(text.len());
    encode(&text[..length], output);
    length
}

/// Appends the path `text`, percent-encoded as it stands in the base string, to `output`.
///
/// A path counts byte for byte as it was sent. What no URI can hold (RFC 3986 section 2: a
/// space, `"`, a byte that is not ASCII, ...) is sent percent-encoded, and so counts as that.
pub fn encode_path(text: &[u8], output: &mut Vec<u8>) {
    encode_with(text, output, |byte, output| {
        if is_sent_as_it_is(byte) {
            push_escaped(byte, output);
        } else {
            push_escaped_twice(byte, output);
        }
    });
}

/// Whether a URI can hold `byte` (RFC 3986 section 2); if not, clients percent-encode it.
#[must_use]
#[inline] // a call for every byte of a path would be 2 % of a signature
pub fn is_sent_as_it_is(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)
}

/// Appends `text`, percent-encoded twice, to `output`: the form in which a parameter stands in
/// the base string.
pub fn encode_twice(text: &[u8], output: &mut Vec<u8>) {
    encode_with(text, output, push_escaped_twice);
}

/// Decodes form-encoded `text` (a name or a value) up to the first of the bytes in `ends`, which
/// are none that stand for themselves, and appends it, percent-encoded twice. Returns how much of
/// `text` that was.
///
/// `+` is a space and `%XX` a byte. A `%` that two hexadecimal digits do not follow stands for
/// itself, as servers read it.
pub fn recode_form_twice(text: &[u8], ends: &[u8], output: &mut Vec<u8>) -> usize {
    let mut rest = text;
    loop {
        let (plain, special) = rest.split_at(plain_length(rest));
        output.extend_from_slice(plain);
        if special.first().is_none_or(|first| ends.contains(first)) {
            return text.len() - special.len();
        }
        let (byte, length) = first_form_byte(special);
        if UNRESERVED[usize::from(byte)] {
            output.push(byte);
        } else {
            push_escaped_twice(byte, output);
        }
        rest = &special[length..];
    }
}

/// Appends form-encoded `text` (a name or a value), decoded as [`recode_form_twice`] does.
pub fn decode_form(text: &[u8], output: &mut Vec<u8>) {
    decode_with(text, output, first_form_byte);
}

/// Appends percent-encoded `text`, decoded: `+` stands for itself here.
pub fn decode(text: &[u8], output: &mut Vec<u8>) {
    decode_with(text, output, |text| escaped_byte(text).map_or((text[0], 1), |byte| (byte, 3)));
}

fn decode_with(text: &[u8], output: &mut Vec<u8>, first_byte: impl Fn(&[u8]) -> (u8, usize)) {
    let mut rest = text;
    while !rest.is_empty() {
        let (byte, length) = first_byte(rest);
        output.push(byte);
        rest = &rest[length..];
    }
}

/// Whether `text` is made only of bytes that stand for themselves.
#[must_use]
pub fn is_unreserved(text: &[u8]) -> bool {
    text.iter().all(|&byte| UNRESERVED[usize::from(byte)])
}

/// Whether form encoding could have written `text`: no byte that it escapes, no broken escape.
#[must_use]
pub fn is_form_encoded(text: &[u8]) -> bool {
    text.iter().enumerate().all(|(position, &byte)| match byte {
        b'%' => escaped_byte(&text[position..]).is_some(),
        b'*' | b'+' | b'=' => true,
        _ => UNRESERVED[usize::from(byte)],
    })
}

fn encode_with(text: &[u8], output: &mut Vec<u8>, push_special: impl Fn(u8, &mut Vec<u8>)) {
    let mut rest = text;
    loop {
        let (plain, special) = rest.split_at(plain_length(rest));
        output.extend_from_slice(plain);
        let Some((&byte, after)) = special.split_first() else { return };
        push_special(byte, output);
        rest = after;
    }
}

/// How many bytes at the beginning stand for themselves.
fn plain_length(text: &[u8]) -> usize {
    text.iter().position(|&byte| !UNRESERVED[usize::from(byte)]).unwrap_or(text.len())
}

fn push_escaped(byte: u8, output: &mut Vec<u8>) {
    output.extend_from_slice(&[b'%', high(byte), low(byte)]);
}

fn push_escaped_twice(byte: u8, output: &mut Vec<u8>) {
    output.extend_from_slice(&[b'%', b'2', b'5', high(byte), low(byte)]);
}

/// The byte that the non-empty form-encoded `text` begins with, and how many bytes spell it.
fn first_form_byte(text: &[u8]) -> (u8, usize) {
    match (text[0], escaped_byte(text)) {
        (_, Some(byte)) => (byte, 3),
        (b'+', None) => (b' ', 1),
        (byte, None) => (byte, 1),
    }
}

fn escaped_byte(text: &[u8]) -> Option<u8> {
    match text {
        [b'%', high, low, ..] => Some(hex_digit(*high)? << 4 | hex_digit(*low)?),
        _ => None,
    }
}

fn hex_digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'A'..=b'F' => Some(character - b'A' + 10),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

fn high(byte: u8) -> u8 {
    HEX[usize::from(byte >> 4)]
}

fn low(byte: u8) -> u8 {
    HEX[usize::from(byte & 0x0F)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

    const RESERVED: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

    #[test]
    fn all_bytes_encode_as_the_percent_encoding_crate_does() {
        for byte in 0..=u8::MAX {
            let once = percent_encode(&[byte], RESERVED).to_string();
            let twice = percent_encode(once.as_bytes(), RESERVED).to_string();
            let (mut output, mut output_twice) = (Vec::new(), Vec::new());
            encode(&[byte], &mut output);
            encode_twice(&[byte], &mut output_twice);
            assert_eq!(output, once.as_bytes());
            let character = char::from(byte).to_string();
            let mut output_text = String::new();
            encode_text(&character, &mut output_text);
            let expected = percent_encode(character.as_bytes(), RESERVED).to_string();
            assert_eq!(output_text, expected);
            assert_eq!(output_twice, twice.as_bytes());
        }
    }

    #[test]
    fn all_pairs_after_a_percent_sign_decode_as_the_percent_encoding_crate_does() {
        for high in 0..=u8::MAX {
            for low in 0..=u8::MAX {
                let text = [b'a', b'%', high, low, b'z'];
                let with_spaces = text.map(|byte| if byte == b'+' { b' ' } else { byte });
                let mut expected = Vec::new();
                encode_twice(&percent_decode(&with_spaces).collect::<Vec<_>>(), &mut expected);
                let mut output = Vec::new();
                assert_eq!(recode_form_twice(&text, b"", &mut output), text.len());
                assert_eq!(output, expected, "{text:?}");
            }
        }
    }
}

//! Section 3.4.1.3: the request parameters, collected, sorted and normalized.
//!
//! A parameter is kept as it stands in the base string: its name and value percent-encoded once
//! as section 3.4.1.3.2 asks, and once more as part of the base string. The second encoding
//! turns each `%` into `%25` and nothing else, and `%` sorts before every other character, so
//! sorting twice-encoded text gives section 3.4.1.3.2's order.

use crate::percent;

/// `=` and `&` of the normalized parameters, as the base string has them.
const EQUALS: &[u8] = b"%3D";
const AMPERSAND: &[u8] = b"%26";

/// A list of parameters, all of whose text lies in one buffer.
#[derive(Debug, Default)]
pub struct Parameters {
    text: Vec<u8>,
    pairs: Vec<Pair>,
}

/// Where in the buffer a parameter lies: the name, then the value right behind it.
#[derive(Clone, Copy, Debug)]
struct Pair {
    start: usize,
    middle: usize,
    end: usize,
}

impl Parameters {
    /// An empty list with room for the parameters of a request with `length` bytes of query and
    /// form.
    #[must_use]
    pub fn with_room_for(length: usize) -> Self {
        // Encoding makes text longer; protocol parameters take some 200 bytes more.
        Self { text: Vec::with_capacity(length + length / 4 + 320), pairs: Vec::with_capacity(16) }
    }

    /// Adds the parameters of a query component or of a form body, section 3.4.1.3.1.
    ///
    /// Pieces between `&` split at their first `=`; without one the value is empty; empty pieces
    /// are no parameters.
    pub fn add_form_encoded(&mut self, source: &[u8]) {
        for piece in source.split(|&byte| byte == b'&').filter(|piece| !piece.is_empty()) {
            let equals = piece.iter().position(|&byte| byte == b'=').unwrap_or(piece.len());
            let value = piece.get(equals + 1..).unwrap_or_default();
            self.add_with(
                |text| percent::recode_form_twice(&piece[..equals], text),
                |text| percent::recode_form_twice(value, text),
            );
        }
    }

    /// Adds a parameter that is not encoded yet.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        self.add_with(
            |text| percent::encode_twice(name, text),
            |text| percent::encode_twice(value, text),
        );
    }

    fn add_with(&mut self, name: impl FnOnce(&mut Vec<u8>), value: impl FnOnce(&mut Vec<u8>)) {
        let start = self.text.len();
        name(&mut self.text);
        let middle = self.text.len();
        value(&mut self.text);
        self.pairs.push(Pair { start, middle, end: self.text.len() });
    }

    /// The names, in the order in which they were added.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.pairs.iter().map(|pair| &self.text[pair.start..pair.middle])
    }

    /// Appends the normalized parameters, section 3.4.1.3.2, as they stand in the base string.
    pub fn write_normalized(&mut self, output: &mut Vec<u8>) {
        let Self { text, pairs } = self;
        let key = |pair: &Pair| (&text[pair.start..pair.middle], &text[pair.middle..pair.end]);
        pairs.sort_unstable_by(|left, right| key(left).cmp(&key(right)));
        output.reserve(text.len() + pairs.len() * (EQUALS.len() + AMPERSAND.len()));
        for (index, pair) in pairs.iter().enumerate() {
            if index > 0 {
                output.extend_from_slice(AMPERSAND);
            }
            let (name, value) = key(pair);
            output.extend_from_slice(name);
            output.extend_from_slice(EQUALS);
            output.extend_from_slice(value);
        }
    }
}

/// The media type of a body whose parameters are signed, section 3.4.1.3.1.
pub const FORM_MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// Whether a `Content-Type` says that the body is a form: parameters such as `charset` and the
/// case of the letters do not matter (RFC 9110 section 8.3.1).
#[must_use]
pub fn is_form_media_type(content_type: &str) -> bool {
    let media_type = content_type.split_once(';').map_or(content_type, |(media, _)| media);
    media_type.trim().eq_ignore_ascii_case(FORM_MEDIA_TYPE)
}

/// Whether `text` that came without a `Content-Type` is surely meant as a form: every piece is
/// `name=value`, and nothing stands in it that form encoding would have escaped.
#[must_use]
pub fn is_form_encoded(text: &[u8]) -> bool {
    text.split(|&byte| byte == b'&').all(|piece| {
        piece.iter().position(|&byte| byte == b'=').is_some_and(|equals| equals > 0)
            && percent::is_form_encoded(piece)
    })
}

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

/// So much of the normalized parameters is kept before it is handed on.
const PIECE: usize = 64 * 1024;

/// A list of parameters, all of whose text lies in one buffer.
#[derive(Debug, Default)]
pub struct Parameters {
    text: Vec<u8>,
    pairs: Vec<Pair>,
}

/// Where in the buffer a parameter lies: [`AMPERSAND`], name, [`EQUALS`], value, without a gap.
#[derive(Clone, Copy, Debug)]
struct Pair {
    /// How the name begins: most comparisons end with it.
    beginning: Beginning,
    start: usize,
    name_end: usize,
    end: usize,
}

impl Pair {
    fn name<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        &text[self.start + AMPERSAND.len()..self.name_end]
    }

    fn value<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        &text[self.name_end + EQUALS.len()..self.end]
    }
}

/// The first eight bytes of a name, filled up with zeros, which no name has: in the same order.
type Beginning = u64;

fn beginning(name: &[u8]) -> Beginning {
    let mut bytes = [0; size_of::<Beginning>()];
    let length = name.len().min(bytes.len());
    bytes[..length].copy_from_slice(&name[..length]);
    Beginning::from_be_bytes(bytes)
}

impl Parameters {
    /// An empty list with room for the parameters of a request with `length` bytes of query and
    /// form.
    #[must_use]
    pub fn with_room_for(length: usize) -> Self {
        // Most text needs few escapes, each of which makes it longer, as its separators do.
        Self { text: Vec::with_capacity(length + length / 2 + 64), pairs: Vec::with_capacity(16) }
    }

    /// Adds the parameters of a query component or of a form body, section 3.4.1.3.1.
    ///
    /// Pieces between `&` split at their first `=`; without one the value is empty; empty pieces
    /// are no parameters.
    pub fn add_form_encoded(&mut self, source: &[u8]) {
        let mut rest = source;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix(b"&") {
                rest = after;
                continue;
            }
            let start = self.text.len();
            self.text.extend_from_slice(AMPERSAND);
            let length = percent::recode_form_twice(rest, b"&=", &mut self.text);
            let name_end = self.text.len();
            self.text.extend_from_slice(EQUALS);
            rest = &rest[length..];
            if let Some(value) = rest.strip_prefix(b"=") {
                let length = percent::recode_form_twice(value, b"&", &mut self.text);
                rest = &value[length..];
            }
            let beginning = beginning(&self.text[start + AMPERSAND.len()..name_end]);
            self.pairs.push(Pair { beginning, start, name_end, end: self.text.len() });
        }
    }

    /// The names, in the order in which they were added.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.pairs.iter().map(|pair| pair.name(&self.text))
    }

    /// Sorts the parameters (section 3.4.1.3.2) and gives them to `sink` in pieces, as they stand in
    /// the base string; `beginning` is what stands before them there. `others` are sorted by their
    /// names already, which none of these has; with each comes the end of its value.
    pub fn write_normalized<'a>(
        mut self,
        others: impl Iterator<Item = (&'a PreparedParameter, &'a [u8])>,
        beginning: Vec<u8>,
        sink: &mut dyn FnMut(&[u8]),
    ) {
        let mut writer = Writer { output: beginning, is_first: true, sink };
        let Self { text, pairs } = &mut self;
        pairs.sort_unstable_by(|left, right| {
            let order = left.beginning.cmp(&right.beginning);
            order
                .then_with(|| left.name(text).cmp(right.name(text)))
                .then_with(|| left.value(text).cmp(right.value(text)))
        });
        let mut pairs = pairs.iter().peekable();
        for (other, rest) in others {
            let comes_first = |pair: &&Pair| {
                let order = pair.beginning.cmp(&other.beginning);
                order.then_with(|| pair.name(text).cmp(other.name())).is_lt()
            };
            while let Some(pair) = pairs.next_if(comes_first) {
                writer.write(&text[pair.start..pair.end]);
            }
            writer.write(&other.text);
            percent::encode_twice(rest, &mut writer.output);
        }
        for pair in pairs {
            writer.write(&text[pair.start..pair.end]);
        }
        (writer.sink)(&writer.output);
    }
}

/// A parameter of many requests, as it stands in the base string; the value's end may differ.
#[derive(Clone)]
pub struct PreparedParameter {
    beginning: Beginning,
    /// As that of a [`Pair`].
    text: Vec<u8>,
    name_end: usize,
}

impl PreparedParameter {
    /// Encodes a name and the beginning of a value.
    #[must_use]
    pub fn new(name: &[u8], value: &[u8]) -> Self {
        let mut text = AMPERSAND.to_vec();
        percent::encode_twice(name, &mut text);
        let name_end = text.len();
        let beginning = beginning(&text[AMPERSAND.len()..]);
        text.extend_from_slice(EQUALS);
        percent::encode_twice(value, &mut text);
        Self { beginning, text, name_end }
    }

    /// The name, as [`Parameters::names`] has them.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.text[AMPERSAND.len()..self.name_end]
    }
}

/// Joins parameters, and hands on what it has when it has much.
struct Writer<'a> {
    output: Vec<u8>,
    is_first: bool,
    sink: &'a mut dyn FnMut(&[u8]),
}

impl Writer<'_> {
    /// Writes the text of a parameter, which begins with [`AMPERSAND`].
    fn write(&mut self, text: &[u8]) {
        if self.output.len() > PIECE {
            (self.sink)(&self.output);
            self.output.clear();
        }
        let skipped = if self.is_first { AMPERSAND.len() } else { 0 };
        self.is_first = false;
        self.output.extend_from_slice(&text[skipped..]);
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

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

/// Where in the buffer a parameter lies: the name, then the value right behind it.
#[derive(Clone, Copy, Debug)]
struct Pair {
    /// How the name begins: most comparisons end with it.
    beginning: Beginning,
    start: usize,
    middle: usize,
    end: usize,
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
        // Most text needs few escapes, each of which makes it longer.
        Self { text: Vec::with_capacity(length + length / 4), pairs: Vec::with_capacity(16) }
    }

    /// Adds the parameters of a query component or of a form body, section 3.4.1.3.1.
    ///
    /// Pieces between `&` split at their first `=`; without one the value is empty; empty pieces
    /// are no parameters.
    pub fn add_form_encoded(&mut self, source: &[u8]) {
        let mut rest = source;
        while !rest.is_empty() {
            let start = self.text.len();
            let name_length = percent::recode_form_twice(rest, b"&=", &mut self.text);
            let (name, after_name) = rest.split_at(name_length);
            let middle = self.text.len();
            rest = after_name;
            if let Some(value) = after_name.strip_prefix(b"=") {
                let value_length = percent::recode_form_twice(value, b"&", &mut self.text);
                rest = &value[value_length..];
            } else if name.is_empty() {
                // Nothing stands before the `&`.
                rest = &after_name[1..];
                continue;
            }
            let beginning = beginning(&self.text[start..middle]);
            self.pairs.push(Pair { beginning, start, middle, end: self.text.len() });
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    /// The names, in the order in which they were added.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.pairs.iter().map(|pair| &self.text[pair.start..pair.middle])
    }

    /// Sorts the parameters (section 3.4.1.3.2) and gives them to `sink` in pieces, as they stand in
    /// the base string; `beginning` is what stands before them there. `others` are sorted by their
    /// names already, which none of these has; with each comes the end of its value.
    pub fn write_normalized<'a>(
        mut self,
        others: impl Iterator<Item = (&'a PreparedParameter, &'a [u8])>,
        beginning: Vec<u8>,
        sink: impl FnMut(&[u8]),
    ) {
        let mut writer = Writer { output: beginning, separator: b"", sink };
        let Self { text, pairs } = &mut self;
        let name = |pair: &Pair| &text[pair.start..pair.middle];
        let value = |pair: &Pair| &text[pair.middle..pair.end];
        pairs.sort_unstable_by(|left, right| {
            let order = left.beginning.cmp(&right.beginning);
            order
                .then_with(|| name(left).cmp(name(right)))
                .then_with(|| value(left).cmp(value(right)))
        });
        let mut pairs = pairs.iter().peekable();
        for (other, rest) in others {
            let comes_first = |pair: &&Pair| {
                let order = pair.beginning.cmp(&other.beginning);
                order.then_with(|| name(pair).cmp(other.name())).is_lt()
            };
            while let Some(pair) = pairs.next_if(comes_first) {
                writer.write(name(pair), value(pair));
            }
            writer.write_prepared(other, rest);
        }
        for pair in pairs {
            writer.write(name(pair), value(pair));
        }
        (writer.sink)(&writer.output);
    }
}

/// A parameter of many requests, as it stands in the base string; the value's end may differ.
#[derive(Clone)]
pub struct PreparedParameter {
    beginning: Beginning,
    text: Vec<u8>,
    name_length: usize,
}

impl PreparedParameter {
    /// Encodes a name and the beginning of a value.
    #[must_use]
    pub fn new(name: &[u8], value: &[u8]) -> Self {
        let mut text = Vec::new();
        percent::encode_twice(name, &mut text);
        let name_length = text.len();
        text.extend_from_slice(EQUALS);
        percent::encode_twice(value, &mut text);
        Self { beginning: beginning(&text[..name_length]), text, name_length }
    }

    /// The name, as [`Parameters::names`] has them.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.text[..self.name_length]
    }
}

/// Joins parameters, and hands on what it has when it has much.
struct Writer<Sink> {
    output: Vec<u8>,
    separator: &'static [u8],
    sink: Sink,
}

impl<Sink: FnMut(&[u8])> Writer<Sink> {
    fn write(&mut self, name: &[u8], value: &[u8]) {
        self.begin();
        self.output.extend_from_slice(name);
        self.output.extend_from_slice(EQUALS);
        self.output.extend_from_slice(value);
    }

    fn write_prepared(&mut self, parameter: &PreparedParameter, rest: &[u8]) {
        self.begin();
        self.output.extend_from_slice(&parameter.text);
        percent::encode_twice(rest, &mut self.output);
    }

    fn begin(&mut self) {
        if self.output.len() > PIECE {
            (self.sink)(&self.output);
            self.output.clear();
        }
        self.output.extend_from_slice(self.separator);
        self.separator = AMPERSAND;
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

//! Section 3.4.1.3: the request parameters, collected, sorted and normalized.
//!
//! A parameter is kept as it stands in the base string: its name and value percent-encoded once
//! as section 3.4.1.3.2 asks, and once more as part of the base string. The second encoding
//! turns each `%` into `%25` and nothing else, and `%` sorts before every other character, so
//! sorting twice-encoded text gives section 3.4.1.3.2's order.

use zeroize::Zeroizing;

use crate::percent;
use crate::protocol::{ProtocolParameters, RequestValues, Value, Varying};

/// `=` and `&` of the normalized parameters, as the base string has them.
const EQUALS: &[u8] = b"%3D";
const AMPERSAND: &[u8] = b"%26";

/// So much of the normalized parameters is kept before it is handed on.
const PIECE: usize = 64 * 1024;

/// A list of parameters, all of whose text lies in one buffer.
#[derive(Debug, Default)]
pub(crate) struct Parameters {
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

    fn whole<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        &text[self.start..self.end]
    }

    fn is_before(&self, parameter: &PreparedParameter, text: &[u8]) -> bool {
        let order = self.beginning.cmp(&parameter.beginning);
        order.then_with(|| self.name(text).cmp(parameter.name())).is_lt()
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
    pub(crate) fn with_room_for(length: usize) -> Self {
        // Most text needs few escapes, each of which makes it longer, as its separators do.
        Self { text: Vec::with_capacity(length + length / 2 + 64), pairs: Vec::with_capacity(16) }
    }

    /// Adds the parameters of a query component or of a form body, section 3.4.1.3.1.
    ///
    /// Pieces between `&` split at their first `=`; without one the value is empty; empty pieces
    /// are no parameters. `recode` appends a name or a value up to the bytes that end it.
    pub(crate) fn add_form_encoded(
        &mut self,
        source: &[u8],
        recode: impl Fn(&[u8], &[u8], &mut Vec<u8>) -> usize,
    ) {
        let mut rest = source;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix(b"&") {
                rest = after;
                continue;
            }
            let start = self.text.len();
            self.text.extend_from_slice(AMPERSAND);
            let length = recode(rest, b"&=", &mut self.text);
            let name_end = self.text.len();
            self.text.extend_from_slice(EQUALS);
            rest = &rest[length..];
            if let Some(value) = rest.strip_prefix(b"=") {
                let length = recode(value, b"&", &mut self.text);
                rest = &value[length..];
            }
            let beginning = beginning(&self.text[start + AMPERSAND.len()..name_end]);
            self.pairs.push(Pair { beginning, start, name_end, end: self.text.len() });
        }
    }

    /// The names, in the order in which they were added.
    pub(crate) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.pairs.iter().map(|pair| pair.name(&self.text))
    }

    /// Sorts the parameters (section 3.4.1.3.2) and gives them to `sink` in pieces, as they stand in
    /// the base string, together with those that every request has; `output` is what stands before
    /// them there.
    pub(crate) fn write_normalized(
        mut self,
        prepared: &PreparedParameters,
        values: RequestValues<'_>,
        output: Vec<u8>,
        sink: &mut dyn FnMut(&[u8]),
    ) {
        let text = &self.text;
        self.pairs.sort_unstable_by(|left, right| {
            let order = left.beginning.cmp(&right.beginning);
            order
                .then_with(|| left.name(text).cmp(right.name(text)))
                .then_with(|| left.value(text).cmp(right.value(text)))
        });
        let encode_value = prepared.encode_value;
        let mut writer = Writer { output, is_first: true, encode_value, sink };
        let (first, last) = (prepared.parameters.first(), prepared.parameters.last());
        let count_before = |pairs: &[Pair], parameter: Option<&PreparedParameter>| {
            pairs.partition_point(|pair| parameter.is_none_or(|it| pair.is_before(it, text)))
        };
        let (before, rest) = self.pairs.split_at(count_before(&self.pairs, first));
        let (between, after) = rest.split_at(count_before(rest, last));
        for pair in before {
            writer.write(pair.whole(text));
        }
        if between.is_empty() {
            for (fixed, varying) in &prepared.runs {
                writer.write(fixed);
                if let Some(parameter) = varying {
                    writer.write_prepared(parameter, values);
                }
            }
        } else {
            let mut between = between.iter().peekable();
            for parameter in &prepared.parameters {
                while let Some(pair) = between.next_if(|pair| pair.is_before(parameter, text)) {
                    writer.write(pair.whole(text));
                }
                writer.write_prepared(parameter, values);
            }
        }
        for pair in after {
            writer.write(pair.whole(text));
        }
        (writer.sink)(&writer.output);
    }
}

/// The parameters that every request of a signer has, encoded and sorted once.
#[derive(Clone)]
pub(crate) struct PreparedParameters {
    parameters: Vec<PreparedParameter>,
    encode_value: EncodeValue,
    /// The same with those that are fixed joined, for few requests have one that sorts between.
    runs: Vec<(Zeroizing<Vec<u8>>, Option<PreparedParameter>)>,
}

/// A parameter as it stands in the base string, but for the value if that varies.
#[derive(Clone)]
struct PreparedParameter {
    beginning: Beginning,
    /// As that of a [`Pair`].
    text: Zeroizing<Vec<u8>>,
    name_end: usize,
    varying: Option<Varying>,
}

impl PreparedParameters {
    pub(crate) fn new(parameters: &ProtocolParameters, encode_value: EncodeValue) -> Self {
        let mut parameters: Vec<_> = parameters
            .iter()
            .map(|(name, value)| PreparedParameter::new(name, value, encode_value))
            .collect();
        parameters.sort_by(|left, right| left.name().cmp(right.name()));
        let mut runs = Vec::new();
        // With room for all, here and below: growing would leave pieces of secrets behind.
        let length = parameters.iter().map(|parameter| parameter.text.len()).sum();
        let new = || Zeroizing::new(Vec::with_capacity(length));
        let mut fixed = new();
        for parameter in &parameters {
            if parameter.varying.is_some() {
                runs.push((std::mem::replace(&mut fixed, new()), Some(parameter.clone())));
            } else {
                fixed.extend_from_slice(&parameter.text);
            }
        }
        runs.push((fixed, None));
        Self { parameters, encode_value, runs }
    }

    /// Whether a request with these values has a parameter of this name, which is as
    /// [`Parameters::names`] gives it.
    pub(crate) fn have(&self, name: &[u8], values: RequestValues<'_>) -> bool {
        let is_there = |parameter: &PreparedParameter| {
            parameter.varying.is_none_or(|varying| values.get(varying).is_some())
        };
        self.parameters.iter().any(|parameter| parameter.name() == name && is_there(parameter))
    }
}

impl PreparedParameter {
    fn new(name: &str, value: &Value, encode_value: EncodeValue) -> Self {
        let (fixed, varying) = match value {
            Value::Fixed(value) => (value.as_bytes(), None),
            Value::Varying(varying) => (&b""[..], Some(*varying)),
        };
        let length = percent::MAX_LENGTH_TWICE * (name.len() + fixed.len());
        let length = AMPERSAND.len() + EQUALS.len() + length;
        let mut text = Zeroizing::new(Vec::with_capacity(length));
        text.extend_from_slice(AMPERSAND);
        percent::encode_twice(name.as_bytes(), &mut text);
        let name_end = text.len();
        let beginning = beginning(&text[AMPERSAND.len()..]);
        text.extend_from_slice(EQUALS);
        encode_value(fixed, &mut text);
        Self { beginning, text, name_end, varying }
    }

    fn name(&self) -> &[u8] {
        &self.text[AMPERSAND.len()..self.name_end]
    }
}

/// How the value of a protocol parameter becomes part of the base string.
pub(crate) type EncodeValue = fn(&[u8], &mut Vec<u8>);

/// Joins parameters, and hands on what it has when it has much.
struct Writer<'a> {
    output: Vec<u8>,
    is_first: bool,
    encode_value: EncodeValue,
    sink: &'a mut dyn FnMut(&[u8]),
}

impl Writer<'_> {
    /// Writes the text of parameters, each of which begins with [`AMPERSAND`].
    fn write(&mut self, text: &[u8]) {
        if self.output.len() > PIECE {
            (self.sink)(&self.output);
            self.output.clear();
        }
        let skipped = if self.is_first && !text.is_empty() { AMPERSAND.len() } else { 0 };
        self.is_first &= text.is_empty();
        self.output.extend_from_slice(&text[skipped..]);
    }

    fn write_prepared(&mut self, parameter: &PreparedParameter, values: RequestValues<'_>) {
        let value = parameter.varying.map_or(Some(""), |varying| values.get(varying));
        if let Some(value) = value {
            self.write(&parameter.text);
            (self.encode_value)(value.as_bytes(), &mut self.output);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// However long a request is, its base string is never in memory as a whole.
    #[test]
    fn what_is_much_is_handed_on_in_pieces() {
        let form = b"name=value&".repeat(20_000);
        let mut parameters = Parameters::with_room_for(form.len());
        parameters.add_form_encoded(&form, percent::recode_form_twice);
        let values = RequestValues { nonce: "", timestamp: "", body_hash: None };
        let no_more = PreparedParameters {
            parameters: Vec::new(),
            encode_value: percent::encode_twice,
            runs: Vec::new(),
        };
        let mut pieces = Vec::new();
        let mut sink = |piece: &[u8]| pieces.push(piece.to_owned());
        parameters.write_normalized(&no_more, values, b"before ".to_vec(), &mut sink);
        let whole = format!("before {}", "name%3Dvalue%26".repeat(20_000));
        assert!(pieces.concat() == whole.strip_suffix("%26").unwrap().as_bytes());
        let lengths: Vec<_> = pieces.iter().map(Vec::len).collect();
        let (last, others) = lengths.split_last().unwrap();
        let longest = PIECE + "%26name%3Dvalue".len();
        assert!(others.iter().all(|length| (PIECE..=longest).contains(length)), "{lengths:?}");
        assert!(*last <= longest, "{lengths:?}");
        assert!((32 * 1024..=1024 * 1024).contains(&PIECE));
    }

    /// As their text does not grow, it leaves no pieces behind.
    #[test]
    fn prepared_parameters_have_the_room_that_their_longest_form_needs() {
        for (name, value) in [("%%", "&&&"), ("", "="), ("=", "")] {
            let value = Value::Fixed(value.to_owned().into());
            let parameter = PreparedParameter::new(name, &value, percent::encode_twice);
            assert_eq!(parameter.text.capacity(), parameter.text.len());
        }
    }

    #[test]
    fn parameters_and_case_of_a_media_type_do_not_matter() {
        for is_form in [
            "application/x-www-form-urlencoded",
            "Application/X-WWW-Form-Urlencoded",
            "application/x-www-form-urlencoded;charset=utf-8",
            " application/x-www-form-urlencoded ; charset=utf-8; x",
        ] {
            assert!(is_form_media_type(is_form), "{is_form}");
        }
        for is_not in [
            "",
            "application/json",
            "application/x-www-form-urlencoded2",
            "multipart/form-data; x=application/x-www-form-urlencoded",
            "x;application/x-www-form-urlencoded",
        ] {
            assert!(!is_form_media_type(is_not), "{is_not}");
        }
    }

    #[test]
    fn only_named_and_escaped_pieces_are_surely_a_form() {
        for is_form in ["a=b", "a=", "a=b&c=d", "a=b=c", "a+b=%20*-._~", "%C3%a9=1"] {
            assert!(is_form_encoded(is_form.as_bytes()), "{is_form}");
        }
        for is_not in
            ["", "a", "=b", "a=b&", "&a=b", "a=b&&c=d", "a=b&c", "a=b&=d", "a=b c", "a=%2"]
        {
            assert!(!is_form_encoded(is_not.as_bytes()), "{is_not}");
        }
        for byte in b"\x00\n \"#$/:;<>?[]{}\x7f\x80\xff" {
            assert!(!is_form_encoded(&[b'a', b'=', *byte]), "{byte}");
        }
    }
}

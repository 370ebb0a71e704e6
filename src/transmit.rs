//! Section 3.5: where the protocol parameters travel.

use crate::percent;
use crate::protocol::{BODY_HASH, ProtocolParameters, RequestValues, SIGNATURE, Value, Varying};

/// One of section 3.5's three places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placement {
    /// Section 3.5.1: the `Authorization` header.
    #[default]
    Header,
    /// Section 3.5.3: the query component of the URI.
    Query,
    /// Section 3.5.2: the form-encoded body.
    Body,
}

/// What stands before, between and after the parameters.
#[derive(Clone, Copy)]
struct Syntax {
    before_value: &'static [u8],
    after_value: &'static [u8],
    separator: &'static [u8],
}

const HEADER: Syntax = Syntax { before_value: b"=\"", after_value: b"\"", separator: b", " };
const FORM: Syntax = Syntax { before_value: b"=", after_value: b"", separator: b"&" };

/// The protocol parameters as they are sent, with gaps for what differs between requests.
#[derive(Clone)]
pub(crate) struct Template {
    syntax: Syntax,
    /// Text, and what follows it: a value, but for the body hash the whole parameter.
    pieces: Vec<(Vec<u8>, Varying)>,
    /// The text up to the signature.
    rest: Vec<u8>,
}

impl Template {
    pub(crate) fn new(parameters: &ProtocolParameters, placement: Placement) -> Self {
        let syntax = if placement == Placement::Header { HEADER } else { FORM };
        let mut pieces = Vec::new();
        let mut text = Vec::new();
        for (name, value) in parameters.iter() {
            match value {
                Value::Fixed(value) => syntax.write(name, value.as_bytes(), &mut text),
                Value::Varying(Varying::BodyHash) => {
                    pieces.push((std::mem::take(&mut text), Varying::BodyHash));
                    continue;
                }
                Value::Varying(value) => {
                    syntax.begin(name, &mut text);
                    pieces.push((std::mem::take(&mut text), *value));
                    text.extend_from_slice(syntax.after_value);
                }
            }
            text.extend_from_slice(syntax.separator);
        }
        Self { syntax, pieces, rest: text }
    }

    /// The value of the `Authorization` header, section 3.5.1; `realm` comes first.
    pub(crate) fn header(
        &self,
        realm: Option<&str>,
        values: RequestValues<'_>,
        signature: &[u8],
    ) -> String {
        let mut output = Vec::with_capacity(512);
        output.extend_from_slice(b"OAuth ");
        if let Some(realm) = realm {
            self.syntax.begin("realm", &mut output);
            output.extend_from_slice(realm.as_bytes());
            output.extend_from_slice(self.syntax.after_value);
            output.extend_from_slice(self.syntax.separator);
        }
        self.write(values, signature, &mut output);
        into_text(output)
    }

    /// `uri` with the parameters at the end of its query, section 3.5.3. What the caller's URI
    /// has stays as it is; a fragment stays at the end.
    pub(crate) fn query(&self, uri: &str, values: RequestValues<'_>, signature: &[u8]) -> String {
        let (resource, fragment) = uri.split_at(uri.find('#').unwrap_or(uri.len()));
        let mut output = Vec::with_capacity(uri.len() + 512);
        output.extend_from_slice(resource.as_bytes());
        match resource.split_once('?') {
            None => output.push(b'?'),
            Some((_, query)) => separate(query.as_bytes(), &mut output),
        }
        self.write(values, signature, &mut output);
        output.extend_from_slice(fragment.as_bytes());
        into_text(output)
    }

    /// The form with the parameters at its end, section 3.5.2.
    pub(crate) fn body(&self, form: &[u8], values: RequestValues<'_>, signature: &[u8]) -> Vec<u8> {
        let mut output = Vec::with_capacity(form.len() + 512);
        output.extend_from_slice(form);
        separate(form, &mut output);
        self.write(values, signature, &mut output);
        output
    }

    fn write(&self, values: RequestValues<'_>, signature: &[u8], output: &mut Vec<u8>) {
        for (text, varying) in &self.pieces {
            output.extend_from_slice(text);
            let Some(value) = values.get(*varying) else { continue };
            if let Varying::BodyHash = varying {
                self.syntax.write(BODY_HASH, value.as_bytes(), output);
                output.extend_from_slice(self.syntax.separator);
            } else {
                percent::encode(value.as_bytes(), output);
            }
        }
        output.extend_from_slice(&self.rest);
        self.syntax.write(SIGNATURE, signature, output);
    }
}

impl Syntax {
    fn begin(self, name: &str, output: &mut Vec<u8>) {
        output.extend_from_slice(name.as_bytes());
        output.extend_from_slice(self.before_value);
    }

    fn write(self, name: &str, value: &[u8], output: &mut Vec<u8>) {
        self.begin(name, output);
        percent::encode(value, output);
        output.extend_from_slice(self.after_value);
    }
}

/// The `&` between `before` and what follows, if one is needed.
fn separate(before: &[u8], output: &mut Vec<u8>) {
    if !before.is_empty() && !before.ends_with(b"&") {
        output.push(b'&');
    }
}

fn into_text(output: Vec<u8>) -> String {
    #[expect(clippy::expect_used, reason = "whole `str`s and percent-encoding were written")]
    String::from_utf8(output).expect("text and ASCII make text")
}

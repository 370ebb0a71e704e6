//! Section 3.5: where the protocol parameters travel.

use zeroize::Zeroizing;

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
    before_value: &'static str,
    after_value: &'static str,
    separator: &'static str,
    /// Whether a value of printable ASCII, quotes and backslashes aside, stays as it is.
    keeps_printable: bool,
}

const HEADER: Syntax =
    Syntax { before_value: "=\"", after_value: "\"", separator: ", ", keeps_printable: false };
const FORM: Syntax =
    Syntax { before_value: "=", after_value: "", separator: "&", keeps_printable: false };

/// The protocol parameters as they are sent, with gaps for what differs between requests.
#[derive(Clone)]
pub(crate) struct Template {
    syntax: Syntax,
    /// Text, and what follows it: a value, but for the body hash the whole parameter.
    pieces: Vec<(Zeroizing<String>, Varying)>,
    /// The text up to the signature.
    rest: Zeroizing<String>,
}

impl Template {
    pub(crate) fn new(
        parameters: &ProtocolParameters,
        placement: Placement,
        single_encoding: bool,
    ) -> Self {
        let syntax = match placement {
            Placement::Header => Syntax { keeps_printable: single_encoding, ..HEADER },
            Placement::Query | Placement::Body => FORM,
        };
        let mut pieces = Vec::new();
        // With room for all of it: growing would leave pieces of secrets behind.
        let length = parameters.iter().map(|(name, value)| syntax.length(name, value)).sum();
        let new = || Zeroizing::new(String::with_capacity(length));
        let mut text = new();
        for (name, value) in parameters.iter() {
            match value {
                Value::Fixed(value) => syntax.write(name, value, &mut text),
                Value::Varying(Varying::BodyHash) => {
                    pieces.push((std::mem::replace(&mut text, new()), Varying::BodyHash));
                    continue;
                }
                Value::Varying(value) => {
                    syntax.begin(name, &mut text);
                    pieces.push((std::mem::replace(&mut text, new()), *value));
                    text.push_str(syntax.after_value);
                }
            }
            text.push_str(syntax.separator);
        }
        Self { syntax, pieces, rest: text }
    }

    /// The value of the `Authorization` header, section 3.5.1; `realm` comes first.
    pub(crate) fn header(
        &self,
        realm: Option<&str>,
        values: RequestValues<'_>,
        signature: &str,
    ) -> String {
        let mut output = String::with_capacity(512);
        output.push_str("OAuth ");
        if let Some(realm) = realm {
            self.syntax.begin("realm", &mut output);
            output.push_str(realm);
            output.push_str(self.syntax.after_value);
            output.push_str(self.syntax.separator);
        }
        self.write(values, signature, &mut output);
        output
    }

    /// `uri` with the parameters at the end of its query, section 3.5.3. What the caller's URI
    /// has stays as it is; a fragment stays at the end.
    pub(crate) fn query(&self, uri: &str, values: RequestValues<'_>, signature: &str) -> String {
        let (resource, fragment) = uri.split_at(uri.find('#').unwrap_or(uri.len()));
        let mut output = String::with_capacity(uri.len() + 512);
        output.push_str(resource);
        output.push_str(match resource.split_once('?') {
            None => "?",
            Some((_, query)) => separator(query.as_bytes()),
        });
        self.write(values, signature, &mut output);
        output.push_str(fragment);
        output
    }

    /// The form with the parameters at its end, section 3.5.2.
    pub(crate) fn body(&self, form: &[u8], values: RequestValues<'_>, signature: &str) -> Vec<u8> {
        let mut parameters = Zeroizing::new(String::with_capacity(512));
        self.write(values, signature, &mut parameters);
        [form, separator(form).as_bytes(), parameters.as_bytes()].concat()
    }

    fn write(&self, values: RequestValues<'_>, signature: &str, output: &mut String) {
        for (text, varying) in &self.pieces {
            output.push_str(text);
            let Some(value) = values.get(*varying) else { continue };
            if let Varying::BodyHash = varying {
                self.syntax.write(BODY_HASH, value, output);
                output.push_str(self.syntax.separator);
            } else {
                self.syntax.write_value(value, output);
            }
        }
        output.push_str(&self.rest);
        Syntax { keeps_printable: false, ..self.syntax }.write(SIGNATURE, signature, output);
    }
}

impl Syntax {
    /// How long a parameter is at most, with what follows it; without a value that varies.
    fn length(self, name: &str, value: &Value) -> usize {
        let value = match value {
            Value::Fixed(value) => value.len(),
            Value::Varying(_) => 0,
        };
        let Self { before_value, after_value, separator, .. } = self;
        let around = before_value.len() + after_value.len() + separator.len();
        name.len() + percent::MAX_LENGTH * value + around
    }

    fn begin(self, name: &str, output: &mut String) {
        output.push_str(name);
        output.push_str(self.before_value);
    }

    fn write(self, name: &str, value: &str, output: &mut String) {
        self.begin(name, output);
        self.write_value(value, output);
        output.push_str(self.after_value);
    }

    fn write_value(self, value: &str, output: &mut String) {
        if self.keeps_printable && is_quotable(value) {
            output.push_str(value);
        } else {
            percent::encode_text(value, output);
        }
    }
}

/// Whether `text` may stand between the quotes of a header as it is: it ends neither them nor the
/// header.
pub(crate) fn is_quotable(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\')
}

/// The `&` between `before` and what follows, if one is needed.
fn separator(before: &[u8]) -> &'static str {
    if before.is_empty() || before.ends_with(b"&") { "" } else { "&" }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the text of a template does not grow, it leaves no pieces behind.
    #[test]
    fn parameters_have_the_room_that_their_longest_form_needs() {
        for syntax in [HEADER, FORM] {
            for value in ["", "&", "%%%%%%%"] {
                let mut text = String::new();
                syntax.write("oauth_name", value, &mut text);
                let length = text.len() + syntax.separator.len();
                let fixed = Value::Fixed(value.to_owned().into());
                assert_eq!(syntax.length("oauth_name", &fixed), length);
            }
            let mut text = String::new();
            syntax.write("oauth_nonce", "", &mut text);
            let length = text.len() + syntax.separator.len();
            assert_eq!(syntax.length("oauth_nonce", &Value::Varying(Varying::Nonce)), length);
        }
    }
}

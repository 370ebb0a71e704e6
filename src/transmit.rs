//! Section 3.5: where the protocol parameters travel. Each function takes them in the order in
//! which they are sent, not encoded yet.

use crate::percent;

/// A protocol parameter: its name, of unreserved characters, and its value.
pub type ProtocolParameter<'a> = (&'a str, &'a [u8]);

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

/// The value of the `Authorization` header, section 3.5.1; `realm` comes first.
#[must_use]
pub fn header(realm: Option<&str>, parameters: &[ProtocolParameter<'_>]) -> String {
    let mut output = Vec::with_capacity(384);
    output.extend_from_slice(b"OAuth ");
    if let Some(realm) = realm {
        output.extend_from_slice(b"realm=\"");
        output.extend_from_slice(realm.as_bytes());
        output.extend_from_slice(b"\"");
    }
    for (index, (name, value)) in parameters.iter().enumerate() {
        if index > 0 || realm.is_some() {
            output.extend_from_slice(b", ");
        }
        output.extend_from_slice(name.as_bytes());
        output.extend_from_slice(b"=\"");
        percent::encode(value, &mut output);
        output.push(b'"');
    }
    into_text(output)
}

/// `uri` with the parameters at the end of its query, section 3.5.3. What the caller's URI has
/// stays as it is; a fragment stays at the end.
#[must_use]
pub fn query(uri: &str, parameters: &[ProtocolParameter<'_>]) -> String {
    let (resource, fragment) = uri.split_at(uri.find('#').unwrap_or(uri.len()));
    let mut output = Vec::with_capacity(uri.len() + 384);
    output.extend_from_slice(resource.as_bytes());
    match resource.split_once('?') {
        None => output.push(b'?'),
        Some((_, query)) => separate(query.as_bytes(), &mut output),
    }
    append_form_encoded(parameters, &mut output);
    output.extend_from_slice(fragment.as_bytes());
    into_text(output)
}

/// The form with the parameters at its end, section 3.5.2.
#[must_use]
pub fn body(form: &[u8], parameters: &[ProtocolParameter<'_>]) -> Vec<u8> {
    let mut output = Vec::with_capacity(form.len() + 384);
    output.extend_from_slice(form);
    separate(form, &mut output);
    append_form_encoded(parameters, &mut output);
    output
}

/// The `&` between `before` and what follows, if one is needed.
fn separate(before: &[u8], output: &mut Vec<u8>) {
    if !before.is_empty() && !before.ends_with(b"&") {
        output.push(b'&');
    }
}

fn append_form_encoded(parameters: &[ProtocolParameter<'_>], output: &mut Vec<u8>) {
    for (index, (name, value)) in parameters.iter().enumerate() {
        if index > 0 {
            output.push(b'&');
        }
        output.extend_from_slice(name.as_bytes());
        output.push(b'=');
        percent::encode(value, output);
    }
}

fn into_text(output: Vec<u8>) -> String {
    #[expect(clippy::expect_used, reason = "whole `str`s and percent-encoding were written")]
    String::from_utf8(output).expect("text and ASCII make text")
}

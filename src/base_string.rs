//! Section 3.4.1.1: the signature base string.

use crate::error::Error;
use crate::params::{Parameters, PreparedParameter};
use crate::percent;
use crate::uri::Uri;

/// Gives `sink` the base string of a request, in pieces: the method in upper case, the base string
/// URI and the normalized parameters, each percent-encoded, joined by `&`. `protocol_parameters`
/// are as [`Parameters::write_normalized`] takes them.
///
/// # Errors
/// [`Error::InvalidHost`], [`Error::InvalidPort`] of the URI or of `host_header`.
pub fn write_base_string<'a>(
    method: &str,
    uri: &Uri<'_>,
    host_header: Option<&str>,
    parameters: Parameters,
    protocol_parameters: impl Iterator<Item = (&'a PreparedParameter, &'a [u8])>,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(), Error> {
    let mut output = Vec::with_capacity(1024);
    percent::encode(method.as_bytes(), &mut output);
    // What percent-encoding has written is in upper case already.
    output.make_ascii_uppercase();
    output.push(b'&');
    uri.write_base_string_uri(host_header, &mut output)?;
    output.push(b'&');
    parameters.write_normalized(protocol_parameters, output, sink);
    Ok(())
}

//! Section 3.4.1.1: the signature base string.

use crate::error::Error;
use crate::params::{Parameters, PreparedParameters};
use crate::percent;
use crate::protocol::RequestValues;
use crate::uri::Uri;

/// Gives `sink` the base string of a request, in pieces: the method in upper case, the base string
/// URI and the normalized parameters, each percent-encoded, joined by `&`.
///
/// # Errors
/// [`Error::InvalidHost`], [`Error::InvalidPort`] of the URI or of `host_header`.
pub(crate) fn write_base_string(
    method: &str,
    uri: &Uri<'_>,
    host_header: Option<&str>,
    parameters: Parameters,
    prepared: &PreparedParameters,
    values: RequestValues<'_>,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(), Error> {
    let mut output = Vec::with_capacity(1024);
    percent::encode(method.as_bytes(), &mut output);
    // What percent-encoding has written is in upper case already.
    output.make_ascii_uppercase();
    output.push(b'&');
    uri.write_base_string_uri(host_header, &mut output)?;
    output.push(b'&');
    parameters.write_normalized(prepared, values, output, sink);
    Ok(())
}

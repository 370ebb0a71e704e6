//! Section 3.4.1.1: the signature base string.

use crate::error::Error;
use crate::params::Parameters;
use crate::percent;
use crate::uri::Uri;

/// The base string of a request: the method in upper case, the base string URI and the normalized
/// parameters, each percent-encoded, joined by `&`.
///
/// # Errors
/// [`Error::InvalidHost`], [`Error::InvalidPort`] of the URI or of `host_header`.
pub fn base_string(
    method: &str,
    uri: &Uri<'_>,
    host_header: Option<&str>,
    mut parameters: Parameters,
) -> Result<Vec<u8>, Error> {
    let mut output = Vec::with_capacity(512);
    percent::encode(method.to_ascii_uppercase().as_bytes(), &mut output);
    output.push(b'&');
    uri.write_base_string_uri(host_header, &mut output)?;
    output.push(b'&');
    parameters.write_normalized(&mut output);
    Ok(output)
}

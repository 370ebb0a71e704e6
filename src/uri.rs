//! Section 3.4.1.2: the base string URI, a read-only view of the URI that the request goes to.

use crate::error::Error;
use crate::percent;

/// The parts of an absolute URI (RFC 3986 section 3) that signing needs, each as it was given.
#[derive(Clone, Copy, Debug)]
pub struct Uri<'a> {
    scheme: &'a str,
    /// `host[:port]`, without user information.
    authority: &'a str,
    /// Whether the authority is a host alone that stands in the base string as it is.
    is_plain_host: bool,
    path: &'a str,
    query: &'a str,
}

impl<'a> Uri<'a> {
    /// Splits `uri`; nothing of it is decoded or rewritten.
    ///
    /// # Errors
    /// [`Error::NotAbsolute`] if it does not begin with `scheme://host`, [`Error::InvalidHost`]
    /// if something stands there that no host or user information can hold.
    pub fn parse(uri: &'a str) -> Result<Self, Error> {
        let (scheme, rest) = split_before(uri, |byte| byte == b':');
        let rest = rest.strip_prefix("://").ok_or(Error::NotAbsolute)?;
        if !is_scheme(scheme) {
            return Err(Error::NotAbsolute);
        }
        let (mut authority, rest) = split_before(rest, |byte| matches!(byte, b'/' | b'?' | b'#'));
        let rest = rest.split_once('#').map_or(rest, |(before_fragment, _)| before_fragment);
        let (path, query) = split_before(rest, |byte| byte == b'?');
        let is_plain_host = is_plain_host(authority);
        if !is_plain_host {
            // What RFC 3986 section 3.2 does not allow here, clients read each in their own way:
            // with a backslash before `@`, some connect to the host before it.
            if !authority.bytes().all(|byte| is_host_byte(byte) || b"@:%[]".contains(&byte)) {
                return Err(Error::InvalidHost);
            }
            authority = authority.rsplit_once('@').map_or(authority, |(_userinfo, host)| host);
        }
        if authority.is_empty() {
            return Err(Error::NotAbsolute);
        }
        Ok(Self {
            scheme,
            authority,
            is_plain_host,
            path,
            query: query.get(1..).unwrap_or_default(),
        })
    }

    /// The query component, without its `?`; empty if there is none.
    #[must_use]
    pub fn query(&self) -> &'a str {
        self.query
    }

    /// Whether what is sent there cannot be read on the way: https, or this machine itself.
    ///
    /// # Errors
    /// [`Error::InvalidPort`] as [`Uri::write_base_string_uri`].
    pub fn is_confidential(&self) -> Result<bool, Error> {
        let (host, _port) = split_port(self.authority)?;
        let is_loopback = host.eq_ignore_ascii_case("localhost")
            || host == "[::1]"
            || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback());
        Ok(is_loopback || self.scheme.eq_ignore_ascii_case("https"))
    }

    /// Appends the base string URI, percent-encoded as it stands in the base string.
    ///
    /// Scheme and host in lower case, the port unless it is the scheme's default, the path byte
    /// for byte (`/` if empty; what cannot stand in a URI counts as the percent-encoding in
    /// which it is sent). `host_header`, if given, takes the place of the URI's host and port.
    ///
    /// # Errors
    /// [`Error::InvalidHost`], [`Error::InvalidPort`]; `output` is then of no use.
    pub fn write_base_string_uri(
        &self,
        host_header: Option<&str>,
        output: &mut Vec<u8>,
    ) -> Result<(), Error> {
        encode_lower_case(self.scheme, output);
        output.extend_from_slice(b"%3A%2F%2F");
        match host_header {
            None if self.is_plain_host => output.extend_from_slice(self.authority.as_bytes()),
            None => encode_authority(self.authority, self.scheme, output)?,
            Some(host_header) => encode_authority(host_header, self.scheme, output)?,
        }
        if self.path.is_empty() {
            output.extend_from_slice(b"%2F");
        }
        percent::encode_path(self.path.as_bytes(), output);
        Ok(())
    }
}

/// `text` before and from the first of the ASCII characters that `is_end` names.
fn split_before(text: &str, is_end: impl Fn(u8) -> bool) -> (&str, &str) {
    text.split_at(text.bytes().position(is_end).unwrap_or(text.len()))
}

/// RFC 3986 section 3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Host and port of `host[:port]`; an empty port is none (RFC 3986 section 3.2.3).
fn split_port(authority: &str) -> Result<(&str, Option<u16>), Error> {
    // Colons before the bracket are the address's own.
    let start = match authority.rfind(']') {
        Some(bracket) => bracket,
        None if authority.starts_with('[') => return Err(Error::InvalidHost),
        None => 0,
    };
    let Some(colon) = authority[start..].find(':') else {
        return Ok((authority, None));
    };
    let (host, port) = authority.split_at(start + colon);
    match &port[1..] {
        "" => Ok((host, None)),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().map(|port| (host, Some(port))).map_err(|_| Error::InvalidPort)
        }
        _ => Err(Error::InvalidPort),
    }
}

fn is_default_port(scheme: &str, port: u16) -> bool {
    match port {
        80 => scheme.eq_ignore_ascii_case("http"),
        443 => scheme.eq_ignore_ascii_case("https"),
        _ => false,
    }
}

/// Appends host and port, which is left out if it is the scheme's default.
fn encode_authority(authority: &str, scheme: &str, output: &mut Vec<u8>) -> Result<(), Error> {
    let (host, port) = split_port(authority)?;
    encode_host(host, output)?;
    if let Some(port) = port.filter(|&port| !is_default_port(scheme, port)) {
        output.extend_from_slice(b"%3A");
        output.extend_from_slice(port.to_string().as_bytes());
    }
    Ok(())
}

/// Whether this is made of letters in lower case, digits, `-` and `.`, as most hosts are.
fn is_plain_host(authority: &str) -> bool {
    authority.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
}

/// Appends the host as a client writes it into the `Host` header: an IPv6 zone (RFC 6874) means
/// nothing to the server and is left out.
fn encode_host(host: &str, output: &mut Vec<u8>) -> Result<(), Error> {
    if let Some(literal) = host.strip_prefix('[') {
        let literal = literal.strip_suffix(']').ok_or(Error::InvalidHost)?;
        let (address, zone) = literal.split_once('%').unwrap_or((literal, ""));
        // A bracket in it would end the address: what follows would be another host.
        let is_zone = zone.bytes().all(|byte| is_host_byte(byte) || byte == b'%');
        if !is_host(address, b":") || !is_zone {
            return Err(Error::InvalidHost);
        }
        percent::encode(b"[", output);
        encode_lower_case(address, output);
        percent::encode(b"]", output);
        return Ok(());
    }
    if !is_host(host, b"%") {
        return Err(Error::InvalidHost);
    }
    encode_lower_case(host, output);
    Ok(())
}

/// RFC 3986 section 3.2.2: `text` of unreserved characters, sub-delims, and those in `more`.
fn is_host(text: &str, more: &[u8]) -> bool {
    !text.is_empty() && text.bytes().all(|byte| is_host_byte(byte) || more.contains(&byte))
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
        )
}

fn encode_lower_case(text: &str, output: &mut Vec<u8>) {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        percent::encode(text.to_ascii_lowercase().as_bytes(), output);
    } else {
        percent::encode(text.as_bytes(), output);
    }
}

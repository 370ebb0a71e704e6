//! The bytes of the fuzzer as a request and the settings to sign it with.
//!
//! One value a line, so that the fuzzer can move and cut them, and `seeds.py` can write them. The
//! first line chooses; the last one is the form and has all that is left.

use std::borrow::Cow;
use std::sync::LazyLock;

use oauth1_rs::credentials::Credentials;
use oauth1_rs::private_key::PrivateKey;
use oauth1_rs::sign::{Configuration, Request};
use oauth1_rs::signature::SignatureMethod;
use oauth1_rs::transmit::Placement;
use zeroize::Zeroizing;

const LINES: usize = 15;

const PLACEMENTS: [Placement; 3] = [Placement::Header, Placement::Query, Placement::Body];
const METHODS: [SignatureMethod; 7] = [
    SignatureMethod::HmacSha1,
    SignatureMethod::HmacSha256,
    SignatureMethod::HmacSha512,
    SignatureMethod::Plaintext,
    SignatureMethod::RsaSha1,
    SignatureMethod::RsaSha256,
    SignatureMethod::RsaSha512,
];

/// The client's, of the methods that take one.
static PRIVATE_KEY: LazyLock<PrivateKey> = LazyLock::new(|| {
    PrivateKey::from_pem(include_bytes!("../../tests/keys/rsa-1024.pem"), None)
        .expect("the tests sign with it")
});

/// Whether a method signs with the private key, in which the shared-secrets have no part.
#[must_use]
pub fn is_rsa(method: SignatureMethod) -> bool {
    method.name().starts_with("RSA-")
}

/// A request and the settings to sign it with.
pub struct Input<'a> {
    choices: [u8; 3],
    lines: Vec<Cow<'a, str>>,
    form: &'a [u8],
}

impl<'a> Input<'a> {
    /// Never fails: what is missing is empty.
    #[must_use]
    pub fn read(data: &'a [u8]) -> Self {
        let mut pieces = data.splitn(LINES, |&byte| byte == b'\n');
        let mut choices = [0; 3];
        for (choice, &byte) in choices.iter_mut().zip(pieces.next().unwrap_or_default()) {
            *choice = byte;
        }
        let lines = pieces.by_ref().take(LINES - 2).map(String::from_utf8_lossy).collect();
        Self { choices, lines, form: pieces.next().unwrap_or_default() }
    }

    fn line(&self, number: usize) -> &str {
        self.lines.get(number).map_or("", |line| line)
    }

    /// A line that the first one may leave out.
    fn optional_line(&self, number: usize, choice: u8) -> Option<&str> {
        (self.choices[2] & choice != 0).then(|| self.line(number))
    }

    #[must_use]
    pub fn request(&self) -> Request<'_> {
        Request {
            method: self.line(0),
            uri: self.line(1),
            host: self.optional_line(2, 1),
            form: (self.choices[2] & 2 != 0).then_some(self.form),
            body_hash: self.optional_line(3, 4),
            realm: None,
        }
    }

    #[must_use]
    pub fn nonce(&self) -> &str {
        self.line(4)
    }

    #[must_use]
    pub fn timestamp(&self) -> &str {
        self.line(5)
    }

    #[must_use]
    pub fn client_secret(&self) -> &str {
        self.line(7)
    }

    #[must_use]
    pub fn token_secret(&self) -> &str {
        self.line(9)
    }

    #[must_use]
    pub fn placement(&self) -> Placement {
        PLACEMENTS[usize::from(self.choices[0]) % PLACEMENTS.len()]
    }

    #[must_use]
    pub fn signature_method(&self) -> SignatureMethod {
        METHODS[usize::from(self.choices[1]) % METHODS.len()]
    }

    #[must_use]
    pub fn configuration(&self) -> Configuration {
        let parameter = self.line(12);
        let protocol_parameters = match parameter.split_once('=') {
            Some((name, value)) => {
                vec![(name.to_owned(), Some(Zeroizing::new(value.to_owned())))]
            }
            None if parameter.is_empty() => Vec::new(),
            None => vec![(parameter.to_owned(), None)],
        };
        let text = |number| Some(self.line(number).to_owned()).filter(|text| !text.is_empty());
        Configuration {
            credentials: Credentials {
                client_key: self.line(6).to_owned(),
                client_secret: Zeroizing::new(self.client_secret().to_owned()),
                private_key: is_rsa(self.signature_method()).then(|| PRIVATE_KEY.clone()),
                token: self.optional_line(8, 8).map(str::to_owned),
                token_secret: Zeroizing::new(self.token_secret().to_owned()),
            },
            method: self.signature_method(),
            placement: self.placement(),
            realm: self.optional_line(10, 16).map(str::to_owned),
            callback: text(11),
            verifier: None,
            protocol_parameters,
            single_encoding: false,
            allow_insecure_plaintext: self.choices[2] & 32 != 0,
            allow_plaintext_in_query: true,
        }
    }
}

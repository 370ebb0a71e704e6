//! The requests that are measured, and who signs them.

use oauth1_rs::credentials::Credentials;
use oauth1_rs::sign::{Configuration, Request, Signer};
use oauth1_rs::signature::SignatureMethod;
use oauth1_rs::transmit::Placement;

/// A request with five parameters.
pub const GET: &str = "https://api.example.com/1.1/statuses/user_timeline.json?\
    screen_name=twitterapi&count=100&include_rts=true&exclude_replies=false&trim_user=1";
/// What a nonce looks like.
pub const NONCE: &str = "00010f107f80a5ff00000000000000f0";
/// What a timestamp looks like.
pub const TIMESTAMP: &str = "1318622958";

/// Whose requests these are.
#[must_use]
pub fn credentials() -> Credentials {
    Credentials {
        client_key: "xvz1evFS4wEEPTGEFPHBog".to_owned(),
        client_secret: "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw".to_owned().into(),
        private_key: None,
        token: Some("370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb".to_owned()),
        token_secret: "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE".to_owned().into(),
    }
}

/// A signer with these credentials. PLAINTEXT does all but the hash.
///
/// # Panics
/// If the configuration is refused, which it is not.
#[must_use]
pub fn signer(method: SignatureMethod) -> Signer {
    let configuration = Configuration {
        credentials: credentials(),
        method,
        placement: Placement::Header,
        realm: None,
        callback: None,
        verifier: None,
        protocol_parameters: Vec::new(),
        single_encoding: false,
        allow_insecure_plaintext: true,
        allow_plaintext_in_query: false,
    };
    Signer::new(configuration).expect("a configuration that is accepted")
}

/// A form with as many fields as asked for.
#[must_use]
pub fn form(fields: usize) -> String {
    let field = |number| format!("field{number}=value+number+{number}+%26+more");
    (0..fields).map(field).collect::<Vec<_>>().join("&")
}

/// A GET.
#[must_use]
pub fn get() -> Request<'static> {
    Request { method: "GET", uri: GET, ..Request::default() }
}

/// A form POST.
#[must_use]
pub fn post(form: &str) -> Request<'_> {
    Request {
        method: "POST",
        uri: "https://api.example.com/1.1/statuses/update.json",
        form: Some(form.as_bytes()),
        ..Request::default()
    }
}

//! What cannot be signed, or would show secrets, is refused, each by its own error.
#![expect(clippy::unwrap_used, reason = "what ought to be accepted and is not fails its test")]

use std::fs;
use std::path::Path;

use oauth1_rs::credentials::Credentials;
use oauth1_rs::error::Error;
use oauth1_rs::private_key::PrivateKey;
use oauth1_rs::sign::{Configuration, Request, Signed, Signer};
use oauth1_rs::signature::SignatureMethod;
use oauth1_rs::transmit::Placement;

const HTTPS: &str = "https://a.example/";

fn configuration() -> Configuration {
    Configuration {
        credentials: Credentials { token: Some("token".to_owned()), ..Credentials::default() },
        method: SignatureMethod::HmacSha1,
        placement: Placement::Header,
        realm: None,
        callback: None,
        verifier: None,
        protocol_parameters: Vec::new(),
        single_encoding: false,
        allow_insecure_plaintext: false,
        allow_plaintext_in_query: false,
    }
}

fn private_key() -> PrivateKey {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys");
    PrivateKey::from_pem(&fs::read(folder.join("rsa-1024.pem")).unwrap(), None).unwrap()
}

/// Why a signer is refused, if it is.
fn refusal(change: impl FnOnce(&mut Configuration)) -> Option<Error> {
    let mut configuration = configuration();
    change(&mut configuration);
    Signer::new(configuration).err()
}

/// Why a request is refused, if it is.
fn refusal_of_request(request: &Request<'_>, configuration: Configuration) -> Option<Error> {
    Signer::new(configuration).unwrap().sign(request, "nonce", "1").err()
}

fn refusal_of_uri(uri: &str) -> Option<Error> {
    refusal_of_request(&Request { uri, ..Request::default() }, configuration())
}

type Change = fn(&mut Configuration, String);

#[test]
fn line_breaks() {
    let settings: [(&str, Change); 7] = [
        ("client_key", |it, text| it.credentials.client_key = text),
        ("client_secret", |it, text| it.credentials.client_secret = text.into()),
        ("resource_owner_key", |it, text| it.credentials.token = Some(text)),
        ("resource_owner_secret", |it, text| it.credentials.token_secret = text.into()),
        ("callback_uri", |it, text| it.callback = Some(text)),
        ("verifier", |it, text| it.verifier = Some(text.into())),
        ("a value of protocol_parameters", |it, text| {
            it.protocol_parameters = vec![("oauth_token".to_owned(), Some(text.into()))];
        }),
    ];
    for (name, set) in settings {
        for text in ["\n", "text\r\n", "\rtext"] {
            let refused = refusal(|it| set(it, text.to_owned()));
            assert_eq!(refused, Some(Error::LineBreak { name }), "{text:?}");
        }
        assert_eq!(refusal(|it| set(it, "any\tother text\\n".to_owned())), None, "{name}");
    }
}

#[test]
fn realms_that_end_their_quotes_or_the_header() {
    for realm in ["\"", "a\\", "\r\n", "\0", "\x1f", "\x7f", "é"] {
        let configured = refusal(|it| it.realm = Some(realm.to_owned()));
        assert_eq!(configured, Some(Error::InvalidRealm), "{realm:?}");
        let request = Request { uri: HTTPS, realm: Some(realm), ..Request::default() };
        let given = refusal_of_request(&request, configuration());
        assert_eq!(given, Some(Error::InvalidRealm), "{realm:?}");
    }
    let printable: String = (' '..='~').filter(|it| !['"', '\\'].contains(it)).collect();
    for realm in ["", &printable] {
        assert_eq!(refusal(|it| it.realm = Some(realm.to_owned())), None);
        let request = Request { uri: HTTPS, realm: Some(realm), ..Request::default() };
        assert_eq!(refusal_of_request(&request, configuration()), None);
    }
}

#[test]
fn protocol_parameters_that_are_none() {
    let refused = |name: &str, value: Option<&str>| {
        let value = value.map(|value| value.to_owned().into());
        refusal(|it| it.protocol_parameters = vec![(name.to_owned(), value)])
    };
    for value in [None, Some("value")] {
        for name in ["", "token", "oauth", "OAUTH_TOKEN", " oauth_token", "xoauth_requestor_id"] {
            let given = name.to_owned();
            assert_eq!(refused(name, value), Some(Error::NotAProtocolParameter { given }));
        }
        for name in ["oauth_a b", "oauth_a=", "oauth_\"", "oauth_,", "oauth_%20", "oauth_é"] {
            let given = name.to_owned();
            assert_eq!(refused(name, value), Some(Error::InvalidParameterName { given }));
        }
        assert_eq!(refused("oauth_signature", value), Some(Error::SignatureParameter));
        for name in ["oauth_", "oauth_token", "oauth_signature_method", "oauth_A-z.0_9~"] {
            assert_eq!(refused(name, value), None, "{name}");
        }
    }
}

#[test]
fn plaintext_in_the_query() {
    for placement in [Placement::Header, Placement::Body, Placement::Query] {
        let is_refused = placement == Placement::Query;
        let plaintext = |it: &mut Configuration| {
            it.method = SignatureMethod::Plaintext;
            it.placement = placement;
        };
        assert_eq!(refusal(plaintext), is_refused.then_some(Error::PlaintextInQuery));
        let allowed = |it: &mut Configuration| {
            plaintext(it);
            it.allow_plaintext_in_query = true;
        };
        assert_eq!(refusal(allowed), None);
        assert_eq!(refusal(|it| it.placement = placement), None, "no PLAINTEXT");
    }
}

#[test]
fn plaintext_that_others_can_read() {
    let plaintext = || Configuration { method: SignatureMethod::Plaintext, ..configuration() };
    let refused = |uri| refusal_of_request(&Request { uri, ..Request::default() }, plaintext());
    for uri in [
        "https://a.example/",
        "HTTPS://a.example:80/",
        "http://localhost/",
        "http://LocalHost:8080/",
        "http://127.0.0.1/",
        "http://127.1.2.3:80/",
        "http://[::1]/",
        "http://user@[::1]:8080/",
    ] {
        assert_eq!(refused(uri), None, "{uri}");
    }
    for uri in [
        "http://a.example/",
        "http://a.example:443/",
        "httpsx://a.example/",
        "http://localhost.example/",
        "http://localhost@a.example/",
        "http://127.0.0.1.example/",
        "http://128.0.0.1/",
        "http://0.0.0.0/",
        "http://[::2]/",
        "http://[::1].example/",
    ] {
        assert_eq!(refused(uri), Some(Error::InsecurePlaintext), "{uri}");
        let request = Request { uri, ..Request::default() };
        let signer = Signer::new(plaintext()).unwrap();
        assert_eq!(signer.base_string(&request, "", ""), Err(Error::InsecurePlaintext), "{uri}");
        let allowed = Configuration { allow_insecure_plaintext: true, ..plaintext() };
        assert_ne!(refusal_of_request(&request, allowed), Some(Error::InsecurePlaintext), "{uri}");
        let hashed = refusal_of_request(&request, configuration());
        assert_ne!(hashed, Some(Error::InsecurePlaintext), "{uri}");
    }
    assert_eq!(refused("http://a.example:port/"), Some(Error::InvalidPort));
}

#[test]
fn methods_and_private_keys_that_do_not_go_together() {
    for method in SignatureMethod::ALL {
        let name = method.name();
        let is_rsa = name.starts_with("RSA-");
        let without = refusal(|it| it.method = method);
        assert_eq!(without, is_rsa.then_some(Error::MissingPrivateKey { method: name }));
        let with = refusal(|it| {
            it.method = method;
            it.credentials.private_key = Some(private_key());
        });
        assert_eq!(with, (!is_rsa).then_some(Error::UnusedPrivateKey { method: name }));
        let mut signs = Configuration { method, ..configuration() };
        signs.credentials.private_key = is_rsa.then(private_key);
        assert_eq!(Signer::new(signs).unwrap().is_slow(), is_rsa);
    }
}

#[test]
fn methods_that_are_none() {
    let known = "HMAC-SHA1, HMAC-SHA256, HMAC-SHA512, RSA-SHA1, RSA-SHA256, RSA-SHA512, PLAINTEXT";
    for name in known.split(", ") {
        assert_eq!(SignatureMethod::from_name(name).unwrap().name(), name);
        assert_eq!(SignatureMethod::from_name(&name.to_lowercase()).unwrap().name(), name);
    }
    for name in ["", "HMAC", "HMAC-SHA1 ", "HMAC-MD5"] {
        let (given, known) = (name.to_owned(), known.to_owned());
        let expected = Error::UnknownSignatureMethod { given, known };
        assert_eq!(SignatureMethod::from_name(name), Err(expected));
    }
}

#[test]
fn uris_that_are_not_absolute() {
    for uri in [
        "",
        "/",
        "a.example",
        "//a.example/",
        "https:/a.example",
        "https:a.example/",
        "https://",
        "https:///path",
        "https://?query",
        "https://user@",
        "https://user@/",
        "://a.example/",
        "1https://a.example/",
        "-https://a.example/",
        "ht tps://a.example/",
        "hätps://a.example/",
        "ht_tps://a.example/",
    ] {
        assert_eq!(refusal_of_uri(uri), Some(Error::NotAbsolute), "{uri}");
    }
    for uri in ["https://a", "h://a", "coap+tcp://a/", "z39.50-r://a/", "H2://a?b#c"] {
        assert_eq!(refusal_of_uri(uri), None, "{uri}");
    }
}

#[test]
fn hosts_and_ports_that_are_none() {
    let expected = |authority: &str, expected: Option<Error>| {
        let uri = format!("https://{authority}/");
        assert_eq!(refusal_of_uri(&uri), expected, "{authority}");
    };
    for authority in [
        "a b",
        "a\\@b",
        "a|b",
        "a\"b",
        "ä.example",
        "a\u{7f}",
        "[::1",
        "[]",
        "[::1%25]x",
        "x[::1]",
        "[a]b]",
        "[::1]x",
        ":80",
        "a@:80",
        "a<b>@c",
        "a%5B]",
        "[::1%25]b.example%25en1]",
        "[::1%[]",
        "[::1%@]",
    ] {
        expected(authority, Some(Error::InvalidHost));
    }
    for authority in ["a:65536", "a:x", "a:-1", "a:+1", "a:1a", "a:1:2", "[::1]:x", "[::1]:99999"] {
        expected(authority, Some(Error::InvalidPort));
    }
    for authority in [
        "a",
        "a:",
        "a:0",
        "a:65535",
        "a:00080",
        "[::1]",
        "[::1]:",
        "[::1]:65535",
        "[FE80::1%25en1]",
        "[FE80::1%en1]:8080",
        "A%20b",
        "u:p@a",
        "u:p@a:80",
        "u@v@a",
        "a_b!$&'()*+,;=~c",
    ] {
        expected(authority, None);
    }
    for (host, expected) in [
        ("a:65536", Some(Error::InvalidPort)),
        ("a b", Some(Error::InvalidHost)),
        ("", Some(Error::InvalidHost)),
        ("b.example:80", None),
    ] {
        let request = Request { uri: HTTPS, host: Some(host), ..Request::default() };
        assert_eq!(refusal_of_request(&request, configuration()), expected, "{host}");
    }
}

#[test]
fn a_body_that_is_no_form() {
    let in_body = || Configuration { placement: Placement::Body, ..configuration() };
    let request = Request { method: "POST", uri: HTTPS, ..Request::default() };
    assert_eq!(refusal_of_request(&request, in_body()), Some(Error::BodyIsNotAForm));
    let request = Request { form: Some(b""), ..request };
    let signer = Signer::new(in_body()).unwrap();
    assert_eq!(signer.placement(), Placement::Body);
    let result = signer.sign(&request, "nonce", "1").unwrap();
    assert!(matches!(result, Signed::Form(form) if form.starts_with(b"oauth_nonce=nonce&")));
}

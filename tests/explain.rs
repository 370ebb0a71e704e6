//! What a signed request's signature covers, and where another signature comes from.
#![expect(clippy::unwrap_used, reason = "what cannot be signed fails its test")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use oauth1_rs::credentials::Credentials;
use oauth1_rs::explain::{KeyFault, Origin, SignedRequest, reproduce};
use oauth1_rs::sign::{Configuration, Request, Signed, Signer};
use oauth1_rs::signature::SignatureMethod;
use oauth1_rs::transmit::Placement;
use proptest::collection::vec;
use proptest::prelude::*;
use sha1::Sha1;
use sha2::Sha512;

const PLACEMENTS: [Placement; 3] = [Placement::Header, Placement::Query, Placement::Body];

fn credentials() -> Credentials {
    Credentials {
        client_key: "client key/+".to_owned(),
        client_secret: " a&b=c %25+/\"é".to_owned().into(),
        private_key: None,
        token: Some("token".to_owned()),
        token_secret: "x&y=z ".to_owned().into(),
    }
}

fn signer(placement: Placement, single_encoding: bool) -> Signer {
    Signer::new(Configuration {
        credentials: credentials(),
        method: SignatureMethod::HmacSha1,
        placement,
        realm: Some("Realm, with=comma".to_owned()),
        callback: Some("https://example.com/?a=b%20c&d".to_owned()),
        verifier: None,
        protocol_parameters: Vec::new(),
        single_encoding,
        allow_insecure_plaintext: false,
        allow_plaintext_in_query: false,
    })
    .unwrap()
}

/// Signs `request`, and reads what it has become. Gives the base string and the signature.
fn explained(signer: &Signer, request: &Request<'_>, is_single: bool) -> (Vec<u8>, Vec<u8>) {
    let (uri, form, authorization);
    let sent = match signer.sign(request, "nonce", "1").unwrap() {
        Signed::Header(value) => {
            authorization = value;
            SignedRequest::read(request, Some(&authorization), is_single)
        }
        Signed::Uri(value) => {
            uri = value;
            SignedRequest::read(&Request { uri: &uri, ..*request }, None, is_single)
        }
        Signed::Form(value) => {
            form = value;
            SignedRequest::read(&Request { form: Some(&form), ..*request }, None, is_single)
        }
    };
    let sent = sent.unwrap();
    assert_eq!(sent.placement, signer.placement());
    assert_eq!(sent.protocol_parameter("oauth_nonce"), Some(&b"nonce"[..]));
    (sent.explain(is_single).unwrap().base_string, sent.signature)
}

proptest! {
    #[test]
    fn a_signed_request_shows_the_base_string_that_was_signed(
        method in "[A-Za-z]{1,8}",
        path in "(/[^?#]{0,16})?",
        query in "([^#]{0,8}|[%&=+;a-f0-9]{0,8}){0,6}",
        form in proptest::option::of(vec(any::<u8>(), 0..64)),
        is_single: bool,
    ) {
        let uri = format!("https://user@Example.com:443{path}?{query}#fragment");
        for placement in PLACEMENTS {
            let signer = signer(placement, is_single);
            let form = if placement == Placement::Body { form.clone().or(Some(vec![])) } else { form.clone() };
            let request = Request {
                method: &method, uri: &uri, form: form.as_deref(), ..Request::default()
            };
            let expected = signer.base_string(&request, "nonce", "1").unwrap();
            // With the parameters in the query, that has escapes: it is read as it was before.
            let (base_string, signature) = explained(&signer, &request, is_single);
            prop_assert_eq!(&base_string, &expected);
            let found = reproduce(
                &credentials(), &SignatureMethod::ALL, &base_string, std::str::from_utf8(&signature).unwrap()
            ).unwrap();
            prop_assert_eq!(found, Some((SignatureMethod::HmacSha1, None)));
        }
    }
}

#[test]
fn parameters_come_in_the_order_of_the_base_string_with_their_origin() {
    let request = Request {
        method: "post",
        uri: "http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
        form: Some(b"c2&a3=2+q"),
        ..Request::default()
    };
    // Section 3.4.1.3.1's example; its table of encoded parameters is in section 3.4.1.3.2.
    let authorization = "OAuth realm=\"Example\", oauth_consumer_key=\"9djdj82h48djs9d2\", \
        oauth_token=\"kkk9d7dh3k39sjv7\", oauth_signature_method=\"HMAC-SHA1\", \
        oauth_timestamp=\"137131201\", oauth_nonce=\"7d8f3e4a\", oauth_signature=\"djosJKDKJSD8743243%2Fjdk33klY%3D\"";
    let sent = SignedRequest::read(&request, Some(authorization), false).unwrap();
    assert_eq!(sent.realm.as_deref(), Some("Example"));
    assert_eq!(sent.signature, b"djosJKDKJSD8743243/jdk33klY=");
    let explanation = sent.explain(false).unwrap();
    assert_eq!(explanation.base_string_uri, b"http://example.com/request");
    let shown: Vec<_> = explanation
        .parameters
        .iter()
        .map(|it| {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            (it.origin, format!("{}={}", text(&it.encoded_name), text(&it.encoded_value)))
        })
        .collect();
    let expected = [
        (Origin::Query, "a2=r%20b"),
        (Origin::Form, "a3=2%20q"),
        (Origin::Query, "a3=a"),
        (Origin::Query, "b5=%3D%253D"),
        (Origin::Query, "c%40="),
        (Origin::Form, "c2="),
        (Origin::Protocol, "oauth_consumer_key=9djdj82h48djs9d2"),
        (Origin::Protocol, "oauth_nonce=7d8f3e4a"),
        (Origin::Protocol, "oauth_signature_method=HMAC-SHA1"),
        (Origin::Protocol, "oauth_timestamp=137131201"),
        (Origin::Protocol, "oauth_token=kkk9d7dh3k39sjv7"),
    ];
    assert_eq!(shown, expected.map(|(origin, text)| (origin, text.to_owned())));
}

#[test]
fn what_has_no_signature_is_no_signed_request() {
    let request = Request { uri: "https://example.com/?oauth_nonce=1", ..Request::default() };
    let authorizations = [
        None,
        Some("Basic abc"),
        Some("OAuth"),
        Some("OAuth oauth_nonce=\"1\""),
        Some("OAuth oauth_signature=\"never closed"),
        Some("OAuth oauth_signature"),
    ];
    for authorization in authorizations {
        assert!(SignedRequest::read(&request, authorization, false).is_none());
    }
    // The one that has a signature counts.
    let request = Request { uri: "https://example.com/?oauth_signature=abc", ..Request::default() };
    let sent = SignedRequest::read(&request, Some("OAuth oauth_nonce=\"1\""), false).unwrap();
    assert_eq!((sent.placement, &*sent.signature), (Placement::Query, &b"abc"[..]));
}

#[test]
fn white_space_in_a_header_is_no_part_of_names_and_values() {
    let request = Request { uri: "https://example.com/", ..Request::default() };
    let authorization =
        "OAuth \toauth_nonce \t= \t\" 1 \" , oauth_timestamp = 2\t ,oauth_signature=\tab c ";
    let sent = SignedRequest::read(&request, Some(authorization), false).unwrap();
    assert_eq!(sent.protocol_parameter("oauth_nonce"), Some(&b" 1 "[..]));
    assert_eq!(sent.protocol_parameter("oauth_timestamp"), Some(&b"2"[..]));
    assert_eq!(sent.signature, b"ab c");
}

#[test]
fn a_value_that_is_encoded_once_is_encoded_in_the_header_if_it_has_to_be() {
    let request = Request { uri: "https://example.com/", ..Request::default() };
    for (sent, value) in [
        ("a b", "a b"),
        ("a%20b", "a%20b"),
        ("a%22b", "a\"b"),
        ("a%22b c", "a%22b c"),
        ("%C3%A9", "\u{e9}"),
        ("%c3%a9", "%c3%a9"),
        ("%E9", "%E9"),
    ] {
        let authorization = format!("OAuth oauth_token=\"{sent}\", oauth_signature=\"a%2B\"");
        let read = SignedRequest::read(&request, Some(&authorization), true).unwrap();
        assert_eq!(read.protocol_parameter("oauth_token"), Some(value.as_bytes()), "{sent}");
        assert_eq!(read.signature, b"a+");
    }
}

#[test]
fn a_fault_of_a_key_has_a_name() {
    let names = [
        (KeyFault::TokenSecretMissing, "token_secret_missing"),
        (KeyFault::ClientSecretMissing, "client_secret_missing"),
        (KeyFault::NotEncoded, "secret_not_encoded"),
        (KeyFault::EncodedTwice, "secret_encoded_twice"),
        (KeyFault::WhiteSpaceStripped, "secret_white_space"),
        (KeyFault::LineFeedAppended, "secret_line_feed"),
        (KeyFault::AmpersandMissing, "ampersand_missing"),
        (KeyFault::Exchanged, "secrets_exchanged"),
    ];
    for (fault, name) in names {
        assert_eq!(fault.name(), name);
    }
}

#[test]
fn faults_of_keys_are_told_apart() {
    let (client, token) = (" a&b=c %25+/\"é", "x&y=z ");
    let (client_once, token_once) = ("%20a%26b%3Dc%20%2525%2B%2F%22%C3%A9", "x%26y%3Dz%20");
    let keys = [
        (None, format!("{client_once}&{token_once}")),
        (Some(KeyFault::TokenSecretMissing), format!("{client_once}&")),
        (Some(KeyFault::ClientSecretMissing), format!("&{token_once}")),
        (
            Some(KeyFault::WhiteSpaceStripped),
            "a%26b%3Dc%20%2525%2B%2F%22%C3%A9&x%26y%3Dz".to_owned(),
        ),
        (Some(KeyFault::WhiteSpaceStripped), format!("{client_once}&x%26y%3Dz")),
        (Some(KeyFault::LineFeedAppended), format!("{client_once}%0A&{token_once}")),
        (Some(KeyFault::LineFeedAppended), format!("{client_once}&{token_once}%0A")),
        (Some(KeyFault::NotEncoded), format!("{client}&{token}")),
        (Some(KeyFault::EncodedTwice), format!("{client_once}&{token_once}").replace('%', "%25")),
        (Some(KeyFault::AmpersandMissing), client_once.to_owned()),
        (Some(KeyFault::Exchanged), format!("{token_once}&{client_once}")),
    ];
    for (fault, key) in keys {
        let mut sha1 = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap();
        let mut sha512 = Hmac::<Sha512>::new_from_slice(key.as_bytes()).unwrap();
        sha1.update(b"base string");
        sha512.update(b"base string");
        let signatures = [
            (SignatureMethod::HmacSha1, STANDARD.encode(sha1.finalize().into_bytes())),
            (SignatureMethod::HmacSha512, STANDARD.encode(sha512.finalize().into_bytes())),
            (SignatureMethod::Plaintext, key),
        ];
        for (method, signature) in signatures {
            let found =
                reproduce(&credentials(), &SignatureMethod::ALL, b"base string", &signature)
                    .unwrap();
            assert_eq!(found, Some((method, fault)));
            assert_eq!(
                reproduce(&credentials(), &SignatureMethod::ALL, b"another", "c2lnbmF0dXJl")
                    .unwrap(),
                None
            );
        }
    }
}

#[test]
fn debug_shows_no_secret() {
    let request = Request {
        uri: "https://example.com/",
        form: Some(b"x_auth_password=canary"),
        ..Request::default()
    };
    let authorization = "OAuth oauth_verifier=\"canary\", oauth_signature=\"canary\"";
    let sent = SignedRequest::read(&request, Some(authorization), false).unwrap();
    let explanation = sent.explain(false).unwrap();
    assert!(explanation.base_string.ends_with(b"x_auth_password%3Dcanary"));
    let shown = format!("{sent:?} {explanation:?} {:?}", explanation.parameters);
    assert!(!shown.contains("canary"), "{shown}");
    for part in ["SignedRequest", "Explanation", "SignedParameter { name: \"oauth_verifier\""] {
        assert!(shown.contains(part), "{shown}");
    }
}

#[test]
fn a_signer_tells_how_often_it_encodes() {
    for is_single in [false, true] {
        assert_eq!(signer(Placement::Header, is_single).single_encoding(), is_single);
    }
}

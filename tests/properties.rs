//! What holds for every request.
#![expect(clippy::unwrap_used, reason = "a property that cannot be computed fails its test")]

use oauth1_rs::credentials::Credentials;
use oauth1_rs::error::{Error, Source};
use oauth1_rs::percent;
use oauth1_rs::sign::{Configuration, Request, Signed, Signer};
use oauth1_rs::signature::SignatureMethod;
use oauth1_rs::transmit::Placement;
use percent_encoding::percent_decode;
use proptest::collection::vec;
use proptest::prelude::*;

/// The protocol parameters of [`signer`]'s signatures.
const ADDED: [&str; 7] = [
    "oauth_consumer_key",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
    "oauth_timestamp",
    "oauth_token",
    "oauth_version",
];

proptest! {
    #[test]
    fn the_order_of_the_query_is_not_signed((pieces, shuffled) in pieces_in_two_orders()) {
        prop_assert_eq!(
            base_string("GET", &format!("/?{}", pieces.join("&")), None),
            base_string("GET", &format!("/?{}", shuffled.join("&")), None)
        );
    }

    #[test]
    fn the_order_of_the_form_is_not_signed((pieces, shuffled) in pieces_in_two_orders()) {
        prop_assert_eq!(
            base_string("POST", "/", Some(pieces.join("&").as_bytes())),
            base_string("POST", "/", Some(shuffled.join("&").as_bytes()))
        );
    }

    #[test]
    fn every_query_and_form_is_signed(
        query in form_text(),
        form in form_bytes(),
        placement in prop_oneof![
            Just(Placement::Header), Just(Placement::Query), Just(Placement::Body)
        ],
    ) {
        let uri = format!("https://example.com/?{query}");
        let request = Request { uri: &uri, form: Some(&form), ..post() };
        let refused = duplicate(without_fragment(&query), Source::Query)
            .or_else(|| duplicate(&form, Source::Body));
        prop_assert_eq!(signer(placement).sign(&request, "nonce", "1").err(), refused);
    }

    #[test]
    fn a_base_string_has_three_parts_of_unreserved_characters_and_escapes(
        method in ".{0,8}",
        path in "(/[^?#]{0,16})?",
        query in form_text_without_protocol_parameters(),
        form in vec(any::<u8>(), 0..64),
    ) {
        let base_string = base_string(&method, &format!("{path}?{query}"), Some(&form));
        prop_assert_eq!(base_string.matches('&').count(), 2);
        for part in base_string.split('&') {
            for piece in part.split('%').skip(1) {
                let escape = piece.as_bytes().get(..2).unwrap();
                prop_assert!(escape.iter().all(|digit| b"0123456789ABCDEF".contains(digit)));
            }
            prop_assert!(percent::is_unreserved(part.replace('%', "").as_bytes()));
        }
    }

    #[test]
    fn what_is_encoded_decodes_to_itself(text in vec(any::<u8>(), 0..64)) {
        let (mut once, mut twice, mut form) = (Vec::new(), Vec::new(), Vec::new());
        percent::encode(&text, &mut once);
        percent::encode_twice(&text, &mut twice);
        percent::recode_form_twice(&once, b"", &mut form);
        prop_assert_eq!(decoded(&once), &text[..]);
        prop_assert_eq!(decoded(&decoded(&twice)), text);
        prop_assert_eq!(form, twice);
    }

    #[test]
    fn the_uri_stays_as_it_is_around_the_parameters(
        query in proptest::option::of(form_text_without_protocol_parameters()),
        fragment in "(#.{0,8})?",
    ) {
        let query = query.map(|query| query.replace('#', "-"));
        let resource = match &query {
            Some(query) => format!("https://example.com/?{query}"),
            None => "https://example.com/".to_owned(),
        };
        let uri = resource.clone() + &fragment;
        let request = Request { uri: &uri, ..post() };
        let signed = match signer(Placement::Query).sign(&request, "nonce", "1").unwrap() {
            Signed::Uri(uri) => uri,
            other => panic!("expected a URI, got {other:?}"),
        };
        let added = signed.strip_prefix(&resource).unwrap().strip_suffix(&fragment).unwrap();
        let separator = match query {
            None => "?",
            Some(query) if ends_in_a_piece(query.as_bytes()) => "&",
            Some(_) => "",
        };
        let beginning = format!("{separator}oauth_nonce=nonce&");
        prop_assert!(added.starts_with(&beginning));
    }

    #[test]
    fn the_form_stays_as_it_is_before_the_parameters(
        form in form_bytes().prop_filter("has what is added", |form| {
            duplicate(form, Source::Body).is_none()
        }),
    ) {
        let request = Request { uri: "https://example.com/", form: Some(&form), ..post() };
        let signed = match signer(Placement::Body).sign(&request, "nonce", "1").unwrap() {
            Signed::Form(form) => form,
            other => panic!("expected a form, got {other:?}"),
        };
        let added = signed.strip_prefix(&form[..]).unwrap();
        prop_assert_eq!(added.starts_with(b"&"), ends_in_a_piece(&form));
        let added = added.strip_prefix(b"&").unwrap_or(added);
        prop_assert!(added.starts_with(b"oauth_nonce=nonce&"));
    }
}

/// Pieces between `&`, as they are and in another order.
fn pieces_in_two_orders() -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    // Few different characters, so that names and whole pieces repeat.
    let piece = prop_oneof!["[ab%=4+]{0,4}", "[^&#]{0,8}"];
    vec(piece, 0..8).prop_flat_map(|pieces| (Just(pieces.clone()), Just(pieces).prop_shuffle()))
}

/// Text that resembles a query or a form, escapes right and wrong, now and then with the name of
/// a parameter that signing adds.
fn form_text() -> impl Strategy<Value = String> {
    let added = proptest::sample::select(&ADDED[..]);
    let disguised = added.clone().prop_map(|name| name.replace('_', "%5f"));
    let token = prop_oneof![
        4 => ".{0,8}",
        4 => "[%&=+;a-f0-9]{0,8}",
        2 => "[&=]",
        1 => added.prop_map(str::to_owned),
        1 => disguised,
    ];
    vec(token, 0..8).prop_map(|tokens| tokens.concat())
}

fn form_text_without_protocol_parameters() -> impl Strategy<Value = String> {
    form_text().prop_filter("holds a parameter that signing adds", |text| {
        duplicate(without_fragment(text), Source::Query).is_none()
    })
}

fn form_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![form_text().prop_map(String::into_bytes), vec(any::<u8>(), 0..64)]
}

/// The error for the first parameter of `form` that signing adds, found another way than signing
/// finds it.
fn duplicate(form: &[u8], source: Source) -> Option<Error> {
    let with_spaces: Vec<u8> =
        form.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    let pieces = with_spaces.split(|&byte| byte == b'&');
    let names = pieces.map(|piece| decoded(piece.split(|&byte| byte == b'=').next().unwrap()));
    let mut added = names.filter_map(|name| ADDED.into_iter().find(|it| it.as_bytes() == name));
    added.next().map(|name| Error::DuplicateParameter { name: name.to_owned(), source })
}

fn without_fragment(query: &str) -> &[u8] {
    query.split('#').next().unwrap().as_bytes()
}

/// Whether an `&` is needed before what follows.
fn ends_in_a_piece(form: &[u8]) -> bool {
    form.last().is_some_and(|&byte| byte != b'&')
}

fn decoded(text: &[u8]) -> Vec<u8> {
    percent_decode(text).collect()
}

fn base_string(method: &str, path_and_query: &str, form: Option<&[u8]>) -> String {
    let uri = format!("https://example.com{path_and_query}");
    let request = Request { method, uri: &uri, form, ..post() };
    let base_string = signer(Placement::Header).base_string(&request, "nonce", "1").unwrap();
    String::from_utf8(base_string).unwrap()
}

fn post() -> Request<'static> {
    Request { method: "POST", ..Request::default() }
}

fn signer(placement: Placement) -> Signer {
    Signer::new(Configuration {
        credentials: Credentials {
            private_key: None,
            client_key: "client".to_owned(),
            client_secret: "client secret".to_owned().into(),
            token: Some("token".to_owned()),
            token_secret: "token secret".to_owned().into(),
        },
        method: SignatureMethod::HmacSha1,
        placement,
        realm: None,
        callback: None,
        verifier: None,
        protocol_parameters: Vec::new(),
        single_encoding: false,
        allow_insecure_plaintext: false,
        allow_plaintext_in_query: false,
    })
    .unwrap()
}

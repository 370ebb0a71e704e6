//! Whatever is given for a private key is read or refused, and one that is read can sign.
//!
//! The first line is the passphrase, if it begins with `p`; after a `d` comes PKCS #8 in DER.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oauth1_rs::private_key::PrivateKey;
use oauth1_rs::signature::SigningKey;

fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let (line, rest) = data.split_at(end);
    let key = rest.get(1..).unwrap_or_default();
    let key = match line.split_first() {
        Some((b'p', passphrase)) => PrivateKey::from_pem(key, Some(passphrase)),
        Some((b'd', _)) => PrivateKey::from_pkcs8(key),
        _ => PrivateKey::from_pem(key, None),
    };
    match key {
        Ok(key) => {
            let write = |sink: &mut dyn FnMut(&[u8])| {
                sink(b"base string");
                Ok(())
            };
            SigningKey::RsaSha256(key).sign(write).expect("a key that was read signs");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

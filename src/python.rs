//! The Python module `oauth1_rs._native`: the only part that knows Python.
//!
//! | file | what |
//! |---|---|
//! | `client` | `Client`: settings that can change, and `sign` for a request in parts |
//! | `oauth1` | `OAuth1`: the `auth=` of requests |
//! | `explain` | what the signature of a request covers, for `Explanation` |
//! | `redirect` | the response hook that `OAuth1` leaves behind |
//! | `message` | a request, and its signature by some settings |
//! | `headers` | the headers of a prepared request |
//! | `settings` | what a user sets, as Python objects, and the [`Signer`] made of it |
//! | `rules` | where the package's two namespaces differ |
//! | `private_key` | the setting `rsa_key` |
//! | `text` | Python's text, in and out |
//! | `errors` | the exceptions |
//!
//! [`Signer`]: crate::sign::Signer

mod client;
mod errors;
mod explain;
mod headers;
mod message;
mod oauth1;
mod private_key;
mod redirect;
mod rules;
mod settings;
mod text;

use pyo3::prelude::*;

#[pymodule(name = "_native")]
mod native {
    use pyo3::prelude::*;

    use super::client::Attribute;
    #[pymodule_export]
    use super::client::Client;
    use super::errors::{
        InsecurePlaintextWarning, OAuth1Error, OAuth1TypeError, WhiteSpaceWarning,
    };
    #[pymodule_export]
    use super::oauth1::OAuth1;
    #[pymodule_export]
    use super::redirect::RedirectHook;
    use super::settings::Setting;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let client = module.py().get_type::<Client>();
        for setting in Setting::ALL {
            client.setattr(setting.name(), Attribute(setting))?;
        }
        // An error must not have to import its class: at the interpreter's end nothing is left.
        module.py().get_type::<OAuth1Error>();
        module.py().get_type::<OAuth1TypeError>();
        module.py().get_type::<InsecurePlaintextWarning>();
        module.py().get_type::<WhiteSpaceWarning>();
        // Counting forks begins before there can be a thread that forks meanwhile.
        crate::nonce::nonce()?;
        Ok(())
    }
}

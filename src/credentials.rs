//! Client credentials and token credentials, section 1.1.

use std::fmt;

use zeroize::Zeroizing;

use crate::private_key::PrivateKey;

/// What identifies a client and a token, and proves who signs. Secrets are zeroized when they are
/// dropped.
#[derive(Clone, Default)]
pub struct Credentials {
    /// The client identifier, `oauth_consumer_key`.
    pub client_key: String,
    /// The client shared-secret; empty if there is none.
    pub client_secret: Zeroizing<String>,
    /// The client's private key, which section 3.4.3 takes in place of the shared-secrets.
    pub private_key: Option<PrivateKey>,
    /// The token, `oauth_token`; `None` sends no such parameter, an empty one an empty parameter.
    pub token: Option<String>,
    /// The token shared-secret; empty if there is none.
    pub token_secret: Zeroizing<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("client_key", &self.client_key)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

//! What is asked of a server, and with which kind of credential.

/// What was asked of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Which generation it is.
    Detect,
    /// A token.
    RequestToken,
    /// A longer life for a token.
    RefreshToken,
    /// The end of a token.
    DeleteToken,
    /// Whether a token is good.
    CheckToken,
    /// All secrets.
    ListSecrets,
    /// One secret.
    GetSecret,
    /// A new secret.
    CreateSecret,
    /// The end of secrets.
    DropSecrets,
    /// Its version.
    Version,
    /// A request of the caller's to the database.
    Send,
}

impl Operation {
    /// What the caller wanted, for a sentence that begins with "cannot".
    pub fn wish(self) -> &'static str {
        match self {
            Operation::Detect => "find out what the server is",
            Operation::RequestToken => "get a token",
            Operation::RefreshToken => "refresh the token",
            Operation::DeleteToken => "delete the token",
            Operation::CheckToken => "check the token",
            Operation::ListSecrets => "list the secrets",
            Operation::GetSecret => "look up the secret",
            Operation::CreateSecret => "create the secret",
            Operation::DropSecrets => "drop the secret",
            Operation::Version => "read the server's version",
            Operation::Send => "send the request",
        }
    }

    /// Whether the answer may be a long list or text.
    pub fn lists(self) -> bool {
        matches!(self, Operation::ListSecrets | Operation::CreateSecret | Operation::DropSecrets)
    }

    /// Whether it asks for a token, a longer life of one, or its end.
    pub fn is_about_tokens(self) -> bool {
        matches!(self, Operation::RequestToken | Operation::RefreshToken | Operation::DeleteToken)
    }
}

/// The credential that a request carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// None at all.
    Nothing,
    /// User name and password.
    Password,
    /// A secret.
    Secret,
    /// A token or JWT.
    Bearer,
}

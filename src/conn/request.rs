//! One request before the address of the server is put to it, and the login it carries.

use crate::conn::outgoing::Checked;
use crate::hidden::{Hidden, Wiped, basic};
pub(super) use crate::protocol::endpoint::Server;
use crate::protocol::operation::{Credential, Operation};
use crate::wire::http::Method;

/// One request of a call, before the address of the server is put to it.
pub(super) struct Ask<'a> {
    pub operation: Operation,
    pub method: Method<'a>,
    pub server: Server,
    pub path: &'a str,
    pub query: Option<Wiped<String>>,
    pub login: Authorization,
    pub body: Option<(Wiped<Vec<u8>>, &'static str)>,
    /// What a caller's own request has beside that.
    pub callers: Option<&'a Checked<'a>>,
}

impl Ask<'_> {
    /// What the log calls it. The path of a caller's own request may hold anything.
    pub fn shown(&self) -> &str {
        if self.callers.is_some() { "of the program" } else { self.path }
    }
}

/// The Authorization header of a request, and the kind of credential that a refusal is read by.
pub(super) struct Authorization {
    pub header: Option<Hidden>,
    pub credential: Credential,
}

impl Authorization {
    pub fn none() -> Authorization {
        Authorization { header: None, credential: Credential::Nothing }
    }

    /// No header: the secret is in the request itself.
    pub fn secret_in_body() -> Authorization {
        Authorization { header: None, credential: Credential::Secret }
    }

    pub fn basic(user: &str, password: &Hidden, credential: Credential) -> Authorization {
        Authorization { header: Some(basic(user, password.reveal())), credential }
    }

    pub fn bearer(token: &str) -> Authorization {
        Authorization { header: Some(Hidden::new(["Bearer ", token].concat())), credential: Credential::Bearer }
    }

    /// A secret as a login of its own, which servers take since 3.10, and their GSQL part since 4.1.
    pub fn gsql_secret(secret: &Hidden) -> Authorization {
        let header = Hidden::new(["GSQL-Secret ", secret.reveal()].concat());
        Authorization { header: Some(header), credential: Credential::Secret }
    }
}

/// The user name that stands for "the password is a secret" on GSQL servers before 4.1.
pub(super) const SECRET_USER: &str = "__GSQL__secret";

/// An object of texts, as JSON in a buffer that is wiped.
pub(super) fn json_object(members: &[(&str, &str)]) -> Wiped<Vec<u8>> {
    // Escaping makes a text six times as long at most; a buffer that never grows leaves no copies.
    let room = members.iter().map(|(name, value)| name.len() + 6 * value.len() + 8).sum::<usize>() + 2;
    let mut out = Wiped::new(Vec::with_capacity(room));
    out.push(b'{');
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_json(&mut out, name);
        out.push(b':');
        push_json(&mut out, value);
    }
    out.push(b'}');
    out
}

pub(super) fn push_json(out: &mut Vec<u8>, text: &str) {
    // Writing a text into memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_written_by_a_serializer() {
        let body = json_object(&[("secret", "a\"b\\c\n"), ("graph", "G")]);
        assert_eq!(std::str::from_utf8(&body).unwrap(), r#"{"secret":"a\"b\\c\n","graph":"G"}"#);
        assert_eq!(json_object(&[]).as_slice(), b"{}");
    }

    #[test]
    fn logins_are_written_as_the_server_wants_them() {
        let login = Authorization::basic("Aladdin", &Hidden::new("open sesame"), Credential::Password);
        assert_eq!(login.header.unwrap().reveal(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }
}

//! What a server in front of TigerGraph says when it has not passed the request on: it misses a certificate of the
//! client's, was asked without TLS, or sends the client elsewhere. Beside that, what all of `protocol` reads bodies by
//! that may be no JSON.

use crate::error::{Error, Reason};
use crate::protocol::redact::Redactor;
use crate::wire::http::Answer;

/// A row of [`SAID`].
struct Row {
    /// All of these stand in the body, in lower case here.
    words: &'static [&'static str],
    /// Whether JSON is believed as well: what TigerGraph itself says there may repeat a caller's words.
    in_json: bool,
    reason: Reason,
    what: &'static str,
    /// "": the reason's own.
    hint: &'static str,
}

const WRONG: &str = "Check with the server's operator that its authority issued the certificate of \
                     tg_config_set_client_cert, and that this has not expired; if none is set, set one.";
const TOO_LATE: &str = "Have the server ask for it in the first handshake, for all paths: with Apache, SSLVerifyClient \
                        outside of <Location> and <Directory>.";
const USE_HTTPS: &str = "Write https:// in the server's address. If it is there already, something in between passes \
                         requests on without TLS.";
const PLAIN: &str = "the port speaks TLS, and the request came to it without";

const fn row(words: &'static [&'static str], what: &'static str, hint: &'static str) -> Row {
    Row { words, in_json: false, reason: Reason::TlsClientCertificate, what, hint }
}

const fn plain(words: &'static [&'static str]) -> Row {
    Row { words, in_json: false, reason: Reason::ProtocolFraming, what: PLAIN, hint: USE_HTTPS }
}

const NONE_SENT: &str = "the server requires a client certificate, and got none";
const NOT_ACCEPTED: &str = "the server did not accept this client's certificate, or its lack";

/// What servers say: nginx, the recipe for it in TigerGraph's manual, Apache, and others; the first that fits counts.
const SAID: [Row; 11] = [
    row(&["no required ssl certificate was sent"], NONE_SENT, ""),
    row(&["the ssl certificate error"], "the server did not accept this client's certificate", WRONG),
    Row { in_json: true, ..row(&["client certificate verification failed"], NOT_ACCEPTED, WRONG) },
    row(
        &["cannot perform post-handshake authentication"],
        "the server wants a client certificate for this path by another handshake, which this library does not do",
        TOO_LATE,
    ),
    row(&["client certificate", "required"], NONE_SENT, ""),
    row(&["client certificate", "missing"], NONE_SENT, ""),
    row(&["client certificate", "fail"], NOT_ACCEPTED, WRONG),
    plain(&["plain http request was sent to https port"]),
    plain(&["speaking plain http to an ssl-enabled server port"]),
    plain(&["client sent an http request to an https server"]),
    plain(&["this combination of host and port requires tls"]),
];

/// The error that such an answer stands for.
pub fn refused(wish: &str, answer: &Answer) -> Option<Error> {
    if !matches!(answer.status, 400 | 401 | 403 | 495..=497) {
        return None;
    }
    let (body, is_json) = (start_of(answer), is_json(answer));
    let fits = |row: &&Row| (row.in_json || !is_json) && row.words.iter().all(|words| says(body, words));
    let Row { reason, what, hint, .. } = SAID.iter().find(fits)?;
    let message = format!("cannot {wish}: {what} (HTTP {})", answer.status);
    let error = Error::new(*reason, message).with_http_status(answer.status).with_nothing_done();
    Some(if hint.is_empty() { error } else { error.with_hint(*hint) })
}

/// The error of a redirect, which is never followed.
pub fn redirected(wish: &str, redactor: &Redactor, answer: &Answer) -> Option<Error> {
    let status = answer.status;
    if !(300..400).contains(&status) || status == 304 {
        return None;
    }
    let target = redactor.hide_known(answer.redirect.as_deref().unwrap_or("nowhere"));
    let message = format!("cannot {wish}: the server redirects to {}, which is not followed", *target);
    Some(Error::new(Reason::ProtocolRedirect, message).with_http_status(status))
}

/// As much of a page is looked at.
const PAGE: usize = 16 * 1024;

/// Whether a body that cannot be read means to be a JSON object or list.
pub fn is_json(answer: &Answer) -> bool {
    matches!(start_of(answer).first(), Some(b'{' | b'['))
}

/// Whether the answer is a page of HTML or XML.
pub fn is_page(answer: &Answer) -> bool {
    start_of(answer).first() == Some(&b'<')
}

/// The first bytes of a body, without what may stand before them.
pub fn start_of(answer: &Answer) -> &[u8] {
    let body = &answer.body[..answer.body.len().min(PAGE)];
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body).trim_ascii_start()
}

/// Whether the words, in lower case, stand in a page, however they are written there.
pub fn says(page: &[u8], words: &str) -> bool {
    page.windows(words.len()).any(|part| part.eq_ignore_ascii_case(words.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hidden::Wiped;

    fn reason(status: u16, body: &str) -> Option<Reason> {
        let body = Wiped::new(body.as_bytes().to_vec());
        let answer = Answer::new(status, body);
        refused("create the secret", &answer).map(|error| {
            assert!(error.nothing_done() && error.http_status() == status);
            error.reason()
        })
    }

    #[test]
    fn what_servers_say_and_what_they_do_not_say() {
        let certificate = Some(Reason::TlsClientCertificate);
        let rows = [
            (400, "<html><center>No required SSL certificate was sent</center>", certificate),
            (400, "<html><center>The SSL certificate error</center>", certificate),
            (403, "Client certificate verification failed\n", certificate),
            (403, r#"{"error":true,"message":"Client certificate verification failed"}"#, certificate),
            (403, "<p>Reason: Cannot perform Post-Handshake Authentication.<br />", certificate),
            (403, "<h2>403.7 - Client certificate required</h2>", certificate),
            (400, "<center>The plain HTTP request was sent to HTTPS port</center>", Some(Reason::ProtocolFraming)),
            (400, "Client sent an HTTP request to an HTTPS server.\n", Some(Reason::ProtocolFraming)),
            (400, r#"{"error":true,"message":"alias The SSL certificate error is taken"}"#, None),
            (403, "<html>Forbidden</html>", None),
            (200, "The SSL certificate error", None),
            (500, "Client certificate verification failed", None),
        ];
        for (status, body, expected) in rows {
            assert_eq!(reason(status, body), expected, "{status} {body}");
        }
    }
}

//! A token endpoint that answers as it is told, and keeps what it was asked.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use tigergraph_standin::Tls;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Method, path and query.
    pub target: String,
    /// The fields of its head; names in lower case.
    pub fields: Vec<(String, String)>,
    pub body: String,
}

impl Asked {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What stands in the header, without Base64.
    pub fn basic(&self) -> Option<String> {
        let login = self.field("authorization")?.strip_prefix("Basic ")?;
        Some(String::from_utf8(STANDARD.decode(login).expect("Base64")).expect("UTF-8"))
    }

    /// The members of the form, decoded. A "+" is none of this library's, and stays.
    pub fn form(&self) -> Vec<(String, String)> {
        let decode = |text: &str| percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned();
        let members = self.body.split('&').filter(|member| !member.is_empty());
        members
            .map(|member| {
                let (name, value) = member.split_once('=').expect("a value");
                (decode(name), decode(value))
            })
            .collect()
    }

    pub fn member(&self, name: &str) -> Option<String> {
        self.form().into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Where the client's secret is, and what it is: one way alone.
    pub fn way(&self) -> &'static str {
        match (self.field("authorization").is_some(), self.member("client_secret").is_some()) {
            (true, false) => "header",
            (false, true) => "form",
            (false, false) => "neither",
            (true, true) => "both",
        }
    }
}

/// The bytes of an answer.
pub fn answer(status: u16, fields: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\n{fields}Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

pub fn json(status: u16, body: &str) -> String {
    answer(status, "Content-Type: application/json\r\nCache-Control: no-store\r\n", body)
}

pub fn granted(token: &str, expires_in: i64) -> String {
    json(200, &format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{expires_in}}}"#))
}

pub fn refused(error: &str) -> String {
    json(if error == "invalid_client" { 401 } else { 400 }, &format!(r#"{{"error":"{error}"}}"#))
}

/// A running token endpoint. Ends with the process.
pub struct TokenEndpoint {
    port: u16,
    tls: bool,
    asked: Arc<Mutex<Vec<Asked>>>,
}

type Answers = dyn Fn(&Asked) -> String + Send + Sync;

impl TokenEndpoint {
    /// One on loopback whose answers are what `answers` makes of the requests; "": silence.
    pub fn start(tls: Option<&Tls>, answers: impl Fn(&Asked) -> String + Send + Sync + 'static) -> TokenEndpoint {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let config = tls.map(|tls| Arc::new(tls.server_config().expect("a certificate")));
        let (asked, answers): (Arc<Mutex<Vec<Asked>>>, Arc<Answers>) = (Arc::default(), Arc::new(answers));
        let endpoint = TokenEndpoint { port, tls: tls.is_some(), asked: asked.clone() };
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (config, asked, answers) = (config.clone(), asked.clone(), answers.clone());
                std::thread::spawn(move || {
                    // A client that goes away is what some tests are about.
                    let _ = match config {
                        None => serve(client, &asked, &*answers),
                        Some(config) => {
                            let session = rustls::ServerConnection::new(config).expect("a session");
                            serve(rustls::StreamOwned::new(session, client), &asked, &*answers)
                        }
                    };
                });
            }
        });
        endpoint
    }

    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}/oauth2/token", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("a log").clone()
    }
}

fn serve(stream: impl Read + Write, asked: &Mutex<Vec<Asked>>, answers: &Answers) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        Ok::<_, io::Error>(line.trim_end().to_owned())
    };
    let target = line()?;
    let mut fields = Vec::new();
    loop {
        let field = line()?;
        let Some((name, value)) = field.split_once(": ") else { break };
        fields.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    if target.is_empty() {
        return Ok(());
    }
    let length = fields.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, value)| value);
    let mut body = vec![0; length.parse().expect("a length")];
    reader.read_exact(&mut body)?;
    let request = Asked {
        target: target.trim_end_matches(" HTTP/1.1").to_owned(),
        fields,
        body: String::from_utf8(body).expect("UTF-8"),
    };
    asked.lock().expect("a log").push(request.clone());
    let answer = answers(&request);
    let mut stream = reader.into_inner();
    if answer.is_empty() {
        // Until the client goes away.
        let _ = stream.read(&mut [0]);
        return Ok(());
    }
    stream.write_all(answer.as_bytes())?;
    stream.flush()
}

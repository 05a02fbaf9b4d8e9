//! Keys and certificates by the `openssl` command, and its server.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tigergraph_standin::{Options, Standin, TestCa, Tls, TlsVersion};

/// What a key is made by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Rsa2048,
    Rsa1024,
    P256,
    P521,
    Pss,
}

static MAKING: Mutex<()> = Mutex::new(());

pub fn file(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("certificates");
    std::fs::create_dir_all(&folder).expect("a folder");
    folder.join(name)
}

pub fn text(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

/// Runs `openssl` with these words; a word `@NAME` is the test's file of that name.
pub fn openssl(words: &str) -> Vec<u8> {
    let words = words.split_whitespace().map(|word| match word.strip_prefix('@') {
        Some(name) => text(&file(name)),
        None => word.to_owned(),
    });
    let words: Vec<String> = words.collect();
    let output = Command::new("openssl").args(&words).stdin(Stdio::null()).output().expect("openssl");
    assert!(output.status.success(), "openssl {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

impl Key {
    /// The file with a key of this kind, made once.
    pub fn file(self) -> String {
        let (name, how) = match self {
            Key::Rsa2048 => ("rsa2048.key", "RSA -pkeyopt rsa_keygen_bits:2048"),
            Key::Rsa1024 => ("rsa1024.key", "RSA -pkeyopt rsa_keygen_bits:1024"),
            Key::P256 => ("p256.key", "EC -pkeyopt ec_paramgen_curve:P-256"),
            Key::P521 => ("p521.key", "EC -pkeyopt ec_paramgen_curve:P-521"),
            Key::Pss => ("pss.key", "RSA-PSS -pkeyopt rsa_keygen_bits:2048"),
        };
        let _alone = MAKING.lock();
        if !file(name).exists() {
            openssl(&format!("genpkey -algorithm {how} -out @{name}.new"));
            std::fs::rename(file(&format!("{name}.new")), file(name)).expect("the key");
        }
        name.to_owned()
    }
}

/// A certificate to be made: who, with which key, by whom, and how.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub name: &'a str,
    pub subject: &'a str,
    pub key: Key,
    /// The issuer's name and key; `None`: it vouches for itself.
    pub issuer: Option<(&'a str, Key)>,
    /// Extensions, a line for each; none at all: X.509 version 1.
    pub extensions: &'a str,
    pub digest: &'a str,
}

pub const WANTED: Wanted =
    Wanted { name: "", subject: "/CN=localhost", key: Key::P256, issuer: None, extensions: "", digest: "sha256" };
pub const SAN: &str = "subjectAltName=DNS:localhost,IP:127.0.0.1";
pub const CA: &str = "basicConstraints=critical,CA:TRUE";

impl Wanted<'_> {
    /// Makes it: the file `NAME.pem`.
    pub fn make(self) -> String {
        let Wanted { name, subject, key, issuer, extensions, digest } = self;
        let key = key.file();
        std::fs::write(file(&format!("{name}.ext")), extensions).expect("a file");
        openssl(&format!("req -new -key @{key} -subj {subject} -out @{name}.csr"));
        let by = match issuer {
            None => format!("-signkey @{key}"),
            Some((issuer, key)) => format!("-CA @{issuer}.pem -CAkey @{} -CAcreateserial", key.file()),
        };
        let extensions = if extensions.is_empty() { String::new() } else { format!("-extfile @{name}.ext") };
        openssl(&format!("x509 -req -in @{name}.csr {by} -days 30 -{digest} {extensions} -out @{name}.pem"));
        text(&file(&format!("{name}.pem")))
    }
}

pub fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).expect("a file")
}

/// A stand-in with this chain and key.
pub fn standin(chain_pem: String, key_pem: String, versions: (TlsVersion, TlsVersion)) -> Standin {
    let tls = Tls { chain_pem, key_pem, ..TestCa::new("unused").tls(&["unused"]) };
    let tls = tls.versions(versions.0, versions.1);
    let standin = Standin::start(Options::new("4.2").with_tls(tls)).expect("a stand-in");
    standin.add_user("alice", "opensesame", true);
    standin
}

/// A running `openssl s_server`.
pub struct Server {
    child: Child,
    pub port: u16,
}

impl Server {
    pub fn start(certificate: &str, key: &str, more: &str) -> Server {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("its address").port();
        drop(free);
        let mut command = Command::new("openssl");
        command.args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-www", "-cert"]);
        command.arg(certificate).arg("-key").arg(file(key)).args(more.split_whitespace());
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("openssl");
        let until = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = child.try_wait().expect("its state");
            assert!(ended.is_none() && Instant::now() < until, "openssl s_server {more}: {ended:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
        Server { child, port }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

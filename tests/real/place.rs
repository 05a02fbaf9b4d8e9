//! What the rows play with: a folder of certificates, stand-ins, and the servers around them.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use tigergraph_standin::{Options, RawAction, RawServer, Standin};

use crate::common;
use crate::daemon::{Daemon, is_installed, path};

/// Servers with a file of settings: the file in `tests/real`, the program, its arguments.
const CONFIGURED: [(&str, &str, &[&str]); 7] = [
    ("nginx.conf", "nginx", &["-e", "nginx.out", "-c", "@folder@/nginx.conf"]),
    ("haproxy.cfg", "haproxy", &["-db", "-f", "@folder@/haproxy.cfg"]),
    ("apache.conf", "apache2", &["-D", "FOREGROUND", "-f", "@folder@/apache.conf"]),
    ("squid.conf", "squid", &["-N", "-n", "@squid@", "-f", "@folder@/squid.conf"]),
    ("tinyproxy.conf", "tinyproxy", &["-d", "-c", "@folder@/tinyproxy.conf"]),
    ("tinyproxy-login.conf", "tinyproxy", &["-d", "-c", "@folder@/tinyproxy-login.conf"]),
    ("stunnel.conf", "stunnel4", &["@folder@/stunnel.conf"]),
];

/// Servers of a certificate and its key that are told all by their arguments: name, program, certificate, the rest.
/// Both answer every GET with a page about the session.
const TOLD: [(&str, Tool, &str, &str); 13] = [
    ("os", Tool::OpenSsl, "server", ""),
    ("os-client-12", Tool::OpenSsl, "server", "-tls1_2 -Verify 1 -verify_return_error -CAfile ca.pem"),
    ("os-client-13", Tool::OpenSsl, "server", "-tls1_3 -Verify 1 -verify_return_error -CAfile ca.pem"),
    ("os-rsa", Tool::OpenSsl, "server", "-tls1_2 -cipher AES128-SHA"),
    ("os-ccm", Tool::OpenSsl, "server", "-tls1_3 -ciphersuites TLS_AES_128_CCM_SHA256"),
    ("os-x448", Tool::OpenSsl, "server", "-tls1_3 -groups X448"),
    ("os-brainpool", Tool::OpenSsl, "server", "-tls1_2 -groups brainpoolP256r1"),
    ("os-tls10", Tool::OpenSsl, "server", "-tls1 -cipher DEFAULT@SECLEVEL=0"),
    ("gt", Tool::GnuTls, "server", ""),
    ("gt-12", Tool::GnuTls, "server", "--priority NORMAL:-VERS-ALL:+VERS-TLS1.2"),
    ("gt-client", Tool::GnuTls, "server", "--x509cafile ca.pem --require-client-cert --verify-client-cert"),
    (
        "gt-cbc",
        Tool::GnuTls,
        "server",
        "--priority NORMAL:-VERS-ALL:+VERS-TLS1.2:-AES-128-GCM:-AES-256-GCM:-CHACHA20-POLY1305:-AES-128-CCM:-AES-256-CCM",
    ),
    ("gt-521", Tool::GnuTls, "p-521", ""),
];

/// What runs them.
#[derive(Clone, Copy)]
enum Tool {
    OpenSsl,
    GnuTls,
}

impl Tool {
    fn command(self, name: &str, certificate: &str, rest: &str) -> (&'static str, String) {
        match self {
            Tool::OpenSsl => {
                let files = format!("-cert {certificate}.pem -key {certificate}.key");
                ("openssl", format!("s_server -accept 127.0.0.1:@port:{name}@ {files} -www {rest}"))
            }
            // It would listen everywhere.
            Tool::GnuTls => {
                let files = format!("--x509certfile {certificate}.pem --x509keyfile {certificate}.key");
                let here = "LD_PRELOAD=@folder@/loopback.so";
                ("env", format!("{here} gnutls-serv --quiet --http -p @port:{name}@ {files} {rest}"))
            }
        }
    }
}

/// The programs that have to be there, each with the version that the page was written for.
pub const PROGRAMS: [(&str, &str, &[&str], &str); 10] = [
    ("nginx", "nginx", &["-v"], "1.22"),
    ("HAProxy", "haproxy", &["-v"], "2.6"),
    ("Apache", "apache2", &["-v"], "2.4"),
    ("squid", "squid", &["-v"], "5.7"),
    ("tinyproxy", "tinyproxy", &["-v"], "1.11"),
    ("stunnel", "stunnel4", &["-version"], "5.68"),
    ("OpenSSL", "openssl", &["version"], "3.0"),
    ("GnuTLS", "gnutls-serv", &["--version"], "3.7"),
    ("certtool", "certtool", &["--version"], "3.7"),
    ("curl", "curl", &["--version"], "7.88"),
];

/// The programs that are missing.
pub fn missing() -> Vec<&'static str> {
    let programs = PROGRAMS.iter().map(|(_, program, ..)| *program).chain(["setpriv"]);
    programs.filter(|program| !is_installed(program)).collect()
}

/// Everything, running. Nothing of it is left behind.
pub struct Place {
    folder: Folder,
    ports: Ports,
    standins: BTreeMap<&'static str, Standin>,
    daemons: Vec<Daemon>,
    _silent: RawServer,
}

impl Place {
    /// Starts everything, and waits until all of it listens.
    pub fn start() -> Place {
        let folder = Folder::new();
        let certificates = certificates(&folder.0);
        loopback(&folder.0);
        let silent = RawServer::start(RawAction::Silence).expect("a port");
        let mut ports = Ports::new();
        ports.taken.insert("silent".to_owned(), silent.port());
        let start = |version: &str, auth: bool| {
            Standin::start(Options { auth_enabled: auth, ..Options::new(version) }).expect("a stand-in")
        };
        let standins = [("3", start("3.10", true)), ("3-off", start("3.10", false)), ("4", start("4.2", true))];
        let mut place =
            Place { folder, ports, standins: standins.into_iter().collect(), daemons: Vec::new(), _silent: silent };
        for (file, program, arguments) in CONFIGURED {
            let text = source(file).replace("@certificates@", &certificates);
            let (text, ports) = place.fill_new(&text);
            std::fs::write(place.folder().join(file), text).expect("a file");
            let arguments: Vec<String> = arguments.iter().map(|argument| place.fill(argument)).collect();
            place.run(file, program, arguments, ports);
        }
        for (name, tool, certificate, rest) in TOLD {
            let (program, arguments) = tool.command(name, certificate, rest);
            let (arguments, ports) = place.fill_new(&arguments);
            place.run(name, program, arguments.split_whitespace().map(str::to_owned).collect(), ports);
        }
        place.daemons.iter_mut().for_each(Daemon::ready);
        place
    }

    fn run(&mut self, name: &str, program: &str, arguments: Vec<String>, ports: Vec<u16>) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.daemons.push(Daemon::start(&self.folder.0, name, program, &arguments, ports));
    }

    pub fn folder(&self) -> &Path {
        &self.folder.0
    }

    pub fn standin(&self, name: &str) -> &Standin {
        &self.standins[name]
    }

    /// The text with what stands between two @ replaced.
    pub fn fill(&self, text: &str) -> String {
        replace(text, |name| self.value(name))
    }

    /// The same for a server's own text: its ports are new. Those on which it shall listen are the second result.
    fn fill_new(&mut self, text: &str) -> (String, Vec<u16>) {
        replace(text, |name| name.strip_prefix("port:").map(|port| self.ports.give(port).to_string()));
        let ports: Vec<u16> = listened(text).iter().map(|name| self.ports.give(name)).collect();
        (self.fill(text), ports)
    }

    fn value(&self, name: &str) -> Option<String> {
        let root = || std::process::Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
        Some(match name.split_once(':') {
            Some(("port", port)) => self.ports.taken.get(port).unwrap_or_else(|| panic!("no port {port}")).to_string(),
            Some(("pin", name)) => self.read(&format!("{name}.pin")),
            Some(("standin", "3-restpp")) => self.standins["3"].restpp_port().to_string(),
            Some(("standin", name)) => self.standins[name].gateway_port().to_string(),
            None if name == "folder" => self.folder().display().to_string(),
            None if name == "squid" => squid_name(),
            None if name == "apache" => "/usr/lib/apache2/modules".to_owned(),
            // Others than root cannot say who they want to be.
            None if name == "as_root" => if root() { "" } else { "#" }.to_owned(),
            _ => return None,
        })
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder().join(file)).expect(file).trim_end().to_owned()
    }

    /// The text without what differs from run to run.
    pub fn without_values(&self, text: &str) -> String {
        let folder = format!("{}/", self.folder().display());
        let mut text = text.replace(&folder, "");
        for (name, port) in &self.ports.taken {
            let shown = if name == "nobody" { "NOBODY" } else { "PORT" };
            text = text.replace(&format!(":{port}"), &format!(":{shown}"));
            text = text.replace(&format!("port {port}"), &format!("port {shown}"));
        }
        text
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.daemons.clear();
        for file in std::fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
            if file.file_name().to_string_lossy().starts_with(&format!("{}-", squid_name())) {
                let _ = std::fs::remove_file(file.path());
            }
        }
    }
}

fn source(file: &str) -> String {
    let file = common::root().join("tests/real").join(file);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Makes the certificates, and gives the servers that nginx has for them.
fn certificates(folder: &Path) -> String {
    let made = Command::new(common::root().join("tests/real/certificates"))
        .current_dir(folder)
        .env("PATH", path())
        .output()
        .expect("bash");
    let log = std::fs::read_to_string(folder.join("certificates.log")).unwrap_or_default();
    assert!(made.status.success(), "certificates: {}\n{log}", made.status);
    let server = source("nginx-certificate.conf");
    String::from_utf8_lossy(&made.stdout).lines().map(|name| server.replace("NAME", name)).collect()
}

/// Builds what keeps gnutls-serv on loopback.
fn loopback(folder: &Path) {
    let source = common::root().join("tests/real/loopback.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-D_GNU_SOURCE", "-Wall", "-Werror", "-shared", "-fPIC", "-o"]);
    let built = compiler.arg(folder.join("loopback.so")).arg(source).output().expect("a compiler");
    common::succeeded("loopback.c", &built);
}

/// Replaces `@name@` where there is such a name.
fn replace(text: &str, mut value: impl FnMut(&str) -> Option<String>) -> String {
    let mut parts = text.split('@');
    let mut whole = parts.next().unwrap_or_default().to_owned();
    let is_name = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || "-_:".contains(c));
    let mut open = true;
    for part in parts {
        match (open && is_name(part)).then(|| value(part)).flatten() {
            Some(value) => {
                whole.push_str(&value);
                open = false;
            }
            None => {
                if open {
                    whole.push('@');
                }
                whole.push_str(part);
                open = true;
            }
        }
    }
    whole
}

/// The names of the ports that a server listens on by this text of its settings.
fn listened(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in text.lines() {
        let line = line.trim_start();
        let first = line.split_whitespace().next().unwrap_or_default();
        let listens = ["listen", "bind", "Listen", "http_port", "Port", "accept"].contains(&first);
        if listens || line.contains("-accept") || line.contains("--http -p") {
            let name = line.split("@port:").nth(1).and_then(|rest| rest.split('@').next());
            names.extend(name.map(str::to_owned));
        }
    }
    names
}

/// squid calls its shared memory so. What it does not end itself, it leaves there.
fn squid_name() -> String {
    format!("real{}", std::process::id())
}

/// Ports below those that the system gives to others.
struct Ports {
    next: u16,
    taken: BTreeMap<String, u16>,
}

impl Ports {
    fn new() -> Ports {
        let start = 20_000 + u16::try_from(std::process::id() % 100).expect("small") * 100;
        Ports { next: start, taken: BTreeMap::new() }
    }

    fn give(&mut self, name: &str) -> u16 {
        if let Some(port) = self.taken.get(name) {
            return *port;
        }
        while TcpListener::bind(("127.0.0.1", self.next)).is_err() {
            self.next += 1;
        }
        self.taken.insert(name.to_owned(), self.next);
        self.next += 1;
        self.next - 1
    }
}

/// A folder that goes away. Not in `target`, where servers that give up their rights may not look.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let made = Command::new("mktemp").args(["-d", "-t", "tigergraph-real-XXXXXX"]).output().expect("mktemp");
        let folder = PathBuf::from(String::from_utf8(made.stdout).expect("UTF-8").trim_end());
        let shown = Command::new("chmod").arg("755").arg(&folder).status().expect("chmod");
        assert!(shown.success() && folder.is_absolute());
        std::fs::create_dir_all(folder.join("www/gsql")).expect("a folder");
        std::fs::write(folder.join("www/index.html"), "<html>GraphStudio</html>").expect("a file");
        std::fs::write(folder.join("www/gsql/index.html"), "<html>GSQL Web Shell</html>").expect("a file");
        Folder(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // REAL_KEEP=1 keeps it, with what the servers have logged.
        if std::env::var_os("REAL_KEEP").is_none() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

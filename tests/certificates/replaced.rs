//! The variables that choose the system's trust store, and files that are replaced while connections use them.

use std::path::{Path, PathBuf};

use tigergraph_standin::{LOOPBACK_NAMES, Leaf, Options, Standin, TestCa, Tls};

use crate::driver::{Call, Driver, sanitized};
use crate::openssl::{file, text};
use crate::{ask, setting};

/// A stand-in, at the ports of another one that has ended, if there was one.
fn start(tls: Tls, ports: (u16, u16)) -> Standin {
    let (gateway_port, restpp_port) = ports;
    let options = Options { gateway_port, restpp_port, ..Options::new("4.2").with_tls(tls) };
    let standin = Standin::start(options).expect("a stand-in");
    standin.add_user("alice", "opensesame", true);
    standin
}

fn ports(standin: &Standin) -> (u16, u16) {
    (standin.gateway_port(), standin.restpp_port())
}

fn url(standin: &Standin) -> String {
    format!("https://localhost:{}", standin.gateway_port())
}

fn with_variables(standin: &Standin, variables: &[(&str, &Path)]) -> Call {
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.to_str().expect("UTF-8"))).collect();
    let mut driver = Driver::start(sanitized(), &variables);
    let call = ask(&mut driver, &url(standin), &[]);
    driver.finish();
    call
}

/// As a rotation does it: a new file in the place of the old one.
fn replace(path: &Path, content: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, content).expect("a file");
    std::fs::rename(new, path).expect("its name");
}

fn folder(name: &str, ca: Option<&TestCa>) -> PathBuf {
    let folder = file(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).expect("a folder");
    if let Some(ca) = ca {
        std::fs::write(folder.join("ca.pem"), ca.pem()).expect("a file");
    }
    folder
}

#[test]
fn the_variables_of_the_trust_store() {
    let ca = TestCa::new("a CA");
    let standin = start(ca.tls(&LOOPBACK_NAMES), (0, 0));
    let (good, nowhere, none) = (file("store.pem"), Path::new("/nowhere/store"), Path::new(""));
    replace(&good, ca.pem());
    let words = file("store-words.pem");
    replace(&words, "no certificate\n");
    let (with_ca, empty) = (folder("store", Some(&ca)), folder("store-empty", None));
    let (variable_of_file, of_folder) = ("SSL_CERT_FILE", "SSL_CERT_DIR");
    // What they are set to, the outcome, and the variable that is blamed.
    let rows: [(&Path, &Path, &str, &str); 11] = [
        (&good, none, "OK", ""),
        (none, &with_ca, "OK", ""),
        (&good, &empty, "OK", ""),
        (none, none, "tls.unknown_issuer", ""),
        (nowhere, none, "config.file", "that SSL_CERT_FILE names cannot be read: /nowhere/store: no such file"),
        (&good, nowhere, "config.file", "that SSL_CERT_DIR names cannot be read: /nowhere/store: no such file"),
        (nowhere, &with_ca, "config.file", "that SSL_CERT_FILE names cannot be read"),
        (none, nowhere, "config.file", "that SSL_CERT_DIR names cannot be read"),
        (&words, none, "config.file", "that SSL_CERT_FILE names holds no certificate"),
        (&words, &with_ca, "config.file", "that SSL_CERT_FILE names holds no certificate"),
        (none, &empty, "config.file", "that SSL_CERT_DIR names holds no certificate"),
    ];
    for (file, folder, outcome, says) in rows {
        let call = with_variables(&standin, &[(variable_of_file, file), (of_folder, folder)]);
        assert_eq!(call.outcome(), outcome, "{file:?} {folder:?}: {call:?}");
        assert!(call.message.contains(says), "{file:?} {folder:?}: {call:?}");
    }
}

#[test]
fn a_replaced_trust_store_is_noticed_by_new_connections() {
    let (old, new) = (TestCa::new("the old CA"), TestCa::new("the new CA"));
    let standin = start(new.tls(&LOOPBACK_NAMES), (0, 0));
    let store = file("replaced-store.pem");
    let (in_folder, other) = (folder("replaced-store", Some(&old)), file("replaced-other.pem"));
    replace(&store, old.pem());
    replace(&other, old.pem());
    for (variable, value, within) in [
        ("SSL_CERT_FILE", &store, store.clone()),
        ("SSL_CERT_DIR", &in_folder, in_folder.join("ca.pem")),
        ("SSL_CERT_FILE", &other, other.clone()),
    ] {
        let mut driver = Driver::start(sanitized(), &[(variable, &text(value))]);
        assert_eq!(ask(&mut driver, &url(&standin), &[]).outcome(), "tls.unknown_issuer");
        // The third one in its place: the same file, with other content.
        if value == &other {
            std::fs::write(&within, new.pem()).expect("a file")
        } else {
            replace(&within, new.pem())
        }
        assert_eq!(ask(&mut driver, &url(&standin), &[]).outcome(), "OK", "{variable}");
        driver.finish();
    }
}

#[test]
fn a_replaced_client_certificate_is_noticed_by_every_connection() {
    let server_ca = TestCa::new("a CA");
    let (old_ca, new_ca) = (TestCa::new("the old clients' CA"), TestCa::new("the new clients' CA"));
    let (old, new): (Leaf, Leaf) = (old_ca.leaf(&["client"]), new_ca.leaf(&["client"]));
    let (cert, key) = (file("rotated.pem"), file("rotated.key"));
    replace(&cert, &old.chain_pem);
    replace(&key, &old.key_pem);
    let wants = |ca: &TestCa| server_ca.tls(&LOOPBACK_NAMES).require_client(ca);
    let first = start(wants(&old_ca), (0, 0));
    let at = ports(&first);
    let mut driver = Driver::start(sanitized(), &[]);
    let settings = [setting(&["ca_pem", server_ca.pem()]), setting(&["client_cert", &text(&cert), &text(&key)])];
    assert_eq!(ask(&mut driver, &url(&first), &settings).outcome(), "OK");
    drop(first);

    // Half of a new pair, or what is no certificate: the old one stays in use.
    for (cert_now, key_now) in [(&new.chain_pem, &old.key_pem), (&"half a file".to_owned(), &old.key_pem)] {
        replace(&cert, cert_now);
        replace(&key, key_now);
        let again = start(wants(&old_ca), at);
        let call = driver.call(&["get_token"]);
        assert_eq!(call.outcome(), "OK", "{call:?}");
        drop(again);
    }
    let strict = start(wants(&new_ca), at);
    let call = driver.call(&["get_token"]);
    assert_eq!(call.outcome(), "tls.client_certificate", "{call:?}");
    assert!(call.message.contains("did not accept this client's certificate"), "{call:?}");
    replace(&cert, &new.chain_pem);
    replace(&key, &new.key_pem);
    let call = driver.call(&["get_token"]);
    assert_eq!(call.outcome(), "OK", "{call:?}");
    // Files that are gone: the pair that was read stays.
    std::fs::remove_file(&key).expect("the key");
    drop(strict);
    let strict = start(wants(&new_ca), at);
    let call = driver.call(&["get_token"]);
    assert_eq!(call.outcome(), "OK", "{call:?}");
    drop(strict);
    driver.finish();
}

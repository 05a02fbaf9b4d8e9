//! Certificates as people make them, with the command line of OpenSSL, through the C interface: which are trusted, and
//! which reason, sentence and hint the others get.

#[path = "certificates/asked.rs"]
mod asked;
#[path = "common/c.rs"]
#[allow(dead_code)]
mod common;
#[path = "faults/driver.rs"]
#[allow(dead_code)]
mod driver;
#[path = "certificates/files.rs"]
mod files;
#[path = "certificates/openssl.rs"]
mod openssl;
#[path = "certificates/refused.rs"]
mod refused;
#[path = "certificates/replaced.rs"]
mod replaced;
#[path = "common/skip.rs"]
mod skip;
#[path = "certificates/trusted.rs"]
mod trusted;

use driver::{Call, Driver, field};

/// Asks for a token with these settings.
pub fn ask(driver: &mut Driver, url: &str, settings: &[Vec<String>]) -> Call {
    driver.say(&["config", url]);
    driver.say(&["set", "password", "alice", "opensesame"]);
    driver.say(&["set", "server_version", "4.2"]);
    for setting in settings {
        let words: Vec<&str> = ["set"].into_iter().chain(setting.iter().map(String::as_str)).collect();
        driver.say(&words);
    }
    let call = driver.call(&["conn_new"]);
    if call.outcome() == "OK" { driver.call(&["get_token"]) } else { call }
}

/// A setting as the driver takes it.
pub fn setting(words: &[&str]) -> Vec<String> {
    let values = words[1..].iter().map(field);
    [words[0].to_owned()].into_iter().chain(values).collect()
}

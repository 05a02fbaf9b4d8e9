//! Files that tests write, such as pages of `docs`.

use std::path::Path;

/// The file has this text, or gets it; under CI it has to have it. `command`: what writes it.
pub fn settle(name: &str, text: &str, command: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::fs::read_to_string(&file).is_ok_and(|committed| committed == text) {
        return;
    }
    assert!(std::env::var_os("CI").is_none(), "{name} is out of date: run `{command}` and commit it");
    std::fs::write(&file, text).expect(name);
}

//! Target: files of the token cache.

use std::sync::LazyLock;
use std::time::Duration;

use tigergraph_auth::unversioned::cached::{CachedToken, Credential, Instant, Keys, Purpose};

use super::canary;

/// The keys of two logins, and now: made once, because they take longer than what is done with them.
static OWN: LazyLock<Keys> = LazyLock::new(|| keys(canary::SECRET));
static OTHERS: LazyLock<Keys> = LazyLock::new(|| keys(canary::PASSWORD));
static NOW: LazyLock<Instant> = LazyLock::new(Instant::now);

fn keys(secret: &str) -> Keys {
    Keys::new(Credential::Random(secret), &[7; 32], &Purpose::default().bytes())
}

/// Any bytes as a file, and as what is sealed in one: nothing is believed that was not sealed with the same keys, what is
/// taken for a token is the same again when it is sealed, and its end is never beyond its life.
pub fn file(data: &[u8]) {
    assert_eq!(OWN.open(data), None, "sealed by nobody");
    let Some(token) = CachedToken::read(data) else {
        return;
    };
    assert_eq!(token.write().as_slice(), data);
    assert!(token.value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b','));
    let sealed = OWN.seal(&token).expect("random numbers");
    assert_eq!((OWN.open(&sealed).as_ref(), OTHERS.open(&sealed)), (Some(&token), None));
    for now in [*NOW, Instant { boot_id: token.began.boot_id, ..*NOW }] {
        let end = token.end(&now);
        assert!(end.is_none_or(|(end, lifetime)| end <= now.boot + lifetime && lifetime < Duration::MAX));
    }
}

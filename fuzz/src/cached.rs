//! Target: files of the token cache.

use std::time::Duration;

use tigergraph_auth::unversioned::cached::{CachedToken, Credential, Instant, Keys, Purpose};

use super::canary;

/// Any bytes as a file, and as what is sealed in one: nothing is believed that was not sealed with the same keys, what is
/// taken for a token is the same again when it is sealed, and its end is never beyond its life.
pub fn file(data: &[u8]) {
    let keys = |secret| Keys::new(Credential::Random(secret), &[7; 32], &Purpose::default().bytes());
    let (own, others) = (keys(canary::SECRET), keys(canary::PASSWORD));
    assert_eq!(own.open(data), None, "sealed by nobody");
    let Some(token) = CachedToken::read(data) else {
        return;
    };
    assert_eq!(token.write().as_slice(), data);
    assert!(token.value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b','));
    let sealed = own.seal(&token).expect("random numbers");
    assert_eq!((own.open(&sealed).as_ref(), others.open(&sealed)), (Some(&token), None));
    for now in [Instant::now(), Instant { boot_id: token.began.boot_id, ..Instant::now() }] {
        let end = token.end(&now);
        assert!(end.is_none_or(|(end, lifetime)| end <= now.boot + lifetime && lifetime < Duration::MAX));
    }
}

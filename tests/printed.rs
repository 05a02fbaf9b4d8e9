//! What programs may print of this library's values, with `{}` and `{:?}`, shows what it is and no credential.

use std::sync::Arc;

use tigergraph_auth::log::{Level, Logger};
use tigergraph_auth::{Config, Connection, TokenOptions};
use tigergraph_standin::{Options, Standin};

const PASSWORD: &str = "opensesame";

#[test]
fn what_is_printed_shows_no_credential() {
    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    let mut config = Config::new(server.gateway_url());
    config.set_graph(Some(b"MyGraph")).set_password(Some(b"alice"), Some(PASSWORD.as_bytes()));
    let logger = Logger::new(Level::Debug as i32, Arc::new(|_: Level, _: &str| {}));
    config.set_log(Some(logger.clone()));
    let connection = Connection::new(&config).expect("good settings");
    let made = connection.create_secret(Some("one"), None, None).expect("a secret");
    let token = connection.get_token(Some(made.value.reveal()), 0, TokenOptions::default()).expect("a token");
    let error = connection.create_secret(Some("one"), None, None).expect_err("the alias is taken");
    assert_eq!(format!("{error}"), error.message());
    assert_eq!(format!("{connection:?}"), format!("Connection({})", server.gateway_url()));
    let values = format!("{connection:?} {logger:?} {made:?} {token:?} {error:?} {error}");
    for credential in [PASSWORD, made.value.reveal(), token.value()] {
        assert!(!values.contains(credential), "{}", values.replace(credential, "<the credential>"));
    }
}

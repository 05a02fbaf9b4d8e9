use super::*;

fn validate(settings: &TrustSettings, tls: bool) -> Result<Option<Arc<Trust>>> {
    settings.read()?.of_server(tls)
}

fn reason(settings: TrustSettings) -> Reason {
    validate(&settings, true).unwrap_err().reason()
}

#[test]
fn files_that_cannot_serve_are_named() {
    let ca = |path: &str| TrustSettings { ca_file: Some(path.into()), ..Default::default() };
    assert_eq!(reason(ca("/does/not/exist")), Reason::ConfigFile);
    assert_eq!(reason(ca("/dev/null")), Reason::ConfigFile);
    assert_eq!(reason(ca("/")), Reason::ConfigFile);
    let error = validate(&ca("/dev/null"), true).unwrap_err();
    assert!(error.message().contains("\"ca_file\""), "{error}");
    let garbage = TrustSettings { ca_pem: Some("garbage".into()), ..Default::default() };
    assert_eq!(reason(garbage), Reason::ConfigFile);
}

#[test]
fn settings_that_cannot_stand_together() {
    let both = TrustSettings { ca_file: Some("a".into()), ca_pem: Some("b".into()), ..Default::default() };
    assert_eq!(reason(both), Reason::ConfigConflict);
    let half = TrustSettings { client_cert: Some("a".into()), ..Default::default() };
    assert_eq!(reason(half), Reason::ArgumentNull);
}

#[test]
fn pins_are_sha256_in_base64() {
    let pin = |text: &str| TrustSettings { pin_sha256: Some(text.into()), ..Default::default() };
    assert_eq!(reason(pin("abc")), Reason::ArgumentRange);
    assert_eq!(reason(pin("YWJj")), Reason::ArgumentRange);
    assert!(validate(&pin("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="), true).is_ok());
}

#[test]
fn equal_settings_share_one_configuration() {
    let settings = TrustSettings { insecure: true, ..Default::default() };
    let first = validate(&settings, true).unwrap().unwrap();
    let second = validate(&settings, true).unwrap().unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert!(validate(&settings, false).unwrap().is_none());
    assert!(Arc::ptr_eq(&first.client("a:1"), &second.client("a:1")));
    assert!(!Arc::ptr_eq(&first.client("a:1"), &first.client("a:2")));
}

#[test]
fn a_token_endpoint_shares_the_systems_trust_and_has_its_own_beside_a_ca() {
    let of_endpoint = |settings: &TrustSettings| settings.read().unwrap().of_token_endpoint().unwrap();
    let plain = TrustSettings::default();
    assert!(Arc::ptr_eq(&validate(&plain, true).unwrap().unwrap(), &of_endpoint(&plain)));
    let pin = Some("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".to_owned());
    let odd = TrustSettings { pin_sha256: pin, insecure: true, ..Default::default() };
    assert!(Arc::ptr_eq(&of_endpoint(&plain), &of_endpoint(&odd)), "neither pin nor insecure holds for it");
    let ca = tigergraph_standin::TestCa::new("its own");
    let with_ca = TrustSettings { ca_pem: Some(ca.pem().to_owned()), ..Default::default() };
    let (server, endpoint) = (validate(&with_ca, true).unwrap().unwrap(), of_endpoint(&with_ca));
    assert!(server.verifier.own.is_some() && endpoint.verifier.own.is_none());
    let count = |trust: &Trust| trust.verifier.roots.iter().flat_map(crate::wire::store::Roots::anchors).count();
    assert_eq!(count(&server), 1);
    assert_eq!(count(&endpoint), count(&of_endpoint(&plain)) + 1);
}

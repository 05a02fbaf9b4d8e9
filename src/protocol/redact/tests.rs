//! Tests of what is hidden in the words of a server.

use super::*;

const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0aWdlcmdyYXBoIn0.1Qrgj2abcdefghijklmnop";

fn clean(known: &[&str], allowed: &[&str], text: &str) -> String {
    Redactor::new(known.iter().copied().map(ToHide::Given).collect(), allowed).clean(text)
}

#[test]
fn twenty_token_characters_are_a_credential_and_so_is_the_start_of_a_jwt() {
    let (shown, hidden) = ("x".repeat(19), "x".repeat(20));
    assert_eq!(clean(&[], &[], &format!("{shown} {hidden}")), format!("{shown} <redacted:20>"));
    assert_eq!(clean(&[], &[], "eyJh.eyJz"), "<redacted:9>");
    assert_eq!(clean(&[], &[], "eyJh and a.b"), "eyJh and a.b", "one without a dot is a word, and so is a dot");
}

#[test]
fn names_of_the_call_are_shown_and_can_be_left_out() {
    let redactor = Redactor::new(Vec::new(), &["my alias", "s1"]).with_graph(Some("AGraphOfMoreThan20Letters"));
    let redactor = redactor.with_users([Some("AUserOfMoreThan20Letters"), None]);
    let said = "my alias, s1, s12, xs1 and s1-b of graph 'AGraphOfMoreThan20Letters': s1";
    assert_eq!(redactor.clean(said), said);
    let without = |goes: fn(&str) -> bool| redactor.without_names(said, goes).to_string();
    assert_eq!(without(|_| true), ", , s12, xs1 and s1-b of graph '': ");
    assert_eq!(without(|name| name != "s1"), ", s1, s12, xs1 and s1-b of graph '': s1");
    let user = "the user AUserOfMoreThan20Letters";
    assert_eq!(redactor.clean(user), "the user <redacted:24>");
    assert_eq!(*redactor.without_names(user, |_| true), "the user ");
}

#[test]
fn every_form_of_a_credential_is_known_once() {
    let forms = |text| encodings(text).iter().map(|form| String::from_utf8_lossy(form).into()).collect::<Vec<String>>();
    assert_eq!(forms("abc"), ["abc", "YWJj"]);
    let all = ["a b%41?", "a bA?", "a%20b%2541%3f", "a%20b%2541%3F", "a+b%41?", "YSBiJTQxPw==", "YSBiJTQxPw"];
    assert_eq!(forms("a b%41?"), all);
    assert!(forms("\u{200b}").iter().all(|form| !form.is_empty()), "nothing is everywhere");
}

/// What servers, gateways and proxies make of a credential before they send it back.
#[test]
fn a_credential_is_hidden_however_it_is_spelled() {
    let password = "p@ss w\"rd/and <more> & \u{fc}";
    let each = |write: &dyn Fn(char) -> String| password.chars().map(write).collect::<String>();
    let bytes = |character: char| character.to_string().into_bytes();
    let percent = |upper: bool| {
        each(&|c| bytes(c).iter().map(|b| if upper { format!("%{b:02X}") } else { format!("%{b:02x}") }).collect())
    };
    let entity = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '/' => "&sol;".to_owned(),
        _ => c.to_string(),
    };
    let spellings = [
        password.to_owned(),
        percent(true),
        percent(false),
        each(&|c| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) }),
        each(&|c| format!("\\u{:04X}", u32::from(c))),
        each(&|c| if "\"/".contains(c) { format!("\\{c}") } else { c.to_string() }),
        each(&|c| format!("&#{};", u32::from(c))),
        each(&|c| format!("&#x{:x};", u32::from(c))),
        each(&entity),
        each(&entity).replace('&', "%26amp;"),
        percent(false).replace('%', "%25"),
        each(&|c| format!("{c}\u{200b}")),
        each(&|c| format!("\u{202e}{c}\u{2028}")),
        each(&|c| format!("{c}\u{1}")),
        password.replace(' ', "\t"),
        password.replace(' ', "+"),
        password.replace(' ', "%0A"),
        BASE64.encode(password),
        BASE64_URL.encode(password),
    ];
    for spelling in spellings {
        let cleaned = clean(&[password], &[], &format!("no: {spelling}."));
        let rest = cleaned.trim_end_matches(['.', ' ']);
        assert!(rest.starts_with("no: <redacted:") && rest.ends_with('>'), "{spelling}: {cleaned}");
        assert_eq!(cleaned.matches("redacted").count(), 1, "{spelling}: {cleaned}");
    }
    let own = "canary%41canary&amp;/x";
    let cleaned = clean(&[own], &[], "canary%41canary&amp;/x canaryAcanary&/x");
    assert!(!cleaned.contains("canary"), "{cleaned}");
}

#[test]
fn the_echo_of_a_checked_token_is_hidden() {
    let text = format!("The token {JWT} verification succeed.");
    let cleaned = clean(&[], &[], &text);
    assert_eq!(cleaned, format!("The token <redacted:{}> verification succeed.", JWT.len()));
}

#[test]
fn the_secret_in_a_gsql_text_is_hidden_even_if_unknown() {
    let text = "The secret: 59ccqdlqmkfcqjl99u2jv4qt2telmeoj has been created";
    assert!(!clean(&[], &[], text).contains("59ccqdlq"));
}

#[test]
fn known_credentials_are_hidden_in_every_form_and_in_pieces() {
    let password = "p@ss w\"rd/and more";
    for form in encodings(password) {
        let form = String::from_utf8_lossy(&form);
        let cleaned = clean(&[password], &[], &format!("<{form}>"));
        assert!(!cleaned.contains(&*form), "{cleaned}");
    }
    assert!(!clean(&[password], &[], "xx w\"rd/and xx").contains("w\"rd/and"));
}

#[test]
fn controls_do_not_carry_a_credential_through() {
    let password = "my pass word is it";
    assert_eq!(clean(&[password], &[], "no: my\tpass\nword\u{1}is\rit"), "no: <redacted:18>");
}

#[test]
fn user_and_password_are_hidden_together_and_hosts_stay_whole() {
    let password = Arc::new(Hidden::new("secret"));
    let redactor = Redactor::new(vec![ToHide::Own(password.clone()), ToHide::Pair("u", password)], &[]);
    assert_eq!(redactor.clean("Basic dTpzZWNyZXQ= is no secret"), "Basic <redacted:12> is no <redacted:6>");
    let host = "https://a-host-with-a-very-long-name.example";
    assert_eq!(redactor.hide_known(host).as_str(), host);
    assert_eq!(redactor.hide_known("https://secret.example").as_str(), "https://<redacted:6>.example");
}

fn bytes(text: &str) -> Wiped<Vec<u8>> {
    Wiped::new(text.as_bytes().to_vec())
}

fn forms(texts: &[&str]) -> Forms {
    Forms::of(texts.iter().map(|text| bytes(text)))
}

#[test]
fn pieces_are_found_wherever_they_stand() {
    let longest = |credential: &str, text: &str| Pieces::of(bytes(credential)).longest(text.as_bytes());
    assert_eq!(longest("banana", "ananas"), 5);
    assert_eq!(longest("banana", "nab"), 2);
    assert_eq!(longest("banana", "banana split"), 6);
    assert_eq!(longest("banana", "zzz"), 0);
    assert_eq!(longest("banana", "a"), 1);
    assert_eq!(longest("", "a"), 0);
    for at in 0..JWT.len() - 8 {
        assert!(longest(JWT, &format!("{}#", &JWT[at..at + 8])) == 8, "{at}");
    }
}

/// Where a credential or a long piece of it stands, by a look at all pieces of all lengths.
fn places_by_all_pieces(credential: &[u8], text: &[u8]) -> Vec<Range<usize>> {
    let least = PIECE.min(credential.len()).max(1);
    let (mut found, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let lengths = (least..=credential.len()).rev();
        let is_there = |length: &usize| {
            text.get(at..at + length).is_some_and(|start| credential.windows(*length).any(|piece| piece == start))
        };
        let length = lengths.into_iter().find(is_there).unwrap_or(0);
        found.extend((length > 0).then(|| at..at + length));
        at += length.max(1);
    }
    found
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    /// Of two letters, nearly every text holds pieces of every credential.
    #[test]
    fn no_piece_is_passed_by(one in "[ab]{0,14}", other in "[ab]{0,14}", text in "[ab]{0,40}") {
        let text = text.as_bytes();
        let mut found = Vec::new();
        forms(&[&one, &other]).each_in(text, |place| found.push(place));
        let mut expected = [one, other].map(|form| places_by_all_pieces(form.as_bytes(), text)).concat();
        found.sort_by_key(|place| (place.start, place.end));
        expected.sort_by_key(|place| (place.start, place.end));
        proptest::prop_assert_eq!(found, expected);
    }
}

#[test]
fn what_begins_otherwise_is_not_compared() {
    let forms = forms(&[JWT, "another credential"]);
    forms.each_in("The secret was not dropped because nobody has it.".as_bytes(), |_| panic!("found"));
    assert!(forms.forms.iter().all(|form| form.starts.get().is_none()), "sorting takes longer than all of this text");
    forms.each_in(JWT.as_bytes(), |place| assert_eq!(place, 0..JWT.len()));
    assert!(forms.forms[0].starts.get().is_some() && forms.forms[1].starts.get().is_none());
}

#[test]
fn long_credentials_take_no_long_time() {
    let token = (0..1024).map(|n| format!("{n:08x}")).collect::<String>();
    let message = "0123456 ".repeat(512);
    let before = std::time::Instant::now();
    assert!(!clean(&[&token], &[], &message).is_empty());
    assert!(before.elapsed().as_secs() < 5, "{:?}", before.elapsed());
}

#[test]
fn a_long_message_is_not_looked_at_to_its_end() {
    let token = "a".repeat(4090);
    let message = |words: &str| format!("{words} {token}{}", "secret ".repeat(100_000));
    let before = std::time::Instant::now();
    assert_eq!(clean(&["secret"], &[], &message("no:")), "no: <redacted:4092>");
    assert!(before.elapsed().as_secs() < 5, "{:?}", before.elapsed());
    // The first letters of a word that is cut may be those of a credential.
    let cut = format!("{}short-start-of-a-token-that-is-long", ". ".repeat(2043));
    assert_eq!(beginning(&cut).len(), 4086);
    assert_eq!(beginning(&"ä".repeat(2049)).len(), 4096);
    let cut_in = |before: &str| beginning(&format!("{before}{}", "a".repeat(30))).len();
    assert_eq!(cut_in(&". ".repeat(2038)), 4096, "20 of its letters tell what it is");
    assert_eq!(cut_in(&" ".repeat(4077)), 4077, "19 do not");
    assert_eq!(beginning(&format!("{}word", ". ".repeat(2046))).len(), 4096, "the last word is whole");
}

#[test]
fn a_credential_that_comes_later_is_hidden_as_well() {
    let redactor = Redactor::new(Vec::new(), &[]);
    redactor.add(Arc::new(Hidden::new("late-canary")));
    assert_eq!(redactor.clean("no late-canary here"), "no <redacted:11> here");
}

#[test]
fn short_credentials_are_hidden_whole() {
    assert_eq!(clean(&["abc"], &[], "no abc here"), "no <redacted:3> here");
}

#[test]
fn names_of_the_call_stay() {
    let alias = "AUTO_GENERATED_ALIAS_1234567";
    assert_eq!(clean(&[], &[alias], &format!("alias {alias} exists.")), format!("alias {alias} exists."));
}

#[test]
fn controls_and_length_are_tamed() {
    assert_eq!(clean(&[], &[], "a\r\nb\u{1b}[0m"), "a  b [0m");
    let words = "ab cd ".repeat(100);
    assert_eq!(clean(&[], &[], &words[..253]), words[..253], "with room for the mark of a cut");
    assert_eq!(clean(&[], &[], &words[..256]), words[..253].to_owned() + "…");
    assert_eq!(clean(&[], &[], &words), words[..253].to_owned() + "…");
}

//! `tg-auth secret rotate`: another secret in the file that programs read, whatever goes wrong on the way.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tigergraph_auth::{Config, Connection};

use super::*;

/// A stand-in, and a file with the secret "reporting_1".
struct Place {
    desk: Desk,
    folder: PathBuf,
    file: String,
    password: String,
}

impl Place {
    fn new(version: &str, name: &str) -> Place {
        let mut desk = Desk::at(version);
        desk.environment.retain(|(name, _)| *name != "TG_SECRET");
        let secret = desk.server.add_secret("alice", "MyGraph", "reporting_1");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rotate_{name}_{version}"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, format!("{text}\n")).expect("a file");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its mode");
            path.to_str().expect("UTF-8").to_owned()
        };
        let (file, password) = (write("secret", &secret), write("password", "opensesame"));
        Place { desk, folder, file, password }
    }

    fn rotate(&self, words: &[&str], by_password: bool) -> Output {
        let mut arguments = vec!["secret", "rotate", "--secret-file", &self.file, "--grace", "0"];
        if by_password {
            arguments.extend(["--username", "alice", "--password-file", &self.password]);
        }
        arguments.extend(words);
        self.desk.run(&arguments)
    }

    fn held(&self) -> String {
        std::fs::read_to_string(&self.file).expect("the file").trim_end().to_owned()
    }

    /// The alias of the secret that the file holds, as the server has it.
    fn holds(&self) -> Option<String> {
        let held = self.held();
        self.desk.server.snapshot().secrets.iter().find(|known| known.value == held).map(|known| known.alias.clone())
    }

    fn aliases(&self) -> Vec<String> {
        let aliases = self.desk.server.snapshot().secrets.into_iter().map(|secret| secret.alias);
        let mut aliases: Vec<String> = aliases.filter(|alias| alias != "standing").collect();
        aliases.sort();
        aliases
    }

    /// The new secret is in use, and nothing of the old one and of the way is left.
    fn assert_done(&self, new: &str, when: &str) {
        assert_eq!(self.holds().as_deref(), Some(new), "{when}");
        assert_eq!(self.aliases(), [new], "{when}");
        let mode = std::fs::metadata(&self.file).expect("the file").permissions().mode();
        // For wine, which makes a mode of an access list, its owner may also run it.
        let others = if tg_auth::is_on_windows() { 0o077 } else { 0o177 };
        assert_eq!(mode & others, 0, "{when}: {mode:o}");
        let left: Vec<_> = std::fs::read_dir(&self.folder).expect("the folder").flatten().collect();
        assert_eq!(left.len(), 2, "{when}: {left:?}");
    }
}

/// The versions, and whether a user's password is the login there, or the secret itself.
const WAYS: [(&str, bool); 5] = [("3.4", true), ("3.10", true), ("3.10", false), ("4.2", true), ("4.2", false)];

#[test]
fn another_secret_is_in_the_file_and_the_old_one_is_dropped() {
    for (version, by_password) in WAYS {
        let place = Place::new(version, "done");
        let old = place.held();
        let output = place.rotate(&["reporting_1"], by_password);
        c::succeeded(version, &output);
        place.assert_done("reporting_2", version);
        let said = String::from_utf8(output.stdout).expect("UTF-8");
        let lines: Vec<&str> = said.lines().map(|line| line.split(':').next().unwrap_or_default()).collect();
        let replaced = format!("{} was replaced", place.file);
        let expected = [
            "reporting_2 was created",
            &replaced,
            "reporting_2 was verified",
            "reporting_1 was dropped",
            "the next time",
        ];
        assert_eq!(lines, expected, "{version}");
        assert!(said.ends_with("tg-auth secret rotate reporting_2\n"));
        assert!(!said.contains(&old) && !said.contains(&place.held()), "no secret is printed");
        // Once more: it is done already.
        let output = place.rotate(&["reporting_1"], by_password);
        c::succeeded(version, &output);
        place.assert_done("reporting_2", version);
        let json = place.rotate(&["reporting_2", "other", "--json"], by_password);
        c::succeeded(version, &json);
        place.assert_done("other", version);
        let json: Value = serde_json::from_slice(&json.stdout).expect("JSON");
        let told = serde_json::json!({"old": "reporting_2", "new": "other", "created": true, "dropped": true});
        assert_eq!(json, told);
    }
}

#[test]
fn with_another_login_the_file_is_only_what_is_replaced() {
    let place = Place::new("4.2", "login");
    // A token is the JWT of one login, and that which an authorization server issues for another.
    let token = place.desk.prints(&["token", "--secret-file", &place.file]);
    let jwt = options::private_file("tg-auth-rotate-jwt", &token);
    let answer = serde_json::json!({"access_token": token.trim(), "token_type": "Bearer", "expires_in": 600});
    place.desk.server.script(Fault::always("/oauth2/token", Action::reply(200, &answer.to_string())));
    let url = format!("{}/oauth2/token", place.desk.server.gateway_url());
    let client = ["--oauth2-url", &url, "--oauth2-client-id", "me", "--oauth2-client-secret-file", &place.password];
    let logins: [&[&str]; 4] = [
        &["--username", "alice", "--password-file", &place.password],
        &["--jwt-file", &jwt],
        &client,
        &[&client[..], &["--oauth2-scope", "all"]].concat(),
    ];
    let words = |alias: &str| {
        ["secret", "rotate", alias, "--secret-file", &place.file, "--grace", "0"].map(str::to_owned).to_vec()
    };
    for (number, login) in logins.iter().enumerate() {
        let words = words(&format!("reporting_{}", number + 1));
        let arguments: Vec<&str> = words.iter().map(String::as_str).chain(login.iter().copied()).collect();
        c::succeeded(login[0], &place.desk.run(&arguments));
        place.assert_done(&format!("reporting_{}", number + 2), login[0]);
    }
    // Each option for the login that help has, by itself: something is missing, and nothing is two logins.
    let help = place.desk.prints(&["help", "secret", "rotate"]);
    let section = help.split("\nLogin:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("its section");
    let mut names = documents::listed(section);
    assert!(names.remove("--secret-file") && names.remove("--cache") && names.len() == 7, "{names:?}");
    for name in &names {
        assert!(logins.iter().any(|login| login.contains(&name.as_str())), "{name} is in a login");
        let words = words("reporting_5");
        let arguments: Vec<&str> = words.iter().map(String::as_str).chain([name.as_str(), &place.password]).collect();
        let output = place.desk.run(&arguments);
        assert!(!c::text(&output).contains("config.conflict"), "{name}: {}", c::text(&output));
    }
}

/// From each request on nothing works any more; then the same is run again.
#[test]
fn it_goes_on_from_wherever_it_stopped() {
    let actions = [Action::reply(503, "{}"), Action::CloseAfterProcessing, Action::reply(500, "<html>x</html>")];
    for (version, by_password) in WAYS {
        for action in &actions {
            let mut failures = 0;
            for skip in 0.. {
                let place = Place::new(version, "again");
                place.desk.server.script(Fault::always("", action.clone()).skip(skip));
                let when = format!("{version} {action:?} from request {skip} on");
                let output = place.rotate(&["reporting_1"], by_password);
                place.desk.server.clear_faults();
                assert!(place.holds().is_some(), "{when}: the file holds no secret\n{}", c::text(&output));
                if output.status.success() {
                    place.assert_done("reporting_2", &when);
                    break;
                }
                failures += 1;
                let again = place.rotate(&["reporting_1"], by_password);
                assert!(again.status.success(), "{when}: {}{}", c::text(&output), c::text(&again));
                place.assert_done("reporting_2", &when);
            }
            assert!(failures > 4, "{version}: {failures}");
        }
    }
}

#[test]
fn what_could_do_harm_is_refused_and_changes_nothing() {
    for version in VERSIONS {
        let place = Place::new(version, "refused");
        let before = place.held();
        place.desk.server.add_secret("alice", "MyGraph", "taken_1");
        place.desk.server.add_secret("alice", "MyGraph", "reporting_9");
        let rows: [(&[&str], i32, &str); 5] = [
            (&["reporting_1", "taken_1"], 9, "which this command did not create"),
            (&["taken_1", "other"], 1, "holds neither"),
            (&["nowhere", "other"], 1, "holds neither"),
            (&["reporting_1", "reporting_1"], 64, "another alias"),
            (&["reporting_1", "a", "b"], 64, "secret rotate ALIAS [NEW]"),
        ];
        for (words, code, telling) in rows {
            let output = place.rotate(words, true);
            assert_eq!(output.status.code(), Some(code), "{words:?}: {}", c::text(&output));
            assert!(c::text(&output).contains(telling), "{words:?}: {}", c::text(&output));
            assert_eq!(place.held(), before);
            assert_eq!(place.aliases(), ["reporting_1", "reporting_9", "taken_1"], "{words:?}");
        }
        place.desk.fails(&["secret", "rotate", "reporting_1"], 64, "needs --secret-file");
        std::fs::write(format!("{}.rotation", place.file), "reporting_1 another\n").expect("a note");
        let output = place.rotate(&["reporting_1"], true);
        assert!(c::text(&output).contains("another rotation of this file has not ended"), "{}", c::text(&output));
        assert_eq!(place.aliases(), ["reporting_1", "reporting_9", "taken_1"]);
    }
}

#[test]
fn secrets_that_are_shown_alike_are_not_guessed_at() {
    let place = Place::new("3.10", "alike");
    place.desk.server.with_state(|state| {
        let first = state.secrets.iter().find(|secret| secret.alias == "reporting_1").expect("a secret").clone();
        let value = format!("{}{}", &first.value[..first.value.len() - 4], &first.value[first.value.len() - 4..]);
        let (start, end) = value.split_at(value.len() / 2);
        let middle = if start.ends_with('x') { "y" } else { "x" };
        let value = format!("{}{middle}{end}", &start[..start.len() - 1]);
        state.secrets.push(tigergraph_standin::Secret { alias: "reporting_2".into(), value, ..first });
    });
    let before = place.held();
    let output = place.rotate(&["reporting_1"], true);
    assert!(c::text(&output).contains("alike"), "{}", c::text(&output));
    assert_eq!((place.held(), place.aliases().len()), (before, 2));
}

#[test]
fn a_file_that_is_not_there_is_made_and_a_link_leads_to_the_file_that_is_replaced() {
    for version in VERSIONS {
        let mut place = Place::new(version, "link");
        let real = place.file.clone();
        std::os::unix::fs::symlink("secret", place.folder.join("link")).expect("a link");
        place.file = place.folder.join("link").to_str().expect("UTF-8").to_owned();
        c::succeeded(version, &place.rotate(&["reporting_1"], true));
        assert!(std::fs::symlink_metadata(&place.file).expect("the link").file_type().is_symlink());
        place.file = real;
        assert_eq!(place.holds().as_deref(), Some("reporting_2"));
        place.file = place.folder.join("new").to_str().expect("UTF-8").to_owned();
        c::succeeded(version, &place.rotate(&["reporting_2"], true));
        assert_eq!(place.holds().as_deref(), Some("reporting_3"));
        place.file = place.folder.join("nowhere/secret").to_str().expect("UTF-8").to_owned();
        let output = place.rotate(&["reporting_3"], true);
        assert_eq!(output.status.code(), Some(74), "{}", c::text(&output));
        assert_eq!(place.aliases(), ["reporting_3"], "nothing is created that could not be kept");
    }
}

/// Of its path too, and the new secret is got from there.
#[test]
fn the_name_of_a_file_may_have_characters_of_every_script() {
    for version in VERSIONS {
        let mut place = Place::new(version, "Schlüssel ключ 密钥");
        place.file = place.folder.join("sécret 🐯").to_str().expect("UTF-8").to_owned();
        std::fs::rename(place.folder.join("secret"), &place.file).expect("another name");
        let output = place.rotate(&["reporting_1"], false);
        c::succeeded(version, &output);
        place.assert_done("reporting_2", version);
        assert!(c::text(&output).contains(&format!("{} was replaced\n", place.file)), "{}", c::text(&output));
    }
}

/// Whether this is root, who can make files of other users, and not on Windows, which has other owners.
fn is_root() -> bool {
    if tg_auth::is_on_windows() {
        return false;
    }
    let is_root = std::fs::metadata("/proc/self").expect("this process").uid() == 0;
    if !is_root {
        common::skip::skip("files of other users are made by root");
    }
    is_root
}

fn share(file: &str, (user, group, mode): (u32, u32, u32)) {
    std::os::unix::fs::chown(file, Some(user), Some(group)).expect("its owner");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).expect("its mode");
}

fn shared(file: &str) -> (u32, u32, u32) {
    let found = std::fs::metadata(file).expect("the file");
    (found.uid(), found.gid(), found.mode() & 0o7777)
}

#[test]
fn who_could_read_the_file_can_read_the_new_one() {
    if !is_root() {
        return;
    }
    for version in VERSIONS {
        for access in [(1000, 1000, 0o600), (0, 1000, 0o640), (1000, 2000, 0o440), (0, 0, 0o400), (0, 0, 0o600)] {
            let place = Place::new(version, "shared");
            share(&place.file, access);
            c::succeeded(version, &place.rotate(&["reporting_1"], true));
            assert_eq!((shared(&place.file), place.holds().as_deref()), (access, Some("reporting_2")), "{version}");
            assert_eq!(place.aliases(), ["reporting_2"], "{version}");
        }
    }
}

/// By who cannot make such a file, and where more than the mode says who may read it.
#[test]
fn a_file_that_would_be_lost_to_its_readers_is_refused() {
    if !is_root() {
        return;
    }
    let ran = |program: &str, arguments: &[&str]| {
        let is_done = Command::new(program).args(arguments).status().is_ok_and(|status| status.success());
        if !is_done {
            common::skip::skip(format_args!("{program} is missing or cannot do this"));
        }
        is_done
    };
    for (name, telling) in [
        ("owner", "its owner, group and mode cannot be given"),
        ("list", "it has an access list"),
        ("folder", "a new file would have the access list"),
    ] {
        let place = Place::new("4.2", name);
        let (before, folder) = (place.held(), place.folder.to_str().expect("UTF-8"));
        let mut program = vec![program().to_str().expect("UTF-8")];
        let is_ready = match name {
            "owner" => {
                share(&place.file, (1000, 1000, 0o640));
                program.splice(0..0, ["setpriv", "--bounding-set", "-chown"]);
                ran("setpriv", &["--version"])
            }
            "list" => ran("setfacl", &["-m", "user:1000:r", &place.file]),
            _ => ran("setfacl", &["-d", "-m", "user:1000:r", folder]),
        };
        if !is_ready {
            continue;
        }
        let access = shared(&place.file);
        let words = ["secret", "rotate", "reporting_1", "--secret-file", &place.file, "--grace", "0"];
        let login = ["--username", "alice", "--password-file", &place.password];
        let output = place.desk.command(Path::new(program[0]), &[&program[1..], &words, &login].concat()).output();
        let output = output.expect("tg-auth");
        let said = c::text(&output);
        assert!(output.status.code() == Some(1) && said.contains(telling), "{name}: {said}");
        assert!(said.contains("Run this as the owner of the file"), "{name}: {said}");
        assert_eq!((place.held(), shared(&place.file), place.aliases()), (before, access, vec!["reporting_1".into()]));
        let left: Vec<_> = std::fs::read_dir(&place.folder).expect("the folder").flatten().collect();
        assert_eq!(left.len(), 2, "{name}: {left:?}");
    }
}

/// Programs that read the file go on, rotation after rotation.
#[test]
fn threads_have_tokens_through_ten_rotations() {
    for version in ["3.4", "3.10", "4.2"] {
        let place = Place::new(version, "threads");
        let mut config = Config::new(place.desk.server.gateway_url());
        config.set_graph(Some(b"MyGraph")).set_secret_file(Some(place.file.as_bytes()));
        // Renewed all the time.
        config.set_token_lifetime(2, 0);
        let connection = Connection::new(&config).expect("a connection");
        let (is_over, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    while !is_over.load(Ordering::SeqCst) {
                        connection.authorization().expect("a token");
                        calls.fetch_add(1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(5));
                    }
                });
            }
            for number in 1..=10 {
                let grace = ["--grace", "0.5", "--username", "alice", "--password-file", &place.password];
                let alias = format!("reporting_{number}");
                let words = ["secret", "rotate", &alias, "--secret-file", &place.file];
                let output = place.desk.run(&[&words[..], &grace].concat());
                c::succeeded(&alias, &output);
            }
            is_over.store(true, Ordering::SeqCst);
        });
        place.assert_done("reporting_11", version);
        assert!(calls.load(Ordering::SeqCst) > 1000, "{calls:?}");
        connection.authorization().expect("a token");
    }
}

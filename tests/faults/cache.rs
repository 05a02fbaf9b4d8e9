//! Rows 135 to 138: the folder of the token cache. `tests/cache.rs` has whole fleets of processes.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tigergraph_standin::{Action, Fault, Standin};

use crate::common::scratch;
use crate::driver::{self, Driver};
use crate::matrix::Record;
use crate::operations::is_rest;
use crate::session::{AMPLE, SHORT, Session, assert_in_time, on_both};

/// A driver that shares its tokens by a folder, and what it logs in with.
struct Sharing {
    session: Session,
    secret: String,
    folder: PathBuf,
}

impl Sharing {
    fn start(row: u32, version: &'static str) -> Sharing {
        let mut session = Session::start(version);
        session.limits = AMPLE;
        let secret = session.add_secret("cache");
        let folder = scratch(&format!("faults-{row}-{version}"));
        let _ = fs::remove_dir_all(&folder);
        fs::DirBuilder::new().mode(0o700).create(&folder).expect("a folder");
        Sharing { session, secret, folder }
    }

    /// Settings that name this folder, for this login.
    fn configure(&mut self, secret: &str, folder: &Path) {
        self.session.configure();
        for setting in [
            &["password", "-", "-"][..],
            &["secret", secret],
            &["token_lifetime", "3600", "0"],
            &["token_cache", folder.to_str().expect("UTF-8")],
        ] {
            self.session.driver.say(&[&["set"], setting].concat());
        }
    }

    /// A new handle, which has seen nothing of the folder.
    fn open(&mut self) {
        let (secret, folder) = (self.secret.clone(), self.folder.clone());
        self.configure(&secret, &folder);
        self.session.connect();
    }

    /// A new handle gets a token, after so many requests for one.
    fn gets_token(&mut self, record: &Record, what: &str, requests: usize) {
        self.open();
        let call = self.session.driver.call(&["authorization"]);
        record.saw("authorization", call.outcome());
        let asked = asked(&self.session.standin);
        if call.outcome() != "OK" || asked != requests {
            record.fail(format!("{} {what}: {asked} requests instead of {requests}: {call:?}", self.session.version));
        }
        assert_in_time(&call, self.session.limits.call);
        self.look(what);
    }

    /// No credential was told, and none stands in the folder.
    fn look(&mut self, what: &str) {
        let tokens = self
            .session
            .standin
            .with_state(|state| state.tokens.iter().map(|token| token.value.clone()).collect::<Vec<_>>());
        tokens.iter().for_each(|token| self.session.canaries.add(token));
        let mut shown = self.session.driver.take_spoken();
        for file in files(&self.folder, "") {
            shown.push(file.file_name().expect("a name").to_string_lossy().into_owned());
            // Of what is no text every letter is left.
            shown.push(String::from_utf8_lossy(&fs::read(&file).unwrap_or_default()).into_owned());
        }
        self.session.canaries.assert_absent(what, &shown);
    }

    fn finish(self) {
        self.session.finish();
        fs::remove_dir_all(&self.folder).expect("its folder");
    }
}

/// The files of a folder whose names contain this.
fn files(folder: &Path, part: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path());
    entries.filter(|path| path.to_string_lossy().contains(part)).collect()
}

fn mint(version: &str) -> &'static str {
    if is_rest(version) { "/gsql/v1/tokens" } else { "/restpp/requesttoken" }
}

/// How many tokens were asked for since the last look.
fn asked(standin: &Standin) -> usize {
    standin.take_requests().iter().filter(|request| request.method == "POST").count()
}

#[test]
fn row_135_cache_folder_is_refused() {
    let record = Record::of(135);
    on_both(|version| {
        let mut sharing = Sharing::start(135, version);
        let folder = sharing.folder.clone();
        let link = folder.with_extension("link");
        let file = folder.with_extension("file");
        let _ = (fs::remove_file(&link), fs::remove_file(&file));
        symlink(&folder, &link).expect("a link");
        fs::write(&file, "").expect("a file");
        let mut cases: Vec<(PathBuf, u32)> = [0o755, 0o750, 0o701, 0o777].map(|mode| (folder.clone(), mode)).to_vec();
        cases.extend([(link.clone(), 0o700), (link.join("."), 0o700), (file.clone(), 0o700), (file.join("x"), 0o700)]);
        // Only root can give a folder to somebody else.
        let others = folder.with_extension("others");
        let _ = fs::create_dir(&others);
        if chown(&others, Some(1001), None).is_ok() {
            cases.push((others.clone(), 0o700));
        }
        for (path, mode) in cases {
            fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).expect("its mode");
            let secret = sharing.secret.clone();
            sharing.configure(&secret, &path);
            let call = sharing.session.driver.call(&["conn_new"]);
            record.saw("tg_conn_new", call.outcome());
            if call.outcome() != "config.file" || !call.message.contains("\"token_cache\"") {
                record.fail(format!("{version} {path:?} {mode:o}: {call:?}"));
            }
        }
        assert_eq!(sharing.session.standin.take_requests().len(), 0, "{version}");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("its mode");
        sharing.gets_token(&record, "a good folder", 1);
        sharing.finish();
        fs::remove_file(link)
            .and_then(|()| fs::remove_file(file))
            .and_then(|()| fs::remove_dir(others))
            .expect("there");
    });
    record.done();
}

/// Whatever stands in the place of an entry, it is as if there were none.
#[test]
fn row_136_cache_entry_is_damaged_or_anothers() {
    let record = Record::of(136);
    on_both(|version| {
        let mut sharing = Sharing::start(136, version);
        let other = sharing.session.add_secret("other");
        let own = std::mem::replace(&mut sharing.secret, other);
        sharing.gets_token(&record, "another login", 1);
        let foreign = files(&sharing.folder, ".token").remove(0);
        sharing.secret = own;
        sharing.gets_token(&record, "no entry", 1);
        let entry = files(&sharing.folder, ".token").into_iter().find(|path| *path != foreign).expect("an entry");
        let (good, foreign) = (fs::read(&entry).expect("an entry"), fs::read(&foreign).expect("an entry"));
        let mut changed = good.clone();
        changed[good.len() / 2] ^= 1;
        for content in
            [&b""[..], &good[..good.len() / 2], &good[..good.len() - 1], &changed, &foreign, &[b'x'; 100_000]]
        {
            fs::write(&entry, content).expect("an entry");
            sharing.gets_token(&record, "what is no entry", 1);
            sharing.gets_token(&record, "an entry again", 0);
        }
        sharing.finish();
    });
    record.done();
}

/// Who waits for it has the time that the call has, and passes it over when it was silent for a second.
#[test]
fn row_137_cache_lock_of_a_stopped_process() {
    let record = Record::of(137);
    on_both(|version| {
        let mut sharing = Sharing::start(137, version);
        sharing.open();
        sharing.session.standin.script(Fault::once(mint(version), Action::Hang));
        sharing.session.driver.say(&["after", "0", "call", "authorization"]);
        let begun = Instant::now();
        while sharing.session.standin.requests().is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(10), "it asks");
            std::thread::sleep(Duration::from_millis(5));
        }
        sharing.session.standin.take_requests();
        let holder = std::mem::replace(&mut sharing.session.driver, Driver::start(driver::sanitized(), &[]));
        signal(&holder, "STOP");
        for (limits, outcome) in [(SHORT, "timeout.response"), (AMPLE, "OK")] {
            sharing.session.limits = limits;
            sharing.open();
            let call = sharing.session.driver.call(&["authorization"]);
            record.saw("authorization", call.outcome());
            assert_eq!(call.outcome(), outcome, "{version}: {call:?}");
            assert_in_time(&call, limits.call.min(2500));
        }
        assert_eq!(asked(&sharing.session.standin), 1, "{version}");
        // It goes on as if nothing had been, and what the others have left there is whole.
        signal(&holder, "CONT");
        let mut waiting = std::mem::replace(&mut sharing.session.driver, holder);
        sharing.session.driver.say(&["cancel"]);
        sharing.gets_token(&record, "a process that goes on", 0);
        std::mem::swap(&mut sharing.session.driver, &mut waiting);
        sharing.gets_token(&record, "a process that has waited", 0);
        sharing.session.canaries.assert_absent("the holder", &waiting.take_spoken());
        waiting.finish();
        sharing.finish();
    });
    record.done();
}

fn signal(driver: &Driver, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &driver.id().to_string()]).status().expect("kill");
    assert!(sent.success(), "{name}");
}

/// Neither the limit nor its signal costs more than the cache, which is said once for each handle.
#[test]
fn row_138_cache_cannot_be_written() {
    let record = Record::of(138);
    on_both(|version| {
        let mut sharing = Sharing::start(138, version);
        sharing.session.driver.say(&["limit_files", "0"]);
        for _ in 0..2 {
            sharing.open();
            sharing.session.driver.take_spoken();
            let calls = [(); 2].map(|()| sharing.session.driver.call(&["authorization"]));
            let spoken = sharing.session.driver.take_spoken();
            let warnings = spoken.iter().filter(|line| line.starts_with("log\t2\tthe token cache ")).count();
            record.saw("authorization", calls[0].outcome());
            let outcomes = calls.each_ref().map(|call| call.outcome());
            assert_eq!((outcomes, warnings), (["OK"; 2], 1), "{version}: {spoken:?}");
            assert_eq!(asked(&sharing.session.standin), 1, "{version}");
        }
        sharing.session.driver.say(&["limit_files", "-1"]);
        sharing.gets_token(&record, "a disk with room", 1);
        sharing.gets_token(&record, "an entry", 0);
        sharing.finish();
    });
    record.done();
}

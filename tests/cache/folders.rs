//! Folders that are not used, and those that cannot be written.

use super::*;

use std::process::Output;

/// What a process says that does not start.
fn refused(server: &Standin, secret: &str, folder: &str, environment: &[(&str, &str)]) -> String {
    let process = Process::start_at(&server.gateway_url(), &Login::secret(secret), folder, environment);
    let refused = process.first.strip_prefix("failed config.file ");
    refused.unwrap_or_else(|| panic!("{}", process.first)).to_owned()
}

#[test]
fn a_folder_that_others_may_use_is_refused() {
    let (server, secret) = server();
    let folder = Folder::new("others");
    leave_token(&server, &Login::secret(&secret), &folder);
    let link = Folder::new("link");
    let link = link.0.join("link");
    symlink(&folder.0, &link).expect("a link");
    let linked = link.to_str().expect("UTF-8");
    for name in [linked.to_owned(), format!("{linked}/"), format!("{linked}/.")] {
        assert!(refused(&server, &secret, &name, &[]).contains("is a link"), "{name}");
    }
    for mode in [0o755, 0o750, 0o701, 0o710, 0o777] {
        fs::set_permissions(&folder.0, fs::Permissions::from_mode(mode)).expect("its mode");
        let said = refused(&server, &secret, folder.path(), &[]);
        assert!(said.contains(&format!("{mode:04o}")) && said.contains("\"token_cache\""), "{said}");
    }
    fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o700)).expect("its mode");
    match std::os::unix::fs::chown(&folder.0, Some(1001), None) {
        Err(_) => skip::skip("only root can give a folder to somebody else"),
        Ok(()) => assert!(refused(&server, &secret, folder.path(), &[]).contains("another user")),
    }
    let file = folder.0.join("file");
    fs::write(&file, "").expect("a file");
    refused(&server, &secret, file.to_str().expect("UTF-8"), &[]);
    refused(&server, &secret, file.join("below").to_str().expect("UTF-8"), &[]);
    assert_eq!(asked(&server), 1);
}

#[test]
fn the_users_folder_is_made_for_the_user_alone() {
    let (server, secret) = server();
    let folder = Folder::new("user");
    let home = folder.path();
    let cache = format!("{home}/xdg/below");
    let start = |environment: &[(&str, &str)]| {
        Process::start_at(&server.gateway_url(), &Login::secret(&secret), "user", environment)
    };
    let cases: [(&[(&str, &str)], String); 3] = [
        (&[("XDG_CACHE_HOME", &cache), ("HOME", "/no/where")], format!("{cache}/tigergraph-auth")),
        (&[("XDG_CACHE_HOME", ""), ("HOME", home)], format!("{home}/.cache/tigergraph-auth")),
        (&[("XDG_CACHE_HOME", "relative"), ("HOME", home)], format!("{home}/.cache/tigergraph-auth")),
    ];
    for (environment, made) in cases {
        let mut process = start(environment);
        process.token();
        assert_eq!(process.finish(), "");
        assert_eq!(fs::metadata(&made).expect("a folder").mode() & 0o777, 0o700, "{made}");
        assert!(Path::new(&made).join("salt").exists());
    }
    assert_eq!(asked(&server), 2, "the last two share one");
    let said = refused(&server, &secret, "user", &[("XDG_CACHE_HOME", ""), ("HOME", "")]);
    assert!(said.contains("XDG_CACHE_HOME nor HOME"), "{said}");
}

/// Neither a limit for files nor its signal ends the program, or costs a token.
#[test]
fn where_nothing_can_be_written_tokens_are_had_without_it_and_that_is_said_once() {
    let (server, secret) = server();
    let folder = Folder::new("limited");
    let mut process = Process::start(&server, &Login::secret(&secret), folder.path());
    assert_eq!(process.ask("limit files"), "limited");
    for count in 1..=2 {
        process.token();
        assert_eq!(asked(&server), count);
        process.ask("reject");
    }
    let said = process.finish();
    assert!(said.lines().count() == 1 && said.starts_with("2 the token cache "), "{said}");
    assert!(folder.files(".passing").is_empty() && folder.files(".token").is_empty());
}

/// Only root may make mounts.
fn may_mount() -> bool {
    let done = Command::new("unshare").args(["--mount", "true"]).output().is_ok_and(|done| done.status.success());
    if !done {
        skip::skip("only root may make mounts");
    }
    done
}

/// What a script does with the program and these arguments, `$@`, among mounts of its own; `$FOLDER` is the folder.
fn in_namespace(script: &str, folder: &Folder, arguments: &[&str]) -> Output {
    let mut command = c::program_command(Path::new("unshare"));
    command.args(["--mount", "--propagation", "private", "sh", "-c", script, "sh"]).arg(&*PROGRAM).args(arguments);
    command.env("FOLDER", folder.path()).output().expect("unshare")
}

#[test]
fn a_full_disk_costs_nothing_but_the_cache() {
    let (server, secret) = server();
    if !may_mount() {
        return;
    }
    let folder = Folder::new("full");
    // Full before there is a salt, and full with a salt and an old entry.
    for script in ["", "printf get\\\\n | \"$@\" > /dev/null; rm \"$FOLDER\"/*.token;"] {
        let script = format!(
            "mount -t tmpfs -o mode=700,size=64k none \"$FOLDER\"; {script} cat /dev/zero > \"$FOLDER/fill\" 2>/dev/null; \
             printf 'get\\nreject\\nget\\n' | \"$@\""
        );
        let before = asked(&server);
        let arguments = [&server.gateway_url(), "4.2", "secret", &secret, folder.path(), "3600", "0"];
        let output = in_namespace(&script, &folder, &arguments);
        c::succeeded(&script, &output);
        let (out, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(out.lines().filter(|line| line.starts_with("token ")).count(), 2, "{out}");
        assert!(asked(&server) >= before + 2);
        let warnings: Vec<&str> = log.lines().filter(|line| line.contains("the token cache")).collect();
        assert!(warnings.len() == 1 && warnings[0].contains("storage"), "{log}");
    }
}

/// A folder that cannot be made where the disk is read-only or full, or where the user's folder would be.
#[test]
fn a_folder_that_cannot_be_made_costs_nothing_but_the_cache() {
    let (server, secret) = server();
    if !may_mount() {
        return;
    }
    let folder = Folder::new("unmade");
    let below = format!("{}/new", folder.path());
    let read_only = "mount -t tmpfs -o mode=700,ro none \"$FOLDER\"";
    // The folder itself is all that it has room for.
    let full = "mount -t tmpfs -o mode=700,nr_inodes=1 none \"$FOLDER\"";
    let cases = [
        (read_only, &*below, "XDG_CACHE_HOME=", "read-only"),
        (full, &below, "XDG_CACHE_HOME=", "no storage"),
        (read_only, "user", "XDG_CACHE_HOME=\"$FOLDER/xdg\"", "read-only"),
        (read_only, "user", "XDG_CACHE_HOME= HOME=\"$FOLDER\"", "read-only"),
        (full, "user", "XDG_CACHE_HOME= HOME=\"$FOLDER\"", "no storage"),
        (read_only, "user", "XDG_CACHE_HOME=/dev/null", "not a directory"),
    ];
    for (mount, cache, variables, trouble) in cases {
        let script = format!("{mount}; printf 'get\\nreject\\nget\\nreport\\n' | env {variables} \"$@\"");
        let before = asked(&server);
        let output =
            in_namespace(&script, &folder, &[&server.gateway_url(), "4.2", "secret", &secret, cache, "3600", "0"]);
        c::succeeded(&script, &output);
        let (out, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(out.lines().filter(|line| line.starts_with("token ")).count(), 2, "{script}: {out}");
        assert_eq!(asked(&server), before + 2);
        let warnings: Vec<&str> = log.lines().filter(|line| line.contains("the token cache")).collect();
        assert!(warnings.len() == 1 && warnings[0].starts_with("2 "), "{log}");
        assert!(warnings[0].contains(trouble), "{log}");
        let report = out.lines().find_map(|line| line.strip_prefix("report ")).expect("a report");
        let report: Value = serde_json::from_str(report).expect("JSON");
        let step = &report["steps"][0];
        assert_eq!((&step["step"], &step["outcome"]), (&"cache".into(), &"skipped".into()), "{step}");
        assert!(step["facts"]["cannot be used"].as_str().is_some_and(|told| told.contains(trouble)), "{step}");
        assert!(report["warnings"][0].as_str().is_some_and(|warning| warning.contains(trouble)), "{report}");
    }
}

#[test]
fn the_report_has_a_step() {
    let (server, secret) = server();
    let folder = Folder::new("report");
    let mut process = Process::start(&server, &Login::secret(&secret), folder.path());
    let step = |process: &mut Process| {
        let answer = process.ask("report");
        let report: Value = serde_json::from_str(answer.strip_prefix("report ").expect("a report")).expect("JSON");
        let names: Vec<&str> =
            report["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
        assert_eq!(names, ["cache", "credentials"]);
        assert_eq!(report["settings"]["token_cache"]["value"], folder.path());
        (report["steps"][0]["facts"].clone(), report["counters"]["cache_hits"].as_u64())
    };
    let (before, _) = step(&mut process);
    assert_eq!((before["token"].as_str(), before["folder"].as_str()), (Some("none"), Some(folder.path())));
    process.token();
    let (after, hits) = step(&mut process);
    assert!(after["token"].as_str().is_some_and(|text| text.starts_with("one, good for 3")), "{after}");
    assert_eq!(hits, Some(0));
    process.ask("new");
    process.token();
    assert_eq!(step(&mut process).1, Some(1));
    assert_eq!(asked(&server), 1);
}

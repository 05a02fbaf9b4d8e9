//! Files with secrets as Kubernetes, Docker, Podman and systemd make them: read by root and by another user, with and
//! without the group, in a mount namespace, whose mounts are what a container has.

#[path = "common/c.rs"]
mod c;
#[path = "common/skip.rs"]
mod skip;
#[path = "common/tg_auth.rs"]
mod tg_auth;

use std::path::Path;
use std::process::{Command, Output};

use tigergraph_standin::{Options, Standin};

/// Makes the files below /mnt, each in its own folder, all with the secret `$SECRET`.
const FILES: &str = r#"
    mount -t tmpfs -o mode=755 none /mnt
    mkdir /mnt/lib /mnt/bin
    mount --bind "$LIBRARY" /mnt/lib
    cp "$PROGRAM" /mnt/bin/program
    cd /mnt
    umask 022
    put() { printf '%s\n' "$SECRET" > "$1"; chown "$2" "$1"; chmod "$3" "$1"; }
    volume() { mkdir "/mnt/$1"; mount -t tmpfs -o mode=755 none "/mnt/$1"; cd "/mnt/$1"; }
    read_only() { cd /mnt; mount -o remount,ro "/mnt/$1"; }

    # A volume of Kubernetes: links to a folder that is replaced whole.
    kubernetes() {
        volume "$1"
        mkdir ..2026_11_28_20_00_00.1
        put ..2026_11_28_20_00_00.1/secret "$2" "$3"
        ln -s ..2026_11_28_20_00_00.1 ..data
        ln -s ..data/secret secret
        chgrp -hR "${2#*:}" .
        chmod 3777 .
        read_only "$1"
    }
    kubernetes kubernetes 0:0 0644
    kubernetes defaultmode 0:0 0400
    kubernetes fsgroup 0:2000 0440

    # Docker mounts a file on a file, Podman a folder; both read-only.
    mkdir host docker compose
    put host/secret 0:0 0444
    touch docker/secret compose/secret
    mount --bind host/secret docker/secret
    mount -o remount,bind,ro docker/secret
    put host/own 1001:1001 0644
    mount --bind host/own compose/secret
    mount -o remount,bind,ro compose/secret
    volume podman; put secret 0:0 0444; read_only podman
    volume swarm; put secret 1000:1000 0440; read_only swarm

    # systemd's LoadCredential: root's, and the user gets in by an ACL, which shows as the group's bits.
    volume systemd
    put secret 0:0 0400
    setfacl -m u:1000:r secret
    setfacl -m u:1000:rx .
    test "$(stat -c %a secret)" = 440
    read_only systemd

    mkdir own theirs open group shut links
    put own/secret 1000:1000 0600
    put theirs/secret 1001:1001 0600
    mkdir bound; touch bound/secret; mount --bind theirs/secret bound/secret
    put open/secret 0:0 0644
    put group/secret 0:2000 0640
    put shut/secret 0:0 0600
    volume changeable; put secret 0:2000 0660; put all 0:0 0666; put others 0:0 0602; read_only changeable
    mkdir links/folder
    put links/folder/secret 1000:1000 0600
    for owner in 0 1000 1001; do
        ln -s folder/secret links/$owner
        ln -s folder links/folder-$owner
        chown -h $owner links/$owner links/folder-$owner
    done
    ln -s 1001 links/indirect
"#;

/// The hint that a refusal has.
const MOUNT: &str = "defaultMode and fsGroup in Kubernetes, uid:, gid: and mode: of a secret in Docker and Podman, \
                     LoadCredential= in systemd";
const EXISTS: &str = "Check that the file exists and may be read";
const CHMOD: &str = "Run: chmod 600 /mnt/";
const CHOWN: &str = "Run: sudo chown $(id -un) /mnt/";
const LINK: &str = "Name the file itself";
/// Used, without and with a warning.
const OK: &str = "ok";
const WARN: &str = "warn";

/// For root, for user 1000 with group 2000, and for user 1000 without it.
const TABLE: [(&str, [&str; 3]); 25] = [
    ("kubernetes/secret", [WARN, WARN, WARN]),
    ("kubernetes/..data/secret", [WARN, WARN, WARN]),
    ("defaultmode/secret", [OK, MOUNT, MOUNT]),
    ("fsgroup/secret", [OK, OK, MOUNT]),
    ("docker/secret", [WARN, WARN, WARN]),
    ("compose/secret", [WARN, WARN, WARN]),
    ("podman/secret", [WARN, WARN, WARN]),
    ("swarm/secret", [MOUNT, WARN, WARN]),
    ("systemd/secret", [OK, OK, OK]),
    ("own/secret", [WARN, OK, OK]),
    ("theirs/secret", [WARN, EXISTS, EXISTS]),
    ("bound/secret", [WARN, EXISTS, EXISTS]),
    ("open/secret", [CHMOD, CHOWN, CHOWN]),
    ("group/secret", [CHMOD, OK, EXISTS]),
    ("shut/secret", [OK, EXISTS, EXISTS]),
    ("changeable/secret", [MOUNT, MOUNT, MOUNT]),
    ("changeable/all", [MOUNT, MOUNT, MOUNT]),
    ("changeable/others", [MOUNT, MOUNT, MOUNT]),
    ("links/0", [WARN, OK, OK]),
    ("links/1000", [LINK, OK, OK]),
    ("links/1001", [LINK, LINK, LINK]),
    ("links/indirect", [LINK, LINK, LINK]),
    ("links/folder-0/secret", [WARN, OK, OK]),
    ("links/folder-1001/secret", [LINK, LINK, LINK]),
    ("gone/secret", [EXISTS, EXISTS, EXISTS]),
];
const USERS: [&str; 3] =
    ["", "setpriv --reuid 1000 --regid 1000 --groups 2000 --", "setpriv --reuid 1000 --regid 1000 --clear-groups --"];

/// Whether this machine lets the test make mounts, which only root may.
fn may_mount() -> bool {
    let tools = ["setfacl --version", "setpriv --version", "unshare --mount mount -t tmpfs none /mnt"];
    let missing =
        tools.iter().find(|tool| !Command::new("sh").args(["-c", tool]).output().expect("a shell").status.success());
    if let Some(missing) = missing {
        skip::skip(format_args!("`{missing}` does not work: only root may make mounts, with acl and util-linux"));
    }
    missing.is_none()
}

/// Runs a script in a mount namespace of its own, after the files were made.
fn run(server: &Standin, program: &Path, script: &str) -> Output {
    let alias = format!("files{}", server.requests().len());
    let secret = server.add_secret("alice", None, &alias);
    let mut command = c::program_command(Path::new("unshare"));
    command.args(["--mount", "--propagation", "private", "bash", "-euo", "pipefail", "-c"]);
    command.arg(format!("{FILES}\n{script}")).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.env("LIBRARY", c::library_folder()).env("PROGRAM", program).env("SECRET", secret);
    command
        .env("LD_LIBRARY_PATH", "/mnt/lib")
        .env("ASAN_OPTIONS", "detect_leaks=0")
        .env("TG_HOST", server.gateway_url());
    command.output().expect("unshare")
}

fn lines(output: &Output) -> Vec<String> {
    c::succeeded("the script", output);
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

fn is_as_wanted(said: &str, wanted: &str) -> bool {
    match wanted {
        OK => said == "ok|warned 0, reported 0|",
        WARN => said == "ok|warned 1, reported 1|",
        hint => said.starts_with("config.file|") && said.contains("\"secret_file\"") && said.contains(hint),
    }
}

#[test]
fn files_are_judged_by_who_can_read_and_change_them() {
    if !may_mount() {
        return;
    }
    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    let program = c::build_sanitized(&["tests/c/secret_file.c"], &[]);
    let mut script = String::new();
    for (file, _) in TABLE {
        for user in USERS {
            script += &format!("{user} /mnt/bin/program \"$TG_HOST\" /mnt/{file} 5000 || true\n");
        }
    }
    let said = lines(&run(&server, &program, &script));
    let wanted =
        TABLE.iter().flat_map(|(file, users)| users.iter().zip(USERS).map(move |(wanted, user)| (file, user, wanted)));
    let wrong: Vec<String> = said
        .iter()
        .zip(wanted.clone())
        .filter(|(said, (_, _, wanted))| !is_as_wanted(said, wanted))
        .map(|(said, (file, user, wanted))| format!("{file} [{user}]: {said}\n    wanted: {wanted}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(said.len(), wanted.count());
}

/// What comes through pipes: the script, and what is said. `@` is the program.
const PIPES: [(&str, &str); 13] = [
    ("@ <(printf '%s\\n' \"$SECRET\") 5000", OK),
    ("@ <(sleep 0.3; printf '%s' \"$SECRET\") 5000", OK),
    ("printf '%s' \"$SECRET\" | @ /dev/stdin 5000", OK),
    ("printf '%s' \"$SECRET\" | @ /dev/fd/0 5000", OK),
    ("printf '%s' \"$SECRET\" | @ /proc/self/fd/0 5000", OK),
    ("(umask 077; printf '%s' \"$SECRET\" > kept); @ /dev/stdin 5000 < kept", OK),
    ("printf '%s' \"$SECRET\" > open; @ /dev/stdin 5000 < open", "is open to other users"),
    ("mkfifo -m 600 fifo; (sleep 0.3; printf '%s' \"$SECRET\" > fifo) & @ fifo 5000", OK),
    ("mkfifo -m 600 silent; @ silent 300", "timed out"),
    ("@ <(sleep 2) 300", "timed out"),
    ("@ <(:) 5000", "of the setting \"secret_file\" is empty"),
    ("mkfifo -m 666 shared; @ shared 300", "can be changed by other users"),
    ("@ /dev/null 300", "is neither a regular file nor a pipe"),
];

#[test]
fn a_pipe_is_read_once_and_within_the_limit_for_connecting() {
    if !may_mount() {
        return;
    }
    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    let program = c::build_sanitized(&["tests/c/secret_file.c"], &[]);
    let mut script = "mkdir -m 777 /mnt/scratch\n".to_owned();
    for user in [USERS[0], USERS[2]] {
        for (line, _) in PIPES {
            let line = line.replace('@', "/mnt/bin/program \"$TG_HOST\"");
            script +=
                &format!("cat > /mnt/script <<'END'\ncd \"$(mktemp -d /mnt/scratch/XXXXXX)\"\n{line} || true\nEND\n");
            script += &format!("{user} bash /mnt/script < /dev/null\n");
        }
    }
    let began = std::time::Instant::now();
    let said = lines(&run(&server, &program, &script));
    assert_eq!(said.len(), 2 * PIPES.len(), "{said:#?}");
    for (said, (line, wanted)) in said.iter().zip(PIPES.iter().chain(&PIPES)) {
        match *wanted {
            OK => assert!(is_as_wanted(said, OK), "{line}: {said}"),
            words => assert!(!said.starts_with("ok") && said.contains(words), "{line}: {said}"),
        }
    }
    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
}

/// What stands behind a word in the block of the guide below this heading, without its quotes.
fn told(heading: &str, word: &str) -> String {
    let guide = std::fs::read_to_string(c::root().join("docs/containers.md")).expect("the guide");
    let section = guide.split("\n## ").find(|section| section.starts_with(heading)).expect(heading);
    let block = section.split("```").nth(1).expect("a block").to_owned();
    let line = block.lines().map(str::trim).find_map(|line| line.strip_prefix(word));
    line.unwrap_or_else(|| panic!("{heading}: no {word}")).trim().trim_matches('"').to_owned()
}

/// The value of a variable in a block of Kubernetes.
fn told_after(heading: &str, name: &str) -> String {
    let guide = std::fs::read_to_string(c::root().join("docs/containers.md")).expect("the guide");
    let section = guide.split("\n## ").find(|section| section.starts_with(heading)).expect(heading).to_owned();
    let rest = section.split(&format!("- name: {name}\n")).nth(1).expect(name).to_owned();
    rest.trim().lines().next().and_then(|line| line.strip_prefix("value: ")).expect("a value").to_owned()
}

/// A root as a container has it, with the tools of this machine, for a chroot.
const ROOT: &str = r#"
    root=/mnt/root
    mkdir "$root"
    mount -t tmpfs -o mode=755 none "$root"
    for folder in /usr /bin /sbin /lib /lib64; do
        if [ -L "$folder" ]; then cp -a "$folder" "$root"; continue; fi
        [ ! -d "$folder" ] || { mkdir "$root$folder"; mount --rbind "$folder" "$root$folder"; }
    done
    mkdir -p "$root"/{etc,run/secrets,run/credentials/app.service,proc,dev,opt,tmp}
    echo '127.0.0.1 localhost' > "$root/etc/hosts"
    mount --rbind /proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mkdir "$root/opt/lib"
    mount --bind "$LIBRARY" "$root/opt/lib"
    cp "$PROGRAM" "$root/opt/tg-auth"
    # The secret in a folder of its own that only root can change, and then nobody.
    provide() { mkdir -p "$root$1"; mount -t tmpfs -o mode=755 none "$root$1"; put "$root$1/$2" "$3" "$4"; }
    finish() { mount -o remount,ro "$root$1"; }
    as() {
        local who=$1; shift
        chroot --userspec="${who%:*}" --groups="${who##*:}" "$root" \
            /usr/bin/env LD_LIBRARY_PATH=/opt/lib ASAN_OPTIONS=detect_leaks=0 "$@" 2>&1
    }
"#;

/// The files of docs/containers.md, with the owners, modes and users that it names, in a root of their own.
#[test]
fn the_guide_works_in_a_container() {
    if !may_mount() {
        return;
    }
    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    let program = tg_auth::build();
    let in_kubernetes = |word: &str| told("Kubernetes", word);
    let (user, group) = (in_kubernetes("runAsUser:"), in_kubernetes("fsGroup:"));
    let (folder, mode) = (in_kubernetes("mountPath:"), in_kubernetes("defaultMode:"));
    let file = told_after("Kubernetes", "TG_SECRET_FILE");
    let name = file.strip_prefix(&format!("{folder}/")).expect("a file of the volume");
    let (docker, docker_mode) = (told("Docker", "TG_SECRET_FILE:"), told("Docker", "mode:"));
    let (docker_user, docker_owner) = (told("Docker", "user:"), told("Docker", "uid:"));
    let docker_name = docker.strip_prefix("/run/secrets/").expect("a secret of Docker");
    assert_eq!(docker_name, told("Docker", "target:"));
    let credential = told("systemd", "LoadCredential=").split_once(':').expect("a name").0.to_owned();
    let variable = told("systemd", "Environment=TG_SECRET_FILE=%d/");
    assert_eq!(credential, variable);
    let script = format!(
        r#"{ROOT}
        provide {folder} {name} 0:{group} {mode}; finish {folder}
        for who in {user}:{user}:{group} 0:0:{group}; do as $who TG_SECRET_FILE={file} "$@"; done
        provide /run/secrets {docker_name} {docker_owner}:{docker_owner} {docker_mode}; finish /run/secrets
        as {docker_user}:{docker_owner} TG_SECRET_FILE={docker} "$@"
        provide /run/credentials/app.service {credential} 0:0 0400
        setfacl -m u:61234:r "$root/run/credentials/app.service/{credential}"
        finish /run/credentials/app.service
        as 61234:61234:61234 TG_SECRET_FILE=/run/credentials/app.service/{credential} "$@"
        provide {folder} {name} 0:0 0644; finish {folder}
        as {user}:{user}:{user} TG_SECRET_FILE={file} "$@"
        "#
    );
    let said = lines(&run(&server, &program, &format!("set -- TG_HOST=$TG_HOST /opt/tg-auth token\n{script}")));
    assert_eq!(said.len(), 5, "{said:#?}");
    assert!(said.iter().all(|line| line.starts_with("eyJ")), "{said:#?}");
    let said =
        lines(&run(&server, &program, &format!("set -- TG_HOST=$TG_HOST /opt/tg-auth doctor --offline\n{script}")));
    let warnings: Vec<&String> = said.iter().filter(|line| line.starts_with("Warning:")).collect();
    assert!(warnings.len() == 1 && warnings[0].contains("0644"), "only the last one: {said:#?}");
}

/// A program with more rights than its user reads neither that user's environment nor that user's files.
#[test]
fn a_program_with_more_rights_than_its_user_reads_no_variables() {
    if !may_mount() {
        return;
    }
    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    // The variable that names the library's folder is not for such programs either.
    let program = c::build(&["tests/c/variables.c"], &["-Wl,-rpath,/mnt/lib"], &c::library_folder());
    let script = r#"
        cp bin/program bin/raised; chown 1001 bin/raised; chmod 4755 bin/raised
        echo TG_HOST=of-the-file > variables.env
        unset TG_HOST; export TG_GRAPHNAME=OfTheEnvironment
        for name in program raised; do setpriv --reuid 1000 --regid 1000 --clear-groups -- bin/$name variables.env; done
    "#;
    assert_eq!(lines(&run(&server, &program, script)), ["host 1, graph 1", "argument.null"]);
}

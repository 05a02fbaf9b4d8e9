//! What `make install`, `cargo cinstall` and the Debian packages install, and programs that are built with it
//! outside of this repository, each in an empty folder of its own, and run against a stand-in.

#[path = "common/folder.rs"]
mod folder;
#[path = "common/skip.rs"]
mod skip;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use folder::{Folder, block, can, read, root};
use tigergraph_standin::{Options, Standin};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Where a test may leave something for the others.
fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// `make` with these arguments, in the repository, as tests/run calls it.
fn make(arguments: &str) -> String {
    // One at a time: each may link the command line again.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", &format!("make --no-print-directory {arguments}")]).current_dir(root());
    command.env("CARGO_TARGET_DIR", "target/ship").env_remove("DESTDIR").env_remove("PREFIX");
    let output = command.output().expect("make");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "make {arguments}\n{printed}{}", String::from_utf8_lossy(&output.stderr));
    printed
}

/// A prefix that `make install` filled, once for all tests.
fn prefix() -> &'static Path {
    static PREFIX: OnceLock<PathBuf> = OnceLock::new();
    PREFIX.get_or_init(|| {
        let prefix = scratch("prefix");
        let _ = std::fs::remove_dir_all(&prefix);
        make(&format!("install PREFIX={}", prefix.display()));
        prefix
    })
}

fn shared() -> PathBuf {
    prefix().join(format!("lib/libtigergraph_auth.so.{VERSION}"))
}

/// What programs ask for: the version up to what may break them.
fn soname() -> String {
    let parts: Vec<&str> = VERSION.split('.').collect();
    let abi = if parts[0] == "0" { parts[..2].join(".") } else { parts[0].to_owned() };
    format!("libtigergraph_auth.so.{abi}")
}

fn lines(text: &str) -> BTreeSet<String> {
    text.lines().map(String::from).collect()
}

/// Files and links below a folder, each with its mode or where it leads.
fn installed(folder: &Folder, below: &Path) -> BTreeSet<String> {
    lines(&folder.sh(below, "cd $P && find . -type f -printf '%m %P\\n' -o -type l -printf '%P -> %l\\n'"))
}

/// What `make install` installs.
fn expected(prefix: &str, lib: &str, include: &str) -> BTreeSet<String> {
    let mut files = expected_library(prefix, lib, include);
    let prefix = if prefix.is_empty() { "usr/local/" } else { prefix };
    files.insert(format!("755 {prefix}bin/tg-auth"));
    files.insert(format!("644 {prefix}share/man/man1/tg-auth.1"));
    files.insert(format!("644 {prefix}share/bash-completion/completions/tg-auth"));
    files.insert(format!("644 {prefix}share/zsh/site-functions/_tg-auth"));
    files.insert(format!("644 {prefix}share/fish/vendor_completions.d/tg-auth.fish"));
    files
}

/// The same without the command line.
fn expected_library(prefix: &str, lib: &str, include: &str) -> BTreeSet<String> {
    let mut files = BTreeSet::from([
        format!("755 {prefix}{lib}/libtigergraph_auth.so.{VERSION}"),
        format!("{prefix}{lib}/{} -> libtigergraph_auth.so.{VERSION}", soname()),
        format!("{prefix}{lib}/libtigergraph_auth.so -> libtigergraph_auth.so.{VERSION}"),
        format!("644 {prefix}{lib}/libtigergraph_auth.a"),
        format!("644 {prefix}{lib}/pkgconfig/tigergraph_auth.pc"),
        format!("644 {prefix}{lib}/cmake/tigergraph_auth/tigergraph_auth-config.cmake"),
        format!("644 {prefix}{lib}/cmake/tigergraph_auth/tigergraph_auth-config-version.cmake"),
    ]);
    for header in std::fs::read_dir(root().join("include")).expect("include") {
        files.insert(format!("644 {prefix}{include}/{}", header.expect("a file").file_name().to_string_lossy()));
    }
    let without_a_preprocessor = format!("644 {prefix}{include}/tigergraph_auth.cdef.h");
    assert!(files.contains(&without_a_preprocessor), "{files:?}");
    files
}

#[test]
fn make_installs_below_destdir_and_removes_it_again() {
    prefix();
    let folder = Folder::new("destdir");
    let layouts = [
        ("", "usr/local/", "lib", "include"),
        ("PREFIX=/nowhere/tg", "nowhere/tg/", "lib", "include"),
        ("PREFIX=/nowhere LIBDIR=/nowhere/lib/here INCLUDEDIR=/nowhere/inc", "nowhere/", "lib/here", "inc"),
        ("LIBDIR=/lib64 INCLUDEDIR=/headers", "", "lib64", "headers"),
    ];
    for (index, (variables, below, lib, include)) in layouts.into_iter().enumerate() {
        let destination = folder.0.join(index.to_string());
        // As a packager's umask may be, and without a compiler: what is built is not built again.
        let arguments = format!("DESTDIR={} {variables} CARGO=false", destination.display());
        let printed = make(&format!("install {arguments}; umask 077; make install {arguments}"));
        assert!(!printed.contains("rustc"), "{printed}");
        assert_eq!(installed(&folder, &destination), expected(below, lib, include), "{variables}");
        assert_eq!(folder.sh(&destination, "grep -rlF $P $P || true"), "", "DESTDIR is in these files");
        make(&format!("uninstall {arguments}"));
        assert_eq!(installed(&folder, &destination), BTreeSet::new(), "{variables}");
    }
    assert!(!Path::new("/nowhere").exists());
}

#[test]
fn a_prefix_may_have_a_space_and_libraries_any_folder() {
    prefix();
    let folder = Folder::with_example("layouts");
    for (index, lib) in ["lib64", "lib/x86_64-linux-gnu", "lib"].into_iter().enumerate() {
        let prefix = folder.0.join(format!("with a space {index}"));
        let at = prefix.display();
        make(&format!("install CARGO=false PREFIX='{at}' LIBDIR='{at}/{lib}'"));
        // Without LD_LIBRARY_PATH: it finds the library from where it is itself.
        folder.gets_a_token(&prefix, "\"$P/bin/tg-auth\" token --header");
        if has_pkg_config() {
            let script = format!("export PKG_CONFIG_PATH=\"$P/{lib}/pkgconfig\" && eval \"{}\"", PKG_CONFIG_BUILD);
            folder.sh(&prefix, &script);
            folder.gets_a_token(&prefix, &format!("LD_LIBRARY_PATH=\"$P/{lib}\" ./get_token"));
        }
        if has_cmake() {
            // Named, because CMake looks into lib64 only on systems that have it.
            let files = format!("-Dtigergraph_auth_DIR=\"$P/{lib}/cmake/tigergraph_auth\"");
            let script = format!("cmake -S . -B build{index} {files} && cmake --build build{index}");
            folder.sh(&prefix, &script);
            folder.gets_a_token(&prefix, &format!("build{index}/get_token"));
        }
        make(&format!("uninstall CARGO=false PREFIX='{at}' LIBDIR='{at}/{lib}'"));
        assert_eq!(folder.sh(&prefix, "find \"$P\" -type f -o -type l"), "", "{lib}");
    }
    // Apart from each other, so that the files hold the paths themselves.
    let (prefix, at) = (folder.0.join("p q"), folder.0.display());
    make(&format!("install CARGO=false PREFIX='{at}/p q' LIBDIR='{at}/l m' INCLUDEDIR='{at}/i j'"));
    folder.gets_a_token(&prefix, "\"$P/bin/tg-auth\" token --header");
    if has_pkg_config() {
        folder.sh(&prefix, &format!("export PKG_CONFIG_PATH=\"$PWD/l m/pkgconfig\" && eval \"{PKG_CONFIG_BUILD}\""));
    }
}

/// What pkg-config prints is escaped for a shell.
const PKG_CONFIG_BUILD: &str = "cc get_token.c $(pkg-config --cflags --libs tigergraph_auth) -o get_token";

#[test]
fn the_target_decides_how_the_library_is_named() {
    for (target, name, origin) in [
        ("aarch64-apple-darwin", "-install_name,@rpath/libtigergraph_auth.", "@loader_path/../lib"),
        ("aarch64-unknown-linux-gnu", "-soname,libtigergraph_auth.so.", "$ORIGIN/../lib"),
    ] {
        let commands = make(&format!("-n TARGET={target}"));
        assert!(commands.contains(name) && commands.contains(origin), "{target}: {commands}");
    }
}

#[test]
fn the_folder_of_the_build_may_have_a_space() {
    let folder = Folder::new("build");
    folder.sh(
        root(),
        "mkdir 'a b' && cd 'a b' && cp -r $R/{Makefile,Cargo.toml,Cargo.lock,build.rs,build,src,include} .",
    );
    // Instead of Cargo, what tells the flags that it gets.
    let stub = "#!/bin/sh\nprintf '%s\\n' \"$CARGO_ENCODED_RUSTFLAGS\" | tr '\\037' '\\n'\nexit 1\n";
    std::fs::write(folder.0.join("stub"), stub).expect("a file");
    folder.sh(root(), "chmod +x stub");
    let script = "cd 'a b' && ! CARGO_TARGET_DIR=target make CARGO=../stub RUSTFLAGS='-C debuginfo=0' 2> /dev/null";
    let printed = folder.sh(root(), script);
    let flags: Vec<&str> = printed.lines().filter(|line| line.starts_with('-') || line.starts_with("debug")).collect();
    let remap = format!("--remap-path-prefix={}/a b=.", folder.0.display());
    assert_eq!(flags[..3], ["-C", "debuginfo=0", &remap], "{printed}");
}

/// The functions of the header, as `make def` lists them for Windows.
fn functions() -> BTreeSet<String> {
    static LIST: OnceLock<String> = OnceLock::new();
    let list = LIST.get_or_init(|| {
        make("def");
        read("target/ship/release/stage/tigergraph_auth.def")
    });
    assert!(list.starts_with("LIBRARY tigergraph_auth\nEXPORTS\n"), "{list}");
    list.lines().skip(2).map(|line| line.trim().to_owned()).collect()
}

#[test]
fn the_shared_library_is_as_a_system_wants_it() {
    let folder = Folder::new("shared");
    let dynamic = folder.sh(&shared(), "readelf --wide --dynamic $P");
    assert!(dynamic.contains(&format!("(SONAME)             Library soname: [{}]", soname())), "{dynamic}");
    for unwanted in ["(RPATH)", "(RUNPATH)", "(TEXTREL)"] {
        assert!(!dynamic.contains(unwanted), "{dynamic}");
    }
    assert!(dynamic.contains("BIND_NOW") && dynamic.contains("NODELETE"), "{dynamic}");
    let segments = folder.sh(&shared(), "readelf --wide --segments $P");
    assert!(segments.contains("GNU_RELRO"), "{segments}");
    let stack = segments.lines().find(|line| line.contains("GNU_STACK")).expect("GNU_STACK");
    assert!(stack.contains("RW ") && !stack.contains("RWE"), "{stack}");
    let needed =
        dynamic.lines().filter(|line| line.contains("(NEEDED)")).filter_map(|line| line.split(['[', ']']).nth(1));
    for library in needed {
        let allowed = ["libc.so.6", "libm.so.6", "libgcc_s.so.1"].contains(&library) || library.starts_with("ld-linux");
        assert!(allowed, "{library} is needed");
    }
    let exported = lines(&folder.sh(&shared(), "nm -D --defined-only $P | sed 's/.* //'"));
    assert_eq!(exported, functions());
}

#[test]
fn the_static_library_shows_nothing_else() {
    let folder = Folder::new("static-names");
    let archive = prefix().join("lib/libtigergraph_auth.a");
    let script = "readelf --wide --symbols $P | awk '$5 != \"LOCAL\" && $7 ~ /^[0-9]/ { print $8 }'";
    assert_eq!(lines(&folder.sh(&archive, script)), functions());
}

#[test]
fn no_path_of_this_machine_is_in_what_is_installed() {
    let home = std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME").map(|home| home + "/.cargo"));
    let home = home.expect("a home");
    let folder = Folder::new("paths");
    for private in [root().to_str().expect("UTF-8"), &home] {
        let found = folder.sh(prefix(), &format!("grep -rlF '{private}' $P || true"));
        assert_eq!(found, "", "{private}");
    }
}

#[test]
fn there_is_one_version_and_one_list_of_what_to_link() {
    let cmake = read("packaging/cmake/tigergraph_auth-config-version.cmake");
    assert!(cmake.contains(&format!("set(PACKAGE_VERSION \"{VERSION}\")")), "{cmake}");
    // What Rust's compiler says.
    prefix();
    let needs = read("target/ship/release/stage/static-needs");
    let needs = needs.trim();
    assert!(needs.starts_with("-l") && !needs.contains("gcc_s"), "{needs}");
    let config = read("packaging/cmake/tigergraph_auth-config.cmake");
    assert!(config.contains(&format!("set(_tga_static_needs {needs})")), "{config}");
    assert!(block("sh", 2).contains(needs), "packaging/README.md");
    let readme = read("README.md");
    assert_eq!(readme.matches("-lutil").count(), readme.matches(needs).count(), "README.md");
}

fn has_pkg_config() -> bool {
    can("pkg-config --version", "pkg-config is missing")
}

const RUN_SHARED: &str = "LD_LIBRARY_PATH=$P/lib ./get_token";

/// It runs, without the shared library, which it would not find.
const RUN_STATIC: &str = "! readelf -d get_token | grep -q libtigergraph_auth && ./get_token";

#[test]
fn a_program_is_built_with_pkg_config() {
    if !has_pkg_config() {
        return;
    }
    let folder = Folder::with_example("pkg-config");
    assert_eq!(folder.sh(prefix(), "pkg-config --modversion tigergraph_auth").trim(), VERSION);
    folder.sh(prefix(), &block("sh", 1));
    assert!(folder.sh(prefix(), "readelf -d get_token").contains(&format!("[{}]", soname())));
    folder.gets_a_token(prefix(), RUN_SHARED);

    folder.sh(prefix(), &block("sh", 2));
    folder.gets_a_token(prefix(), RUN_STATIC);
    // And where there is no shared library, in the usual way.
    folder.sh(prefix(), "mkdir lib && cp -r $P/lib/*.a $P/lib/pkgconfig lib && cp -r $P/include .");
    folder.sh(&folder.0, "cc get_token.c $(pkg-config --static --cflags --libs tigergraph_auth) -o get_token");
    folder.gets_a_token(&folder.0, RUN_STATIC);
}

/// As packaging/README.md says: in an empty root it finds a server by its address, and by a name in the file of hosts.
#[test]
fn a_program_without_any_shared_library_gets_a_token() {
    let libc = "test -e $(cc -print-file-name=libc.a | grep /)";
    if !has_pkg_config() || !can(libc, "there is no libc.a") {
        return;
    }
    let folder = Folder::with_example("fully-static");
    let warnings = folder.sh(prefix(), &format!("({}) 2>&1", block("sh", 3).trim()));
    let segments = folder.sh(prefix(), "readelf --wide --segments get_token");
    assert!(!segments.contains("INTERP"), "{segments}");
    // The page says which warning there is.
    for warning in warnings.lines().filter(|line| line.contains("warning:")) {
        assert!(warning.contains("Using 'getaddrinfo' in statically"), "{warning}");
    }
    folder.gets_a_token(prefix(), "./get_token");
    folder
        .sh(prefix(), "c++ -static -x c++ get_token.c -x none $(pkg-config --static --cflags --libs tigergraph_auth)");
    folder.gets_a_token(prefix(), "./a.out");
    let root = "[ $(id -u) = 0 ] || unshare --map-root-user true";
    if !can(root, "one must be root, or root of a namespace") {
        return;
    }
    folder.sh(prefix(), "mkdir -p empty hosts/etc && cp get_token empty && cp get_token hosts");
    folder.sh(prefix(), "echo 127.0.0.1 localhost > hosts/etc/hosts");
    let inside = |root: &str| format!("$(test $(id -u) = 0 || echo unshare --map-root-user) chroot {root} /get_token");
    folder.gets_a_token(prefix(), &inside("empty"));
    folder.gets_a_token(prefix(), &format!("export TG_HOST=${{TG_HOST/127.0.0.1/localhost}} && {}", inside("hosts")));
    let unknown = format!("TG_HOST=http://localhost:9 TG_SECRET=s {} 2>&1 || true", inside("empty"));
    let refused = folder.sh(prefix(), &unknown);
    assert!(refused.contains("the name localhost cannot be looked up"), "{refused}");
}

fn has_cmake() -> bool {
    can("cmake --version", "cmake is missing")
}

/// Builds get_token with CMake in a folder with this name.
fn cmake(folder: &Folder, prefix: &Path, build: &str) {
    let script =
        format!("cmake -S . -B {build} -DCMAKE_PREFIX_PATH=$P && cmake --build {build} && cp {build}/get_token .");
    folder.sh(prefix, &script);
}

#[test]
fn a_program_is_built_with_cmake() {
    if !has_cmake() {
        return;
    }
    let folder = Folder::with_example("cmake");
    cmake(&folder, prefix(), "shared");
    folder.gets_a_token(prefix(), "./get_token");
    folder.sh(prefix(), "sed -i s/tigergraph_auth::tigergraph_auth/tigergraph_auth::static/ CMakeLists.txt");
    cmake(&folder, prefix(), "static");
    folder.gets_a_token(prefix(), RUN_STATIC);
}

/// Whether CMake finds the package for each of these, what find_package is asked for, in a project that ends with `rest`.
fn found_by_cmake<'a>(folder: &Folder, asked: &[(&'a str, bool)], rest: &str) -> Vec<(&'a str, bool)> {
    let mut project = "cmake_minimum_required(VERSION 3.19)\nproject(asks C)\n".to_owned();
    for (what, _) in asked {
        project += "unset(tigergraph_auth_DIR CACHE)\n";
        project += &format!("find_package(tigergraph_auth {what} CONFIG QUIET)\n");
        project += "file(APPEND found \"${tigergraph_auth_FOUND}\\n\")\n";
    }
    std::fs::write(folder.0.join("CMakeLists.txt"), project + rest).expect("a file");
    folder.sh(prefix(), "cmake -S . -B build -DCMAKE_PREFIX_PATH=$P");
    let found = std::fs::read_to_string(folder.0.join("found")).expect("what was found");
    asked.iter().map(|asked| asked.0).zip(found.lines().map(|line| line == "1")).collect()
}

#[test]
fn cmake_gets_the_version_it_asks_for_or_none() {
    if !has_cmake() {
        return;
    }
    let folder = Folder::new("cmake-version");
    let asked = [
        ("", true),
        ("0.1", true),
        ("0.1.0", true),
        ("0.1.1", true),
        ("0.1.1 EXACT", true),
        ("0.1.0 EXACT", false),
        ("0.1.2 EXACT", false),
        ("0.1...<1", true),
        ("0.1...0.1.1", true),
        ("0.0", false),
        ("0.1.2", false),
        ("0.0...<0.1", false),
        ("0.2", false),
        ("0.2...1", false),
        ("1.0", false),
    ];
    assert_eq!(found_by_cmake(&folder, &asked, ""), asked);
}

#[test]
fn cmake_finds_no_component() {
    if !has_cmake() {
        return;
    }
    let folder = Folder::new("cmake-components");
    let asked = [
        ("", true),
        ("OPTIONAL_COMPONENTS nonsense", true),
        ("COMPONENTS nonsense", false),
        ("COMPONENTS nonsense OPTIONAL_COMPONENTS other", false),
        ("OPTIONAL_COMPONENTS nonsense COMPONENTS other", false),
    ];
    let required = "if(ASKED)\nfind_package(tigergraph_auth REQUIRED COMPONENTS ${ASKED})\nendif()\n";
    assert_eq!(found_by_cmake(&folder, &asked, required), asked);
    let required = "! cmake -S . -B required -DCMAKE_PREFIX_PATH=$P -DASKED=nonsense 2>&1";
    let said = folder.sh(prefix(), required);
    assert!(said.contains("tigergraph_auth has no component \"nonsense\""), "{said}");
}

#[test]
fn a_program_loads_the_library_by_its_soname() {
    let folder = Folder::new("dlopen");
    folder.sh(prefix(), "cc -Wall -Werror $R/tests/install/dlopen.c -I$P/include -ldl -o dlopen");
    folder.gets_a_token(prefix(), &format!("LD_LIBRARY_PATH=$P/lib ./dlopen {}", soname()));
}

#[test]
fn the_command_line_finds_the_library_beside_it() {
    let folder = Folder::new("tg-auth");
    folder.sh(prefix(), "cp -a $P moved");
    folder.gets_a_token(&folder.0.join("moved"), "$P/bin/tg-auth token --header");
}

#[test]
fn what_is_installed_may_be_moved() {
    if !has_pkg_config() || !has_cmake() {
        return;
    }
    let folder = Folder::with_example("moved");
    folder.sh(prefix(), "mkdir here && cp -a $P here/moved");
    let moved = folder.0.join("here/moved");
    let flags = folder.sh(&moved, "pkg-config --static --cflags --libs tigergraph_auth");
    assert!(!flags.contains(prefix().to_str().expect("UTF-8")), "{flags}");
    folder.sh(&moved, &block("sh", 1));
    folder.gets_a_token(&moved, RUN_SHARED);
    cmake(&folder, &moved, "build");
    assert!(!folder.sh(&moved, "cat build/CMakeCache.txt").contains(prefix().to_str().expect("UTF-8")));
    folder.gets_a_token(&moved, "./get_token");
}

#[test]
fn the_static_library_links_beside_another_with_rust_in_it() {
    let folder = Folder::with_example("beside");
    folder.sh(prefix(), "rustc --edition 2024 -O --crate-type staticlib $R/tests/install/beside.rs -o libbeside.a");
    let link = |ours: &str| {
        format!("cc get_token.c $R/tests/install/beside.c -I$P/include {ours} libbeside.a -lgcc_s -lm -o get_token")
    };
    folder.sh(prefix(), &link("$P/lib/libtigergraph_auth.a"));
    folder.gets_a_token(prefix(), RUN_STATIC);
    // Rust's own archive does not; when it does, the Makefile has no need to make an object of it.
    folder.sh(prefix(), &format!("! {} 2> refused", link("$R/target/ship/release/libtigergraph_auth.a")));
    assert!(folder.sh(prefix(), "cat refused").contains("multiple definition"));
}

#[test]
#[ignore = "long: cargo-c takes minutes to build, and then builds the library once more"]
fn cargo_c_installs_the_same() {
    let tools = root().join("target/tools/bin");
    let find = format!("test -x {}/cargo-cinstall", tools.display());
    if !can(&find, "cargo-c is not in target/tools; tests/run --long installs it") {
        return;
    }
    // As a subcommand of cargo: by itself it would take whatever toolchain a crate's own folder asks for.
    let folder = Folder::with_example("cargo-c");
    let script = "PATH=$P:$PATH CARGO_TARGET_DIR=$R/target/ship cargo cinstall --release --locked --offline \
                  --manifest-path $R/Cargo.toml --prefix $PWD/prefix --libdir lib --datadir lib";
    folder.sh(&tools, script);
    let prefix = folder.0.join("prefix");
    assert_eq!(installed(&folder, &prefix), expected_library("", "lib", "include"));
    let library = prefix.join(format!("lib/libtigergraph_auth.so.{VERSION}"));
    assert!(folder.sh(&library, "readelf -d $P").contains(&format!("soname: [{}]", soname())));
    assert_eq!(lines(&folder.sh(&library, "nm -D --defined-only $P | sed 's/.* //'")), functions());

    if !has_pkg_config() || !has_cmake() {
        return;
    }
    folder.sh(&prefix, &block("sh", 1));
    folder.gets_a_token(&prefix, RUN_SHARED);
    cmake(&folder, &prefix, "build");
    folder.gets_a_token(&prefix, "./get_token");
    // Where it puts things if nobody says where: the CMake package into share, libraries into lib64 or Debian's folder.
    folder.sh(&prefix, "mkdir $P/share && mv $P/lib/cmake $P/share && mv $P/lib $P/lib64");
    cmake(&folder, &prefix, "build-64");
    folder.gets_a_token(&prefix, "./get_token");
    folder.sh(&prefix, "mkdir $P/lib && mv $P/lib64 $P/lib/$(cc -print-multiarch)");
    cmake(&folder, &prefix, "build-multiarch");
    folder.gets_a_token(&prefix, "./get_token");
}

#[test]
fn debian_packages_are_built_installed_used_and_removed() {
    let tools = "command -v dpkg-deb dpkg-shlibdeps pkg-config";
    let root = "[ $(id -u) = 0 ] || unshare --map-root-user true";
    if !can(tools, "dpkg-dev or pkg-config is missing") || !can(root, "one must be root, or root of a namespace") {
        return;
    }
    prefix();
    let folder = Folder::new("debian");
    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    let secret = server.add_secret("alice", None, "install");
    let environment =
        [("TG_HOST", server.gateway_url()), ("TG_SECRET", secret), ("CARGO_TARGET_DIR", "target/ship".to_owned())];
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    let printed = folder.command(prefix(), "$R/tests/install/debian $PWD", &environment);
    assert!(printed.ends_with("nothing is left\n"), "{printed}");
}

#[test]
fn the_reference_is_rendered_without_a_warning() {
    if !can("doxygen --version && go version && yard --version", "doxygen, go or yard is missing") {
        return;
    }
    make("reference");
    for (language, name) in [
        ("go", "Conn.Authorization"),
        ("ruby", "Connection#authorization"),
        ("dotnet", "TigerGraphConnection.GetAuthorization"),
    ] {
        let page = read(format!("target/reference/api-{language}.html"));
        assert!(page.contains(&format!("{name}</h2>")), "the page of the package for {language} has no {name}");
    }
    assert!(read("target/reference/index.html").contains(">Begin in C</a>"), "the guides are missing");
    let conventions = read("target/reference/conventions.html");
    assert!(
        conventions.contains("<b>Success and failure.</b>") && conventions.contains("<b>Stability.</b>"),
        "conventions are missing"
    );
    let folder = Folder::new("reference");
    let groups = folder.sh(root(), "cat $P/target/reference/group__c__*.html");
    for function in functions() {
        assert!(groups.contains(&format!("{function}()</h2>")), "{function} is in no chapter");
    }
    let chapters = lines(&folder.sh(root(), "sed -n 's|^/\\* \\(.*\\) ===.*|\\1|p' $P/include/tigergraph_auth.h"));
    let listed = read("target/reference/modules.html");
    for chapter in chapters {
        assert!(listed.contains(&format!(">{chapter}</a>")), "{chapter}");
    }
}

/// Root installs into /usr/local, and a program starts: no path in it, none in the environment. A staged installation
/// leaves the list of the system's loader alone. In a mount namespace, so that nothing of this machine changes.
#[test]
fn the_loader_finds_what_root_installs() {
    if !can("unshare --mount mount -t tmpfs none /mnt", "only root may make mounts") {
        return;
    }
    let folder = Folder::with_example("loader");
    let script = r#"
        cp -a /etc etc
        mkdir lib bin include
        mount --bind etc /etc
        for name in lib bin include; do mount --bind $name /usr/local/$name; done
        rm -f /usr/local/lib/libtigergraph_auth.*
        ldconfig
        cp /etc/ld.so.cache before
        make -C "$R" install PREFIX=/usr/local DESTDIR="$PWD/staged" > /dev/null
        cmp before /etc/ld.so.cache
        make -C "$R" install > /dev/null
        cc get_token.c -o get_token -ltigergraph_auth
        ./get_token
        make -C "$R" uninstall > /dev/null
        cmp before /etc/ld.so.cache"#;
    let inside = format!("unshare --mount --propagation private bash -euo pipefail -c '{script}'");
    folder.gets_a_token(prefix(), &inside);
}

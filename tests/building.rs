//! The library as a part of another project: CMake's add_subdirectory() and FetchContent, and Meson's subprojects, as
//! packaging/README.md describes them. And the stand-in, as `make install-standin` installs it for other people's tests.
//!
//! All share one folder of cargo, and the profile `dev`: what `release` makes is tested in install.rs.

#[path = "common/folder.rs"]
mod folder;
#[path = "common/skip.rs"]
mod skip;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use folder::{Folder, block, can, read, root};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Where cargo works for all these tests. Not in a folder of the other tests, whose library has another name.
fn cargo_works_in() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("building")
}

/// With packaging/README.md's example, and the block of code with this number as its CMakeLists.txt. The sources of the
/// library are beside it, in a path with a space.
fn project(name: &str, list: &str) -> Folder {
    let folder = Folder::with_example(&format!("a {name}"));
    std::fs::write(folder.0.join("CMakeLists.txt"), list).expect("a file");
    std::os::unix::fs::symlink(root(), folder.0.join("tigergraph-auth")).expect("a link");
    folder
}

/// What bash prints in the folder. `$T` is where cargo works.
fn sh(folder: &Folder, script: &str) -> String {
    folder.command(root(), script, &environment())
}

/// The library is built once, before the tests use it at the same time.
fn is_built() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = Folder::new("first-build");
        sh(&folder, "CARGO_TARGET_DIR=$T $R/packaging/library build dev lib cc");
    });
}

fn environment() -> Vec<(&'static str, &'static str)> {
    let works_in: &str = Box::leak(cargo_works_in().to_string_lossy().into_owned().into_boxed_str());
    // Without what debuggers need, it is built in half the time.
    vec![("T", works_in), ("CARGO_PROFILE_DEV_DEBUG", "0"), ("CARGO_NET_OFFLINE", "true")]
}

/// What a command says that has to fail.
fn refused(folder: &Folder, script: &str) -> String {
    let said = sh(folder, &format!("if ({script}) > said 2>&1; then echo succeeded >> said; exit 1; fi; cat said"));
    // CMake breaks the lines of its messages.
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn has_cmake() -> bool {
    can("cmake --version && ninja --version", "cmake or ninja is missing")
}

fn has_meson() -> bool {
    can("meson --version && ninja --version", "meson or ninja is missing")
}

/// The example, also linked statically, and installed.
fn both_kinds(list: &str) -> String {
    list.to_owned()
        + "add_executable(fixed get_token.c)\n\
           target_link_libraries(fixed PRIVATE tigergraph_auth::static)\n\
           install(TARGETS get_token fixed)\n"
}

const SETTINGS: &str = "-DTIGERGRAPH_AUTH_CARGO_TARGET_DIR=\"$T\"";

#[test]
fn add_subdirectory_gives_the_targets_of_find_package() {
    if !has_cmake() {
        return;
    }
    is_built();
    let folder = project("subdirectory", &both_kinds(&block("cmake", 1)));
    for (index, (generator, configuration)) in
        [("Unix Makefiles", ""), ("Ninja", ""), ("Ninja Multi-Config", "/Debug")].into_iter().enumerate()
    {
        let build = format!("build{index}");
        sh(&folder, &format!("cmake -S . -B {build} -G '{generator}' -DCMAKE_BUILD_TYPE=Debug {SETTINGS}"));
        sh(&folder, &format!("cmake --build {build} --config Debug"));
        let needs = sh(&folder, &format!("readelf -d {build}{configuration}/get_token"));
        assert!(needs.contains("[libtigergraph_auth.so.0.1]"), "{needs}");
        let needs = sh(&folder, &format!("readelf -d {build}{configuration}/fixed"));
        assert!(!needs.contains("libtigergraph_auth"), "{needs}");
        folder.gets_a_token(root(), &format!("{build}{configuration}/get_token"));
        folder.gets_a_token(root(), &format!("{build}{configuration}/fixed"));
        // Cargo is asked again, and nothing is linked again.
        let again = sh(&folder, &format!("cmake --build {build} --config Debug 2>&1"));
        assert!(again.contains("Finished") && !again.contains("Linking"), "{generator}: {again}");
    }
    // What is installed is the outer project's own, which may ask for the shared library besides.
    sh(&folder, "cmake --install build0 --prefix own");
    assert_eq!(sh(&folder, "find own ! -type d | sort"), "own/bin/fixed\nown/bin/get_token\n");
    sh(&folder, "echo 'install(IMPORTED_RUNTIME_ARTIFACTS tigergraph_auth::tigergraph_auth)' >> CMakeLists.txt");
    sh(&folder, "cmake --build build0 && cmake --install build0 --prefix own");
    assert!(sh(&folder, "find own ! -type d").contains("libtigergraph_auth.so.0.1\n"));
    folder.gets_a_token(root(), "LD_LIBRARY_PATH=$(dirname own/lib*/libt*.so.0.1) own/bin/get_token");
    // Options of the outer project that are no business of the library.
    let options = "-DBUILD_SHARED_LIBS=OFF -DCMAKE_C_FLAGS='-fsanitize=address' -DCMAKE_POSITION_INDEPENDENT_CODE=ON";
    sh(&folder, &format!("cmake -S . -B others -DCMAKE_BUILD_TYPE=Debug {options} {SETTINGS} && cmake --build others"));
    folder.gets_a_token(root(), "others/get_token");
}

/// Cargo's arguments, told by what stands between CMake and cargo. It builds `dev` instead of `release`, in less time.
#[test]
fn every_configuration_has_its_profile_of_cargo() {
    if !has_cmake() {
        return;
    }
    is_built();
    let folder = project("profiles", &both_kinds(&block("cmake", 1)));
    let between = "#!/bin/bash\n[ $1 = rustc ] || exec cargo \"$@\"\nprintf '%s\\n' \"$*\" >> \"$ASKED\"\n\
                   mkdir -p \"$CARGO_TARGET_DIR/$HOST\"\nln -sfn debug \"$CARGO_TARGET_DIR/$HOST/release\"\n\
                   exec cargo \"${@/#release/dev}\"\n";
    std::fs::write(folder.0.join("between"), between).expect("a file");
    let host = sh(&folder, "chmod +x between && cargo -vV | sed -n 's/^host: //p'");
    let settings = format!("-DTIGERGRAPH_AUTH_CARGO=\"$PWD/between\" {SETTINGS}");
    let run = |script: &str| sh(&folder, &format!("export HOST={} ASKED=$PWD/asked; {script}", host.trim()));
    for (arguments, profile) in [
        ("-DCMAKE_BUILD_TYPE=Release", "release"),
        ("", "release"),
        ("-DCMAKE_BUILD_TYPE=Debug -DTIGERGRAPH_AUTH_PROFILE=release", "release"),
    ] {
        run(&format!("rm -rf asked build; cmake -G Ninja -S . -B build {arguments} {settings} && cmake --build build"));
        let asked = run("cat asked");
        assert!(asked.contains(&format!("rustc --locked --lib --profile {profile} --target ")), "{arguments}: {asked}");
        folder.gets_a_token(root(), "build/get_token");
    }
    run(&format!(
        "rm asked; cmake -G 'Ninja Multi-Config' -S . -B multi {settings} && cmake --build multi --config Release"
    ));
    assert!(run("cat asked").contains("--profile release"));
    folder.gets_a_token(root(), "multi/Release/get_token");
}

#[test]
fn what_cmake_installs_is_what_make_installs() {
    if !has_cmake() {
        return;
    }
    is_built();
    let folder = Folder::with_example("a top");
    let settings = format!("-DCMAKE_BUILD_TYPE=Debug {SETTINGS} -DCMAKE_INSTALL_PREFIX=\"$PWD/p q\"");
    // Below a folder of `lib`, where it takes one step more to the headers.
    let lib = "lib/x86_64-linux-gnu";
    sh(&folder, &format!("cmake -S $R -B build {settings} -DCMAKE_INSTALL_LIBDIR={lib}"));
    sh(&folder, "cmake --build build && cmake --install build");
    let mut expected: Vec<String> = [
        format!("libtigergraph_auth.so.{VERSION}"),
        "libtigergraph_auth.so.0.1".to_owned(),
        "libtigergraph_auth.so".to_owned(),
        "libtigergraph_auth.a".to_owned(),
        "pkgconfig/tigergraph_auth.pc".to_owned(),
        "cmake/tigergraph_auth/tigergraph_auth-config.cmake".to_owned(),
        "cmake/tigergraph_auth/tigergraph_auth-config-version.cmake".to_owned(),
    ]
    .map(|file| format!("{lib}/{file}"))
    .to_vec();
    for header in std::fs::read_dir(root().join("include")).expect("include") {
        expected.push(format!("include/{}", header.expect("a file").file_name().to_string_lossy()));
    }
    expected.sort();
    let found = sh(&folder, "cd 'p q' && find . ! -type d -printf '%P\\n' | LC_ALL=C sort");
    assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{lib}");
    // And is used in the same way, also elsewhere.
    sh(&folder, "mv 'p q' 'm n'");
    sh(&folder, &format!("cmake -S . -B used -Dtigergraph_auth_DIR=\"$PWD/m n/{lib}/cmake/tigergraph_auth\""));
    sh(&folder, "cmake --build used");
    folder.gets_a_token(root(), "used/get_token");
    let script = format!(
            "export PKG_CONFIG_PATH=\"$PWD/m n/{lib}/pkgconfig\"; test $(pkg-config --modversion tigergraph_auth) = {VERSION}
             eval cc get_token.c $(pkg-config --cflags --libs tigergraph_auth) -o by_pkg_config"
        );
    sh(&folder, &script);
    folder.gets_a_token(root(), &format!("LD_LIBRARY_PATH=\"$PWD/m n/{lib}\" ./by_pkg_config"));
}

/// From an archive, which is unpacked into a path with a space, and is built there.
#[test]
fn fetch_content_builds_what_it_fetched() {
    if !has_cmake() {
        return;
    }
    let url = &format!("https://downloads.example.com/tigergraph-auth-{VERSION}.tar.gz");
    let list = block("cmake", 2);
    assert!(list.contains(url), "{list}");
    let folder = project("fetched", &both_kinds(&list.replace(url, "\"${CMAKE_SOURCE_DIR}/archive.tar.gz\"")));
    // As an archive has it, in a folder of its own; the corpora and what was built are not needed.
    sh(
        &folder,
        "tar -C $R --exclude=./target --exclude=./.git --exclude=./fuzz --transform 's|^.|sources|' -cf - . \
                 | gzip -1 > archive.tar.gz",
    );
    // Other sources than those of the other tests, so cargo works elsewhere. What it has made of the crates is good there too.
    is_built();
    sh(&folder, "cp -a \"$T\" cargo");
    // Installed libraries are not looked for, and a second part of the project brings the library along too.
    sh(&folder, "echo 'add_subdirectory(tigergraph-auth)' >> CMakeLists.txt");
    let settings = "-DFETCHCONTENT_TRY_FIND_PACKAGE_MODE=NEVER -DCMAKE_BUILD_TYPE=Debug \
                    -DTIGERGRAPH_AUTH_CARGO_TARGET_DIR=\"$PWD/cargo\"";
    sh(&folder, &format!("cmake -G Ninja -S . -B build {settings} && cmake --build build"));
    folder.gets_a_token(root(), "build/get_token");
    folder.gets_a_token(root(), "build/fixed");
    // What has changed is built again.
    let before = sh(&folder, "sha256sum < build/get_token; sha256sum < build/_deps/tigergraph_auth-build/lib/*.so");
    sh(&folder, "echo '#[used] static CHANGED: u8 = 7;' >> build/_deps/tigergraph_auth-src/src/lib.rs");
    sh(&folder, "cmake --build build");
    let after = sh(&folder, "sha256sum < build/get_token; sha256sum < build/_deps/tigergraph_auth-build/lib/*.so");
    assert_ne!(before.lines().nth(1), after.lines().nth(1), "{after}");
    // find_package() is answered by what is fetched.
    let list = "cmake_minimum_required(VERSION 3.24)\nproject(outer C)\ninclude(FetchContent)\n\
                FetchContent_Declare(tigergraph_auth SOURCE_DIR ${CMAKE_SOURCE_DIR}/tigergraph-auth OVERRIDE_FIND_PACKAGE)\n\
                find_package(tigergraph_auth 0.1 REQUIRED)\nadd_executable(get_token get_token.c)\n\
                target_link_libraries(get_token PRIVATE tigergraph_auth::tigergraph_auth)\n";
    std::fs::write(folder.0.join("CMakeLists.txt"), list).expect("a file");
    sh(&folder, &format!("cmake -S . -B overridden -DCMAKE_BUILD_TYPE=Debug {SETTINGS} && cmake --build overridden"));
    folder.gets_a_token(root(), "overridden/get_token");
}

#[test]
fn two_versions_in_one_project_are_an_error_if_the_newer_one_comes_second() {
    if !has_cmake() {
        return;
    }
    let folder = project("versions", "");
    let list = |first: &str, second: &str| {
        let text = format!(
            "cmake_minimum_required(VERSION 3.16)\nproject(versions C)\nadd_subdirectory({first})\nadd_subdirectory({second})\n"
        );
        std::fs::write(folder.0.join("CMakeLists.txt"), text).expect("a file");
    };
    for version in ["0.1.0", "0.1.99", "0.2.0", "0.0.9"] {
        let script = format!(
            "mkdir -p {version}; cp $R/CMakeLists.txt {version}; sed '0,/^version = .*/s//version = \"{version}\"/' \
                              $R/Cargo.toml > {version}/Cargo.toml"
        );
        sh(&folder, &script);
        list("tigergraph-auth", version);
        if version == "0.1.0" {
            sh(&folder, "cmake -S . -B build");
            continue;
        }
        let said = refused(&folder, "cmake -S . -B build");
        let expected = format!(
            "tigergraph-auth {VERSION} is a part of this project already, and something else in it brings {version}"
        );
        assert!(said.contains(&expected), "{said}");
    }
}

/// What a machine has that cannot build it, as CMake and Meson say it.
#[test]
fn what_is_missing_is_said() {
    if !has_cmake() {
        return;
    }
    let folder = project("missing", &block("cmake", 1));
    // PATH without cargo, and a home without one.
    let tools = Folder::new("few-tools");
    let without = "for tool in sh sed cc ld as ar nm ranlib objcopy make cmake uname dirname basename grep tr cat env ninja \
                   meson python3 pkg-config; do ln -sf \"$(command -v $tool || true)\" .; done";
    sh(&tools, without);
    let bare = format!("env -u CARGO -u CARGO_HOME PATH={} HOME=\"$PWD\"", tools.0.display());
    let said = refused(&folder, &format!("{bare} cmake -S . -B build"));
    let rust = read("Cargo.toml").lines().find_map(|line| line.strip_prefix("rust-version = ").map(str::to_owned));
    let rust = rust.expect("a version").replace('"', "");
    let missing = format!("cargo was not found. The library is written in Rust: install Rust {rust} or later");
    assert!(said.contains(&missing), "{said}");
    let said = refused(&folder, "rm -rf build; cmake -S . -B build -DTIGERGRAPH_AUTH_CARGO=/nowhere/cargo");
    assert!(said.contains("/nowhere/cargo was not found"), "{said}");

    // Too old, or without Rust's standard library for the target.
    std::fs::write(folder.0.join("old"), "#!/bin/sh\necho 'release: 1.70.0'\n").expect("a file");
    let said = refused(&folder, "chmod +x old; rm -rf build; cmake -S . -B build -DTIGERGRAPH_AUTH_CARGO=\"$PWD/old\"");
    assert!(said.contains(&format!("is version 1.70.0; Rust {rust} or later is needed")), "{said}");
    let said = refused(&folder, "rm -rf build; cmake -S . -B build -DTIGERGRAPH_AUTH_RUST_TARGET=no-such-target");
    assert!(said.contains("rustc does not know the target no-such-target"), "{said}");
    let target = "sparcv9-sun-solaris";
    let said = refused(&folder, &format!("rm -rf build; cmake -S . -B build -DTIGERGRAPH_AUTH_RUST_TARGET={target}"));
    assert!(said.contains(&format!("rustup target add {target}")), "{said}");
    let said =
        refused(&folder, "rm -rf build; cmake -S . -B build -DTIGERGRAPH_AUTH_RUST_TARGET=x86_64-pc-windows-gnu");
    assert!(said.contains("does not build on Windows yet"), "{said}");

    if !has_meson() {
        return;
    }
    subproject(&folder);
    let said = refused(&folder, &format!("{bare} meson setup meson"));
    assert!(said.contains(&missing), "{said}");
    let said = refused(&folder, "meson setup meson -Dtigergraph_auth:cargo_target=no-such-target");
    assert!(said.contains("rustc does not know the target no-such-target"), "{said}");
}

/// Tools that tell what they are asked for: cross compilers of these machines are on few computers.
#[test]
fn a_cross_compiler_decides_the_target() {
    if !has_cmake() {
        return;
    }
    let folder = project("cross", &block("cmake", 1));
    let compiler = "#!/bin/bash\ncase \"$*\" in\n\
                    *-dM*) cat \"${0%/*}/macros\" ;;\n\
                    *-print-prog-name=*) echo \"cross-${*##*=}\" ;;\n\
                    *) exec cc \"$@\" ;;\nesac\n";
    let rustc = "#!/bin/bash\n[ $1 = --print ] && echo / && exit\nexit 1\n";
    let cargo = "#!/bin/bash\n[ $1 = -vV ] && exec cargo \"$@\"\n\
                 { echo \"$*\"; env; } > \"${0%/*}/asked\"\nexit 1\n";
    for (name, text) in [("cross-cc", compiler), ("rustc", rustc), ("asking", cargo)] {
        std::fs::write(folder.0.join(name), text).expect("a file");
        sh(&folder, &format!("chmod +x {name}"));
    }
    let toolchain = "set(CMAKE_SYSTEM_NAME Linux)\nset(CMAKE_SYSTEM_PROCESSOR other)\n\
                     set(CMAKE_C_COMPILER \"${CMAKE_CURRENT_LIST_DIR}/cross-cc\")\nset(CMAKE_C_COMPILER_WORKS ON)\n\
                     set(CMAKE_SYSROOT /)\n";
    std::fs::write(folder.0.join("toolchain.cmake"), toolchain).expect("a file");
    let arguments = "-S . -B build -DCMAKE_TOOLCHAIN_FILE=toolchain.cmake -DTIGERGRAPH_AUTH_CARGO=\"$PWD/asking\"";
    for (macros, target) in [
        ("__aarch64__ __LP64__ __linux__ __GLIBC__", "aarch64-unknown-linux-gnu"),
        ("__aarch64__ __LP64__ __linux__", "aarch64-unknown-linux-musl"),
        ("__arm__ __ARM_ARCH_7A__ __ARM_PCS_VFP __linux__ __GLIBC__", "armv7-unknown-linux-gnueabihf"),
        ("__i386__ __linux__ __GLIBC__", "i686-unknown-linux-gnu"),
        ("__riscv __riscv_xlen=64 __linux__ __GLIBC__", "riscv64gc-unknown-linux-gnu"),
        ("__powerpc64__ __LITTLE_ENDIAN__ __linux__ __GLIBC__", "powerpc64le-unknown-linux-gnu"),
    ] {
        let lines = macros.split(' ').map(|name| format!("#define {}\n", name.replace('=', " ")));
        std::fs::write(folder.0.join("macros"), lines.collect::<String>()).expect("a file");
        sh(&folder, &format!("rm -rf build; RUSTC=$PWD/rustc cmake {arguments}"));
        refused(&folder, "RUSTC=$PWD/rustc cmake --build build");
        let asked = sh(&folder, "cat asked");
        let (lower, compiler) = (target.replace('-', "_"), folder.0.join("cross-cc"));
        assert!(asked.contains(&format!(" --target {target} ")), "{asked}");
        assert!(asked.contains(&format!("CC_{lower}={}\n", compiler.display())), "{asked}");
        assert!(
            asked.contains(&format!("CARGO_TARGET_{}_LINKER={}\n", lower.to_uppercase(), compiler.display())),
            "{asked}"
        );
        assert!(asked.contains("-C link-arg=--sysroot=/ ") && asked.contains("--sysroot=/\n"), "{asked}");
    }
    std::fs::write(folder.0.join("macros"), "#define __m68k__ 1\n#define __linux__ 1\n").expect("a file");
    let said = refused(&folder, &format!("rm -rf build; RUSTC=$PWD/rustc cmake {arguments}"));
    assert!(said.contains("no Rust target is known for") && said.contains("TIGERGRAPH_AUTH_RUST_TARGET"), "{said}");
}

/// As packaging/README.md says, with the sources where the wrap would fetch them to.
fn subproject(folder: &Folder) {
    folder.sh(root(), "mkdir -p subprojects && ln -sfn $R subprojects/tigergraph_auth");
    std::fs::write(folder.0.join("subprojects/tigergraph_auth.wrap"), block("ini", 0)).expect("a file");
    std::fs::write(folder.0.join("meson.build"), block("meson", 0)).expect("a file");
}

#[test]
fn meson_builds_it_as_a_subproject() {
    if !has_meson() {
        return;
    }
    is_built();
    let folder = Folder::with_example("a meson");
    subproject(&folder);
    let more = "executable('fixed', 'get_token.c', dependencies: dependency('tigergraph_auth', static: true))\n\
                executable('again', 'get_token.c', dependencies: dependency('tigergraph_auth', static: false))\n";
    std::fs::write(folder.0.join("meson.build"), block("meson", 0) + more).expect("a file");
    // No installed one is taken.
    let settings = "--wrap-mode=forcefallback -Dtigergraph_auth:cargo_target_dir=\"$T\"";
    for (build, library, get_token, again) in [("shared", "shared", true, true), ("static", "static", false, true)] {
        sh(&folder, &format!("meson setup {build} -Ddefault_library={library} {settings} && ninja -C {build}"));
        for (program, shared) in [("get_token", get_token), ("fixed", false), ("again", again)] {
            let needs = sh(&folder, &format!("readelf -d {build}/{program}"));
            assert_eq!(needs.contains("[libtigergraph_auth.so.0.1]"), shared, "{build}/{program}: {needs}");
            folder.gets_a_token(root(), &format!("{build}/{program}"));
        }
        let once_more = sh(&folder, &format!("ninja -C {build} 2>&1"));
        assert!(once_more.contains("Finished") && !once_more.contains("Linking"), "{once_more}");
        // Installed: the program, and what it and others need.
        sh(&folder, &format!("DESTDIR=\"$PWD/{build}/d\" meson install -C {build}"));
        let found = sh(&folder, &format!("cd {build}/d && find . ! -type d"));
        for (file, kind) in [(".so.0.1\n", "static"), (&format!(".so.{VERSION}\n"), "static"), ("auth.a\n", "shared")] {
            assert_eq!(found.contains(file), library != kind, "{library}: {file}: {found}");
        }
        for file in [
            "bin/get_token\n",
            "include/tigergraph_auth.h\n",
            "include/tigergraph_auth.hpp\n",
            "pkgconfig/tigergraph_auth.pc\n",
        ] {
            assert!(found.contains(file), "{library}: {file}: {found}");
        }
    }
    let profile =
        "meson setup plain -Dbuildtype=release --wrap-mode=forcefallback && ninja -C plain -t commands get_token";
    assert!(sh(&folder, profile).contains(" build release "));
    sh(&folder, "meson setup skipped --wrap-mode=forcefallback -Dtigergraph_auth:cargo_target_dir=\"$T\"");
    sh(&folder, "DESTDIR=\"$PWD/d\" meson install -C skipped --skip-subprojects");
    assert_eq!(sh(&folder, "find d ! -type d"), "d/usr/local/bin/get_token\n");
    // The installed files are what pkg-config says.
    let script = "export PKG_CONFIG_PATH=$(dirname shared/d/usr/local/lib*/*/pkgconfig/tigergraph_auth.pc)
                  export PKG_CONFIG_SYSROOT_DIR=$PWD/shared/d
                  cc get_token.c $(pkg-config --cflags --libs tigergraph_auth | sed 's/ a /\\ a /g') -o linked";
    let spaceless = Folder::with_example("meson-installed");
    sh(&spaceless, &format!("cp -r {:?}/shared . && {script}", folder.0));
    spaceless
        .gets_a_token(root(), "LD_LIBRARY_PATH=$(dirname shared/d/usr/local/lib*/*/libtigergraph_auth.so) ./linked");
}

/// The stand-in is a program of its own for the tests of others.
#[test]
fn the_stand_in_is_installed_for_tests() {
    let folder = Folder::with_example("standin");
    // Built where this test is built, whose parts it shares.
    let own = std::env::current_exe().expect("this program");
    let profile = own.ancestors().nth(2).expect("a folder");
    let target = profile.parent().expect("a folder").display();
    let make = |what: &str| {
        let destination = format!("DESTDIR=\"$PWD/root\" PREFIX=/opt CARGO_TARGET_DIR='{target}' STANDIN_PROFILE=dev");
        sh(&folder, &format!("unset CARGO_PROFILE_DEV_DEBUG; make --no-print-directory -C $R {what} {destination}"))
    };
    if !can(
        &format!("test \"{}\" = debug", profile.file_name().expect("a name").to_string_lossy()),
        "these tests are no debug build",
    ) {
        return;
    }
    make("install-standin");
    // Without cargo: nothing is built again, as root may have none.
    make("install-standin CARGO=false");
    let files = "root/opt/bin/tigergraph-standin\nroot/opt/share/man/man1/tigergraph-standin.1\n";
    assert_eq!(sh(&folder, "find root ! -type d | sort"), files);
    let help = sh(&folder, "root/opt/bin/tigergraph-standin --help");
    assert!(help.contains("For tests alone"), "{help}");
    let page = "root/opt/share/man/man1/tigergraph-standin.1";
    assert!(read("packaging/tigergraph-standin.1").contains("It is for tests alone."));
    for option in
        help.lines().filter_map(|line| line.trim_start().strip_prefix("--")).map(|line| line.split(' ').next())
    {
        let option = option.unwrap_or_default().replace('-', "\\-");
        assert!(
            read("packaging/tigergraph-standin.1").contains(&format!("\\-\\-{option}")),
            "the page has no --{option}"
        );
    }
    if can("mandoc -T lint /dev/null; command -v mandoc", "mandoc is missing") {
        sh(&folder, &format!("mandoc -T lint -W warning {page}"));
    }
    let mut command = Command::new(folder.0.join("root/opt/bin/tigergraph-standin"));
    command.args(["--print-json", "--exit-with-parent", "--gateway-port", "0", "--restpp-port", "0"]);
    let mut standin = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the stand-in");
    let mut line = String::new();
    BufReader::new(standin.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    let told: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert!(told["gateway_url"].as_str().is_some_and(|url| url.starts_with("http://127.0.0.1:")), "{line}");
    drop(standin.stdin.take());
    assert!(standin.wait().expect("its end").success());
    make("uninstall-standin");
    assert_eq!(sh(&folder, "find root ! -type d"), "");
}

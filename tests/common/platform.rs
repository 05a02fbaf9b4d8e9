//! Other systems than this machine, on which `tests/platforms` tries the C programs with what `packaging/prebuilt` built
//! for them. The servers stay on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

/// How a program gets the library.
#[derive(Clone, Copy, PartialEq)]
enum Link {
    Shared,
    /// By the import library. The program finds the DLL by its path.
    Dll,
    /// With everything else that the program needs too, and with what unwinds panics.
    Static(&'static [&'static str]),
}

/// A system, as `TEST_PLATFORM` names it. Programs and folders are those of this repository, or in PATH.
#[derive(PartialEq)]
pub struct Platform {
    name: &'static str,
    /// As `packaging/prebuilt` and Rust call it.
    target: &'static str,
    compiler: &'static [&'static str],
    /// Warnings that its own headers cause.
    tolerates: &'static [&'static str],
    link: Link,
    /// The words that start a program there.
    start: &'static [&'static str],
    /// What a reader of programs, `readelf` or `objdump`, has to say of one that is for it.
    proof: &'static [&'static str],
}

/// Of `tests/setup/install zig`.
const ZIG: &str = "target/zig/bin/python-zig";

/// The stacks of threads as musl alone has them; Zig's programs ask for 16 MiB.
const SMALL_STACKS: &str = "-Wl,-z,stack-size=131072";

/// Macros of the C library's headers that come with Zig.
const OF_HEADERS: &[&str] = &["-Wno-c11-extensions"];

/// What Zig brings to unwind panics.
const OF_ZIG: Link = Link::Static(&["-lunwind"]);

/// Debian's, which is made for glibc, and the one function of glibc that it wants.
const OF_GCC: Link = Link::Static(&["-Wl,--eh-frame-hdr", "tests/c/find_object.c", "-lgcc_eh"]);

const PLATFORMS: [Platform; 8] = [
    Platform {
        name: "glibc-2.17",
        target: "x86_64-unknown-linux-gnu",
        compiler: &["cc"],
        tolerates: &[],
        link: Link::Shared,
        start: &[],
        proof: &["X86-64", "/lib64/ld-linux-x86-64.so.2"],
    },
    Platform {
        name: "debian-11",
        target: "x86_64-unknown-linux-gnu",
        // What this machine's compiler links needs this machine's glibc.
        compiler: &[ZIG, "cc", "-target", "x86_64-linux-gnu.2.31"],
        tolerates: OF_HEADERS,
        link: Link::Shared,
        start: &["tests/platforms/inside", "bullseye"],
        proof: &["X86-64", "/lib64/ld-linux-x86-64.so.2"],
    },
    Platform {
        name: "musl",
        target: "x86_64-unknown-linux-musl",
        compiler: &["musl-gcc"],
        tolerates: &[],
        link: Link::Shared,
        start: &[],
        proof: &["X86-64", "/lib/ld-musl-x86_64.so.1"],
    },
    Platform {
        name: "musl-static-gcc",
        target: "x86_64-unknown-linux-musl",
        compiler: &["musl-gcc", "-static"],
        tolerates: &[],
        link: OF_GCC,
        start: &[],
        proof: &["X86-64"],
    },
    Platform {
        name: "musl-static",
        target: "x86_64-unknown-linux-musl",
        compiler: &[ZIG, "cc", "-target", "x86_64-linux-musl", "-static", SMALL_STACKS],
        tolerates: OF_HEADERS,
        link: OF_ZIG,
        start: &[],
        proof: &["X86-64"],
    },
    Platform {
        name: "arm64",
        target: "aarch64-unknown-linux-gnu",
        compiler: &["aarch64-linux-gnu-gcc"],
        tolerates: &[],
        link: Link::Shared,
        start: &["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"],
        proof: &["AArch64", "/lib/ld-linux-aarch64.so.1"],
    },
    Platform {
        name: "arm64-musl-static",
        target: "aarch64-unknown-linux-musl",
        compiler: &[ZIG, "cc", "-target", "aarch64-linux-musl", "-static", SMALL_STACKS],
        tolerates: OF_HEADERS,
        link: OF_ZIG,
        start: &["qemu-aarch64"],
        proof: &["AArch64"],
    },
    Platform {
        name: "windows",
        target: "x86_64-pc-windows-gnu",
        compiler: &["x86_64-w64-mingw32-gcc"],
        tolerates: &[],
        link: Link::Dll,
        start: &["tests/platforms/wine"],
        proof: &["pei-x86-64"],
    },
];

/// A word of a command: a path of this repository is made one that holds in every folder.
fn word(word: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(word);
    if word.contains('/') && path.exists() { path.display().to_string() } else { word.to_owned() }
}

impl Platform {
    /// The one of this run; none is this machine.
    pub fn chosen() -> Option<&'static Platform> {
        let name = std::env::var("TEST_PLATFORM").ok()?;
        let found = PLATFORMS.iter().find(|platform| platform.name == name);
        Some(found.unwrap_or_else(|| panic!("TEST_PLATFORM is {name:?}, which is no platform")))
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn compiler(&self) -> Command {
        let mut command = Command::new(word(self.compiler[0]));
        command.args(self.compiler[1..].iter().copied().map(word));
        command
    }

    /// Comes after the flags that ask for warnings.
    pub fn tolerates(&self) -> &'static [&'static str] {
        self.tolerates
    }

    /// Where `packaging/prebuilt` has left the library; `PREBUILT` may name another folder than its own.
    pub fn library_folder(&self) -> PathBuf {
        let prebuilt = std::env::var("PREBUILT").unwrap_or_else(|_| "target/prebuilt".to_owned());
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(prebuilt).join(self.target).join("lib");
        assert!(folder.is_dir(), "{} is missing: packaging/prebuilt {}", folder.display(), self.target);
        folder
    }

    /// What links a program with the library in this folder.
    pub fn link(&self, library: &Path) -> Vec<String> {
        match self.link {
            Link::Shared => super::link_shared(library),
            Link::Static(unwinds) => {
                let archive = library.join("libtigergraph_auth.a").display().to_string();
                [archive].into_iter().chain(unwinds.iter().copied().map(word)).collect()
            }
            Link::Dll => vec![library.join("libtigergraph_auth.dll.a").display().to_string()],
        }
    }

    /// What comes last: threads, and libraries that are loaded later. mingw's threads are in a DLL that no Windows has.
    pub fn link_last(&self) -> &'static [&'static str] {
        if self.link == Link::Dll { &["-static", "-pthread", "-lws2_32"] } else { super::LINK_LAST }
    }

    /// What the name of a program ends with.
    pub fn suffix(&self) -> &'static str {
        if self.link == Link::Dll { ".exe" } else { "" }
    }

    /// What a reader of programs says of one.
    fn description(&self, program: &Path) -> String {
        let reader: &[&str] = match self.link {
            Link::Dll => &["x86_64-w64-mingw32-objdump", "-p"],
            Link::Shared | Link::Static(_) => &["readelf", "-hldW"],
        };
        let said = Command::new(reader[0]).args(&reader[1..]).arg(program).output().expect(reader[0]);
        String::from_utf8_lossy(&said.stdout).into_owned()
    }

    /// A program as it is started there, once it is proved to be for the platform and to have the library that was meant.
    pub fn started(&self, program: PathBuf) -> PathBuf {
        let said = self.description(&program);
        let needs_library =
            ["[libtigergraph_auth.so", "DLL Name: tigergraph_auth.dll"].iter().any(|it| said.contains(it));
        assert!(self.proof.iter().all(|proof| said.contains(proof)), "{}: {said}", self.name);
        assert_eq!(needs_library, !matches!(self.link, Link::Static(_)), "{}: {said}", self.name);
        assert_eq!(said.contains("INTERP"), self.link == Link::Shared, "{}: {said}", self.name);
        if self.start.is_empty() {
            return program;
        }
        let words: Vec<String> = self.start.iter().copied().map(word).collect();
        let script = program.with_extension("start");
        super::write_script(&script, &format!("exec {} '{}' \"$@\"", words.join(" "), program.display()));
        script
    }
}

//! What watches C and C++ programs while they run. `tests/sanitize` chooses; `cargo test` alone takes the first.

use std::path::Path;
use std::process::Command;

/// A tool, as `TEST_TOOL` names it.
#[derive(Clone, Copy, PartialEq)]
pub enum Tool {
    /// AddressSanitizer with its search for leaks, and UndefinedBehaviorSanitizer, in the program.
    Address,
    /// The same, and the library and Rust's standard library are built with AddressSanitizer too.
    AddressInside,
    /// ThreadSanitizer in the program.
    Thread,
    /// The same, and the library and Rust's standard library are built with it too.
    ThreadInside,
    /// valgrind, which sees all of both.
    Valgrind,
}

impl Tool {
    /// The one of this run.
    pub fn chosen() -> Tool {
        match std::env::var("TEST_TOOL").as_deref() {
            Err(_) | Ok("asan") => Tool::Address,
            Ok("asan-inside") => Tool::AddressInside,
            Ok("tsan") => Tool::Thread,
            Ok("tsan-inside") => Tool::ThreadInside,
            Ok("valgrind") => Tool::Valgrind,
            Ok(other) => panic!("TEST_TOOL is {other:?}, which is no tool"),
        }
    }

    /// The compilers for C and for C++. Rust's AddressSanitizer is LLVM's, so it needs a program of LLVM's.
    pub fn compilers(self) -> [&'static str; 2] {
        if self == Tool::AddressInside { ["clang", "clang++"] } else { ["cc", "c++"] }
    }

    /// What the compiler is told.
    pub fn flags(self) -> &'static [&'static str] {
        match self {
            // Without the second, undefined behaviour would only be printed.
            Tool::Address => &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
            // The library looks for the sanitizer in the program.
            Tool::AddressInside => &["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-rdynamic"],
            Tool::Thread => &["-fsanitize=thread"],
            // The library looks for the sanitizer in the program, and for what the last file has.
            Tool::ThreadInside => &["-fsanitize=thread", "-rdynamic", "tests/c/tsan_names.c"],
            Tool::Valgrind => &["-O1"],
        }
    }

    /// The folder of the library with the tool inside, which `tests/sanitize` builds before.
    pub fn library_folder(self) -> Option<&'static str> {
        match self {
            Tool::AddressInside => Some("target/asan/x86_64-unknown-linux-gnu/debug"),
            Tool::ThreadInside => Some("target/tsan/x86_64-unknown-linux-gnu/debug"),
            Tool::Address | Tool::Thread | Tool::Valgrind => None,
        }
    }

    /// The words that start a program; none if it starts itself.
    fn start(self) -> Option<String> {
        match self {
            Tool::Address | Tool::AddressInside => None,
            // Of the library's own synchronization it knows nothing: what the library does with memory is not judged.
            Tool::Thread => Some("env TSAN_OPTIONS=ignore_noninstrumented_modules=1".to_owned()),
            // It cannot be everywhere in memory; a longer history, so that both sides of a race are shown.
            Tool::ThreadInside => Some("env TSAN_OPTIONS=history_size=5 setarch -R".to_owned()),
            // Rust keeps pointers into the middle of blocks, as of each thread's own handle: "possibly lost".
            Tool::Valgrind => Some(format!(
                "valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect \
                 --errors-for-leak-kinds=definite,indirect --suppressions={}/tests/sanitize.supp",
                env!("CARGO_MANIFEST_DIR")
            )),
        }
    }

    /// Proves that the tool is in the program and, where it has to be, in the library.
    pub fn is_in(self, program: &Path, library: &Path) {
        let wanted: &[(&Path, &str)] = match self {
            Tool::Address => &[(program, "__asan_init"), (program, "__ubsan_")],
            Tool::AddressInside => &[(program, "__asan_init"), (program, "__ubsan_"), (library, "__asan_report_load")],
            Tool::Thread => &[(program, "__tsan_init")],
            Tool::ThreadInside => &[(program, "__tsan_init"), (library, "__tsan_func_entry")],
            // It is started before the program is, and fails if it is missing; tests/planted.rs reads what it says.
            Tool::Valgrind => &[],
        };
        for (file, symbol) in wanted {
            let symbols = Command::new("nm").arg("-D").arg(file).output().expect("nm");
            let symbols = String::from_utf8_lossy(&symbols.stdout).into_owned();
            assert!(symbols.contains(symbol), "{} has no {symbol}: the sanitizer is not in", file.display());
        }
    }

    /// Writes a script beside the program that starts it under the tool. Whether there has to be one.
    pub fn write_start(self, program: &Path, script: &Path) -> bool {
        let Some(start) = self.start() else { return false };
        super::write_script(script, &format!("exec {start} '{}' \"$@\"", program.display()));
        true
    }
}

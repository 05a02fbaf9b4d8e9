//! Renders the headers of C: include/tigergraph_auth.h, chapter by chapter, and tigergraph_auth.cdef.h beside it. Sets
//! link arguments.

#[path = "build/cdef.rs"]
mod cdef;

use std::path::{Path, PathBuf};
use std::{env, fs};

const HEADER: &str = "include/tigergraph_auth.h";
const CDEF: &str = "include/tigergraph_auth.cdef.h";

const EPILOGUE: &str = "\n#ifdef __cplusplus\n} /* extern \"C\" */\n#endif\n\n#endif /* TIGERGRAPH_AUTH_H */\n";

/// In the order in which a newcomer reads them, and in which types must be declared.
const CHAPTERS: [(&str, &str); 12] = [
    ("version", "Version"),
    ("status", "Status"),
    ("error", "Errors"),
    ("log", "Log"),
    ("config", "Configuration"),
    ("provider", "Token providers"),
    ("conn", "Connection"),
    ("secrets", "Secrets"),
    ("token", "Tokens"),
    ("wakeup", "Programs that may not wait"),
    ("request", "Requests to the database"),
    ("report", "Diagnosis"),
];

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    for watched in ["build.rs", "build", "src/ffi", HEADER, CDEF] {
        println!("cargo:rerun-if-changed={watched}");
    }
    println!("cargo:rerun-if-env-changed=CI");
    let (prologue, chapters) = (prologue(&root), chapters(&root));
    settle(&root, HEADER, &format!("{prologue}{chapters}{EPILOGUE}"));
    settle(&root, CDEF, &cdef::render(&prologue, &chapters));
    link();
}

/// What the linker is told. The name that programs will ask for has a version if whoever builds gives one.
fn link() {
    let named_by_us = env::var_os("CARGO_FEATURE_CAPI").is_none();
    let (always, name): (&[&str], &str) = match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("linux") => (&["-z,nodelete", "-Bsymbolic"], "-soname,libtigergraph_auth.so"),
        Ok("macos") => (&[], "-install_name,@rpath/libtigergraph_auth.dylib"),
        _ => return,
    };
    for argument in always.iter().copied().chain(named_by_us.then_some(name)) {
        println!("cargo:rustc-cdylib-link-arg=-Wl,{argument}");
    }
}

/// What comes before the chapters, with the version.
fn prologue(root: &Path) -> String {
    let mut text = fs::read_to_string(root.join("src/ffi/prologue.h")).expect("src/ffi/prologue.h");
    for part in ["MAJOR", "MINOR", "PATCH"] {
        let value = env::var(format!("CARGO_PKG_VERSION_{part}")).expect("cargo sets it");
        text = text.replace(&format!("@{part}@"), &value);
    }
    text
}

fn chapters(root: &Path) -> String {
    let mut text = String::new();
    for (file, title) in CHAPTERS {
        let rule = "=".repeat(100 - title.len());
        text.push_str(&format!("\n/* {title} {rule} */\n\n"));
        text.push_str(&chapter(&root.join("src/ffi").join(file).with_extension("rs")));
    }
    text
}

fn chapter(file: &Path) -> String {
    let mut config = cbindgen::Config {
        language: cbindgen::Language::C,
        no_includes: true,
        style: cbindgen::Style::Type,
        documentation_style: cbindgen::DocumentationStyle::Doxy,
        usize_is_size_t: true,
        line_length: 110,
        ..Default::default()
    };
    config.structure.associated_constants_in_body = false;
    config.structure.rename_associated_constant = cbindgen::RenameRule::ScreamingSnakeCase;
    config.function.deprecated_with_note = Some("TIGERGRAPH_AUTH_DEPRECATED_NOTE({})".into());
    config.export.include = ["tg_log_fn", "tg_release_fn"].map(String::from).to_vec();
    let bindings = cbindgen::Builder::new().with_config(config).with_src(file).generate();
    let mut out = Vec::new();
    bindings.unwrap_or_else(|error| panic!("{}: {error}", file.display())).write(&mut out);
    String::from_utf8(out).expect("cbindgen writes UTF-8")
}

/// Leaves an equal header alone; a different one is an error under CI, and rewritten otherwise.
fn settle(root: &Path, name: &str, rendered: &str) {
    let committed = fs::read_to_string(root.join(name)).unwrap_or_default().replace("\r\n", "\n");
    if committed == rendered {
        return;
    }
    if env::var_os("DOCS_RS").is_some() {
        return;
    }
    if env::var_os("CI").is_some() {
        panic!("{name} is out of date: run `cargo build` and commit it");
    }
    if let Err(error) = fs::write(root.join(name), rendered) {
        println!("cargo:warning={name} is out of date and cannot be written: {error}");
    }
}

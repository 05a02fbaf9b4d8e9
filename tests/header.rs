//! The header: it compiles alone in every standard, and says exactly what the library exports.

#[path = "common/header.rs"]
mod reading;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).expect(path)
}

fn header() -> String {
    read("include/tigergraph_auth.h")
}

fn functions() -> Vec<(String, String)> {
    reading::functions(&header())
}

fn names() -> BTreeSet<String> {
    functions().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn the_header_compiles_alone_in_every_standard() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let standards =
        [("c", "c99"), ("c", "c11"), ("c", "c17"), ("c", "c2x"), ("c++", "c++11"), ("c++", "c++17"), ("c++", "c++20")];
    for (language, standard) in standards {
        let source = folder.join(format!("alone-{standard}.txt"));
        std::fs::write(&source, "#include <tigergraph_auth.h>\n#include <tigergraph_auth.h>\n").expect("a file");
        let output = Command::new(if language == "c" { "cc" } else { "c++" })
            .args(["-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-x", language])
            .arg(format!("-std={standard}"))
            .arg("-I")
            .arg(root().join("include"))
            .arg(&source)
            .output()
            .expect("a compiler");
        assert!(output.status.success(), "{standard}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A longer line of a comment makes the generator put each argument of the function on a line of its own.
#[test]
fn no_line_is_long() {
    let header = header();
    let long: Vec<_> = header.lines().filter(|line| line.chars().count() > 110).collect();
    assert!(long.is_empty(), "wrap these in src/ffi: {long:#?}");
}

/// The interface that programs are compiled against, but for what later versions add.
const CONTRACT: &[&str] = &[
    "tg_version",
    "tg_version_number",
    "tg_status_name",
    "tg_last_error",
    "tg_last_error_message",
    "tg_error_status",
    "tg_error_message",
    "tg_error_reason",
    "tg_error_hint",
    "tg_error_server_code",
    "tg_error_http_status",
    "tg_error_retry_after_ms",
    "tg_error_free",
    "tg_config_new",
    "tg_config_load_env",
    "tg_config_set_graph",
    "tg_config_set_password",
    "tg_config_set_secret",
    "tg_config_set_api_token",
    "tg_config_set_jwt",
    "tg_config_set_ports",
    "tg_config_set_tgcloud",
    "tg_config_set_server_version",
    "tg_config_set_ca_file",
    "tg_config_set_ca_pem",
    "tg_config_set_client_cert",
    "tg_config_set_pin_sha256",
    "tg_config_set_insecure_tls",
    "tg_config_set_allow_http",
    "tg_config_set_timeouts",
    "tg_config_set_proxy",
    "tg_config_set_user_agent",
    "tg_config_set_token_lifetime",
    "tg_config_set_log",
    "tg_config_free",
    "tg_conn_new",
    "tg_server_version",
    "tg_conn_clone",
    "tg_conn_set_timeout",
    "tg_conn_cancel",
    "tg_conn_free",
    "tg_get_secrets",
    "tg_show_secrets",
    "tg_create_secret",
    "tg_ensure_secret",
    "tg_drop_secret",
    "tg_drop_secrets",
    "tg_secrets_count",
    "tg_secrets_alias",
    "tg_secrets_value",
    "tg_secrets_graph",
    "tg_secrets_is_masked",
    "tg_secrets_free",
    "tg_get_token",
    "tg_refresh_token",
    "tg_delete_token",
    "tg_check_jwt_token",
    "tg_current_token",
    "tg_token_value",
    "tg_token_header",
    "tg_token_expires_at",
    "tg_token_expiration",
    "tg_token_free",
    "tg_diagnose",
    "tg_report_text",
    "tg_report_json",
    "tg_report_free",
];

#[test]
fn the_contract_is_declared() {
    let declared = names();
    for name in CONTRACT {
        assert!(declared.contains(*name), "{name} is missing");
    }
}

fn library() -> PathBuf {
    let own = std::env::current_exe().expect("this program");
    own.parent().expect("a folder").join("libtigergraph_auth.so")
}

#[test]
fn the_library_exports_what_the_header_declares_and_nothing_else() {
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(library()).output().expect("nm");
    let listed = String::from_utf8(output.stdout).expect("UTF-8");
    let exported: BTreeSet<String> =
        listed.lines().filter_map(|line| line.split_whitespace().nth(2)).map(String::from).collect();
    assert_eq!(exported, names());
}

#[test]
fn macros_keep_to_their_prefixes() {
    for line in reading::code(&header()).lines().filter_map(|line| line.trim().strip_prefix("#define ")) {
        let name = line.split([' ', '(']).next().unwrap_or_default();
        let own = [
            "TIGERGRAPH_AUTH_",
            "TG_STATUS_",
            "TG_LOG_",
            "TG_TOKEN_",
            "TG_IGNORE_MISSING",
            "TG_REPORT_OFFLINE",
            "TG_SERVER_",
        ];
        assert!(own.iter().any(|prefix| name.starts_with(prefix)), "{name}");
    }
}

fn cdef() -> String {
    read("include/tigergraph_auth.cdef.h")
}

/// The constants of the header, each as an enumerator.
fn constants() -> Vec<String> {
    let code = reading::code(&header());
    let defines = code.lines().filter_map(|line| line.strip_prefix("#define ")?.split_once(' '));
    // A macro with arguments is none.
    let constants = defines.filter(|(name, _)| !name.contains('('));
    constants.map(|(name, value)| format!("{name} = {}", value.trim())).collect()
}

#[test]
fn the_header_without_a_preprocessor_has_every_constant() {
    let (cdef, constants) = (cdef(), constants());
    let (top, rest) = cdef.split_once("\nenum {\n").expect("constants");
    assert_eq!(reading::code(top).trim(), "");
    let enumerators = rest.split_once("\n};\n").expect("the end of the constants").0;
    let enumerators: Vec<&str> = enumerators.split(",\n").map(str::trim).collect();
    assert_eq!(enumerators, constants);
    for constant in &constants {
        let value = constant.split(" = ").nth(1).unwrap_or_default();
        let digits = value.strip_suffix('u').unwrap_or(value);
        let number = digits.strip_prefix("0x").map_or_else(|| digits.parse(), |hex| u32::from_str_radix(hex, 16));
        assert!(number.is_ok_and(|number| number <= 0x7fff_ffff), "{constant}");
    }
    assert!(constants.len() > tigergraph_auth::Status::ALL.len(), "{constants:?}");
}

#[test]
fn the_header_without_a_preprocessor_has_nothing_else_than_declarations() {
    let declarations = cdef().split_once("\n};\n").expect("the end of the constants").1.to_owned();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_ *(),;\n".contains(c);
    assert!(declarations.chars().all(allowed), "an attribute, a comment or a macro is left: {declarations}");
    let shouted = declarations.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let macros: Vec<_> = shouted.filter(|word| word.starts_with("TIGERGRAPH") || word.starts_with("__")).collect();
    assert!(macros.is_empty(), "{macros:?}");
    for line in declarations.lines().filter(|line| !line.is_empty()) {
        assert_eq!(line.find(';'), Some(line.len() - 1), "not one declaration: {line}");
    }
    let declared: BTreeSet<String> = reading::functions(&declarations).into_iter().map(|(name, _)| name).collect();
    assert_eq!(declared, names());
}

/// A compiler refuses a function that is declared twice, and not in the same way.
#[test]
fn both_headers_declare_the_same() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let compiles = |name: &str, text: &str| {
        let source = folder.join(name);
        std::fs::write(&source, text).expect("a file");
        let mut command = Command::new("cc");
        command.args(["-std=c11", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]);
        command.arg("-I").arg(root().join("include")).arg(&source).output().expect("a compiler").status.success()
    };
    let cdef = cdef();
    assert!(compiles("cdef-alone.c", &format!("#include <stddef.h>\n#include <stdint.h>\n{cdef}")));
    let (_, declarations) = cdef.split_once("\n};\n").expect("the end of the constants");
    let twice = format!("#include <tigergraph_auth.h>\n{declarations}");
    assert!(compiles("cdef-twice.c", &twice));
    let changed = twice.replace("tg_secrets *secrets, size_t index", "tg_secrets *secrets, uint32_t index");
    assert!(changed != twice && !compiles("cdef-changed.c", &changed), "a difference is not seen");
}

#[test]
fn every_reason_is_listed_beside_its_status() {
    let header = header().replace("\n * ", " ").replace("\n *", " ");
    for row in tigergraph_auth::unversioned::error::REASONS {
        let define = format!("#define TG_STATUS_{} ", row.status.name());
        let before = header.split(&define).next().expect("something before it");
        let comment = before.rsplit("/**").next().unwrap_or_default();
        let listed = comment.split([' ', ',', '.', '\n']).collect::<Vec<_>>().join(" ");
        let wanted = row.id.replace('.', " ");
        assert!(listed.contains(&wanted), "{} is not listed beside {define}", row.id);
    }
}

#[test]
fn every_status_has_its_name_and_number() {
    let header = header();
    for status in tigergraph_auth::Status::ALL {
        let define = format!("\n#define TG_STATUS_{} {}\n", status.name(), status as i32);
        assert!(header.contains(&define), "{define}");
    }
    let defines = header.matches("\n#define TG_STATUS_").count();
    assert_eq!(defines, tigergraph_auth::Status::ALL.len());
}

#[test]
fn every_function_is_fuzzed() {
    let calls = read("fuzz/src/abi.rs");
    for name in names() {
        assert!(calls.contains(&format!("{name}(")), "{name} is not called in fuzz/src/abi.rs");
    }
}

#[test]
fn every_pointer_is_tried_as_null() {
    let test = read("tests/c/null.c");
    for (name, parameters) in functions() {
        if parameters.contains("tg_error **error") {
            let calls = test.matches(&format!("REFUSES({name}(")).count();
            assert!(calls >= 1, "{name} is not in tests/c/null.c");
        }
    }
}

/// Lines of code without leading white space, for texts that must be the same.
fn bare(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

#[test]
fn the_program_of_the_readme_is_the_example() {
    let readme = read("README.md");
    let shown = readme.split("```c\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a program");
    let example = read("examples-c/get_token.c");
    let program = example.split_once("*/").expect("its comment").1;
    assert_eq!(bare(shown), bare(program));
}

#[test]
fn the_program_of_the_header_is_in_the_example() {
    let example = bare(&read("examples-c/get_token.c"));
    let header = header();
    let shown = header.split("-ltigergraph_auth:\n").nth(1).and_then(|rest| rest.split("CONVENTIONS").next());
    let shown = bare(&shown.expect("a program").replace(" *  ", ""));
    for line in shown.iter().filter(|line| line.contains("tg_config") || line.contains("_free(")) {
        let variable = line.replace("\"https://db.example.com\"", "getenv(\"TG_HOST\")");
        assert!(example.contains(&variable), "{line}");
    }
}

#[test]
fn the_readme_names_every_function_of_the_mission() {
    let readme = read("README.md");
    for name in names().iter().filter(|name| !name.starts_with("tg_config_set") && !name.starts_with("tg_error_")) {
        let accessor = [
            "tg_secrets_",
            "tg_token_",
            "tg_version",
            "tg_last",
            "tg_status",
            "tg_config_",
            "tg_report_",
            "tg_request_",
            "tg_response_",
        ];
        if !accessor.iter().any(|prefix| name.starts_with(prefix)) {
            assert!(readme.contains(name.as_str()), "{name} is not in the README");
        }
    }
}

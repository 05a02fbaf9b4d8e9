//! What `make sbom` says the library is made of, held to what Cargo compiles into it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn output(command: &mut Command) -> String {
    let output = command.current_dir(root()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn host() -> String {
    let version = output(Command::new("rustc").arg("-vV"));
    version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host").to_owned()
}

fn sbom() -> Value {
    output(Command::new("make").args(["--silent", "sbom", "CARGO_TARGET_DIR=target/ship"]));
    let path = root().join("target/ship/release/stage/tigergraph_auth.cdx.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("the SBOM")).expect("JSON")
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}"))
}

/// What Cargo would compile for the library and for the target, as "name@version": its own plan, which is unstable.
fn compiled() -> BTreeSet<String> {
    let arguments = ["build", "--locked", "--release", "--lib", "--features", "capi", "--target", &host()];
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).args(["--unit-graph", "-Zunstable-options"]).env("RUSTC_BOOTSTRAP", "1");
    let graph: Value = serde_json::from_str(&output(&mut command)).expect("JSON");
    // What runs while it is built is compiled for no platform; of a build script only the run has one.
    let units = graph["units"].as_array().expect("units").iter();
    let units = units.filter(|unit| !unit["platform"].is_null() && unit["mode"] == "build");
    units.map(|unit| text(unit, "pkg_id").rsplit('#').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_sbom_names_exactly_the_crates_in_the_library() {
    let sbom = sbom();
    let components = sbom["components"].as_array().expect("components");
    let name = |component: &Value| format!("{}@{}", text(component, "name"), text(component, "version"));
    let mut named: BTreeSet<String> = components.iter().map(name).collect();
    assert_eq!(named.len(), components.len(), "one is named twice");
    named.insert(name(&sbom["metadata"]["component"]));
    let compiled = compiled();
    assert!(compiled.contains(concat!("tigergraph-auth@", env!("CARGO_PKG_VERSION"))), "{compiled:?}");
    assert_eq!(named, compiled);
}

#[test]
fn every_component_has_its_licence_its_checksum_and_its_place() {
    let sbom = sbom();
    assert_eq!((text(&sbom, "bomFormat"), text(&sbom, "specVersion")), ("CycloneDX", "1.5"));
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let needs: BTreeMap<&str, &Value> = sbom["dependencies"]
        .as_array()
        .expect("dependencies")
        .iter()
        .map(|entry| (text(entry, "ref"), &entry["dependsOn"]))
        .collect();
    let needed: BTreeSet<&str> = needs
        .values()
        .flat_map(|needs| needs.as_array().expect("a list"))
        .map(|need| need.as_str().expect("a text"))
        .collect();
    for component in sbom["components"].as_array().expect("components") {
        assert!(!text(&component["licenses"][0], "expression").is_empty(), "{component}");
        let hash = &component["hashes"][0];
        assert_eq!(text(hash, "alg"), "SHA-256");
        let locked = format!(
            "name = \"{}\"\nversion = \"{}\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
             checksum = \"{}\"\n",
            text(component, "name"),
            text(component, "version"),
            text(hash, "content")
        );
        assert!(lock.contains(&locked), "{component}");
        let own = text(component, "bom-ref");
        assert!(needs.contains_key(own) && needed.contains(own), "{own} is nowhere in the tree");
    }
    let own = text(&sbom["metadata"]["component"], "bom-ref");
    assert!(needs[own].as_array().expect("a list").len() > 10, "the library needs more");
}

//! The layers of `src`: a file imports only from layers below its own, and no files import each other in a circle.
//!
//! The `mod.rs` of a folder puts its files together: what it imports of them, and what they import of it, is one
//! thing and no circle. What it only re-exports counts as an import of the file where it comes from.
//!
//! Files and functions that stay short belong to the same rule: a reader sees where things are. And what differs between
//! systems is in `platform` alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;

/// From the bottom to the top. Those of the first row are the vocabulary, which may import each other; those of a
/// later row may not.
const LAYERS: [&[&str]; 9] = [
    &["error", "log", "hidden", "dates", "checks"],
    &["platform"],
    &["wire"],
    &["protocol"],
    &["config", "token"],
    &["report"],
    &["conn"],
    &["ffi"],
    &["lib"],
];

/// A path from the root of the crate, such as `["wire", "http", "Answer"]`.
type ModulePath = Vec<String>;

/// What the files import, by their modules; `lib.rs` is `["lib"]`.
type Files = BTreeMap<ModulePath, Imports>;

/// What one file imports, wherever in it, and what it re-exports under a name.
#[derive(Clone)]
struct Imports {
    module: ModulePath,
    paths: Vec<ModulePath>,
    exports: BTreeMap<String, ModulePath>,
}

impl Imports {
    fn new(module: ModulePath) -> Imports {
        Imports { module, paths: Vec::new(), exports: BTreeMap::new() }
    }

    fn read(&mut self, source: &str) {
        self.visit_file(&syn::parse_file(source).expect("Rust"));
    }

    /// The path from the root. One that begins with another crate becomes one below this file, where nothing is.
    fn absolute(&self, path: &[String]) -> ModulePath {
        let own: &[String] = if self.module[0] == "lib" { &[] } else { &self.module };
        let supers = path.iter().take_while(|name| *name == "super").count();
        match path.first().map(String::as_str) {
            Some("crate") => path[1..].to_vec(),
            Some("self") => [own, &path[1..]].concat(),
            _ => [&own[..own.len() - supers], &path[supers..]].concat(),
        }
    }

    fn visit_tree(&mut self, before: &[String], tree: &syn::UseTree, is_public: bool) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        let (path, name) = match tree {
            syn::UseTree::Path(path) => return self.visit_tree(&with(&path.ident), &path.tree, is_public),
            syn::UseTree::Group(group) => {
                return group.items.iter().for_each(|item| self.visit_tree(before, item, is_public));
            }
            syn::UseTree::Name(name) if name.ident == "self" => (before.to_vec(), None),
            syn::UseTree::Name(name) => (with(&name.ident), Some(name.ident.to_string())),
            syn::UseTree::Rename(rename) => (with(&rename.ident), Some(rename.rename.to_string())),
            syn::UseTree::Glob(_) => (before.to_vec(), None),
        };
        let path = self.absolute(&path);
        self.exports.extend(name.filter(|_| is_public).map(|name| (name, path.clone())));
        self.paths.push(path);
    }
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.visit_tree(&[], &item.tree, !matches!(item.vis, syn::Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.paths.push(self.absolute(&names));
        syn::visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        syn::visit::visit_item_mod(self, item);
        self.module.pop();
    }
}

fn rank(module: &ModulePath) -> usize {
    let rank = LAYERS.iter().position(|layer| layer.contains(&module[0].as_str()));
    rank.unwrap_or_else(|| panic!("{module:?} is in no layer"))
}

/// Whether one of them is the `mod.rs` of a folder that the other is in.
fn are_folder_and_file(a: &ModulePath, b: &ModulePath) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

/// The file that a path leads to, through any number of re-exports.
fn file_of(files: &Files, mut path: ModulePath) -> Option<ModulePath> {
    loop {
        let is_file = |length: &usize| files.contains_key(&path[..*length]);
        let (module, rest) = match (1..=path.len()).rev().find(is_file) {
            Some(length) => (path[..length].to_vec(), &path[length..]),
            None => (vec!["lib".to_owned()], path.as_slice()),
        };
        match rest.first().and_then(|name| files[&module].exports.get(name)) {
            Some(origin) if *origin != path => path = [origin.as_slice(), &rest[1..]].concat(),
            _ => return (module[0] != "lib").then_some(module),
        }
    }
}

/// What breaks the rule, with the two files.
fn faults(files: &Files) -> Vec<String> {
    let targets = |imports: &Imports| imports.paths.iter().filter_map(|path| file_of(files, path.clone())).collect();
    let graph: Graph = files.iter().map(|(module, imports)| (module.clone(), targets(imports))).collect();
    let mut found = Vec::new();
    for (module, targets) in &graph {
        for target in targets.iter().filter(|target| !are_folder_and_file(module, target)) {
            let (own, others) = (rank(module), rank(target));
            if others > own || others == own && own > 0 && module[0] != target[0] {
                found.push(format!("{} imports {} of a layer that is not below", module.join("/"), target.join("/")));
            }
            if reaches(&graph, target, module, &mut vec![target]) {
                found.push(format!("{} imports {}, which imports it in a circle", module.join("/"), target.join("/")));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Which files each file imports.
type Graph = BTreeMap<ModulePath, Vec<ModulePath>>;

fn reaches<'a>(graph: &'a Graph, from: &'a ModulePath, to: &ModulePath, seen: &mut Vec<&'a ModulePath>) -> bool {
    graph[from].iter().filter(|next| !are_folder_and_file(from, next)).any(|next| {
        next == to
            || !seen.contains(&next) && {
                seen.push(next);
                reaches(graph, next, to, seen)
            }
    })
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn source_paths() -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

fn files() -> Files {
    let file = |path: PathBuf| {
        let inner = path.strip_prefix(root()).expect("below it").with_extension("");
        let module = inner.iter().map(|name| name.to_string_lossy().into_owned());
        let module: ModulePath = module.filter(|name| name != "mod").collect();
        let mut imports = Imports::new(module.clone());
        imports.read(&std::fs::read_to_string(&path).expect("a source"));
        (module, imports)
    };
    source_paths().into_iter().map(file).collect()
}

#[test]
fn imports_run_downwards_and_in_no_circle() {
    let files = files();
    assert!(files.len() > 40, "{} sources", files.len());
    assert_eq!(faults(&files), Vec::<String>::new());
}

#[test]
fn an_import_upwards_or_in_a_circle_is_found() {
    let planted = [
        ("wire/http", "use crate::conn::Connection;", "wire/http imports conn of"),
        ("wire/http", "use crate::Connection;", "wire/http imports conn of"),
        ("wire/http", "fn f() { crate::protocol::json::shape(1) }", "wire/http imports protocol/json of"),
        ("wire/http", "mod inner { use super::super::super::token::jwt; }", "wire/http imports token/jwt of"),
        ("token/token", "use crate::config::Config;", "token/token imports config of"),
        ("error", "use crate::platform::clock;", "error imports platform/clock of"),
        ("config/shown", "use crate::conn::{TokenOptions as Options};", "config/shown imports conn/token_requests of"),
        ("wire/deadline", "use super::socket::Socket;", "wire/deadline imports wire/socket, which"),
        ("token/renewal", "use crate::token::{token::{self, Token}};", "token/renewal imports token/token, which"),
        ("hidden", "use crate::checks::Alias;", "hidden imports checks, which"),
    ];
    let files = files();
    for (file, code, expected) in planted {
        let mut files = files.clone();
        let module: ModulePath = file.split('/').map(str::to_owned).collect();
        files.get_mut(&module).expect(file).read(code);
        let found = faults(&files);
        assert!(found.iter().any(|fault| fault.starts_with(expected)), "{code}: {found:?}");
    }
}

/// The functions of a file and how many lines each takes.
#[derive(Default)]
struct Lengths(Vec<(String, usize)>);

impl Lengths {
    fn add(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let lines = body.brace_token.span.close().end().line - signature.fn_token.span.start().line + 1;
        self.0.push((signature.ident.to_string(), lines));
    }
}

impl<'ast> Visit<'ast> for Lengths {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add(&function.sig, &function.block);
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add(&function.sig, &function.block);
        syn::visit::visit_impl_item_fn(self, function);
    }
}

#[test]
fn files_and_functions_stay_short() {
    let paths = source_paths();
    let at_the_top = paths.iter().filter(|path| path.parent().is_some_and(|folder| folder.ends_with("src")));
    assert!(at_the_top.count() <= 10, "more than ten files directly in src");
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a source");
        assert!(text.lines().count() <= 600, "{} has more than 600 lines", path.display());
        let mut lengths = Lengths::default();
        lengths.visit_file(&syn::parse_file(&text).expect("Rust"));
        let long: Vec<_> = lengths.0.iter().filter(|(_, lines)| *lines > 60).collect();
        assert!(long.is_empty(), "{}: functions of more than 60 lines: {long:?}", path.display());
    }
}

/// Words in a `cfg` that are about the system.
const OF_THE_SYSTEM: [&str; 6] = ["unix", "windows", "target_os", "target_family", "target_env", "target_vendor"];
/// Crates that are about it.
const SYSTEM_CRATES: [&str; 3] = ["libc", "windows_sys", "openssl_probe"];

/// Where a piece of source asks for the system: `cfg` and `cfg_attr`, `cfg!`, `std::os`, and crates.
fn asks_for_the_system(tokens: TokenStream, in_cfg: bool, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let word = |index: usize| match tokens.get(index) {
        Some(TokenTree::Ident(word)) => word.to_string(),
        _ => String::new(),
    };
    let is_path = |index: usize| {
        (1..3).all(|after| matches!(tokens.get(index + after), Some(TokenTree::Punct(p)) if p.as_char() == ':'))
    };
    for (index, token) in tokens.iter().enumerate() {
        let name = word(index);
        if in_cfg && OF_THE_SYSTEM.contains(&name.as_str()) || is_path(index) && SYSTEM_CRATES.contains(&name.as_str())
        {
            found.push(name.clone());
        }
        if name == "std" && is_path(index) && word(index + 3) == "os" {
            found.push("std::os".to_owned());
        }
        if let TokenTree::Group(group) = token {
            // `cfg(...)`, `cfg_attr(...)` and `cfg!(...)`.
            let before = [index.wrapping_sub(1), index.wrapping_sub(2)].map(word);
            let is_cfg = before.iter().any(|word| word == "cfg" || word == "cfg_attr");
            asks_for_the_system(group.stream(), in_cfg || is_cfg, found);
        }
    }
}

fn asked(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    asks_for_the_system(source.parse().expect("Rust"), false, &mut found);
    found
}

#[test]
fn nothing_above_the_platform_knows_the_system() {
    let mut of_platform = 0;
    for path in source_paths() {
        let found = asked(&std::fs::read_to_string(&path).expect("a source"));
        match path.starts_with(root().join("platform")) {
            true => of_platform += found.len(),
            false => assert!(found.is_empty(), "{}: {found:?} belong to src/platform", path.display()),
        }
    }
    assert!(of_platform > 50, "{of_platform} found in src/platform");
}

#[test]
fn what_knows_the_system_is_found() {
    for (code, is_found) in [
        ("#[cfg(unix)] fn f() {}", true),
        ("#[cfg(all(test, not(target_os = \"linux\")))] mod tests {}", true),
        ("#![cfg_attr(windows, allow(dead_code))]", true),
        ("fn f() -> bool { if cfg!(windows) { true } else { false } }", true),
        ("use std::os::fd::AsRawFd;", true),
        ("fn f() { std::os::unix::fs::symlink(a, b) }", true),
        ("fn f() -> libc::c_int { 0 }", true),
        ("#[cfg(test)] fn windows() { cfg(unix) }", true),
        ("#[cfg(feature = \"windows\")] fn unix(target_os: u8) { std::env::consts::OS }", false),
        ("// std::os, cfg(unix)\nfn f() { \"cfg(windows)\" }", false),
    ] {
        assert_eq!(!asked(code).is_empty(), is_found, "{code}");
    }
}

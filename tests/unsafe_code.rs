//! Unsafe code: where it may be, that each piece of it says why it is sound, and that it only gets less.
//!
//! The compiler knows this too, in part: modules without unsafe code forbid it (src/lib.rs), and Clippy asks for the
//! comments in src/ffi. Neither counts, nor looks into macros, nor sees a module that forgot to forbid it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// How many pieces of unsafe code a file may have: blocks, impls, foreign declarations and functions of ours that
/// are not exported. May only fall; what is not listed has none.
const COUNTS: [(&str, usize); 33] = [
    ("src/ffi/arguments.rs", 5),
    ("src/ffi/config.rs", 32),
    ("src/ffi/conn.rs", 8),
    ("src/ffi/error.rs", 8),
    ("src/ffi/handle.rs", 17),
    ("src/ffi/log.rs", 5),
    ("src/ffi/provider.rs", 6),
    ("src/ffi/report.rs", 4),
    ("src/ffi/request.rs", 14),
    ("src/ffi/secrets.rs", 15),
    ("src/ffi/tests.rs", 10),
    ("src/ffi/token.rs", 14),
    ("src/ffi/wakeup.rs", 3),
    ("src/platform/allocator.rs", 7),
    ("src/platform/boot_clock.rs", 1),
    ("src/platform/cache_folder.rs", 12),
    ("src/platform/descriptor.rs", 2),
    ("src/platform/float_traps.rs", 2),
    ("src/platform/fork.rs", 7),
    ("src/platform/kept_blocks.rs", 11),
    ("src/platform/per_process.rs", 6),
    ("src/platform/process.rs", 14),
    ("src/platform/published.rs", 4),
    ("src/platform/resolver.rs", 8),
    ("src/platform/socket.rs", 8),
    ("src/platform/swap_cell.rs", 2),
    ("src/platform/thread_value.rs", 8),
    ("src/platform/windows/access.rs", 12),
    ("src/platform/windows/boot_clock.rs", 4),
    ("src/platform/windows/cache_folder.rs", 5),
    ("src/platform/windows/library.rs", 1),
    ("src/platform/windows/socket.rs", 8),
    ("src/platform/windows/thread_value.rs", 8),
];

/// A piece of unsafe code, and the line it begins in, counted from one.
#[derive(Debug)]
struct Piece {
    kind: Kind,
    line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// A block, an impl, or a block of foreign declarations: says why it is sound.
    Justified,
    /// A function: says what its caller promises.
    Function,
    /// A function that C calls: the header's conventions are what its caller promises.
    Exported,
    /// A function of an unsafe trait: the trait says what its caller promises, the impl why it is sound.
    OfTrait,
    /// The type of a pointer to a function: no code.
    Type,
}

/// Finds what is unsafe in a file.
#[derive(Default)]
struct Finder {
    pieces: Vec<Piece>,
}

impl Finder {
    fn found(&mut self, kind: Kind, at: proc_macro2::Span) {
        self.pieces.push(Piece { kind, line: at.start().line });
    }
}

fn is_exported(attributes: &[syn::Attribute]) -> bool {
    let is_no_mangle = |attribute: &syn::Attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        list.path.is_ident("unsafe") && list.tokens.to_string() == "no_mangle"
    };
    attributes.iter().any(is_no_mangle)
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_expr_unsafe(&mut self, block: &'ast syn::ExprUnsafe) {
        self.found(Kind::Justified, block.unsafe_token.span);
        visit::visit_expr_unsafe(self, block);
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if let Some(token) = &function.sig.unsafety {
            let kind = if is_exported(&function.attrs) { Kind::Exported } else { Kind::Function };
            self.found(kind, token.span);
        }
        visit::visit_item_fn(self, function);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if let Some(token) = &item.unsafety {
            self.found(Kind::Justified, token.span);
        }
        for part in &item.items {
            let syn::ImplItem::Fn(function) = part else { continue };
            if let Some(token) = &function.sig.unsafety {
                let kind = if item.trait_.is_some() { Kind::OfTrait } else { Kind::Function };
                self.found(kind, token.span);
            }
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(token) = &function.sig.unsafety {
            self.found(Kind::Function, token.span);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_item_foreign_mod(&mut self, item: &'ast syn::ItemForeignMod) {
        if let Some(token) = &item.unsafety {
            self.found(Kind::Justified, token.span);
        }
        visit::visit_item_foreign_mod(self, item);
    }

    fn visit_type_bare_fn(&mut self, function: &'ast syn::TypeBareFn) {
        if let Some(token) = &function.unsafety {
            self.found(Kind::Type, token.span);
        }
        visit::visit_type_bare_fn(self, function);
    }
}

/// How often the word stands in a file, macros included; not as an attribute, `#[unsafe(no_mangle)]`.
fn words(tokens: TokenStream) -> usize {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let count = |(index, token): (usize, &TokenTree)| match token {
        TokenTree::Group(group) => words(group.stream()),
        TokenTree::Ident(word) if word == "unsafe" => {
            let is_attribute = matches!(tokens.get(index + 1), Some(TokenTree::Group(group))
                if group.delimiter() == Delimiter::Parenthesis);
            usize::from(!is_attribute)
        }
        _ => 0,
    };
    tokens.iter().enumerate().map(count).sum()
}

/// The comments and attributes right above a line.
fn above(lines: &[&str], line: usize) -> String {
    let belongs = |text: &&&str| text.trim_start().starts_with("//") || text.trim_start().starts_with("#[");
    let mut found: Vec<&str> = lines[..line - 1].iter().rev().take_while(belongs).copied().collect();
    found.reverse();
    found.join("\n")
}

/// Judges a file: how many pieces it has, and which of them do not say what they have to.
fn check(source: &str) -> Result<(usize, Vec<String>), String> {
    let file = syn::parse_file(source).map_err(|error| error.to_string())?;
    let mut finder = Finder::default();
    finder.visit_file(&file);
    let all = words(source.parse().map_err(|error: proc_macro2::LexError| error.to_string())?);
    let mut faults = Vec::new();
    if all != finder.pieces.len() {
        faults.push(format!("{all} times unsafe, {} of them found: no unsafe code in macros", finder.pieces.len()));
    }
    let lines: Vec<&str> = source.lines().collect();
    for piece in &finder.pieces {
        let (line, comment) = (piece.line, above(&lines, piece.line));
        match piece.kind {
            Kind::Justified if !comment.contains("// SAFETY: ") => faults.push(format!("line {line}: no // SAFETY:")),
            Kind::Function if !comment.contains("/// The caller promises ") => {
                faults.push(format!("line {line}: no /// The caller promises"));
            }
            _ => {}
        }
    }
    let counted = |piece: &&Piece| matches!(piece.kind, Kind::Justified | Kind::Function);
    Ok((finder.pieces.iter().filter(counted).count(), faults))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files of the library, and the build script, which runs before the library is there.
fn sources() -> Vec<PathBuf> {
    let (mut found, mut folders) = (vec![root().join("build.rs")], vec![root().join("src"), root().join("build")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn unsafe_code_is_where_it_may_be_says_why_and_only_gets_less() {
    let mut counts = BTreeMap::new();
    let mut faults = Vec::new();
    for path in sources() {
        let name = path.strip_prefix(root()).expect("below it").to_string_lossy().into_owned();
        let source = std::fs::read_to_string(&path).expect("a source");
        let (count, found) = check(&source).unwrap_or_else(|error| panic!("{name}: {error}"));
        faults.extend(found.iter().map(|fault| format!("{name}: {fault}")));
        if count > 0 && !name.starts_with("src/platform/") && !name.starts_with("src/ffi/") {
            faults.push(format!("{name}: unsafe code belongs to src/ffi and src/platform"));
        }
        if count > 0 {
            counts.insert(name, count);
        }
    }
    for (name, count) in &counts {
        println!("{count:4}  {name}");
    }
    println!("{:4}  pieces of unsafe code", counts.values().sum::<usize>());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let committed: BTreeMap<String, usize> = COUNTS.iter().map(|(name, count)| (name.to_string(), *count)).collect();
    assert_eq!(counts, committed, "more is not allowed; less is written down in COUNTS");
}

#[test]
fn what_is_not_explained_is_found() {
    let explained = "// SAFETY: because.\nlet x = unsafe { y() };";
    let cases = [
        (explained, true),
        ("let x = unsafe { y() };", false),
        ("// Because.\nlet x = unsafe { y() };", false),
        ("// SAFETY: because.\n\nlet x = unsafe { y() };", false),
        ("let x = \"unsafe { y() }\"; // unsafe", true),
        ("unsafe impl Send for X {}", false),
        ("// SAFETY: because.\nunsafe impl Send for X {}", true),
        ("unsafe fn f() {}", false),
        ("/// The caller promises something.\nunsafe fn f() {}", true),
        ("#[unsafe(no_mangle)]\nunsafe extern \"C\" fn f() {}", true),
        ("trait T { unsafe fn f(); }", false),
        ("trait T {\n/// The caller promises something.\nunsafe fn f();\n}", true),
        ("type F = unsafe extern \"C\" fn();", true),
        ("unsafe extern \"C\" { fn f(); }", false),
        ("// SAFETY: because.\nx!(unsafe { y() });", false),
        ("macro_rules! m { () => { unsafe { y() } } }", false),
    ];
    for (code, is_good) in cases {
        let faults = check(&format!("fn outer() {{\n{code}\n}}")).expect("Rust").1;
        assert_eq!(faults.is_empty(), is_good, "{code}: {faults:?}");
    }
}

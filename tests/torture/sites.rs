//! Where the process ends when memory is refused: from return addresses to the function that wanted it, and the
//! list of all that are known.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::common::root;

/// The list.
pub const LIST: &str = "tests/torture/ABORTS.txt";

/// The frames of each address, the innermost first: function and file.
type Frames = BTreeMap<u64, Vec<(String, String)>>;

/// Not by binutils: there the name of a function depends on the addresses that were asked for before.
fn frames_of(library: &Path, addresses: &BTreeSet<u64>) -> Frames {
    let loader = addr2line::Loader::new(library).expect("the library's lines");
    let frames_at = |address: u64| {
        // A return address may be the next function's.
        let mut found = loader.find_frames(address - 1).expect("frames");
        let mut frames: Vec<(String, String)> = Vec::new();
        while let Some(frame) = found.next().expect("a frame") {
            let function = frame.function.and_then(|function| Some(function.demangle().ok()?.into_owned()));
            let file = frame.location.and_then(|location| location.file).unwrap_or_default().to_owned();
            frames.push((function.unwrap_or_default(), file));
        }
        // The last one is no inlined function, and has its whole name among the symbols.
        if let (Some((function, _)), Some(symbol)) = (frames.last_mut(), loader.find_symbol(address - 1)) {
            *function = addr2line::demangle_auto(symbol.into(), None).into_owned();
        }
        frames
    };
    addresses.iter().map(|address| (*address, frames_at(*address))).collect()
}

/// Our own file or the crate that a file belongs to; `None` for Rust's own, and for the allocator.
fn owner(file: &str) -> Option<String> {
    let own = root().join("src");
    if let Ok(path) = Path::new(file).strip_prefix(&own) {
        return (path != Path::new("platform/allocator.rs")).then(|| format!("src/{}", path.display()));
    }
    let (_, path) = file.split_once("/registry/src/")?;
    let package = path.split('/').nth(1)?;
    package.rsplit_once('-').map(|(name, _)| name.to_owned())
}

/// A function's name without its types, which change with everything.
fn plain(function: &str) -> String {
    let (mut depth, mut name) = (0, String::new());
    for (index, character) in function.char_indices() {
        match character {
            '<' => depth += 1,
            '>' if depth > 0 && !function[..index].ends_with('-') => depth -= 1,
            _ if depth == 0 => name.push(character),
            _ => {}
        }
    }
    name.trim_start_matches("::").replace("::::", "::")
}

/// The functions that wanted memory when the process ended, one line each.
pub fn sites(library: &Path, traces: &BTreeSet<Vec<u64>>) -> BTreeSet<String> {
    let frames = frames_of(library, &traces.iter().flatten().copied().collect());
    let site = |trace: &Vec<u64>| {
        let mut all = trace.iter().filter_map(|address| frames.get(address)).flatten();
        let found = all.find_map(|(function, file)| Some(format!("{}: {}", owner(file)?, plain(function))));
        found.unwrap_or_else(|| format!("nobody's: {trace:x?}"))
    };
    traces.iter().map(site).collect()
}

/// The sites that are listed, and the number that the list gives of them.
pub fn listed() -> (BTreeSet<String>, Option<usize>) {
    let text = std::fs::read_to_string(root().join(LIST)).unwrap_or_default();
    let count = text.lines().find_map(|line| line.strip_prefix("# Sites: ")?.parse().ok());
    (text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect(), count)
}

/// Writes the list anew.
pub fn write(sites: &BTreeSet<String>) {
    let lines: String = sites.iter().map(|site| format!("{site}\n")).collect();
    let text = format!(
        "# Where this library ends the process (SIGABRT) if it gets no memory: who wanted it, by file or crate,\n\
         # and function. Rust's own collections do so. tests/torture.rs compares: a site that is not here is a\n\
         # failure, and so is, in the long run, one that is here and ends the process no more.\n\
         #     TG_LONG=1 TG_ABORTS=write cargo test --test torture allocations\n\
         # writes the list anew; let it only ever become shorter.\n\
         # Sites: {}\n\n{lines}",
        sites.len()
    );
    std::fs::write(root().join(LIST), text).expect("the list");
}

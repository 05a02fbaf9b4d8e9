//! Renders include/tigergraph_auth.cdef.h out of what is in the C header, for programs that read C declarations and
//! have no preprocessor: `ffi.cdef` of LuaJIT, `FFI::cdef` of PHP, and Python's cffi.
//!
//! Each of them reads a part of C, and each another one. What all of them read is a comment at the top, enumerators
//! with plain numbers, and declarations that use the names of <stdint.h> and <stddef.h>, which they know themselves.
//! So constants, which are macros in the C header, are enumerators here, and nothing of the preprocessor is left.

const TOP: &str = "\
/* tigergraph_auth.cdef.h - what tigergraph_auth.h declares, for readers without a preprocessor
 *
 * Generated from src/ffi. Licence: Apache-2.0 OR MIT. For ffi.cdef of LuaJIT, FFI::cdef of PHP, ffi.cdef of
 * Python's cffi and their like, which load this file as it is. Each declaration is on a line of its own.
 * The manual of every function is in tigergraph_auth.h. C and C++ programs include that header, not this file.
 */
";

/// The whole file. `prologue` gives constants alone; the rest of it is for the preprocessor.
pub fn render(prologue: &str, chapters: &str) -> String {
    let chapters = without_comments(chapters);
    let constants: Vec<String> = [prologue, &chapters].into_iter().flat_map(str::lines).filter_map(constant).collect();
    let mut text = format!("{TOP}\nenum {{\n    {}\n}};\n\n", constants.join(",\n    "));
    for declaration in declarations(&chapters) {
        text.push_str(&format!("{declaration};\n"));
    }
    text
}

fn without_comments(text: &str) -> String {
    let mut parts = text.split("/*");
    let mut code = parts.next().unwrap_or_default().to_owned();
    parts.for_each(|part| code.push_str(part.split_once("*/").expect("the end of a comment").1));
    code
}

/// The enumerator for `#define NAME NUMBER`. A macro without a value, or with arguments, is none.
fn constant(line: &str) -> Option<String> {
    let (name, value) = line.strip_prefix("#define ")?.split_once(' ')?;
    if name.contains('(') {
        return None;
    }
    assert!(is_number(value.trim()), "{name}: not all readers of tigergraph_auth.cdef.h can read {value}");
    Some(format!("{name} = {}", value.trim()))
}

/// Decimal or hexadecimal, at most 0x7FFFFFFF, with at most one `u` behind it.
fn is_number(value: &str) -> bool {
    let digits = value.strip_suffix('u').unwrap_or(value);
    let number = match digits.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        // A number that begins with 0 is octal in C.
        None if digits.len() > 1 && digits.starts_with('0') => return false,
        None => digits.parse(),
    };
    !digits.contains('+') && number.is_ok_and(|number| number <= 0x7fff_ffff)
}

/// What the chapters declare, without attributes and line breaks.
fn declarations(chapters: &str) -> Vec<String> {
    let lines = chapters.lines().filter(|line| !line.starts_with('#')).map(without_attribute);
    let code = lines.collect::<Vec<_>>().join(" ");
    let declarations = code.split(';').map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    declarations.filter(|declaration| !declaration.is_empty()).collect()
}

/// An attribute is on a line of its own.
fn without_attribute(line: &str) -> &str {
    if line.trim_start().starts_with("TIGERGRAPH_AUTH_DEPRECATED_NOTE(") { "" } else { line }
}

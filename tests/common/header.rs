//! Reads a C header, as far as ours goes.

/// The header without its comments.
pub fn code(header: &str) -> String {
    let mut parts = header.split("/*");
    let mut code = parts.next().unwrap_or_default().to_owned();
    parts.for_each(|part| code.push_str(part.split_once("*/").expect("a comment's end").1));
    code
}

/// The functions that it declares, each with its parameters.
pub fn functions(header: &str) -> Vec<(String, String)> {
    let code = code(header);
    let declarations = code.split(';').filter_map(|declaration| declaration.trim_end().strip_suffix(')'));
    let declarations = declarations.filter(|declaration| !declaration.contains("typedef"));
    declarations
        .filter_map(|declaration| {
            let (start, parameters) = declaration.rsplit_once('(')?;
            let name = start.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').rfind(|word| !word.is_empty())?;
            name.starts_with("tg_").then(|| (name.to_owned(), parameters.to_owned()))
        })
        .collect()
}

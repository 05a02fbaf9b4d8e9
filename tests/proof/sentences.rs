//! What a document says, piece by piece.

/// In a line, without what Markdown and C's comments have between words.
pub fn plain(text: &str) -> String {
    text.replace(['*', '`'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The paragraphs of the header's conventions.
pub fn conventions(header: &str) -> Vec<String> {
    let (_, rest) = header.split_once("are not repeated below\n").expect("conventions");
    let (text, _) = rest.split_once("*/").expect("the end of a comment");
    text.split("\n *\n").map(plain).filter(|paragraph| !paragraph.is_empty()).collect()
}

/// The sentences of a page and the rows of its tables, without headings and code.
pub fn sentences(page: &str) -> Vec<String> {
    let (mut found, mut paragraph, mut is_code) = (Vec::new(), String::new(), false);
    for line in page.lines().chain([""]) {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        let is_text = !(is_fence || is_code || line.is_empty() || line.starts_with(['#', '|']));
        if !is_text || line.starts_with("* ") {
            found.extend(paragraph.split_inclusive(". ").map(plain).filter(|sentence| !sentence.is_empty()));
            paragraph.clear();
        }
        if is_text {
            paragraph.push_str(&format!("{line} "));
        } else if line.starts_with("|--") {
            // The row before it is the head.
            found.pop();
        } else if line.starts_with('|') && !is_code {
            found.push(plain(line));
        }
    }
    found
}

#[test]
fn a_page_is_taken_apart() {
    let page = "# Title\n\nOne *sentence*, with `code. End.` of 0.1.x\nin two lines. And another: here.\n\n```c\n| no. |\n\
                ```\n* An item. Of two.\n* Next.\n\n| head | of |\n|---|---|\n| `a` | row. It |\nend";
    let expected = [
        "One sentence , with code.",
        "End. of 0.1.x in two lines.",
        "And another: here.",
        "An item.",
        "Of two.",
        "Next.",
        "| a | row. It |",
        "end",
    ];
    assert_eq!(sentences(page), expected);
    assert_eq!(
        conventions("x are not repeated below\n *\n * One\n * two.\n *\n * Three.\n */ */"),
        ["One two.", "Three."]
    );
}

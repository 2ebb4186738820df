//! Rust as text: code without comments and literals, and its tokens.

/// The source with spaces in place of its comments and literals. Lines stay lines.
pub(crate) fn code(source: &str) -> String {
    let mut rest = source;
    let mut code = String::new();
    while let Some(first) = rest.chars().next() {
        let (len, kept) = match first {
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), false),
            '/' if rest.starts_with("/*") => (comment(rest), false),
            '"' => (string(rest), false),
            '\'' => match character(rest) {
                Some(len) => (len, false),
                None => (1, true),
            },
            _ if first.is_alphabetic() || first == '_' => match raw(rest) {
                Some(len) => (len, false),
                None => (word(rest), true),
            },
            _ => (first.len_utf8(), true),
        };
        let (taken, after) = rest.split_at(len);
        if kept {
            code += taken;
        } else {
            code.extend(taken.chars().map(|one| if one == '\n' { one } else { ' ' }));
        }
        rest = after;
    }
    code
}

fn word(text: &str) -> usize {
    let end = |one: char| !one.is_alphanumeric() && one != '_';
    text.find(end).unwrap_or(text.len())
}

/// The length of a comment, which may have others in it.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, one) in text.char_indices().skip(1) {
        match one {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character; `None` if it is a lifetime.
fn character(text: &str) -> Option<usize> {
    let inner = text[1..].chars().next()?;
    if inner == '\\' {
        let end = text[3..].find('\'')?;
        return Some(3 + end + 1);
    }
    let end = 1 + inner.len_utf8();
    text[end..].starts_with('\'').then_some(end + 1)
}

/// The length of a raw string, or of one of bytes, with its prefix.
fn raw(text: &str) -> Option<usize> {
    let prefix = word(text);
    let after = &text[prefix..];
    match &text[..prefix] {
        "b" | "c" if after.starts_with('"') => Some(prefix + string(after)),
        "r" | "br" | "cr" => {
            let hashes = after.len() - after.trim_start_matches('#').len();
            let end = format!("\"{}", "#".repeat(hashes));
            let inner = after[hashes..].strip_prefix('"')?;
            Some(prefix + hashes + 1 + inner.find(&end)? + end.len())
        }
        _ => None,
    }
}

/// The words and signs of code; `::` is one sign.
pub(crate) fn tokens(code: &str) -> Vec<&str> {
    let mut rest = code.trim_start();
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let len = match first {
            _ if first.is_alphanumeric() || first == '_' => word(rest),
            ':' if rest.starts_with("::") => 2,
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(len);
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

#[test]
fn comments_and_literals_are_no_code() {
    let source = r##"a // "b"
/* c /* d */ e */ f "g\"h" 'i' '\'' &'j k b"l" r#"m"n"# o"##;
    let code = code(source);
    assert_eq!(tokens(&code), ["a", "f", "&", "'", "j", "k", "o"]);
    assert_eq!(code.lines().count(), 2);
}

#[test]
fn tokens_are_words_and_signs() {
    assert_eq!(
        tokens("use a::{b_1, c};"),
        ["use", "a", "::", "{", "b_1", ",", "c", "}", ";"]
    );
}

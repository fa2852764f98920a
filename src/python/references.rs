//! The modules that Python source imports, and its string literals, without a full parser.
//!
//! Comments and strings do not count as code, brackets and backslashes join lines, and several
//! statements may share a line (language reference, 2.1 and 2.4). A string that looks unfinished ends with its
//! line.
//!
//! Invariant: any text has an answer; no code is run.

/// A name that code refers to: `..a.b` has two dots and the name `a.b`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DottedName {
    /// The leading dots of a relative import; 0 for an absolute one.
    pub dots: usize,
    /// The names with dots between them; empty for `.` alone.
    pub name: String,
}

/// The references of one source file, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// The imported names. `from a import b` is `a.b`, whether `b` is a module or not.
    pub imports: Vec<DottedName>,
    /// The string literals as written, without quotes.
    pub strings: Vec<String>,
}

/// Reads the references of a source file.
pub fn parse_references(text: &str) -> References {
    let mut lexer = Lexer { rest: text, statement: String::new(), found: References::default() };
    lexer.run();
    lexer.found
}

struct Lexer<'a> {
    rest: &'a str,
    /// The statement so far, each of its strings as two quotes.
    statement: String,
    found: References,
}

impl Lexer<'_> {
    fn run(&mut self) {
        let mut depth = 0_usize;
        while let Some(next) = self.rest.chars().next() {
            if matches!(next, '"' | '\'') {
                self.string(next);
                continue;
            }
            self.rest = &self.rest[next.len_utf8()..];
            match next {
                '#' => self.rest = &self.rest[self.rest.find('\n').unwrap_or(self.rest.len())..],
                '\\' => self.rest = self.rest.trim_start_matches(['\r', '\n']),
                '\n' | ';' if depth == 0 => self.end_statement(),
                '\n' => self.statement.push(' '),
                _ => {
                    match next {
                        '(' | '[' | '{' => depth += 1,
                        ')' | ']' | '}' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    self.statement.push(next);
                }
            }
        }
        self.end_statement();
    }

    /// A literal from its first quote on. A backslash keeps the next character in raw strings, too.
    fn string(&mut self, quote: char) {
        let triple: String = [quote; 3].iter().collect();
        let long = self.rest.starts_with(&triple);
        let end = if long { triple } else { quote.to_string() };
        let body = &self.rest[end.len()..];
        let mut at = 0;
        while let Some(next) = body[at..].chars().next() {
            if body[at..].starts_with(&end) || (next == '\n' && !long) {
                break;
            }
            let escaped = if next == '\\' { body[at + 1..].chars().next() } else { None };
            at += next.len_utf8() + escaped.map_or(0, char::len_utf8);
        }
        self.found.strings.push(body[..at].to_owned());
        let after = &body[at..];
        self.rest = after.strip_prefix(&end).unwrap_or(after);
        self.statement.push_str("\"\"");
    }

    fn end_statement(&mut self) {
        let statement = std::mem::take(&mut self.statement);
        let whole = statement.trim();
        let is_import = |text: &str| text.starts_with("import ") || text.starts_with("from ");
        // `try: import a` and its like.
        let clause = whole.rsplit_once(':').map_or("", |(_, clause)| clause.trim());
        let import = [whole, clause].into_iter().find(|text| is_import(text));
        self.found.imports.extend(import.into_iter().flat_map(parse_import));
    }
}

/// The names of one `import` or `from` statement.
fn parse_import(statement: &str) -> Vec<DottedName> {
    let first_word = |part: &str| part.split_whitespace().next().unwrap_or_default().to_owned();
    if let Some(names) = statement.strip_prefix("import ") {
        return names
            .split(',')
            .map(|name| DottedName { dots: 0, name: first_word(name) })
            .collect();
    }
    let Some((module, names)) =
        statement.strip_prefix("from ").and_then(|rest| rest.split_once(" import"))
    else {
        return Vec::new();
    };
    let module: String = module.split_whitespace().collect();
    let below = module.trim_start_matches('.');
    let dots = module.len() - below.len();
    let names = names.trim().trim_matches(['(', ')']).split(',').map(first_word);
    let full = |name: String| match (below, name.as_str()) {
        (_, "*") => below.to_owned(),
        ("", _) => name,
        _ => format!("{below}.{name}"),
    };
    names
        .filter(|name| !name.is_empty())
        .map(|name| DottedName { dots, name: full(name) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, imports: &str, strings: &str) {
        let found = parse_references(text);
        let shown = found.imports.iter().map(|one| format!("{}{}", ".".repeat(one.dots), one.name));
        assert_eq!(shown.collect::<Vec<_>>().join(" "), imports, "{text}");
        assert_eq!(found.strings.join("|"), strings, "{text}");
    }

    #[test]
    fn imports_of_every_form() {
        check("import a.b, c as d\n", "a.b c", "");
        check("from a.b import c as d, e", "a.b.c a.b.e", "");
        check("from a import (b,  # first\n    c,\n)\n", "a.b a.c", "");
        check("from . import tests\nfrom ..a import *\nfrom .a import b", ".tests ..a .a.b", "");
        check("from .a \\\n  import b", ".a.b", "");
        check("from .\\\r\n  import b", ".b", "");
        check("if x:\n    import a; import b\ntry: import c\nexcept E: pass", "a b c", "");
        check("import_a = 1\nfromage = 2\nx.import_module(y)", "", "");
        check("from a", "", "");
    }

    #[test]
    fn strings_and_comments_are_no_code() {
        check("x = 'import a' # import b\n", "", "import a");
        check("'''\nimport a\n'''\nimport b", "b", "\nimport a\n");
        check(r#"x = "a\"b"; import c"#, "c", r#"a\"b"#);
        check("f(r'\\\\', 'x')\nimport c", "c", r"\\|x");
        check("x = 'unfinished\nimport a", "a", "unfinished");
        check("x = ''; import a", "a", "");
        check("\"\"\"unfinished\nimport a", "", "unfinished\nimport a");
    }
}

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

/// One name that code imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedName {
    /// `from a import b` is `a.b`, whether `b` is a module or not.
    pub name: DottedName,
    /// The line of the statement, from 1.
    pub line: usize,
    /// The code goes on without the module: the import is in a `try` that catches its failure, in an
    /// `except`, or below `if TYPE_CHECKING`.
    pub is_optional: bool,
}

/// The references of one source file, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References<'a> {
    /// The names of import statements, of `__import__("a")` and of `import_module("a")`.
    pub imports: Vec<ImportedName>,
    /// The string literals as written, without quotes.
    pub strings: Vec<&'a str>,
}

/// Reads the references of a source file.
pub fn parse_references(text: &str) -> References<'_> {
    let mut lexer = Lexer {
        rest: text,
        line: 1,
        first_line: 1,
        called: Vec::new(),
        statement: String::new(),
        is_blank: true,
        starts_line: true,
        blocks: Vec::new(),
        found: References::default(),
    };
    lexer.run();
    lexer.found
}

struct Lexer<'a> {
    rest: &'a str,
    /// The number of the line that `rest` begins in.
    line: usize,
    /// The line in which the statement begins.
    first_line: usize,
    /// The names that the statement imports by a function.
    called: Vec<DottedName>,
    /// The statement so far, each of its strings as two quotes.
    statement: String,
    /// Whether the statement has only blanks so far.
    is_blank: bool,
    /// Whether the statement is the first of its line, so that it shows the indentation.
    starts_line: bool,
    /// The blocks around the statement that matter, the innermost last.
    blocks: Vec<Block>,
    found: References<'a>,
}

/// A block that decides whether imports in it are optional.
struct Block {
    indentation: usize,
    kind: BlockKind,
}

enum BlockKind {
    /// `try`, with the indices of the imports in it.
    Try(Vec<usize>),
    /// `except`, after the `try` with these imports.
    Except(Vec<usize>),
    /// `if TYPE_CHECKING`: never run.
    TypeChecking,
}

/// Whether a byte is more than text of a statement.
fn is_mark(byte: u8) -> bool {
    matches!(
        byte,
        b'"' | b'\'' | b'#' | b'\\' | b'\n' | b';' | b'(' | b'[' | b'{' | b')' | b']' | b'}'
    )
}

impl<'a> Lexer<'a> {
    fn run(&mut self) {
        let mut depth = 0_usize;
        loop {
            let plain = self.rest.bytes().position(is_mark).unwrap_or(self.rest.len());
            let (text, rest) = self.rest.split_at(plain);
            self.push(text);
            self.rest = rest;
            let Some(mark) = rest.bytes().next() else { break };
            if matches!(mark, b'"' | b'\'') {
                self.string(mark);
                continue;
            }
            self.rest = &rest[1..];
            match mark {
                b'#' => self.rest = &self.rest[self.rest.find('\n').unwrap_or(self.rest.len())..],
                b'\\' => {
                    let after = self.rest.trim_start_matches(['\r', '\n']);
                    self.line += count_lines(&self.rest[..self.rest.len() - after.len()]);
                    self.rest = after;
                }
                b'\n' | b';' if depth == 0 => {
                    self.end_statement();
                    self.line += usize::from(mark == b'\n');
                    self.starts_line = mark == b'\n';
                }
                b'\n' => {
                    self.line += 1;
                    self.statement.push(' ');
                }
                _ => {
                    match mark {
                        b'(' | b'[' | b'{' => depth += 1,
                        b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    self.push(&rest[..1]);
                }
            }
        }
        self.end_statement();
    }

    /// A literal from its first quote on.
    fn string(&mut self, quote: u8) {
        let quotes = if quote == b'"' { "\"\"\"" } else { "'''" };
        let long = self.rest.starts_with(quotes);
        let end = if long { quotes } else { &quotes[..1] };
        let after = &self.rest[end.len()..];
        let (body, after) = after.split_at(body_length(after, end));
        let calls = |function: &str| self.statement.trim_ascii_end().ends_with(function);
        if calls("__import__(") || calls("import_module(") {
            self.called.push(DottedName { dots: 0, name: body.to_owned() });
        }
        self.found.strings.push(body);
        self.rest = after.strip_prefix(end).unwrap_or(after);
        self.push(&quotes[..2]);
        self.line += count_lines(body);
    }

    fn push(&mut self, text: &str) {
        if self.is_blank {
            self.first_line = self.line;
            self.is_blank = text.trim_ascii_start().is_empty();
        }
        self.statement.push_str(text);
    }

    fn end_statement(&mut self) {
        let mut statement = std::mem::take(&mut self.statement);
        let whole = statement.trim_ascii();
        if self.starts_line && !whole.is_empty() {
            self.enter(statement.len() - statement.trim_ascii_start().len(), whole);
        }
        let is_import = |text: &str| text.starts_with("import ") || text.starts_with("from ");
        // `try: import a` and its like.
        let colon = memchr::memrchr(b':', whole.as_bytes());
        let clause = colon.map_or("", |colon| whole[colon + 1..].trim_ascii());
        let import = [whole, clause].into_iter().find(|text| is_import(text));
        let called = std::mem::take(&mut self.called);
        let names = import.into_iter().flat_map(parse_import).chain(called);
        names.for_each(|name| self.add_import(name));
        // The next statement needs no memory of its own.
        statement.clear();
        self.statement = statement;
        self.is_blank = true;
    }

    fn add_import(&mut self, name: DottedName) {
        let mut is_optional = false;
        for block in &mut self.blocks {
            match &mut block.kind {
                BlockKind::Try(imports) => imports.push(self.found.imports.len()),
                BlockKind::Except(_) | BlockKind::TypeChecking => is_optional = true,
            }
        }
        self.found.imports.push(ImportedName { name, line: self.first_line, is_optional });
    }

    /// Leaves the blocks that end before a statement, and enters the one that it begins.
    fn enter(&mut self, indentation: usize, statement: &str) {
        let mut tried = Vec::new();
        while let Some(block) = self.blocks.pop_if(|block| block.indentation >= indentation) {
            if let (true, BlockKind::Try(imports) | BlockKind::Except(imports)) =
                (block.indentation == indentation, block.kind)
            {
                tried = imports;
            }
        }
        let mut words = words(statement);
        let kind = match words.next() {
            Some("try") => BlockKind::Try(Vec::new()),
            Some("except") => {
                let mut caught = words.peekable();
                if caught.peek().is_none() || caught.any(|word| CATCH_IMPORTS.contains(&word)) {
                    for index in &tried {
                        self.found.imports[*index].is_optional = true;
                    }
                }
                BlockKind::Except(tried)
            }
            Some("if") if words.any(|word| word == "TYPE_CHECKING") => BlockKind::TypeChecking,
            _ => return,
        };
        self.blocks.push(Block { indentation, kind });
    }
}

/// The exceptions by which a failed import is caught.
const CATCH_IMPORTS: [&str; 4] =
    ["BaseException", "Exception", "ImportError", "ModuleNotFoundError"];

fn words(statement: &str) -> impl Iterator<Item = &str> {
    let is_part = |one: char| one.is_alphanumeric() || one == '_';
    statement.split(move |one| !is_part(one)).filter(|word| !word.is_empty())
}

fn count_lines(text: &str) -> usize {
    memchr::memchr_iter(b'\n', text.as_bytes()).count()
}

/// The length of a literal up to its closing quotes. One that is not long ends with its line. A
/// backslash keeps the next character in raw strings, too.
fn body_length(text: &str, end: &str) -> usize {
    let (bytes, end) = (text.as_bytes(), end.as_bytes());
    let stop = if end.len() == 1 { b'\n' } else { end[0] };
    let mut at = 0;
    while let Some(next) = memchr::memchr3(end[0], stop, b'\\', &bytes[at..]) {
        at += next;
        match bytes[at] {
            b'\\' => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            b'\n' => return at,
            _ if bytes[at..].starts_with(end) => return at,
            _ => at += 1,
        }
    }
    bytes.len()
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
        let names = found.imports.iter().map(|one| &one.name);
        let shown = names.map(|one| format!("{}{}", ".".repeat(one.dots), one.name));
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
    fn imports_that_may_fail() {
        for (text, expect) in [
            ("import a\n\n'''\n\n'''\ndef f():\n    import b", "1 a, 7 b"),
            ("try:\n    import a\nexcept ImportError:\n    import b\nimport c", "2 a?, 4 b?, 5 c"),
            ("try:\n  import a\nexcept (OSError, x.ModuleNotFoundError) as e:\n  pass", "2 a?"),
            ("try:\n  import a\nexcept OSError:\n  pass\nimport b", "2 a, 5 b"),
            ("try:\n  import a\nexcept OSError:\n  pass\nexcept:\n  pass", "2 a?"),
            ("try:\n  if x:\n    import a\nexcept Exception: pass", "3 a?"),
            ("try: import a\nexcept ImportError: import b", "1 a?, 2 b?"),
            ("try:\n  import a\nfinally:\n  import b", "2 a, 4 b"),
            ("if TYPE_CHECKING:\n  import a\nelse:\n  import b", "2 a?, 4 b"),
            ("__import__('a').b(__name__); importlib.import_module( \"c.d\")", "1 a, 1 c.d"),
            ("x = (1,\n2)\nimport \\\n  a", "3 a"),
            ("try:\n  a()\nexcept ImportError: pass\n__import__('b')", "4 b"),
        ] {
            let shown = parse_references(text).imports.into_iter().map(|one| {
                let optional = if one.is_optional { "?" } else { "" };
                format!("{} {}{optional}", one.line, one.name.name)
            });
            assert_eq!(shown.collect::<Vec<_>>().join(", "), expect, "{text}");
        }
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

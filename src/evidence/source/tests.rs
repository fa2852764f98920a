//! Source and the names that it opens.

use super::{Opener, names_in_source};

/// The names of a source: `find NAME`, `open NAME`, `cffi NAME`.
fn names(source: &str) -> Vec<String> {
    let word = |opener| match opener {
        Opener::FindLibrary => "find",
        Opener::Dlopen => "open",
        Opener::Cffi => "cffi",
    };
    let names = names_in_source(source.as_bytes());
    let mut lines: Vec<String> =
        names.iter().map(|name| format!("{} {}", word(name.opener), name.text)).collect();
    lines.sort();
    lines
}

#[track_caller]
fn check(source: &str, expect: &[&str]) {
    assert_eq!(names(source), expect, "{source}");
}

#[test]
fn arguments() {
    check("ctypes.util.find_library('magic')", &["find magic"]);
    check("x = CDLL(\"libmagic.so.1\", mode=1)", &["open libmagic.so.1"]);
    check("cdll.LoadLibrary('liba.so'); PyDLL('libb.so')", &["open liba.so", "open libb.so"]);
    check("ffi.dlopen('libvips.so.42')", &["cffi libvips.so.42"]);
    check("ctypes.cdll['libx.so']", &["open libx.so"]);
    check("CDLL(find_library('a') or 'liba.so.1')", &["find a", "open liba.so.1"]);
    check("CDLL('libx.so' if linux == 'libz.so' else 'x.dll')", &["open libx.so", "open x.dll"]);
}

#[test]
fn variables_lists_and_loops() {
    check("n = 'liba.so'\ndef f():\n    return CDLL(n)", &["open liba.so"]);
    check(
        "for n in ('a', 'b') + MORE:\n    p = find_library(n)\nMORE = ['c']",
        &["find a", "find b", "find c"],
    );
    check("[CDLL(n) for n in {'l': 'liba.so'}.values()]", &[]);
    check("[CDLL(n) for n in ['liba.so']]", &["open liba.so"]);
    check("NAMES = {'x': ['liba.so']}\nCDLL(NAMES['x'][0])", &["open liba.so"]);
    check("class A:\n    n = 'liba.so'\n    def f(self): CDLL(self.n)", &["open liba.so"]);
    // Another function's variable of the same name.
    check("def f(): n = 'liba.so'\ndef g(n): CDLL(n)", &[]);
}

#[test]
fn functions_of_the_file() {
    // python-magic 0.4.27.
    check(
        "def _candidates():\n    yield find_library('magic')\n    yield 'libmagic.so.1'\n\
         def load():\n    for lib in _candidates():\n        return ctypes.CDLL(lib)",
        &["find magic", "open libmagic.so.1"],
    );
    // WeasyPrint.
    check(
        "def _dlopen(ffi, *names, allow_fail=False):\n    for name in names:\n        \
         return ffi.dlopen(name)\n_dlopen(ffi, 'pango-1.0', 'libpango-1.0.so.0', allow_fail=True)",
        &["cffi libpango-1.0.so.0", "cffi pango-1.0"],
    );
    check(
        "class A:\n    def open(self, name, mode): CDLL(name)\nA().open('liba.so', 'r')",
        &["open liba.so"],
    );
    check(
        "def f(*, lib='liba.so'): CDLL(lib)\nf(lib='libb.so')",
        &["open liba.so", "open libb.so"],
    );
}

#[test]
fn other_names_of_openers() {
    check("from ctypes.util import find_library as _find\n_find('portaudio')", &["find portaudio"]);
    check("load = ctypes.cdll.LoadLibrary\nload('liba.so')", &["open liba.so"]);
    // A function of the file that is only called so.
    check("def find_library(n): pass\nfind_library('a')", &[]);
}

#[test]
fn other_strings_are_no_names() {
    for source in [
        "print('libmagic.so.1'); CDLL(None)",
        "CDLL('lib%s.so' % n)",
        "CDLL(f'lib{n}.so')",
        "CDLL(b)",
        "CDLL('a b')",
        "CDLL('c:\\\\x.dll')",
        "CDLL(os.path.join(here, 'liba.so'))",
        "a = b\nb = a\nCDLL(a)",
        "'CDLL' + (",
    ] {
        check(source, &[]);
    }
}

#[test]
fn broken_and_deep_source() {
    check("print 'x'\nCDLL('liba.so')\ndef f(:", &["open liba.so"]);
    let deep = format!("CDLL({}'liba.so'{})", "[".repeat(40_000), "]".repeat(40_000));
    check(&deep, &[]);
    assert!(names_in_source(b"CDLL('\xff.so')").is_empty());
}

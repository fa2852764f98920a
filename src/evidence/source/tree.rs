//! The syntax tree of Python source. This is the only file that names the grammar.
//!
//! Invariant: neither the depth nor the size of the source is a limit of the stack.

use tree_sitter::{Node, Parser, Tree};

/// The tree of a source, which may be broken in places.
pub(super) fn parse(text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_python::LANGUAGE.into())
        .expect("the grammar fits the version of the parser");
    parser.parse(text, None)
}

/// A node, and the function or class around it.
pub(super) struct Placed<'a> {
    pub(super) node: Node<'a>,
    pub(super) around: Option<Node<'a>>,
}

/// Every node below `top`, parents first.
pub(super) fn all_nodes(top: Node<'_>) -> Vec<Placed<'_>> {
    let mut cursor = top.walk();
    let mut nodes = Vec::new();
    let mut definitions: Vec<Node> = Vec::new();
    loop {
        let node = cursor.node();
        nodes.push(Placed { node, around: definitions.last().copied() });
        if cursor.goto_first_child() {
            if is_definition(node) {
                definitions.push(node);
            }
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return nodes;
            }
            if is_definition(cursor.node()) {
                definitions.pop();
            }
        }
    }
}

fn is_definition(node: Node) -> bool {
    matches!(node.kind(), "function_definition" | "class_definition")
}

/// The named children of a node, comments left out.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect()
}

/// The text of a string literal without any interpolation or escape.
pub(super) fn literal<'a>(node: Node<'_>, text: &'a str) -> Option<&'a str> {
    let mut content = None;
    for part in children(node) {
        match (part.kind(), content) {
            ("string_start" | "string_end", _) => {}
            ("string_content", None) => content = text.get(part.byte_range()),
            _ => return None,
        }
    }
    content.filter(|content| !content.contains('\\'))
}

//! Follows string literals through a file to the functions that open libraries.
//!
//! Variables, attributes, parameters and results are slots. Each assignment, loop, call and `return`
//! lets values flow into a slot; the values of a slot are those that flow into it, directly or through
//! other slots.
//!
//! Invariant: each slot is followed once, so a cycle ends.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;
use tree_sitter::Node;

use super::tree::{all_nodes, children, literal};
use super::{Name, OPENERS, Opener};

/// Deeper nesting of one expression is not looked into.
const DEEPEST: usize = 32;
/// Functions that return the elements that they are given.
const TRANSPARENT: [&str; 8] =
    ["list", "tuple", "set", "sorted", "reversed", "iter", "filter", "enumerate"];

/// A place that values flow into.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Slot<'a> {
    /// A variable of a function, or of the module (0).
    Variable(usize, &'a str),
    Attribute(&'a str),
    /// The results of the functions of this name.
    Result(&'a str),
}

/// A value of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value<'a> {
    Literal(&'a str),
    Of(Slot<'a>),
}

/// A function of the file.
struct Function<'a> {
    id: usize,
    parameters: Vec<Parameter<'a>>,
}

struct Parameter<'a> {
    name: &'a str,
    /// `*names`: takes every further argument.
    takes_rest: bool,
}

/// The names that reach an opener.
pub(super) fn names<'a>(text: &'a str, top: Node<'a>) -> BTreeSet<Name> {
    let nodes = all_nodes(top);
    let around = nodes.iter().filter_map(|placed| Some((placed.node.id(), placed.around?)));
    let mut flow = Flow {
        text,
        around: around.collect(),
        functions: BTreeMap::new(),
        aliases: BTreeMap::new(),
        values: BTreeMap::new(),
        opened: Vec::new(),
    };
    nodes.iter().for_each(|placed| flow.declare(placed.node));
    nodes.iter().for_each(|placed| flow.connect(placed.node));
    let opened = std::mem::take(&mut flow.opened);
    let reached = opened.iter().flat_map(|(opener, values)| {
        flow.literals(values)
            .into_iter()
            .map(|text| Name { text: text.to_owned(), opener: *opener })
    });
    reached.filter(|name| is_name(&name.text)).collect()
}

/// Whether a loader could look for it: printable, without blanks.
fn is_name(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

struct Flow<'a> {
    text: &'a str,
    /// The function or class around each node, by the id of the node.
    around: FxHashMap<usize, Node<'a>>,
    functions: BTreeMap<&'a str, Vec<Function<'a>>>,
    /// Other names of openers: `from ctypes.util import find_library as find`.
    aliases: BTreeMap<&'a str, Opener>,
    values: BTreeMap<Slot<'a>, Vec<Value<'a>>>,
    opened: Vec<(Opener, Vec<Value<'a>>)>,
}

impl<'a> Flow<'a> {
    /// The function around a node, the node itself excluded.
    fn function(&self, node: Node) -> Option<Node<'a>> {
        let outwards = |at: &Node| self.around.get(&at.id()).copied();
        std::iter::successors(outwards(&node), outwards)
            .find(|around| around.kind() == "function_definition")
    }

    fn of(&self, node: Node) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// Notes functions and other names of openers.
    fn declare(&mut self, node: Node) {
        match node.kind() {
            "function_definition" => {
                let Some(name) = node.child_by_field_name("name") else { return };
                let parameters = node.child_by_field_name("parameters").map(children);
                let parameters = parameters.into_iter().flatten();
                let parameters = parameters.filter_map(|one| self.parameter(one)).collect();
                let function = Function { id: node.id(), parameters };
                self.functions.entry(self.of(name)).or_default().push(function);
            }
            "aliased_import" => {
                let name = node.child_by_field_name("name").map(|name| self.of(name));
                let alias = node.child_by_field_name("alias").map(|alias| self.of(alias));
                let opener = name.and_then(|name| opener(name.rsplit('.').next()?));
                self.aliases.extend(alias.zip(opener));
            }
            "assignment" => {
                let (left, right) =
                    (node.child_by_field_name("left"), node.child_by_field_name("right"));
                let (Some(left), Some(right)) = (left, right) else { return };
                if matches!(right.kind(), "attribute" | "identifier") {
                    let alias = self.last_name(left);
                    let opener = self.last_name(right).and_then(opener);
                    self.aliases.extend(alias.zip(opener));
                }
            }
            _ => {}
        }
    }

    fn parameter(&self, node: Node) -> Option<Parameter<'a>> {
        let takes_rest = node.kind() == "list_splat_pattern";
        let name = match node.kind() {
            "identifier" => node,
            "default_parameter" | "typed_default_parameter" => node.child_by_field_name("name")?,
            "typed_parameter" => return self.parameter(node.named_child(0)?),
            "list_splat_pattern" => node.named_child(0)?,
            _ => return None,
        };
        Some(Parameter { name: self.of(name), takes_rest })
    }

    /// The last part of a dotted name.
    fn last_name(&self, node: Node) -> Option<&'a str> {
        match node.kind() {
            "identifier" => Some(self.of(node)),
            "attribute" => Some(self.of(node.child_by_field_name("attribute")?)),
            _ => None,
        }
    }

    /// Lets values flow.
    fn connect(&mut self, node: Node) {
        let field = |name: &str| node.child_by_field_name(name);
        match node.kind() {
            "assignment" | "augmented_assignment" | "for_statement" | "for_in_clause" => {
                if let (Some(left), Some(right)) = (field("left"), field("right")) {
                    self.assign(left, right);
                }
            }
            "named_expression" => {
                if let (Some(name), Some(value)) = (field("name"), field("value")) {
                    self.assign(name, value);
                }
            }
            "default_parameter" | "typed_default_parameter" => {
                // The defaults of a lambda belong to nothing that is followed.
                let function = self.function(node);
                if let (Some(name), Some(value), Some(function)) =
                    (field("name"), field("value"), function)
                {
                    let values = self.evaluate(value, 0);
                    self.add(Slot::Variable(function.id(), self.of(name)), values);
                }
            }
            "return_statement" | "yield" => {
                let values: Vec<Value> =
                    children(node).into_iter().flat_map(|one| self.evaluate(one, 0)).collect();
                if let Some(name) =
                    self.function(node).and_then(|function| function.child_by_field_name("name"))
                {
                    self.add(Slot::Result(self.of(name)), values);
                }
            }
            "call" => self.call(node),
            "subscript" => self.subscript(node),
            _ => {}
        }
    }

    fn add(&mut self, slot: Slot<'a>, values: Vec<Value<'a>>) {
        self.values.entry(slot).or_default().extend(values);
    }

    fn assign(&mut self, left: Node, right: Node) {
        let values = self.evaluate(right, 0);
        if values.is_empty() {
            return;
        }
        let targets = match left.kind() {
            "pattern_list" | "tuple_pattern" | "list_pattern" => children(left),
            _ => vec![left],
        };
        for target in targets {
            match target.kind() {
                "identifier" => {
                    let name = self.of(target);
                    let scope = self.function(target).map_or(0, |function| function.id());
                    self.add(Slot::Variable(scope, name), values.clone());
                    // A variable of a class is an attribute of its objects.
                    let around = self.around.get(&target.id());
                    if around.is_some_and(|around| around.kind() == "class_definition") {
                        self.add(Slot::Attribute(name), values.clone());
                    }
                }
                "attribute" => {
                    if let Some(name) = self.last_name(target) {
                        self.add(Slot::Attribute(name), values.clone());
                    }
                }
                _ => {}
            }
        }
    }

    fn call(&mut self, node: Node) {
        let function = node.child_by_field_name("function");
        let name = function.and_then(|function| self.last_name(function));
        let arguments = node.child_by_field_name("arguments").map(children).unwrap_or_default();
        let (Some(function), Some(name)) = (function, name) else { return };
        let own = function.kind() == "identifier" && self.functions.contains_key(name);
        let known = self.aliases.get(name).copied().or_else(|| opener(name)).filter(|_| !own);
        if let Some(opener) = known {
            let first = arguments.first().map(|first| self.argument(*first)).unwrap_or_default();
            self.opened.push((opener, first));
        } else if self.functions.contains_key(name) {
            self.pass(name, function.kind() == "attribute", &arguments);
        }
    }

    /// Lets arguments flow into the parameters of the functions of this name.
    fn pass(&mut self, name: &str, is_method: bool, arguments: &[Node]) {
        let mut flows = Vec::new();
        for function in &self.functions[name] {
            let bound = function.parameters.first().map(|first| first.name);
            let skipped = usize::from(is_method && matches!(bound, Some("self" | "cls")));
            let mut positions = function.parameters.iter().skip(skipped);
            let mut rest = None;
            for argument in arguments {
                let parameter = if argument.kind() == "keyword_argument" {
                    let key = argument.child_by_field_name("name").map(|key| self.of(key));
                    function.parameters.iter().find(|parameter| Some(parameter.name) == key)
                } else {
                    rest.or_else(|| positions.next())
                };
                rest = rest.or(parameter.filter(|parameter| parameter.takes_rest));
                if let Some(parameter) = parameter {
                    let slot = Slot::Variable(function.id, parameter.name);
                    flows.push((slot, self.argument(*argument)));
                }
            }
        }
        flows.into_iter().for_each(|(slot, values)| self.add(slot, values));
    }

    fn argument(&self, node: Node) -> Vec<Value<'a>> {
        let value = match node.kind() {
            "keyword_argument" => node.child_by_field_name("value"),
            _ => Some(node),
        };
        value.map(|value| self.evaluate(value, 0)).unwrap_or_default()
    }

    /// `ctypes.cdll["libc.so.6"]`.
    fn subscript(&mut self, node: Node) {
        let value = node.child_by_field_name("value").and_then(|value| self.last_name(value));
        let key = node.child_by_field_name("subscript");
        if let (Some("cdll" | "pydll"), Some(key)) = (value, key) {
            let values = self.evaluate(key, 0);
            self.opened.push((Opener::Dlopen, values));
        }
    }

    /// The strings that an expression can be, or that its elements can be.
    fn evaluate(&self, node: Node, depth: usize) -> Vec<Value<'a>> {
        if depth > DEEPEST {
            return Vec::new();
        }
        let all = |nodes: Vec<Node>| {
            nodes.into_iter().flat_map(|one| self.evaluate(one, depth + 1)).collect()
        };
        let field = |name: &str| {
            node.child_by_field_name(name)
                .map(|one| self.evaluate(one, depth + 1))
                .unwrap_or_default()
        };
        match node.kind() {
            "string" => literal(node, self.text).map(Value::Literal).into_iter().collect(),
            "identifier" => self.variable(node),
            "attribute" => self
                .last_name(node)
                .map(|name| Value::Of(Slot::Attribute(name)))
                .into_iter()
                .collect(),
            "subscript" => field("value"),
            "pair" => field("value"),
            "named_expression" => field("value"),
            "list_comprehension" | "set_comprehension" | "generator_expression" => field("body"),
            "list"
            | "tuple"
            | "set"
            | "dictionary"
            | "expression_list"
            | "parenthesized_expression"
            | "boolean_operator"
            | "list_splat"
            | "yield"
            | "await" => all(children(node)),
            // Without its condition.
            "conditional_expression" => {
                let mut parts = children(node);
                if parts.len() == 3 {
                    parts.remove(1);
                }
                all(parts)
            }
            // Lists are joined by `+`; a string that is put together is none of its parts.
            "binary_operator" if children(node).iter().any(|part| part.kind() != "string") => {
                let lists = ["list", "tuple", "identifier", "attribute", "call", "binary_operator"];
                let parts = children(node);
                let joined = parts.iter().all(|part| lists.contains(&part.kind()));
                if joined { all(parts) } else { Vec::new() }
            }
            "call" => self.result(node, depth),
            _ => Vec::new(),
        }
    }

    fn variable(&self, node: Node) -> Vec<Value<'a>> {
        let name = self.of(node);
        let mut scopes = vec![0];
        let mut at = self.function(node);
        while let Some(function) = at {
            scopes.push(function.id());
            at = self.function(function);
        }
        scopes.into_iter().map(|scope| Value::Of(Slot::Variable(scope, name))).collect()
    }

    fn result(&self, node: Node, depth: usize) -> Vec<Value<'a>> {
        let name = node.child_by_field_name("function").and_then(|one| self.last_name(one));
        let Some(name) = name else { return Vec::new() };
        if self.functions.contains_key(name) {
            return vec![Value::Of(Slot::Result(name))];
        }
        let arguments = node.child_by_field_name("arguments").map(children).unwrap_or_default();
        let passes = TRANSPARENT.contains(&name);
        let arguments = arguments.into_iter().filter(|_| passes);
        arguments.flat_map(|one| self.evaluate(one, depth + 1)).collect()
    }

    /// The literals among values, through all slots.
    fn literals(&self, values: &[Value<'a>]) -> BTreeSet<&'a str> {
        let mut literals = BTreeSet::new();
        let mut followed = BTreeSet::new();
        let mut pending: Vec<&Value> = values.iter().collect();
        while let Some(value) = pending.pop() {
            match value {
                Value::Literal(text) => drop(literals.insert(*text)),
                Value::Of(slot) if followed.insert(slot) => {
                    pending.extend(self.values.get(slot).into_iter().flatten());
                }
                Value::Of(_) => {}
            }
        }
        literals
    }
}

fn opener(name: &str) -> Option<Opener> {
    OPENERS.iter().find(|(known, _)| *known == name && *known != "cdll").map(|(_, opener)| *opener)
}

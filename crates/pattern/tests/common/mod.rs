//! One pattern against one text.
#![allow(clippy::unwrap_used, dead_code)]

use nbfix_pattern::{Options, Pattern, Resolve, Site, Template};
use nbfix_python::ast::ExprRef;
use nbfix_python::{AnyNodeRef, Module, SourceOrderVisitor, TraversalSignal, dotted};
use nbfix_text::{Edit, Patch, TextRange};

/// `sp` means `subprocess`, `go` means `subprocess.run`; all other names mean themselves. `MODEL` is `"gpt-4"`.
pub(crate) struct Imports;

impl Resolve for Imports {
    fn qualified(&self, expr: ExprRef<'_>) -> Option<String> {
        let (_, parts) = dotted(expr)?;
        let path = parts.join(".");
        if path == "go" {
            return Some("subprocess.run".to_owned());
        }
        let long = path
            .strip_prefix("sp.")
            .map(|rest| format!("subprocess.{rest}"));
        Some(long.unwrap_or(path))
    }

    fn constant(&self, expr: ExprRef<'_>) -> Option<String> {
        let (name, _) = dotted(expr)?;
        (name.id.as_str() == "MODEL").then(|| "gpt-4".to_owned())
    }

    fn spelled(&self, path: &str, _: usize) -> Option<String> {
        path.strip_prefix("subprocess")
            .map(|rest| format!("sp{rest}"))
    }
}

struct All<'a>(
    Vec<(AnyNodeRef<'a>, Option<AnyNodeRef<'a>>)>,
    Vec<AnyNodeRef<'a>>,
);

impl<'a> SourceOrderVisitor<'a> for All<'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        self.0.push((node, self.1.last().copied()));
        self.1.push(node);
        TraversalSignal::Traverse
    }
    fn leave_node(&mut self, _: AnyNodeRef<'a>) {
        self.1.pop();
    }
}

pub(crate) fn parse(source: &str) -> Module {
    let module = Module::cell(source, TextRange::new(0, source.len()));
    assert_eq!(module.errors(), [], "{source}");
    module
}

/// The first match anywhere in `source`: what each hole took, as `name=text`, joined by ` | `.
pub(crate) fn find_with(pattern: &str, source: &str, options: Options) -> Option<String> {
    let pattern = Pattern::with(pattern, options).unwrap();
    let module = parse(source);
    let mut all = All(Vec::new(), Vec::new());
    all.visit_body(module.body());
    all.0.iter().find_map(|(node, _)| {
        if !pattern.kinds().contains(&node.kind()) {
            return None;
        }
        let found = pattern.matches(*node, source, &Imports)?;
        let holes = pattern.holes();
        let texts = holes
            .iter()
            .map(|name| format!("{name}={}", found.text(name).unwrap()));
        Some(texts.collect::<Vec<_>>().join(" | "))
    })
}

pub(crate) fn find(pattern: &str, source: &str) -> Option<String> {
    find_with(pattern, source, Options::default())
}

/// What `source` becomes if its first match is replaced.
pub(crate) fn replaced(pattern: &str, template: &str, source: &str) -> String {
    let pattern = Pattern::parse(pattern).unwrap();
    let template = Template::parse(template, &pattern).unwrap();
    let module = parse(source);
    let mut all = All(Vec::new(), Vec::new());
    all.visit_body(module.body());
    let strings = module.multiline_strings(source);
    for (node, parent) in &all.0 {
        let Some(found) = pattern.matches(*node, source, &Imports) else {
            continue;
        };
        let line = source[..found.range.start()].rsplit('\n').next().unwrap();
        let indent = &line[..line.len() - line.trim_start().len()];
        let site = Site {
            indent,
            strings: &strings,
            parent: parent.filter(|_| !pattern.is_statement()),
            resolve: &Imports,
        };
        let text = template.print(&found, &site);
        return Patch::single(Edit::replace(found.range, text)).apply(source);
    }
    panic!("no match in {source}")
}

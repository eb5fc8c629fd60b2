//! The SDK call that takes the place of an `az` command, where the notebook reads one part of its answer.
//!
//! The answer is followed from the command to what is read of it: `.strip()`, `json.loads(...)`, `["id"]`, through a name
//! of the cell. Only if every way ends at a field of the table is there a rewrite; half a rewrite would mend nothing.

use std::collections::BTreeMap;

use nbfix_python::ast::{Expr, ExprCall, ExprName, Number};
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal, range, string_value};
use nbfix_semantic::{BindingKind, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use crate::az_answer::Answer;
use crate::az_words::{AzWord, of_argument, of_escape};
use crate::degrade::quoted;

/// What replaces a command.
#[derive(Clone, Debug)]
pub(crate) struct Rewrite {
    /// Edits of the cell.
    pub(crate) edits: Vec<Edit>,
    /// Statements that must run before.
    pub(crate) lines: Vec<String>,
    /// What must be installed.
    pub(crate) packages: Vec<String>,
}

/// What an expression holds of the command's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Held {
    Bytes,
    Text,
    /// `subprocess.run(...)`, and whether its output is text.
    Process(bool),
    /// `os.popen(...)`
    Pipe,
    /// The lines that IPython gives.
    Lines,
    /// What JSON holds at this path, as `--query` would say it.
    Json(String),
}

/// The SDK call for the command that `node` runs; `ancestors` are the nodes around it, outermost first.
pub(crate) fn rewrite<'a>(
    semantic: &Semantic<'a>,
    unit: &Unit<'a>,
    node: AnyNodeRef<'a>,
    ancestors: &[AnyNodeRef<'a>],
) -> Option<Rewrite> {
    let (words, held) = match node {
        AnyNodeRef::ExprCall(call) => run_of(semantic, unit, call)?,
        AnyNodeRef::ExprIpyEscapeCommand(escape) => {
            let whole = range(escape);
            let sign = whole.of(unit.source).strip_prefix('!')?;
            let code = TextRange::new(whole.end() - sign.len(), whole.end());
            (of_escape(unit.source, code)?, Held::Lines)
        }
        _ => return None,
    };
    let answer = Answer::of(&words)?;
    let lines = answer.lines()?;
    if !lines.iter().all(|line| is_free(semantic, unit, line)) {
        return None;
    }
    let reader = Reader {
        semantic,
        unit,
        answer: &answer,
    };
    Some(Rewrite {
        edits: reader.edits(held, range(node), ancestors)?,
        lines,
        packages: answer.row.packages.clone(),
    })
}

/// The words of a call that runs `az`, and what the call gives.
fn run_of<'a>(
    semantic: &Semantic<'a>,
    unit: &Unit<'a>,
    call: &'a ExprCall,
) -> Option<(Vec<AzWord>, Held)> {
    const KNOWN: &[&str] = &[
        "shell",
        "text",
        "universal_newlines",
        "encoding",
        "capture_output",
        "check",
        "timeout",
        "stdout",
        "stderr",
    ];
    let [argument] = &*call.arguments.args else {
        return None;
    };
    let keywords = &call.arguments.keywords;
    let known = |name: &str| KNOWN.contains(&name);
    if !keywords
        .iter()
        .all(|each| each.arg.as_ref().is_some_and(|name| known(name.as_str())))
    {
        return None;
    }
    let said = |name: &str| {
        let value = keywords
            .iter()
            .find(|each| each.arg.as_ref().is_some_and(|arg| arg == name));
        value.map(|each| &each.value)
    };
    let is_true = |name: &str| match said(name) {
        Some(Expr::BooleanLiteral(value)) => value.value,
        _ => false,
    };
    let text = is_true("text") || is_true("universal_newlines") || said("encoding").is_some();
    // With the errors in it the answer is not what the command says.
    let redirected = |path: &str| {
        said("stderr").is_some_and(|value| semantic.qualified(unit, value).as_deref() == Some(path))
    };
    if redirected("subprocess.STDOUT") {
        return None;
    }
    let held = match semantic.qualified(unit, &*call.func)?.as_str() {
        "subprocess.check_output" if text => Held::Text,
        "subprocess.check_output" => Held::Bytes,
        "subprocess.run" if is_true("capture_output") || said("stdout").is_some() => {
            Held::Process(text)
        }
        "subprocess.getoutput" => Held::Text,
        "os.popen" => Held::Pipe,
        _ => return None,
    };
    Some((of_argument(semantic, unit, argument)?, held))
}

/// Whether what a line imports means nothing else in the notebook.
fn is_free(semantic: &Semantic<'_>, unit: &Unit<'_>, line: &str) -> bool {
    let (module, names) = match line
        .strip_prefix("from ")
        .and_then(|rest| rest.split_once(" import "))
    {
        Some((module, names)) => (Some(module), names),
        None => match line.strip_prefix("import ") {
            Some(names) => (None, names),
            None => return true,
        },
    };
    names.split(", ").all(|name| {
        let path = module.map_or_else(|| name.to_owned(), |module| format!("{module}.{name}"));
        let mut bindings = semantic.bindings(unit.program, name).iter();
        bindings.all(|binding| matches!(&binding.kind, BindingKind::Import(to) if *to == path))
    })
}

struct Reader<'r, 'a> {
    semantic: &'r Semantic<'a>,
    unit: &'r Unit<'a>,
    answer: &'r Answer,
}

/// How far an answer was followed: what is held there, the expression that holds it, and the nodes around that.
struct Reached<'n, 'a> {
    held: Held,
    place: TextRange,
    around: &'n [AnyNodeRef<'a>],
}

impl<'a> Reader<'_, 'a> {
    /// The edits, if everything that is read of the answer is a field.
    fn edits(
        &self,
        held: Held,
        place: TextRange,
        ancestors: &[AnyNodeRef<'a>],
    ) -> Option<Vec<Edit>> {
        let reached = self.follow(held, place, ancestors)?;
        let name = name_of(&reached);
        match (self.value(&reached.held), name) {
            // Of the lines of an answer somebody may read more than the first.
            (Some(value), _) if reached.held != Held::Lines => {
                return Some(vec![Edit::replace(reached.place, value)]);
            }
            (Some(value), Some(name)) => {
                let reads = self.reads(name)?;
                let is_list = value.starts_with("[each");
                if is_list || reads.iter().all(|read| read.is_first()) {
                    let list = if is_list { value } else { format!("[{value}]") };
                    return (!reads.is_empty()).then(|| vec![Edit::replace(reached.place, list)]);
                }
            }
            _ => {}
        }
        let name = name?;
        if let Held::Json(path) = &reached.held {
            let value = self.dictionary(name, path)?;
            return Some(vec![Edit::replace(reached.place, value)]);
        }
        self.through(&reached, name)
    }

    /// The edits where a name holds the raw answer, and is read once.
    fn through(&self, reached: &Reached<'_, 'a>, name: &'a ExprName) -> Option<Vec<Edit>> {
        let reads = self.reads(name)?;
        let [read] = reads.as_slice() else {
            return None;
        };
        if read.unit != self.unit.index || read.place.start() < reached.place.end() {
            return None;
        }
        let further = self.follow(reached.held.clone(), read.place, &read.ancestors)?;
        let value = match (&further.held, name_of(&further)) {
            (Held::Lines, _) => None,
            (held, other) => self.value(held).or_else(|| match (held, other) {
                (Held::Json(path), Some(other)) => self.dictionary(other, path),
                _ => None,
            }),
        }?;
        Some(vec![
            Edit::replace(reached.place, value),
            Edit::replace(further.place, name.id.as_str()),
        ])
    }

    /// A dictionary of the fields that are read of a name that holds JSON.
    fn dictionary(&self, name: &'a ExprName, path: &str) -> Option<String> {
        let mut items: BTreeMap<String, String> = BTreeMap::new();
        for read in self.reads(name)? {
            let held = Held::Json(path.to_owned());
            let reached = self.follow(held, read.place, &read.ancestors)?;
            let Held::Json(full) = &reached.held else {
                return None;
            };
            let key = full.strip_prefix(path)?.trim_start_matches('.');
            if key.is_empty() || key.contains(['.', '[']) {
                return None;
            }
            items.insert(key.to_owned(), self.answer.field(full)?);
        }
        let items: Vec<String> = items
            .iter()
            .map(|(key, value)| format!("{}: {value}", quoted(key)))
            .collect();
        (!items.is_empty()).then(|| format!("{{{}}}", items.join(", ")))
    }

    /// The expression whose value is what is held; `None` if it is no field.
    fn value(&self, held: &Held) -> Option<String> {
        let answer = self.answer;
        match held {
            Held::Json(path) => answer.field(path),
            Held::Text | Held::Lines => {
                let is_plain = answer.output.as_deref() == Some("tsv") || answer.row.boolean;
                let value = answer.field(&answer.query).filter(|_| is_plain)?;
                Some(if answer.row.boolean {
                    format!("str({value}).lower()")
                } else if *held == Held::Text && answer.query.starts_with("[]") {
                    format!("'\\n'.join({value})")
                } else {
                    value
                })
            }
            Held::Bytes | Held::Process(_) | Held::Pipe => None,
        }
    }

    /// Follows what is done with the answer, outwards, to a field or as far as it is understood.
    fn follow<'n>(
        &self,
        mut held: Held,
        mut place: TextRange,
        mut around: &'n [AnyNodeRef<'a>],
    ) -> Option<Reached<'n, 'a>> {
        while let Some((parent, outer)) = around.split_last() {
            let is_field =
                matches!(&held, Held::Json(path) if self.answer.row.field(path).is_some());
            if is_field {
                break;
            }
            let Some((next, whole)) = self.step(&held, place, *parent, outer.last().copied())
            else {
                break;
            };
            let length = usize::from(whole != range(*parent)) + 1;
            around = around.get(..around.len() - length)?;
            (held, place) = (next, whole);
        }
        Some(Reached {
            held,
            place,
            around,
        })
    }

    /// What the parent makes of it, and the expression that holds that: the parent, or the call that it is called by.
    fn step(
        &self,
        held: &Held,
        place: TextRange,
        parent: AnyNodeRef<'a>,
        outer: Option<AnyNodeRef<'a>>,
    ) -> Option<(Held, TextRange)> {
        match parent {
            AnyNodeRef::ExprAttribute(attribute) if range(&*attribute.value) == place => {
                let whole = range(attribute);
                let call = match outer {
                    Some(AnyNodeRef::ExprCall(call)) if range(&*call.func) == whole => Some(call),
                    _ => None,
                };
                let bare = call.filter(|call| call.arguments.is_empty()).map(range);
                match (held, attribute.attr.as_str()) {
                    (Held::Process(true), "stdout") => Some((Held::Text, whole)),
                    (Held::Process(false), "stdout") => Some((Held::Bytes, whole)),
                    (Held::Lines, "n" | "s") if call.is_none() => Some((Held::Text, whole)),
                    (Held::Bytes | Held::Text, "strip" | "rstrip") => Some((held.clone(), bare?)),
                    (Held::Bytes, "decode") => Some((Held::Text, range(call?))),
                    (Held::Pipe, "read") => Some((Held::Text, bare?)),
                    (Held::Text, "split" | "splitlines") => Some((Held::Lines, bare?)),
                    (Held::Json(path), "get") => {
                        let [key] = &*call?.arguments.args else {
                            return None;
                        };
                        Some((Held::Json(below(path, string_value(key)?)), range(call?)))
                    }
                    _ => None,
                }
            }
            AnyNodeRef::ExprSubscript(subscript) if range(&*subscript.value) == place => {
                let whole = range(subscript);
                match held {
                    Held::Lines if is_zero(&subscript.slice) => Some((Held::Text, whole)),
                    Held::Json(path) => {
                        let key = string_value(&subscript.slice)?;
                        Some((Held::Json(below(path, key)), whole))
                    }
                    _ => None,
                }
            }
            AnyNodeRef::ExprCall(call) => {
                let [only] = &*call.arguments.args else {
                    return None;
                };
                if range(only) != place || !call.arguments.keywords.is_empty() {
                    return None;
                }
                let is_join = matches!(&*call.func, Expr::Attribute(method)
                    if method.attr.as_str() == "join" && method.value.is_string_literal_expr());
                if *held == Held::Lines && is_join {
                    return Some((Held::Text, range(call)));
                }
                let path = self.semantic.qualified(self.unit, &*call.func)?;
                let is_json = path == "json.loads" && self.answer.is_json();
                let raw = matches!(held, Held::Bytes | Held::Text);
                (is_json && raw).then(|| (Held::Json(self.answer.query.clone()), range(call)))
            }
            // The arguments of a call are a node of their own.
            AnyNodeRef::Arguments(_) => {
                let (held, whole) = self.step(held, place, outer?, None)?;
                Some((held, whole))
            }
            _ => None,
        }
    }

    /// Every read that sees this binding of a name; `None` if that is not clear, or if a shell line reads it too.
    fn reads(&self, name: &'a ExprName) -> Option<Vec<Read<'a>>> {
        let (semantic, program) = (self.semantic, self.unit.program);
        let id = name.id.as_str();
        let bindings = semantic.bindings(program, id);
        let place = range(name);
        let is_ours = |unit: usize, at: TextRange| (unit, at) == (self.unit.index, place);
        if bindings.iter().any(|binding| binding.conditional) {
            return None;
        }
        let mut finder = ReadFinder {
            name: id,
            unit: 0,
            ancestors: Vec::new(),
            reads: Vec::new(),
            in_shell: false,
        };
        for unit in semantic.units_of(program) {
            finder.unit = unit.index;
            finder.visit_body(unit.module.body());
        }
        if finder.in_shell {
            return None;
        }
        let mut own = Vec::new();
        for read in finder.reads {
            // Whoever calls a function later may see any of several values.
            let is_later = read.ancestors.iter().any(|node| {
                matches!(
                    node,
                    AnyNodeRef::StmtFunctionDef(_)
                        | AnyNodeRef::StmtClassDef(_)
                        | AnyNodeRef::ExprLambda(_)
                )
            });
            if is_later && bindings.len() > 1 {
                return None;
            }
            let home = semantic.unit(read.unit)?;
            let seen = semantic.binding(home, id, read.place.start())?;
            if is_ours(seen.unit, seen.range) {
                own.push(read);
            }
        }
        Some(own)
    }
}

/// The name that a top-level statement binds to what was reached.
fn name_of<'a>(reached: &Reached<'_, 'a>) -> Option<&'a ExprName> {
    let [AnyNodeRef::StmtAssign(assign)] = reached.around else {
        return None;
    };
    match assign.targets.as_slice() {
        [Expr::Name(name)] if range(&*assign.value) == reached.place => Some(name),
        _ => None,
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn is_zero(expr: &Expr) -> bool {
    matches!(expr, Expr::NumberLiteral(number)
        if matches!(&number.value, Number::Int(value) if value.as_u8() == Some(0)))
}

/// A read of a name.
struct Read<'a> {
    unit: usize,
    place: TextRange,
    ancestors: Vec<AnyNodeRef<'a>>,
}

impl Read<'_> {
    /// `name[0]`
    fn is_first(&self) -> bool {
        matches!(self.ancestors.last(), Some(AnyNodeRef::ExprSubscript(subscript))
            if range(&*subscript.value) == self.place && is_zero(&subscript.slice))
    }
}

/// Whether a shell line asks for the name: `$name`, or something in braces.
fn is_named(line: &str, name: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(name).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default();
        let after = line.get(at + name.len()..).unwrap_or_default();
        let in_braces = before
            .rfind('{')
            .is_some_and(|open| !before[open..].contains('}'));
        let asks = before.ends_with('$') || in_braces;
        asks && !is_part(before.chars().next_back()) && !is_part(after.chars().next())
    })
}

struct ReadFinder<'n, 'a> {
    name: &'n str,
    unit: usize,
    ancestors: Vec<AnyNodeRef<'a>>,
    reads: Vec<Read<'a>>,
    in_shell: bool,
}

impl<'a> SourceOrderVisitor<'a> for ReadFinder<'_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        let shell = match node {
            AnyNodeRef::ExprName(name) if name.id.as_str() == self.name && name.ctx.is_load() => {
                self.reads.push(Read {
                    unit: self.unit,
                    place: range(name),
                    ancestors: self.ancestors.clone(),
                });
                None
            }
            AnyNodeRef::StmtIpyEscapeCommand(escape) => Some(&escape.value),
            AnyNodeRef::ExprIpyEscapeCommand(escape) => Some(&escape.value),
            _ => None,
        };
        if let Some(text) = shell {
            self.in_shell |= is_named(text, self.name);
        }
        self.ancestors.push(node);
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, _: AnyNodeRef<'a>) {
        self.ancestors.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_what_ipython_puts_into_it() {
        assert!(is_named("az a -n {name}", "name"));
        assert!(is_named("az a -n $name -g b", "name"));
        assert!(is_named("az a -n {name.id}", "name"));
        assert!(!is_named("az name show -n {other}", "name"));
        assert!(!is_named("az a $name2", "name"));
    }
}

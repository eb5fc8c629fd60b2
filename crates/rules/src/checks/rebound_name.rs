//! `rebound-name`: a module's or client's name that holds something else by now.

use nbfix_lint::{Check, Findings, Report};
use nbfix_semantic::{ProgramId, ProgramKind, Semantic};
use nbfix_text::TextRange;

use crate::lives::rename::{last, rename, top};
use crate::lives::{Kind, Life, Read, is_candidate, lives, reads};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// Attributes that so many things have that they tell nothing of what the author meant.
const COMMON: &[&str] = &[
    "add",
    "append",
    "apply",
    "batch",
    "call",
    "clear",
    "close",
    "commit",
    "config",
    "configure",
    "connect",
    "content",
    "copy",
    "count",
    "create",
    "data",
    "date",
    "delete",
    "describe",
    "endpoint",
    "execute",
    "extend",
    "find",
    "fit",
    "format",
    "from_config",
    "from_pretrained",
    "generate",
    "get",
    "id",
    "index",
    "info",
    "insert",
    "invoke",
    "items",
    "join",
    "keys",
    "list",
    "load",
    "lower",
    "max",
    "mean",
    "metadata",
    "min",
    "model",
    "name",
    "open",
    "path",
    "plot",
    "pop",
    "post",
    "predict",
    "put",
    "query",
    "read",
    "remove",
    "replace",
    "reset",
    "run",
    "save",
    "search",
    "send",
    "set",
    "shape",
    "show",
    "size",
    "sort",
    "split",
    "start",
    "status",
    "stop",
    "stream",
    "strip",
    "submit",
    "sum",
    "text",
    "time",
    "title",
    "to",
    "train",
    "transform",
    "type",
    "update",
    "upper",
    "url",
    "value",
    "values",
    "version",
    "wait",
    "write",
    "__class__",
    "__dict__",
    "__doc__",
    "__name__",
    "__version__",
];

/// What nobody but the module has, so that it need not be seen there first.
const OF_MODULES: &[(&str, &[&str])] = &[
    ("json", &["loads", "dumps", "load", "dump"]),
    ("time", &["sleep", "time", "perf_counter", "strftime"]),
    ("os", &["environ", "getenv", "path", "listdir", "makedirs"]),
    ("re", &["compile", "findall", "sub", "match", "search"]),
    (
        "random",
        &["choice", "choices", "randint", "shuffle", "seed", "sample"],
    ),
    ("glob", &["glob"]),
    ("copy", &["deepcopy"]),
    ("math", &["sqrt", "ceil", "floor", "log"]),
];

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    if semantic.program(ProgramId::DOCUMENT).kind != ProgramKind::Notebook {
        return;
    }
    let mut names: Vec<&str> = semantic
        .names(ProgramId::DOCUMENT)
        .filter(|(_, bindings)| is_candidate(bindings))
        .map(|(name, _)| name)
        .collect();
    if names.is_empty() {
        return;
    }
    names.sort_unstable();
    let all = reads(semantic, &names);
    for (name, reads) in names.iter().zip(&all) {
        if reads.iter().any(|read| read.attribute.is_some())
            && let Some(lives) = lives(semantic, name, reads)
        {
            let calls = calls(semantic, reads);
            for later in 1..lives.len() {
                findings.extend(mistaken(semantic, name, &lives, later, &calls));
            }
        }
    }
}

/// A place that needs what the name held before.
struct Mistake<'a> {
    /// Position of the unit.
    unit: usize,
    range: TextRange,
    attr: &'a str,
    /// The function that reads it, if this is the call of one.
    function: Option<&'a str>,
}

impl Mistake<'_> {
    fn place(&self) -> (usize, usize) {
        (self.unit, self.range.start())
    }
}

/// The calls, at the top level, of the functions that read the name.
fn calls<'a>(semantic: &Semantic<'a>, of: &[Read<'a>]) -> Vec<(&'a str, Vec<Read<'a>>)> {
    let mut functions: Vec<&str> = of
        .iter()
        .filter(|read| read.attribute.is_some())
        .filter_map(|read| read.function)
        .filter(|name| semantic.bindings(ProgramId::DOCUMENT, name).len() == 1)
        .collect();
    functions.sort_unstable();
    functions.dedup();
    if functions.is_empty() {
        return Vec::new();
    }
    let found = reads(semantic, &functions).into_iter().map(|reads| {
        let here = |read: &Read<'_>| read.called && !read.deep && !read.caught;
        reads.into_iter().filter(here).collect()
    });
    functions.iter().copied().zip(found).collect()
}

/// The reads of a life that mean an earlier one.
fn mistaken<'a>(
    semantic: &Semantic<'a>,
    name: &str,
    lives: &[Life<'_, 'a>],
    later: usize,
    calls: &[(&'a str, Vec<Read<'a>>)],
) -> Option<Report> {
    let (before, after) = lives.split_at_checked(later)?;
    let life = after.first()?;
    let kind = life.kind.as_ref()?;
    let ends = after.get(1).and_then(Life::begins);
    before.iter().rev().find_map(|earlier| {
        let meant = earlier.kind.as_ref()?;
        let reads = life.reads.iter().filter(|read| {
            !read.deep && !read.caught && means((meant, earlier), (kind, life), read)
        });
        let mut mistakes: Vec<Mistake<'a>> = reads
            .filter_map(|read| {
                let (attr, range) = read.attribute?;
                Some(Mistake {
                    unit: read.unit,
                    range,
                    attr,
                    function: None,
                })
            })
            .collect();
        for (function, calls) in calls {
            let needed = earlier
                .reads
                .iter()
                .filter(|read| read.function == Some(function) && !read.caught)
                .find(|read| needs((meant, earlier), (kind, life), read, calls));
            let Some(needed) = needed else { continue };
            let (from, to) = (life.begins(), ends);
            let during = calls.iter().filter(|call| {
                from.is_some_and(|from| call.place() >= from)
                    && to.is_none_or(|to| call.place() < to)
            });
            mistakes.extend(during.map(|call| Mistake {
                unit: call.unit,
                range: call.range,
                attr: needed.attr(),
                function: Some(function),
            }));
        }
        mistakes.sort_by_key(Mistake::place);
        report(semantic, name, (before, earlier), life, &mistakes)
    })
}

/// Whether a function, written while the name held what it held before, fails when it reads `read` by now.
fn needs<'a>(
    (meant, earlier): (&Kind, &Life<'_, 'a>),
    (kind, life): (&Kind, &Life<'_, 'a>),
    read: &Read<'a>,
    calls: &[Read<'a>],
) -> bool {
    let attr = read.attr();
    let of_the_new_one = life.reads.iter().any(|other| other.attr() == attr);
    if attr.is_empty() || of_the_new_one || COMMON.contains(&attr) && !is_of_module(meant, attr) {
        return false;
    }
    // That it means what the name held where it was written shows in a use of that time.
    let used = earlier
        .reads
        .iter()
        .any(|other| !other.deep && other.attr() == attr);
    let begin = life.begins();
    let called = calls
        .iter()
        .any(|call| begin.is_some_and(|begin| call.place() < begin) && call.place() > read.place());
    match (meant, kind) {
        (Kind::Import(_), Kind::Data | Kind::Function | Kind::Part) => true,
        (Kind::Import(module), Kind::Instance(path)) => {
            (used || called) && top(module) != top(path)
        }
        (Kind::Import(module), Kind::Import(other)) => {
            member_of(module, other) && attr == last(other)
        }
        (Kind::Instance(_), Kind::Data | Kind::Function) => used || called,
        (Kind::Instance(first), Kind::Instance(second)) => {
            (used || called) && !is_family(first, second)
        }
        _ => false,
    }
}

/// Whether only the module `meant` has `attr`.
fn is_of_module(meant: &Kind, attr: &str) -> bool {
    let Kind::Import(module) = meant else {
        return false;
    };
    OF_MODULES
        .iter()
        .any(|(known, attrs)| known == module && attrs.contains(&attr))
}

/// Whether `read`, which sees what the name holds by now, means what it held before.
fn means<'a>(
    (meant, earlier): (&Kind, &Life<'_, 'a>),
    (kind, life): (&Kind, &Life<'_, 'a>),
    read: &Read<'a>,
) -> bool {
    let Some((attr, _)) = read.attribute else {
        return false;
    };
    let Some(rebinding) = life.bindings.last() else {
        return false;
    };
    let seen = earlier.reads.iter().any(|read| read.attr() == attr);
    // What stands in the rebinding's own cell is written by somebody who has just rebound the name.
    let of_the_new_one = life
        .reads
        .iter()
        .any(|other| other.unit == rebinding.unit && other.attr() == attr && !other.deep);
    let in_later_cell = read.unit > rebinding.unit;
    let common = COMMON.contains(&attr);
    match (meant, kind) {
        (Kind::Import(module), Kind::Import(member)) => {
            if member_of(module, member) {
                // `from datetime import datetime`, then `datetime.datetime`
                attr == last(member) || seen && !common && attr != "timestamp"
            } else if member_of(member, module) {
                seen && !common
            } else {
                // Two modules of one name often do the same: `numpy` and `jax.numpy`. IPython's classes do nothing
                // but show.
                member.starts_with("IPython.display.") && !module.starts_with("IPython.") && seen
            }
        }
        (
            Kind::Import(module),
            Kind::Data | Kind::Function | Kind::Part | Kind::Other | Kind::Instance(_),
        ) => {
            if is_of_module(meant, attr) {
                return true;
            }
            let related = match kind {
                Kind::Instance(path) => top(path) == top(module),
                _ => false,
            };
            // An object that makes instances of classes is a module, whatever was used of it before.
            let shown = seen && !common || read.makes && in_later_cell;
            shown && !related && !of_the_new_one
        }
        (Kind::Instance(_), Kind::Data | Kind::Function) => seen && !common && !of_the_new_one,
        (Kind::Instance(first), Kind::Instance(second)) => {
            // The new one is used as something else first: then this read goes back to the old one.
            let is_new = |other: &&Read<'a>| {
                other.place() < read.place()
                    && !other.deep
                    && other.attribute.is_some()
                    && !earlier.reads.iter().any(|read| read.attr() == other.attr())
            };
            seen && !common
                && in_later_cell
                && !of_the_new_one
                && !is_family(first, second)
                && life.reads.iter().any(|other| is_new(&other))
        }
        _ => false,
    }
}

/// Whether `member` is the member of `module` that has the module's own name: `time.time`, `datetime.datetime`.
fn member_of(module: &str, member: &str) -> bool {
    member
        .strip_prefix(module)
        .and_then(|rest| rest.strip_prefix('.'))
        .is_some_and(|rest| !rest.contains('.'))
}

/// Clients that speak as OpenAI's does.
const ALIKE: &[&str] = &[
    "OpenAI",
    "Groq",
    "Mistral",
    "Together",
    "Anthropic",
    "Inference",
    "Cerebras",
    "Chat",
    "LLM",
    "Llama",
    "Fireworks",
];

/// Names of classes that say nothing of what they are.
const PLAIN: &[&str] = &[
    "Client",
    "AsyncClient",
    "Session",
    "Connection",
    "Service",
    "Api",
    "Index",
    "Store",
    "Agent",
];

/// Whether two classes are of one family, so that what one can do the other can, too.
fn is_family(first: &str, second: &str) -> bool {
    let (a, b) = (last(first), last(second));
    let alike = |name: &str| ALIKE.iter().any(|part| name.contains(part));
    let shorter = if a.len() < b.len() { a } else { b };
    let one_in_the_other = (a.contains(b) || b.contains(a)) && !PLAIN.contains(&shorter);
    // `langchain` and `langchain_openai` go together.
    let vendor = |path: &str| top(path).split('_').next().map(str::to_owned);
    vendor(first) == vendor(second) || one_in_the_other || alike(a) && alike(b)
}

fn report(
    semantic: &Semantic<'_>,
    name: &str,
    (before, earlier): (&[Life<'_, '_>], &Life<'_, '_>),
    life: &Life<'_, '_>,
    mistakes: &[Mistake<'_>],
) -> Option<Report> {
    let cell = |unit: usize| semantic.units().get(unit).map(|unit| unit.cell);
    let (first, others) = mistakes.split_first()?;
    let (was, is) = (earlier.bindings.last()?, life.bindings.last()?);
    let (meant, held) = (earlier.kind.as_ref()?, life.kind.as_ref()?);
    let (meant, held) = match (meant, held) {
        // Two classes of one name are told apart by their packages.
        (Kind::Instance(first), Kind::Instance(second)) if last(first) == last(second) => {
            (format!("a `{first}`"), format!("a `{second}`"))
        }
        _ => (describe(meant, name), describe(held, name)),
    };
    let mut report = Report::at(cell(first.unit)?, first.range)
        .label(
            cell(was.unit)?,
            was.range,
            format!("`{name}` is {meant} here"),
        )
        .label(cell(is.unit)?, is.range, format!("and {held} from here on"));
    for other in others {
        report = report.label(cell(other.unit)?, other.range, "and here");
    }
    if let Some(function) = first.function {
        report = report.says("call").with("function", function);
    } else if is.unit == first.unit {
        report = report.says("same");
    }
    let places: Vec<_> = mistakes.iter().map(|one| (one.place(), one.attr)).collect();
    for (unit, edit) in rename(semantic, name, before, life, &places).unwrap_or_default() {
        report = report.edit(cell(unit)?, edit);
    }
    Some(
        report
            .with("name", name)
            .with("attr", first.attr)
            .with("other", cell(is.unit)?.number().to_string())
            .with("was", meant)
            .with("is", held),
    )
}

/// What the name holds, in words.
fn describe(kind: &Kind, name: &str) -> String {
    match kind {
        Kind::Import(path) if path == name => format!("the module `{path}`"),
        Kind::Import(path) => format!("`{path}`"),
        Kind::Instance(path) => {
            let class = last(path);
            let article = if class.starts_with(['A', 'E', 'I', 'O', 'U']) {
                "an"
            } else {
                "a"
            };
            format!("{article} `{class}`")
        }
        Kind::Data => "data".to_owned(),
        Kind::Function => "a function".to_owned(),
        Kind::Part | Kind::Other => "something else".to_owned(),
    }
}

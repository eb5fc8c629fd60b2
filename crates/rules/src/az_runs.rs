//! The cells that run the Azure CLI, and where.

use nbfix_lint::shell::{Commands, asks_for_program};
use nbfix_python::ast::{AnyNodeRef, Expr, Stmt};
use nbfix_python::{SourceOrderVisitor, TraversalSignal, range, shell, string_value};
use nbfix_semantic::{ProgramId, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use crate::az_guard;
use crate::az_sdk::{Rewrite, rewrite};
use crate::cli::az_run;
use crate::degrade::{Site, is_stdlib_import};
use crate::guards::is_caught;
use crate::outage::Outage;
use crate::services::Services;

/// Whether `az`, or the package behind it, stands in the text as a word.
fn names_the_cli(source: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    source.match_indices("az").any(|(at, word)| {
        let end = at + word.len();
        let before = source.get(..at).and_then(|text| text.chars().next_back());
        let after = source.get(end..).and_then(|text| text.chars().next());
        !is_part(before) && (!is_part(after) || source[at..].starts_with("azure.cli"))
    })
}

/// One `az` command of a cell.
pub(crate) struct Run {
    pub(crate) words: Vec<String>,
    pub(crate) at: TextRange,
    /// The function around it; `None` if it runs when the cell runs.
    pub(crate) function: Option<TextRange>,
    /// If functions of the notebook run it, the places on the way: positions of units, and ranges there.
    pub(crate) through: Vec<(usize, TextRange)>,
    pub(crate) guarded: bool,
    /// What the SDK has in its place, if nothing else is read of its answer.
    pub(crate) rewrite: Option<Rewrite>,
    /// What makes it safe to try, where it stays.
    pub(crate) limits: Vec<Edit>,
}

/// The Python cells that run `az` unguarded, each with its runs.
pub(crate) fn runs_of<'s, 'a>(semantic: &'s Semantic<'a>) -> Vec<(&'s Unit<'a>, Vec<Run>)> {
    // Whatever the way to the command, somebody writes its name.
    let mut units = (0..).map_while(|index| semantic.unit(index));
    if !units.any(|unit| names_the_cli(unit.source)) {
        return Vec::new();
    }
    let commands = Commands::new(semantic);
    let mut all: Vec<(&Unit<'a>, Vec<Run>)> = Vec::new();
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        let mut finder = Finder {
            commands: &commands,
            unit,
            ancestors: Vec::new(),
            left_early: Vec::new(),
            runs: Vec::new(),
        };
        finder.visit_body(unit.module.body());
        if !finder.runs.is_empty() {
            all.push((unit, finder.runs));
        }
    }
    // What a function runs is told where the function is called; a function that calls itself is no caller.
    let mut reached: Vec<(usize, TextRange)> = Vec::new();
    for (unit, runs) in &all {
        for run in runs {
            let own = |place: &(usize, TextRange)| {
                place.0 == unit.index && run.function.is_some_and(|around| around.covers(place.1))
            };
            reached.extend(run.through.iter().filter(|place| !own(place)));
        }
    }
    let own = all.into_iter().map(|(unit, mut runs)| {
        runs.retain(|run| {
            let told_elsewhere = run.function.is_some() && reached.contains(&(unit.index, run.at));
            !run.guarded && !told_elsewhere
        });
        (unit, runs)
    });
    own.filter(|(_, runs)| !runs.is_empty()).collect()
}

/// The cell's part that needs the CLI; `None` if a function runs it, which fails where it is called.
pub(crate) fn site(services: &Services, unit: &Unit<'_>, runs: &[Run]) -> Option<Site> {
    let (from, to) = region(unit, runs)?;
    if let Some(site) = site_of_sdk(services, unit, runs, from, to) {
        return Some(site);
    }
    let mut outage = Outage::of_tool(services, "az");
    outage.first = [
        "import shutil",
        "if shutil.which('az') is None:",
        "    raise LookupError('the Azure CLI (az) is not on the PATH')",
    ]
    .map(str::to_owned)
    .to_vec();
    Some(Site {
        unit: unit.index,
        from,
        to,
        outage,
        replacements: runs.iter().flat_map(|run| run.limits.clone()).collect(),
        asks: Vec::new(),
    })
}

/// The cell's part with SDK calls in place of all of its commands; if one has to stay, the CLI is needed anyway.
fn site_of_sdk(
    services: &Services,
    unit: &Unit<'_>,
    runs: &[Run],
    from: usize,
    to: usize,
) -> Option<Site> {
    let rewrites: Vec<&Rewrite> = runs
        .iter()
        .map(|run| run.rewrite.as_ref())
        .collect::<Option<_>>()?;
    let azure = services.by_id("azure_login")?;
    let mut outage = Outage::of(&azure, &[]);
    let mut packages: Vec<&str> = Vec::new();
    let mut replacements = Vec::new();
    for rewrite in rewrites {
        for line in &rewrite.lines {
            if !outage.first.contains(line) {
                outage.first.push(line.clone());
            }
        }
        for package in &rewrite.packages {
            if !packages.contains(&package.as_str()) {
                packages.push(package);
            }
        }
        replacements.extend(rewrite.edits.iter().cloned());
    }
    if !packages.is_empty() {
        let line = format!("%pip install {}", packages.join(" "));
        outage.cli.insert(0, line);
    }
    Some(Site {
        unit: unit.index,
        from,
        to,
        outage,
        replacements,
        asks: Vec::new(),
    })
}

/// The top-level statements from the first that runs `az` to the last that may need its result.
fn region(unit: &Unit<'_>, runs: &[Run]) -> Option<(usize, usize)> {
    // A function fails where it is called; wrapping its definition would mend nothing.
    if runs.iter().any(|run| run.function.is_some()) {
        return None;
    }
    let body = unit.module.body();
    let first = runs.iter().map(|run| run.at.start()).min()?;
    let last = runs.iter().map(|run| run.at.start()).max()?;
    let from = body
        .iter()
        .position(|stmt| range(stmt).covers(TextRange::empty(first)))?;
    let runs_last = body
        .iter()
        .position(|stmt| range(stmt).covers(TextRange::empty(last)))?;
    let harmless = |stmt: &Stmt| {
        matches!(stmt, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) || is_stdlib_import(stmt)
    };
    let to = body.iter().rposition(|stmt| !harmless(stmt))?;
    Some((from, to.max(runs_last)))
}

struct Finder<'c, 's, 'a> {
    commands: &'c Commands<'s, 'a>,
    unit: &'s Unit<'a>,
    ancestors: Vec<AnyNodeRef<'a>>,
    /// What stands behind `if shutil.which("az") is None: return` in its function.
    left_early: Vec<TextRange>,
    runs: Vec<Run>,
}

impl<'a> Finder<'_, '_, 'a> {
    fn found(
        &mut self,
        words: Vec<String>,
        node: AnyNodeRef<'a>,
        through: Vec<(usize, TextRange)>,
    ) {
        let at = range(node);
        let guarded = is_caught(&self.ancestors, at)
            || self.asks_first(at)
            || self.left_early.iter().any(|rest| rest.covers(at));
        let function = self.function();
        let semantic = self.commands.semantic();
        let stays = guarded || function.is_some() || !through.is_empty();
        let (rewrite, limits) = match node {
            _ if stays => (None, Vec::new()),
            AnyNodeRef::ExprCall(call) => (
                rewrite(semantic, self.unit, node, &self.ancestors),
                az_guard::edits(semantic, self.unit, call),
            ),
            _ => (
                rewrite(semantic, self.unit, node, &self.ancestors),
                Vec::new(),
            ),
        };
        self.runs.push(Run {
            words,
            at,
            function,
            through,
            guarded,
            rewrite,
            limits,
        });
    }

    /// The innermost function around, else the class.
    fn function(&self) -> Option<TextRange> {
        let innermost = |is_it: fn(&AnyNodeRef<'a>) -> bool| {
            let found = self.ancestors.iter().rev().find(|node| is_it(node));
            found.map(range)
        };
        let is_function = |node: &AnyNodeRef<'a>| {
            matches!(
                node,
                AnyNodeRef::StmtFunctionDef(_) | AnyNodeRef::ExprLambda(_)
            )
        };
        innermost(is_function)
            .or_else(|| innermost(|node| matches!(node, AnyNodeRef::StmtClassDef(_))))
    }

    /// Whether an `if` around the place asks for the CLI, as in `if shutil.which("az"):`.
    fn asks_first(&self, at: TextRange) -> bool {
        self.ancestors.iter().any(|node| match node {
            AnyNodeRef::StmtIf(branch) => {
                !range(&*branch.test).covers(at) && self.asks(&branch.test)
            }
            _ => false,
        })
    }

    fn asks(&self, test: &'a Expr) -> bool {
        let semantic = self.commands.semantic();
        asks_for_program(semantic, self.unit, test) || mentions_which(semantic, self.unit, test)
    }
}

fn mentions_which<'a>(semantic: &Semantic<'a>, unit: &Unit<'a>, test: &'a Expr) -> bool {
    let tools = crate::outage::tools_asked(semantic, unit, test);
    tools.iter().any(|tool| tool.starts_with("az"))
}

impl<'a> SourceOrderVisitor<'a> for Finder<'_, '_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        match node {
            AnyNodeRef::ExprCall(_)
            | AnyNodeRef::StmtIpyEscapeCommand(_)
            | AnyNodeRef::ExprIpyEscapeCommand(_) => {
                if let Some(run) = az_run(self.commands, self.unit, node) {
                    self.found(run.words, node, run.through);
                }
            }
            // `plumbum.local["az"]`
            AnyNodeRef::ExprSubscript(subscript) => {
                let semantic = self.commands.semantic();
                let path = semantic.qualified(self.unit, &*subscript.value);
                let program = string_value(&subscript.slice);
                if path.as_deref() == Some("plumbum.local") && program.is_some_and(shell::is_az) {
                    self.found(Vec::new(), node, Vec::new());
                }
            }
            _ => {}
        }
        self.ancestors.push(node);
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, node: AnyNodeRef<'a>) {
        self.ancestors.pop();
        let AnyNodeRef::StmtIf(branch) = node else {
            return;
        };
        let function = self.ancestors.iter().rev().find_map(|node| match node {
            AnyNodeRef::StmtFunctionDef(function) => Some(range(*function)),
            _ => None,
        });
        if let Some(function) = function
            && matches!(branch.body.last(), Some(Stmt::Return(_)))
            && self.asks(&branch.test)
        {
            let rest = TextRange::new(range(branch).end(), function.end());
            self.left_early.push(rest);
        }
    }
}

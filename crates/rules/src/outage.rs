//! What is missing when a cell stops, and what its reader is told.

use nbfix_lint::shell::Commands;
use nbfix_python::ast::{Expr, ExprName, Stmt};
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal, dotted, range, string_value};
use nbfix_semantic::{BindingKind, Semantic, Unit};

use std::sync::Arc;

use crate::services::{Service, Services};

/// A missing service, in the words of the degrade fix.
pub(crate) struct Outage {
    /// The service, by its id in the table.
    pub(crate) service: Option<String>,
    /// The notebook's flag: `cosmos_enabled`.
    pub(crate) flag: String,
    /// The name that the reader knows.
    pub(crate) label: String,
    /// Completes "Impact: ...".
    pub(crate) impact: String,
    /// Lines for a terminal.
    pub(crate) cli: Vec<String>,
    /// Steps in a browser.
    pub(crate) portal: Vec<String>,
    /// The variables of the environment that are asked for.
    pub(crate) env: Vec<String>,
    /// Lines that stand first in the `try`.
    pub(crate) first: Vec<String>,
}

impl Outage {
    /// The outage of a service of the table; `env` are the variables that the cell asks for.
    pub(crate) fn of(service: &Service, env: &[String]) -> Self {
        let mut cli = exports(env);
        cli.extend(service.cli.iter().cloned());
        Self {
            service: Some(service.id.clone()),
            flag: format!("{}_enabled", service.id),
            label: service.label.clone(),
            impact: service.impact.clone(),
            cli,
            portal: service.portal.clone(),
            env: env.to_vec(),
            first: Vec::new(),
        }
    }

    /// The outage of variables whose names the code makes as it runs.
    pub(crate) fn of_environment() -> Self {
        let mut outage = Self::of_name("environment", &[]);
        outage.label = "the environment variables".to_owned();
        outage.impact = "cells that need them are skipped".to_owned();
        outage
    }

    /// The outage of a command line tool.
    pub(crate) fn of_tool(services: &Services, tool: &str) -> Self {
        let azure = services.by_id("azure_login").filter(|_| tool == "az");
        let install = match tool {
            "az" => "install the Azure CLI: https://aka.ms/azcli, then `az login`".to_owned(),
            tool => format!("install {tool}, and see that `{tool}` is on the PATH"),
        };
        let name = if tool == "az" {
            "Azure CLI (az)".to_owned()
        } else {
            tool.to_owned()
        };
        let mut outage = Self::of_name(tool, &[]);
        outage.flag = format!(
            "{}_cli_enabled",
            if tool == "az" {
                "azure"
            } else {
                outage.flag.trim_end_matches("_enabled")
            }
        );
        outage.impact =
            format!("steps that run `{tool}`, and cells that need their results, are skipped");
        outage.label = name;
        outage.cli = vec![install];
        outage.portal = azure
            .map(|service| service.portal.clone())
            .unwrap_or_default();
        outage
    }

    /// The outage of something that only its name tells of: an environment variable, or a Python name.
    pub(crate) fn of_name(name: &str, env: &[String]) -> Self {
        let stem: String = name
            .to_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let stem = stem.trim_matches('_');
        let flag = match stem {
            "" => "service_enabled".to_owned(),
            stem if stem.starts_with(|c: char| c.is_ascii_digit()) => {
                format!("service_{stem}_enabled")
            }
            stem => format!("{stem}_enabled"),
        };
        Self {
            service: None,
            flag,
            label: name.to_owned(),
            impact: format!("cells that need {name} are skipped"),
            cli: exports(env),
            portal: Vec::new(),
            env: env.to_vec(),
            first: Vec::new(),
        }
    }
}

fn exports(env: &[String]) -> Vec<String> {
    env.iter()
        .map(|name| format!("export {name}=<value>   # or in a cell: %env {name}=<value>"))
        .collect()
}

/// What a piece of code shows of the services that it needs.
#[derive(Default)]
pub(crate) struct Needs {
    /// The first service of the table that it constructs, calls or uses.
    pub(crate) service: Option<Arc<Service>>,
    /// The environment variables that it reads.
    pub(crate) env: Vec<String>,
    /// Whether it reads any variable, its name a constant or not.
    pub(crate) reads_env: bool,
    /// Command line tools that it looks for with `shutil.which`.
    pub(crate) tools: Vec<String>,
}

impl Needs {
    /// Whether it needs anything from outside.
    pub(crate) fn any(&self) -> bool {
        self.service.is_some() || self.reads_env || !self.tools.is_empty()
    }

    /// What an expression asks for that may be missing from the machine: an environment variable, a client of a
    /// service, a command line tool. Names are followed to what they were made from. What a service gave back is data,
    /// and its checks are the notebook's own business.
    pub(crate) fn of_asked<'a>(
        semantic: &Semantic<'a>,
        services: &Services,
        unit: &Unit<'a>,
        expr: &'a Expr,
    ) -> Self {
        let Some(unit) = semantic.units().get(unit.index) else {
            return Self::default();
        };
        asked(semantic, services, unit, expr, 0)
    }

    /// The needs of an expression itself, names not followed. Of calls on a client only the client's own making counts.
    fn of_part<'a>(
        semantic: &Semantic<'a>,
        services: &Services,
        unit: &Unit<'a>,
        expr: &'a Expr,
    ) -> Self {
        let mut reader = Reader {
            semantic,
            services,
            unit: unit.index,
            needs: Self::default(),
            follow: 0,
        };
        let is_method_of_client = match expr {
            Expr::Call(call) => semantic.qualified(unit, &*call.func).is_none(),
            _ => false,
        };
        if !is_method_of_client {
            reader.visit_expr(expr);
        }
        reader.needs
    }

    /// The needs of a statement itself: calls of services, imports of their modules, reads of variables.
    pub(crate) fn of_stmt<'a>(
        semantic: &Semantic<'a>,
        services: &Services,
        unit: &Unit<'a>,
        stmt: &'a Stmt,
    ) -> Self {
        let mut reader = Reader {
            semantic,
            services,
            unit: unit.index,
            needs: Self::default(),
            follow: 0,
        };
        reader.visit_stmt(stmt);
        reader.needs
    }
}

/// The command line tools that an expression looks for, names followed to what they were made from.
pub(crate) fn tools_asked<'a>(
    semantic: &Semantic<'a>,
    unit: &Unit<'a>,
    expr: &'a Expr,
) -> Vec<String> {
    let mut reader = Reader {
        semantic,
        services: &Services::default(),
        unit: unit.index,
        needs: Needs::default(),
        follow: 4,
    };
    reader.visit_expr(expr);
    reader.needs.tools
}

/// Methods of a text that leave it what it is.
const TEXT_METHODS: &[&str] = &[
    "strip", "lstrip", "rstrip", "lower", "upper", "replace", "rstrip", "decode", "encode",
];

fn asked<'a>(
    semantic: &Semantic<'a>,
    services: &Services,
    unit: &Unit<'a>,
    expr: &'a Expr,
    depth: usize,
) -> Needs {
    if depth > 8 {
        return Needs::default();
    }
    let of_all = |exprs: &'a [Expr]| {
        let mut needs = exprs
            .iter()
            .map(|each| asked(semantic, services, unit, each, depth + 1))
            .filter(Needs::any);
        needs.next().unwrap_or_default()
    };
    match expr {
        Expr::Name(name) => asked_of_name(semantic, services, unit, name, depth),
        Expr::Call(call) => {
            let here = Needs::of_part(semantic, services, unit, expr);
            let commands = Commands::new(semantic);
            if crate::cli::az_run(&commands, unit, AnyNodeRef::from(call)).is_some() {
                return Needs {
                    tools: vec!["az".to_owned()],
                    ..Needs::default()
                };
            }
            match &*call.func {
                _ if here.any() => here,
                Expr::Attribute(method) if TEXT_METHODS.contains(&method.attr.as_str()) => {
                    asked(semantic, services, unit, &method.value, depth + 1)
                }
                Expr::Name(name)
                    if matches!(
                        name.id.as_str(),
                        "str" | "bool" | "int" | "list" | "set" | "sorted"
                    ) =>
                {
                    of_all(&call.arguments.args)
                }
                _ => Needs::default(),
            }
        }
        Expr::BoolOp(each) => of_all(&each.values),
        Expr::If(choice) => {
            let body = asked(semantic, services, unit, &choice.body, depth + 1);
            if body.any() {
                body
            } else {
                asked(semantic, services, unit, &choice.orelse, depth + 1)
            }
        }
        Expr::Await(awaited) => asked(semantic, services, unit, &awaited.value, depth + 1),
        Expr::Subscript(_) | Expr::Compare(_) => {
            let needs = Needs::of_part(semantic, services, unit, expr);
            if needs.reads_env {
                needs
            } else {
                Needs::default()
            }
        }
        // `[name for name in REQUIRED if not os.environ.get(name)]`
        Expr::ListComp(_) | Expr::SetComp(_) | Expr::Generator(_) | Expr::DictComp(_) => {
            let needs = Needs::of_part(semantic, services, unit, expr);
            if needs.reads_env {
                needs
            } else {
                Needs::default()
            }
        }
        _ => Needs::default(),
    }
}

/// A name asks for what it was bound to: last, and before that as long as the later binding may have been skipped.
fn asked_of_name<'a>(
    semantic: &Semantic<'a>,
    services: &Services,
    unit: &Unit<'a>,
    name: &ExprName,
    depth: usize,
) -> Needs {
    let at = (unit.index, range(name).start());
    let Some(seen) = semantic.binding(unit, name.id.as_str(), at.1) else {
        return Needs::default();
    };
    let all = semantic.bindings(unit.program, name.id.as_str());
    let is_top = all
        .iter()
        .any(|binding| (binding.unit, binding.range) == (seen.unit, seen.range));
    let earlier = all
        .iter()
        .rev()
        .filter(|binding| is_top && (binding.unit, binding.since) < (seen.unit, seen.since));
    let mut skippable = true;
    for binding in std::iter::once(seen).chain(earlier) {
        if !skippable {
            break;
        }
        skippable = binding.conditional;
        let (BindingKind::Value(value) | BindingKind::With(value)) = binding.kind else {
            continue;
        };
        if let Some(home) = semantic.units().get(binding.unit) {
            let needs = asked(semantic, services, home, value, depth + 1);
            if needs.any() {
                return needs;
            }
        }
    }
    Needs::default()
}

struct Reader<'s, 'a> {
    semantic: &'s Semantic<'a>,
    services: &'s Services,
    unit: usize,
    needs: Needs,
    /// How many names in a row are still followed to their values.
    follow: usize,
}

impl<'a> Reader<'_, 'a> {
    fn call(&mut self, call: &'a nbfix_python::ast::ExprCall) {
        let Some(unit) = self.semantic.units().get(self.unit) else {
            return;
        };
        let first = call.arguments.args.first();
        let path = self.semantic.qualified(unit, &*call.func);
        match path.as_deref() {
            Some(
                "os.getenv"
                | "os.environ.get"
                | "os.environ.pop"
                | "os.environ.setdefault"
                | "google.colab.userdata.get"
                | "decouple.config",
            ) => {
                self.needs.reads_env = true;
                if let Some(name) = first.and_then(string_value) {
                    self.env(name);
                }
            }
            Some("shutil.which") => {
                if let Some(tool) = first.and_then(string_value) {
                    self.needs.tools.push(tool.to_owned());
                }
            }
            Some(path) => {
                if let Some(service) = self.services.by_call(path, first.and_then(string_value)) {
                    self.service(service);
                }
            }
            None => {
                // A method of something that a service's constructor made.
                let receiver = match &*call.func {
                    Expr::Attribute(method) => &*method.value,
                    _ => return,
                };
                let made_by = self.semantic.made_by(unit, receiver);
                if let Some(service) = made_by.and_then(|path| self.services.by_call(&path, None)) {
                    self.service(service);
                }
            }
        }
    }

    fn service(&mut self, service: Arc<Service>) {
        // The identity is a need of nearly every Azure service; the service itself is what the reader looks for.
        let generic = self
            .needs
            .service
            .as_ref()
            .is_none_or(|known| known.id == "azure_login");
        if generic {
            self.needs.service = Some(service);
        }
    }

    fn env(&mut self, name: &str) {
        self.needs.reads_env = true;
        if !self.needs.env.iter().any(|known| known == name) {
            self.needs.env.push(name.to_owned());
        }
    }

    fn module(&mut self, module: &str) {
        if let Some(service) = self.services.by_module(module) {
            self.service(service);
        }
    }
}

impl<'a> SourceOrderVisitor<'a> for Reader<'_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        match node {
            // What a function does counts where it is called, and that cannot be told here.
            AnyNodeRef::StmtFunctionDef(_)
            | AnyNodeRef::StmtClassDef(_)
            | AnyNodeRef::ExprLambda(_) => {
                return TraversalSignal::Skip;
            }
            AnyNodeRef::ExprCall(call) => self.call(call),
            AnyNodeRef::ExprSubscript(subscript) => {
                let Some(unit) = self.semantic.units().get(self.unit) else {
                    return TraversalSignal::Skip;
                };
                let environ = self.semantic.qualified(unit, &*subscript.value);
                if environ.as_deref() == Some("os.environ")
                    && subscript.ctx.is_load()
                    && let Some(name) = string_value(&subscript.slice)
                {
                    self.env(name);
                }
            }
            AnyNodeRef::ExprCompare(compare) => {
                // `"X" in os.environ`
                let Some(unit) = self.semantic.units().get(self.unit) else {
                    return TraversalSignal::Skip;
                };
                let in_environ = compare.comparators.iter().any(|right| {
                    self.semantic.qualified(unit, right).as_deref() == Some("os.environ")
                });
                if let Some(name) = string_value(&compare.left).filter(|_| in_environ) {
                    self.env(name);
                }
            }
            AnyNodeRef::ExprName(name) if self.follow > 0 => {
                let Some(unit) = self.semantic.units().get(self.unit) else {
                    return TraversalSignal::Skip;
                };
                let binding = self
                    .semantic
                    .binding(unit, name.id.as_str(), range(name).start());
                if let Some(binding) = binding
                    && let BindingKind::Value(value) | BindingKind::With(value) = binding.kind
                {
                    let here = std::mem::replace(&mut self.unit, binding.unit);
                    self.follow -= 1;
                    self.visit_expr(value);
                    self.follow += 1;
                    self.unit = here;
                }
            }
            AnyNodeRef::StmtImport(import) => {
                import
                    .names
                    .iter()
                    .for_each(|alias| self.module(alias.name.as_str()));
            }
            AnyNodeRef::StmtImportFrom(import) => {
                if let Some(module) = &import.module {
                    self.module(module.as_str());
                    import
                        .names
                        .iter()
                        .for_each(|alias| self.module(&format!("{module}.{}", alias.name)));
                }
            }
            _ => {}
        }
        TraversalSignal::Traverse
    }
}

/// The last name of a dotted expression, for what nothing else names: `config.search_endpoint`.
pub(crate) fn spelled(expr: &Expr) -> Option<&str> {
    dotted(expr).and_then(|(_, parts)| parts.last().copied())
}

//! Where a notebook first uses a service, with nothing around that expects it to be missing.

use std::sync::Arc;

use nbfix_python::ast::{AnyNodeRef, Stmt};
use nbfix_python::{SourceOrderVisitor, TraversalSignal, range, string_value};
use nbfix_semantic::{ProgramId, Semantic, Unit};
use nbfix_text::TextRange;

use crate::degrade::Site;
use crate::guards::is_caught;
use crate::outage::{Needs, Outage};
use crate::services::{Service, Services};
use crate::stops::last_that_may_fail;

/// A call that makes a client of a service, or reaches it.
pub(crate) struct Use {
    pub(crate) service: Arc<Service>,
    /// The top-level statement, by position.
    pub(crate) index: usize,
    pub(crate) at: TextRange,
}

/// The unguarded uses of each unit that has some.
pub(crate) fn uses_of<'s, 'a>(
    semantic: &'s Semantic<'a>,
    services: &Services,
) -> Vec<(&'s Unit<'a>, Vec<Use>)> {
    let units = semantic.units_of(ProgramId::DOCUMENT).map(|unit| {
        let mut finder = Finder {
            semantic,
            services,
            unit,
            index: 0,
            ancestors: Vec::new(),
            uses: Vec::new(),
        };
        for (index, stmt) in unit.module.body().iter().enumerate() {
            finder.index = index;
            finder.visit_stmt(stmt);
        }
        (unit, finder.uses)
    });
    units.filter(|(_, uses)| !uses.is_empty()).collect()
}

/// The cell's parts that need the services that it uses: one for each service in a row.
pub(crate) fn sites<'a>(
    semantic: &Semantic<'a>,
    services: &Services,
    unit: &Unit<'a>,
    uses: &[&Use],
) -> Vec<Site> {
    let mut sites: Vec<Site> = Vec::new();
    for each in uses {
        let id = each.service.id.as_str();
        match sites.last_mut() {
            Some(last) if last.outage.service.as_deref() == Some(id) => last.to = each.index,
            Some(last) if last.to >= each.index => {}
            _ => {
                let env = variables(semantic, services, unit, each.index);
                sites.push(Site {
                    unit: unit.index,
                    from: each.index,
                    to: each.index,
                    outage: Outage::of(&each.service, &env),
                    replacements: Vec::new(),
                    asks: Vec::new(),
                });
            }
        }
    }
    if let Some(last) = sites.last_mut() {
        last.to = last_that_may_fail(unit, last.to);
    }
    sites
}

/// The variables that a statement reads.
fn variables<'a>(
    semantic: &Semantic<'a>,
    services: &Services,
    unit: &Unit<'a>,
    index: usize,
) -> Vec<String> {
    let stmt: Option<&'a Stmt> = unit.module.body().get(index);
    stmt.map_or_else(Vec::new, |stmt| {
        Needs::of_stmt(semantic, services, unit, stmt).env
    })
}

struct Finder<'s, 'a> {
    semantic: &'s Semantic<'a>,
    services: &'s Services,
    unit: &'s Unit<'a>,
    index: usize,
    ancestors: Vec<AnyNodeRef<'a>>,
    uses: Vec<Use>,
}

impl<'a> SourceOrderVisitor<'a> for Finder<'_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        match node {
            // A function fails where it is called.
            AnyNodeRef::StmtFunctionDef(_)
            | AnyNodeRef::StmtClassDef(_)
            | AnyNodeRef::ExprLambda(_) => {
                return TraversalSignal::Skip;
            }
            AnyNodeRef::ExprCall(call) => {
                let first = call.arguments.args.first().and_then(string_value);
                let path = self.semantic.qualified(self.unit, &*call.func);
                let service = path.and_then(|path| self.services.by_call(&path, first));
                // The identity is tried by the service that it is for.
                let service = service.filter(|service| service.id != "azure_login");
                let at = range(call);
                let guarded = is_caught(&self.ancestors, at)
                    || nbfix_lint::guards::is_conditional(&self.ancestors, at);
                if let Some(service) = service.filter(|_| !guarded) {
                    self.uses.push(Use {
                        service,
                        index: self.index,
                        at,
                    });
                }
            }
            _ => {}
        }
        self.ancestors.push(node);
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, _: AnyNodeRef<'a>) {
        self.ancestors.pop();
    }
}

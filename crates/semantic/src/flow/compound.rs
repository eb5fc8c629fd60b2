//! From trees to operations: statements that hold others.

use nbfix_python::ast::{self, StmtFor, StmtIf, StmtMatch, StmtTry, StmtWith};
use nbfix_python::{SourceOrderVisitor, range};

use super::lower::Lower;
use super::ops::{Block, Handler, Op, Test, What};
use super::shape::{catches, how_often, suppresses};

impl<'a> Lower<'_, 'a> {
    pub(crate) fn branch(&mut self, branch: &'a StmtIf) {
        let test = self.condition(&branch.test);
        let then = self.suite(&branch.body);
        let other = self.within(|this| this.clauses(&branch.elif_else_clauses));
        self.push(Op::Branch { test, then, other });
    }

    fn clauses(&mut self, clauses: &'a [ast::ElifElseClause]) {
        let Some((first, rest)) = clauses.split_first() else {
            return;
        };
        let Some(condition) = &first.test else {
            self.visit_body(&first.body);
            return;
        };
        let test = self.condition(condition);
        let then = self.suite(&first.body);
        let other = self.within(|this| this.clauses(rest));
        self.push(Op::Branch { test, then, other });
    }

    pub(crate) fn each(&mut self, each: &'a StmtFor) {
        self.visit_expr(&each.iter);
        let body = self.within(|this| {
            this.target(&each.target, What::Other);
            this.visit_body(&each.body);
        });
        let other = self.suite(&each.orelse);
        let runs = how_often(&each.iter);
        self.push(Op::Loop { runs, body, other });
    }

    pub(crate) fn guarded(&mut self, each: &'a StmtTry) {
        let body = self.suite(&each.body);
        let handlers = each
            .handlers
            .iter()
            .map(|handler| {
                let ast::ExceptHandler::ExceptHandler(handler) = handler;
                let block = self.within(|this| {
                    if let Some(kind) = &handler.type_ {
                        this.visit_expr(kind);
                    }
                    if let Some(name) = &handler.name {
                        this.bind(name.as_str(), range(name), What::Other);
                    }
                    this.visit_body(&handler.body);
                    if let Some(name) = &handler.name
                        && this.scopes.binds_global(name.as_str())
                    {
                        let id = this.all.names.id(name.as_str());
                        let at = this.site(range(name));
                        this.push(Op::Unbind {
                            name: id,
                            at,
                            strict: false,
                        });
                    }
                });
                Handler {
                    catches: catches(handler.type_.as_deref()),
                    block,
                }
            })
            .collect();
        let other = self.suite(&each.orelse);
        let last = self.suite(&each.finalbody);
        self.push(Op::Try {
            body,
            handlers,
            other,
            last,
        });
    }

    pub(crate) fn with(&mut self, with: &'a StmtWith) {
        let mut suppressed = None;
        for item in &with.items {
            self.visit_expr(&item.context_expr);
            if let Some(target) = &item.optional_vars {
                self.target(target, What::Other);
            }
            suppressed = suppressed.or_else(|| suppresses(&item.context_expr));
        }
        match suppressed {
            Some(catches) => {
                let body = self.suite(&with.body);
                let handlers = vec![Handler {
                    catches,
                    block: Block::default(),
                }];
                let (other, last) = (Block::default(), Block::default());
                self.push(Op::Try {
                    body,
                    handlers,
                    other,
                    last,
                });
            }
            None => self.visit_body(&with.body),
        }
    }

    pub(crate) fn matching(&mut self, each: &'a StmtMatch) {
        self.visit_expr(&each.subject);
        self.cases(&each.cases);
    }

    fn cases(&mut self, cases: &'a [ast::MatchCase]) {
        let Some((first, rest)) = cases.split_first() else {
            return;
        };
        let then = self.within(|this| {
            this.visit_pattern(&first.pattern);
            if let Some(guard) = &first.guard {
                this.visit_expr(guard);
            }
            this.visit_body(&first.body);
        });
        if first.guard.is_none() && first.pattern.is_irrefutable() {
            let test = Test::Constant(true);
            self.push(Op::Branch {
                test,
                then,
                other: Block::default(),
            });
            return;
        }
        let other = self.within(|this| this.cases(rest));
        self.push(Op::Branch {
            test: Test::Unknown,
            then,
            other,
        });
    }
}

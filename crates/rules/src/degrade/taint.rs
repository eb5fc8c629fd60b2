//! What each name of a notebook needs, as its statements run one after the other.

use std::collections::{BTreeMap, BTreeSet};

use nbfix_python::ast::{Expr, Stmt};
use nbfix_semantic::Statement;

/// What a statement needs, as one writes it in a condition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Need {
    /// `cosmos_enabled`, or `CosmosClient is not None`.
    pub(super) test: String,
    /// What is missing where it does not hold.
    pub(super) label: String,
    /// The service whose package it is, by its id, if it is one.
    pub(super) package_of: Option<String>,
}

/// What the names need, from the first statement to the one that runs next.
#[derive(Clone, Default)]
pub(super) struct Taints<'a> {
    /// What each name needs by now.
    needs: BTreeMap<&'a str, BTreeSet<Need>>,
    /// What the functions and classes read that a name stands for.
    later: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Taints<'a> {
    /// What a statement needs by now; `fresh` are names that were bound just before.
    pub(super) fn of(&self, stmt: &Stmt, facts: &Statement<'a>, fresh: &[&str]) -> BTreeSet<Need> {
        let mut needs = BTreeSet::new();
        for read in &facts.reads {
            if read.handled || read.asked || fresh.contains(&read.name) {
                continue;
            }
            let mut of_name = self.of_name(read.name);
            for given in &read.given {
                let of_given = self.needs.get(given);
                of_name.retain(|need| {
                    need.test != *given && !of_given.is_some_and(|known| known.contains(need))
                });
            }
            needs.extend(of_name);
        }
        if !defines(stmt) {
            // A lambda, or a function in a block: whoever gets it calls it.
            facts
                .later
                .iter()
                .for_each(|name| needs.extend(self.of_name(name)));
        }
        needs
    }

    /// What a name needs by now, through the functions that it stands for.
    pub(super) fn of_name(&self, name: &str) -> BTreeSet<Need> {
        let mut needs = BTreeSet::new();
        let mut waiting = vec![name];
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        while let Some(name) = waiting.pop() {
            if !seen.insert(name) {
                continue;
            }
            needs.extend(self.needs.get(name).into_iter().flatten().cloned());
            waiting.extend(self.later.get(name).into_iter().flatten().copied());
        }
        needs
    }

    /// Takes note of what a statement gives that runs in any case.
    pub(super) fn gives(&mut self, stmt: &Stmt, facts: &Statement<'a>, guarded: &BTreeSet<Need>) {
        for name in &facts.binds {
            if !guarded.is_empty() {
                self.needs.insert(name, guarded.clone());
            } else if facts.surely.contains(name) {
                self.needs.remove(name);
            }
            if defines(stmt) {
                self.later.insert(name, facts.later.clone());
            } else {
                self.later.remove(name);
            }
        }
    }

    /// What a statement that guards itself (`if client:`) leaves unbound where something is missing.
    pub(super) fn left_out(&self, stmt: &Stmt, facts: &Statement<'a>) -> BTreeSet<Need> {
        // `rows = client.rows() if client else []`: what it is without the service the author has said.
        if !facts.binds.is_empty()
            && !gives_none(stmt)
            && facts.binds.iter().all(|name| facts.surely.contains(name))
        {
            return BTreeSet::new();
        }
        let given = facts.reads.iter().flat_map(|read| &read.given);
        given.flat_map(|name| self.of_name(name)).collect()
    }

    /// Takes note of what a statement binds that sets a flag itself where a service is missing.
    pub(super) fn flagged(&mut self, facts: &Statement<'a>, need: &Need) {
        for name in facts.binds.iter().filter(|name| **name != need.test) {
            self.needs.insert(name, BTreeSet::from([need.clone()]));
        }
    }

    /// From here on `own` answers for the packages of its service, too. Gives the needs that it takes the place of.
    pub(super) fn takes_packages(&mut self, own: &Need, service: &str) -> BTreeSet<Need> {
        let mut taken = BTreeSet::new();
        for needs in self.needs.values_mut() {
            let is_of = |need: &Need| need.package_of.as_deref() == Some(service);
            let packages: Vec<Need> = needs.iter().filter(|need| is_of(need)).cloned().collect();
            if packages.is_empty() {
                continue;
            }
            needs.retain(|need| !is_of(need));
            needs.insert(own.clone());
            taken.extend(packages);
        }
        taken
    }

    /// Marks a name as one that needs this, too.
    pub(super) fn add(&mut self, name: &'a str, need: &Need) {
        self.needs.entry(name).or_default().insert(need.clone());
    }
}

/// `name = client.name if client else None`
fn gives_none(stmt: &Stmt) -> bool {
    let Stmt::Assign(assign) = stmt else {
        return false;
    };
    match &*assign.value {
        Expr::If(choice) => {
            choice.body.is_none_literal_expr() || choice.orelse.is_none_literal_expr()
        }
        _ => false,
    }
}

/// Whether the statement only defines what others call.
pub(super) fn defines(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::FunctionDef(_) | Stmt::ClassDef(_) => true,
        Stmt::Assign(assign) => assign.value.is_lambda_expr(),
        _ => false,
    }
}

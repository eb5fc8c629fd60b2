//! The degrade fix: a notebook that needs services goes on without them, to its last cell.
//!
//! A *site* is a piece of a cell that stops the notebook when something is missing. Its statements move into a `try`:
//! where they fail, the reader is told what is missing and how to mend it, a flag says so to later cells, and every name
//! that they would have bound exists. What they bind is then followed through the notebook: every later statement that
//! needs it, directly, through another name or through a function, asks for the flag first. Bugs in the code still raise.
//!
//! All sites of a notebook are planned together, because one cell may need several services.

mod helper;
mod packages;
mod sites;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use nbfix_ipynb::CellId;
use nbfix_lint::{Findings, Report};
use nbfix_python::ast::Stmt;
use nbfix_semantic::{ProgramId, Semantic, Statement, Unit};
use nbfix_text::{Edit, TextRange};

use crate::outage::Outage;
use crate::settings::{DegradeStyle, Settings};

pub(crate) use text::{is_stdlib_import, line_end, line_start, quoted};

/// A piece of a cell that stops the notebook when something is missing.
pub(crate) struct Site {
    /// The unit, by its index.
    pub(crate) unit: usize,
    /// The first and the last of the statements that it surely holds, by position.
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) outage: Outage,
    /// Edits inside it that make its stops ones that can be caught.
    pub(crate) replacements: Vec<Edit>,
    /// Names of other cells that it asks for: where they are missing, so is the service.
    pub(crate) asks: Vec<String>,
}

/// What a statement needs, as one writes it in a condition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Need {
    /// `cosmos_enabled`, or `CosmosClient is not None`.
    test: String,
    /// What is missing where it does not hold.
    label: String,
}

/// The fix of a whole notebook.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    edits: Vec<(CellId, Edit)>,
    /// A new cell, and where.
    cell: Option<(usize, String)>,
    /// Cells that need something and cannot be guarded.
    bare: Vec<CellId>,
    /// Sites that could not be wrapped, by unit.
    unwrapped: Vec<usize>,
}

impl Plan {
    /// Plans for the sites of all rules of the family that run.
    pub(crate) fn of(semantic: &Semantic<'_>, findings: &Findings<'_>) -> Self {
        let style = Settings::of(findings).fix.style;
        let sites = sites::all(semantic, findings);
        Planner::new(semantic, style, sites).plan()
    }

    /// Adds the fix to a report on the site of this unit.
    pub(crate) fn mend(
        &self,
        semantic: &Semantic<'_>,
        unit: &Unit<'_>,
        mut report: Report,
    ) -> Report {
        if self.unwrapped.contains(&unit.index) {
            return report;
        }
        for (cell, edit) in &self.edits {
            report = report.edit(*cell, edit.clone());
        }
        if let Some((before, source)) = &self.cell {
            report = report.insert_cell(*before, source.clone());
        }
        for cell in &self.bare {
            let source = semantic
                .notebook()
                .cell(*cell)
                .map_or("", |cell| &cell.source);
            let line = TextRange::new(0, line_end(source, 0));
            report = report.label(
                *cell,
                line,
                "it needs what may be missing, and cannot be guarded",
            );
        }
        report
    }
}

struct Planner<'s, 'a> {
    semantic: &'s Semantic<'a>,
    style: DegradeStyle,
    sites: Vec<Site>,
    /// The services whose packages may be missing, by id.
    services: BTreeSet<&'static str>,
    /// What each name needs by now.
    taint: BTreeMap<&'a str, BTreeSet<Need>>,
    /// What the functions and classes read that a name stands for.
    later: BTreeMap<&'a str, Vec<&'a str>>,
    /// Flags whose reader has been told how to mend the service.
    told: BTreeSet<String>,
    plan: Plan,
}

impl<'s, 'a> Planner<'s, 'a> {
    fn new(semantic: &'s Semantic<'a>, style: DegradeStyle, sites: Vec<Site>) -> Self {
        let services = sites
            .iter()
            .filter_map(|site| site.outage.service)
            .collect();
        Self {
            semantic,
            style,
            sites,
            services,
            taint: BTreeMap::new(),
            later: BTreeMap::new(),
            told: BTreeSet::new(),
            plan: Plan::default(),
        }
    }

    fn plan(mut self) -> Plan {
        if self.sites.is_empty() {
            return self.plan;
        }
        let semantic = self.semantic;
        let mut statements = semantic.statements().into_iter().peekable();
        let mut first_site: Option<CellId> = None;
        for unit in semantic.units_of(ProgramId::DOCUMENT) {
            while statements.next_if(|(cell, _)| *cell < unit.cell).is_some() {}
            let Some((_, facts)) = statements.next_if(|(cell, _)| *cell == unit.cell) else {
                continue;
            };
            let edits = self.plan.edits.len();
            self.cell(unit, &facts);
            if self.plan.edits.len() > edits && first_site.is_none() && self.uses_helper(unit) {
                first_site = Some(unit.cell);
            }
        }
        if self.style == DegradeStyle::Helper && !helper::is_there(semantic) {
            let outages = self.sites.iter().map(|site| &site.outage);
            self.plan.cell = first_site.map(|cell| (cell.index(), helper::cell(outages)));
        }
        self.plan
    }

    /// Whether what was written into the cell calls the helper.
    fn uses_helper(&self, unit: &Unit<'_>) -> bool {
        let edits = self
            .plan
            .edits
            .iter()
            .filter(|(cell, _)| *cell == unit.cell);
        edits
            .into_iter()
            .any(|(_, edit)| helper::is_called(&edit.insert))
    }

    /// What a statement needs by now.
    fn needs(&self, stmt: &Stmt, facts: &Statement<'a>) -> BTreeSet<Need> {
        let mut needs = BTreeSet::new();
        for read in &facts.reads {
            if read.handled || read.asked {
                continue;
            }
            let mut of_name = self.of_name(read.name);
            for given in &read.given {
                let of_given = self.taint.get(given);
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
    fn of_name(&self, name: &str) -> BTreeSet<Need> {
        let mut needs = BTreeSet::new();
        let mut waiting = vec![name];
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        while let Some(name) = waiting.pop() {
            if !seen.insert(name) {
                continue;
            }
            needs.extend(self.taint.get(name).into_iter().flatten().cloned());
            waiting.extend(self.later.get(name).into_iter().flatten().copied());
        }
        needs
    }

    /// Takes note of what a statement gives that runs in any case.
    fn gives(&mut self, stmt: &Stmt, facts: &Statement<'a>, guarded: &BTreeSet<Need>) {
        for name in &facts.binds {
            if !guarded.is_empty() {
                self.taint.insert(name, guarded.clone());
            } else if facts.surely.contains(name) {
                self.taint.remove(name);
            }
            if defines(stmt) {
                self.later.insert(name, facts.later.clone());
            } else {
                self.later.remove(name);
            }
        }
    }

    /// What a statement that guards itself (`if client:`) leaves unbound where something is missing.
    fn left_out(&self, facts: &Statement<'a>) -> BTreeSet<Need> {
        let given = facts.reads.iter().flat_map(|read| &read.given);
        given.flat_map(|name| self.of_name(name)).collect()
    }

    fn cell(&mut self, unit: &'s Unit<'a>, facts: &[Statement<'a>]) {
        let body = unit.module.body();
        let site = self.sites.iter().position(|site| site.unit == unit.index);
        let mut region = site
            .and_then(|site| self.sites.get(site))
            .map(|site| (site.from, site.to));
        // What is in the region taints what it binds, which may draw further statements in.
        let (before, later) = (self.taint.clone(), self.later.clone());
        let mut needs: BTreeSet<Need> = BTreeSet::new();
        for _ in 0..=body.len() {
            (self.taint, self.later) = (before.clone(), later.clone());
            let mut grown = region;
            needs.clear();
            for (index, (stmt, facts)) in body.iter().zip(facts).enumerate() {
                let own: BTreeSet<Need> = self.own(site).into_iter().collect();
                let inside = region.is_some_and(|(from, to)| (from..=to).contains(&index));
                let need = self.needs(stmt, facts);
                let need: BTreeSet<Need> = need.difference(&own).cloned().collect();
                let depends = self.needs(stmt, facts).intersection(&own).next().is_some();
                if let Some(site) = site.and_then(|site| self.sites.get(site))
                    && region.is_some_and(|(from, _)| from == index)
                {
                    // What a site asks for is missing where the service is.
                    for name in site.asks.clone() {
                        self.taints(&name, &own);
                    }
                }
                if inside || !need.is_empty() || depends {
                    let (from, to) = grown.unwrap_or((index, index));
                    grown = Some((from.min(index), to.max(index)));
                    needs.extend(need);
                    let tainted = if own.is_empty() { needs.clone() } else { own };
                    self.gives(stmt, facts, &tainted);
                } else if let Some(import) = self.import(unit, index, stmt) {
                    self.gives(stmt, facts, &BTreeSet::from([import]));
                } else {
                    let left_out = self.left_out(facts);
                    self.gives(stmt, facts, &left_out);
                    if let Some(flag) = sites::flag_of(stmt) {
                        let need = Need {
                            label: label_of(&flag),
                            test: flag,
                        };
                        for name in facts.binds.iter().filter(|name| **name != need.test) {
                            self.taint.insert(name, BTreeSet::from([need.clone()]));
                        }
                    }
                }
            }
            grown = grown.map(|(from, to)| text::whole_lines(unit, from, to));
            if grown == region {
                break;
            }
            region = grown;
        }
        self.write(unit, facts, site, region, &needs);
    }

    /// Marks a name as one that needs these.
    fn taints(&mut self, name: &str, needs: &BTreeSet<Need>) {
        let mut names = self.semantic.names(ProgramId::DOCUMENT);
        if let Some((name, _)) = names.find(|(known, _)| *known == name) {
            self.taint
                .entry(name)
                .or_default()
                .extend(needs.iter().cloned());
        }
    }

    fn own(&self, site: Option<usize>) -> Option<Need> {
        let outage = &self.sites.get(site?)?.outage;
        Some(Need {
            test: outage.flag.clone(),
            label: outage.label.clone(),
        })
    }

    /// What an import of a service's package needs that stands outside of any site.
    fn import(&self, unit: &Unit<'a>, index: usize, stmt: &Stmt) -> Option<Need> {
        let run = packages::run_at(unit, index, &self.services)?;
        packages::need(unit, run, stmt)
    }

    fn write(
        &mut self,
        unit: &'s Unit<'a>,
        facts: &[Statement<'a>],
        site: Option<usize>,
        region: Option<(usize, usize)>,
        needs: &BTreeSet<Need>,
    ) {
        let body = unit.module.body();
        let mut edits: Vec<Edit> = Vec::new();
        let outside = |index: usize| !region.is_some_and(|(from, to)| (from..=to).contains(&index));
        let mut index = 0;
        while index < body.len() {
            let Some(run) =
                packages::run_at(unit, index, &self.services).filter(|_| outside(index))
            else {
                index += 1;
                continue;
            };
            let last = (run.0..=run.1)
                .take_while(|at| outside(*at))
                .last()
                .unwrap_or(index);
            match packages::guard(unit, (run.0, last)) {
                Some(more) => edits.extend(more),
                None => self.plan.bare.push(unit.cell),
            }
            index = last + 1;
        }
        if let Some((from, to)) = region {
            let names = bound(facts.get(from..=to).unwrap_or_default());
            let block = text::Block {
                semantic: self.semantic,
                unit,
                from,
                to,
                names,
            };
            let tests: Vec<(String, String)> = needs
                .iter()
                .map(|need| (need.test.clone(), need.label.clone()))
                .collect();
            let written = match site.and_then(|site| self.sites.get(site)) {
                Some(site) => {
                    let known = self.told.contains(&site.outage.flag);
                    self.told.insert(site.outage.flag.clone());
                    block.site(site, &tests, self.style, known)
                }
                None => block.guard(&tests, self.style),
            };
            match (written, site) {
                (Some(more), _) => edits.extend(more),
                (None, Some(_)) => self.plan.unwrapped.push(unit.index),
                (None, None) => self.plan.bare.push(unit.cell),
            }
        }
        self.plan
            .edits
            .extend(edits.into_iter().map(|edit| (unit.cell, edit)));
    }
}

/// Whether the statement only defines what others call.
fn defines(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::FunctionDef(_) | Stmt::ClassDef(_) => true,
        Stmt::Assign(assign) => assign.value.is_lambda_expr(),
        _ => false,
    }
}

/// What the statements bind, each once, in order.
fn bound<'a>(facts: &[Statement<'a>]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for name in facts.iter().flat_map(|statement| &statement.binds) {
        if !names.contains(name) {
            names.push(name);
        }
    }
    names
}

/// What the reader calls the service of a flag that stands in the notebook already.
fn label_of(flag: &str) -> String {
    let id = flag.trim_end_matches("_enabled");
    match crate::services::by_id(id) {
        Some(service) => service.label.clone(),
        None if flag == "azure_cli_enabled" => "Azure CLI (az)".to_owned(),
        None => id.to_owned(),
    }
}

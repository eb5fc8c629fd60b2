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
use nbfix_python::ast::{Expr, Stmt};
use nbfix_python::range;
use nbfix_semantic::{ProgramId, Semantic, Statement, Unit};
use nbfix_text::{Edit, TextRange};

use crate::env_reads::{Source, Variable, sources, variables};
use crate::environment::{What, events, mentions};
use crate::first_uses;
use crate::outage::Outage;
use crate::services;
use crate::settings::{DegradeStyle, Settings};

pub(crate) use text::{is_stdlib_import, line_end, line_start, quoted};

/// A statement that stands at most this far above a site, and needs something, is tried together with it.
const MAX_GAP: usize = 3;

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
    /// The service whose package it is, if it is one.
    package_of: Option<&'static str>,
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
        let sources = if findings.runs("unguarded-env") {
            let all = variables(semantic);
            let allowed = |variable: &&Variable<'_>| {
                let mut reads = variable.reads.iter();
                reads.any(|read| findings.is_allowed_of("unguarded-env", read.cell, read.range))
            };
            all.iter()
                .filter(|variable| !allowed(variable))
                .flat_map(|variable| sources(semantic, variable))
                .collect()
        } else {
            Vec::new()
        };
        Planner::new(semantic, style, sites, sources).plan()
    }

    /// Adds the fix to a report on the site of this unit.
    pub(crate) fn mend(&self, semantic: &Semantic<'_>, unit: &Unit<'_>, report: Report) -> Report {
        if self.unwrapped.contains(&unit.index) {
            return report;
        }
        self.add_to(semantic, report)
    }

    /// Adds the fix to a report.
    pub(crate) fn add_to(&self, semantic: &Semantic<'_>, mut report: Report) -> Report {
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
    /// Variables of the environment whose names may be empty.
    sources: Vec<Source>,
    /// What else fails where a service or a variable is missing that an earlier site asked for.
    reaches: Vec<Reach>,
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
    fn new(
        semantic: &'s Semantic<'a>,
        style: DegradeStyle,
        sites: Vec<Site>,
        sources: Vec<Source>,
    ) -> Self {
        let reaches = if sites.is_empty() {
            Vec::new()
        } else {
            reaches(semantic)
        };
        let by_variable = |source: &Source| {
            services::by_name(&source.variable).map(|service| service.id.as_str())
        };
        let of_sites = sites.iter().filter_map(|site| site.outage.service);
        let services = of_sites
            .chain(sources.iter().filter_map(by_variable))
            .collect();
        Self {
            semantic,
            style,
            sites,
            sources,
            reaches,
            services,
            taint: BTreeMap::new(),
            later: BTreeMap::new(),
            told: BTreeSet::new(),
            plan: Plan::default(),
        }
    }

    fn plan(mut self) -> Plan {
        if self.sites.is_empty() && self.sources.is_empty() {
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
        self.needs_besides(stmt, facts, &[])
    }

    /// What a statement needs by now; `fresh` are names that were bound just before.
    fn needs_besides(&self, stmt: &Stmt, facts: &Statement<'a>, fresh: &[&str]) -> BTreeSet<Need> {
        let mut needs = BTreeSet::new();
        for read in &facts.reads {
            if read.handled || read.asked || fresh.contains(&read.name) {
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
    fn left_out(&self, stmt: &Stmt, facts: &Statement<'a>) -> BTreeSet<Need> {
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

    fn cell(&mut self, unit: &'s Unit<'a>, facts: &[Statement<'a>]) {
        let sites = self
            .sites
            .iter()
            .enumerate()
            .filter(|(_, site)| site.unit == unit.index);
        let mut regions: Vec<Region> = sites
            .map(|(index, site)| Region {
                from: site.from,
                to: site.to,
                site: Some(index),
                needs: BTreeSet::new(),
                again: false,
            })
            .collect();
        // What is in a region taints what it binds, which may draw further statements in.
        let (before, later) = (self.taint.clone(), self.later.clone());
        for _ in 0..=unit.module.body().len() {
            (self.taint, self.later) = (before.clone(), later.clone());
            let known: Vec<(usize, usize)> = regions.iter().map(Region::extent).collect();
            self.pass(unit, facts, &mut regions);
            if regions.iter().map(Region::extent).eq(known) {
                break;
            }
        }
        // What is printed behind a step speaks of it.
        let starts: Vec<usize> = regions.iter().map(|region| region.from).collect();
        for region in &mut regions {
            let body = unit.module.body();
            let is_free = |at: usize| body.get(at).is_some_and(is_print) && !starts.contains(&at);
            while is_free(region.to + 1) {
                region.to += 1;
            }
        }
        self.write(unit, facts, &regions);
    }

    /// Goes through a cell once, with the regions as far as they are known; they grow where a statement needs something.
    fn pass(&mut self, unit: &'s Unit<'a>, facts: &[Statement<'a>], regions: &mut Vec<Region>) {
        let all = facts;
        for region in regions.iter_mut() {
            region.needs.clear();
        }
        for (index, (stmt, facts)) in unit.module.body().iter().zip(facts).enumerate() {
            let inside = regions
                .iter()
                .position(|region| (region.from..=region.to).contains(&index));
            if let Some(site) = inside.and_then(|at| self.site_at(regions.get(at)?, index)) {
                // What a site asks for is missing where the service is.
                let (own, asks) = (BTreeSet::from([own(site)]), site.asks.clone());
                let region = inside.and_then(|at| regions.get(at));
                let again = region.is_some_and(|region| self.needs_before(unit, all, region, &own));
                asks.iter().for_each(|name| self.taints(name, &own));
                let packages = self.takes_packages(&own);
                if let Some(region) = inside.and_then(|at| regions.get_mut(at)) {
                    region.needs.extend(packages);
                    region.again = again;
                }
            }
            let mut needs = self.needs(stmt, facts);
            let in_site = inside
                .and_then(|at| regions.get(at))
                .is_some_and(|region| region.site.is_some());
            if !in_site {
                needs.extend(self.reached(unit, index));
            }
            if inside.is_some() || !needs.is_empty() {
                let at = inside.unwrap_or_else(|| self.grow(regions, index, &needs));
                let Some(region) = regions.get_mut(at) else {
                    continue;
                };
                (region.from, region.to) =
                    text::whole_lines(unit, region.from.min(index), region.to.max(index));
                let own = region.site.and_then(|site| self.sites.get(site)).map(own);
                region
                    .needs
                    .extend(needs.into_iter().filter(|need| Some(need) != own.as_ref()));
                let tainted = own.map_or_else(|| region.needs.clone(), |own| BTreeSet::from([own]));
                self.gives(stmt, facts, &tainted);
            } else if let Some(source) = self.source_at(unit, index) {
                let need = Need {
                    test: source.target.clone(),
                    label: source.variable.clone(),
                    package_of: None,
                };
                self.gives(stmt, facts, &BTreeSet::from([need]));
            } else if let Some(import) = packages::run_at(unit, index, &self.services)
                .and_then(|run| packages::need(unit, run))
            {
                self.gives(stmt, facts, &BTreeSet::from([import]));
            } else {
                let left_out = self.left_out(stmt, facts);
                self.gives(stmt, facts, &left_out);
                self.flagged(stmt, facts);
            }
        }
    }

    /// The region that takes in the statement at `index`, which needs something: one that stands before it with no site
    /// between, or a new one.
    fn grow(&self, regions: &mut Vec<Region>, index: usize, needs: &BTreeSet<Need>) -> usize {
        let fits = |region: &Region| match region.site.and_then(|site| self.sites.get(site)) {
            // A site takes in what needs its own service; all else is skipped, and not tried.
            Some(site) => needs.iter().all(|need| *need == own(site)),
            None => true,
        };
        let last = regions.iter().rposition(|region| region.to < index);
        let next = regions.iter().position(|region| region.from > index);
        if let Some(at) = last.filter(|at| regions.get(*at).is_some_and(fits)) {
            return at;
        }
        let takes = |region: &Region| region.site.is_none() || region.from <= index + MAX_GAP;
        if let Some(at) = next.filter(|at| regions.get(*at).is_some_and(takes)) {
            return at;
        }
        let at = last.map_or(0, |last| last + 1);
        regions.insert(
            at,
            Region {
                from: index,
                to: index,
                site: None,
                needs: BTreeSet::new(),
                again: false,
            },
        );
        at
    }

    /// Whether a site needs what an earlier site of the same service should have bound.
    fn needs_before(
        &self,
        unit: &Unit<'_>,
        facts: &[Statement<'a>],
        region: &Region,
        own: &BTreeSet<Need>,
    ) -> bool {
        let statements = unit.module.body().iter().zip(facts);
        let inside = statements
            .skip(region.from)
            .take(region.to - region.from + 1);
        let mut fresh: Vec<&str> = Vec::new();
        for (stmt, facts) in inside {
            if !self.needs_besides(stmt, facts, &fresh).is_disjoint(own) {
                return true;
            }
            fresh.extend(&facts.surely);
        }
        false
    }

    /// What the statement at `index` reaches that an earlier site found missing: its service, or a variable.
    fn reached(&self, unit: &Unit<'_>, index: usize) -> BTreeSet<Need> {
        let here = self
            .reaches
            .iter()
            .filter(|reach| reach.unit == unit.index && reach.index == index);
        let asked = |reach: &Reach| {
            let mut earlier = self.sites.iter();
            earlier.find(|site| {
                (site.unit, site.to) < (unit.index, index)
                    && match &reach.what {
                        Reached::Service(id) => site.outage.service == Some(*id),
                        Reached::Variable(name) => site.outage.env.contains(name),
                    }
            })
        };
        here.filter_map(asked).map(own).collect()
    }

    /// The read of the environment that this statement is, if it is mended.
    fn source_at(&self, unit: &Unit<'_>, index: usize) -> Option<&Source> {
        let mut sources = self.sources.iter();
        sources.find(|source| source.unit == unit.index && source.index == index)
    }

    /// The site of a region, if the statement at `index` is its first.
    fn site_at(&self, region: &Region, index: usize) -> Option<&Site> {
        self.sites
            .get(region.site?)
            .filter(|_| region.from == index)
    }

    /// Takes note of what a statement binds that goes on without a service already.
    fn flagged(&mut self, stmt: &Stmt, facts: &Statement<'a>) {
        let Some(flag) = sites::flag_of(stmt) else {
            return;
        };
        let need = Need {
            label: label_of(&flag),
            test: flag,
            package_of: None,
        };
        for name in facts.binds.iter().filter(|name| **name != need.test) {
            self.taint.insert(name, BTreeSet::from([need.clone()]));
        }
    }

    /// From here on the flag of a site answers for the packages of its service, too. Gives those that the site asks for.
    /// What several services of a cloud share, such as its identity, answers for itself: who lacks one may have another.
    fn takes_packages(&mut self, own: &BTreeSet<Need>) -> BTreeSet<Need> {
        let of_flag = |site: &&Site| own.iter().any(|need| need.test == site.outage.flag);
        let Some(service) = self
            .sites
            .iter()
            .find(of_flag)
            .and_then(|site| site.outage.service)
        else {
            return BTreeSet::new();
        };
        let mut taken = BTreeSet::new();
        for needs in self.taint.values_mut() {
            let packages: Vec<Need> = needs
                .iter()
                .filter(|need| need.package_of == Some(service))
                .cloned()
                .collect();
            if packages.is_empty() {
                continue;
            }
            needs.retain(|need| !packages.contains(need));
            needs.extend(own.iter().cloned());
            taken.extend(packages);
        }
        taken
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

    fn write(&mut self, unit: &'s Unit<'a>, facts: &[Statement<'a>], regions: &[Region]) {
        let body = unit.module.body();
        let mut edits: Vec<Edit> = Vec::new();
        let outside = |index: usize| {
            !regions
                .iter()
                .any(|region| (region.from..=region.to).contains(&index))
        };
        let mut index = 0;
        while index < body.len() {
            let Some(run) =
                packages::run_at(unit, index, &self.services).filter(|_| outside(index))
            else {
                index += 1;
                continue;
            };
            let last = (index..=run.1)
                .take_while(|at| outside(*at))
                .last()
                .unwrap_or(index);
            match packages::guard(unit, (index, last)) {
                Some(more) => edits.extend(more),
                None => self.plan.bare.push(unit.cell),
            }
            index = last + 1;
        }
        let here = self
            .sources
            .iter()
            .filter(|source| source.unit == unit.index);
        edits.extend(
            here.filter(|source| outside(source.index))
                .map(|source| source.edit.clone()),
        );
        for region in regions {
            let block = text::Block {
                semantic: self.semantic,
                unit,
                from: region.from,
                to: region.to,
                names: bound(facts.get(region.from..=region.to).unwrap_or_default()),
            };
            let mut tests: Vec<(String, String)> = region
                .needs
                .iter()
                .map(|need| (need.test.clone(), need.label.clone()))
                .collect();
            let site = region.site.and_then(|site| self.sites.get(site));
            let written = match site {
                Some(site) => {
                    let known = !self.told.insert(site.outage.flag.clone());
                    if region.again {
                        tests.insert(0, (site.outage.flag.clone(), site.outage.label.clone()));
                    }
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

/// A statement that fails where something is missing, whatever names it reads.
struct Reach {
    /// The unit, by its index.
    unit: usize,
    /// The statement, by position.
    index: usize,
    what: Reached,
}

enum Reached {
    /// The service, by its id, that it makes a client of, or calls.
    Service(&'static str),
    /// The variable of the environment that it reads without a default.
    Variable(String),
}

/// The unguarded statements of a notebook that reach services and variables.
fn reaches(semantic: &Semantic<'_>) -> Vec<Reach> {
    let mut all = Vec::new();
    for (unit, uses) in first_uses::uses_of(semantic) {
        all.extend(uses.into_iter().map(|each| Reach {
            unit: unit.index,
            index: each.index,
            what: Reached::Service(each.service.id.as_str()),
        }));
    }
    if !mentions(semantic, &["environ"]) {
        return all;
    }
    for event in events(semantic) {
        let (What::Read { name, bare: true }, false) = (&event.what, event.guarded) else {
            continue;
        };
        let Some(unit) = semantic.units().get(event.unit) else {
            continue;
        };
        let mut body = unit.module.body().iter();
        let index = body.position(|stmt| range(stmt).covers(event.range) && !defines(stmt));
        all.extend(index.map(|index| Reach {
            unit: event.unit,
            index,
            what: Reached::Variable(name.clone()),
        }));
    }
    all
}

/// Statements of one cell that go into one block.
struct Region {
    from: usize,
    to: usize,
    /// The site that it is, by position; else it is skipped where something is missing.
    site: Option<usize>,
    /// What it needs besides its own service.
    needs: BTreeSet<Need>,
    /// Whether it needs its own service from an earlier site.
    again: bool,
}

impl Region {
    fn extent(&self) -> (usize, usize) {
        (self.from, self.to)
    }
}

/// What a site gives those who need its names.
fn own(site: &Site) -> Need {
    Need {
        test: site.outage.flag.clone(),
        label: site.outage.label.clone(),
        package_of: None,
    }
}

fn is_print(stmt: &Stmt) -> bool {
    let Stmt::Expr(statement) = stmt else {
        return false;
    };
    let Expr::Call(call) = &*statement.value else {
        return false;
    };
    matches!(&*call.func, Expr::Name(name) if name.id.as_str() == "print")
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
    match services::by_id(id) {
        Some(service) => service.label.clone(),
        None if flag == "azure_cli_enabled" => "Azure CLI (az)".to_owned(),
        None => id.to_owned(),
    }
}

//! The plan of a notebook, cell by cell.

use std::collections::BTreeSet;

use nbfix_ipynb::CellId;
use nbfix_python::ast::{Expr, Stmt};
use nbfix_semantic::{ProgramId, Semantic, Statement, Unit};
use nbfix_text::Edit;

use super::folds::Folds;
use super::packages::{self, Missing};
use super::reach::{Reach, Reached, reaches};
use super::taint::{Need, Taints};
use super::{Plan, Site, effects, helper, sites, text};
use crate::env_reads::Source;
use crate::services::Services;
use crate::settings::DegradeStyle;

/// A statement that stands at most this far above a site, and needs something, is tried together with it.
const MAX_GAP: usize = 3;

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

/// Goes through a notebook and writes down the plan for it.
pub(super) struct Planner<'s, 'a> {
    semantic: &'s Semantic<'a>,
    style: DegradeStyle,
    sites: Vec<Site>,
    /// Variables of the environment whose names may be empty.
    sources: Vec<Source>,
    /// What else fails where a service or a variable is missing that an earlier site asked for.
    reaches: Vec<Reach>,
    packages: Missing,
    taints: Taints<'a>,
    /// Names for what several steps need together.
    folds: Folds,
    /// Flags whose reader has been told how to mend the service.
    told: BTreeSet<String>,
    plan: Plan,
}

impl<'s, 'a> Planner<'s, 'a> {
    pub(super) fn new(
        semantic: &'s Semantic<'a>,
        services: Services,
        style: DegradeStyle,
        sites: Vec<Site>,
        sources: Vec<Source>,
    ) -> Self {
        let reaches = if sites.is_empty() {
            Vec::new()
        } else {
            reaches(semantic, &services)
        };
        // Where only variables of the environment are missing, nothing is said of packages.
        let by_variable = |source: &Source| Some(services.by_name(&source.variable)?.id.clone());
        let of_variables = sources.iter().filter(|_| !sites.is_empty());
        let of_sites = sites.iter().filter_map(|site| site.outage.service.clone());
        let ids = of_sites
            .chain(of_variables.filter_map(by_variable))
            .collect();
        Self {
            semantic,
            style,
            sites,
            sources,
            reaches,
            packages: Missing { services, ids },
            taints: Taints::default(),
            folds: Folds::default(),
            told: BTreeSet::new(),
            plan: Plan::default(),
        }
    }

    pub(super) fn plan(mut self) -> Plan {
        if self.sites.is_empty() && self.sources.is_empty() {
            return self.plan;
        }
        let semantic = self.semantic;
        let mut statements = semantic.statements().into_iter().peekable();
        let mut cells: Vec<(&'s Unit<'a>, Vec<Statement<'a>>, Vec<Region>)> = Vec::new();
        for unit in semantic.units_of(ProgramId::DOCUMENT) {
            while statements.next_if(|(cell, _)| *cell < unit.cell).is_some() {}
            if let Some((_, facts)) = statements.next_if(|(cell, _)| *cell == unit.cell) {
                let regions = self.cell(unit, &facts);
                cells.push((unit, facts, regions));
            }
        }
        if self.style == DegradeStyle::Inline {
            let needed = cells.iter().flat_map(|(_, _, regions)| regions);
            self.folds = Folds::of(semantic, needed.map(|region| &region.needs));
        }
        let mut first_site: Option<CellId> = None;
        for (unit, facts, regions) in &cells {
            let edits = self.plan.edits.len();
            self.write(unit, facts, regions);
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

    /// Finds what of a cell needs something.
    fn cell(&mut self, unit: &'s Unit<'a>, facts: &[Statement<'a>]) -> Vec<Region> {
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
        let before = self.taints.clone();
        for _ in 0..=unit.module.body().len() {
            self.taints = before.clone();
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
        regions
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
                let (own, service) = (own(site), site.outage.service.clone());
                let asks = self.names_of(&site.asks);
                let region = inside.and_then(|at| regions.get(at));
                let again = region.is_some_and(|region| self.needs_before(unit, all, region, &own));
                asks.iter().for_each(|name| self.taints.add(name, &own));
                // What several services of a cloud share, such as its identity, answers for itself: who lacks one may
                // have another.
                let packages = service
                    .map(|service| self.taints.takes_packages(&own, &service))
                    .unwrap_or_default();
                if let Some(region) = inside.and_then(|at| regions.get_mut(at)) {
                    region.needs.extend(packages);
                    region.again = again;
                }
            }
            let mut needs = self.needs(unit, stmt, facts, &[]);
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
                if is_kept(unit.source, stmt, all) {
                    self.taints.gives(stmt, facts, &BTreeSet::new());
                    continue;
                }
                let tainted = own.map_or_else(|| region.needs.clone(), |own| BTreeSet::from([own]));
                self.taints.gives(stmt, facts, &tainted);
                for name in effects::changed(self.semantic, unit, stmt) {
                    tainted.iter().for_each(|need| self.taints.add(name, need));
                }
            } else if let Some(source) = self.source_at(unit, index) {
                let need = Need {
                    test: source.target.clone(),
                    label: source.variable.clone(),
                    package_of: None,
                };
                self.taints.gives(stmt, facts, &BTreeSet::from([need]));
            } else if let Some(import) = self
                .packages
                .run_at(unit, index)
                .and_then(|run| self.packages.need(unit, run))
            {
                self.taints.gives(stmt, facts, &BTreeSet::from([import]));
            } else {
                let left_out = self.taints.left_out(stmt, facts);
                self.taints.gives(stmt, facts, &left_out);
                // It goes on without a service already.
                if let Some(test) = sites::flag_of(stmt) {
                    let need = Need {
                        label: label_of(&self.packages.services, &test),
                        test,
                        package_of: None,
                    };
                    self.taints.flagged(facts, &need);
                }
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
        unit: &'s Unit<'a>,
        facts: &[Statement<'a>],
        region: &Region,
        own: &Need,
    ) -> bool {
        let statements = unit.module.body().iter().zip(facts);
        let inside = statements
            .skip(region.from)
            .take(region.to - region.from + 1);
        let mut fresh: Vec<&str> = Vec::new();
        for (stmt, facts) in inside {
            if self.needs(unit, stmt, facts, &fresh).contains(own) {
                return true;
            }
            fresh.extend(&facts.surely);
        }
        false
    }

    /// What a statement needs by now; `fresh` are names that were bound just before.
    fn needs(
        &self,
        unit: &'s Unit<'a>,
        stmt: &'a Stmt,
        facts: &Statement<'a>,
        fresh: &[&str],
    ) -> BTreeSet<Need> {
        let mut needs = self.taints.of(stmt, facts, fresh);
        for name in effects::interpolated(unit, stmt) {
            if !fresh.contains(&name) {
                needs.extend(self.taints.of_name(name));
            }
        }
        needs
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
                        Reached::Service(id) => site.outage.service.as_ref() == Some(id),
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

    /// Those of these that the notebook binds.
    fn names_of(&self, names: &[String]) -> Vec<&'a str> {
        let all = self.semantic.names(ProgramId::DOCUMENT);
        all.map(|(known, _)| known)
            .filter(|known| names.iter().any(|name| name == known))
            .collect()
    }

    /// Writes down what becomes of a cell.
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
            let Some(run) = self.packages.run_at(unit, index).filter(|_| outside(index)) else {
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
                kept: body
                    .get(region.from..=region.to)
                    .unwrap_or_default()
                    .iter()
                    .filter(|stmt| is_kept(unit.source, stmt, facts))
                    .collect(),
            };
            let (needs, made) = self.folds.fold(&region.needs, region.site.is_none());
            let mut tests: Vec<text::Test> = needs
                .into_iter()
                .map(|need| (need.test, need.label))
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
                None => {
                    let labels = region.needs.iter().map(|need| need.label.as_str());
                    let labels: Vec<&str> = labels.collect();
                    block.guard(&tests, &labels, made.as_deref(), self.style)
                }
            };
            if let (None, Some(line)) = (&written, &made) {
                self.folds.unmake(line);
            }
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

/// Whether what a statement binds is there in any case: a module of the standard library, or a constant under a name
/// that nothing else in the cell binds. `facts` are those of the cell.
fn is_kept(source: &str, stmt: &Stmt, facts: &[Statement<'_>]) -> bool {
    if text::is_stdlib_import(stmt) {
        return true;
    }
    let Stmt::Assign(assign) = stmt else {
        return false;
    };
    let Some(Expr::Name(name)) = assign.targets.first() else {
        return false;
    };
    let binds = |facts: &&Statement<'_>| facts.binds.contains(&name.id.as_str());
    effects::is_constant(source, stmt) && facts.iter().filter(binds).count() == 1
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
fn label_of(services: &Services, flag: &str) -> String {
    let id = flag.trim_end_matches("_enabled");
    match services.by_id(id) {
        Some(service) => service.label.clone(),
        None if flag == "azure_cli_enabled" => "Azure CLI (az)".to_owned(),
        None => id.to_owned(),
    }
}

//! The table of services, `rules/data/services.toml`.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};

use nbfix_lint::Findings;
use regex::bytes::{Regex, RegexSet, RegexSetBuilder};
use serde::Deserialize;

use crate::settings::Settings;

/// One service that notebooks reach.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    /// A Python identifier; the notebook's flag is `ID_enabled`.
    pub(crate) id: String,
    /// The name that the reader knows.
    pub(crate) label: String,
    /// Completes "Impact: ...".
    pub(crate) impact: String,
    constructors: Vec<String>,
    calls: Vec<String>,
    modules: Vec<String>,
    env: Vec<String>,
    boto3_services: Vec<String>,
    /// Lines for a terminal.
    pub(crate) cli: Vec<String>,
    /// Steps in a browser.
    pub(crate) portal: Vec<String>,
}

impl Service {
    /// Whether it is one of Azure's, so that its identity comes with it.
    pub(crate) fn is_azure(&self) -> bool {
        self.modules
            .iter()
            .any(|module| module.starts_with("azure."))
    }

    /// Whether it is one of Amazon's, which share a package.
    pub(crate) fn is_aws(&self) -> bool {
        !self.boto3_services.is_empty()
    }
}

#[derive(Deserialize)]
struct Table {
    service: Vec<Service>,
}

static BUILT_IN: LazyLock<Services> = LazyLock::new(|| {
    let text = include_str!("../../../rules/data/services.toml");
    // A test reads the table; a broken one means that no service is known.
    let table = toml::from_str::<Table>(text).map(|table| table.service);
    Services::new(
        table
            .unwrap_or_default()
            .into_iter()
            .map(Arc::new)
            .collect(),
    )
});

/// The services that are known: those of the table, and before them those of the user, `[services.warehouse]`. A copy
/// shares the table.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "BTreeMap<String, Service>")]
pub struct Services {
    known: Arc<Known>,
}

#[derive(Debug)]
struct Known {
    all: Vec<Arc<Service>>,
    /// The patterns of all services for names of the environment, and the service of each; made when a rule first asks.
    env: OnceLock<Option<(RegexSet, Vec<usize>)>>,
}

impl Default for Services {
    fn default() -> Self {
        BUILT_IN.clone()
    }
}

impl PartialEq for Services {
    fn eq(&self, other: &Self) -> bool {
        self.known.all == other.known.all
    }
}

/// The user's own, by their ids, before those of the table.
impl TryFrom<BTreeMap<String, Service>> for Services {
    type Error = String;

    fn try_from(own: BTreeMap<String, Service>) -> Result<Self, String> {
        let or = |text: String, other: &str| {
            if text.is_empty() {
                other.to_owned()
            } else {
                text
            }
        };
        let mut all = Vec::new();
        for (id, service) in own {
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if !id.chars().all(is_name) || id.starts_with(|c: char| c.is_ascii_digit()) {
                return Err(format!(
                    "`services.{id}`: the notebook's flag will be `{id}_enabled`, so the id has to be a name of letters, digits and `_`"
                ));
            }
            if let Some(error) = service.env.iter().find_map(|it| Regex::new(it).err()) {
                return Err(format!("`services.{id}.env`: {error}"));
            }
            all.push(Arc::new(Service {
                label: or(service.label, &id),
                impact: or(service.impact, "cells that need it are skipped"),
                id,
                ..service
            }));
        }
        if all.is_empty() {
            return Ok(Self::default());
        }
        all.extend(BUILT_IN.known.all.iter().cloned());
        Ok(Self::new(all))
    }
}

impl Services {
    fn new(all: Vec<Arc<Service>>) -> Self {
        let env = OnceLock::new();
        Self {
            known: Arc::new(Known { all, env }),
        }
    }

    /// Those of the run that these findings belong to.
    pub(crate) fn of(findings: &Findings<'_>) -> Self {
        Settings::of(findings).services.clone()
    }

    fn find(&self, is: impl Fn(&Service) -> bool) -> Option<Arc<Service>> {
        let mut all = self.known.all.iter();
        all.find(|service| is(service)).cloned()
    }

    /// The service that a call of this dotted path constructs or reaches. `first` is the call's first argument, if it is
    /// a constant: `boto3.client("s3")`.
    pub(crate) fn by_call(&self, path: &str, first: Option<&str>) -> Option<Arc<Service>> {
        let of_client = |first: &str| {
            self.find(|service| service.boto3_services.iter().any(|name| name == first))
        };
        first
            .filter(|_| path.starts_with("boto3."))
            .and_then(of_client)
            .or_else(|| {
                self.find(|service| {
                    let mut paths = service.constructors.iter().chain(&service.calls);
                    paths.any(|known| known == path)
                })
            })
    }

    /// The service that a module belongs to.
    pub(crate) fn by_module(&self, module: &str) -> Option<Arc<Service>> {
        let belongs = |known: &String| {
            let rest = module.strip_prefix(known.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.find(|service| service.modules.iter().any(belongs))
    }

    /// The service that an environment variable or a Python name belongs to by its name.
    pub(crate) fn by_name(&self, name: &str) -> Option<Arc<Service>> {
        let (set, services) = self.known.env.get_or_init(|| self.patterns()).as_ref()?;
        let first = set.matches(name.as_bytes()).iter().next()?;
        self.known.all.get(*services.get(first)?).cloned()
    }

    /// The service of this id.
    pub(crate) fn by_id(&self, id: &str) -> Option<Arc<Service>> {
        self.find(|service| service.id == id)
    }

    /// The names are ASCII, and without Unicode's tables the set is compiled ten times faster.
    fn patterns(&self) -> Option<(RegexSet, Vec<usize>)> {
        let all = self.known.all.iter().enumerate();
        let patterns = all
            .flat_map(|(index, service)| service.env.iter().map(move |pattern| (pattern, index)));
        let (patterns, services): (Vec<_>, Vec<_>) = patterns.unzip();
        let set = RegexSetBuilder::new(patterns).unicode(false).build().ok()?;
        Some((set, services))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let services = Services::default();
        assert!(services.known.all.len() > 25);
        assert!(services.patterns().is_some(), "every pattern compiles");
        assert!(services.known.all.iter().all(|service| {
            let mut lines = service.cli.iter().chain(&service.portal);
            lines.all(|line| line.is_ascii())
        }));
        assert!(services.by_id("azure_login").is_some());
    }

    #[test]
    fn services_are_known_by_call_module_and_name() {
        let services = Services::default();
        let is = |service: Option<Arc<Service>>, id: &str| {
            assert_eq!(service.as_ref().map(|it| it.id.as_str()), Some(id));
        };
        is(
            services.by_call("azure.cosmos.CosmosClient", None),
            "cosmos",
        );
        is(services.by_call("boto3.client", Some("s3")), "s3");
        is(services.by_module("azure.cosmos.aio"), "cosmos");
        is(services.by_name("AZURE_SEARCH_ENDPOINT"), "search");
        assert!(services.by_name("research_topic").is_none());
    }

    #[test]
    fn those_of_two_projects_stay_apart() {
        let of = |text: &str| toml::from_str::<Services>(text).unwrap_or_default();
        let one = of("warehouse = { modules = [\"warehouse\"] }");
        let other = of("lake = { modules = [\"lake\"], label = \"The lake\" }");
        let label = |service: Option<Arc<Service>>| service.map(|service| service.label.clone());
        assert_eq!(
            label(one.by_module("warehouse.sql")).as_deref(),
            Some("warehouse")
        );
        assert_eq!(label(other.by_module("lake")).as_deref(), Some("The lake"));
        assert!(one.by_module("lake").is_none() && other.by_module("warehouse").is_none());
        assert!(one.by_id("cosmos").is_some());
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        let error = |text: &str| {
            let services = toml::from_str::<Services>(text);
            services.err().map_or_else(String::new, |it| it.to_string())
        };
        let id = error("my-warehouse = {}");
        assert!(id.contains("`services.my-warehouse`"), "{id}");
        let env = error("warehouse = { env = [\"WAREHOUSE_(\"] }");
        assert!(env.contains("`services.warehouse.env`"), "{env}");
    }
}

//! The table of services, `rules/data/services.toml`.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use regex::bytes::{RegexSet, RegexSetBuilder};
use serde::Deserialize;

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

/// What the user adds to the table.
static OWN: OnceLock<Vec<Service>> = OnceLock::new();

/// Puts services of the user's before those of the table, by their ids: `[services.warehouse]`. It has to be said before
/// any rule runs; what is said first holds for the process.
pub fn add_services(own: &BTreeMap<String, Service>) {
    let named = own.iter().map(|(id, service)| Service {
        id: id.clone(),
        label: if service.label.is_empty() {
            id.clone()
        } else {
            service.label.clone()
        },
        impact: if service.impact.is_empty() {
            "cells that need it are skipped".to_owned()
        } else {
            service.impact.clone()
        },
        ..service.clone()
    });
    if !own.is_empty() {
        // A second project of the same run adds nothing.
        let _ = OWN.set(named.collect());
    }
}

static SERVICES: LazyLock<Vec<Service>> = LazyLock::new(|| {
    let text = include_str!("../../../rules/data/services.toml");
    // A test reads the table; a broken one means that no service is known.
    let table = toml::from_str::<Table>(text).map(|table| table.service);
    let own = OWN.get().cloned().unwrap_or_default();
    own.into_iter().chain(table.unwrap_or_default()).collect()
});

/// The patterns of all services, and the service of each. The names are ASCII, and without Unicode's tables the set
/// is compiled ten times faster.
static ENV: LazyLock<Option<(RegexSet, Vec<usize>)>> = LazyLock::new(|| {
    let all = SERVICES.iter().enumerate();
    let patterns =
        all.flat_map(|(index, service)| service.env.iter().map(move |pattern| (pattern, index)));
    let (patterns, services): (Vec<_>, Vec<_>) = patterns.unzip();
    let set = RegexSetBuilder::new(patterns).unicode(false).build().ok()?;
    Some((set, services))
});

/// The service that a call of this dotted path constructs or reaches. `first` is the call's first argument, if it is
/// a constant: `boto3.client("s3")`.
pub(crate) fn by_call(path: &str, first: Option<&str>) -> Option<&'static Service> {
    if let Some(first) = first.filter(|_| path.starts_with("boto3.")) {
        let named = SERVICES
            .iter()
            .find(|service| service.boto3_services.iter().any(|name| name == first));
        if named.is_some() {
            return named;
        }
    }
    SERVICES.iter().find(|service| {
        service
            .constructors
            .iter()
            .chain(&service.calls)
            .any(|known| known == path)
    })
}

/// The service that a module belongs to.
pub(crate) fn by_module(module: &str) -> Option<&'static Service> {
    let belongs = |known: &String| {
        module == known
            || module
                .strip_prefix(known.as_str())
                .is_some_and(|rest| rest.starts_with('.'))
    };
    SERVICES
        .iter()
        .find(|service| service.modules.iter().any(belongs))
}

/// The service that an environment variable or a Python name belongs to by its name.
pub(crate) fn by_name(name: &str) -> Option<&'static Service> {
    let (set, services) = ENV.as_ref()?;
    let first = set.matches(name.as_bytes()).iter().next()?;
    SERVICES.get(*services.get(first)?)
}

/// The service of this id.
pub(crate) fn by_id(id: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert!(SERVICES.len() > 25);
        assert!(ENV.is_some(), "every pattern compiles");
        assert!(SERVICES.iter().all(|service| {
            service
                .cli
                .iter()
                .chain(&service.portal)
                .all(|line| line.is_ascii())
        }));
        assert!(by_id("azure_login").is_some());
    }

    #[test]
    fn services_are_known_by_call_module_and_name() {
        let id = |service: Option<&'static Service>| service.map(|service| service.id.as_str());
        assert_eq!(
            id(by_call("azure.cosmos.CosmosClient", None)),
            Some("cosmos")
        );
        assert_eq!(id(by_call("boto3.client", Some("s3"))), Some("s3"));
        assert_eq!(id(by_module("azure.cosmos.aio")), Some("cosmos"));
        assert_eq!(id(by_name("AZURE_SEARCH_ENDPOINT")), Some("search"));
        assert_eq!(id(by_name("research_topic")), None);
    }
}

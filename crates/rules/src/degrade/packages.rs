//! Packages of services: the notebook goes on where one is not installed.

use std::collections::BTreeSet;

use nbfix_python::ast::Stmt;
use nbfix_python::range;
use nbfix_semantic::Unit;
use nbfix_text::Edit;

use super::taint::Need;
use super::text::{PACKAGE, indented, line_end, line_start, quoted, stands_alone};
use crate::services::{Service, Services};

/// The services whose packages may be missing.
pub(super) struct Missing {
    pub(super) services: Services,
    /// Their ids.
    pub(super) ids: BTreeSet<String>,
}

impl Missing {
    /// The statements around `index` that import packages of one of these services, first and last.
    pub(super) fn run_at(&self, unit: &Unit<'_>, index: usize) -> Option<(usize, usize)> {
        let body = unit.module.body();
        let service = |at: usize| body.get(at).and_then(|stmt| self.service_of(stmt));
        let id =
            service(index).filter(|id| self.ids.iter().any(|other| self.comes_with(id, other)))?;
        let is_same = |at: &usize| service(*at).as_ref() == Some(&id);
        let first = (0..=index).rev().take_while(is_same).last()?;
        let last = (index..body.len()).take_while(is_same).last()?;
        Some((first, last))
    }

    /// Whether the packages of one service are missing where the other one is: its own, or those of the cloud that it is
    /// in.
    fn comes_with(&self, packages: &str, service: &str) -> bool {
        let in_cloud = |cloud: fn(&Service) -> bool| {
            let service = self.services.by_id(service);
            service.is_some_and(|service| cloud(&service))
        };
        packages == service
            || match packages {
                "azure_login" => in_cloud(Service::is_azure),
                "aws" => in_cloud(Service::is_aws),
                _ => false,
            }
    }

    /// The service whose package a statement imports.
    fn service_of(&self, stmt: &Stmt) -> Option<String> {
        let of_module = |module: &str| Some(self.services.by_module(module)?.id.clone());
        match stmt {
            Stmt::Import(import) => {
                let modules = import.names.iter();
                one_of(modules.map(|alias| of_module(alias.name.as_str())))
            }
            Stmt::ImportFrom(import) if import.level == 0 => {
                if import.names.iter().any(|alias| alias.name.as_str() == "*") {
                    return None;
                }
                let module = import.module.as_ref()?.as_str();
                // `from google.cloud import bigquery`: the name may be the module.
                let names = import.names.iter();
                one_of(names.map(|alias| of_module(&format!("{module}.{}", alias.name))))
            }
            _ => None,
        }
    }

    /// What a name of the run needs: the first one is there.
    pub(super) fn need(&self, unit: &Unit<'_>, run: (usize, usize)) -> Option<Need> {
        let body = unit.module.body();
        let first = body.get(run.0)?;
        let name = names(first).first().copied()?;
        Some(Need {
            test: format!("{name} is not None"),
            label: format!("{PACKAGE}{}", distribution(&module(first)?)),
            package_of: self.service_of(first),
        })
    }
}

/// What all of them are, if they are the same.
fn one_of(mut ids: impl Iterator<Item = Option<String>>) -> Option<String> {
    let first = ids.next()??;
    ids.all(|other| other.as_ref() == Some(&first))
        .then_some(first)
}

/// The names that an import binds.
fn names(stmt: &Stmt) -> Vec<&str> {
    match stmt {
        Stmt::Import(import) => import
            .names
            .iter()
            .map(|alias| match &alias.asname {
                Some(name) => name.as_str(),
                None => alias.name.as_str().split('.').next().unwrap_or_default(),
            })
            .collect(),
        Stmt::ImportFrom(import) => import
            .names
            .iter()
            .map(|alias| alias.asname.as_ref().unwrap_or(&alias.name).as_str())
            .collect(),
        _ => Vec::new(),
    }
}

/// The module that an import names. For `from google.cloud import bigquery` it is the inner one, where the outer is
/// shared by many distributions.
fn module(stmt: &Stmt) -> Option<String> {
    match stmt {
        Stmt::Import(import) => import.names.first().map(|alias| alias.name.to_string()),
        Stmt::ImportFrom(import) => {
            let module = import.module.as_ref()?.as_str();
            let first = import.names.first()?.name.as_str();
            Some(match module {
                "google.cloud" | "azure" | "azure.mgmt" | "azure.ai" => format!("{module}.{first}"),
                _ => module.to_owned(),
            })
        }
        _ => None,
    }
}

/// The edits that let the imports of the run fail.
pub(super) fn guard(unit: &Unit<'_>, run: (usize, usize)) -> Option<Vec<Edit>> {
    let body = unit.module.body();
    let statements = body.get(run.0..=run.1)?;
    if !stands_alone(unit.source, body, run.0, run.1) {
        return None;
    }
    let (first, last) = (statements.first()?, statements.last()?);
    let start = line_start(unit.source, range(first).start());
    let end = line_end(unit.source, range(last).end());
    let mut bound: Vec<&str> = Vec::new();
    for name in statements.iter().flat_map(names) {
        if !bound.contains(&name) {
            bound.push(name);
        }
    }
    let mut packages: Vec<String> = statements
        .iter()
        .filter_map(module)
        .map(|module| distribution(&module))
        .collect();
    packages.sort();
    packages.dedup();
    let words = packages.join(" ");
    let mut closing = format!(
        "\nexcept ImportError as _exc:\n    print({} % _exc)",
        quoted(&format!("[WARN] %s - to install it: %%pip install {words}"))
    );
    for chunk in bound.chunks(6) {
        closing.push_str(&format!("\n    {} = None", chunk.join(" = ")));
    }
    indented(unit, start, end, "try:\n", &closing, &[])
}

/// The distribution that brings a module, as `pip` calls it.
fn distribution(module: &str) -> String {
    const OTHERS: &[(&str, &str)] = &[
        ("psycopg2", "psycopg2-binary"),
        ("kafka", "kafka-python"),
        ("confluent_kafka", "confluent-kafka"),
        ("google.genai", "google-genai"),
        ("google.auth", "google-auth"),
        ("google.oauth2", "google-auth"),
        ("google.api_core", "google-api-core"),
        ("google.colab", "google-colab"),
        ("google.protobuf", "protobuf"),
        ("googleapiclient", "google-api-python-client"),
        ("google.generativeai", "google-generativeai"),
        ("vertexai", "google-cloud-aiplatform"),
        ("botocore", "boto3"),
        ("qdrant_client", "qdrant-client"),
        ("elasticsearch", "elasticsearch"),
        ("MySQLdb", "mysqlclient"),
        ("snowflake", "snowflake-connector-python"),
        ("dotenv", "python-dotenv"),
    ];
    let belongs = |root: &str| {
        module == root
            || module
                .strip_prefix(root)
                .is_some_and(|rest| rest.starts_with('.'))
    };
    if let Some((_, name)) = OTHERS.iter().find(|(root, _)| belongs(root)) {
        return (*name).to_owned();
    }
    let parts: Vec<&str> = module.split('.').collect();
    let kept = match parts.as_slice() {
        // `azure.mgmt.cosmosdb.models` comes with azure-mgmt-cosmosdb, `azure.cosmos.aio` with azure-cosmos.
        [
            "azure",
            "mgmt" | "ai" | "storage" | "search" | "keyvault" | "monitor" | "data",
            _,
            ..,
        ] => 3,
        ["azure", _, ..] => 2,
        ["google", "cloud", _, ..] => 3,
        _ => 1,
    };
    parts
        .get(..kept)
        .unwrap_or(&parts)
        .join("-")
        .replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_are_named_as_pip_knows_them() {
        for (module, name) in [
            ("azure.cosmos.aio", "azure-cosmos"),
            (
                "azure.search.documents.indexes.models",
                "azure-search-documents",
            ),
            ("azure.mgmt.resource.resources", "azure-mgmt-resource"),
            ("azure.identity", "azure-identity"),
            ("google.cloud.bigquery", "google-cloud-bigquery"),
            ("openai", "openai"),
            ("psycopg2.extras", "psycopg2-binary"),
            ("pinecone", "pinecone"),
        ] {
            assert_eq!(distribution(module), name);
        }
    }
}

//! Which distribution an import comes from: the table `rules/data/packages.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Default, Deserialize)]
struct Table {
    prefixes: BTreeMap<String, usize>,
    packages: BTreeMap<String, String>,
    kernels: BTreeMap<String, String>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    // A test reads the table; a broken one means that no package is known.
    toml::from_str(include_str!("../../../rules/data/packages.toml")).unwrap_or_default()
});

/// `a.b.c`, `a.b`, `a`.
fn prefixes(module: &str) -> impl Iterator<Item = &str> {
    let ends = module.rmatch_indices('.').map(|(at, _)| at);
    std::iter::once(module.len())
        .chain(ends)
        .filter_map(|end| module.get(..end))
}

/// The distribution that brings a module, if it is known; `own` are rows of the configuration, which count before those
/// of the table for modules of the same length.
pub(crate) fn distribution(own: &BTreeMap<String, String>, module: &str) -> Option<String> {
    let known = |part: &str| own.get(part).or_else(|| TABLE.packages.get(part));
    let row = prefixes(module).find_map(|part| Some((part.len(), known(part)?)));
    let families = TABLE.prefixes.iter();
    let family = families
        .filter(|(prefix, _)| module.starts_with(prefix.as_str()))
        .find(|(prefix, _)| row.is_none_or(|(length, _)| length < prefix.len()));
    let named = family.and_then(|(_, parts)| {
        let name: Vec<&str> = module.split('.').take(*parts).map(unversioned).collect();
        (name.len() == *parts).then(|| name.join("-").replace('_', "-"))
    });
    named.or_else(|| row.map(|(_, known)| known.clone()))
}

/// A part of a module's name without the version of an interface: `vision` of `google.cloud.vision_v1p1beta1`.
fn unversioned(part: &str) -> &str {
    let version = part.rsplit_once("_v").filter(|(name, version)| {
        !name.is_empty() && version.starts_with(|it: char| it.is_ascii_digit())
    });
    version.map_or(part, |(name, _)| name)
}

/// Whether a kernel of this name brings the module.
pub(crate) fn brings(kernel: &str, module: &str) -> bool {
    TABLE.kernels.get(kernel).is_some_and(|modules| {
        let mut known = modules.split_whitespace();
        known.any(|known| prefixes(module).any(|part| part == known))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_have_their_distributions() {
        assert!(TABLE.packages.len() > 250 && TABLE.kernels.len() >= 5);
        let none = BTreeMap::new();
        let of = |module: &str| distribution(&none, module).unwrap_or_default();
        assert_eq!(of("PIL.Image"), "pillow");
        assert_eq!(of("azure.mgmt.resource"), "azure-mgmt-resource");
        assert_eq!(
            of("azure.mgmt.resource.subscriptions"),
            "azure-mgmt-resource-subscriptions"
        );
        assert_eq!(of("azure.mgmt.redis"), "azure-mgmt-redis");
        assert_eq!(of("google.cloud.bigquery"), "google-cloud-bigquery");
        assert_eq!(of("google.cloud.vision_v1.types"), "google-cloud-vision");
        assert_eq!(
            of("azure.mgmt.resource.locks.ManagementLockClient"),
            "azure-mgmt-resource-locks"
        );
        assert_eq!(of("kiota_abstractions"), "microsoft-kiota-abstractions");
        assert_eq!(of("langchain_openai.chat_models"), "langchain-openai");
        // A module of the author's own.
        assert_eq!(of("langchain_helper"), "");
        assert_eq!(
            of("llama_index.llms.azure_openai"),
            "llama-index-llms-azure-openai"
        );
        assert_eq!(of("my_helpers"), "");
        let own = BTreeMap::from([("my_helpers".to_owned(), "our-helpers".to_owned())]);
        assert_eq!(
            distribution(&own, "my_helpers.io").unwrap_or_default(),
            "our-helpers"
        );
        assert!(brings("colab", "torch.nn") && !brings("colab", "faiss"));
    }
}

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

/// The distribution that brings a module, if it is known.
pub(crate) fn distribution(module: &str) -> Option<String> {
    let row = prefixes(module).find_map(|part| Some((part.len(), TABLE.packages.get(part)?)));
    let families = TABLE.prefixes.iter();
    let family = families
        .filter(|(prefix, _)| module.starts_with(prefix.as_str()))
        .find(|(prefix, _)| row.is_none_or(|(length, _)| length < prefix.len()));
    let named = family.and_then(|(_, parts)| {
        let name: Vec<&str> = module.split('.').take(*parts).collect();
        (name.len() == *parts).then(|| name.join("-").replace('_', "-"))
    });
    named.or_else(|| row.map(|(_, known)| known.clone()))
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
        let of = |module: &str| distribution(module).unwrap_or_default();
        assert_eq!(of("PIL.Image"), "pillow");
        assert_eq!(of("azure.mgmt.resource"), "azure-mgmt-resource");
        assert_eq!(
            of("azure.mgmt.resource.subscriptions"),
            "azure-mgmt-resource-subscriptions"
        );
        assert_eq!(of("azure.mgmt.redis"), "azure-mgmt-redis");
        assert_eq!(of("google.cloud.bigquery"), "google-cloud-bigquery");
        assert_eq!(of("langchain_openai.chat_models"), "langchain-openai");
        assert_eq!(
            of("llama_index.llms.azure_openai"),
            "llama-index-llms-azure-openai"
        );
        assert_eq!(of("my_helpers"), "");
        assert!(brings("colab", "torch.nn") && !brings("colab", "faiss"));
    }
}

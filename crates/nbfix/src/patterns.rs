//! Patterns of paths, as `.gitignore` writes them.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::config::Word;

/// Some patterns, relative to one folder.
#[derive(Debug)]
pub(crate) struct Patterns {
    root: PathBuf,
    globs: Gitignore,
    /// Matches what the pattern does not, and only that.
    inverted: bool,
}

impl Patterns {
    /// # Errors
    /// If one of them is no pattern, with the place that says it.
    pub(crate) fn new<'w>(
        root: &Path,
        words: impl IntoIterator<Item = &'w Word>,
    ) -> anyhow::Result<Self> {
        let mut builder = builder(root);
        for word in words {
            add(&mut builder, word, &word.value)?;
        }
        Self::build(root, &builder, false)
    }

    /// One pattern; behind a `!` it stands for everything else.
    ///
    /// # Errors
    /// If it is no pattern.
    pub(crate) fn one(root: &Path, word: &Word) -> anyhow::Result<Self> {
        let mut builder = builder(root);
        let inverted = word.value.strip_prefix('!');
        add(&mut builder, word, inverted.unwrap_or(&word.value))?;
        Self::build(root, &builder, inverted.is_some())
    }

    fn build(root: &Path, builder: &GitignoreBuilder, inverted: bool) -> anyhow::Result<Self> {
        Ok(Self {
            root: root.to_owned(),
            globs: builder.build().map_err(|error| anyhow!(error))?,
            inverted,
        })
    }

    /// Whether a path matches, or a folder that holds it. The path is plain (see [`crate::config::plain_path`]).
    pub(crate) fn matches(&self, path: &Path, is_folder: bool) -> bool {
        // What lies outside of the folder, the patterns say nothing about.
        let Ok(inside) = path.strip_prefix(&self.root) else {
            return self.inverted;
        };
        let found = self.globs.matched_path_or_any_parents(inside, is_folder);
        found.is_ignore() != self.inverted
    }

    /// The same, but about this very path only, not the folders around it.
    pub(crate) fn matches_itself(&self, path: &Path, is_folder: bool) -> bool {
        let inside = path.strip_prefix(&self.root);
        inside.is_ok_and(|inside| self.globs.matched(inside, is_folder).is_ignore())
    }
}

fn builder(root: &Path) -> GitignoreBuilder {
    let mut builder = GitignoreBuilder::new(root);
    builder.allow_unclosed_class(false);
    builder
}

fn add(builder: &mut GitignoreBuilder, word: &Word, pattern: &str) -> anyhow::Result<()> {
    // A path that begins with a dot means this folder, which `.gitignore` writes without it.
    let pattern = match pattern.strip_prefix("./") {
        Some(rest) => format!("/{rest}"),
        None => pattern.to_owned(),
    };
    match builder.add_line(None, &pattern) {
        Ok(_) => Ok(()),
        Err(error) => {
            let message = format!("`{pattern}` is no pattern of paths: {error}");
            Err(anyhow!(word.origin.error(&message)))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::Said;

    fn matches(pattern: &str, path: &str) -> bool {
        let word = Said::default(pattern.to_owned());
        let patterns = Patterns::one(Path::new("/p"), &word).unwrap();
        patterns.matches(Path::new(path), false)
    }

    #[test]
    fn they_are_those_of_gitignore() {
        assert!(matches("drafts/", "/p/a/drafts/b/x.ipynb"));
        assert!(!matches("/drafts/", "/p/a/drafts/x.ipynb"));
        assert!(matches("./drafts", "/p/drafts/x.ipynb"));
        assert!(matches("a/**/x*.ipynb", "/p/a/b/c/x1.ipynb"));
        assert!(!matches("drafts/", "/elsewhere/drafts/x.ipynb"));
    }

    #[test]
    fn a_mark_inverts() {
        assert!(!matches("!src/**", "/p/src/x.ipynb"));
        assert!(matches("!src/**", "/p/y.ipynb"));
    }
}

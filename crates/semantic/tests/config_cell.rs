//! Which cell is the configuration cell.
#![allow(clippy::unwrap_used, missing_docs)]

use nbfix_ipynb::Notebook;
use nbfix_semantic::{ConfigurationSign, Semantic, Sources};

/// A notebook of these cells: Markdown if they start with `#md `, tagged `parameters` if with `#tag `.
fn found(cells: &[&str]) -> Option<(usize, ConfigurationSign, bool)> {
    let cells: Vec<_> = cells
        .iter()
        .map(|source| match source.strip_prefix("#md ") {
            Some(text) => serde_json::json!({"cell_type": "markdown", "metadata": {}, "source": text}),
            None => {
                let tags = if source.starts_with("#tag ") {
                    vec!["parameters"]
                } else {
                    vec![]
                };
                serde_json::json!({"cell_type": "code", "metadata": {"tags": tags}, "outputs": [], "execution_count": null, "source": source})
            }
        })
        .collect();
    let json =
        serde_json::json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4});
    let notebook = Notebook::load(json.to_string().into_bytes()).unwrap();
    let sources = Sources::parse(&notebook, "a.ipynb");
    let semantic = Semantic::new(&notebook, &sources);
    let found = semantic.configuration_cell()?;
    Some((found.cell.index(), found.sign, found.is_certain()))
}

#[test]
fn the_best_sign_wins() {
    use ConfigurationSign::{Assignments, Form, Tag, Title};
    let first = "import os\nA = 1";
    let titled = "#md Text\n## 2. Setup\nmore text";
    let form = "N = 3  #@param {type: 'integer'}";
    let tagged = "#tag parameters\nX = 'y'";
    assert_eq!(found(&["f()", first]), Some((1, Assignments, true)));
    assert_eq!(
        found(&[first, titled, "b = 'x'\nf()"]),
        Some((2, Title, true))
    );
    assert_eq!(
        found(&[first, titled, "b = 'x'", form]),
        Some((3, Form, true))
    );
    assert_eq!(
        found(&[first, titled, "b = 'x'", form, tagged]),
        Some((4, Tag, true))
    );
}

#[test]
fn cells_that_set_nothing_do_not_count() {
    use ConfigurationSign::Assignments;
    assert_eq!(
        found(&["#md # Setup", "%pip install x", "import x", "f(1)"]),
        None
    );
    assert_eq!(found(&["#tag\nimport x", "y = f(x)"]), None);
    assert_eq!(
        found(&["#md # Setup", "%pip install x", "#md # Run", "n = 1"]),
        Some((3, Assignments, true))
    );
    assert_eq!(
        found(&["n = 1\nf(n)\ng(n)"]),
        Some((0, Assignments, false)),
        "it does more than that"
    );
    assert_eq!(
        found(&["n = = 1", "k: int = -1\nz = os.getenv('Z') or 'z'"]),
        Some((1, Assignments, true))
    );
}

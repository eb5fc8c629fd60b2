//! Lines that install a distribution which has another name now.

use nbfix_ipynb::{CellId, CellKind};
use nbfix_semantic::Semantic;
use nbfix_text::{Edit, TextRange};
use regex::Regex;

use super::places::Edits;

/// The edits that install `new` where `pip` or `uv` installed `old`; its version goes with the old name.
pub(crate) fn renamed(semantic: &Semantic<'_>, old: &str, new: &str) -> Edits {
    let mut edits = Edits::new();
    let name = old.replace('-', "[-_.]");
    let version = r"(?:\[[\w,-]*\])?(?:(?:[=<>~!]=?=?)[\w.*]+(?:,(?:[=<>~!]=?=?)[\w.*]+)*)?";
    let Ok(pattern) = Regex::new(&format!(r#"(?i)(^|[\s"'])({name}{version})(?:$|[\s"'])"#)) else {
        return edits;
    };
    for (index, cell) in semantic.notebook().cells().iter().enumerate() {
        if cell.kind != CellKind::Code || !cell.source.contains("install") {
            continue;
        }
        let mut start = 0;
        for line in cell.source.split_inclusive('\n') {
            let installs = line.contains("pip install") || line.contains("pip3 install");
            if installs && line.trim_start().starts_with(['%', '!', 'p']) {
                for found in pattern.captures_iter(line).filter_map(|it| it.get(2)) {
                    let at = TextRange::new(start + found.start(), start + found.end());
                    edits.push((CellId(index), Edit::replace(at, new)));
                }
            }
            start += line.len();
        }
    }
    edits
}

//! Giving what a name holds for a while a name of its own.

use nbfix_ipynb::CellKind;
use nbfix_semantic::{Binding, BindingKind, ProgramId, Semantic};
use nbfix_text::Edit;

use super::{Kind, Life};

/// Position of a unit, and an offset in it.
type Place = (usize, usize);

/// The edits that give what the name holds by now a name of its own; `None` if it cannot be told of each read what it
/// means. `mistakes` are the reads, in order, that mean an earlier life.
pub(crate) fn rename(
    semantic: &Semantic<'_>,
    name: &str,
    before: &[Life<'_, '_>],
    life: &Life<'_, '_>,
    mistakes: &[(Place, &str)],
) -> Option<Vec<(usize, Edit)>> {
    if semantic.is_dynamic(ProgramId::DOCUMENT) || is_hidden(semantic, name) {
        return None;
    }
    let (first, _) = mistakes.first()?;
    let new = free_name(semantic, name, life.kind.as_ref()?)?;
    let mut edits = Vec::new();
    for binding in &life.bindings {
        edits.push((binding.unit, edit_of(binding, name, &new, semantic)?));
    }
    let mut own = Vec::new();
    for read in &life.reads {
        if mistakes.iter().any(|(place, _)| *place == read.place()) {
            continue;
        }
        // A function reads it when it is called, and what stands bare behind a mistaken read may mean either.
        let unclear = read.attribute.is_none() && read.place() > *first;
        let mistaken = mistakes.iter().any(|(_, attr)| *attr == read.attr());
        if read.deep || read.caught || unclear || mistaken {
            return None;
        }
        own.push(read.attr());
        edits.push((read.unit, Edit::replace(read.range, new.clone())));
    }
    // A function that was written before may have waited for the new one, unless what it reads is surely the earlier one's.
    let mut earlier = before.iter().flat_map(|life| &life.reads);
    let is_earlier = |attr: &str| {
        let mut shown = before.iter().flat_map(|life| &life.reads);
        mistakes.iter().any(|(_, mistaken)| *mistaken == attr)
            || shown.any(|read| !read.deep && read.attr() == attr)
    };
    let waits = earlier.any(|read| {
        let attr = read.attr();
        read.deep && (read.attribute.is_none() || own.contains(&attr) || !is_earlier(attr))
    });
    (!waits).then_some(edits)
}

fn edit_of(binding: &Binding<'_>, name: &str, new: &str, semantic: &Semantic<'_>) -> Option<Edit> {
    let unit = semantic.units().get(binding.unit)?;
    if !matches!(binding.kind, BindingKind::Import(_)) {
        return Some(Edit::replace(binding.range, new));
    }
    // `from datetime import datetime as ...`; `import a.b` binds `a` and cannot be renamed so.
    let before = unit.source.get(..binding.range.start())?.trim_end();
    if before.ends_with(" as") {
        Some(Edit::replace(binding.range, new))
    } else if binding.range.of(unit.source) == name {
        Some(Edit::insert(binding.range.end(), format!(" as {new}")))
    } else {
        None
    }
}

/// Whether the name stands where no tree shows it: in magics, shell lines, cells that do not parse, format strings.
fn is_hidden(semantic: &Semantic<'_>, name: &str) -> bool {
    let notebook = semantic.notebook();
    notebook.ids().any(|(id, cell)| {
        if cell.kind != CellKind::Code || !has_word(&cell.source, name) {
            return false;
        }
        let unit = semantic.units().iter().find(|unit| unit.cell == id);
        match unit {
            None => true,
            Some(unit) if unit.program != ProgramId::DOCUMENT => false,
            Some(unit) => {
                !unit.module.errors().is_empty()
                    || unit.code.start() > 0 && has_word(&unit.source[..unit.code.start()], name)
                    || unit.source.lines().any(|line| {
                        let line = line.trim_start();
                        (line.starts_with(['%', '!'])
                            || line.contains("= !")
                            || line.contains("= %"))
                            && has_word(line, name)
                    })
            }
        }
    })
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// A name for what the name holds by now that no code of the notebook speaks of.
fn free_name(semantic: &Semantic<'_>, name: &str, kind: &Kind) -> Option<String> {
    let stem = match kind {
        Kind::Instance(path) => match snake(last(path)) {
            plain if plain == name => format!("{}_{plain}", snake(top(path))),
            own => own,
        },
        Kind::Part => format!("{name}_item"),
        Kind::Data => format!("{name}_data"),
        Kind::Import(path) if is_class(last(path)) => format!("{name}_class"),
        Kind::Import(_) | Kind::Function | Kind::Other => format!("{name}_2"),
    };
    let is_free = |candidate: &String| {
        let cells = semantic.notebook().cells().iter();
        !cells
            .filter(|cell| cell.kind == CellKind::Code)
            .any(|cell| has_word(&cell.source, candidate))
    };
    let numbered = (2..9).map(|number| format!("{}_{number}", stem.trim_end_matches("_2")));
    [stem.clone()].into_iter().chain(numbered).find(is_free)
}

fn is_class(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
}

/// `cosmos_client` for `CosmosClient`, `azure_openai` for `AzureOpenAI`.
fn snake(class: &str) -> String {
    let class = class.replace("OpenAI", "Openai");
    let letters: Vec<char> = class.chars().collect();
    let mut out = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(index + 1);
        let starts = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                !before.is_ascii_uppercase() && *before != '_'
                    || before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase)
            });
        if starts {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// The last part of a dotted path.
pub(crate) fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// The first part of a dotted path.
pub(crate) fn top(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

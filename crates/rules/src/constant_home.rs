//! Where new constants go: the configuration cell, else behind the imports, and never where a reader would not look or a run
//! would lose them.

use nbfix_python::ast::Stmt;
use nbfix_python::{is_stdlib, range};
use nbfix_semantic::config_cell::{announces_settings, is_import, is_setting};
use nbfix_semantic::{
    Binding, BindingKind, Configuration, ConfigurationSign, ProgramId, Semantic, Unit,
};

use crate::degrade::{is_stdlib_import, line_end, line_start};
use crate::model_constants::Place;

/// Where constants can be bound.
pub(crate) struct Home<'s, 'a> {
    /// The unit.
    pub(crate) unit: &'s Unit<'a>,
    /// The offset of the constants in it.
    pub(crate) at: usize,
    /// Where `import os` goes in it, if the notebook has none above.
    pub(crate) import: Option<ImportPlace>,
}

/// Where `import os` goes.
#[derive(Clone, Copy)]
pub(crate) struct ImportPlace {
    pub(crate) at: usize,
    /// Whether an empty line parts it from what follows: packages that do not come with Python.
    pub(crate) parted: bool,
}

/// Words of cells that install or download something.
const FETCHES: &[&str] = &[
    "pip install",
    "pip3 install",
    "\"install\"",
    "'install'",
    "apt-get",
    "apt install",
    "conda install",
    "wget",
    "curl ",
    "urlretrieve",
    "urlopen(",
    "requests.get(",
    "httpx.get(",
    "gsutil",
    "gcloud storage",
    "aws s3",
    "s3 cp",
    "git clone",
    "gdown",
    "hf_hub_download",
    "snapshot_download",
    "download_file",
    "load_dataset(",
    ".download(",
];

/// Words of cells after which the kernel has forgotten everything.
const RESTARTS: &[&str] = &[
    "do_shutdown",
    "restartPython",
    "restart_python",
    "os._exit",
    "os.kill(os.getpid",
    "Jupyter.notebook.kernel.restart",
];

/// Comments that turn a formatter off, and on again.
const FORMATTERS: &[(&str, &str)] = &[
    ("# fmt: off", "# fmt: on"),
    ("# isort: off", "# isort: on"),
    ("# yapf: disable", "# yapf: enable"),
];

impl<'s, 'a> Home<'s, 'a> {
    /// The home of constants of which the first is used at `first`; `None` if there is no good place.
    pub(crate) fn above(semantic: &'s Semantic<'a>, first: &Place) -> Option<Self> {
        let used = semantic.units().get(first.unit)?;
        let floor = floor(semantic, used);
        let (unit, at) = constants(semantic, used, floor, first)?;
        let (unit, at) = behind_dotenv(semantic, used, first, (unit, at))?;
        let import = match os_import(semantic, unit, at, floor) {
            Os::Imported => None,
            Os::Free => Some(import_place(unit, at)),
            Os::Taken => return None,
        };
        Some(Self { unit, at, import })
    }
}

impl Home<'_, '_> {
    /// Whether a definition begins right below the constants.
    pub(crate) fn is_above_definition(&self) -> bool {
        let below = self.unit.source.get(self.at..).unwrap_or_default();
        ["def ", "class ", "async def ", "@"]
            .iter()
            .any(|word| below.starts_with(word))
    }

    /// Whether an import ends right above the constants.
    pub(crate) fn is_behind_import(&self) -> bool {
        let mut body = self.unit.module.body().iter();
        body.any(|stmt| {
            is_import(stmt) && line_after(self.unit.source, range(stmt).end()) == self.at
        })
    }
}

/// The place, or the one behind the last `load_dotenv()` above the use: what is read before it is not in the
/// environment yet.
fn behind_dotenv<'s, 'a>(
    semantic: &'s Semantic<'a>,
    used: &'s Unit<'a>,
    first: &Place,
    place: (&'s Unit<'a>, usize),
) -> Option<(&'s Unit<'a>, usize)> {
    let mut found = place;
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        let is_used = unit.index == used.index;
        let limit = if is_used {
            first.at.start()
        } else {
            usize::MAX
        };
        for stmt in body_until(unit, limit).filter(|stmt| loads_dotenv(unit, stmt)) {
            if unit.index <= used.index
                && (unit.index, range(stmt).end()) > (found.0.index, found.1)
            {
                found = (unit, behind(unit, stmt, limit)?);
            }
        }
    }
    Some(found)
}

fn loads_dotenv(unit: &Unit<'_>, stmt: &Stmt) -> bool {
    let text = range(stmt).of(unit.source);
    let runs = matches!(stmt, Stmt::Expr(_) | Stmt::Assign(_) | Stmt::If(_));
    runs && text.contains("load_dotenv(") || text.starts_with("%dotenv")
}

/// The first unit that counts for `used`: that after the last restart of the kernel above it.
fn floor(semantic: &Semantic<'_>, used: &Unit<'_>) -> usize {
    let above = semantic
        .units_of(ProgramId::DOCUMENT)
        .filter(|unit| unit.index < used.index);
    let restarts = above.filter(|unit| RESTARTS.iter().any(|word| unit.source.contains(word)));
    restarts.last().map_or(0, |unit| unit.index + 1)
}

fn constants<'s, 'a>(
    semantic: &'s Semantic<'a>,
    used: &'s Unit<'a>,
    floor: usize,
    first: &Place,
) -> Option<(&'s Unit<'a>, usize)> {
    let limit = |unit: &Unit<'_>| {
        if unit.index == used.index {
            first.at.start()
        } else {
            usize::MAX
        }
    };
    let behind_last = |unit: &'s Unit<'a>, is: fn(&Stmt) -> bool| {
        let last = body_until(unit, limit(unit))
            .filter(|stmt| is(stmt))
            .last()?;
        behind(unit, last, limit(unit)).map(|at| (unit, at))
    };
    let is_setting_or_import = |stmt: &Stmt| is_setting(stmt) || is_import(stmt);
    let configuration = semantic
        .configuration_cell_above(used.index, first.at.start())
        .filter(|found| found.unit >= floor);
    let marked = |found: &Configuration| {
        found.sign != ConfigurationSign::Assignments
            || found.unit != used.index
                && found.is_certain()
                && semantic
                    .units()
                    .get(found.unit)
                    .is_some_and(|unit| configures(unit) && !fetches(unit))
    };
    if let Some(place) = configuration
        .filter(marked)
        .and_then(|found| behind_last(semantic.units().get(found.unit)?, is_setting_or_import))
    {
        return Some(place);
    }
    let mut importing = semantic.units_of(ProgramId::DOCUMENT).filter(|unit| {
        let is_open = unit.index >= floor && unit.index < used.index;
        is_open && unit.module.errors().is_empty() && imports(unit) && !fetches(unit)
    });
    if let Some(place) = importing
        .find_map(|unit| behind_last(unit, is_import))
        .or_else(|| {
            let unit = semantic.units().get(configuration?.unit)?;
            let is_good = unit.index == used.index || !fetches(unit);
            is_good.then(|| behind_last(unit, is_setting_or_import))?
        })
        .or_else(|| behind_last(used, is_import))
    {
        return Some(place);
    }
    let holder = used
        .module
        .body()
        .iter()
        .map(range)
        .find(|stmt| stmt.covers(first.at))?;
    let at = line_start(used.source, holder.start());
    let at = formatted(used.source, at).map_or(at, |(off, _)| off);
    (at >= used.code.start()).then_some((used, at))
}

/// Whether the settings of a cell are such, and no prompts or other data: their names are those of constants, or the
/// environment has them.
fn configures(unit: &Unit<'_>) -> bool {
    let settings = unit.module.body().iter().filter(|stmt| is_setting(stmt));
    settings
        .map(|stmt| range(stmt).of(unit.source))
        .any(|text| {
            let name = text.split(['=', ':', ' ']).next().unwrap_or_default();
            let is_constant = name.len() > 1 && !name.contains(|c: char| c.is_ascii_lowercase());
            is_constant || text.contains("environ") || text.contains("getenv")
        })
}

/// Whether a cell is there to import, and not to look at what version there is: half of its statements do at least.
fn imports(unit: &Unit<'_>) -> bool {
    let body = unit.module.body();
    let imports = body.iter().filter(|stmt| is_import(stmt)).count();
    imports > 0 && imports * 2 >= body.len() && !unit.source.contains("__version__")
}

/// Whether a cell installs or downloads something.
fn fetches(unit: &Unit<'_>) -> bool {
    FETCHES.iter().any(|word| unit.source.contains(word))
}

/// The start of the line behind a statement, outside of others and of what no formatter may touch; `None` if that is not
/// above `limit`.
fn behind(unit: &Unit<'_>, stmt: &Stmt, limit: usize) -> Option<usize> {
    let mut at = line_after(unit.source, range(stmt).end());
    if let Some((off, on)) = formatted(unit.source, at) {
        at = match on {
            Some(on) if on <= limit => on,
            _ => off,
        };
    }
    // A statement behind a semicolon may go on in the next line.
    for other in unit.module.body() {
        let place = range(other);
        if place.start() < at && at < place.end() {
            at = line_after(unit.source, place.end());
        }
    }
    (at <= limit).then_some(at)
}

/// The region around `at` that no formatter may touch: where it begins, and where the line after its end begins.
fn formatted(source: &str, at: usize) -> Option<(usize, Option<usize>)> {
    FORMATTERS.iter().find_map(|(off, on)| {
        let before = source.get(..at)?;
        let start = before.rfind(off)?;
        if before.get(start..)?.contains(on) {
            return None;
        }
        let end = source.get(at..)?.find(on);
        Some((
            line_start(source, start),
            end.map(|end| line_after(source, at + end)),
        ))
    })
}

fn body_until<'u>(unit: &'u Unit<'_>, limit: usize) -> impl Iterator<Item = &'u Stmt> {
    unit.module
        .body()
        .iter()
        .take_while(move |stmt| range(*stmt).end() <= limit)
}

enum Os {
    Imported,
    Free,
    /// The notebook calls something else `os`.
    Taken,
}

fn os_import(semantic: &Semantic<'_>, unit: &Unit<'_>, at: usize, floor: usize) -> Os {
    let bindings = semantic.bindings(ProgramId::DOCUMENT, "os");
    let is_os =
        |binding: &Binding<'_>| matches!(&binding.kind, BindingKind::Import(path) if path == "os");
    if !bindings.iter().all(is_os) {
        return Os::Taken;
    }
    let above = |binding: &Binding<'_>| {
        !binding.conditional
            && binding.unit >= floor
            && (binding.unit, binding.since) <= (unit.index, at)
    };
    if bindings.iter().any(above) {
        Os::Imported
    } else {
        Os::Free
    }
}

/// Where `import os` goes in a cell: among its first imports, as sorters of imports have it, else above its first
/// statement.
fn import_place(unit: &Unit<'_>, at: usize) -> ImportPlace {
    let imports: Vec<&Stmt> = body_until(unit, at)
        .skip_while(|stmt| !is_import(stmt))
        .take_while(|stmt| is_import(stmt))
        .collect();
    let earlier = imports.iter().rev().find(|stmt| sorts_before_os(stmt));
    if let Some(place) = earlier.and_then(|stmt| behind(unit, stmt, at)) {
        return ImportPlace {
            at: place,
            parted: false,
        };
    }
    let parted = imports.first().is_none_or(|first| !is_stdlib_import(first));
    let start = import_above(unit, at, imports.first().copied());
    ImportPlace { at: start, parted }
}

/// Whether an import stands above `import os` in a sorted block.
fn sorts_before_os(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Import(import) => import
            .names
            .first()
            .is_some_and(|first| is_stdlib(first.name.as_str()) && first.name.as_str() < "os"),
        Stmt::ImportFrom(import) => import.module.as_ref().is_some_and(|it| it == "__future__"),
        _ => false,
    }
}

/// The start of the line of the first import, or of the first statement with the comments that belong to it.
fn import_above(unit: &Unit<'_>, at: usize, first: Option<&Stmt>) -> usize {
    if let Some(first) = first {
        let start = line_start(unit.source, range(first).start());
        let start = formatted(unit.source, start).map_or(start, |(off, _)| off);
        return start.max(unit.code.start()).min(at);
    }
    let Some(first) = unit.module.body().first() else {
        return at;
    };
    let mut start = line_start(unit.source, range(first).start());
    // Comments just above belong to the statement, but for those that are about the cell.
    while start > unit.code.start() {
        let above = line_start(unit.source, start - 1);
        let line = unit.source.get(above..start).unwrap_or_default().trim();
        let title = line.trim_start_matches(['#', ' ']);
        let is_title = title.starts_with('@') || announces_settings(title);
        if !line.starts_with('#') || line.starts_with("# %%") || is_title {
            break;
        }
        start = above;
    }
    let start = formatted(unit.source, start).map_or(start, |(off, _)| off);
    start.max(unit.code.start()).min(at)
}

/// The start of the line after the one that holds `at`, or the end of the text.
fn line_after(source: &str, at: usize) -> usize {
    let end = line_end(source, at);
    match source.get(end..).and_then(|rest| rest.find('\n')) {
        Some(newline) => end + newline + 1,
        None => source.len(),
    }
}

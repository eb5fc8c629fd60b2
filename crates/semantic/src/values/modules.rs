//! Members of files that belong to the document: those that its cells write, and modules beside it.

use nbfix_python::ast::Expr;
use nbfix_python::dotted;
use nbfix_python::range;

use crate::{Binding, BindingKind, ProgramId, ProgramKind, Semantic, Unit};

impl<'a> Semantic<'a> {
    /// What `import module` reads: a module beside the document, or a file that its cells write, in whatever folder:
    /// `helpers` is `helpers.py`, `a.b` is `a/b.py` or `a/b/__init__.py`.
    pub(crate) fn module_program(&self, module: &str) -> Option<ProgramId> {
        let module = module.trim_start_matches('.');
        if module.is_empty() {
            return None;
        }
        if let Some(beside) = self.module(module) {
            return Some(beside);
        }
        let stem = module.replace('.', "/");
        let files = self
            .programs()
            .filter(|(_, program)| program.kind == ProgramKind::CellFile);
        files.into_iter().find_map(|(id, program)| {
            let path = program.path.replace('\\', "/");
            let path = path.strip_suffix(".py")?;
            let path = path.strip_suffix("/__init__").unwrap_or(path);
            let rest = path.strip_suffix(stem.as_str())?;
            (rest.is_empty() || rest.ends_with('/')).then_some(id)
        })
    }

    /// The bindings of `module.member`, a dotted path, in a file of the document; empty if there is none.
    pub(crate) fn member(&self, path: &str) -> &[Binding<'a>] {
        let found = path.rsplit_once('.').and_then(|(module, member)| {
            let program = self.module_program(module)?;
            Some(self.bindings(program, member))
        });
        found.unwrap_or_default()
    }

    /// The module and member that `expr` names, if it is a member of an imported module of which nothing more is known
    /// than its name: neither Python's own nor a file of the document. `utils.run` after `import utils`, `run` after
    /// `from utils import run` or `from utils import *`.
    pub fn foreign_member(&self, unit: &Unit<'a>, expr: &'a Expr) -> Option<String> {
        let (name, parts) = dotted(expr)?;
        let binding = self.binding(unit, name.id.as_str(), range(name).start());
        let is_import = match binding {
            Some(binding) => matches!(binding.kind, BindingKind::Import(_)),
            None => parts.len() == 1 && !self.is_bound(unit.program, parts[0]),
        };
        let path = self.qualified(unit, expr).filter(|_| is_import)?;
        let (module, _) = path.rsplit_once('.')?;
        let module = module.trim_start_matches('.');
        let known = nbfix_python::is_stdlib(module) || self.module_program(module).is_some();
        (!known).then_some(path)
    }
}

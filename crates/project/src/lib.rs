//! A function app as the Functions worker sees it.
//!
//! The worker imports `function_app.py`, takes the one app object that the module then holds, asks it for its
//! functions, and checks each. [`run`] does the same without running anything: it follows the statements at the top
//! level of each module in the order of the imports, keeps track of the app objects, the blueprints and what the
//! decorators give them, and says what the worker would say.
//!
//! What it cannot know (other libraries, the environment, the network) it guesses as a deployed app would have it, and
//! notes where: a [`Run`] with doubts proves nothing by what is absent.
//!
//! What this crate does not know: files, notebooks, rules. It is given texts with their trees.

mod annotations;
mod apps;
mod calls;
mod classes;
mod decorating;
mod decorators;
mod expressions;
mod files;
mod imports;
mod index;
mod interpreter;
mod library;
mod relevance;
mod statements;
mod value;

pub use annotations::{Complaint, Complaints, TypeFit};
pub use decorators::{Decorator, DecoratorKind, decorator, decorators, misspelt, unknown_trigger};
pub use files::{File, Part, Place, Project};
pub use index::{Function, IndexError, Trouble};
pub use interpreter::{Bare, Doubt, Rebound, Registration, Run, run, run_on};
pub use value::{App, AppKind, BuilderId, Decoration, FunctionId, ObjectId};

//! Whether a piece of code is guarded already: see [`nbfix_lint::guards`].

pub(crate) use nbfix_lint::guards::{
    branches, handler_body, is_caught, is_exit, is_for_bugs, stop, suppresses,
};

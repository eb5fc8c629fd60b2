//! The degrade fix.

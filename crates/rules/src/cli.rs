//! Shell commands in cells (filled in by the checks that need it).

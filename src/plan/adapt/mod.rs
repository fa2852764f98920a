//! Changes inside of files that the final root asks for: run paths, prefixes, and files that are rarely needed.

pub mod prefix;
pub mod run_paths;
pub mod slim;

//! Python environments on disk as installers leave them: interpreters, distributions, scripts and
//! requirements.
//!
//! Everything is read from the files that PyPA's "Recording installed projects" describes (PEP 376,
//! 427, 508, 610, 660).
//!
//! Invariant: no Python is run. A line that cannot be understood costs a finding and that line,
//! never the whole run.

mod direct_url;
mod dist_info;
mod distribution;
mod editable;
mod egg_info;
mod environment;
mod header;
mod info_reader;
mod interpreter;
mod launcher;
mod marker;
mod metadata;
mod name;
mod part;
mod path_file;
mod problems;
mod references;
mod requirement;
mod requirement_files;
mod requirements;
mod script;
mod site_directory;
mod source_folder;

pub use direct_url::portable_direct_url;
pub use distribution::Distribution;
pub use editable::{Editable, find_editable};
pub use header::{absolute_header, relocatable_header};
pub use launcher::make_launcher;
pub use metadata::{
    EntryPoint, Metadata, RecordEntry, Wheel, parse_entry_points, parse_metadata, parse_record,
    parse_wheel, record_text, recorded_hash, resolve_recorded,
};
pub use name::{is_name, normalised_name};
pub use part::{Part, PartKind};
pub use path_file::{Import, ImportFound, PathFile, PathLine, read_path_files};
pub use references::{DottedName, ImportedName, References, parse_references};
pub use requirement::required_name;
pub use requirement_files::{
    ProjectFile, RequirementsError, RequirementsFile, parse_project, parse_requirement,
    parse_requirements_file, split_extras,
};
pub use requirements::{Edges, MarkerFacts, Requirements, is_installer, kept, reached};
pub use script::{Script, Shebang, parse_script};
pub use site_directory::read_distributions;

pub use environment::{
    Environment, EnvironmentError, OtherEnvironment, Surroundings, find_environment, list_others,
    own_interpreter,
};
pub use interpreter::{Interpreter, InterpreterFacts, read_interpreter};

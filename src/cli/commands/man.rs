//! `wheelbarrow man`: the manual pages, made from the declarations of the options.

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use wheelbarrow::finding::Finding;

use crate::cli::arguments::Arguments;
use crate::cli::similar::suggest;
use crate::cli::streams;
use crate::cli::trouble::Trouble;

/// Prints the page of the command `name`, or of the program.
pub(crate) fn run(name: Option<&str>) -> Result<Vec<Finding>, Trouble> {
    let mut program = Arguments::command();
    program.build();
    let command = match name {
        Some(name) => program.find_subcommand(name).ok_or_else(|| unknown(&program, name))?.clone(),
        None => program,
    };
    let mut page = Vec::new();
    Man::new(command).render(&mut page).expect("memory can be written");
    streams::print_script(&page)?;
    Ok(Vec::new())
}

fn unknown(program: &Command, name: &str) -> Trouble {
    let names = program.get_subcommands().map(Command::get_name);
    Trouble::new(format!("{name} is no command"), suggest(name, names, "command"))
}

//! `[tool.wheelbarrow]` of `pyproject.toml` in the working directory: options that are always given.
//!
//! A key is the name of an option without its dashes. A list gives an option several times, and `true` gives one
//! that needs no value. They are added to what was typed, so one parser checks both.
//!
//! Invariant: an option that was typed wins, also over keys that it excludes; an unknown key is an error.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory as _, FromArgMatches as _};
use toml::{Table, Value};

use super::arguments::Arguments;
use super::host;
use super::similar::suggest;
use super::trouble::Trouble;

const FILE: &str = "pyproject.toml";
/// The commands whose options may be configured.
const COMMANDS: [&str; 7] = ["bundle", "plan", "report", "why", "why-not", "verify", "lock"];
/// Options that belong to one call: `--root` means another root to `verify` than to `bundle`.
const OF_ONE_CALL: [&str; 4] = ["root", "json", "help", "version"];

/// The arguments that were typed, with those that are configured.
///
/// # Errors
/// The help, the version or an error of what was typed, which is printed as it is; or a configuration
/// that cannot be used.
pub(crate) fn read_arguments() -> Result<Result<Arguments, clap::Error>, Trouble> {
    let typed = host::arguments();
    let mut command = Arguments::command();
    command.build();
    let matches = match command.clone().try_get_matches_from(&typed) {
        Ok(matches) => matches,
        Err(usage) => return Ok(Err(usage)),
    };
    let configured = match matches.subcommand() {
        Some((name, given)) if COMMANDS.contains(&name) => match read_table()? {
            Some(table) => configure(&command, name, given, &table)?,
            None => Vec::new(),
        },
        _ => Vec::new(),
    };
    let all = typed.into_iter().chain(configured.into_iter().map(OsString::from));
    let parsed = Arguments::command().try_get_matches_from(all);
    parsed.and_then(|matches| Arguments::from_arg_matches(&matches)).map(Ok).map_err(|error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        Trouble::new(
            format!("{FILE}, [tool.wheelbarrow]: {first}"),
            "see wheelbarrow bundle --help",
        )
    })
}

/// The table of the working directory, if there is one.
fn read_table() -> Result<Option<Table>, Trouble> {
    let text = match host::read_file(Path::new(FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Trouble::without_hint(format!("cannot read {FILE}: {error}"))),
    };
    let wrong = |what: &str| Trouble::without_hint(format!("{FILE}: {what}"));
    let file: Table = text.parse().map_err(|error: toml::de::Error| wrong(error.message()))?;
    let tool = file.get("tool").and_then(Value::as_table);
    match tool.and_then(|tool| tool.get("wheelbarrow")) {
        None => Ok(None),
        Some(Value::Table(table)) => Ok(Some(table.clone())),
        Some(_) => Err(wrong("tool.wheelbarrow is not a table")),
    }
}

/// The options of the command `name` that the table gives and that were not typed.
fn configure(
    command: &Command,
    name: &str,
    given: &ArgMatches,
    table: &Table,
) -> Result<Vec<String>, Trouble> {
    let options = |name: &str| {
        let found = command.find_subcommand(name);
        found.into_iter().flat_map(Command::get_arguments).filter(|option| is_configurable(option))
    };
    let names: Vec<&str> =
        COMMANDS.iter().flat_map(|name| options(name)).filter_map(Arg::get_long).collect();
    let own = command.find_subcommand(name).expect("it was typed");
    let is_typed = |option: &Arg| {
        given.value_source(option.get_id().as_str()) == Some(ValueSource::CommandLine)
    };
    let mut configured = Vec::new();
    for (key, value) in table {
        if !names.contains(&key.as_str()) {
            let message = format!("{FILE}: [tool.wheelbarrow] has no key {key:?}");
            return Err(Trouble::new(message, suggest(key, names.iter().copied(), "option")));
        }
        let Some(option) = options(name).find(|option| option.get_long() == Some(key)) else {
            continue;
        };
        let excluded = own.get_arg_conflicts_with(option).into_iter().any(is_typed);
        if !is_typed(option) && !excluded {
            configured.extend(options_of(key, value)?);
        }
    }
    Ok(configured)
}

fn is_configurable(option: &Arg) -> bool {
    option.get_long().is_some_and(|name| !OF_ONE_CALL.contains(&name))
}

fn options_of(key: &str, value: &Value) -> Result<Vec<String>, Trouble> {
    Ok(match value {
        Value::Boolean(true) => vec![format!("--{key}")],
        Value::Boolean(false) => Vec::new(),
        Value::String(text) => vec![format!("--{key}={text}")],
        Value::Integer(number) => vec![format!("--{key}={number}")],
        Value::Array(values) => {
            let each: Result<Vec<Vec<String>>, Trouble> =
                values.iter().map(|value| options_of(key, value)).collect();
            each?.concat()
        }
        Value::Float(_) | Value::Datetime(_) | Value::Table(_) => {
            return Err(Trouble::new(
                format!(
                    "{FILE}: the value of {key} in [tool.wheelbarrow] is no value of an option"
                ),
                "give a text, a number, true or false, or a list of these",
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The configured options of a command line, or the message of the error.
    fn added(typed: &str, table: &str) -> String {
        let mut command = Arguments::command();
        command.build();
        let matches = command.clone().get_matches_from(format!("wheelbarrow {typed}").split(' '));
        let (name, given) = matches.subcommand().expect("a command");
        match configure(&command, name, given, &table.parse().expect("TOML")) {
            Ok(options) => options.join(" "),
            Err(trouble) => format!("{trouble:?}"),
        }
    }

    #[test]
    fn keys_are_options() {
        for (typed, table, expect) in [
            ("bundle", "slim = ['tests', 'stubs']\npin = true", "--pin --slim=tests --slim=stubs"),
            ("bundle --slim strip", "slim = ['tests']\npin = false", ""),
            ("bundle --base-root /mnt", "base = 'python:3.13-alpine'", ""),
            ("bundle", "layers = 20", "--layers=20"),
            ("verify", "prefix = '/opt/x'\nslim = 'tests'", "--prefix=/opt/x"),
            (
                "plan",
                "allow = 'unowned-library=/usr/lib/libx.so'",
                "--allow=unowned-library=/usr/lib/libx.so",
            ),
        ] {
            assert_eq!(added(typed, table), expect, "{typed}: {table}");
        }
        for (table, expect) in [
            ("slimm = 'tests'", "did you mean slim?"),
            ("root = '/mnt'", "has no key"),
            ("slim = 1.5", "is no value of an option"),
        ] {
            let answer = added("bundle", table);
            assert!(answer.contains(expect), "{answer}");
        }
    }
}
